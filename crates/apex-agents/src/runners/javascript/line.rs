//! One line of Apex's reporters for the frameworks of JavaScript.

use std::sync::Arc;

use apex_core::outcome::Outcome;
use apex_core::test_case::TestCase;
use serde::Deserialize;

use super::names::NESTED;
use crate::runners::channel::place;
use crate::runners::ledger::{End, seconds};

/// What a reporter wrote. Every field is optional, unknown ones are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    pub(super) event: String,
    /// Relative to the folder of the project.
    pub(super) file: String,
    pub(super) titles: Vec<String>,
    line: Option<u32>,
    pub(super) tests: Vec<Found>,
    outcome: String,
    milliseconds: Option<f64>,
    pub(super) message: String,
    pub(super) details: String,
    output: String,
}

/// A test that is known before it runs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Found {
    pub(super) file: String,
    pub(super) titles: Vec<String>,
    pub(super) line: Option<u32>,
}

impl Found {
    pub(super) fn case(&self, folder: &str) -> TestCase {
        case(folder, &self.file, &self.titles, self.line)
    }
}

impl Line {
    /// Reads a line; `None` when it is not one.
    pub(super) fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The test; `folder` is where its file is relative to.
    pub(super) fn case(&self, folder: &str) -> TestCase {
        case(folder, &self.file, &self.titles, self.line)
    }

    /// How the test ended.
    pub(super) fn end(&mut self) -> End {
        let is_to_do = self.outcome == "todo";
        let outcome = match self.outcome.as_str() {
            "todo" => Outcome::Skipped,
            word => Outcome::from_word(word).unwrap_or(Outcome::Errored),
        };
        let message = std::mem::take(&mut self.message);
        let is_silent = message.is_empty();
        End {
            outcome,
            duration: self.milliseconds.and_then(|time| seconds(time / 1000.0)),
            message: match outcome {
                Outcome::Skipped if is_to_do && is_silent => "to do".to_owned(),
                Outcome::Skipped if is_to_do => format!("to do: {message}"),
                Outcome::Flaky if is_silent => "passed when it was tried again".to_owned(),
                Outcome::Flaky => format!("passed when it was tried again, after: {message}"),
                _ => message,
            },
            details: std::mem::take(&mut self.details),
            output: std::mem::take(&mut self.output),
        }
    }
}

fn case(folder: &str, file: &str, titles: &[String], line: Option<u32>) -> TestCase {
    let file = place(folder, file);
    let name: Arc<str> = titles.join(NESTED).into();
    TestCase {
        id: if name.is_empty() { Arc::clone(&file) } else { format!("{file}::{name}").into() },
        suite: Arc::clone(&file),
        name: if name.is_empty() { Arc::clone(&file) } else { name },
        file: (!file.is_empty()).then_some(file),
        line,
        critical: false,
    }
}
