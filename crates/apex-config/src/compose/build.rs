//! How the image of a service is made.

use std::collections::BTreeMap;

use super::model::Build;
use super::reader::{Part, Reader};
use crate::problem::Problem;

/// Keys of `build` that are carried out.
const KEYS: [&str; 4] = ["context", "dockerfile", "target", "args"];

/// Reads `build`: a folder, or a map.
pub(super) fn build(reader: &mut Reader<'_>, part: Part<'_>) -> Option<Build> {
    let Some(map) = part.node.as_map() else {
        let context = reader.text(part)?;
        return Some(Build { context, dockerfile: None, target: None, args: BTreeMap::new() });
    };
    for (key, place, _) in map.iter().filter(|(key, ..)| !KEYS.contains(key)) {
        if !key.starts_with("x-") {
            let message = format!("`{key}` is not supported and left out");
            let problem = Problem::warning(place, message).at(format!("{}.{key}", part.path));
            reader.problems.push(problem.about(key));
        }
    }
    let inner = |key: &str| part.node.get(key).map(|node| Part { node, ..part });
    let args = inner("args").map(|part| reader.pairs(part)).unwrap_or_default();
    Some(Build {
        context: inner("context").and_then(|part| reader.text(part)).unwrap_or_else(|| ".".into()),
        dockerfile: inner("dockerfile").and_then(|part| reader.text(part)),
        target: inner("target").and_then(|part| reader.text(part)),
        args: given(reader, args),
    })
}

/// A name without a value takes that of the variable of this name, or is left out.
pub(super) fn given(
    reader: &Reader<'_>,
    pairs: Vec<(String, Option<String>)>,
) -> BTreeMap<String, String> {
    let value = |(name, value): (String, Option<String>)| {
        let value = value.or_else(|| reader.variables.get(&name).map(str::to_owned))?;
        Some((name, value))
    };
    pairs.into_iter().filter_map(value).collect()
}
