//! One line of Apex's reporter for Node: a test that ended, in Node's words.

use std::sync::Arc;

use apex_core::outcome::Outcome;
use apex_core::test_case::TestCase;
use serde::Deserialize;
use serde_json::Value;

use super::NESTED;
use super::witness::State;
use crate::runners::channel::place;
use crate::runners::ledger::{End, seconds};
use crate::runners::text::first_line;

/// What the reporter wrote.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NodeLine {
    pub(super) event: String,
    /// A part of a line that was too long.
    pub(super) part: String,
    file: String,
    path: Vec<String>,
    /// Empty for the file itself.
    name: String,
    line: Option<u32>,
    /// `null` in an end of which a version of Node does not say it.
    passed: Option<bool>,
    /// `true` or the reason.
    skip: Value,
    todo: Value,
    milliseconds: Option<f64>,
    error: Option<NodeError>,
    pub(super) output: String,
    /// Whether it holds other tests.
    group: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NodeError {
    kind: String,
    message: String,
    details: String,
    #[serde(rename = "exitCode")]
    exit_code: Option<i32>,
    signal: Option<String>,
}

impl NodeLine {
    /// Whether it was left out by a name pattern, which Node 20 reports as a skip.
    pub(super) fn is_filtered_out(&self) -> bool {
        self.skip.as_str().is_some_and(|reason| reason.contains("does not match pattern"))
    }

    /// The test; `folder` is where its file is relative to.
    pub(super) fn case(&self, folder: &str) -> TestCase {
        let file = place(folder, &self.file);
        let (id, name) = if self.name.is_empty() {
            (Arc::clone(&file), Arc::clone(&file))
        } else {
            let mut name = self.path.join(NESTED);
            if !name.is_empty() {
                name.push_str(NESTED);
            }
            name.push_str(&self.name);
            (format!("{file}::{name}").into(), name.into())
        };
        TestCase {
            id,
            suite: Arc::clone(&file),
            name,
            file: (!self.file.is_empty()).then_some(file),
            line: self.line,
            critical: false,
        }
    }

    /// Whether it is about a file as a whole.
    pub(super) const fn is_file(&self) -> bool {
        self.name.is_empty()
    }

    /// The exit code that a process told.
    pub(super) fn exit_code(&self) -> i32 {
        self.error.as_ref().and_then(|error| error.exit_code).unwrap_or_default()
    }

    /// What a process told of the end of a test.
    pub(super) fn witnessed(self) -> State {
        match self.passed {
            Some(true) => State::Passed,
            Some(false) => State::Failed(self.error.unwrap_or_default().message),
            None => State::Ended,
        }
    }

    /// What a test did that ran when the process of its file ended; `exit` is the exit code that
    /// the process itself told.
    pub(super) fn death(&self, exit: Option<i32>) -> String {
        let error = self.error.as_ref();
        let code = exit.or_else(|| error.and_then(|error| error.exit_code));
        let printed = self.output.lines().find(|line| line.contains("Error:")).map(first_line);
        match (error.and_then(|error| error.signal.as_deref()), code, printed) {
            (Some(signal), ..) => format!("killed by {signal} while it ran"),
            (None, _, Some(printed)) => format!("its process ended while it ran: {printed}"),
            (None, Some(code), None) => {
                format!("ended the process with exit code {code} while it ran")
            }
            (None, None, None) => "its process ended while it ran".to_owned(),
        }
    }

    /// How it ended.
    pub(super) fn into_end(self) -> End {
        let end =
            End::of(Outcome::Passed, self.milliseconds.and_then(|time| seconds(time / 1000.0)));
        if let Some(reason) = said(&self.skip) {
            return End { outcome: Outcome::Skipped, message: reason, ..end };
        }
        if let Some(reason) = said(&self.todo) {
            let message =
                if reason.is_empty() { "to do".to_owned() } else { format!("to do: {reason}") };
            return End { outcome: Outcome::Skipped, message, ..end };
        }
        if self.passed == Some(true) {
            return end;
        }
        let is_file = self.is_file();
        let error = self.error.unwrap_or_default();
        let is_error = is_file || self.group || error.kind == "cancelledByParent";
        End {
            outcome: if is_error { Outcome::Errored } else { Outcome::Failed },
            message: if is_file { file_message(&error, &self.output) } else { error.message },
            details: if is_file { self.output.clone() } else { error.details },
            output: if is_file { String::new() } else { self.output },
            ..end
        }
    }
}

/// The reason of a mark, empty when it has none; `None` without the mark.
fn said(mark: &Value) -> Option<String> {
    match mark {
        Value::Bool(true) => Some(String::new()),
        Value::String(reason) => Some(reason.clone()),
        _ => None,
    }
}

/// How a file ended that failed as a whole, with the error it printed.
fn file_message(error: &NodeError, output: &str) -> String {
    if let Some(signal) = &error.signal {
        return format!("the file was ended by {signal}");
    }
    let printed = output.lines().find(|line| line.contains("Error:")).map(first_line);
    match (error.exit_code, printed) {
        (_, Some(printed)) => printed,
        (Some(code), None) => format!("the file ended its process with exit code {code}"),
        (None, None) => error.message.clone(),
    }
}
