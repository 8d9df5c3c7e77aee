//! Export and import.

use apex_core::Outcome;
use apex_monitor::history::{HistoryError, HistoryFile, Imported};

use super::{RunRow, TestRow, add, everything, file, job, outcomes, run, test};

fn exported(file: &HistoryFile) -> String {
    let mut text = Vec::new();
    file.export(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn import(file: &HistoryFile, text: &str) -> Result<Imported, HistoryError> {
    file.import(&mut text.as_bytes())
}

/// Two runs, one of them as bare as a run can be.
fn filled() -> (tempfile::TempDir, HistoryFile) {
    let (state, file) = file();
    let tests = [
        test("unit", "a::[1, \"two\"]", Outcome::Failed),
        TestRow { attempt: 2, duration: None, ..test("unit", "a::[1, \"two\"]", Outcome::Passed) },
        TestRow { file: None, critical: true, ..test("api", "b", Outcome::Passed) },
    ];
    let jobs = [
        job("unit"),
        super::JobRow { peak_memory_mb: Some(96), outcome: Some(Outcome::TimedOut), ..job("api") },
    ];
    let inputs = vec![super::inputs("api", "d1-c1", false, true)];
    let first = RunRow { inputs, ..run("1", 1) };
    file.add(&first, jobs.into_iter(), tests.into_iter()).unwrap();
    let bare = RunRow {
        commit: None,
        branch: None,
        is_changed: None,
        environment: None,
        cores: None,
        verdict: None,
        ..run("killed", 2)
    };
    file.add(&bare, std::iter::empty(), std::iter::empty()).unwrap();
    (state, file)
}

#[test]
fn what_is_exported_and_imported_is_the_same_and_the_second_time_changes_nothing() {
    let (_state, original) = filled();
    let text = exported(&original);
    let (_state, copy) = file();
    assert_eq!(import(&copy, &text).unwrap(), Imported { added: 2, known: 0, torn: 0 });
    assert_eq!(everything(&copy), everything(&original));
    assert_eq!(exported(&copy), text);
    assert_eq!(import(&copy, &text).unwrap(), Imported { added: 0, known: 2, torn: 0 });
    assert_eq!(exported(&copy), text);
}

#[test]
fn the_lines_of_an_export_are_these() {
    let (_state, file) = filled();
    insta::assert_snapshot!(exported(&file));
}

#[test]
fn what_another_machine_learned_comes_between_the_own_runs() {
    let (_state, other) = file();
    add(&other, &run("other", 2), &[("a", Outcome::Errored), ("b", Outcome::Passed)]);
    let (_state, own) = file();
    add(&own, &run("1", 1), &[("a", Outcome::Passed)]);
    add(&own, &run("3", 3), &[("a", Outcome::Failed)]);
    import(&own, &exported(&other)).unwrap();
    let history = everything(&own);
    assert_eq!(outcomes(&history, "a"), [Outcome::Failed, Outcome::Errored, Outcome::Passed]);
    assert_eq!(outcomes(&history, "b"), [Outcome::Passed]);
}

#[test]
fn a_file_that_was_cut_off_anywhere_gives_its_whole_runs() {
    let (_state, original) = filled();
    let text = exported(&original);
    let head = text.find('\n').unwrap() + 1;
    let second_run = text.find("{\"type\":\"run\",\"run\":\"killed\"").unwrap();
    // A step that is no divisor of anything, so that cuts fall everywhere.
    for end in (head..text.len()).step_by(13) {
        let (_state, file) = file();
        let imported = import(&file, &text[..end]).unwrap();
        assert_eq!(imported.added, u32::from(end >= second_run), "cut at {end}");
        assert!(imported.torn <= 1);
        assert_eq!(everything(&file).runs, imported.added);
    }
}

#[test]
fn what_a_newer_writer_adds_is_skipped() {
    let (_state, original) = filled();
    let text = exported(&original)
        .replace(
            "{\"type\":\"test\"",
            "{\"type\":\"weather\",\"sun\":[1]}\n{\"type\":\"test\",\"colour\":7",
        )
        .replace("\"outcome\":\"failed\"", "\"outcome\":\"bewildered\"");
    let (_state, file) = file();
    assert_eq!(import(&file, &text).unwrap().added, 2);
    assert_eq!(outcomes(&everything(&file), "a::[1, \"two\"]"), [Outcome::Passed]);
}

#[test]
fn a_path_of_another_machine_is_not_taken_over() {
    let (_state, original) = filled();
    let text = exported(&original).replace("tests/test_a.py", "/home/me/test_a.py");
    let (_state, file) = file();
    import(&file, &text).unwrap();
    assert!(!exported(&file).contains("/home/me"));
}

#[test]
fn text_that_is_no_export_is_refused_with_its_line() {
    let head = "{\"type\":\"head\",\"schema\":\"apex.history/1\"}\n";
    let long = format!("{head}{}\n", "x".repeat(2_000_000));
    let cases = [
        ("", 1, "does not name it"),
        ("hello", 1, "does not name it"),
        ("hello\n", 1, "expected value"),
        ("{\"type\":\"test\"}\n", 1, "missing field"),
        ("{\"type\":\"head\",\"schema\":\"apex.history/2\"}\n", 1, "apex.history/2"),
        (&format!("{head}{{\"type\":\"run\"}}\n"), 2, "missing field"),
        (
            &format!(
                "{head}{}\n",
                r#"{"type":"job","category":"a","layer":"b","runner":"c","job":0,"attempt":1,"ended_itself":true,"duration_micros":1,"in_tests_micros":1,"tests":1,"beside":0}"#
            ),
            2,
            "belongs to no run",
        ),
        (&long, 2, "longer than"),
    ];
    for (text, line, reason) in cases {
        let (_state, file) = file();
        match import(&file, text) {
            Err(error @ HistoryError::Line { .. }) => {
                let said = error.to_string();
                assert!(said.starts_with(&format!("line {line} is not in the form")), "{said}");
                assert!(said.contains(reason), "{said}");
            }
            other => panic!("{text:.40}: {other:?}"),
        }
    }
}
