//! Mistakes: of the configuration with their place, of the command line with a hint.

use std::fmt::Write as _;

use apex_config::{Problem, Severity};
use serde_json::json;

use crate::failure::Failure;

/// Why a command could not do what it was asked.
pub(crate) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Usage { message, hint } | Failure::Environment { message, hint } => {
            format!("error: {message}\nhint: {hint}\n")
        }
        Failure::Locked { message } => format!(
            "error: {message}\nhint: without --no-wait this run begins when that one has ended\n"
        ),
        Failure::Config(found) => {
            let all: Vec<&Problem> = found.iter().collect();
            let errors = found.iter().filter(|one| one.severity == Severity::Error).count();
            let mut text = problems(&all);
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{} in the configuration", super::count(errors, "error"));
            text
        }
    }
}

/// Mistakes of a configuration, one after the other.
pub(crate) fn problems(found: &[&Problem]) -> String {
    let mut text = String::new();
    for problem in found {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{}: {}: ", problem.severity.as_str(), problem.place);
        if !problem.path.is_empty() {
            let _ = write!(text, "{}: ", problem.path);
        }
        let _ = writeln!(text, "{}", problem.message);
        if !problem.text.is_empty() && !problem.message.contains(&problem.text) {
            let _ = writeln!(text, "  found: {}", shortened(&problem.text));
        }
        if let Some(hint) = &problem.hint {
            let _ = writeln!(text, "  hint: {hint}");
        }
    }
    text
}

/// The first line of a text, at most 120 characters of it.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(120).collect();
    if short.len() < text.len() {
        short.push_str(" ...");
    }
    short
}

/// The same for programs.
pub(crate) fn problems_json(found: &[&Problem]) -> serde_json::Value {
    let rows = found.iter().map(|problem| {
        json!({
            "severity": problem.severity.as_str(),
            "source": problem.place.source().label,
            "line": problem.place.line(),
            "column": problem.place.column(),
            "path": problem.path,
            "text": problem.text,
            "message": problem.message,
            "hint": problem.hint,
        })
    });
    json!({ "schema": "apex.problems/1", "problems": rows.collect::<Vec<_>>() })
}
