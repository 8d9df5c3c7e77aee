//! What GitHub Actions shows of a run: annotations in the log of a step, and its summary.
//!
//! Sources: "Workflow commands for GitHub Actions" (form and escapes), and its limits: ten errors
//! and ten warnings a step, a summary of 1 MiB. The ten that matter are named, those on the files
//! of the change first, and how many more there are.

use std::fmt::Write as _;

use apex_core::Outcome;
use apex_core::view::TestView;

use super::Recorded;
use super::markdown::page_within;
use super::shown::{
    broken_categories, category_of, failures, is_changed, message, place, tests_of,
};
use crate::console::words;
use crate::text::harmless;

/// Annotations of one level that GitHub shows for a step.
pub const MOST: usize = 10;

/// Bytes of the summary of a step.
pub const SUMMARY_LIMIT: usize = 1024 * 1024;

/// Characters of a message.
const MESSAGE: usize = 2_000;

/// The commands that make the annotations, a line each.
#[must_use]
pub fn annotations(run: &Recorded) -> String {
    let mut text = String::new();
    let failed = failures(run);
    let broken: Vec<_> = broken_categories(&run.view).collect();
    let room = MOST.saturating_sub(broken.len());
    for (_, test) in failed.iter().take(room) {
        annotate("error", run, test, &mut text);
    }
    for (planned, end) in broken.iter().take(MOST) {
        let title = format!("{} {}", planned.name, words::word(end.outcome));
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "::error title={}::{}", property(&title), data(&end.reason));
    }
    let mut flaky: Vec<&TestView> = tests_of(&run.view, Outcome::Flaky).collect();
    flaky.sort_by_key(|test| !is_changed(run, test));
    for test in flaky.iter().take(MOST) {
        annotate("warning", run, test, &mut text);
    }
    let more = (failed.len() + broken.len()).saturating_sub(MOST);
    if more > 0 {
        let words = words::number(more, "more failure");
        let _ =
            writeln!(text, "::notice title=Apex::and {words}; the summary of the step lists them");
    }
    text
}

/// The summary of the step: the page of Markdown, within its limit beside what is there.
#[must_use]
pub fn step_summary(run: &Recorded, written: usize) -> String {
    page_within(run, SUMMARY_LIMIT.saturating_sub(written))
}

fn annotate(level: &str, run: &Recorded, test: &TestView, text: &mut String) {
    let title = format!("{}: {}", category_of(&run.view, test.job), test.case.name);
    let mut properties = vec![format!("title={}", property(&title))];
    if let Some((file, line)) = place(test) {
        properties.insert(0, format!("file={}", property(file)));
        properties.extend(line.map(|line| format!("line={line}")));
    }
    let outcome = test.outcome().map_or("", words::word);
    let said: String = message(&run.view, test).chars().take(MESSAGE).collect();
    let said = if said.is_empty() { outcome.to_owned() } else { format!("{outcome}: {said}") };
    let _ = writeln!(text, "::{level} {}::{}", properties.join(","), data(&said));
}

/// The text of a command.
fn data(text: &str) -> String {
    harmless(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
