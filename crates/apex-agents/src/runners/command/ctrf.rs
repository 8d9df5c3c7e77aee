//! CTRF, the Common Test Report Format (ctrf.io): one JSON document.

use apex_core::outcome::Outcome;
use serde_json::Value;

use super::reported::{Reported, ReportedTest};
use crate::runners::ledger::seconds;

/// Reads a document; what is not as the format says is left out.
pub(super) fn read(content: &[u8]) -> Reported {
    let document: Value = match serde_json::from_slice(content) {
        Ok(document) => document,
        Err(error) => return wrong(format!("not a CTRF report: {error}")),
    };
    match document.pointer("/results/tests").and_then(Value::as_array) {
        Some(tests) => Reported { tests: tests.iter().map(test).collect(), problem: None },
        None => wrong("not a CTRF report: it has no results.tests".to_owned()),
    }
}

fn wrong(problem: String) -> Reported {
    Reported { tests: Vec::new(), problem: Some(problem) }
}

fn test(test: &Value) -> ReportedTest {
    let text = |key: &str| test.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let milliseconds = test.get("duration").and_then(Value::as_f64);
    ReportedTest {
        id: None,
        suite: suite(test),
        name: text("name"),
        file: test.get("filePath").and_then(Value::as_str).map(str::to_owned),
        line: test.get("line").and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok()),
        outcome: Some(outcome(test)),
        duration: milliseconds.and_then(|time| seconds(time / 1000.0)),
        message: text("message"),
        details: text("trace"),
        output: lines(test.get("stdout")),
    }
}

/// The suite is a text in older reports and a list of nested names in newer ones.
fn suite(test: &Value) -> String {
    match test.get("suite") {
        Some(Value::String(suite)) => suite.clone(),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" > ")
        }
        _ => String::new(),
    }
}

fn outcome(test: &Value) -> Outcome {
    let is_flaky = test.get("flaky").and_then(Value::as_bool).unwrap_or_default();
    match test.get("status").and_then(Value::as_str) {
        Some("passed") if is_flaky => Outcome::Flaky,
        Some("passed") => Outcome::Passed,
        Some("failed") => Outcome::Failed,
        Some("skipped" | "pending") => Outcome::Skipped,
        _ => Outcome::Errored,
    }
}

fn lines(value: Option<&Value>) -> String {
    let lines = value.and_then(Value::as_array);
    lines.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}
