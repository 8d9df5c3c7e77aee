//! One service of a compose file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::idle;
use super::model::{ComposeService, Condition, Dependency, Limits};
use super::reader::{Part, Reader};
use super::wanted::needs;
use super::{build, health, keys, network, ports, variables, volumes};
use crate::model::Ulimit;
use crate::node::{Node, Value};
use crate::place::{Place, Source, SourceKind};
use crate::problem::Problem;
use crate::variables::Variables;

/// Reads a service that the file has.
pub(super) fn service(reader: &mut Reader<'_>, file: &Node, name: &str) -> Option<ComposeService> {
    let services = file.get("services")?.as_map()?;
    let (_, place, node) = services.iter().find(|(known, ..)| *known == name)?;
    let path = format!("services.{name}");
    if node.as_map().is_none() {
        reader.refuse(Part { node, path: &path }, "a service");
        return None;
    }
    keys::check_service(node, &path, reader.problems);
    let mut fields = Fields { reader, node, path };
    let service = fields.service(file, place);
    if service.image.is_none() && service.build.is_none() {
        let message = format!("service `{name}` has neither `image` nor `build`");
        fields.reader.problems.push(Problem::error(place, message).at(&fields.path).about(name));
    }
    Some(service)
}

/// The fields of one service.
struct Fields<'f, 'r> {
    reader: &'f mut Reader<'r>,
    node: &'f Node,
    path: String,
}

impl Fields<'_, '_> {
    /// What a reading makes of a field that is there.
    fn field<T>(
        &mut self,
        key: &str,
        reading: impl FnOnce(&mut Reader<'_>, Part<'_>) -> T,
    ) -> Option<T> {
        let node = self.node.get(key)?;
        let path = format!("{}.{key}", self.path);
        Some(reading(self.reader, Part { node, path: &path }))
    }

    fn text(&mut self, key: &str) -> Option<String> {
        self.field(key, |reader, part| reader.text(part)).flatten()
    }

    fn texts(&mut self, key: &str) -> Vec<String> {
        self.field(key, |reader, part| reader.texts(part)).unwrap_or_default()
    }

    fn is_set(&mut self, key: &str) -> bool {
        self.field(key, |reader, part| reader.boolean(part)).flatten().unwrap_or(false)
    }

    fn map(&mut self, key: &str) -> BTreeMap<String, String> {
        self.field(key, |reader, part| reader.map(part)).unwrap_or_default()
    }

    fn service(&mut self, file: &Node, place: &Place) -> ComposeService {
        let mut mounts = self.field("volumes", |reader, part| volumes::volumes(reader, part, file));
        let more = [
            self.field("tmpfs", volumes::memory),
            self.field("secrets", |reader, part| volumes::secrets(reader, part, file)),
        ];
        mounts.get_or_insert_default().extend(more.into_iter().flatten().flatten());
        ComposeService {
            place: place.clone(),
            image: self.text("image"),
            build: self.field("build", build::build).flatten(),
            command: self.field("command", |reader, part| reader.command(part)).flatten(),
            entrypoint: self.field("entrypoint", |reader, part| reader.command(part)).flatten(),
            environment: self.environment(),
            ports: self.field("ports", ports::ports).unwrap_or_default(),
            expose: self.field("expose", ports::exposed).unwrap_or_default(),
            mounts: mounts.unwrap_or_default(),
            depends_on: self.depends_on(),
            health: self.field("healthcheck", health::health).flatten(),
            networks: self
                .field("networks", |reader, part| network::networks(reader, part, file))
                .unwrap_or_default(),
            extra_hosts: self.field("extra_hosts", network::hosts).unwrap_or_default(),
            hostname: self.text("hostname"),
            user: self.text("user"),
            working_dir: self.text("working_dir"),
            ulimits: self.field("ulimits", ulimits).unwrap_or_default(),
            shm_size: self.field("shm_size", |reader, part| reader.bytes(part)).flatten(),
            limits: self.limits(),
            init: self.is_set("init"),
            privileged: self.is_set("privileged"),
            read_only: self.is_set("read_only"),
            cap_add: self.texts("cap_add"),
            cap_drop: self.texts("cap_drop"),
            sysctls: self.map("sysctls"),
            labels: self.map("labels"),
            stop_signal: self.text("stop_signal"),
            stop_grace_period: self
                .field("stop_grace_period", |reader, part| reader.duration(part))
                .flatten(),
        }
    }

    /// The files of `env_file` in their order, over them `environment`.
    fn environment(&mut self) -> BTreeMap<String, String> {
        let mut environment = BTreeMap::new();
        if let Some(files) = self.field("env_file", env_files) {
            environment.extend(files);
        }
        if let Some(pairs) = self.field("environment", |reader, part| reader.pairs(part)) {
            environment.extend(build::given(self.reader, pairs));
        }
        environment
    }

    fn depends_on(&mut self) -> Vec<Dependency> {
        let checked = self.field("depends_on", |reader, part| {
            if part.node.as_scalar().is_some() {
                reader.refuse(part, "a list or a map of services");
            }
        });
        if checked.is_none() {
            return Vec::new();
        }
        let node = self.node;
        let path = format!("{}.depends_on", self.path);
        let dependency = |need: super::wanted::Need<'_>| {
            let written = Part { node: need.written, path: &path };
            idle::name(self.reader, written, idle::DEPENDENCY);
            let condition = need.written.get("condition");
            let condition = condition.map_or(Some(Condition::Started), |node| {
                let part = Part { node, path: &path };
                let wanted = "`service_started`, `service_healthy` or \
                              `service_completed_successfully`";
                self.reader.parsed(part, wanted, condition_of)
            });
            Some(Dependency {
                service: need.name.to_owned(),
                condition: condition?,
                is_optional: need.is_optional,
            })
        };
        needs(node).into_iter().filter_map(dependency).collect()
    }

    /// What is written beside `deploy.resources.limits` counts more, as for compose.
    fn limits(&mut self) -> Limits {
        let deployed = self.field("deploy", deployed_limits).unwrap_or_default();
        let memory = self.field("mem_limit", |reader, part| reader.bytes(part)).flatten();
        let cpus = self.field("cpus", cpus).flatten();
        let pids = self.field("pids_limit", |reader, part| reader.whole(part)).flatten();
        Limits {
            memory: memory.or(deployed.memory),
            cpus: cpus.or(deployed.cpus),
            pids: pids.or(deployed.pids),
        }
    }
}

fn condition_of(text: &str) -> Option<Condition> {
    Some(match text {
        "service_started" => Condition::Started,
        "service_healthy" => Condition::Healthy,
        "service_completed_successfully" => Condition::Completed,
        _ => return None,
    })
}

fn cpus(reader: &mut Reader<'_>, part: Part<'_>) -> Option<f64> {
    let reading = |text: &str| text.parse().ok().filter(|number: &f64| *number > 0.0);
    reader.parsed(part, "a number of processors such as `0.5`", reading)
}

/// Of `deploy` only `resources.limits` says something about a single container.
fn deployed_limits(reader: &mut Reader<'_>, part: Part<'_>) -> Limits {
    let limits = part.node.get("resources").and_then(|node| node.get("limits"));
    let inner = |key: &str| limits?.get(key).map(|node| Part { node, ..part });
    Limits {
        memory: inner("memory").and_then(|part| reader.bytes(part)),
        cpus: inner("cpus").and_then(|part| cpus(reader, part)),
        pids: inner("pids").and_then(|part| reader.whole(part)),
    }
}

/// A number for both limits, or a map with `soft` and `hard`.
fn ulimits(reader: &mut Reader<'_>, part: Part<'_>) -> BTreeMap<String, Ulimit> {
    let Some(map) = part.node.as_map() else {
        reader.refuse(part, "a map of limits");
        return BTreeMap::new();
    };
    let mut limits = BTreeMap::new();
    for (name, _, node) in map.iter() {
        let part = Part { node, ..part };
        let both = node.as_map().is_none().then_some(part);
        let inner = |key: &str| both.or(node.get(key).map(|node| Part { node, ..part }));
        let (Some(soft), Some(hard)) = (inner("soft"), inner("hard")) else {
            reader.refuse(part, "a number, or a map with `soft` and `hard`");
            continue;
        };
        if let (Some(soft), Some(hard)) = (reader.whole(soft), reader.whole(hard)) {
            limits.insert(name.to_owned(), Ulimit { soft, hard });
        }
    }
    limits
}

/// Lines of the files of `env_file`; a later file beats an earlier one.
fn env_files(reader: &mut Reader<'_>, part: Part<'_>) -> BTreeMap<String, String> {
    let single = [part.node.clone()];
    let files = match part.node.value() {
        Value::List(list) => list.as_slice(),
        _ => &single,
    };
    let mut environment = BTreeMap::new();
    for node in files {
        let part = Part { node, ..part };
        let Some(path) = node.as_text().or_else(|| node.get("path")?.as_text()) else {
            reader.refuse(part, "the path of a file");
            continue;
        };
        let is_optional = node.get("required").and_then(Node::as_boolean) == Some(false);
        let why = match (reader.source.read)(path) {
            Ok(Some(text)) => {
                let label = variables::beside(reader.source.label, path);
                let file = Arc::new(Source { kind: SourceKind::DotEnv, label });
                let mut lines = Variables::default();
                lines.add_file(&text, &file, reader.problems);
                environment.extend(lines.into_values());
                continue;
            }
            Ok(None) if is_optional => continue,
            Ok(None) => "there is no such file".to_owned(),
            Err(reason) => reason,
        };
        let message = format!("`{path}` cannot be read: {why}");
        let problem = Problem::error(node.place(), message).at(part.path).about(path);
        reader.problems.push(problem.hint("paths are relative to the compose file"));
    }
    environment
}
