//! TAP 12 to 14, the Test Anything Protocol (testanything.org), line by line.
//!
//! Subtests are indented by four spaces and come before the point that sums them up; only their
//! leaves are tests. Lines that are not TAP are output of the tests and change nothing.

use apex_core::outcome::Outcome;

use super::reported::{Reported, ReportedTest};
use crate::runners::ledger::seconds;
use crate::runners::text::{TEXT_LIMIT, first_line};

/// Deepest nesting of subtests that is followed; deeper lines are output.
const DEPTH: usize = 16;

/// Reads a whole document.
pub(super) fn read(content: &[u8]) -> Reported {
    let mut reader = TapReader::default();
    for line in String::from_utf8_lossy(content).lines() {
        reader.line(line);
    }
    reader.finish()
}

/// Reads a document while it is written.
#[derive(Debug, Default)]
pub(super) struct TapReader {
    levels: Vec<Level>,
    /// The last point, which may still get diagnostics, with its depth.
    pending: Option<(usize, ReportedTest)>,
    /// Indent of the diagnostics that are being read.
    diagnostics: Option<usize>,
    bail_out: Option<String>,
    is_tap: bool,
}

/// One level of subtests.
#[derive(Debug, Default)]
struct Level {
    tests: Vec<ReportedTest>,
    planned: Option<u64>,
    seen: u64,
}

impl TapReader {
    /// Takes a line.
    pub(super) fn line(&mut self, line: &str) {
        let line = line.trim_end_matches('\r');
        if self.diagnostic_line(line) || self.bail_out.is_some() {
            return;
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        let (depth, content) = (indent / 4, &line[indent..]);
        if content.starts_with("---") && self.pending.is_some() {
            self.diagnostics = Some(indent);
            return;
        }
        if depth >= DEPTH || !indent.is_multiple_of(4) {
            return;
        }
        if let Some(reason) = content.strip_prefix("Bail out!") {
            self.is_tap = true;
            self.bail_out = Some(reason.trim().to_owned());
        } else if let Some(count) = plan(content) {
            self.is_tap = true;
            self.level(depth).planned = Some(count);
        } else if let Some(test) = point(content) {
            self.is_tap = true;
            self.settle();
            self.pending = Some((depth, test));
        } else if content.starts_with("TAP version ") {
            self.is_tap = true;
        }
    }

    /// Takes the line when it belongs to diagnostics.
    fn diagnostic_line(&mut self, line: &str) -> bool {
        let (Some(indent), Some((_, test))) = (self.diagnostics, &mut self.pending) else {
            return false;
        };
        let content = line.get(indent..).filter(|_| line[..indent].trim().is_empty());
        let content = content.unwrap_or_else(|| line.trim_start());
        if content.trim_end() == "..." {
            self.diagnostics = None;
            return true;
        }
        if test.details.len() <= TEXT_LIMIT {
            test.details.push_str(content);
            test.details.push('\n');
        }
        if let Some(value) = content.strip_prefix("duration_ms:") {
            let milliseconds: Option<f64> = value.trim().parse().ok();
            test.duration = milliseconds.and_then(|time| seconds(time / 1000.0));
        }
        if test.message.is_empty() && test.outcome == Some(Outcome::Failed) {
            let message =
                content.strip_prefix("message:").or_else(|| content.strip_prefix("error:"));
            let message = message.map(|message| message.trim().trim_matches(['\'', '"']));
            test.message = first_line(
                message.filter(|text| !text.starts_with(['|', '>'])).unwrap_or_default(),
            );
        }
        true
    }

    fn level(&mut self, depth: usize) -> &mut Level {
        if self.levels.len() <= depth {
            self.levels.resize_with(depth + 1, Level::default);
        }
        &mut self.levels[depth]
    }

    /// Puts the pending point into its level; points of subtests before it become its children.
    fn settle(&mut self) {
        let Some((depth, mut test)) = self.pending.take() else { return };
        self.diagnostics = None;
        let children = self.close_below(depth);
        let level = self.level(depth);
        level.seen += 1;
        if test.name.is_empty() {
            test.name = format!("test {}", level.seen);
        }
        let failed_below = children.iter().any(|child| child.outcome == Some(Outcome::Failed));
        let has_children = !children.is_empty();
        level.tests.extend(children.into_iter().map(|child| ReportedTest {
            name: format!("{} > {}", test.name, child.name),
            ..child
        }));
        if !has_children || (test.outcome == Some(Outcome::Failed) && !failed_below) {
            level.tests.push(test);
        }
    }

    /// Takes the tests of all levels below this one.
    fn close_below(&mut self, depth: usize) -> Vec<ReportedTest> {
        if self.levels.len() <= depth + 1 {
            return Vec::new();
        }
        let below = self.levels.split_off(depth + 1);
        below.into_iter().flat_map(|level| level.tests).collect()
    }

    /// The tests that are complete.
    pub(super) fn ready(&mut self) -> Reported {
        let tests = self.levels.first_mut().map(|level| std::mem::take(&mut level.tests));
        Reported { tests: tests.unwrap_or_default(), problem: None }
    }

    /// The rest, and what is wrong with the whole.
    pub(super) fn finish(&mut self) -> Reported {
        self.settle();
        let orphans = self.close_below(0);
        let level = self.level(0);
        level.tests.extend(orphans);
        let (planned, seen) = (level.planned, level.seen);
        let problem = match (&self.bail_out, planned) {
            (Some(reason), _) if reason.is_empty() => Some("the tests bailed out".to_owned()),
            (Some(reason), _) => Some(format!("the tests bailed out: {reason}")),
            (None, _) if !self.is_tap => {
                Some("not a TAP report: no plan and no test line".to_owned())
            }
            (None, Some(planned)) if planned != seen => {
                Some(format!("{planned} tests were planned and {seen} reported"))
            }
            (None, None) => Some("the plan is missing, so tests may be missing, too".to_owned()),
            _ => None,
        };
        Reported { problem, ..self.ready() }
    }
}

/// The count of a plan line, `1..4`.
fn plan(content: &str) -> Option<u64> {
    let rest = content.strip_prefix("1..")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    let after = rest[digits.len()..].trim_start();
    if after.is_empty() || after.starts_with('#') { digits.parse().ok() } else { None }
}

/// A test point, `not ok 2 - name # TODO reason`.
fn point(content: &str) -> Option<ReportedTest> {
    let (is_ok, rest) = match content.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, content.strip_prefix("ok")?),
    };
    if !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let rest = rest.trim_start();
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let (text, directive) = split_directive(rest);
    let name = text.trim().trim_start_matches("- ").trim_end_matches(['{', ' ']);
    let name = if name == "-" { "" } else { name };
    let (outcome, message) = judged(is_ok, directive);
    Some(ReportedTest {
        name: name.replace("\\#", "#").replace("\\\\", "\\"),
        outcome: Some(outcome),
        message,
        ..ReportedTest::default()
    })
}

/// The text before and after the first `#` that is not escaped.
fn split_directive(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    for (index, character) in text.char_indices() {
        match character {
            '\\' => is_escaped = !is_escaped,
            '#' if !is_escaped => return (&text[..index], text[index + 1..].trim()),
            _ => is_escaped = false,
        }
    }
    (text, "")
}

fn judged(is_ok: bool, directive: &str) -> (Outcome, String) {
    let (word, reason) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
    let word = word.to_ascii_lowercase();
    let reason = reason.trim();
    if word.starts_with("skip") {
        (Outcome::Skipped, reason.to_owned())
    } else if word.starts_with("todo") && !is_ok {
        (Outcome::Skipped, format!("to do: {reason}").trim_end_matches([':', ' ']).to_owned())
    } else if is_ok {
        (Outcome::Passed, String::new())
    } else {
        (Outcome::Failed, String::new())
    }
}
