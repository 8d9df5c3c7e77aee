//! The Common Test Report Format: JSON that tools of many languages read (<https://ctrf.io>, 0.0).
//!
//! It has five states. A flaky test is `passed` and marked; what did not run because something
//! else decided so is `pending`; `rawStatus` has the word of Apex. A category that could not run
//! and has no test to show for it is a test of its own with the type `category`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use apex_core::test_case::Failure;
use apex_core::view::{AttemptView, Ending, TestView};
use apex_core::{Moment, Outcome, TestIx};
use serde::Serialize;

use super::shown::{
    category_of, message, millis, outcome_of, place, timestamp, unshown_categories,
};
use super::{Recorded, TestSpan};
use crate::text::harmless;

/// The version of the format that is written.
const SPECIFICATION: &str = "0.0.0";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'r> {
    report_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    run_id: &'r str,
    timestamp: String,
    generated_by: &'static str,
    results: Results<'r>,
}

#[derive(Serialize)]
struct Results<'r> {
    tool: Tool,
    summary: Summary,
    environment: Environment<'r>,
    tests: Vec<Test<'r>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize, Default)]
struct Summary {
    tests: u64,
    passed: u64,
    failed: u64,
    skipped: u64,
    pending: u64,
    other: u64,
    flaky: u64,
    suites: u64,
    start: u64,
    stop: u64,
    duration: u64,
    extra: Beside,
}

/// What the format has no word for.
#[derive(Serialize, Default)]
struct Beside {
    verdict: &'static str,
    exit_code: Option<u8>,
    /// Tests of the list that stand for a category without tests.
    categories_without_tests: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Environment<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch_name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_environment: Option<&'r str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Test<'r> {
    name: &'r str,
    status: Status,
    duration: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<u64>,
    suite: Vec<&'r str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    trace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    raw_status: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_path: Option<&'r str>,
    retries: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    retry_attempts: Vec<Attempt>,
    flaky: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stdout: Vec<String>,
    extra: Identity<'r>,
}

/// Which test it is for Apex.
#[derive(Serialize)]
struct Identity<'r> {
    id: &'r str,
    category: &'r str,
}

#[derive(Serialize)]
struct Attempt {
    attempt: u32,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    trace: String,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Passed,
    Failed,
    Skipped,
    Pending,
    Other,
}

impl Status {
    const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed | Outcome::Flaky => Self::Passed,
            Outcome::Failed | Outcome::Errored | Outcome::TimedOut => Self::Failed,
            Outcome::Skipped | Outcome::Empty | Outcome::Cached => Self::Skipped,
            Outcome::Blocked | Outcome::Deferred | Outcome::NotRun => Self::Pending,
            Outcome::Cancelled | Outcome::Quarantined => Self::Other,
        }
    }
}

impl Summary {
    fn count(&mut self, status: Status) {
        self.tests += 1;
        match status {
            Status::Passed => self.passed += 1,
            Status::Failed => self.failed += 1,
            Status::Skipped => self.skipped += 1,
            Status::Pending => self.pending += 1,
            Status::Other => self.other += 1,
        }
    }
}

/// Writes the report.
pub(super) fn write(run: &Recorded, writer: &mut impl Write) -> io::Result<()> {
    let view = &run.view;
    let tests = tests(run);
    let summary = summary(run, &tests);
    let checkout = run.setting.checkout.as_ref();
    let environment = view.plan().request.environment.as_ref();
    let report = Report {
        report_format: "CTRF",
        spec_version: SPECIFICATION,
        run_id: run.id(),
        timestamp: timestamp(run.unix_millis()),
        generated_by: "apex",
        results: Results {
            tool: Tool { name: "apex", version: env!("CARGO_PKG_VERSION") },
            summary,
            environment: Environment {
                commit: checkout.map(|checkout| &*checkout.commit),
                branch_name: checkout.and_then(|checkout| checkout.branch.as_deref()),
                test_environment: environment.map(AsRef::as_ref),
            },
            tests,
        },
    };
    serde_json::to_writer(&mut *writer, &report)?;
    writer.write_all(b"\n")
}

fn summary(run: &Recorded, tests: &[Test<'_>]) -> Summary {
    let view = &run.view;
    let spent = millis(view.spent(view.last()));
    let mut summary = Summary {
        suites: view.categories().len() as u64,
        start: run.unix_millis(),
        stop: run.unix_millis() + spent,
        duration: spent,
        extra: Beside {
            verdict: run.end.verdict(),
            exit_code: run.end.code(),
            categories_without_tests: unshown_categories(view).count() as u64,
        },
        ..Summary::default()
    };
    for test in tests {
        summary.count(test.status);
        summary.flaky += u64::from(test.flaky);
    }
    summary
}

fn tests(run: &Recorded) -> Vec<Test<'_>> {
    let view = &run.view;
    let spans: BTreeMap<TestIx, &TestSpan> =
        run.timeline.tests.iter().map(|span| (span.test, span)).collect();
    let tests = view.tests().iter().enumerate();
    let mut rows: Vec<Test<'_>> = tests
        .map(|(position, test)| row(run, test, spans.get(&TestIx::at(position)).copied()))
        .collect();
    rows.extend(
        unshown_categories(view).map(|(planned, end)| category_row(planned.name.as_str(), end)),
    );
    rows
}

fn row<'r>(run: &'r Recorded, test: &'r TestView, span: Option<&TestSpan>) -> Test<'r> {
    let view = &run.view;
    let outcome = outcome_of(test);
    let category = category_of(view, test.job);
    let moment = |at: Moment| run.unix_millis() + millis(at.since_start());
    let place = place(test);
    Test {
        name: &test.case.name,
        status: Status::of(outcome),
        duration: test.duration.map_or(0, millis),
        start: span.map(|span| moment(span.began)),
        stop: span.map(|span| moment(span.ended)),
        suite: vec![category, &*test.case.suite],
        message: if outcome == Outcome::Passed { String::new() } else { message(view, test) },
        trace: said(test.said(), |said| &said.details),
        line: place.and_then(|(_, line)| line),
        raw_status: outcome.as_str(),
        kind: "test",
        file_path: test.case.file.as_deref(),
        retries: test.attempts.saturating_sub(1),
        retry_attempts: (1..).zip(&test.earlier).map(attempt).collect(),
        flaky: outcome == Outcome::Flaky,
        stdout: lines(&said(test.said(), |said| &said.output)),
        extra: Identity { id: &test.case.id, category },
    }
}

fn category_row<'r>(name: &'r str, end: &'r Ending) -> Test<'r> {
    Test {
        name,
        status: Status::of(end.outcome),
        duration: 0,
        start: None,
        stop: None,
        suite: vec![name],
        message: harmless(&end.reason).into_owned(),
        trace: String::new(),
        line: None,
        raw_status: end.outcome.as_str(),
        kind: "category",
        file_path: None,
        retries: 0,
        retry_attempts: Vec::new(),
        flaky: false,
        stdout: Vec::new(),
        extra: Identity { id: name, category: name },
    }
}

fn attempt((number, attempt): (u32, &AttemptView)) -> Attempt {
    Attempt {
        attempt: number,
        status: Status::of(attempt.outcome),
        duration: attempt.duration.map(millis),
        message: said(attempt.failure.as_deref(), |said| &said.message),
        trace: said(attempt.failure.as_deref(), |said| &said.details),
    }
}

fn said(failure: Option<&Failure>, which: impl Fn(&Failure) -> &String) -> String {
    failure.map_or_else(String::new, |failure| harmless(which(failure)).into_owned())
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}
