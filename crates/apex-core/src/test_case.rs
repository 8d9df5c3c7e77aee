//! A test, and what a framework said about it.

use std::sync::Arc;
use std::time::Duration;

use crate::outcome::Outcome;

/// One test as its framework knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCase {
    /// Stable id inside its category, for example `tests/unit/test_a.py::test_b[1]`.
    pub id: Arc<str>,
    /// The suite it belongs to (file, module, class or binary), for reports.
    pub suite: Arc<str>,
    /// Its name inside the suite.
    pub name: Arc<str>,
    /// Source file relative to the project root, when the framework says.
    pub file: Option<Arc<str>>,
    /// Line in that file, from 1, when the framework says.
    pub line: Option<u32>,
    /// Whether the framework marks it as critical.
    pub critical: bool,
}

/// What a framework reported at the end of one attempt of one test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestReport {
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, set-up and tear-down included; `None` when nobody can say.
    pub duration: Option<Duration>,
    /// Why it did not pass, or why it was skipped.
    pub failure: Option<Box<Failure>>,
}

/// Why a test did not pass. Texts are bounded by the runner that made them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Failure {
    /// The first line that says what is wrong.
    pub message: String,
    /// Traceback or diff as the framework prints it.
    pub details: String,
    /// Output of the test that the framework kept apart.
    pub output: String,
}

impl Failure {
    /// Bytes of all its texts together.
    #[must_use]
    pub const fn text_bytes(&self) -> usize {
        self.message.len() + self.details.len() + self.output.len()
    }
}
