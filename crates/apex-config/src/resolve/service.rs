//! Services: how they come up, when they are ready, and who needs them.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::{IndexMap, IndexSet};

use super::fill::{self, filled};
use super::layer::{scaled, written_factor};
use super::view::{View, command, seconds};
use super::{Layers, Work};
use super::{container, exports};
use crate::builtin;
use crate::dialect::{main_layer, main_service, service_aliases};
use crate::model::{
    Lifetime, Preset, Readiness, ReadinessCheck, SecretSource, Service, ServiceName, ServiceSource,
    Tls,
};
use crate::node::{Map, Node};
use crate::problem::{Problem, Severity};
use crate::shape::{SERVICE, SERVICE_DEPENDENCY};

type Services = IndexMap<ServiceName, Service>;

/// The label of the port when there is only one.
pub(super) const MAIN: &str = "main";

/// Every service that a file defines or somebody needs.
pub(super) fn services(work: &mut Work<'_, '_>, layers: &Layers) -> Services {
    let tree = work.scene.tree;
    let used = used_by_layers(layers);
    let mut names: IndexSet<ServiceName> = IndexSet::new();
    for section in ["services", "service_dependencies"] {
        let map = tree.get(section).and_then(Node::as_map);
        names.extend(
            map.into_iter().flat_map(Map::iter).filter_map(|(n, ..)| ServiceName::new(n).ok()),
        );
    }
    names.extend(work.services.iter().cloned());
    let mut services = Services::new();
    // A service may need one that nobody has named so far; each name is looked at once.
    let mut next = 0;
    while let Some(name) = names.get_index(next).cloned() {
        next += 1;
        let severity = if used.contains(&name) { Severity::Error } else { Severity::Warning };
        let mut service = service(work, &name, severity);
        service.readiness.timeout = scaled(service.readiness.timeout, factor(work, layers, &name));
        names.extend(service.depends_on.iter().cloned());
        services.insert(name, service);
    }
    services
}

fn used_by_layers(layers: &Layers) -> IndexSet<ServiceName> {
    let of_layer = |layer: &crate::model::Layer| -> Vec<ServiceName> {
        let of_categories = layer.categories.iter().flat_map(|category| &category.services);
        layer.required_services.iter().chain(of_categories).cloned().collect()
    };
    layers.values().flat_map(of_layer).collect()
}

/// The largest factor of the layers that need it.
fn factor(work: &Work<'_, '_>, layers: &Layers, name: &ServiceName) -> f64 {
    let needing = layers.values().filter(|layer| layer.required_services.contains(name));
    let factors = needing.map(|layer| written_factor(work.scene.tree, &layer.id));
    factors
        .fold(None, |most: Option<f64>, one| Some(most.map_or(one, |most| most.max(one))))
        .unwrap_or(1.0)
}

/// `required_for_layers` of a service is as if those layers required it.
pub(super) fn add_required(layers: &mut Layers, work: &Work<'_, '_>, services: &Services) {
    let Some(older) = work.scene.tree.get("service_dependencies") else { return };
    for name in services.keys() {
        let view = View::new(older.get(name.as_str()), &SERVICE_DEPENDENCY);
        for item in view.items("required_for_layers") {
            let Some(text) = item.as_text() else { continue };
            let id = main_layer(text, |id| layers.contains_key(id)).map(str::to_owned);
            if let Some(layer) = id.and_then(|id| layers.get_mut(id.as_str()))
                && !layer.required_services.contains(name)
            {
                layer.required_services.push(name.clone());
            }
        }
    }
}

fn service(work: &mut Work<'_, '_>, name: &ServiceName, severity: Severity) -> Service {
    let tree = work.scene.tree;
    let section = |section: &str| tree.get(section).and_then(|map| map.get(name.as_str()));
    let own = section("services")
        .map(|node| fill::service(work, node, &format!("services.{name}"), severity));
    let own = View::new(own.as_ref(), &SERVICE);
    let older = View::new(section("service_dependencies"), &SERVICE_DEPENDENCY);
    check_layers(work, older, name);
    let mut ports = own.ports("ports");
    let mut host_ports = own.ports("host_ports");
    let checks = checks(work, own, older, &mut ports, &mut host_ports);
    let mut aliases = own.texts("aliases");
    aliases.extend(service_aliases(name.as_str()).map(str::to_owned));
    let mut service = Service {
        name: name.clone(),
        aliases,
        source: source(work, own, severity),
        env: own.text_map("env"),
        secrets: secrets(work, own),
        readiness: Readiness {
            checks,
            interval: own.inner("readiness").seconds("interval_seconds"),
            timeout: limit(own, older, name),
        },
        depends_on: depends_on(work, own, older, name),
        exports: own.text_map("exports"),
        oneshot: own.flag("oneshot"),
        lifetime: lifetime(own),
        restarts: own.whole("restart"),
        ports,
        host_ports,
    };
    if let Some(preset) = own.inner("readiness").optional_text("preset").and_then(Preset::of_word) {
        let port = container::preset_port(&mut service, preset);
        service.readiness.checks.push(ReadinessCheck::Preset { preset, port });
    }
    if let ServiceSource::External { url } = &service.source
        && own.node("external").is_none()
    {
        let url = url.clone();
        service.move_to(url);
    }
    container::usual_readiness(&mut service);
    exports::add_usual(&mut service, work.scene.variables);
    service
}

fn lifetime(own: View<'_>) -> Lifetime {
    match own.text("scope") {
        "layer" => Lifetime::Layer,
        "category" => Lifetime::Category,
        "keep" => Lifetime::Keep { for_at_most: own.minutes("ttl_minutes") },
        _ => Lifetime::Run,
    }
}

/// Ids in `required_for_layers` that are no layer.
fn check_layers(work: &mut Work<'_, '_>, older: View<'_>, name: &ServiceName) {
    let severity = work.native_error();
    let path = format!("service_dependencies.{name}.required_for_layers");
    work.layers(older.items("required_for_layers"), &path, severity);
}

/// The first that says it: readiness, the older section, what is known of the service, 30 s.
fn limit(own: View<'_>, older: View<'_>, name: &ServiceName) -> Duration {
    let readiness = own.inner("readiness");
    if let Some(written) = readiness.optional_number("timeout_seconds") {
        return seconds(written);
    }
    if let Some(written) = older.optional_number("startup_timeout_seconds") {
        return seconds(written);
    }
    builtin::service(name.as_str()).map_or_else(
        || readiness.seconds("timeout_seconds"),
        |known| seconds(known.startup_seconds),
    )
}

fn depends_on(
    work: &mut Work<'_, '_>,
    own: View<'_>,
    older: View<'_>,
    name: &ServiceName,
) -> Vec<ServiceName> {
    if own.node("depends_on").is_some() {
        return work.needed_services(own.items("depends_on"));
    }
    if older.node("depends_on").is_some() {
        return work.needed_services(older.items("depends_on"));
    }
    // What is known of the usual services fills gaps of the older form; who writes down how a
    // service comes up says what it needs.
    if !own.is_empty() {
        return Vec::new();
    }
    let known = builtin::service(name.as_str()).map_or(&[][..], |known| known.depends_on);
    known.iter().filter_map(|name| ServiceName::new(main_service(name)).ok()).collect()
}

fn source(work: &mut Work<'_, '_>, own: View<'_>, severity: Severity) -> ServiceSource {
    const KINDS: [&str; 5] = ["image", "build", "compose", "process", "external"];
    let written: Vec<&'static str> =
        KINDS.into_iter().filter(|kind| own.node(kind).is_some()).collect();
    if let [first, second, ..] = written[..]
        && let Some(node) = own.node(second)
    {
        let message =
            format!("a service comes up in one way; `{first}` and `{second}` are both here");
        work.push(Problem::error(node.place(), message).at(second).hint("remove one of them"));
    }
    if let Some(remote) = remote(work, own, severity) {
        return remote;
    }
    match written.first().copied() {
        Some("process") => process(own).unwrap_or(ServiceSource::Undefined),
        Some("external") => {
            own.inner("external").optional_text("url").map_or(ServiceSource::Undefined, |url| {
                ServiceSource::External { url: url.to_owned() }
            })
        }
        Some("image" | "build") => container::container(work, own)
            .map_or(ServiceSource::Undefined, |container| {
                ServiceSource::Container(Box::new(container))
            }),
        Some(_) => compose(own),
        None => ServiceSource::Undefined,
    }
}

/// In staging and production a service is where its `remote_url` says.
fn remote(work: &mut Work<'_, '_>, own: View<'_>, severity: Severity) -> Option<ServiceSource> {
    let node = own.node("remote_url")?;
    if !matches!(work.scene.environment.as_str(), "staging" | "production") {
        return None;
    }
    let url = filled(work, node, "remote_url", severity)?;
    (!url.is_empty()).then_some(ServiceSource::External { url })
}

fn process(own: View<'_>) -> Option<ServiceSource> {
    let process = own.inner("process");
    Some(ServiceSource::Process {
        command: process.command("command")?,
        working_directory: process.optional_text("working_directory").map(str::to_owned),
    })
}

fn compose(own: View<'_>) -> ServiceSource {
    let compose = own.inner("compose");
    let text = |field: &str| compose.text(field).to_owned();
    ServiceSource::Compose { file: text("file"), service: text("service") }
}

/// What `readiness` says, else what the older health check says.
fn checks(
    work: &mut Work<'_, '_>,
    own: View<'_>,
    older: View<'_>,
    ports: &mut BTreeMap<String, u16>,
    host_ports: &mut BTreeMap<String, u16>,
) -> Vec<ReadinessCheck> {
    let readiness = own.inner("readiness");
    let mut checks = Vec::new();
    if let Some(port) = readiness.optional_text("tcp") {
        checks.push(ReadinessCheck::Tcp { port: port.to_owned() });
    }
    if readiness.node("http").is_some() {
        let http = readiness.inner("http");
        checks.push(ReadinessCheck::Http {
            port: http.text("port").to_owned(),
            path: http.text("path").to_owned(),
            status: http.optional_whole("status").and_then(|status| u16::try_from(status).ok()),
            body: http.optional_text("contains").map(str::to_owned),
            tls: tls(work, own, http),
        });
    }
    let is_container = own.node("image").is_some() || own.node("build").is_some();
    let place = |command| {
        if is_container && readiness.text("command_on") != "host" {
            ReadinessCheck::Inside(command)
        } else {
            ReadinessCheck::Command(command)
        }
    };
    checks.extend(readiness.command("command").map(place));
    checks.extend(readiness.flag("healthcheck").then_some(ReadinessCheck::Healthy));
    checks.extend(readiness.optional_text("log").map(|log| ReadinessCheck::Log(log.to_owned())));
    checks
        .extend(readiness.optional_text("file").map(|path| ReadinessCheck::File(path.to_owned())));
    check_labels(work, readiness, ports);
    if checks.is_empty() {
        let endpoint = older.optional_text("health_check_endpoint");
        checks.extend(endpoint.and_then(|text| Endpoint::parse(text)?.check(ports, host_ports)));
        checks.extend(older.node("health_check_command").and_then(command).map(place));
    }
    checks
}

/// How a check by http is encrypted; a certificate that nobody looks at needs consent.
fn tls(work: &mut Work<'_, '_>, own: View<'_>, http: View<'_>) -> Option<Tls> {
    let authorities = http.optional_text("ca_file").map(str::to_owned);
    let unverified = http.flag("insecure");
    if !http.flag("tls") && authorities.is_none() && !unverified {
        return None;
    }
    let agrees = own.texts("consent").iter().any(|word| word == "unverified_tls");
    if unverified
        && !agrees
        && let Some(node) = http.node("insecure")
    {
        let message = "refused without consent: whoever answers could be anybody";
        let hint = "write `consent: [unverified_tls]` into the service if that is meant, or name \
                    its certificate with `ca_file`";
        work.push(Problem::error(node.place(), message).at("insecure").hint(hint));
    }
    Some(Tls { authorities, unverified })
}

/// Where the secrets of a service are.
fn secrets(work: &mut Work<'_, '_>, own: View<'_>) -> BTreeMap<String, SecretSource> {
    let mut secrets = BTreeMap::new();
    for (name, node) in own.entries("secrets") {
        let text = |field: &str| node.get(field).and_then(Node::as_text).map(str::to_owned);
        let source = match (text("file"), text("variable")) {
            (Some(file), None) => SecretSource::File(file),
            (None, Some(variable)) => SecretSource::Variable(variable),
            _ => {
                let message = format!("secret `{name}` is in one place, a file or a variable");
                let hint = "write `{file: PATH}` or `{variable: NAME}`";
                work.push(
                    Problem::error(node.place(), message).at("secrets").about(name).hint(hint),
                );
                continue;
            }
        };
        secrets.insert(name.to_owned(), source);
    }
    secrets
}

/// A readiness check speaks of a port by its label.
fn check_labels(work: &mut Work<'_, '_>, readiness: View<'_>, ports: &BTreeMap<String, u16>) {
    let labels = [readiness.node("tcp"), readiness.inner("http").node("port")];
    for node in labels.into_iter().flatten() {
        let Some(label) = node.as_text() else { continue };
        if ports.contains_key(label) {
            continue;
        }
        let message = format!("readiness speaks of port `{label}`, which `ports` does not name");
        let known = ports.keys().map(String::as_str);
        let hint = crate::problem::suggestion(label, known)
            .unwrap_or_else(|| format!("add `ports: {{{label}: 8000}}`"));
        work.push(Problem::error(node.place(), message).at("readiness").about(label).hint(hint));
    }
}

/// The older health check: `/path`, `host:port[/path]` or a URL.
struct Endpoint<'a> {
    port: Option<u16>,
    path: Option<&'a str>,
}

impl<'a> Endpoint<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if text.starts_with('/') {
            return Some(Self { port: None, path: Some(text) });
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        let start = rest.find('/');
        let authority = &rest[..start.unwrap_or(rest.len())];
        let written = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let port = written.or(match scheme {
            Some("http") => Some(80),
            Some("https") => Some(443),
            _ => None,
        })?;
        let path = start.map(|start| &rest[start..]).or(scheme.map(|_| "/"));
        Some(Self { port: Some(port), path })
    }

    /// The check, with its port among the ports of the service.
    fn check(
        &self,
        ports: &mut BTreeMap<String, u16>,
        host_ports: &mut BTreeMap<String, u16>,
    ) -> Option<ReadinessCheck> {
        if let Some(port) = self.port {
            ports.entry(MAIN.to_owned()).or_insert(port);
            host_ports.entry(MAIN.to_owned()).or_insert(port);
        }
        // A path alone can be asked only where a port is known.
        let port =
            ports.keys().find(|label| *label == MAIN).or_else(|| ports.keys().next())?.clone();
        Some(match self.path {
            Some(path) => {
                let path = path.to_owned();
                ReadinessCheck::Http { port, path, status: None, body: None, tls: None }
            }
            None => ReadinessCheck::Tcp { port },
        })
    }
}
