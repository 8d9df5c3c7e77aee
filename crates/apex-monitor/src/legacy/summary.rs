//! The end of a run as the earlier runner showed it: failures, then the summary.

use std::fmt::Write as _;
use std::time::Duration;

use apex_core::plan::PlannedCategory;
use apex_core::view::CategoryView;
use apex_core::{Outcome, RunView};

use super::text::banner;
use super::verdict::Decision;

/// Failures that are shown one by one.
const SHOWN: usize = 20;

/// Categories without tests that have a line of their own.
const FEW: usize = 3;

/// The failures of a run: id, first line, where the output is. Empty when there are none.
#[must_use]
pub fn failure_block(view: &RunView, directory: Option<&str>) -> String {
    let failed: Vec<_> = view.failed_tests().collect();
    let mut text = String::new();
    if failed.is_empty() {
        return text;
    }
    text.push_str(&banner("FAILURES"));
    for (_, test) in failed.iter().take(SHOWN) {
        let line =
            test.said().map_or("", |failure| failure.message.lines().next().unwrap_or_default());
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "  {}", test.case.id);
        let _ = writeln!(text, "      {line}");
        if let Some(directory) = directory {
            let _ = writeln!(text, "      output: {directory}/output");
        }
    }
    if failed.len() > SHOWN {
        let _ = writeln!(text, "  and {} more", failed.len() - SHOWN);
    }
    text
}

/// The summary of a run: by category, or by layer.
#[must_use]
pub fn summary_page(view: &RunView, decision: &Decision, by_layers: bool) -> String {
    let mut text = if by_layers { of_layers(view, decision) } else { of_categories(view) };
    for name in &decision.failed_dependencies {
        let _ = writeln!(text, "Dependency failed: {name}");
    }
    let counts = view.counts();
    let with_tests = view.categories().iter().filter(|one| one.counts.discovered() > 0).count();
    let _ = writeln!(
        text,
        "Selected: {} tests in {with_tests} categories; executed: {}",
        counts.discovered(),
        counts.executed()
    );
    let word = if decision.code == 0 { "PASSED" } else { "FAILED" };
    let _ = writeln!(text, "Overall: {word}");
    if decision.code != 0 && !decision.reason.is_empty() {
        let _ = writeln!(text, "Reason: {}", decision.reason);
    }
    text
}

fn of_categories(view: &RunView) -> String {
    let mut text = banner("TEST EXECUTION SUMMARY");
    let environment = view.plan().request.environment.as_ref();
    let _ = writeln!(text, "Environment: {}", environment.map_or("test", |name| name.as_str()));
    let _ = writeln!(text, "Total Duration: {}", seconds(view.spent(view.last())));
    let ran = view.categories().iter().filter(|one| one.progress.started().is_some()).count();
    let _ = writeln!(text, "Categories Executed: {ran}");
    let _ = writeln!(text, "\nCategory Results:");
    for row in rows(view) {
        let _ = writeln!(text, "{row}");
    }
    text.push('\n');
    text
}

/// A line for each category: name, how it ended, time, numbers, and why it did not pass. Of many
/// that nobody named and that have no test, the names in one line.
fn rows(view: &RunView) -> Vec<String> {
    let is_empty = |(planned, seen): &(&PlannedCategory, &CategoryView)| {
        let outcome = seen.progress.ending().map(|end| end.outcome);
        !planned.named && outcome == Some(Outcome::Empty)
    };
    let each = || view.plan().categories.iter().zip(view.categories());
    let empty: Vec<&str> = each().filter(is_empty).map(|(one, _)| one.name.as_str()).collect();
    if empty.len() <= FEW {
        return each().map(|(planned, seen)| row(planned, seen, view)).collect();
    }
    let others = each().filter(|one| !is_empty(one));
    let mut rows: Vec<String> = others.map(|(planned, seen)| row(planned, seen, view)).collect();
    rows.push(format!("  {:<15} {}", "without tests", empty.join(", ")));
    rows
}

fn row(planned: &PlannedCategory, seen: &CategoryView, view: &RunView) -> String {
    let (word, reason) = match seen.progress.ending() {
        Some(end) => (end.outcome.as_str().to_uppercase(), end.reason.as_str()),
        None => ("not_run".to_uppercase(), ""),
    };
    let spent = seconds(seen.progress.spent(view.last()));
    let counts: Vec<String> =
        seen.counts.present().map(|(outcome, number)| format!("{number} {outcome}")).collect();
    let mut row = format!("  {:<15} {word} ({spent}) {}", planned.name.as_str(), counts.join(", "));
    if !reason.is_empty() && word != "PASSED" {
        row.push_str(&format!(" - {reason}"));
    }
    row.trim_end().to_owned()
}

fn of_layers(view: &RunView, decision: &Decision) -> String {
    let mut text = banner("TEST EXECUTION RESULTS");
    let is_good = decision.code == 0;
    let success = if is_good { "True" } else { "False" };
    let plan = view.plan();
    let ran = view.layers().iter().filter(|layer| layer.progress.started().is_some()).count();
    let behind = plan.layers.iter().filter(|layer| layer.background).count();
    let errors = view.counts().of(Outcome::Errored);
    let _ = writeln!(text, "Success: {success}");
    let _ = writeln!(text, "Duration: {}", seconds(view.spent(view.last())));
    let _ = writeln!(text, "Layers Executed: {ran}");
    let _ = writeln!(text, "Background Tasks: {}", behind + plan.handed_over.len());
    let _ = writeln!(text, "Errors: {errors}");
    for (planned, seen) in plan.layers.iter().zip(view.layers()) {
        let verdict = seen.progress.ending().map(|ending| ending.verdict);
        let passed = verdict.is_some_and(|verdict| {
            matches!(verdict, apex_core::Verdict::Passed | apex_core::Verdict::Partial)
        });
        let counts = &seen.counts;
        let _ = writeln!(text, "\n{}:", planned.id);
        let _ = writeln!(text, "  Success: {}", if passed { "True" } else { "False" });
        let _ = writeln!(text, "  Total Tests: {}", counts.discovered());
        let good = counts.of(Outcome::Passed) + counts.of(Outcome::Flaky);
        let _ = writeln!(text, "  Passed: {good}");
        let _ = writeln!(text, "  Failed: {}", counts.bad());
    }
    let _ = writeln!(text, "\nCategory Results:");
    for row in rows(view) {
        let _ = writeln!(text, "{row}");
    }
    text.push('\n');
    text
}

fn seconds(time: Duration) -> String {
    format!("{:.2}s", time.as_secs_f64())
}
