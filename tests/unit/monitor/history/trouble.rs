//! A history that cannot be used.

use std::fs;

use apex_core::event::RunResult;
use apex_core::{History, Outcome, Sink};
use apex_monitor::history::{HistoryError, HistoryFile, Limits, Recorder};
use rusqlite::Connection;

use super::super::stream::{Stream, plan};
use super::{add, everything, file, run};

/// What a run at its end says when it cannot write.
fn recorded(file: &HistoryFile) -> Result<(), String> {
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 0)])]));
    stream.finish(RunResult::default());
    let limits = Limits { days: 100_000, bytes: u64::MAX };
    let mut recorder = Recorder::new(file.clone(), limits);
    recorder.accept(&stream.envelopes, &stream.view).unwrap();
    recorder.close(&stream.view)
}

#[test]
fn without_a_file_nothing_is_known_and_none_is_made() {
    let (_state, file) = file();
    assert_eq!(everything(&file), History::default());
    assert_eq!(file.summary().unwrap(), apex_monitor::history::Summary::default());
    assert_eq!(file.export(&mut Vec::new()).unwrap(), 0);
    assert!(!file.path().exists());
}

#[test]
fn a_file_that_was_never_filled_is_filled() {
    let (_state, file) = file();
    fs::write(file.path(), "").unwrap();
    assert_eq!(everything(&file), History::default());
    assert!(add(&file, &run("1", 0), &[("a", Outcome::Passed)]));
}

/// Ways to damage a database, each with a name.
fn damaged() -> Vec<(&'static str, Vec<u8>)> {
    let (_state, whole) = file();
    let ids: Vec<String> = (0..300).map(|number| format!("test {number}")).collect();
    let tests: Vec<(&str, Outcome)> = ids.iter().map(|id| (&**id, Outcome::Passed)).collect();
    add(&whole, &run("1", 0), &tests);
    let bytes = fs::read(whole.path()).unwrap();
    let mut scribbled = bytes.clone();
    for page in scribbled.chunks_mut(4096).skip(1) {
        page[..64].fill(0xa5);
    }
    let other_tables = tempfile::tempdir().unwrap();
    let path = other_tables.path().join("other.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE cats (name); PRAGMA user_version = 1").unwrap();
    drop(other);
    vec![
        ("text", b"this is no database, and it is long enough to be looked at".repeat(100)),
        ("half", bytes[..bytes.len() / 2].to_vec()),
        ("scribbled", scribbled),
        ("another program's", fs::read(path).unwrap()),
        ("one with a column less", with_a_column_less()),
    ]
}

fn with_a_column_less() -> Vec<u8> {
    let (_state, file) = file();
    add(&file, &run("1", 0), &[("a", Outcome::Passed)]);
    let connection = Connection::open(file.path()).unwrap();
    connection.execute_batch("ALTER TABLE job_attempts DROP COLUMN outcome").unwrap();
    drop(connection);
    fs::read(file.path()).unwrap()
}

#[test]
fn a_damaged_history_is_told_apart_and_set_aside_and_a_new_one_begins() {
    for (what, bytes) in damaged() {
        let (state, file) = file();
        fs::write(file.path(), &bytes).unwrap();
        let error = file.read(None).expect_err(what);
        assert!(error.is_damage(), "{what}: {error}");
        assert!(error.to_string().contains("history.db"), "{what}: {error}");

        let aside = file.set_aside().unwrap_or_else(|| panic!("{what} was not set aside"));
        assert_eq!(aside, state.path().join("history.db.damaged"));
        assert_eq!(fs::read(aside).unwrap(), bytes, "{what}: it is kept as it was");
        assert_eq!(everything(&file), History::default());
        assert!(add(&file, &run("1", 0), &[("a", Outcome::Passed)]), "{what}");
    }
}

#[test]
fn a_history_that_another_process_has_begun_anew_is_not_set_aside() {
    let (_state, file) = file();
    add(&file, &run("1", 0), &[("a", Outcome::Passed)]);
    assert_eq!(file.set_aside(), None);
    assert_eq!(everything(&file).runs, 1);
}

#[test]
fn a_history_of_a_newer_apex_is_left_as_it_is() {
    let (_state, file) = file();
    add(&file, &run("1", 0), &[("a", Outcome::Passed)]);
    let newer = Connection::open(file.path()).unwrap();
    newer.execute_batch("PRAGMA user_version = 7; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(newer);
    let before = fs::read(file.path()).unwrap();
    let error = file.read(None).unwrap_err();
    assert!(matches!(error, HistoryError::Newer { found: 7, known: 2, .. }), "{error}");
    let said = recorded(&file).unwrap_err();
    assert!(said.contains("version 7") && said.contains("newer apex"), "{said}");
    assert_eq!(file.set_aside(), None);
    assert_eq!(fs::read(file.path()).unwrap(), before);
}

#[test]
fn a_history_that_another_process_holds_is_told_apart() {
    let (_state, file) = file();
    add(&file, &run("1", 0), &[("a", Outcome::Passed)]);
    let holder = Connection::open(file.path()).unwrap();
    holder.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    let error = file.read(None).unwrap_err();
    assert!(matches!(error, HistoryError::Locked { .. }), "{error}");
    let said = recorded(&file).unwrap_err();
    assert!(said.contains("held by another process") && said.contains("next run"), "{said}");
    drop(holder);
    assert_eq!(recorded(&file), Ok(()));
    assert_eq!(everything(&file).runs, 2);
}

#[test]
fn readers_do_not_wait_for_a_writer() {
    let (_state, file) = file();
    add(&file, &run("1", 0), &[("a", Outcome::Passed)]);
    let mut writer = Connection::open(file.path()).unwrap();
    let transaction = writer.transaction().unwrap();
    transaction.execute("DELETE FROM runs", []).unwrap();
    assert_eq!(everything(&file).runs, 1);
    transaction.commit().unwrap();
    assert_eq!(everything(&file).runs, 0);
}

#[test]
fn a_place_that_cannot_be_written_is_told_apart() {
    let (_state, file) = file();
    fs::create_dir(file.path()).unwrap();
    let error = file.read(None).unwrap_err();
    assert!(matches!(error, HistoryError::Denied { .. }), "{error}");
    let said = recorded(&file).unwrap_err();
    assert!(said.contains("cannot be opened") && said.contains("APEX_STATE_DIR"), "{said}");
    assert_eq!(file.set_aside(), None);

    let nowhere = HistoryFile::in_state(&file.path().join("no/such/folder"));
    assert_eq!(everything(&nowhere), History::default());
    assert!(recorded(&nowhere).is_err());
}
