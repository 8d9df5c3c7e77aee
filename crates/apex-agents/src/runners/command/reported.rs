//! Tests as a report file names them, and their way into reports of a job.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use apex_core::outcome::Outcome;
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;

use super::{ctrf, events, junit, tap};
use crate::runners::channel::place;
use crate::runners::ledger::{End, Ledger, bare_case};

/// One test of a report.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ReportedTest {
    /// Its id, where the report says; else it is made of suite and name.
    pub id: Option<String>,
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

/// Reads a report of JUnit, CTRF, TAP or Apex's own events; which one is told by its beginning.
#[must_use]
pub fn read_report(content: &[u8]) -> Reported {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    match content.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'<') => junit::read(content),
        Some(b'{') if events::begins(content.trim_ascii_start()) => events::read(content),
        Some(b'{') => ctrf::read(content),
        Some(_) => tap::read(content),
        None => Reported { problem: Some("the report is empty".to_owned()), ..Reported::default() },
    }
}

/// Gathers the tests of all reports of an attempt.
pub(crate) struct Collector {
    ledger: Ledger,
    repeated: HashMap<String, u32>,
    only: Option<HashSet<Arc<str>>>,
    folder: String,
    problem: Option<String>,
}

impl Collector {
    pub(crate) fn new(only: Option<&[Arc<str>]>, folder: &str) -> Self {
        Self {
            ledger: Ledger::default(),
            repeated: HashMap::new(),
            only: only.map(|ids| ids.iter().cloned().collect()),
            folder: folder.to_owned(),
            problem: None,
        }
    }

    /// Takes what one report holds of the tests that are wanted.
    pub(crate) fn take(&mut self, report: Reported, path: &str, reports: &mut Vec<JobReport>) {
        self.take_where(report, path, true, reports);
    }

    /// Takes what one report holds, wanted or not: what explains why a wanted test is missing.
    pub(crate) fn take_all(&mut self, report: Reported, path: &str, reports: &mut Vec<JobReport>) {
        self.take_where(report, path, false, reports);
    }

    fn take_where(
        &mut self,
        report: Reported,
        path: &str,
        is_picky: bool,
        reports: &mut Vec<JobReport>,
    ) {
        for test in report.tests {
            let case = self.case(&test);
            if !is_picky || self.is_wanted(&case.id) {
                self.ledger.end(case, end_of(test), reports);
            }
        }
        if self.problem.is_none() {
            self.problem = report.problem.map(|problem| format!("{path}: {problem}"));
        }
    }

    /// Announces ids that a list named.
    pub(crate) fn expect(&mut self, ids: Vec<Arc<str>>, reports: &mut Vec<JobReport>) {
        let suite = |id: &Arc<str>| {
            let id: &str = id;
            id.rsplit_once("::").map_or(id, |(suite, _)| suite).to_owned()
        };
        let cases = ids.iter().map(|id| bare_case(id, &suite(id))).collect();
        self.ledger.discover(cases, reports);
    }

    /// Announces tests that a program names before it runs them.
    pub(crate) fn discover(&mut self, tests: &[ReportedTest], reports: &mut Vec<JobReport>) {
        let cases = tests.iter().map(|test| self.named(test, name_of(test)));
        let cases = cases.filter(|case| self.is_wanted(&case.id)).collect();
        self.ledger.discover(cases, reports);
    }

    /// A test begins.
    pub(crate) fn start(&mut self, test: &ReportedTest, reports: &mut Vec<JobReport>) {
        let case = self.named(test, name_of(test));
        if self.is_wanted(&case.id) {
            self.ledger.start(case, reports);
        }
    }

    /// A test that was named by its id ended.
    pub(crate) fn end(&mut self, test: ReportedTest, reports: &mut Vec<JobReport>) {
        let case = self.named(&test, name_of(&test));
        if self.is_wanted(&case.id) {
            self.ledger.end(case, end_of(test), reports);
        }
    }

    fn is_wanted(&self, id: &Arc<str>) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(id))
    }

    /// The test as the rest of Apex knows it. Names that a report repeats get numbers, ids not.
    fn case(&mut self, test: &ReportedTest) -> TestCase {
        let mut id = name_of(test);
        if test.id.is_none() {
            let count = self.repeated.entry(id.clone()).or_default();
            *count += 1;
            if *count > 1 {
                id = format!("{id} #{count}");
            }
        }
        self.named(test, id)
    }

    fn named(&self, test: &ReportedTest, id: String) -> TestCase {
        TestCase {
            suite: test.suite.as_str().into(),
            name: if test.name.is_empty() { id.as_str().into() } else { test.name.as_str().into() },
            id: id.into(),
            file: test.file.as_deref().map(|file| place(&self.folder, file)),
            line: test.line,
            critical: false,
        }
    }

    /// Takes the time of the attempt.
    pub(crate) const fn clock(&mut self, now: Duration) {
        self.ledger.clock(now);
    }

    /// Whether a test of this id was reported.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.ledger.knows(id)
    }

    /// How many tests ended badly.
    pub(crate) fn bad(&self) -> usize {
        self.ledger.bad()
    }

    /// What was wrong with the first report that was not in order, or what they contradict.
    pub(crate) fn problem(&mut self) -> Option<String> {
        self.problem.take().or_else(|| self.ledger.contradiction())
    }
}

/// The id of a test: its own, else its suite and its name.
fn name_of(test: &ReportedTest) -> String {
    match (&test.id, test.suite.is_empty(), test.name.is_empty()) {
        (Some(id), _, _) => id.clone(),
        (None, true, true) => "(without a name)".to_owned(),
        (None, true, false) => test.name.clone(),
        (None, false, true) => test.suite.clone(),
        (None, false, false) => format!("{}::{}", test.suite, test.name),
    }
}

fn end_of(test: ReportedTest) -> End {
    End {
        outcome: test.outcome.unwrap_or(Outcome::Passed),
        duration: test.duration,
        message: test.message,
        details: test.details,
        output: test.output,
    }
}
