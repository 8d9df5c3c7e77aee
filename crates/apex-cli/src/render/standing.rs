//! Containers of a project as text.

use std::collections::BTreeMap;

use apex_agents::services::standing::Standing;
use apex_config::model::{Service, ServiceSource};
use serde_json::{Value, json};

use super::table::aligned;

/// Variables, one a line, in the form that a shell can read back.
pub(crate) fn variables(variables: &BTreeMap<String, String>) -> String {
    variables.iter().map(|(name, value)| format!("{name}={}\n", quoted(value))).collect()
}

/// A value as a shell takes it.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "'\\''"))
    }
}

/// A table of what is up, and of what could be.
pub(crate) fn standing_page<'s>(
    standing: &[Standing],
    services: impl Iterator<Item = &'s Service>,
) -> String {
    let mut rows =
        vec![["SERVICE", "STATE", "PORTS", "CONTAINER", "OF"].map(str::to_owned).to_vec()];
    for one in standing {
        rows.push(vec![
            one.service.clone(),
            state(one),
            ports(one),
            one.container.name.clone(),
            if one.is_kept() { "kept".to_owned() } else { format!("run {}", one.run()) },
        ]);
    }
    for service in services {
        if standing.iter().any(|one| one.service == service.name.as_str()) {
            continue;
        }
        let state = match &service.source {
            ServiceSource::Undefined => "undefined",
            ServiceSource::External { .. } => "external",
            ServiceSource::Process { .. } => "a program of each run",
            _ => "not up",
        };
        let name = service.name.to_string();
        rows.push(vec![name, state.to_owned(), String::new(), String::new(), String::new()]);
    }
    aligned(&rows)
}

/// The same for programs.
pub(crate) fn standing_json(standing: &[Standing]) -> Value {
    let one = |one: &Standing| {
        json!({
            "service": one.service,
            "state": state(one),
            "ports": one.facts.ports,
            "container": one.container.name,
            "id": one.container.id,
            "kept": one.is_kept(),
            "run": one.run(),
            "expires": one.expires,
        })
    };
    json!({ "services": standing.iter().map(one).collect::<Vec<_>>() })
}

fn state(one: &Standing) -> String {
    match &one.facts.health {
        _ if !one.facts.runs => format!("ended with {}", one.facts.exit_code),
        Some(health) => health.word.clone(),
        None => "up".to_owned(),
    }
}

fn ports(one: &Standing) -> String {
    let ports = one.facts.ports.iter();
    ports.map(|(inner, outer)| format!("{outer}->{inner}")).collect::<Vec<_>>().join(", ")
}
