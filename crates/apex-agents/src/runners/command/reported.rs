//! Tests as a report file names them, and their way into reports of a job.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use apex_core::outcome::Outcome;
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;

use super::{ctrf, junit, tap};
use crate::runners::channel::place;
use crate::runners::ledger::{End, Ledger};

/// One test of a report.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ReportedTest {
    /// The suite, class or file it belongs to; may be empty.
    pub suite: String,
    /// Its name; may be empty.
    pub name: String,
    /// Its file, when the report says.
    pub file: Option<String>,
    /// Its line, when the report says.
    pub line: Option<u32>,
    /// How it ended; nothing stands for a pass.
    pub outcome: Option<Outcome>,
    /// How long it took, when the report says.
    pub duration: Option<Duration>,
    /// What is wrong, or why it was skipped.
    pub message: String,
    /// Traceback, diff or diagnostics.
    pub details: String,
    /// What it wrote.
    pub output: String,
}

/// What a report holds.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Reported {
    /// Its tests, in its order.
    pub tests: Vec<ReportedTest>,
    /// What is wrong with it: not readable to its end, fewer tests than announced, bailed out.
    pub problem: Option<String>,
}

/// Reads a JUnit, CTRF or TAP report; which one is told by its first character.
#[must_use]
pub fn read_report(content: &[u8]) -> Reported {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    match content.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'<') => junit::read(content),
        Some(b'{') => ctrf::read(content),
        Some(_) => tap::read(content),
        None => Reported { problem: Some("the report is empty".to_owned()), ..Reported::default() },
    }
}

/// Gathers the tests of all reports of an attempt.
pub(super) struct Collector {
    ledger: Ledger,
    repeated: HashMap<String, u32>,
    only: Option<HashSet<Arc<str>>>,
    folder: String,
    problem: Option<String>,
}

impl Collector {
    pub(super) fn new(only: Option<&[Arc<str>]>, folder: &str) -> Self {
        Self {
            ledger: Ledger::default(),
            repeated: HashMap::new(),
            only: only.map(|ids| ids.iter().cloned().collect()),
            folder: folder.to_owned(),
            problem: None,
        }
    }

    /// Takes what one report holds.
    pub(super) fn take(&mut self, report: Reported, path: &str, reports: &mut Vec<JobReport>) {
        for test in report.tests {
            let case = self.case(&test);
            if self.only.as_ref().is_some_and(|only| !only.contains(&case.id)) {
                continue;
            }
            let end = End {
                outcome: test.outcome.unwrap_or(Outcome::Passed),
                duration: test.duration,
                message: test.message,
                details: test.details,
                output: test.output,
            };
            self.ledger.end(case, end, reports);
        }
        if self.problem.is_none() {
            self.problem = report.problem.map(|problem| format!("{path}: {problem}"));
        }
    }

    fn case(&mut self, test: &ReportedTest) -> TestCase {
        let mut id = match (test.suite.is_empty(), test.name.is_empty()) {
            (true, true) => "(without a name)".to_owned(),
            (true, false) => test.name.clone(),
            (false, true) => test.suite.clone(),
            (false, false) => format!("{}::{}", test.suite, test.name),
        };
        let count = self.repeated.entry(id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            id = format!("{id} #{count}");
        }
        TestCase {
            suite: test.suite.as_str().into(),
            name: if test.name.is_empty() { id.as_str().into() } else { test.name.as_str().into() },
            id: id.into(),
            file: test.file.as_deref().map(|file| place(&self.folder, file)),
            line: test.line,
            critical: false,
        }
    }

    /// How many tests ended badly.
    pub(super) fn bad(&self) -> usize {
        self.ledger.bad()
    }

    /// What was wrong with the first report that was not in order.
    pub(super) fn problem(&mut self) -> Option<String> {
        self.problem.take()
    }
}
