//! Words inside of keys that are read, which change nothing here: each is named with the reason.

use super::reader::{Part, Reader};
use crate::node::Map;
use crate::problem::Problem;

/// Words with the reasons why they have no effect.
pub(super) type Idle = &'static [(&'static str, &'static str)];

/// Of a port in the long form.
pub(super) const PORT: Idle = &[
    ("host_ip", "ports answer on this machine alone"),
    ("mode", "one container is started"),
    ("name", "the first port is called `main`, others by their number"),
    ("app_protocol", "readiness says how a service is asked"),
];

/// Of a mount in the long form.
pub(super) const MOUNT: Idle = &[
    ("consistency", "what is mounted is the same everywhere"),
    ("bind", "paths are mounted as the engine does by itself"),
    ("volume", "volumes are new in every run"),
];

/// Of a network that a service joins.
pub(super) const NETWORK: Idle = &[
    ("ipv4_address", "the engine gives addresses; services find each other by name"),
    ("ipv6_address", "the engine gives addresses; services find each other by name"),
    ("link_local_ips", "the engine gives addresses; services find each other by name"),
    ("mac_address", "the engine gives addresses"),
    ("interface_name", "the engine names interfaces"),
    ("driver_opts", "networks of a run are plain bridges"),
    ("gw_priority", "networks of a run are plain bridges"),
    ("priority", "networks are joined in the order of the file"),
];

/// Of a network below `networks`.
pub(super) const DECLARED_NETWORK: Idle = &[
    ("driver", "networks of a run are plain bridges"),
    ("driver_opts", "networks of a run are plain bridges"),
    ("ipam", "the engine gives addresses"),
    ("internal", "tests reach services from outside"),
    ("attachable", "only services of the run are in it"),
    ("enable_ipv6", "networks of a run are plain bridges"),
    ("labels", "networks of a run carry the labels of Apex"),
];

/// Of a dependency.
pub(super) const DEPENDENCY: Idle =
    &[("restart", "what is lost starts again as `restart` of the layer file says")];

/// Names the words of a map that have no effect.
pub(super) fn name(reader: &mut Reader<'_>, part: Part<'_>, idle: Idle) {
    for (key, place, _) in part.node.as_map().into_iter().flat_map(Map::iter) {
        if let Some((_, reason)) = idle.iter().find(|(word, _)| *word == key) {
            let note = Problem::note(place, format!("`{key}` has no effect: {reason}"));
            reader.problems.push(note.at(part.path).about(key));
        }
    }
}
