//! Services of compose files take the place of the names that a layer file has for them.
//!
//! A layer file says `compose: {file, service}`; that service, and what it depends on in its file,
//! become services like any other. What the layer file says beside it counts more, and a service
//! of the layer file stands in for one of the same name in the compose file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use indexmap::IndexMap;

use super::container::{self, is_engine_socket, leaves};
use super::graph;
use super::service::MAIN;
use crate::combine::ComposeFiles;
use crate::compose::{
    Build, ComposeFile, ComposeService, ComposeSource, Condition, HealthCheck, HealthTest,
    MountSource, NetworkUse, PortMapping, read,
};
use crate::discover::lexically_clean;
use crate::model::{
    CommandLine, Config, Consent, Container, ContainerDetails, ContainerLimits, ContainerNetwork,
    ImageSource, Mount, ReadinessCheck, Service, ServiceName, ServiceSource,
};
use crate::node::Node;
use crate::place::Place;
use crate::problem::Problem;

/// Capabilities with which a container has every right over the machine, or nearly so.
const POWERFUL: [&str; 4] = ["all", "sys_admin", "sys_module", "sys_rawio"];

/// Brings in every service that the layer file takes from a compose file.
pub(crate) fn bring_in(
    config: &mut Config,
    tree: &Node,
    files: &ComposeFiles<'_>,
    problems: &mut Vec<Problem>,
) {
    let mut by_file: IndexMap<String, Vec<(ServiceName, String)>> = IndexMap::new();
    for (name, service) in &config.services {
        if let ServiceSource::Compose { file, service } = &service.source {
            by_file.entry(file.clone()).or_default().push((name.clone(), service.clone()));
        }
    }
    let own: BTreeSet<ServiceName> = config
        .services
        .values()
        .filter(|service| matches!(service.source, ServiceSource::Container(_)))
        .map(|service| service.name.clone())
        .collect();
    for (file, uses) in &by_file {
        let place = place_of(tree, &uses[0].0);
        let Some(found) = open(file, uses, &place, files, problems) else { continue };
        let folder = Path::new(file).parent().unwrap_or(Path::new("")).to_owned();
        let consent = consent(tree, uses);
        let mut bringing =
            Bringing { found: &found, uses, folder: &folder, consent, config, problems };
        bringing.all();
        problems.extend(found.notes);
    }
    if !by_file.is_empty() {
        join_networks(config, &own);
        graph::check_services(config, tree, problems);
    }
}

/// Services of the layer file name no networks: they are in all of those that compose files name,
/// so that they stand in for any service there.
fn join_networks(config: &mut Config, own: &BTreeSet<ServiceName>) {
    let mut names = BTreeSet::new();
    for service in config.services.values() {
        if let ServiceSource::Container(container) = &service.source {
            names.extend(container.details.networks.iter().map(|one| one.name.clone()));
        }
    }
    if names.is_empty() {
        return;
    }
    names.insert(String::new());
    for service in config.services.values_mut().filter(|service| own.contains(&service.name)) {
        if let ServiceSource::Container(container) = &mut service.source {
            let network =
                |name: &String| ContainerNetwork { name: name.clone(), ..Default::default() };
            container.details.networks = names.iter().map(network).collect();
        }
    }
}

fn place_of(tree: &Node, name: &ServiceName) -> Place {
    let service = tree.get("services").and_then(|services| services.get(name.as_str()));
    let compose = service.and_then(|service| service.get("compose"));
    compose.and_then(|compose| compose.get("file")).unwrap_or(tree).place().clone()
}

/// What the services of one file agree to: they are read together, with what they share.
fn consent(tree: &Node, uses: &[(ServiceName, String)]) -> Consent {
    let services = tree.get("services");
    let agreed = uses.iter().filter_map(|(name, _)| services?.get(name.as_str())?.get("consent"));
    let words: BTreeSet<&str> =
        agreed.filter_map(Node::as_list).flatten().filter_map(Node::as_text).collect();
    Consent {
        outside_mounts: words.contains("outside_mounts"),
        privileged: words.contains("privileged"),
        engine_socket: words.contains("engine_socket"),
    }
}

fn open(
    file: &str,
    uses: &[(ServiceName, String)],
    place: &Place,
    files: &ComposeFiles<'_>,
    problems: &mut Vec<Problem>,
) -> Option<ComposeFile> {
    let why = match (files.read)(file) {
        Ok(Some(text)) => {
            let folder = Path::new(file).parent().unwrap_or(Path::new(""));
            let beside = |name: &str| (files.read)(&folder.join(name).to_string_lossy());
            let source = ComposeSource {
                text: &text,
                label: file,
                variables: files.variables,
                read: &beside,
            };
            let wanted: Vec<&str> = uses.iter().map(|(_, inner)| inner.as_str()).collect();
            return read(&source, &wanted)
                .map_err(|failure| problems.extend(failure.problems))
                .ok();
        }
        Ok(None) => "there is no such file".to_owned(),
        Err(reason) => reason,
    };
    let problem = Problem::error(place, format!("compose file `{file}` cannot be read: {why}"));
    problems.push(problem.at("compose").about(file).hint("paths begin at the project root"));
    None
}

/// The services of one compose file on their way into the configuration.
struct Bringing<'b> {
    found: &'b ComposeFile,
    /// Names of the layer file with the services of the compose file that they mean.
    uses: &'b [(ServiceName, String)],
    /// Folder of the compose file, relative to the project root.
    folder: &'b Path,
    consent: Consent,
    config: &'b mut Config,
    problems: &'b mut Vec<Problem>,
}

impl Bringing<'_> {
    fn all(&mut self) {
        let names = self.names();
        let found = self.found;
        for (inner, composed) in &found.services {
            let wanted = self.uses.iter().filter(|(_, used)| used == inner);
            let mut targets: Vec<ServiceName> = wanted.map(|(name, _)| name.clone()).collect();
            let is_open = |name: &&ServiceName| {
                let known = self.config.services.get(*name).map(|service| &service.source);
                matches!(known, None | Some(ServiceSource::Undefined))
            };
            if targets.is_empty() {
                targets.extend(names.get(inner).filter(is_open).cloned());
            }
            for name in targets {
                let service = self.service(&name, inner, composed, &names);
                self.config.services.insert(name, service);
            }
        }
    }

    /// Every service of the file with the name that it has, or gets, in the configuration.
    fn names(&mut self) -> BTreeMap<String, ServiceName> {
        let mut names = BTreeMap::new();
        for (inner, composed) in &self.found.services {
            let used = self.uses.iter().find(|(_, used)| used == inner).map(|(name, _)| name);
            let known = used.or_else(|| self.config.service(inner).map(|service| &service.name));
            match known.cloned().map_or_else(|| ServiceName::new(inner), Ok) {
                Ok(name) => {
                    names.insert(inner.clone(), name);
                }
                Err(error) => {
                    let problem = Problem::error(&composed.place, error.to_string()).about(inner);
                    self.problems.push(problem.hint(format!(
                        "give it a name in the layer file: `services: {{name: {{compose: {{file: \
                         ..., service: {inner}}}}}}}`"
                    )));
                }
            }
        }
        names
    }

    /// What the compose file says, and over it what the layer file does.
    fn service(
        &mut self,
        name: &ServiceName,
        inner: &str,
        composed: &ComposeService,
        names: &BTreeMap<String, ServiceName>,
    ) -> Service {
        let source = ServiceSource::Container(Box::new(self.container(composed)));
        let mut service = match self.config.services.get(name) {
            Some(own) => own.clone(),
            None => Service::new(name.clone(), ServiceSource::Undefined),
        };
        service.source = source;
        if service.ports.is_empty() {
            (service.ports, service.host_ports) = self.ports(composed);
        }
        let own_env = std::mem::replace(&mut service.env, composed.environment.clone());
        service.env.extend(own_env);
        if inner != name.as_str() && !service.aliases.iter().any(|alias| alias == inner) {
            service.aliases.push(inner.to_owned());
        }
        let needed = composed.depends_on.iter().filter_map(|one| names.get(&one.service));
        for need in needed {
            if !service.depends_on.contains(need) {
                service.depends_on.push(need.clone());
            }
        }
        service.oneshot |= self.is_awaited_to_end(inner);
        readiness(&mut service, composed.health.as_ref());
        service
    }

    /// Whether another service of the file wants this one to have ended.
    fn is_awaited_to_end(&self, inner: &str) -> bool {
        let needs = self.found.services.values().flat_map(|service| &service.depends_on);
        needs
            .into_iter()
            .any(|need| need.service == inner && need.condition == Condition::Completed)
    }

    /// Ports by label: the first is the main one, the others are called by their number. Fixed
    /// ports of the host stay what the file says.
    fn ports(
        &mut self,
        composed: &ComposeService,
    ) -> (BTreeMap<String, u16>, BTreeMap<String, u16>) {
        let (mut ports, mut host_ports) = (BTreeMap::new(), BTreeMap::new());
        let exposed = composed.expose.iter().map(|port| PortMapping {
            container: *port,
            host: None,
            host_ip: None,
            is_udp: false,
        });
        for port in composed.ports.iter().cloned().chain(exposed) {
            if port.is_udp {
                let message =
                    format!("port {} of UDP is not reached from the host", port.container);
                self.problems.push(Problem::warning(&composed.place, message).at("ports"));
                continue;
            }
            if ports.values().any(|known| *known == port.container) {
                continue;
            }
            let is_first = ports.is_empty();
            let label = if is_first { MAIN.to_owned() } else { port.container.to_string() };
            host_ports.extend(port.host.map(|host| (label.clone(), host)));
            ports.insert(label, port.container);
        }
        (ports, host_ports)
    }

    fn container(&mut self, composed: &ComposeService) -> Container {
        let mut container = Container::new(self.image(composed));
        container.entrypoint = composed.entrypoint.clone().filter(|words| !words.is_empty());
        let command = composed.command.clone().filter(|words| !words.is_empty());
        container.command = command.map(CommandLine::Arguments);
        container.user = composed.user.clone();
        container.working_directory = composed.working_dir.clone();
        container.limits = limits(composed);
        container.privileged = composed.privileged;
        container.consent = self.consent;
        let host = |(name, address): &(String, String)| format!("{name}:{address}");
        container.extra_hosts = composed.extra_hosts.iter().map(host).collect();
        container.shared_memory = composed.shm_size;
        container.details = details(composed);
        let is_powerful =
            |one: &String| POWERFUL.contains(&one.to_lowercase().trim_start_matches("cap_"));
        if (composed.privileged || composed.cap_add.iter().any(is_powerful))
            && !self.consent.privileged
        {
            let what = "such a container has every right over this machine";
            self.refuse(&composed.place, what, "privileged");
        }
        container.mounts = composed.mounts.iter().map(|mount| self.mount(mount)).collect();
        container
    }

    fn image(&self, composed: &ComposeService) -> ImageSource {
        match (&composed.build, &composed.image) {
            (Some(Build { context, dockerfile, target, args }), _) => ImageSource::Built {
                context: self.in_project(context),
                dockerfile: dockerfile.clone(),
                target: target.clone(),
                arguments: args.clone(),
            },
            (None, image) => ImageSource::Named(image.clone().unwrap_or_default()),
        }
    }

    fn mount(&mut self, mount: &crate::compose::Mount) -> Mount {
        let (target, read_only) = (mount.target.clone(), mount.read_only);
        match &mount.source {
            MountSource::Bind(path) => {
                let source = self.in_project(path);
                if is_engine_socket(&source) && !self.consent.engine_socket {
                    let what =
                        "whoever has the socket of the engine has every right over this machine";
                    self.refuse(&mount.place, what, "engine_socket");
                } else if !is_engine_socket(&source)
                    && leaves(&source)
                    && !self.consent.outside_mounts
                {
                    self.refuse(
                        &mount.place,
                        "the path is outside of the project",
                        "outside_mounts",
                    );
                }
                Mount::Path { source, target, read_only }
            }
            MountSource::Volume(name) => {
                Mount::Volume { name: Some(name.clone()), target, read_only }
            }
            MountSource::Anonymous => Mount::Volume { name: None, target, read_only },
            MountSource::Memory(size) => {
                let options = size.map(|size| format!("size={size}")).unwrap_or_default();
                Mount::Memory { target, options }
            }
        }
    }

    /// A path of the compose file as seen from the project root.
    fn in_project(&self, path: &str) -> String {
        if path.starts_with(['/', '~']) {
            return path.to_owned();
        }
        let joined = lexically_clean(&self.folder.join(path));
        let text = joined.to_string_lossy();
        if text.is_empty() { ".".to_owned() } else { text.into_owned() }
    }

    fn refuse(&mut self, place: &Place, what: &str, consent: &str) {
        let problem = Problem::error(place, format!("refused without consent: {what}"));
        self.problems.push(problem.at(consent).hint(format!(
            "write `consent: [{consent}]` beside `compose` in the layer file if that is meant"
        )));
    }
}

fn limits(composed: &ComposeService) -> ContainerLimits {
    let mebibytes = |bytes: u64| u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX);
    ContainerLimits {
        memory_mb: composed.limits.memory.map(mebibytes),
        cpus: composed.limits.cpus,
        pids: composed.limits.pids,
    }
}

fn details(composed: &ComposeService) -> ContainerDetails {
    // In `default` are those that name none.
    let network = |used: &NetworkUse| ContainerNetwork {
        name: if used.name == "default" { String::new() } else { used.name.clone() },
        aliases: used.aliases.clone(),
    };
    ContainerDetails {
        networks: composed.networks.iter().map(network).collect(),
        host_name: composed.hostname.clone(),
        ulimits: composed.ulimits.clone(),
        sysctls: composed.sysctls.clone(),
        labels: composed.labels.clone(),
        capabilities_added: composed.cap_add.clone(),
        capabilities_dropped: composed.cap_drop.clone(),
        init: composed.init,
        read_only: composed.read_only,
        stop_signal: composed.stop_signal.clone(),
        stop_grace: composed.stop_grace_period,
    }
}

/// What the layer file says; else the language of a known sort of server; else the health check
/// of the compose file, run by Apex, which need not wait for the rhythm of the engine; else every
/// port.
fn readiness(service: &mut Service, health: Option<&HealthCheck>) {
    if let Some(health) = health {
        // A service may take as long as its health check lets it.
        let looks = health.interval.unwrap_or_default() * health.retries.unwrap_or_default();
        let longest = health.start_period.unwrap_or_default() + looks;
        service.readiness.timeout = service.readiness.timeout.max(longest);
    }
    if service.oneshot || !service.readiness.checks.is_empty() {
        return;
    }
    let check = match health.map(|health| &health.test) {
        _ if container::sort(service).is_some() => None,
        Some(HealthTest::Shell(line)) => {
            Some(ReadinessCheck::Inside(CommandLine::Shell(line.clone())))
        }
        Some(HealthTest::Exec(words)) => {
            Some(ReadinessCheck::Inside(CommandLine::Arguments(words.clone())))
        }
        Some(HealthTest::Inherit) => Some(ReadinessCheck::Healthy),
        Some(HealthTest::Disabled) | None => None,
    };
    match check {
        Some(check) => service.readiness.checks.push(check),
        None => container::usual_readiness(service),
    }
}
