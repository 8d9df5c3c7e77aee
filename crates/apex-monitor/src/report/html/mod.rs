//! One page that needs nothing else: it asks for no file, no font and no server.
//!
//! What people look for first is in the page as text: the verdict, the layers against their
//! budgets, failed tests with their output. The list of all tests is data in a script element,
//! with `<` escaped; rows are made as they come into sight, so that a run of 100,000 tests opens
//! and is searched. The template escapes everything; the script makes texts, never markup.

mod data;
mod lanes;

use std::io::{self, Write};

use apex_core::view::TestView;
use apex_core::{Outcome, Verdict};
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use self::lanes::Lanes;
use super::again::commands;
use super::shown::{
    broken_categories, category_of, failures, log, message, outcome_of, place_text, slowest,
    tests_of, timestamp,
};
use super::{Recorded, STYLE};
use crate::console::words;
use crate::text::harmless;

const TEMPLATE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");

/// Where the data go in the template; nothing that is escaped can hold it.
const DATA_MARK: &str = "<!--data-->";

/// Failed tests that the page holds as text; the list of all tests has the others.
const FAILURES: usize = 100;

/// Failed tests that are shown open.
const OPEN: usize = 3;

/// Rows of the lists of slow and of flaky tests.
const ROWS: usize = 10;

#[derive(Serialize)]
struct Page<'r> {
    style: &'static str,
    script: &'static str,
    title: String,
    verdict: &'static str,
    heading: &'static str,
    meaning: &'r str,
    facts: Vec<Fact>,
    shares: Vec<Share>,
    lanes: Lanes,
    broken: Vec<Broken<'r>>,
    failures: Vec<Failed<'r>>,
    failures_left_out: usize,
    failed: usize,
    slowest: Vec<Row<'r>>,
    flaky: Vec<Row<'r>>,
    flaky_left_out: usize,
    tests: usize,
    categories: Vec<&'r str>,
    commands: Vec<String>,
    warnings: &'r [String],
    warnings_left_out: u64,
    version: &'static str,
}

#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

/// Tests of one outcome.
#[derive(Serialize)]
struct Share {
    outcome: &'static str,
    word: &'static str,
    number: u32,
    percent: f64,
}

/// A category that went wrong without a test that says so.
#[derive(Serialize)]
struct Broken<'r> {
    name: &'r str,
    outcome: &'static str,
    word: &'static str,
    reason: &'r str,
}

#[derive(Serialize)]
struct Failed<'r> {
    id: &'r str,
    category: &'r str,
    outcome: &'static str,
    word: &'static str,
    time: String,
    is_open: bool,
    message: String,
    place: Option<String>,
    log: Option<String>,
    details: String,
    output: String,
    earlier: Vec<String>,
}

#[derive(Serialize)]
struct Row<'r> {
    id: &'r str,
    category: &'r str,
    outcome: &'static str,
    note: String,
}

/// Writes the page.
pub(super) fn write(run: &Recorded, writer: &mut impl Write) -> io::Result<()> {
    let mut environment = Environment::new();
    environment.add_template("page.html", TEMPLATE).map_err(io::Error::other)?;
    let template = environment.get_template("page.html").map_err(io::Error::other)?;
    let page = template.render(Serde(page(run))).map_err(io::Error::other)?;
    let (before, after) = page.split_once(DATA_MARK).unwrap_or((&page, ""));
    writer.write_all(before.as_bytes())?;
    data::write(run, writer)?;
    writer.write_all(after.as_bytes())
}

fn page(run: &Recorded) -> Page<'_> {
    let view = &run.view;
    let failed = failures(run);
    let flaky: Vec<&TestView> = tests_of(view, Outcome::Flaky).collect();
    Page {
        style: STYLE,
        script: SCRIPT,
        title: format!("{}: {}", heading(run), words::counts(view.counts())),
        verdict: verdict(run),
        heading: heading(run),
        meaning: run.end.meaning(),
        facts: facts(run),
        shares: shares(run),
        lanes: Lanes::of(run),
        broken: broken_categories(view)
            .map(|(planned, end)| Broken {
                name: planned.name.as_str(),
                outcome: end.outcome.as_str(),
                word: words::word(end.outcome),
                reason: &end.reason,
            })
            .collect(),
        failures: failed
            .iter()
            .take(FAILURES)
            .enumerate()
            .map(|(position, (_, test))| failure(run, test, position < OPEN))
            .collect(),
        failures_left_out: failed.len().saturating_sub(FAILURES),
        failed: failed.len(),
        slowest: slowest(view, ROWS)
            .into_iter()
            .map(|(time, test)| row(run, test, words::duration(time)))
            .collect(),
        flaky: flaky
            .iter()
            .take(ROWS)
            .map(|test| row(run, test, words::number(test.attempts as usize, "attempt")))
            .collect(),
        flaky_left_out: flaky.len().saturating_sub(ROWS),
        tests: view.tests().len(),
        categories: view.plan().categories.iter().map(|planned| planned.name.as_str()).collect(),
        commands: commands(view),
        warnings: view.warnings(),
        warnings_left_out: view.warnings_left_out(),
        version: env!("CARGO_PKG_VERSION"),
    }
}

fn heading(run: &Recorded) -> &'static str {
    match run.end.verdict() {
        "passed" => "Passed",
        "failed" => "Failed",
        _ => "Unfinished",
    }
}

/// The word by which the style sheet colours the run.
fn verdict(run: &Recorded) -> &'static str {
    let has_verdict = |wanted| {
        let mut layers = run.view.layers().iter();
        layers.any(|layer| layer.progress.ending().is_some_and(|end| end.verdict == wanted))
    };
    match run.end.verdict() {
        "passed" if has_verdict(Verdict::Partial) => "partial",
        "unfinished" => "running",
        word => word,
    }
}

fn facts(run: &Recorded) -> Vec<Fact> {
    let view = &run.view;
    let request = &view.plan().request;
    let checkout = run.setting.checkout.as_ref();
    let commit = checkout.map(|checkout| {
        let short = checkout.commit.get(..10).unwrap_or(&checkout.commit);
        let changed = if checkout.is_changed == Some(true) { ", with changes" } else { "" };
        format!("{short}{changed}")
    });
    let candidates = [
        ("began", Some(timestamp(run.unix_millis()).replace('T', " ").replace('Z', " UTC"))),
        ("took", Some(words::duration(view.spent(view.last())))),
        ("mode", request.mode.as_ref().map(ToString::to_string)),
        ("environment", request.environment.as_ref().map(ToString::to_string)),
        ("branch", checkout.and_then(|checkout| checkout.branch.as_deref()).map(str::to_owned)),
        ("commit", commit),
        ("exit code", run.end.code().map(|code| code.to_string())),
        ("run", Some(run.id().to_owned())),
    ];
    let known = candidates.into_iter().filter_map(|(name, value)| Some((name, value?)));
    known.filter(|(_, value)| !value.is_empty()).map(|(name, value)| Fact { name, value }).collect()
}

fn shares(run: &Recorded) -> Vec<Share> {
    let counts = run.view.counts();
    let unsettled = counts.discovered().saturating_sub(counts.settled());
    let mut present: Vec<(Outcome, u32)> = counts.present().collect();
    if unsettled > 0 {
        // They did not run to an end, as those that were stopped did not.
        match present.iter_mut().find(|(outcome, _)| *outcome == Outcome::NotRun) {
            Some((_, number)) => *number += unsettled,
            None => present.push((Outcome::NotRun, unsettled)),
        }
    }
    let all = f64::from(counts.discovered().max(1));
    let share = |(outcome, number): (Outcome, u32)| Share {
        outcome: outcome.as_str(),
        word: words::word(outcome),
        number,
        percent: f64::from(number) / all * 100.0,
    };
    present.into_iter().map(share).collect()
}

fn failure<'r>(run: &'r Recorded, test: &'r TestView, is_open: bool) -> Failed<'r> {
    let outcome = outcome_of(test);
    let said = test.said();
    let text = |which: fn(&apex_core::test_case::Failure) -> &String| {
        said.map_or_else(String::new, |said| harmless(which(said)).trim_matches('\n').to_owned())
    };
    let earlier = (1..).zip(&test.earlier).map(|(number, attempt): (u32, _)| {
        let time = attempt
            .duration
            .map_or_else(String::new, |time| format!(" after {}", words::duration(time)));
        format!("attempt {number} {}{time}", words::word(attempt.outcome))
    });
    Failed {
        id: &test.case.id,
        category: category_of(&run.view, test.job),
        outcome: outcome.as_str(),
        word: words::word(outcome),
        time: test.duration.map_or_else(String::new, words::duration),
        is_open,
        message: message(&run.view, test),
        place: place_text(test),
        log: log(run, test),
        details: text(|said| &said.details),
        output: text(|said| &said.output),
        earlier: earlier.collect(),
    }
}

fn row<'r>(run: &'r Recorded, test: &'r TestView, note: String) -> Row<'r> {
    Row {
        id: &test.case.id,
        category: category_of(&run.view, test.job),
        outcome: outcome_of(test).as_str(),
        note,
    }
}
