//! The lines that Apex's own plug-ins write: one JSON object per event.
//!
//! Every field is optional and unknown ones are ignored, so that a line from elsewhere that
//! happens to be JSON does no harm; a line that is not understood is no event.

use std::sync::Arc;

use apex_core::outcome::Outcome;
use apex_core::test_case::TestCase;
use serde::Deserialize;

use super::ledger::{End, seconds};

/// One line of the event channel, as written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Line {
    pub(crate) event: String,
    pub(crate) tests: Vec<Found>,
    pub(crate) id: String,
    pub(crate) outcome: String,
    pub(crate) seconds: Option<f64>,
    pub(crate) message: String,
    pub(crate) details: String,
    pub(crate) output: String,
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) status: i32,
}

/// One collected test, as written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Found {
    id: String,
    suite: String,
    name: String,
    file: Option<String>,
    line: Option<u32>,
    critical: bool,
}

impl Line {
    /// Reads a line; `None` when it is not one.
    pub(crate) fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The end of a test that the line reports.
    pub(crate) fn end(&mut self) -> End {
        End {
            outcome: Outcome::from_word(&self.outcome).unwrap_or(Outcome::Errored),
            duration: self.seconds.and_then(seconds),
            message: std::mem::take(&mut self.message),
            details: std::mem::take(&mut self.details),
            output: std::mem::take(&mut self.output),
        }
    }
}

impl Found {
    /// The test as the rest of Apex knows it; `folder` is where its file is relative to.
    pub(crate) fn into_case(self, folder: &str) -> TestCase {
        TestCase {
            file: self.file.filter(|file| !file.is_empty()).map(|file| place(folder, &file)),
            id: place(folder, &self.id),
            suite: place(folder, &self.suite),
            name: self.name.into(),
            line: self.line,
            critical: self.critical,
        }
    }
}

/// A path, or an id that may begin with one, of a project as one of the repository: two projects
/// with tests of the same name stay apart.
pub(crate) fn place(folder: &str, file: &str) -> Arc<str> {
    if folder.is_empty() || file.starts_with('/') {
        file.into()
    } else {
        format!("{folder}/{file}").into()
    }
}
