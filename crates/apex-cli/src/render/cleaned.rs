//! What `apex clean` removed, for people.

use std::fmt::Write as _;

use super::count;
use crate::assemble::Cleaned;

/// Bytes of a mebibyte.
const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// What was removed, or would be.
pub(crate) fn cleaned(cleaned: &Cleaned, is_dry: bool) -> String {
    let mut text = String::new();
    for one in &cleaned.runs {
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "run {}: {}", one.run, one.why);
    }
    for task in &cleaned.tasks {
        let _ = writeln!(text, "background task {task}: it ended long ago");
    }
    let bytes: u64 = cleaned.runs.iter().map(|one| one.bytes).sum();
    let size = bytes as f64 / MEBIBYTE;
    let verb = if is_dry { "would be removed" } else { "removed" };
    let runs = count(cleaned.runs.len(), "run");
    let tasks = count(cleaned.tasks.len(), "background task");
    let _ = writeln!(text, "{runs} and {tasks} {verb}, {size:.1} MiB");
    text
}
