//! The record of runs on disk.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime};

use apex_core::view::RunState;
use apex_core::{AttemptNumber, JobIx, RunId, Sink};
use apex_monitor::run_dir::{
    Journal, JournalError, JournalReader, Kept, Removal, RunDirectory, Runs, output_log_name,
    read_view,
};
use tempfile::TempDir;

use super::stream::{Stream, plan};
use super::wire::every_event;

fn runs() -> (TempDir, Runs) {
    let state = tempfile::tempdir().unwrap();
    let runs = Runs::in_state(&state.path().join(".apex"));
    (state, runs)
}

fn id(text: &str) -> RunId {
    RunId::new(text)
}

fn journal_of(directory: &RunDirectory, stream: &Stream) {
    let mut journal = Journal::create(directory).unwrap();
    for batch in stream.envelopes.chunks(5) {
        journal.accept(batch, &stream.view).unwrap();
    }
    journal.close(&stream.view).unwrap();
}

#[test]
fn a_run_directory_has_its_places_and_is_ignored_by_git() {
    let (state, runs) = runs();
    let directory = runs.create(&id("1")).unwrap();
    assert_eq!(directory.path(), state.path().join(".apex/runs/1"));
    assert_eq!(fs::read_to_string(state.path().join(".apex/.gitignore")).unwrap(), "*\n");
    assert!(directory.path().join("output").is_dir());
    let name = output_log_name("unit", JobIx(3), AttemptNumber(2));
    assert_eq!(name, "output/unit-3-2.log");
    let log = directory.output_log("unit", JobIx(3), AttemptNumber(2));
    assert_eq!(log, directory.path().join(name));
}

#[test]
fn a_gitignore_of_the_user_is_left_alone() {
    let (state, runs) = runs();
    fs::create_dir_all(state.path().join(".apex")).unwrap();
    fs::write(state.path().join(".apex/.gitignore"), "runs\n").unwrap();
    runs.create(&id("1")).unwrap();
    assert_eq!(fs::read_to_string(state.path().join(".apex/.gitignore")).unwrap(), "runs\n");
}

#[test]
fn a_run_gets_its_directory_once() {
    let (_state, runs) = runs();
    runs.create(&id("1")).unwrap();
    assert_eq!(runs.create(&id("1")).unwrap_err().kind(), ErrorKind::AlreadyExists);
}

#[test]
fn a_run_id_never_leads_out_of_the_folder() {
    let (_state, runs) = runs();
    for text in ["", ".", "..", "../x", "a/b", "/etc"] {
        assert_eq!(runs.create(&id(text)).unwrap_err().kind(), ErrorKind::InvalidInput, "{text}");
        assert_eq!(runs.open(&id(text)).unwrap_err().kind(), ErrorKind::InvalidInput, "{text}");
    }
}

#[test]
fn a_run_that_is_not_there_is_said_by_its_path() {
    let (_state, runs) = runs();
    let error = runs.open(&id("7")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("runs/7"), "{error}");
}

#[test]
fn the_newest_run_comes_first() {
    let (_state, runs) = runs();
    assert_eq!(runs.newest().unwrap(), None);
    for name in ["20", "10", "30"] {
        runs.create(&id(name)).unwrap();
    }
    assert_eq!(runs.list().unwrap(), [id("30"), id("20"), id("10")]);
    assert_eq!(runs.newest().unwrap(), Some(id("30")));
}

/// The newest so many runs, whatever their age and size.
fn kept(runs: usize) -> Kept {
    Kept { runs, age: Duration::from_secs(3_600), bytes: None }
}

/// What is removed now, for real.
fn removed(runs: &Runs, kept: Kept) -> Vec<RunId> {
    removed_at(runs, kept, SystemTime::now(), &HashSet::new(), false)
}

fn removed_at(
    runs: &Runs,
    kept: Kept,
    now: SystemTime,
    needed: &HashSet<RunId>,
    is_dry: bool,
) -> Vec<RunId> {
    let removal = Removal { kept, now, needed, is_dry };
    runs.remove(&removal).unwrap().into_iter().map(|one| one.run).collect()
}

#[test]
fn old_and_large_runs_are_removed_but_those_that_are_pinned_or_needed() {
    let (_state, runs) = runs();
    for name in ["1", "2", "3", "4", "5"] {
        let run = runs.create(&id(name)).unwrap();
        std::fs::write(run.events(), vec![b' '; 1_000]).unwrap();
    }
    runs.open(&id("2")).unwrap().pin(true).unwrap();
    let (now, nobody) = (SystemTime::now(), HashSet::new());
    let later = now + Duration::from_secs(7_200);
    let needed = HashSet::from([id("3")]);
    assert_eq!(removed_at(&runs, kept(9), now, &nobody, true), []);
    let old = removed_at(&runs, kept(9), later, &needed, true);
    assert_eq!(old, [id("5"), id("4"), id("1")], "all are older than an hour");
    let small = Kept { bytes: Some(2_500), ..kept(9) };
    assert_eq!(removed_at(&runs, small, now, &nobody, true), [id("3"), id("1")]);
    assert_eq!(runs.list().unwrap().len(), 5, "it was only said");
    assert_eq!(removed_at(&runs, small, now, &needed, false), [id("1")]);
    runs.open(&id("2")).unwrap().pin(false).unwrap();
    assert_eq!(removed_at(&runs, small, now, &needed, false), [id("2")]);
    assert_eq!(runs.list().unwrap(), [id("5"), id("4"), id("3")]);
}

#[test]
fn only_old_runs_that_are_not_going_on_are_removed() {
    let (_state, runs) = runs();
    let oldest = runs.create(&id("1")).unwrap();
    for name in ["2", "3", "4"] {
        drop(runs.create(&id(name)).unwrap());
    }
    assert!(runs.open(&id("1")).unwrap().is_running().unwrap());
    assert!(!runs.open(&id("2")).unwrap().is_running().unwrap());
    assert_eq!(removed(&runs, kept(2)), [id("2")]);
    assert_eq!(runs.list().unwrap(), [id("4"), id("3"), id("1")]);
    drop(oldest);
    assert_eq!(removed(&runs, kept(2)), [id("1")]);
}

#[test]
fn a_journal_read_back_gives_the_same_view() {
    let (_state, runs) = runs();
    let directory = runs.create(&id("1")).unwrap();
    let stream = every_event();
    journal_of(&directory, &stream);
    let view = read_view(&directory).unwrap();
    assert_eq!(format!("{view:?}"), format!("{:?}", stream.view));
}

#[test]
fn a_journal_is_never_written_over() {
    let (_state, runs) = runs();
    let directory = runs.create(&id("1")).unwrap();
    Journal::create(&directory).unwrap();
    assert!(Journal::create(&directory).is_err());
}

#[test]
fn a_journal_that_was_torn_at_any_byte_gives_the_whole_lines_before() {
    let (_state, runs) = runs();
    let directory = runs.create(&id("1")).unwrap();
    let stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    journal_of(&directory, &stream);
    let mut bytes = fs::read(directory.events()).unwrap();
    let whole = bytes.len();
    bytes.extend_from_slice(
        br#"{"schema":"apex.event/1","seq":1,"at":1.0,"type":"warning","text":"x"}"#,
    );
    for end in whole..=bytes.len() {
        fs::write(directory.events(), &bytes[..end]).unwrap();
        let mut reader = JournalReader::open(&directory.events()).unwrap();
        let events: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
        assert_eq!(events, stream.envelopes);
        assert_eq!(reader.is_torn(), end > whole);
    }
}

#[test]
fn damage_before_the_end_is_an_error_with_its_line() {
    let (_state, runs) = runs();
    let directory = runs.create(&id("1")).unwrap();
    journal_of(&directory, &Stream::of(plan(&[])));
    let mut text = fs::read_to_string(directory.events()).unwrap();
    text.push_str("{\"schema\":\"apex.event/1\",\"seq\":1,\"at\":1.0,\"type\":\"moon.rose\"}\n");
    text.push_str("{\"schema\":\"apex\n");
    fs::write(directory.events(), text).unwrap();
    let error = read_view(&directory).unwrap_err();
    assert!(matches!(error, JournalError::Line { line: 3, .. }), "{error}");
}

#[test]
fn a_missing_journal_is_an_error_with_its_path() {
    let (_state, runs) = runs();
    let error = read_view(&runs.create(&id("1")).unwrap()).unwrap_err().to_string();
    assert!(error.contains("events.jsonl"), "{error}");
}

#[test]
fn run_directories_of_the_first_version_are_read_for_ever() {
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/runs/v1");
    let directory = RunDirectory::at(&old).unwrap();
    let view = read_view(&directory).unwrap();
    assert!(matches!(view.state(), RunState::Finished { .. }));
    assert_eq!(directory.read_plan().unwrap(), **view.plan());
    assert!(!directory.is_running().unwrap());
    let summary = fs::read(directory.summary()).unwrap();
    let summary: apex_monitor::summary::Summary = serde_json::from_slice(&summary).unwrap();
    assert_eq!((summary.run.as_str(), summary.exit_code), ("run-1", 1));
    assert_eq!(fs::read_dir(&old).unwrap().count(), 3, "reading writes nothing");
}

#[test]
fn a_plan_is_written_and_read() {
    let (_state, runs) = runs();
    let directory = runs.create(&id("1")).unwrap();
    let plan = plan(&[("fast", 60, &[("unit", 0)])]);
    directory.write_plan(&plan).unwrap();
    assert_eq!(directory.read_plan().unwrap(), plan);
}
