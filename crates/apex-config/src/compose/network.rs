//! How a service is reached and whom it reaches: networks and names of hosts.

use super::idle;
use super::model::NetworkUse;
use super::reader::{Part, Reader};
use crate::node::{Node, Value};
use crate::problem::Problem;

/// Reads `networks`: a list of names, or a map with aliases.
pub(super) fn networks(reader: &mut Reader<'_>, part: Part<'_>, file: &Node) -> Vec<NetworkUse> {
    let written: Vec<(&str, &Node)> = match part.node.value() {
        Value::List(list) => list.iter().filter_map(|node| Some((node.as_text()?, node))).collect(),
        Value::Map(map) => map.iter().map(|(name, _, node)| (name, node)).collect(),
        Value::Scalar(_) => {
            reader.refuse(part, "a list or a map of networks");
            return Vec::new();
        }
    };
    let mut networks = Vec::with_capacity(written.len());
    for (name, node) in written {
        check(reader, Part { node, ..part }, name, file);
        idle::name(reader, Part { node, ..part }, idle::NETWORK);
        let aliases = node.get("aliases").map(|node| reader.texts(Part { node, ..part }));
        networks.push(NetworkUse { name: name.to_owned(), aliases: aliases.unwrap_or_default() });
    }
    networks
}

fn check(reader: &mut Reader<'_>, part: Part<'_>, name: &str, file: &Node) {
    let declared = file.get("networks").and_then(Node::as_map).and_then(|map| map.get(name));
    let place = part.node.place();
    let problem = match declared {
        None if name == "default" => return,
        None => Problem::error(place, format!("network `{name}` is not declared below `networks`"))
            .hint(format!("add `{name}:` there")),
        Some(node) if node.get("external").and_then(Node::as_boolean) == Some(true) => {
            let message =
                format!("network `{name}` is external; a network of the run takes its place");
            Problem::warning(place, message)
        }
        Some(node) => return idle::name(reader, Part { node, ..part }, idle::DECLARED_NETWORK),
    };
    reader.problems.push(problem.at(part.path).about(name));
}

/// Reads `extra_hosts`: a map, or a list of `name:address` or `name=address`.
pub(super) fn hosts(reader: &mut Reader<'_>, part: Part<'_>) -> Vec<(String, String)> {
    if part.node.as_map().is_some() {
        return reader.map(part).into_iter().collect();
    }
    let mut hosts = Vec::new();
    for text in reader.texts(part) {
        let pair = text.split_once('=').or_else(|| text.split_once(':'));
        match pair {
            Some((name, address)) => {
                let address = address.trim_matches(['[', ']']);
                hosts.push((name.to_owned(), address.to_owned()));
            }
            None => reader.refuse(part, "hosts of the form `name=address`"),
        }
    }
    hosts
}
