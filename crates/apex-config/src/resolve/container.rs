//! Containers: their image, what is mounted, what they may use, and what needs consent.

use std::path::Path;

use super::view::View;
use super::{Work, service::MAIN};
use crate::model::{
    Consent, Container, ContainerLimits, ImageSource, Mount, Preset, PullPolicy, ReadinessCheck,
    Service, ServiceSource,
};
use crate::node::Node;
use crate::problem::Problem;

/// Names of the sockets through which an engine is told what to do.
const ENGINE_SOCKETS: [&str; 4] =
    ["docker.sock", "podman.sock", "containerd.sock", "docker_engine"];

/// The container that `image` or `build` describes; none when neither says enough.
pub(super) fn container(work: &mut Work<'_, '_>, own: View<'_>) -> Option<Container> {
    let mut container = Container::new(image(work, own)?);
    container.pull = match own.text("pull") {
        "always" => PullPolicy::Always,
        "never" => PullPolicy::Never,
        _ => PullPolicy::Missing,
    };
    container.entrypoint = own.node("entrypoint").map(|_| own.texts("entrypoint"));
    container.command = own.command("command");
    container.user = own.optional_text("user").map(str::to_owned);
    container.working_directory = own.optional_text("working_directory").map(str::to_owned);
    container.limits = ContainerLimits {
        memory_mb: own.optional_whole("memory_mb"),
        cpus: own.optional_number("cpus"),
        pids: own.optional_whole("pids"),
    };
    let agreed = own.texts("consent");
    let agrees = |word: &str| agreed.iter().any(|one| one == word);
    container.consent = Consent {
        outside_mounts: agrees("outside_mounts"),
        privileged: agrees("privileged"),
        engine_socket: agrees("engine_socket"),
    };
    container.privileged = own.flag("privileged");
    if container.privileged
        && !container.consent.privileged
        && let Some(node) = own.node("privileged")
    {
        refuse(
            work,
            node,
            "a privileged container has every right over this machine",
            "privileged",
        );
    }
    container.mounts = mounts(work, own, container.consent);
    Some(container)
}

fn image(work: &Work<'_, '_>, own: View<'_>) -> Option<ImageSource> {
    if let Some(name) = own.optional_text("image") {
        return Some(ImageSource::Named(name.to_owned()));
    }
    if own.node("image").is_some() {
        let images = own.inner("image");
        let is_production = matches!(work.scene.environment.as_str(), "staging" | "production");
        let order = if is_production {
            ["production", "default", "alpine"]
        } else {
            ["alpine", "default", "production"]
        };
        let name = order.iter().find_map(|sort| images.optional_text(sort))?;
        return Some(ImageSource::Named(name.to_owned()));
    }
    if let Some(context) = own.optional_text("build") {
        return Some(ImageSource::Built {
            context: context.to_owned(),
            dockerfile: None,
            target: None,
            arguments: std::collections::BTreeMap::new(),
        });
    }
    let build = own.inner("build");
    Some(ImageSource::Built {
        context: build.optional_text("context").unwrap_or(".").to_owned(),
        dockerfile: build.optional_text("dockerfile").map(str::to_owned),
        target: build.optional_text("target").map(str::to_owned),
        arguments: build.text_map("args"),
    })
}

fn mounts(work: &mut Work<'_, '_>, own: View<'_>, consent: Consent) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for node in own.items("volumes") {
        let Some(mount) = node.as_text().and_then(volume) else {
            let text = node.as_text().unwrap_or_default();
            let message = format!("`{text}` does not say what is mounted where");
            let hint = "write `./path:/inside`, `name:/inside` or `/inside`";
            work.push(Problem::error(node.place(), message).at("volumes").about(text).hint(hint));
            continue;
        };
        if let Mount::Path { source, .. } = &mount {
            if is_engine_socket(source) && !consent.engine_socket {
                let what = "whoever has the socket of the engine has every right over this machine";
                refuse(work, node, what, "engine_socket");
            } else if !is_engine_socket(source) && leaves(source) && !consent.outside_mounts {
                refuse(work, node, "the path is outside of the project", "outside_mounts");
            }
        }
        mounts.push(mount);
    }
    let memory = own.items("tmpfs").iter().filter_map(Node::as_text).map(|text| {
        let (target, options) = text.split_once(':').unwrap_or((text, ""));
        Mount::Memory { target: target.to_owned(), options: options.to_owned() }
    });
    mounts.extend(memory);
    mounts
}

/// Reads `source:target[:ro]`, or a target alone.
fn volume(text: &str) -> Option<Mount> {
    let (text, read_only) = match text.strip_suffix(":ro") {
        Some(rest) => (rest, true),
        None => (text.strip_suffix(":rw").unwrap_or(text), false),
    };
    let (source, target) = match text.rsplit_once(':') {
        Some((source, target)) => (Some(source), target),
        None => (None, text),
    };
    if !target.starts_with('/') || source == Some("") {
        return None;
    }
    let target = target.to_owned();
    Some(match source {
        Some(path) if path.starts_with(['.', '/', '~']) || path.contains('/') => {
            Mount::Path { source: path.to_owned(), target, read_only }
        }
        name => Mount::Volume { name: name.map(str::to_owned), target, read_only },
    })
}

/// Whether a path is the socket of an engine.
pub(super) fn is_engine_socket(path: &str) -> bool {
    let name = Path::new(path).file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
    ENGINE_SOCKETS.contains(&name)
}

/// Whether a path is written such that it leaves the project.
pub(super) fn leaves(path: &str) -> bool {
    path.starts_with(['/', '~']) || path.split('/').any(|part| part == "..")
}

fn refuse(work: &mut Work<'_, '_>, node: &Node, what: &str, consent: &str) {
    let text = node.as_text().unwrap_or_default();
    let hint = format!("write `consent: [{consent}]` into the service if that is meant");
    let problem = Problem::error(node.place(), format!("refused without consent: {what}"));
    work.push(problem.at(consent).about(text).hint(hint));
}

/// Which language a container speaks, when name or image tell.
pub(super) fn sort(service: &Service) -> Option<Preset> {
    let ServiceSource::Container(container) = &service.source else { return None };
    Preset::of_word(service.name.as_str()).or_else(|| match &container.image {
        ImageSource::Named(image) => Preset::of_word(image_word(image)),
        ImageSource::Built { .. } => None,
    })
}

/// What holds when nobody said when a container is ready: it answers in the language of its sort
/// when name or image tell which, else every port accepts a connection.
pub(super) fn usual_readiness(service: &mut Service) {
    let is_container = matches!(service.source, ServiceSource::Container(_));
    if !is_container || !service.readiness.checks.is_empty() || service.oneshot {
        return;
    }
    let Some(preset) = sort(service) else {
        let labels = service.ports.keys().cloned();
        service.readiness.checks = labels.map(|port| ReadinessCheck::Tcp { port }).collect();
        return;
    };
    let port = preset_port(service, preset);
    service.readiness.checks.push(ReadinessCheck::Preset { preset, port });
}

/// The label of the port that a preset asks; a service without ports gets the usual one.
pub(super) fn preset_port(service: &mut Service, preset: Preset) -> String {
    if service.ports.is_empty() && matches!(service.source, ServiceSource::Container(_)) {
        service.ports.insert(MAIN.to_owned(), preset.usual_port());
    }
    let ports = &service.ports;
    let usual = ports.iter().find(|(_, port)| **port == preset.usual_port());
    let main = || ports.get_key_value(MAIN).or_else(|| ports.iter().next());
    usual.or_else(main).map_or_else(|| MAIN.to_owned(), |(label, _)| label.clone())
}

/// The last word of an image's name, without registry, tag and digest.
fn image_word(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split([':', '@']).next().unwrap_or(name)
}
