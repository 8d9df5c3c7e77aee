//! What is mounted into a service: `volumes`, `tmpfs` and `secrets`.
//!
//! Short form of a volume after the compose specification: `[source:]target[:mode]`; a source
//! that begins with `.`, `/` or `~` is a path, any other the name of a volume.

use super::idle;
use super::model::{Mount, MountSource};
use super::reader::{Part, Reader};
use crate::node::{Node, Value};
use crate::problem::Problem;

/// Where the specification puts secrets.
const SECRETS: &str = "/run/secrets";

/// Reads `volumes`.
pub(super) fn volumes(reader: &mut Reader<'_>, part: Part<'_>, file: &Node) -> Vec<Mount> {
    let Some(list) = part.node.as_list() else {
        reader.refuse(part, "a list of volumes");
        return Vec::new();
    };
    let mut mounts = Vec::with_capacity(list.len());
    for node in list {
        let part = Part { node, ..part };
        let mount = match node.value() {
            Value::Map(_) => long(reader, part),
            _ => {
                let place = node.place();
                reader.parsed(part, "a volume such as `./data:/data`", |text| {
                    let (source, target, read_only) = short(text)?;
                    Some(Mount { place: place.clone(), source, target, read_only })
                })
            }
        };
        if let Some(mount) = mount.filter(|mount| is_usable(reader, part, mount, file)) {
            mounts.push(mount);
        }
    }
    mounts
}

/// A target has to be absolute; a named volume has to be declared and to belong to the run.
fn is_usable(reader: &mut Reader<'_>, part: Part<'_>, mount: &Mount, file: &Node) -> bool {
    if !mount.target.starts_with('/') {
        reader.refuse(part, "a volume with an absolute path inside");
        return false;
    }
    let MountSource::Volume(name) = &mount.source else { return true };
    let Some(declared) = file.get("volumes").and_then(Node::as_map).and_then(|map| map.get(name))
    else {
        let message = format!("volume `{name}` is not declared below `volumes`");
        let hint = format!("add `{name}:` there, or write `./{name}` for a folder");
        let problem = Problem::error(part.node.place(), message).at(part.path).about(name);
        reader.problems.push(problem.hint(hint));
        return false;
    };
    let is_external = declared.get("external").and_then(Node::as_boolean) == Some(true);
    if is_external {
        let message = format!("volume `{name}` is external: its data would outlive the run");
        let problem = Problem::error(part.node.place(), message).at(part.path).about(name);
        reader.problems.push(problem.hint("use a volume of the file; it is new in every run"));
    }
    !is_external
}

fn short(text: &str) -> Option<(MountSource, String, bool)> {
    let pieces: Vec<&str> = text.split(':').collect();
    let (source, target, mode) = match pieces[..] {
        [target] => (None, target, ""),
        [source, target] => (Some(source), target, ""),
        [source, target, mode] => (Some(source), target, mode),
        _ => return None,
    };
    let mut read_only = false;
    for word in mode.split(',') {
        match word {
            "ro" => read_only = true,
            "" | "rw" | "z" | "Z" | "cached" | "delegated" | "consistent" | "nocopy" => {}
            _ => return None,
        }
    }
    let source = match source {
        None => MountSource::Anonymous,
        Some("") => return None,
        Some(path) if path.starts_with(['.', '/', '~']) => MountSource::Bind(path.to_owned()),
        Some(name) => MountSource::Volume(name.to_owned()),
    };
    Some((source, target.to_owned(), read_only))
}

fn long(reader: &mut Reader<'_>, part: Part<'_>) -> Option<Mount> {
    idle::name(reader, part, idle::MOUNT);
    let inner = |key: &str| part.node.get(key).map(|node| Part { node, ..part });
    let source = inner("source").and_then(|part| reader.text(part));
    let kind = inner("type").and_then(|part| reader.text(part));
    let source = match (kind.as_deref(), source) {
        (Some("bind"), Some(path)) => MountSource::Bind(path),
        (Some("volume"), Some(name)) => MountSource::Volume(name),
        (Some("volume"), None) => MountSource::Anonymous,
        (Some("tmpfs"), _) => {
            let size = part.node.get("tmpfs").and_then(|map| map.get("size"));
            MountSource::Memory(size.and_then(|node| reader.bytes(Part { node, ..part })))
        }
        _ => {
            reader.refuse(part, "a volume of `type` bind (with `source`), volume or tmpfs");
            return None;
        }
    };
    Some(Mount {
        place: part.node.place().clone(),
        source,
        target: inner("target").and_then(|part| reader.text(part)).unwrap_or_default(),
        read_only: inner("read_only").and_then(|part| reader.boolean(part)).unwrap_or(false),
    })
}

/// Reads `tmpfs`: paths, each with options behind a colon of which the size counts.
pub(super) fn memory(reader: &mut Reader<'_>, part: Part<'_>) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for text in reader.texts(part) {
        let (target, options) = text.split_once(':').unwrap_or((&text, ""));
        let size = options.split(',').find_map(|option| option.strip_prefix("size="));
        mounts.push(Mount {
            place: part.node.place().clone(),
            source: MountSource::Memory(size.and_then(super::units::bytes)),
            target: target.to_owned(),
            read_only: false,
        });
    }
    mounts
}

/// Reads `secrets`: files of the host that are seen under `/run/secrets`.
pub(super) fn secrets(reader: &mut Reader<'_>, part: Part<'_>, file: &Node) -> Vec<Mount> {
    let Some(list) = part.node.as_list() else {
        reader.refuse(part, "a list of secrets");
        return Vec::new();
    };
    let mut mounts = Vec::new();
    for node in list {
        let part = Part { node, ..part };
        let name = node.as_text().or_else(|| node.get("source")?.as_text());
        let Some(name) = name else {
            reader.refuse(part, "the name of a secret, or a map with `source`");
            continue;
        };
        let target = node.get("target").and_then(Node::as_text).unwrap_or(name);
        let declared = file.get("secrets").and_then(|all| all.get(name));
        let Some(path) = declared.and_then(|secret| secret.get("file")?.as_text()) else {
            let message = format!("secret `{name}` has no `file` below `secrets`");
            let problem = Problem::error(node.place(), message).at(part.path).about(name);
            reader.problems.push(problem.hint("secrets are read from files; write `file: path`"));
            continue;
        };
        let is_absolute = target.starts_with('/');
        mounts.push(Mount {
            place: node.place().clone(),
            source: MountSource::Bind(path.to_owned()),
            target: if is_absolute { target.to_owned() } else { format!("{SECRETS}/{target}") },
            read_only: true,
        });
    }
    mounts
}
