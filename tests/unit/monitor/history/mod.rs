//! The history across runs: what goes in comes out, whatever happens to the file.

mod exchange;
mod learning;
mod trouble;
mod upkeep;

use std::time::Duration;

use apex_config::model::CategoryName;
use apex_core::Outcome;
use apex_core::history::TestHistory;
use apex_core::{History, Verdict};
use apex_monitor::history::{HistoryFile, InputsRow, JobRow, RunRow, TestRow};
use tempfile::TempDir;

/// When the first run of these tests began.
const BEGINNING: u64 = 1_790_000_000_000;

const HOUR: u64 = 60 * 60 * 1000;

/// A history of its own.
fn file() -> (TempDir, HistoryFile) {
    let state = tempfile::tempdir().unwrap();
    let file = HistoryFile::in_state(state.path());
    (state, file)
}

/// A run that began this many hours after the first.
fn run(id: &str, hours: u64) -> RunRow<'_> {
    RunRow {
        run: id,
        unix_millis: BEGINNING + hours * HOUR,
        commit: Some("c0ffee"),
        branch: Some("main"),
        is_changed: Some(false),
        environment: Some("test"),
        cores: Some(8),
        slots: 4,
        verdict: Some(Verdict::Passed),
        duration: Duration::from_millis(1234),
        inputs: Vec::new(),
        cuttings: Vec::new(),
    }
}

fn inputs<'a>(
    category: &'a str,
    fingerprint: &'a str,
    is_sample: bool,
    passed: bool,
) -> InputsRow<'a> {
    InputsRow { category, fingerprint, is_sample, passed }
}

fn job(category: &str) -> JobRow<'_> {
    JobRow {
        category,
        layer: "fast",
        runner: "pytest",
        job: 0,
        attempt: 1,
        ended_itself: true,
        duration: Duration::from_millis(900),
        in_tests: Duration::from_millis(700),
        tests: 2,
        peak_memory_mb: None,
        beside: 1,
        outcome: None,
    }
}

fn test<'a>(category: &'a str, id: &'a str, outcome: Outcome) -> TestRow<'a> {
    TestRow {
        category,
        id,
        file: Some("tests/test_a.py"),
        critical: false,
        job: 0,
        attempt: 1,
        outcome,
        duration: Some(Duration::from_micros(12_345)),
    }
}

/// Adds a run of category `unit` in which each test had one attempt.
fn add(file: &HistoryFile, run: &RunRow<'_>, tests: &[(&str, Outcome)]) -> bool {
    let tests = tests.iter().map(|(id, outcome)| test("unit", id, *outcome));
    file.add(run, std::iter::once(job("unit")), tests).unwrap()
}

fn name(text: &str) -> CategoryName {
    CategoryName::new(text).unwrap()
}

fn everything(file: &HistoryFile) -> History {
    file.read(None).unwrap()
}

/// The past of a test of category `unit`.
fn past_of(history: &History, id: &str) -> TestHistory {
    history.test(&name("unit"), id).cloned().unwrap_or_default()
}

/// How the attempts of a test of category `unit` ended, the latest first.
fn outcomes(history: &History, id: &str) -> Vec<Outcome> {
    past_of(history, id).samples.iter().map(|sample| sample.outcome).collect()
}
