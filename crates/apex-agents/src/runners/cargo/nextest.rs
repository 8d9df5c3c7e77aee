//! What `cargo nextest run --message-format libtest-json-plus` writes.
//!
//! The JSON on standard output says which test ended and what it printed, but not that a signal
//! ended it; the status lines on standard error do. A failed test is held until its status is
//! known, or the program ended. Written after what nextest 0.9.143 prints.

use std::collections::HashMap;

use apex_core::outcome::Outcome;
use serde::Deserialize;

use super::libtest::panic_message;
use crate::runners::ledger::{End, seconds};

/// What was understood of a line.
pub(super) enum Seen {
    Started(String),
    Ended(String, End),
}

#[derive(Default)]
pub(super) struct NextestReader {
    /// Failed tests that wait for their status line.
    held: HashMap<String, End>,
    /// Status of tests whose JSON has not come yet: `test aborted with signal 6: SIGABRT`.
    notes: HashMap<String, String>,
    /// The test that the status lines speak of.
    subject: Option<String>,
    /// The first line that begins with `error:`.
    pub(super) error: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    event: String,
    name: String,
    exec_time: Option<f64>,
    stdout: String,
    reason: String,
    message: String,
}

impl NextestReader {
    /// A line of standard output.
    pub(super) fn message(&mut self, line: &str) -> Option<Seen> {
        let line: Line = serde_json::from_str(line).ok()?;
        if line.kind != "test" {
            return None;
        }
        let (name, attempt) = split_attempt(&line.name);
        let name = name.to_owned();
        let outcome = match line.event.as_str() {
            "started" => return Some(Seen::Started(name)),
            "ok" if attempt > 1 => Outcome::Flaky,
            "ok" => Outcome::Passed,
            "ignored" => Outcome::Skipped,
            "failed" => Outcome::Failed,
            _ => return None,
        };
        let end = End::of(outcome, line.exec_time.and_then(seconds));
        match outcome {
            Outcome::Failed => self.failed(name, line, end),
            Outcome::Flaky => {
                Some(Seen::Ended(name, end.because(format!("passed on try {attempt}"))))
            }
            _ => Some(Seen::Ended(name, End { message: line.message, ..end })),
        }
    }

    fn failed(&mut self, name: String, line: Line, end: End) -> Option<Seen> {
        let end = End { message: panic_message(&line.stdout), details: line.stdout, ..end };
        if line.reason == "time limit exceeded" {
            let end = End { outcome: Outcome::TimedOut, ..end }
                .because("nextest ended it at its slow-timeout");
            return Some(Seen::Ended(name, end));
        }
        match self.notes.remove(&name) {
            Some(note) => Some(Seen::Ended(name, with_note(end, &note))),
            None => {
                self.held.insert(name, end);
                None
            }
        }
    }

    /// A line of standard error.
    pub(super) fn status(&mut self, line: &str) -> Option<Seen> {
        let text = line.trim();
        if self.error.is_none() && line.starts_with("error:") {
            self.error = Some(text.to_owned());
        }
        let is_end = text.starts_with("Summary [");
        let next = if is_end { None } else { Some(subject(text)?) };
        // The status of one test ends where that of the next begins.
        let before = std::mem::replace(&mut self.subject, next);
        if let Some(id) = &self.subject
            && let Some(signal) = text.strip_prefix("SIG").and_then(|rest| rest.split(' ').next())
        {
            self.notes.insert(id.clone(), format!("ended by SIG{signal} while it ran"));
        }
        before.and_then(|id| self.release(&id))
    }

    fn release(&mut self, id: &str) -> Option<Seen> {
        let end = self.held.remove(id)?;
        let note = self.notes.remove(id);
        let end = note.map_or(end.clone(), |note| with_note(end, &note));
        Some(Seen::Ended(id.to_owned(), end))
    }

    /// What was held to the end.
    pub(super) fn rest(&mut self) -> Vec<(String, End)> {
        let ids: Vec<String> = self.held.keys().cloned().collect();
        let ended = ids.iter().filter_map(|id| self.release(id));
        ended
            .filter_map(|seen| match seen {
                Seen::Ended(id, end) => Some((id, end)),
                Seen::Started(_) => None,
            })
            .collect()
    }
}

/// A test that a signal ended could not be judged.
fn with_note(end: End, note: &str) -> End {
    End { outcome: Outcome::Errored, ..end }.because(note)
}

/// `demo::it$name#2` is the second try of `demo::it$name`.
fn split_attempt(name: &str) -> (&str, u32) {
    name.rsplit_once('#')
        .and_then(|(name, attempt)| Some((name, attempt.parse().ok()?)))
        .unwrap_or((name, 1))
}

/// The id of the test in a status line: `SIGABRT [   0.004s] (5/9) demo-pack::it aborts`.
fn subject(text: &str) -> Option<String> {
    let (status, rest) = text.split_once(" [")?;
    let is_status =
        status.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ');
    let (_, rest) = rest.split_once("] ").filter(|_| is_status)?;
    let rest = rest.trim_start();
    let rest = rest
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "))
        .map_or(rest, |(_, rest)| rest);
    let (binary, test) = rest.split_once(' ')?;
    // The library of a package has the name of its package in status lines and of its target,
    // with `_`, in JSON.
    let (package, target) = match binary.split_once("::") {
        Some((package, target)) => (package, target.to_owned()),
        None => (binary, binary.replace('-', "_")),
    };
    let target = target.rsplit_once('/').map_or(target.as_str(), |(_, target)| target);
    Some(format!("{package}::{target}${test}"))
}
