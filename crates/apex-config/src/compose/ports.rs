//! Ports of a service, in the short form and the long one.
//!
//! Short form after the compose specification: `[[address:]host:]container[/protocol]`, ports may
//! be ranges (`8000-8010`), an address of version 6 stands in brackets.

use std::ops::RangeInclusive;

use super::idle;
use super::model::PortMapping;
use super::reader::{Part, Reader};
use crate::node::Value;

/// Most ports that one range may name.
const WIDEST: u16 = 1024;

/// Reads `ports`.
pub(super) fn ports(reader: &mut Reader<'_>, part: Part<'_>) -> Vec<PortMapping> {
    let Some(list) = part.node.as_list() else {
        reader.refuse(part, "a list of ports");
        return Vec::new();
    };
    let mut ports = Vec::with_capacity(list.len());
    for node in list {
        let part = Part { node, ..part };
        let found = match node.value() {
            Value::Map(_) => long(reader, part),
            _ => reader.parsed(part, "a port such as `8080:80`", short),
        };
        ports.extend(found.into_iter().flatten());
    }
    ports
}

/// Reads `expose`.
pub(super) fn exposed(reader: &mut Reader<'_>, part: Part<'_>) -> Vec<u16> {
    let Some(list) = part.node.as_list() else {
        reader.refuse(part, "a list of ports");
        return Vec::new();
    };
    let mut exposed = Vec::new();
    for node in list {
        let wanted = "a port such as `80`";
        let reading = |text: &str| range(text.split('/').next().unwrap_or_default());
        exposed.extend(reader.parsed(Part { node, ..part }, wanted, reading).into_iter().flatten());
    }
    exposed
}

fn short(text: &str) -> Option<Vec<PortMapping>> {
    let (text, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (rest, container) = match text.rsplit_once(':') {
        Some((rest, container)) => (Some(rest), container),
        None => (None, text),
    };
    let (host_ip, host) = match rest {
        None => (None, ""),
        Some(rest) => match rest.rsplit_once(':') {
            Some((address, host)) => (Some(address.trim_matches(['[', ']'])), host),
            None => (None, rest),
        },
    };
    mappings(&Written { container, host, host_ip, protocol })
}

fn long(reader: &mut Reader<'_>, part: Part<'_>) -> Option<Vec<PortMapping>> {
    idle::name(reader, part, idle::PORT);
    let text = |key: &str| part.node.get(key).and_then(|node| node.as_scalar()).map(|it| it.text());
    let written = Written {
        container: text("target").unwrap_or_default(),
        host: text("published").unwrap_or_default(),
        host_ip: text("host_ip"),
        protocol: text("protocol").unwrap_or("tcp"),
    };
    let mappings = mappings(&written);
    if mappings.is_none() {
        reader.refuse(part, "a port with `target` and, where it is fixed, `published`");
    }
    mappings
}

/// The words of a mapping; an empty host port is any free one.
struct Written<'t> {
    container: &'t str,
    host: &'t str,
    host_ip: Option<&'t str>,
    protocol: &'t str,
}

fn mappings(written: &Written<'_>) -> Option<Vec<PortMapping>> {
    let is_udp = match written.protocol {
        "tcp" => false,
        "udp" => true,
        _ => return None,
    };
    let container = range(written.container)?;
    let host = if written.host.is_empty() { None } else { Some(range(written.host)?) };
    let one = |container, host| PortMapping {
        container,
        host,
        host_ip: written.host_ip.map(str::to_owned),
        is_udp,
    };
    match host {
        None => Some(container.map(|port| one(port, None)).collect()),
        Some(host) if host.len() == container.len() => {
            Some(container.zip(host).map(|(port, host)| one(port, Some(host))).collect())
        }
        // One port behind a range of the host: any free one of them.
        Some(host) if container.len() == 1 => {
            let port = *container.start();
            let fixed = (host.len() == 1).then_some(*host.start());
            Some(vec![one(port, fixed)])
        }
        Some(_) => None,
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse::<u16>().ok()?, last.parse::<u16>().ok()?);
    (first > 0 && first <= last && last - first < WIDEST).then_some(first..=last)
}
