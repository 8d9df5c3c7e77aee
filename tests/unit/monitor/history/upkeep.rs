//! What leaves the history, what is added later, and what an older Apex left.

use std::fs;
use std::path::Path;

use apex_core::event::RunResult;
use apex_core::{Outcome, RunId, Sink, Verdict};
use apex_monitor::history::{HistoryFile, Limits, Pruned, Recorder, TakenIn};
use apex_monitor::run_dir::{Journal, RunDirectory, Runs};

use super::super::stream::{Stream, plan};
use super::{BEGINNING, HOUR, add, everything, file, name, outcomes, run};

const EVERYTHING: Limits = Limits { days: 100_000, bytes: u64::MAX };

#[test]
fn runs_that_are_too_old_leave_and_their_tests_with_them() {
    let (_state, file) = file();
    add(&file, &run("old", 0), &[("gone", Outcome::Passed), ("a", Outcome::Failed)]);
    add(&file, &run("young", 48), &[("a", Outcome::Passed)]);
    let limits = Limits { days: 1, ..EVERYTHING };
    let pruned = file.prune(&limits, BEGINNING + 49 * HOUR).unwrap();
    assert_eq!(pruned, Pruned { runs: 1, tests: 1 });
    let history = everything(&file);
    assert_eq!(history.runs, 1);
    assert_eq!(outcomes(&history, "a"), [Outcome::Passed]);
    assert_eq!(file.summary().unwrap().tests, 1);
    assert_eq!(file.prune(&limits, BEGINNING + 49 * HOUR).unwrap(), Pruned::default());
}

#[test]
fn a_history_that_is_too_large_keeps_its_newest_runs() {
    let (_state, file) = file();
    let ids: Vec<String> = (0..40).map(|number| format!("run {number}")).collect();
    let tests: Vec<String> =
        (0..200).map(|number| format!("a test of some length {number}")).collect();
    let tests: Vec<(&str, Outcome)> = tests.iter().map(|id| (&**id, Outcome::Passed)).collect();
    for (hours, id) in ids.iter().enumerate() {
        add(&file, &run(id, hours as u64), &tests);
    }
    let before = file.summary().unwrap().bytes;
    let bytes = before / 2;
    let pruned = file.prune(&Limits { bytes, ..EVERYTHING }, BEGINNING).unwrap();
    let summary = file.summary().unwrap();
    assert!(summary.bytes <= bytes, "{} of {before} are left, {bytes} allowed", summary.bytes);
    assert_eq!((pruned.runs + u32::try_from(summary.runs).unwrap(), pruned.tests), (40, 0));
    assert!(summary.runs > 5, "{summary:?}");
    assert_eq!(summary.newest_unix_millis, Some(BEGINNING + 39 * HOUR));
}

#[test]
fn the_latest_run_is_kept_however_large_it_is() {
    let (_state, file) = file();
    add(&file, &run("1", 0), &[("a", Outcome::Passed)]);
    add(&file, &run("2", 1), &[("a", Outcome::Passed)]);
    file.prune(&Limits { bytes: 0, ..EVERYTHING }, BEGINNING).unwrap();
    assert_eq!(everything(&file).runs, 1);
}

fn runs_of(state: &Path) -> Runs {
    Runs::in_state(state)
}

/// A stream of a run that passed.
fn stream() -> Stream {
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 0)])]));
    stream.job_starts(0);
    let first = stream.discover(0, &["a"]);
    stream.runs(first, Outcome::Passed);
    stream.job_ends(0, Outcome::Passed, "").finish(RunResult::default());
    stream
}

/// Makes the record of a run; of a killed one, only the first events are in it.
fn recorded(runs: &Runs, id: &str, events: usize) -> RunDirectory {
    let directory = runs.create(&RunId::new(id)).unwrap();
    let stream = stream();
    let mut journal = Journal::create(&directory).unwrap();
    let events = events.min(stream.envelopes.len());
    journal.accept(&stream.envelopes[..events], &stream.view).unwrap();
    directory
}

#[test]
fn a_run_whose_apex_was_killed_is_taken_in_once_with_what_it_had() {
    let (state, file) = file();
    let runs = runs_of(state.path());
    drop(recorded(&runs, "run-1", 7));
    let added = TakenIn { added: 1, ..TakenIn::default() };
    assert_eq!(file.catch_up(&runs).unwrap(), added);
    assert_eq!(file.catch_up(&runs).unwrap(), TakenIn::default());
    let history = everything(&file);
    assert_eq!(history.runs, 1);
    assert_eq!(outcomes(&history, "a"), [Outcome::Passed]);
    assert!(history.category(&name("unit")).unwrap().jobs.is_empty(), "its job had not ended");
}

#[test]
fn a_run_that_goes_on_is_left_alone() {
    let (state, file) = file();
    let runs = runs_of(state.path());
    let going_on = recorded(&runs, "run-1", 7);
    assert_eq!(file.catch_up(&runs).unwrap(), TakenIn::default());
    assert_eq!(file.rebuild(&runs).unwrap(), TakenIn::default());
    drop(going_on);
    assert_eq!(file.rebuild(&runs).unwrap().added, 1);
}

#[test]
fn what_was_pruned_does_not_come_back_by_itself() {
    let (state, file) = file();
    let runs = runs_of(state.path());
    drop(recorded(&runs, "run-1", usize::MAX));
    // A run of the year 2100: everything recorded today is older than the history.
    let future = super::RunRow { unix_millis: 4_102_444_800_000, ..run("2", 0) };
    add(&file, &future, &[("a", Outcome::Passed)]);
    assert_eq!(file.catch_up(&runs).unwrap(), TakenIn::default());
    assert_eq!(file.rebuild(&runs).unwrap().added, 1, "unless somebody asks for it");
}

#[test]
fn rebuilding_from_the_journal_gives_what_the_run_itself_wrote() {
    let (state, written) = file();
    let stream = stream();
    let mut recorder = Recorder::new(written.clone(), EVERYTHING);
    recorder.accept(&stream.envelopes, &stream.view).unwrap();
    recorder.close(&stream.view).unwrap();

    let runs = runs_of(state.path());
    drop(recorded(&runs, "run-1", usize::MAX));
    let other = tempfile::tempdir().unwrap();
    let rebuilt = HistoryFile::in_state(other.path());
    assert_eq!(rebuilt.rebuild(&runs).unwrap().added, 1);
    assert_eq!(everything(&rebuilt), everything(&written));
    assert_eq!(written.rebuild(&runs).unwrap().known, 1);
}

#[test]
fn a_record_without_a_beginning_is_said_and_changes_nothing() {
    let (state, file) = file();
    let runs = runs_of(state.path());
    let directory = runs.create(&RunId::new("broken")).unwrap();
    fs::write(directory.events(), "{\"schema\":").unwrap();
    drop(directory);
    assert_eq!(file.rebuild(&runs).unwrap(), TakenIn { unreadable: 1, ..TakenIn::default() });
    assert_eq!(everything(&file).runs, 0);
}

#[test]
fn a_run_that_never_began_leaves_nothing() {
    let (_state, file) = file();
    let mut recorder = Recorder::new(file.clone(), EVERYTHING);
    recorder.close(&apex_core::RunView::new()).unwrap();
    assert!(!file.path().exists());
}

/// The database that the first version made. It is never made again: whoever changes the tables
/// teaches the program to read this one.
const FIRST_VERSION: &[u8] = include_bytes!("../../../fixtures/history/v1.db");

#[test]
fn a_database_of_the_first_version_is_read_and_written_for_ever() {
    let (_state, file) = file();
    fs::write(file.path(), FIRST_VERSION).unwrap();
    let history = everything(&file);
    assert_eq!(history.runs, 2);
    assert_eq!(
        outcomes(&history, "tests/test_a.py::two"),
        [Outcome::Passed, Outcome::Passed, Outcome::Failed]
    );
    let unit = history.category(&name("unit")).unwrap();
    assert_eq!(unit.jobs.len(), 2);
    assert_eq!(unit.jobs[0].peak_memory_mb, Some(96));
    assert_eq!(unit.tests["tests/test_a.py::two"].file.as_deref(), Some("tests/test_a.py"));
    let lint = history.category(&name("lint")).unwrap();
    assert!(lint.jobs.is_empty());
    assert_eq!(lint.tests["lint"].samples[0].outcome, Outcome::TimedOut);
    let newer = super::RunRow { verdict: Some(Verdict::Failed), ..run("new", 100) };
    assert!(add(&file, &newer, &[("tests/test_a.py::two", Outcome::Failed)]));
    assert_eq!(outcomes(&everything(&file), "tests/test_a.py::two").len(), 4);
}
