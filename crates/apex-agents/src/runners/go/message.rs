//! What the output of one test says: without Go's own lines, and the line that tells why.

use crate::runners::text::{TEXT_LIMIT, first_line};

/// Lines by which `go test -v` frames the output of tests.
const FRAMES: [&str; 8] = [
    "=== RUN",
    "=== PAUSE",
    "=== CONT",
    "=== NAME",
    "--- PASS:",
    "--- FAIL:",
    "--- SKIP:",
    "--- BENCH:",
];

/// Adds a piece of output, unless it is a line of Go's own or there is too much already.
pub(super) fn add(output: &mut String, piece: &str) {
    let line = piece.trim_start();
    if output.len() <= TEXT_LIMIT && !FRAMES.iter().any(|frame| line.starts_with(frame)) {
        output.push_str(piece);
    }
}

/// Why a test failed: the panic, else the last line that begins with a place in the source, else
/// the first line. Failures and logs look the same, and what fails a test usually says so last.
pub(super) fn failure(output: &str) -> String {
    if let Some(line) = output.lines().find(|line| line.trim_start().starts_with("panic: ")) {
        return first_line(line);
    }
    let lines: Vec<&str> = output.lines().collect();
    match lines.iter().rposition(|line| text_after_place(line).is_some()) {
        Some(at) if text_after_place(lines[at]).is_some_and(str::is_empty) => {
            format!("{} {}", lines[at].trim(), told_below(&lines[at + 1..]))
        }
        Some(at) => first_line(lines[at]),
        None => first_line(output),
    }
}

/// Why a test was skipped, without the place where it says so.
pub(super) fn skip(output: &str) -> String {
    let last = output.lines().rev().find_map(text_after_place);
    last.map_or_else(|| first_line(output), first_line)
}

/// The text of `    file_test.go:12: text`.
fn text_after_place(line: &str) -> Option<&str> {
    let (file, rest) = line.trim_start().split_once(".go:")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let is_place = digits > 0 && !file.contains(char::is_whitespace);
    rest[digits..].strip_prefix(':').filter(|_| is_place).map(str::trim)
}

/// Libraries of assertions say what is wrong below, after `Error:`.
fn told_below(lines: &[&str]) -> String {
    let error = lines.iter().find_map(|line| line.trim().strip_prefix("Error:"));
    error.map_or_else(|| first_line(&lines.join("\n")), |text| text.trim().to_owned())
}
