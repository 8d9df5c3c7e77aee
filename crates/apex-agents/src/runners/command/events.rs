//! Apex's own form of results: one JSON object a line, so that a reporter is an afternoon's work
//! in any language. `docs/reference/reporter.md` is its description, `examples/reporter` a sample.
//!
//! The lines are read from a file like every other report, or while they are written when the
//! program appends them to the path in `APEX_EVENTS`. Lines that are no such object are ignored.

use std::collections::HashSet;

use apex_core::outcome::Outcome;
use serde::Deserialize;

use super::reported::{Reported, ReportedTest};
use crate::runners::ledger::seconds;
use crate::runners::text::first_line;

/// The word for this form in `report`.
pub(super) const WORD: &str = "events";

/// The variable with the path that lines are appended to.
pub(super) const VARIABLE: &str = "APEX_EVENTS";

/// One line. Unknown fields are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    event: String,
    tests: Vec<Test>,
    #[serde(rename = "id")]
    id: String,
    suite: String,
    name: String,
    file: Option<String>,
    line: Option<u32>,
    outcome: String,
    seconds: Option<f64>,
    message: String,
    details: String,
    output: String,
}

/// A test of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Test {
    id: String,
    suite: String,
    name: String,
    file: Option<String>,
    line: Option<u32>,
}

/// What a line says.
#[derive(Debug)]
pub(super) enum Said {
    /// These tests are there.
    Discovered(Vec<ReportedTest>),
    /// A test begins.
    Started(ReportedTest),
    /// A test ended.
    Finished(ReportedTest),
    /// Everything was said.
    Done,
}

/// What a line says, when it says something.
pub(super) fn said(line: &str) -> Option<Said> {
    let line: Line = serde_json::from_str(line).ok()?;
    match line.event.as_str() {
        "discovered" => {
            let tests = line.tests.into_iter().filter(|test| !test.id.is_empty());
            Some(Said::Discovered(tests.map(Test::into_test).collect()))
        }
        "started" if !line.id.is_empty() => Some(Said::Started(line.into_test())),
        "finished" if !line.id.is_empty() => Some(Said::Finished(line.into_test())),
        "done" => Some(Said::Done),
        _ => None,
    }
}

/// Whether a document is of this form: its first line is an event.
pub(super) fn begins(content: &[u8]) -> bool {
    let first = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(first).ok().and_then(said).is_some()
}

/// Reads a whole document.
pub(super) fn read(content: &[u8]) -> Reported {
    let text = String::from_utf8_lossy(content);
    let mut reported = Reported::default();
    let mut open: HashSet<String> = HashSet::new();
    let mut is_done = false;
    let id = |test: &ReportedTest| test.id.clone().unwrap_or_default();
    for line in text.lines() {
        match said(line) {
            Some(Said::Discovered(tests)) => open.extend(tests.iter().map(id)),
            Some(Said::Started(test)) => {
                open.insert(id(&test));
            }
            Some(Said::Finished(test)) => {
                open.remove(&id(&test));
                reported.tests.push(test);
            }
            Some(Said::Done) => is_done = true,
            None => {}
        }
    }
    reported.problem = match open.iter().min() {
        Some(first) => {
            Some(format!("{} tests were announced and not reported, first {first}", open.len()))
        }
        None => (!is_done).then(|| BREAKS_OFF.to_owned()),
    };
    reported
}

/// What is wrong with a stream of lines without its last one.
pub(super) const BREAKS_OFF: &str = "the report breaks off: the line `done` is missing";

impl Test {
    fn into_test(self) -> ReportedTest {
        let Self { id, suite, name, file, line } = self;
        ReportedTest { id: Some(id), suite, name, file, line, ..ReportedTest::default() }
    }
}

impl Line {
    fn into_test(self) -> ReportedTest {
        ReportedTest {
            id: Some(self.id),
            suite: self.suite,
            name: self.name,
            file: self.file,
            line: self.line,
            outcome: Some(outcome(&self.outcome)),
            duration: self.seconds.and_then(seconds),
            message: first_line(&self.message),
            details: self.details,
            output: self.output,
        }
    }
}

/// The outcomes that a reporter can tell; another word is an error, never a pass.
fn outcome(word: &str) -> Outcome {
    match Outcome::from_word(word) {
        Some(
            known @ (Outcome::Passed
            | Outcome::Failed
            | Outcome::Skipped
            | Outcome::Flaky
            | Outcome::TimedOut),
        ) => known,
        _ => Outcome::Errored,
    }
}
