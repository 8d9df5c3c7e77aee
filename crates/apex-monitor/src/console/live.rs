//! The part of a terminal that changes in place: layers against their budgets, what runs, totals.
//!
//! A pure function of view and time.

use std::collections::HashSet;
use std::time::Duration;

use apex_core::plan::PlannedLayer;
use apex_core::view::LayerView;
use apex_core::{JobIx, Moment, RunView, TestIx};

use super::line::{Label, Line, Style};
use super::words;
use crate::text::harmless_line;

/// Running tests that are shown.
const RUNNING: usize = 8;

/// Columns from which on a layer has a bar.
const COLUMNS_FOR_BAR: usize = 70;

/// Cells of that bar.
const BAR: usize = 20;

/// Columns and rows of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the doc of the type says it")]
pub struct Size {
    pub columns: usize,
    pub rows: usize,
}

impl Size {
    /// What is assumed where the terminal does not say.
    pub const DEFAULT: Self = Self { columns: 80, rows: 24 };
}

/// The lines of the changing part at the moment `now`. They fit the terminal: each is cut to one
/// column less than its width, and there are at least two rows left for what scrolls above.
#[must_use]
pub fn frame(view: &RunView, now: Moment, size: Size, style: Style) -> Vec<Line> {
    let room = size.rows.saturating_sub(3).max(1);
    let layers = layer_lines(view, now, size, style);
    let mut lines = layers;
    lines.truncate(room);
    lines.extend(running_lines(view, now, room - lines.len(), style));
    lines.push(footer(view, now));
    let columns = size.columns.saturating_sub(1);
    lines.into_iter().map(|line| line.cut(columns, style)).collect()
}

fn layer_lines(view: &RunView, now: Moment, size: Size, style: Style) -> Vec<Line> {
    let planned = &view.plan().layers;
    let longest = planned.iter().map(|layer| layer.id.as_str().len()).max().unwrap_or(0);
    planned
        .iter()
        .zip(view.layers())
        .map(|(planned, layer)| {
            let mut line =
                Line::new().with(Label::Strong, format!("{:<longest$}", planned.id.as_str()));
            if layer.progress.started().is_some() {
                push_budget(&mut line, planned, layer.progress.spent(now), size, style);
            }
            push_state(&mut line, layer);
            line
        })
        .collect()
}

/// Time against budget. The state comes early on a narrow terminal, so there the bar is left out.
fn push_budget(line: &mut Line, planned: &PlannedLayer, spent: Duration, size: Size, style: Style) {
    let Some(budget) = planned.budget.filter(|budget| !budget.is_zero()) else {
        line.push(Label::Plain, format!(" {}", words::duration(spent)));
        return;
    };
    let share = spent.as_secs_f64() / budget.as_secs_f64();
    let label = if share > 1.0 { Label::Bad } else { Label::Plain };
    let percent = format!("{:>4.0}%", share * 100.0);
    if size.columns >= COLUMNS_FOR_BAR {
        line.push(label, format!("  {}{percent}", style.bar(share, BAR)));
        let (spent, budget) = (words::duration(spent), words::duration(budget));
        line.push(Label::Faint, format!(" {spent} of {budget}"));
    } else {
        line.push(label, percent);
    }
}

fn push_state(line: &mut Line, layer: &LayerView) {
    let (label, word) = match layer.progress.ending() {
        Some(end) => (words::label_of_verdict(end.verdict), words::verdict(end.verdict)),
        None if layer.budget_exceeded.is_some() => (Label::Bad, "over budget"),
        None if layer.progress.is_running() => (Label::Plain, "running"),
        None => (Label::Faint, "waiting"),
    };
    line.push(Label::Plain, "  ");
    line.push(label, word);
    if layer.counts.discovered() > 0 {
        line.push(Label::Plain, format!("  {}", progress(layer)));
    }
}

/// Settled of known tests, and how those ended.
fn progress(layer: &LayerView) -> String {
    let (settled, known) = (layer.counts.settled(), layer.counts.discovered());
    let ended = words::settled(&layer.counts);
    match (settled < known, settled) {
        (true, 0) => format!("0/{known}"),
        (true, _) => format!("{settled}/{known}  {ended}"),
        (false, _) => ended,
    }
}

fn running_lines(view: &RunView, now: Moment, room: usize, style: Style) -> Vec<Line> {
    let running = running(view);
    let shown = if running.len() <= room.min(RUNNING) {
        running.len()
    } else {
        RUNNING.min(room.saturating_sub(1))
    };
    let mut lines: Vec<Line> = running[..shown]
        .iter()
        .map(|running| {
            let time = words::duration(now.since(running.since));
            Line::new().with(Label::Faint, format!("  {time:>7} ")).text(running.name(view))
        })
        .collect();
    if shown < running.len() && room > 0 {
        let left = running.len() - shown;
        lines.push(
            Line::new().with(Label::Faint, format!("  {} and {left} more", style.ellipsis())),
        );
    }
    lines
}

/// Something that runs.
pub(super) struct Running {
    /// Since when.
    pub since: Moment,
    what: What,
}

enum What {
    Test(TestIx),
    Job(JobIx),
}

impl Running {
    pub(super) fn name(&self, view: &RunView) -> String {
        match self.what {
            What::Test(test) => view.test(test).map_or_else(String::new, |test| {
                format!("{}: {}", words::category_of(view, test.job), harmless_line(&test.case.id))
            }),
            What::Job(job) => format!("{} (job {})", words::category_of(view, job), job.0),
        }
    }
}

/// What runs, longest first: tests, and jobs of which no test is known to run.
pub(super) fn running(view: &RunView) -> Vec<Running> {
    let busy: HashSet<JobIx> =
        view.running_tests().filter_map(|(_, test)| view.test(test)).map(|test| test.job).collect();
    let tests = view.running_tests().map(|(since, test)| Running { since, what: What::Test(test) });
    let jobs = view
        .running_jobs()
        .filter(|(_, job)| !busy.contains(job))
        .map(|(since, job)| Running { since, what: What::Job(job) });
    let mut running: Vec<Running> = tests.chain(jobs).collect();
    running.sort_by_key(|running| running.since);
    running
}

fn footer(view: &RunView, now: Moment) -> Line {
    let jobs = view.running_jobs().len();
    let mut line = Line::new().with(Label::Strong, words::duration(view.spent(now)));
    if view.counts().settled() > 0 {
        line.push(Label::Plain, format!("  {}", words::settled(view.counts())));
    }
    line.push(Label::Faint, format!("  {jobs} of {} slots busy", view.slots()));
    if let Some(signal) = view.interrupted() {
        line.push(Label::Caution, format!("  interrupted by signal {signal}"));
    }
    line
}
