//! One test as a `testcase`, with an element for each attempt that did not pass.
//!
//! Form: that of Surefire's `rerunFailingTestsCount`. The first failed attempt is the `failure` or
//! `error` of the case and each later one a `rerunFailure` or `rerunError`; when the test passed
//! in the end, each is a `flakyFailure` or `flakyError` instead.

use std::io::{self, Write};

use apex_core::test_case::Failure;
use apex_core::view::TestView;
use apex_core::{Outcome, RunView};
use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, Event};

use super::element::{element, seconds, write_text};
use crate::report::shown::outcome_of;
use crate::text::harmless;

/// What JUnit has for an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Passed,
    Flaky,
    Failure,
    Error,
    Skipped,
}

impl Shape {
    pub(super) const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::Passed,
            Outcome::Flaky => Self::Flaky,
            Outcome::Failed => Self::Failure,
            Outcome::Errored | Outcome::TimedOut => Self::Error,
            // What reads JUnit would let a failure decide.
            Outcome::Quarantined
            | Outcome::Cancelled
            | Outcome::Blocked
            | Outcome::Skipped
            | Outcome::Deferred
            | Outcome::NotRun
            | Outcome::Cached
            | Outcome::Empty => Self::Skipped,
        }
    }

    const fn element(self) -> Option<&'static str> {
        match self {
            Self::Passed => None,
            Self::Flaky => Some("flakyFailure"),
            Self::Failure => Some("failure"),
            Self::Error => Some("error"),
            Self::Skipped => Some("skipped"),
        }
    }
}

/// An attempt that did not pass.
#[derive(Clone, Copy)]
struct Attempt<'v> {
    outcome: Outcome,
    failure: Option<&'v Failure>,
}

impl<'v> Attempt<'v> {
    /// The latest attempt, with what the test amounts to.
    fn latest(test: &'v TestView) -> Self {
        Self { outcome: outcome_of(test), failure: test.failure.as_deref() }
    }

    /// The attempts before the latest one that count as failures.
    fn earlier(test: &'v TestView) -> impl Iterator<Item = Self> {
        let bad = test.earlier.iter().filter(|attempt| attempt.outcome.is_bad());
        bad.map(|attempt| Self { outcome: attempt.outcome, failure: attempt.failure.as_deref() })
    }

    /// The attempts in the order of their elements: first the one that the case is counted by.
    fn all_of(test: &'v TestView) -> Vec<Self> {
        let latest = Self::latest(test);
        let earlier = Self::earlier(test);
        match Shape::of(latest.outcome) {
            // A framework that tried again by itself tells one attempt, which is the flaky one.
            Shape::Flaky if !test.earlier.is_empty() => earlier.collect(),
            Shape::Skipped => std::iter::once(latest).chain(earlier).collect(),
            _ => earlier.chain([latest]).collect(),
        }
    }
}

/// What a test counts as: what it amounts to, and for one that failed again and again what its
/// first attempt was, as that is the element of the case.
pub(super) fn shape_of(test: &TestView) -> Shape {
    match Shape::of(outcome_of(test)) {
        Shape::Failure | Shape::Error => {
            Attempt::all_of(test).first().map_or(Shape::Error, |first| Shape::of(first.outcome))
        }
        shape => shape,
    }
}

/// Writes a test.
pub(super) fn write_case(
    xml: &mut Writer<impl Write>,
    view: &RunView,
    test: &TestView,
) -> io::Result<()> {
    let attributes = [("name", &*test.case.name), ("classname", &*test.case.suite)];
    let mut case = element("testcase", &attributes);
    if let Some(time) = test.duration {
        case.push_attribute(("time", seconds(time).as_str()));
    }
    if let Some(file) = &test.case.file {
        case.push_attribute(("file", &*harmless(file)));
    }
    if let Some(line) = test.case.line {
        case.push_attribute(("line", line.to_string().as_str()));
    }
    let shape = shape_of(test);
    if shape == Shape::Passed {
        return write_passed(xml, case, view, test);
    }
    xml.write_event(Event::Start(case))?;
    let attempts = Attempt::all_of(test);
    if shape == Shape::Flaky && !test.earlier.is_empty() {
        attempts
            .iter()
            .try_for_each(|attempt| write_attempt(xml, view, test, "flaky", *attempt))?;
    } else if let Some((first, rest)) = attempts.split_first() {
        let details = first.failure.map_or("", |failure| &failure.details);
        write_result(xml, first.outcome, &message(view, test, *first), details)?;
        rest.iter().try_for_each(|attempt| write_attempt(xml, view, test, "rerun", *attempt))?;
        write_output(xml, *first)?;
    }
    xml.write_event(Event::End(BytesEnd::new("testcase")))
}

/// Writes a test that passed; of one that failed in a part of its category, that too, where nobody
/// counts it.
fn write_passed(
    xml: &mut Writer<impl Write>,
    case: BytesStart<'_>,
    view: &RunView,
    test: &TestView,
) -> io::Result<()> {
    let Some(failed) = test.earlier.iter().find(|attempt| attempt.outcome.is_bad()) else {
        return xml.write_event(Event::Empty(case));
    };
    let attempt = Attempt { outcome: failed.outcome, failure: failed.failure.as_deref() };
    let note = format!(
        "depends on what runs before or beside it: it failed in a part of its category and passed \
         when all of it ran in one program\n{}",
        message(view, test, attempt)
    );
    xml.write_event(Event::Start(case))?;
    write_text(xml, BytesStart::new("system-out"), &note)?;
    xml.write_event(Event::End(BytesEnd::new("testcase")))
}

/// Writes an attempt that is not the one that the case is counted by.
fn write_attempt(
    xml: &mut Writer<impl Write>,
    view: &RunView,
    test: &TestView,
    prefix: &str,
    attempt: Attempt<'_>,
) -> io::Result<()> {
    let kind = if Shape::of(attempt.outcome) == Shape::Failure { "Failure" } else { "Error" };
    let message = message(view, test, attempt);
    let attributes = [("message", message.as_str()), ("type", attempt.outcome.as_str())];
    let start = element(&format!("{prefix}{kind}"), &attributes);
    let end = start.to_end().into_owned();
    xml.write_event(Event::Start(start.borrow()))?;
    if let Some(details) = attempt.failure.map(|said| &said.details).filter(|text| !text.is_empty())
    {
        write_text(xml, BytesStart::new("stackTrace"), details)?;
    }
    write_output(xml, attempt)?;
    xml.write_event(Event::End(end))
}

fn write_output(xml: &mut Writer<impl Write>, attempt: Attempt<'_>) -> io::Result<()> {
    match attempt.failure {
        Some(said) if !said.output.is_empty() => {
            write_text(xml, BytesStart::new("system-out"), &said.output)
        }
        _ => Ok(()),
    }
}

/// What an attempt said, or why the test has no end of its own as its job tells it.
fn message(view: &RunView, test: &TestView, attempt: Attempt<'_>) -> String {
    if let Some(failure) = attempt.failure.filter(|failure| !failure.message.is_empty()) {
        return failure.message.clone();
    }
    let word = attempt.outcome.as_str().replace('_', " ");
    let job = view.jobs().get(test.job.position()).and_then(|job| job.progress.ending());
    match job.map(|end| end.reason.as_str()) {
        Some(reason) if attempt.outcome != Outcome::Skipped && !reason.is_empty() => {
            format!("{word}: {reason}")
        }
        _ => word,
    }
}

/// Writes the element that says how a case ended.
pub(super) fn write_result(
    xml: &mut Writer<impl Write>,
    outcome: Outcome,
    message: &str,
    details: &str,
) -> io::Result<()> {
    let Some(name) = Shape::of(outcome).element() else { return Ok(()) };
    let start = element(name, &[("message", message), ("type", outcome.as_str())]);
    if details.is_empty() {
        xml.write_event(Event::Empty(start))
    } else {
        write_text(xml, start, details)
    }
}
