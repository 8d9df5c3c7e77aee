//! The keys of compose files: which are carried out, and what follows from the others.
//!
//! The list is that of the compose specification. A key that is in it and not carried out here is
//! a warning that says what is left out; one that is in no specification is an error with the
//! nearest word.

use crate::node::Node;
use crate::problem::{Problem, suggestion};

/// Keys at the top of a file that are read, or that change nothing here.
const FILE: [&str; 6] = ["version", "name", "services", "networks", "volumes", "secrets"];

/// Keys of a service that are carried out.
const SERVICE: [&str; 34] = [
    "build",
    "cap_add",
    "cap_drop",
    "command",
    "cpus",
    "depends_on",
    "deploy",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "extra_hosts",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "labels",
    "mem_limit",
    "networks",
    "pids_limit",
    "ports",
    "privileged",
    "profiles",
    "read_only",
    "secrets",
    "shm_size",
    "stop_grace_period",
    "stop_signal",
    "sysctls",
    "tmpfs",
    "ulimits",
    "user",
    "volumes",
    "working_dir",
];

/// Keys that are not carried out because Apex has its own way: the reason.
const OWN_WAY: [(&str, &str); 11] = [
    ("attach", "what it writes is kept with the run"),
    ("develop", "nothing is watched while tests run"),
    ("container_name", "containers have names of their own, so that two runs never collide"),
    ("restart", "the `restart` of the service in the layer file says it"),
    ("logging", "what it writes is kept with the run"),
    ("pull_policy", "an image is pulled when it is not there"),
    ("platform", "images of the platform of the engine are taken"),
    ("scale", "one container is started"),
    ("links", "services of a run find each other by name"),
    ("external_links", "only services of the run are reached"),
    ("mem_reservation", "only limits are set"),
];

/// Other keys of the specification.
const UNSUPPORTED: [&str; 44] = [
    "annotations",
    "stdin_open",
    "tty",
    "blkio_config",
    "cgroup",
    "cgroup_parent",
    "configs",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "cpuset",
    "credential_spec",
    "device_cgroup_rules",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "extends",
    "gpus",
    "group_add",
    "ipc",
    "isolation",
    "label_file",
    "mac_address",
    "mem_swappiness",
    "memswap_limit",
    "models",
    "network_mode",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "post_start",
    "pre_stop",
    "provider",
    "runtime",
    "security_opt",
    "storage_opt",
    "use_api_socket",
    "volumes_from",
];

/// Without these a service is another one: leaving them out is an error.
const ESSENTIAL: [&str; 4] = ["extends", "network_mode", "provider", "volumes_from"];

/// Looks at the keys at the top of a file.
pub(super) fn check_file(tree: &Node, problems: &mut Vec<Problem>) {
    for (key, place, _) in tree.as_map().into_iter().flat_map(crate::node::Map::iter) {
        if FILE.contains(&key) || key.starts_with("x-") {
            continue;
        }
        let known = matches!(key, "configs" | "include" | "models");
        let problem = if known {
            Problem::warning(place, format!("`{key}` is not supported and left out"))
                .hint("define what the services need in this file")
        } else {
            unknown(key, place, &FILE)
        };
        problems.push(problem.about(key));
    }
}

/// Looks at the keys of a service.
pub(super) fn check_service(service: &Node, path: &str, problems: &mut Vec<Problem>) {
    check_deploy(service, path, problems);
    for (key, place, _) in service.as_map().into_iter().flat_map(crate::node::Map::iter) {
        if SERVICE.contains(&key) || key.starts_with("x-") {
            continue;
        }
        let own_way = OWN_WAY.iter().find(|(name, _)| *name == key);
        let problem = if let Some((_, reason)) = own_way {
            Problem::note(place, format!("`{key}` has no effect: {reason}"))
        } else if ESSENTIAL.contains(&key) {
            Problem::error(
                place,
                format!("`{key}` is not supported, and the service is another one without it"),
            )
            .hint("write the service without it, in a compose file for tests or in the layer file")
        } else if UNSUPPORTED.contains(&key) {
            Problem::warning(place, format!("`{key}` is not supported and left out"))
        } else {
            unknown(key, place, &SERVICE)
        };
        problems.push(problem.at(format!("{path}.{key}")).about(key));
    }
}

/// Of `deploy` only the limits say something about a single container.
fn check_deploy(service: &Node, path: &str, problems: &mut Vec<Problem>) {
    let deploy = service.get("deploy").and_then(Node::as_map);
    for (key, place, _) in deploy.into_iter().flat_map(crate::node::Map::iter) {
        if key != "resources" && !key.starts_with("x-") {
            let message = format!("`deploy.{key}` is not supported and left out");
            let problem = Problem::warning(place, message);
            problems.push(problem.at(format!("{path}.deploy.{key}")).about(key));
        }
    }
}

fn unknown(key: &str, place: &crate::place::Place, known: &[&str]) -> Problem {
    let problem = Problem::error(place, format!("`{key}` is no key of a compose file"));
    let hint = suggestion(key, known.iter().copied());
    problem.hint(hint.unwrap_or_else(|| "keys of your own begin with `x-`".to_owned()))
}
