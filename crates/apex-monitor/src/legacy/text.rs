//! Pieces of the older texts: banners, clock times, tables behind a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use apex_core::{Outcome, RunView};

/// A title between two rules of sixty signs.
pub(super) fn banner(title: &str) -> String {
    let rule = "=".repeat(60);
    format!("{rule}\n{title}\n{rule}\n")
}

/// A time as `H:MM:SS`.
#[must_use]
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A budget as `M:SS`.
pub(super) fn budget(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// The slowest tests of a run, at most so many, as a table.
#[must_use]
pub fn slowest_tests(view: &RunView, most: usize) -> String {
    let mut timed: Vec<(Duration, &str)> =
        view.tests().iter().filter_map(|test| Some((test.duration?, &*test.case.id))).collect();
    timed.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(other.1)));
    let mut text = banner("SLOWEST TESTS");
    for (time, id) in timed.into_iter().take(most) {
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "  {:>9.3}s {id}", time.as_secs_f64());
    }
    text
}

/// The failures of a run, grouped by what they said, the largest group first; empty for a run
/// without failures. `earlier` says when a message was seen in earlier runs: first and last.
#[must_use]
pub fn failure_groups(view: &RunView) -> String {
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (_, test) in view.failed_tests() {
        let message = test.said().map_or_else(
            || test.outcome().map_or("", Outcome::as_str).to_owned(),
            |failure| failure.message.lines().next().unwrap_or_default().to_owned(),
        );
        groups.entry(message).or_default().push(&test.case.id);
    }
    if groups.is_empty() {
        return String::new();
    }
    let mut groups: Vec<(String, Vec<&str>)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
    let mut text = banner("FAILURE ANALYSIS");
    for (message, ids) in groups {
        let (first, last) = (ids[0], ids[ids.len() - 1]);
        let _ = writeln!(text, "  {} x {message}", ids.len());
        let _ = writeln!(text, "      first seen in {first}, last in {last}");
    }
    text
}
