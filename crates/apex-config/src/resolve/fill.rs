//! Fills `${NAME}` in where a field allows it.

use std::collections::BTreeMap;

use super::Work;
use super::view::View;
use crate::node::{Meaning, Node, Scalar, Value};
use crate::problem::{Problem, Severity};
use crate::variables::filled_in;

/// A map of variables with `${NAME}` filled in.
pub(super) fn env(
    work: &mut Work<'_, '_>,
    view: View<'_>,
    field: &str,
) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    for (name, node) in view.entries(field) {
        if let Some(text) = filled(work, node, &format!("{field}.{name}"), Severity::Error) {
            env.insert(name.to_owned(), text);
        }
    }
    env
}

/// A service with `${NAME}` filled in everywhere, but for `remote_url`, which is used in some
/// environments only.
pub(super) fn service(
    work: &mut Work<'_, '_>,
    node: &Node,
    path: &str,
    severity: Severity,
) -> Node {
    let mut copy = node.clone();
    match &mut copy.value {
        Value::Scalar(scalar) if scalar.text.contains("${") => {
            let text = filled(work, node, path, severity).unwrap_or_default();
            let plain = Scalar::plain(&text);
            // What was in quotes for the sake of its braces may be a number, for a port.
            let is_number = matches!(plain.meaning(), Meaning::Integer(_) | Meaning::Number(_));
            *scalar = if is_number { plain } else { Scalar::quoted(&text) };
        }
        Value::Scalar(_) => {}
        Value::List(list) => {
            for (item, filled) in node.as_list().unwrap_or_default().iter().zip(list) {
                *filled = service(work, item, path, severity);
            }
        }
        Value::Map(map) => {
            for entry in map.entries.iter_mut().filter(|entry| &*entry.key != "remote_url") {
                let path = format!("{path}.{}", entry.key);
                entry.node = service(work, &entry.node, &path, severity);
            }
        }
    }
    copy
}

/// A text with `${NAME}` filled in; an unset one is a problem of that severity.
pub(super) fn filled(
    work: &mut Work<'_, '_>,
    node: &Node,
    path: &str,
    severity: Severity,
) -> Option<String> {
    let text = node.as_text().unwrap_or_default();
    match filled_in(text, work.scene.variables) {
        Ok(text) => Some(text),
        Err(unset) => {
            let message = format!("variable `{unset}` is not set");
            let hint = format!("set it, or write a text to take instead: ${{{unset}:-text}}");
            let problem = Problem::new(severity, node.place(), message).at(path);
            work.push(problem.about(text).hint(hint));
            None
        }
    }
}
