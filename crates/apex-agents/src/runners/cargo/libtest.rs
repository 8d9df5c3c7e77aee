//! The text that the test programs of Rust print: result lines as they come, then a block of
//! output for each failed test, then a summary.

use std::collections::HashMap;

use crate::runners::text::{TEXT_LIMIT, first_line};

/// What one line said about a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Passed,
    Failed,
    /// With the reason, which may be empty.
    Ignored(String),
}

/// Reads the output of one program.
#[derive(Debug, Default)]
pub(super) struct LibtestReader {
    /// The test whose result was not on its line, because its output came between.
    open: Option<String>,
    failed: Vec<String>,
    blocks: HashMap<String, String>,
    block: Option<String>,
    in_failures: bool,
    /// Whether the summary was printed, so that the program came to its end.
    pub(super) has_summary: bool,
}

impl LibtestReader {
    /// Takes a line; says which test ended by it, failed ones excepted: these are told at the end.
    pub(super) fn line(&mut self, line: &str) -> Option<(String, Mark)> {
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
        let (name, mark) = self.result(line)?;
        if mark == Mark::Failed {
            self.failed.push(name);
            return None;
        }
        Some((name, mark))
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

    /// The failed tests with what they printed, after the program ended.
    pub(super) fn failures(&mut self) -> Vec<(String, String)> {
        let failed = std::mem::take(&mut self.failed);
        failed
            .into_iter()
            .map(|name| {
                let block = self.blocks.remove(&name).unwrap_or_default();
                (name, block.trim_end().to_owned())
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
