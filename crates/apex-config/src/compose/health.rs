//! The health check of a service.

use super::model::{HealthCheck, HealthTest};
use super::reader::{Part, Reader};
use crate::node::Node;

/// Reads `healthcheck`.
pub(super) fn health(reader: &mut Reader<'_>, part: Part<'_>) -> Option<HealthCheck> {
    if part.node.as_map().is_none() {
        reader.refuse(part, "a map with `test`");
        return None;
    }
    let inner = |key: &str| part.node.get(key).map(|node| Part { node, ..part });
    let mut check = HealthCheck {
        test: inner("test").map_or(HealthTest::Inherit, |part| test(reader, part)),
        interval: inner("interval").and_then(|part| reader.duration(part)),
        timeout: inner("timeout").and_then(|part| reader.duration(part)),
        retries: inner("retries").and_then(|part| reader.whole(part)),
        start_period: inner("start_period").and_then(|part| reader.duration(part)),
        start_interval: inner("start_interval").and_then(|part| reader.duration(part)),
    };
    if inner("disable").and_then(|part| reader.boolean(part)) == Some(true) {
        check.test = HealthTest::Disabled;
    }
    Some(check)
}

/// A text is a line for the shell; a list begins with what kind it is.
fn test(reader: &mut Reader<'_>, part: Part<'_>) -> HealthTest {
    let Some(list) = part.node.as_list() else {
        return reader.text(part).map_or(HealthTest::Inherit, HealthTest::Shell);
    };
    let words: Vec<String> = list
        .iter()
        .filter_map(|node| node.as_scalar().map(|scalar| scalar.text().to_owned()))
        .collect();
    match (list.first().and_then(Node::as_text), words.as_slice()) {
        (Some("NONE"), _) => HealthTest::Disabled,
        (Some("CMD-SHELL"), [_, line]) => HealthTest::Shell(line.clone()),
        (Some("CMD"), [_, arguments @ ..]) if !arguments.is_empty() => {
            HealthTest::Exec(arguments.to_vec())
        }
        _ => {
            reader.refuse(part, "`[CMD, program, ...]`, `[CMD-SHELL, line]` or `[NONE]`");
            HealthTest::Inherit
        }
    }
}
