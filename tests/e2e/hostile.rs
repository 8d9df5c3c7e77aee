//! Layer files that are wrong in one way each: every one is answered within seconds, by a
//! message that names the place, and never by a panic.
//!
//! The files and the table of expected answers are in `tests/fixtures/config/hostile`; files too
//! large to keep there are made here.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use apex_tests::apex::apex;
use apex_tests::watchdog::{Finished, finish_within};

/// A file of any of these sizes is read in milliseconds; the limit only catches what never ends.
const LIMIT: Duration = Duration::from_secs(10);

/// One row of the table.
struct Expectation {
    file: String,
    exit: i32,
    /// Stands somewhere in standard error, whatever its case; `None` is any text.
    text: Option<String>,
    /// The line a message points to; `None` is any place.
    line: Option<u32>,
}

#[test]
fn every_hostile_file_is_answered_as_the_table_says() {
    let folder = folder();
    let complaints: Vec<String> = expectations()
        .iter()
        .filter_map(|expected| complaint(&folder.join(&expected.file), expected))
        .collect();
    assert!(complaints.is_empty(), "{} wrong:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn every_hostile_file_has_a_row_and_every_row_a_file() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("the folder of hostile files")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a UTF-8 name"))
        .filter(|name| name != "expectations.tsv")
        .collect();
    let rows: BTreeSet<String> = expectations().into_iter().map(|row| row.file).collect();
    assert_eq!(files, rows);
}

#[test]
fn a_cycle_through_five_thousand_layers_is_found() {
    const LAYERS: usize = 5_000;
    let mut text = "apex: 1\nlayers:\n".to_owned();
    for layer in 0..LAYERS {
        let next = (layer + 1) % LAYERS;
        writeln!(
            text,
            "  l{layer}: {{execution_order: 1, dependencies: [l{next}], \
             categories: [{{name: c{layer}, command: \"true\"}}]}}"
        )
        .expect("text grows");
    }
    assert_refused(&text, "cycle");
}

#[test]
fn a_hundred_thousand_open_brackets_are_refused() {
    assert_refused(&format!("apex: 1\nlayers: {}", "[".repeat(100_000)), "");
}

#[test]
fn a_line_of_64_kib_is_not_repeated_in_full() {
    let word = "long".repeat(16 * 1024);
    let text = format!("apex: 1\nlayers:\n  a:\n    execution_mode: {word}\n");
    let answer = assert_refused(&text, "execution_mode");
    assert!(
        answer.stderr.len() < 8 * 1024,
        "the message has {} bytes: a person cannot read it",
        answer.stderr.len()
    );
}

/// Checks a file that only exists for this test; the message must hold `text`.
fn assert_refused(content: &str, text: &str) -> Finished {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = place.path().join("made.yaml");
    std::fs::write(&path, content).expect("a file in a temporary folder");
    let answer = check(&path).expect("an answer within the limit");
    assert_eq!(answer.status.code(), Some(2), "{}", answer.stderr);
    assert!(!answer.stderr.contains("panicked"), "{}", answer.stderr);
    assert!(answer.stderr.contains(text), "`{text}` is missing in:\n{}", answer.stderr);
    answer
}

/// What is wrong with the answer to one file; `None` when it is as expected.
fn complaint(path: &Path, expected: &Expectation) -> Option<String> {
    let name = &expected.file;
    let Some(answer) = check(path) else {
        return Some(format!("{name}: no answer within {LIMIT:?}"));
    };
    let stderr = &answer.stderr;
    let mut wrong = Vec::new();
    if answer.status.code() != Some(expected.exit) {
        wrong.push(format!("ended with {}, not with {}", answer.status, expected.exit));
    }
    if stderr.contains("panicked") {
        wrong.push("panicked".to_owned());
    }
    if let Some(text) = &expected.text
        && !stderr.to_lowercase().contains(&text.to_lowercase())
    {
        wrong.push(format!("`{text}` is missing"));
    }
    if let Some(line) = expected.line
        && !stderr.contains(&format!("{name}:{line}:"))
    {
        wrong.push(format!("does not point to line {line}"));
    }
    (!wrong.is_empty()).then(|| format!("{name}: {}\n{stderr}", wrong.join("; ")))
}

/// Has a file checked, in a project that holds nothing else.
fn check(path: &Path) -> Option<Finished> {
    let project = tempfile::tempdir().expect("a temporary folder");
    let mut command = apex();
    command.args(["config", "check", "--config"]).arg(path).current_dir(project.path());
    finish_within(command, LIMIT)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config/hostile")
}

fn expectations() -> Vec<Expectation> {
    let table = std::fs::read_to_string(folder().join("expectations.tsv"))
        .expect("the table of expected answers");
    table.lines().filter(|line| !line.starts_with('#')).map(expectation).collect()
}

fn expectation(row: &str) -> Expectation {
    let [file, exit, text, line] = row.split('\t').collect::<Vec<_>>()[..] else {
        panic!("a row has four columns: {row}");
    };
    Expectation {
        file: file.to_owned(),
        exit: exit.parse().expect("an exit code"),
        text: (text != "-").then(|| text.to_owned()),
        line: (line != "-").then(|| line.parse().expect("a line number")),
    }
}
