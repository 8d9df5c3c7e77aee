//! Lines that stand in scripts and documents, looked at with `--dry-run`.

use std::collections::BTreeSet;
use std::path::Path;

use apex_tests::project::Project;
use apex_tests::watchdog::Finished;

use super::{repository, words};

const ACCEPTED: &str = include_str!("../../fixtures/legacy/accepted.txt");
const REFUSED: &str = include_str!("../../fixtures/legacy/refused.txt");

fn look(project: &Project, line: &str) -> Finished {
    let mut words = words(line);
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.insert(end, "--dry-run".to_owned());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    project.run(&words)
}

/// Every file below a folder, but for `.apex`.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_name() == ".apex" {
            continue;
        }
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.insert(entry.path().display().to_string());
        }
    }
    all
}

#[test]
fn lines_of_the_earlier_runner_are_accepted_and_write_nothing() {
    let project = repository();
    let before = files(project.root());
    let mut wrong = Vec::new();
    for line in ACCEPTED.lines() {
        let answer = look(&project, line);
        if !matches!(answer.status.code(), Some(0 | 1)) {
            wrong.push(format!("{line}: {:?} {}", answer.status, answer.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(files(project.root()), before);
}

#[test]
fn lines_that_were_never_right_are_refused_with_a_hint_and_nothing_else() {
    let project = repository();
    let mut wrong = Vec::new();
    for line in REFUSED.lines() {
        let answer = look(&project, line);
        let has_hint = answer.stderr.lines().any(|line| line.starts_with("hint: "));
        if answer.status.code() != Some(2) || !answer.stdout.is_empty() || !has_hint {
            wrong.push(format!("{line}: {:?} {}{}", answer.status, answer.stdout, answer.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn abbreviations_are_expanded_and_told_and_the_dangerous_ones_refused() {
    let project = repository();
    let told = look(&project, "--catego unit --disable");
    assert_eq!(told.status.code(), Some(2), "two rows begin like that: {}", told.stderr);
    let told = look(&project, "--resume unit --categories unit integration");
    assert!(told.stderr.contains("note: --resume read as --resume-from"), "{}", told.stderr);
    for word in ["--allow", "--staging-e", "--kill", "--install", "--update", "--rebuild"] {
        let answer = look(&project, &format!("{word} --category unit"));
        assert_eq!(answer.status.code(), Some(2), "{word}");
        assert!(answer.stderr.contains("never abbreviated"), "{word}: {}", answer.stderr);
    }
    let all = look(&project, "--all");
    assert!(all.stdout.contains("Total Categories: 21"), "{}", all.stdout);
}
