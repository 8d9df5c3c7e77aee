//! Test ids on their way into a program: cut so that they fit an environment.
//!
//! Linux limits one variable to 128 KiB and all of them together to a share of the stack limit;
//! a list that is longer than what fits is run by several programs, one after the other.

use std::collections::BTreeMap;

/// Largest value of one variable, in bytes.
pub(super) const VARIABLE_LIMIT: usize = 96 * 1024;

/// Most variables of one program.
const VARIABLES: usize = 6;

/// Cuts ids into batches; each is the environment of one program.
pub(crate) fn batches<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<BTreeMap<String, String>> {
    let mut batches = vec![BTreeMap::new()];
    let mut value = String::from("[");
    for id in ids {
        let item = encoded(id);
        if value.len() + item.len() + 2 > VARIABLE_LIMIT && value.len() > 1 {
            close(&mut batches, &mut value);
        }
        if value.len() > 1 {
            value.push(',');
        }
        value.push_str(&item);
    }
    close(&mut batches, &mut value);
    batches
}

/// A JSON string without braces, which the executor would read as placeholders.
pub(super) fn encoded(id: &str) -> String {
    let text = serde_json::Value::from(id).to_string();
    if text.contains('{') { text.replace('{', "\\u007b") } else { text }
}

fn close(batches: &mut Vec<BTreeMap<String, String>>, value: &mut String) {
    value.push(']');
    let closed = std::mem::replace(value, String::from("["));
    if batches.last().is_none_or(|batch| batch.len() == VARIABLES) {
        batches.push(BTreeMap::new());
    }
    if let Some(batch) = batches.last_mut() {
        batch.insert(format!("APEX_ONLY_{}", batch.len()), closed);
    }
}
