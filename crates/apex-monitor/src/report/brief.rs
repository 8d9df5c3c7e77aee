//! The few lines of a run that a coding agent or a script needs: the verdict, what failed and
//! why in a line, where the output is, and the command that runs just that again.
//!
//! Every line begins with a word that says what it is, so that it can be searched; what belongs to
//! it is indented.

use std::fmt::Write as _;

use apex_core::view::TestView;
use apex_core::{Outcome, Verdict};

use super::Recorded;
use super::again::commands;
use super::shown::{
    broken_categories, category_of, failures, log, message, outcome_of, place_text, tests_of,
};
use crate::console::words;
use crate::text::harmless_line;

/// Failed tests that are shown; the others are counted.
const FAILURES: usize = 50;

/// Flaky tests that are named; the others are counted.
const FLAKY: usize = 10;

/// Characters of a message; the output has the rest.
const MESSAGE: usize = 300;

/// The lines.
pub(super) fn text(run: &Recorded) -> String {
    let mut text = head(run);
    let failures = failures(run);
    for (_, test) in failures.iter().take(FAILURES) {
        add_failure(run, test, &mut text);
    }
    left_out(failures.len(), FAILURES, "failed test", &mut text);
    // Writing to a `String` cannot fail, here and below.
    for (planned, end) in broken_categories(&run.view) {
        let _ = writeln!(text, "{} category {}", end.outcome, planned.name);
        let _ = writeln!(text, "  {}", cut(&harmless_line(&end.reason)));
    }
    let flaky: Vec<&TestView> = tests_of(&run.view, Outcome::Flaky).collect();
    for test in flaky.iter().take(FLAKY) {
        let _ = writeln!(text, "flaky {}", harmless_line(&test.case.id));
    }
    left_out(flaky.len(), FLAKY, "flaky test", &mut text);
    for command in commands(&run.view) {
        let _ = writeln!(text, "rerun: {command}");
    }
    text
}

fn head(run: &Recorded) -> String {
    let view = &run.view;
    let code = run.end.code().map_or_else(String::new, |code| format!("exit code {code}: "));
    let spent = words::duration(view.spent(view.last()));
    let mut text = format!("verdict: {} ({code}{})\n", run.end.verdict(), run.end.meaning());
    let _ = writeln!(
        text,
        "tests: {} in {spent}, {}",
        view.counts().discovered(),
        words::counts(view.counts())
    );
    for (planned, layer) in view.plan().layers.iter().zip(view.layers()) {
        let Some(end) = layer.progress.ending().filter(|end| end.verdict != Verdict::Passed) else {
            continue;
        };
        let reason = cut(&harmless_line(&end.reason));
        let _ = writeln!(text, "layer: {} {}: {reason}", planned.id, words::verdict(end.verdict));
    }
    if let Some(directory) = &run.directory {
        let _ = writeln!(text, "record: {directory}");
    }
    text
}

fn add_failure(run: &Recorded, test: &TestView, text: &mut String) {
    let view = &run.view;
    let (outcome, id) = (outcome_of(test), harmless_line(&test.case.id));
    let category = category_of(view, test.job);
    let _ = writeln!(text, "{outcome} {id} ({category})");
    let said = message(view, test);
    if !said.is_empty() {
        let _ = writeln!(text, "  {}", cut(&said));
    }
    if let Some(place) = place_text(test) {
        let _ = writeln!(text, "  at {place}");
    }
    if let Some(log) = log(run, test) {
        let _ = writeln!(text, "  output {log}");
    }
}

fn left_out(all: usize, shown: usize, noun: &str, text: &mut String) {
    if all > shown {
        let _ = writeln!(text, "and {}", words::number(all - shown, &format!("more {noun}")));
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MESSAGE {
        return text.to_owned();
    }
    text.chars().take(MESSAGE).chain(['…']).collect()
}
