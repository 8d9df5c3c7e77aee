//! What is said at the end of a run.

use std::time::Duration;

use apex_core::plan::{CategoryWork, Sparing};
use apex_core::view::{Ending, ServiceState};
use apex_core::{CategoryIx, JobIx, Moment, Outcome, RunView, Verdict};

use super::failure::{self, Place};
use super::line::{Label, Line, Style};
use super::{quarantine, rerun, words};
use crate::exit::ExitStatus;
use crate::text::harmless_line;

/// Failed tests that are listed.
const FAILED: usize = 20;

/// Flaky tests that are named.
const FLAKY: usize = 10;

/// Categories that did not run, or have no tests, and are named.
const UNRUN: usize = 20;

/// Tests that did not run for want of time and are named.
const NAMED: usize = 3;

/// Columns that a reason may take; the category's own line said it in full.
const REASON_COLUMNS: usize = 400;

/// The lines of the summary.
pub(super) fn lines(view: &RunView, exit: &ExitStatus, place: Place<'_>) -> Vec<Line> {
    let now = view.last();
    let mut lines = vec![Line::new()];
    lines.extend(layer_lines(view, now, place.style));
    lines.extend(failed_lines(view, place));
    lines.extend(flaky_lines(view));
    lines.extend(quarantine::lines(view));
    lines.extend(unrun_lines(view, place.style));
    lines.extend(left_out_line(view));
    lines.extend(out_of_time_line(view));
    lines.extend(empty_line(view));
    lines.extend(spared_lines(view));
    lines.extend(service_line(view));
    lines.push(totals_line(view));
    lines.extend(record_line(exit, place.run_directory));
    lines.extend(rerun::lines(view));
    lines.push(verdict_line(view, exit, now));
    lines
}

fn layer_lines(view: &RunView, now: Moment, style: Style) -> Vec<Line> {
    let planned = &view.plan().layers;
    let longest = planned.iter().map(|layer| layer.id.as_str().len()).max().unwrap_or(0);
    let layers = planned.iter().zip(view.layers());
    layers
        .flat_map(|(planned, layer)| {
            let (label, verdict) = match layer.progress.ending() {
                Some(end) => (words::label_of_verdict(end.verdict), words::verdict(end.verdict)),
                None => (Label::Bad, "unfinished"),
            };
            let mut line = Line::new()
                .with(Label::Strong, format!("{:<longest$}", planned.id.as_str()))
                .with(label, format!("  {verdict:<11}"))
                .text(format!("  {}", words::counts(&layer.counts)));
            if layer.progress.started().is_some() {
                line.push(Label::Faint, time(planned.budget, layer.progress.spent(now)));
            }
            // Of a layer in which nothing ran, the verdict says it all.
            let ending = layer.progress.ending().filter(|end| end.verdict != Verdict::Empty);
            let reason = ending.map_or("", |end| words::first_line(&end.reason));
            let reason = (!reason.is_empty()).then(|| Line::new().text(format!("    {reason}")));
            let lines = [Some(line), reason].into_iter().flatten();
            lines.map(move |line| line.cut(REASON_COLUMNS, style))
        })
        .collect()
}

fn time(budget: Option<Duration>, spent: Duration) -> String {
    let Some(budget) = budget.filter(|budget| !budget.is_zero()) else {
        return format!("  {}", words::duration(spent));
    };
    let percent = 100.0 * spent.as_secs_f64() / budget.as_secs_f64();
    format!("  {} of {} ({percent:.0}%)", words::duration(spent), words::duration(budget))
}

fn failed_lines(view: &RunView, place: Place<'_>) -> Vec<Line> {
    let all = view.failed_tests().count();
    if all == 0 {
        return Vec::new();
    }
    let mut lines =
        vec![Line::new(), heading(&format!("{} that did not pass", words::number(all, "test")))];
    for (_, test) in view.failed_tests().take(FAILED) {
        let outcome = test.outcome().unwrap_or(Outcome::Errored);
        lines.push(Line::new().text("  ").join(failure::headline(view, test, outcome)));
        if let Some(message) = failure::message(view, test) {
            let line = Line::new().text(format!("      {message}"));
            lines.push(line.cut(REASON_COLUMNS, place.style));
        }
        if let Some(path) = failure::output_path(view, test, place.run_directory) {
            lines.push(Line::new().with(Label::Faint, format!("      {path}")));
        }
    }
    if all > FAILED {
        lines.push(Line::new().text(format!("  and {} more", all - FAILED)));
    }
    lines
}

/// Tests that passed only when they were tried again: green, and worth a look.
fn flaky_lines(view: &RunView) -> Vec<Line> {
    let all = view.counts().of(Outcome::Flaky) as usize;
    if all == 0 {
        return Vec::new();
    }
    let title = format!("{} that passed only when tried again", words::number(all, "test"));
    let mut lines = vec![Line::new(), heading(&title)];
    let flaky = view.tests().iter().filter(|test| test.outcome() == Some(Outcome::Flaky));
    for test in flaky.take(FLAKY) {
        let mut line = Line::new().text("  ").join(failure::headline(view, test, Outcome::Flaky));
        if let Some(message) = failure::message(view, test) {
            line.push(Label::Plain, format!(": {message}"));
        }
        lines.push(line);
    }
    if all > FLAKY {
        lines.push(Line::new().text(format!("  and {} more", all - FLAKY)));
    }
    lines
}

/// Categories whose end no failed test explains.
fn unrun_lines(view: &RunView, style: Style) -> Vec<Line> {
    let unrun: Vec<(CategoryIx, &Ending)> =
        endings(view).filter(|(category, end)| is_unexplained(view, *category, end)).collect();
    if unrun.is_empty() {
        return Vec::new();
    }
    let title = format!("{} did not run to an end", words::number(unrun.len(), "category"));
    let mut lines = vec![Line::new(), heading(&title)];
    for (category, end) in unrun.iter().take(UNRUN) {
        let mut line = Line::new()
            .text("  ")
            .with(Label::Strong, words::category_name(view, *category).to_owned())
            .text(": ")
            .with(words::label_of(end.outcome), words::word(end.outcome));
        if !end.reason.is_empty() {
            line.push(Label::Plain, format!(": {}", words::first_line(&end.reason)));
        }
        lines.push(line.cut(REASON_COLUMNS, style));
    }
    if unrun.len() > UNRUN {
        lines.push(Line::new().text(format!("  and {} more", unrun.len() - UNRUN)));
    }
    lines
}

fn endings(view: &RunView) -> impl Iterator<Item = (CategoryIx, &Ending)> {
    let categories = view.categories().iter().enumerate();
    categories.filter_map(|(position, category)| {
        category.progress.ending().map(|end| (CategoryIx::at(position), end))
    })
}

/// Categories without tests, in one line: a project rarely has tests of every category.
fn empty_line(view: &RunView) -> Option<Line> {
    let mut names: Vec<String> = endings(view)
        .filter(|(_, end)| end.outcome == Outcome::Empty)
        .map(|(category, _)| words::category_name(view, category).to_owned())
        .collect();
    if names.is_empty() {
        return None;
    }
    if names.len() > UNRUN {
        let left = names.split_off(UNRUN).len();
        names.push(format!("and {left} more"));
    }
    Some(Line::new().with(Label::Faint, format!("Without tests: {}", names.join(", "))))
}

/// Categories that no change concerns, in one line for each way to know it.
fn spared_lines(view: &RunView) -> Vec<Line> {
    let named = |sparing: Sparing, title: &str| {
        let names: Vec<&str> = view
            .plan()
            .categories
            .iter()
            .filter(|it| matches!(it.work, CategoryWork::Spared { by, .. } if by == sparing))
            .map(|it| it.name.as_str())
            .collect();
        (!names.is_empty())
            .then(|| Line::new().with(Label::Faint, format!("{title}: {}", names.join(", "))))
    };
    let cached = named(Sparing::Cached, "Cached, passed before with the same inputs");
    let unaffected = named(Sparing::Unaffected, "Unaffected, no input changed");
    cached.into_iter().chain(unaffected).collect()
}

fn is_unexplained(view: &RunView, category: CategoryIx, end: &Ending) -> bool {
    let bad = view.categories().get(category.position()).map_or(0, |it| it.counts.bad());
    let planned = view.plan().categories.get(category.position());
    if planned.is_some_and(|planned| matches!(planned.work, CategoryWork::Spared { .. })) {
        return false;
    }
    match end.outcome {
        Outcome::Passed
        | Outcome::Flaky
        | Outcome::Quarantined
        | Outcome::Cached
        | Outcome::Empty => false,
        outcome => !outcome.is_bad() || bad == 0,
    }
}

/// Jobs that a budget left out of categories that did run; a category that was left out as a whole
/// has a line of its own.
fn left_out_line(view: &RunView) -> Option<Line> {
    let is_whole = |category: CategoryIx| {
        let ending = view.categories().get(category.position())?.progress.ending();
        ending.map(|end| end.outcome == Outcome::Deferred)
    };
    let left: Vec<&Ending> = view
        .jobs()
        .iter()
        .enumerate()
        .filter_map(|(position, job)| Some((JobIx::at(position), job.progress.ending()?)))
        .filter(|(_, end)| end.outcome == Outcome::Deferred)
        .filter(|(job, _)| view.category_of(*job).and_then(is_whole) == Some(false))
        .map(|(_, end)| end)
        .collect();
    let first = left.first()?;
    let what = format!("{} deferred", words::number(left.len(), "job"));
    Some(Line::new().with(Label::Caution, what).text(format!(": {}", first.reason)))
}

/// Tests that were known and did not run, or not to an end, where a budget was used up.
fn out_of_time_line(view: &RunView) -> Option<Line> {
    let left: Vec<&str> = view
        .tests()
        .iter()
        .filter(|test| {
            matches!(test.outcome(), Some(Outcome::NotRun | Outcome::Deferred | Outcome::Cancelled))
        })
        .filter(|test| view.category_of(test.job).is_some_and(|it| is_out_of_time(view, it)))
        .map(|test| &*test.case.id)
        .collect();
    if left.is_empty() {
        return None;
    }
    let mut names: Vec<String> = left.iter().take(NAMED).map(|id| harmless_line(id)).collect();
    if left.len() > NAMED {
        names.push(format!("and {} more", left.len() - NAMED));
    }
    let what = format!("{} did not run for want of time", words::number(left.len(), "test"));
    Some(Line::new().with(Label::Caution, what).text(format!(": {}", names.join(", "))))
}

fn is_out_of_time(view: &RunView, category: CategoryIx) -> bool {
    let layer = view.plan().categories.get(category.position()).map(|category| category.layer);
    let layer = layer.and_then(|layer| view.layers().get(layer.position()));
    view.is_budget_exceeded() || layer.is_some_and(|layer| layer.budget_exceeded.is_some())
}

fn service_line(view: &RunView) -> Option<Line> {
    let planned = view.plan().services.iter();
    let notes: Vec<String> = planned
        .zip(view.services())
        .map(|(planned, service)| {
            let word = match &service.state {
                ServiceState::Failed { .. } => "failed",
                _ if service.was_ready => "was ready",
                ServiceState::Waiting => "not started",
                _ => "never ready",
            };
            format!("{} {word}", planned.label())
        })
        .collect();
    (!notes.is_empty()).then(|| Line::new().text(format!("Services: {}", notes.join(", "))))
}

fn totals_line(view: &RunView) -> Line {
    let counts = view.counts();
    Line::new().text(format!(
        "Selected: {} in {}; executed: {}",
        words::number(counts.discovered() as usize, "test"),
        words::number(view.categories().len(), "category"),
        counts.executed()
    ))
}

/// Where to read on when something was wrong.
fn record_line(exit: &ExitStatus, run_directory: Option<&str>) -> Option<Line> {
    let directory = run_directory.filter(|_| !exit.is_success())?;
    Some(Line::new().with(Label::Faint, format!("Record: {directory} (junit.xml, output)")))
}

fn verdict_line(view: &RunView, exit: &ExitStatus, now: Moment) -> Line {
    let time = format!(" in {}", words::duration(view.spent(now)));
    if exit.is_success() {
        return Line::new().with(Label::Good, "PASSED").text(time);
    }
    let why = format!(" (exit code {}: {})", exit.code, exit.meaning);
    Line::new().with(Label::Bad, "FAILED").text(why).text(time)
}

fn heading(text: &str) -> Line {
    Line::new().with(Label::Strong, format!("{text}:"))
}
