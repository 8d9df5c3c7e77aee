//! The text that the test programs of Rust print: how many tests they run, result lines as they
//! come, then a block of output for each failed test, then a summary.

use std::collections::HashMap;
use std::time::Duration;

use super::turns::Turns;
use crate::runners::text::{TEXT_LIMIT, first_line};

/// What one line said about a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Passed,
    Failed,
    /// With the reason, which may be empty.
    Ignored(String),
}

/// What a line tells of tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Began(String),
    Ended(String, Mark),
}

/// A failed test, which waits for its output.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) name: String,
    /// How long it ran, when that could be measured.
    pub(super) time: Option<Duration>,
    /// What it printed.
    pub(super) output: String,
}

/// Reads the output of one program.
#[derive(Debug, Default)]
pub(super) struct LibtestReader {
    turns: Turns,
    /// The test whose result was not on its line, because its output came between.
    open: Option<String>,
    failed: Vec<(String, Option<Duration>)>,
    blocks: HashMap<String, String>,
    block: Option<String>,
    in_failures: bool,
    /// Whether the summary was printed, so that the program came to its end.
    pub(super) has_summary: bool,
}

impl LibtestReader {
    /// A reader of a program with these tests; of any tests, when there are none.
    pub(super) fn of(turns: Turns) -> Self {
        Self { turns, ..Self::default() }
    }

    /// Takes a line; says what ended by it and what began after that.
    pub(super) fn line(&mut self, line: &str) -> Vec<Seen> {
        if let Some(count) = announced(line).filter(|_| !self.in_failures) {
            return self.turns.announced(count).iter().cloned().map(Seen::Began).collect();
        }
        let Some((name, mark)) = self.ended(line) else {
            return slow(line).map(|name| Seen::Began(name.to_owned())).into_iter().collect();
        };
        let next = self.turns.ended(&name).to_vec();
        let mut seen = vec![Seen::Ended(name, mark)];
        seen.extend(next.into_iter().map(Seen::Began));
        seen
    }

    /// Keeps a failed test until its output is known.
    pub(super) fn hold(&mut self, name: String, time: Option<Duration>) {
        self.failed.push((name, time));
    }

    fn ended(&mut self, line: &str) -> Option<(String, Mark)> {
        if line.starts_with("test result: ") {
            self.has_summary = true;
            self.block = None;
            self.in_failures = false;
            return None;
        }
        if line == "failures:" {
            self.in_failures = true;
            self.block = None;
            return None;
        }
        if self.in_failures {
            self.failure_line(line);
            return None;
        }
        self.result(line).filter(|(name, _)| self.turns.may_hold(name))
    }

    fn result(&mut self, line: &str) -> Option<(String, Mark)> {
        if let Some((name, result)) =
            line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "))
        {
            let name = bare_name(name).to_owned();
            return match mark(result) {
                Some(mark) => Some((name, mark)),
                None => {
                    self.open = Some(name);
                    None
                }
            };
        }
        let mark = self.open.as_ref().and_then(|_| mark(line.trim()))?;
        Some((self.open.take()?, mark))
    }

    fn failure_line(&mut self, line: &str) {
        let header = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" ----"));
        if let Some(name) = header.and_then(|name| name.strip_suffix(" stdout").or(Some(name))) {
            self.block = Some(bare_name(name).to_owned());
            return;
        }
        let Some(name) = &self.block else { return };
        let block = self.blocks.entry(name.clone()).or_default();
        if block.len() <= TEXT_LIMIT {
            block.push_str(line);
            block.push('\n');
        }
    }

    /// The failed tests that were held.
    pub(super) fn failures(&mut self) -> Vec<Failed> {
        let failed = std::mem::take(&mut self.failed);
        failed
            .into_iter()
            .map(|(name, time)| {
                let block = self.blocks.remove(&name).unwrap_or_default();
                Failed { name, time, output: block.trim_end().to_owned() }
            })
            .collect()
    }
}

fn mark(text: &str) -> Option<Mark> {
    let word = text.split([',', ' ']).next().unwrap_or_default();
    match word {
        "ok" => Some(Mark::Passed),
        "FAILED" => Some(Mark::Failed),
        "ignored" => {
            let reason = text.split_once(',').map_or("", |(_, reason)| reason.trim());
            Some(Mark::Ignored(reason.to_owned()))
        }
        _ => None,
    }
}

/// The number in `running 12 tests`.
fn announced(line: &str) -> Option<usize> {
    let rest = line.strip_prefix("running ")?;
    rest.strip_suffix(" tests").or_else(|| rest.strip_suffix(" test"))?.parse().ok()
}

/// The test that libtest calls slow.
fn slow(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" has been running for over 60 seconds")
}

/// The name without what libtest appends to it.
fn bare_name(name: &str) -> &str {
    let appended = [" - should panic", " - compile fail", " - compile"];
    appended.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// The names that `--list --format terse` prints.
pub(super) fn listed(line: &str) -> Option<&str> {
    line.strip_suffix(": test")
}

/// The line of a test's output that says what is wrong: the panic's message with its place.
pub(super) fn panic_message(output: &str) -> String {
    let mut lines = output.lines();
    let Some(head) =
        lines.find(|line| line.starts_with("thread '") && line.contains(" panicked at "))
    else {
        let error = output.lines().find(|line| line.starts_with("Error: "));
        return error.map_or_else(|| first_line(output), first_line);
    };
    let place = head.split(" panicked at ").nth(1).unwrap_or_default().trim_end_matches(':');
    match lines.next().map(str::trim) {
        // Before Rust 1.73 the message stood on the same line, in quotes.
        Some(message) if head.ends_with(':') && !message.is_empty() => {
            first_line(&format!("{message} ({place})"))
        }
        _ => first_line(place),
    }
}
