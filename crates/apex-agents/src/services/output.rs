//! What a service writes: kept in a file, its last lines remembered, its lines searched.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use apex_core::event::Stream;
use regex::Regex;

use crate::process::{LineCutter, Log};
use crate::secrets::{Mask, Streams};

/// Lines that are remembered for the reason of a failure.
const TAIL_LINES: usize = 10;

/// Characters of a line that are remembered.
const TAIL_WIDTH: usize = 400;

/// The output of a service.
pub(super) struct Output {
    path: PathBuf,
    log: Log,
    log_problem: Option<String>,
    /// What it writes, without secrets.
    shown: Streams,
    stdout: LineCutter,
    stderr: LineCutter,
    tail: VecDeque<String>,
    wanted: Vec<Regex>,
}

impl Output {
    /// Output that goes to a file, without secrets; lines that match `wanted` are waited for.
    pub(super) fn into_file(path: PathBuf, wanted: Vec<Regex>, mask: &Arc<Mask>) -> Self {
        Self {
            log: Log::at(path.clone()),
            path,
            log_problem: None,
            shown: Streams::of(mask),
            stdout: LineCutter::default(),
            stderr: LineCutter::default(),
            tail: VecDeque::with_capacity(TAIL_LINES),
            wanted,
        }
    }

    /// From now on waits for lines that match these, too.
    pub(super) fn want(&mut self, wanted: Vec<Regex>) {
        self.wanted.extend(wanted);
    }

    /// Takes bytes.
    pub(super) fn take(&mut self, stream: Stream, bytes: &[u8]) {
        let Self { log, log_problem, shown, stdout, stderr, tail, wanted, .. } = self;
        let bytes = shown.one(stream).push(bytes);
        if let Err(problem) = log.write(bytes) {
            *log_problem = Some(problem);
        }
        let lines = match stream {
            Stream::Stdout => stdout,
            Stream::Stderr => stderr,
        };
        lines.push(bytes, |line| {
            wanted.retain(|pattern| !pattern.is_match(line));
            remember(tail, line);
        });
    }

    /// Takes the lines that never got their end.
    pub(super) fn finish(&mut self) {
        let Self { log, log_problem, shown, stdout, stderr, tail, .. } = self;
        for (stream, lines) in [(Stream::Stdout, &mut *stdout), (Stream::Stderr, &mut *stderr)] {
            let rest = shown.one(stream).finish();
            if let Err(problem) = log.write(rest) {
                *log_problem = Some(problem);
            }
            lines.push(rest, |line| remember(tail, line));
        }
        if let Err(problem) = log.finish() {
            *log_problem = Some(problem);
        }
        stdout.finish(|line| remember(tail, line));
        stderr.finish(|line| remember(tail, line));
    }

    /// Patterns that no line matched yet.
    pub(super) fn missing(&self) -> impl Iterator<Item = String> {
        self.wanted.iter().map(|pattern| format!("no line of its output matches `{pattern}`"))
    }

    /// Whether every wanted line was there.
    pub(super) fn has_all_wanted(&self) -> bool {
        self.wanted.is_empty()
    }

    /// The end of a reason: where the output is, and its last lines.
    pub(super) fn last_lines(&self) -> String {
        let problem = self.log_problem.as_ref().map(|text| format!("\n{text}")).unwrap_or_default();
        if self.tail.is_empty() {
            return format!("it wrote nothing{problem}");
        }
        let lines: Vec<&str> = self.tail.iter().map(String::as_str).collect();
        format!(
            "all of its output is in {}, the last lines are:\n  {}{problem}",
            self.path.display(),
            lines.join("\n  ")
        )
    }
}

fn remember(tail: &mut VecDeque<String>, line: &str) {
    if tail.len() == TAIL_LINES {
        tail.pop_front();
    }
    tail.push_back(line.chars().take(TAIL_WIDTH).collect());
}
