//! What came of a program that ended before it had finished: who is to blame, and what is to run
//! in further programs.

use std::sync::Arc;

use apex_core::event::ProcessEnd;
use apex_core::outcome::Outcome;
use apex_core::report::JobReport;

use super::books::{Books, Breakage};
use super::names;
use super::work::Batch;
use crate::runners::channel::place;
use crate::runners::ledger::{End, bare_case};

/// The end of a program.
pub(super) struct Death<'a> {
    pub(super) end: &'a ProcessEnd,
    /// What it was to run.
    pub(super) batch: &'a Batch,
    /// Where files are relative to.
    pub(super) folder: &'a str,
    /// Whether it loads all files before the first test.
    pub(super) loads_all_first: bool,
    /// The line that names the error.
    pub(super) said: String,
    /// The end of its error output.
    pub(super) details: String,
}

/// Blames the test that ran, else the file that was loaded. The answer is what is still to run;
/// `None` when the program never got so far that a test or a file could be blamed.
pub(super) fn after_death(
    death: &Death<'_>,
    books: &mut Books,
    reports: &mut Vec<JobReport>,
) -> Option<Vec<Batch>> {
    if books.is_untouched() {
        return unloaded(death, books, reports);
    }
    let how = how(death.end);
    let blame = End {
        details: death.details.clone(),
        ..End::of(Outcome::Errored, None).because(format!("{how} while it ran"))
    };
    let culprits = books.ledger.end_running(&blame, reports);
    let file = books.file_at_work().cloned()?;
    if culprits == 0 {
        let message = format!("{how} while it was at work: {}", death.said);
        let details = death.details.clone();
        books.break_file(Breakage { file: &file, folder: death.folder, message, details }, reports);
        return Some(rest_of(death, books, &file));
    }
    let mut rest = rest_of(death, books, &file);
    rest.extend(rest_of_file(death, books, &file));
    Some(rest)
}

/// A framework that loads all files first died on one of them: halves of the files tell which.
fn unloaded(
    death: &Death<'_>,
    books: &mut Books,
    reports: &mut Vec<JobReport>,
) -> Option<Vec<Batch>> {
    let Batch { files, names, .. } = death.batch;
    if !death.loads_all_first || files.is_empty() {
        return None;
    }
    if let [file] = files.as_slice() {
        let message = death.said.clone();
        let details = death.details.clone();
        books.break_file(Breakage { file, folder: death.folder, message, details }, reports);
        return Some(Vec::new());
    }
    let halves = files.chunks(files.len().div_ceil(2));
    let batch = |half: &[String]| Batch {
        files: half.to_vec(),
        names: names.clone(),
        suspects: Vec::new(),
    };
    Some(halves.map(batch).collect())
}

/// The files that had not ended, without the one at work.
fn rest_of(death: &Death<'_>, books: &Books, at_work: &str) -> Vec<Batch> {
    let is_left = |file: &&String| books.is_open(file) && *file != at_work;
    let files: Vec<String> = death.batch.files.iter().filter(is_left).cloned().collect();
    if files.is_empty() {
        return Vec::new();
    }
    vec![Batch { files, names: death.batch.names.clone(), suspects: Vec::new() }]
}

/// The tests of the file at work that had not begun, by name.
fn rest_of_file(death: &Death<'_>, books: &Books, file: &str) -> Option<Batch> {
    if !books.is_open(file) {
        return None;
    }
    let id = place(death.folder, file);
    let is_of_file = |test: &&Arc<str>| names::file_of(test) == &*id;
    let ended = books.ledger.ended();
    let names = names::except(ended.iter().filter(is_of_file).map(|test| &**test))?;
    Some(Batch { files: vec![file.to_owned()], names: Some(names), suspects: Vec::new() })
}

/// The process of a file died, its framework went on, and nobody knows which of its tests did it.
/// A single one that is left is to blame; of several each half runs again. The answer is what is
/// to run.
pub(super) fn narrowed(
    batch: &Batch,
    why: &str,
    books: &mut Books,
    reports: &mut Vec<JobReport>,
) -> Vec<Batch> {
    let blame = End::of(Outcome::Errored, None).because(format!("its process died: {why}"));
    let culprits = books.ledger.end_running(&blame, reports);
    let mut again = Vec::new();
    for file in books.cut_off() {
        let mut lost = books.open_tests(&file);
        lost.retain(|id| batch.suspects.is_empty() || batch.suspects.contains(id));
        if let ([one], 0) = (lost.as_slice(), culprits) {
            books.ledger.end(bare_case(one, &file), blame.clone(), reports);
            continue;
        }
        let size = if culprits > 0 { lost.len() } else { lost.len().div_ceil(2) };
        again.extend(lost.chunks(size.max(1)).map(|part| Batch {
            files: vec![file.clone()],
            names: names::only(part.iter().map(|id| &**id)),
            suspects: part.to_vec(),
        }));
    }
    again
}

fn how(end: &ProcessEnd) -> String {
    match end {
        ProcessEnd::Exited(code) => format!("ended the process with exit code {code}"),
        ProcessEnd::Signalled(signal) => format!("killed by signal {signal}"),
        ProcessEnd::NotStarted(why) => why.clone(),
    }
}
