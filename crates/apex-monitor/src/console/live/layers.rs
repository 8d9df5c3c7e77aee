//! A line for each layer: its time against its budget with the predicted end, how far it is.

use std::time::Duration;

use apex_core::plan::PlannedLayer;
use apex_core::view::LayerView;
use apex_core::{LayerIx, Moment, Outcome, RunView};

use super::Look;
use crate::console::line::{Bar, Label, Line};
use crate::console::words;

/// Columns from which on a layer has a bar.
const COLUMNS_FOR_BAR: usize = 70;

/// Cells of that bar.
const BAR: usize = 20;

/// Columns from which on a layer says in words what is expected; below it, only its bar does.
const COLUMNS_FOR_WORDS: usize = 100;

/// The lines, at most so many. When that is too few, layers that run are shown before those that
/// wait, and those before what is over; the rest is counted.
pub(super) fn lines(view: &RunView, now: Moment, look: &Look<'_>, room: usize) -> Vec<Line> {
    let count = view.layers().len();
    if count <= room {
        return (0..count).map(|position| line(view, now, look, LayerIx::at(position))).collect();
    }
    // A line that counts the others takes the room of one of them.
    let shown = if room > 1 { room - 1 } else { room };
    let mut by_interest: Vec<usize> = (0..count).collect();
    by_interest.sort_by_key(|&position| interest(&view.layers()[position]));
    let mut chosen = by_interest[..shown].to_vec();
    chosen.sort_unstable();
    let mut lines: Vec<Line> =
        chosen.iter().map(|&position| line(view, now, look, LayerIx::at(position))).collect();
    if shown == room {
        return lines;
    }
    let left =
        format!("{} and {}", look.style.ellipsis(), words::number(count - shown, "more layer"));
    lines.push(Line::new().with(Label::Faint, left));
    lines
}

fn interest(layer: &LayerView) -> u8 {
    match layer.progress.ending() {
        None if layer.progress.is_running() => 0,
        None => 1,
        Some(_) => 2,
    }
}

fn line(view: &RunView, now: Moment, look: &Look<'_>, layer: LayerIx) -> Line {
    let planned = &view.plan().layers[layer.position()];
    let state = &view.layers()[layer.position()];
    let names = view.plan().layers.iter().map(|layer| layer.id.as_str().len());
    let longest = names.max().unwrap_or(0);
    let mut line = Line::new().with(Label::Strong, format!("{:<longest$}", planned.id.as_str()));
    let rest = view.layer_remaining(layer, now);
    if state.progress.started().is_some() {
        push_budget(&mut line, planned, state.progress.spent(now), rest, look);
    }
    push_state(&mut line, state);
    if look.size.columns >= COLUMNS_FOR_WORDS {
        push_expectation(&mut line, view, layer, rest);
    }
    line
}

/// Time against budget. The state comes early on a narrow terminal, so there the bar is left out.
fn push_budget(
    line: &mut Line,
    planned: &PlannedLayer,
    spent: Duration,
    rest: Option<Duration>,
    look: &Look<'_>,
) {
    let Some(budget) = planned.budget.filter(|budget| !budget.is_zero()) else {
        line.push(Label::Plain, format!("  {}", words::duration(spent)));
        return;
    };
    let of_budget = |time: Duration| time.as_secs_f64() / budget.as_secs_f64();
    let share = of_budget(spent);
    let end = rest.map(|rest| of_budget(spent + rest));
    let label = match end {
        _ if share > 1.0 => Label::Bad,
        Some(end) if end > 1.0 => Label::Caution,
        _ => Label::Plain,
    };
    let percent = format!("{:>4.0}%", share * 100.0);
    if look.size.columns >= COLUMNS_FOR_BAR {
        let bar = Bar { share, mark: end, cells: BAR }.paint(look.style);
        line.push(label, format!("  {bar}{percent}"));
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
        None if layer.skipped => (Label::Caution, "being skipped"),
        None if layer.progress.is_running() => (Label::Plain, "running"),
        None => (Label::Faint, "waiting"),
    };
    // That it runs is seen by its tests, once there are some.
    let is_seen = word == "running" && layer.counts.discovered() > 0;
    if !is_seen {
        line.push(Label::Plain, "  ");
        line.push(label, word);
    }
    if layer.counts.discovered() > 0 {
        line.push(Label::Plain, format!("  {}", progress(layer)));
    }
}

/// What is expected: of a layer that runs, when it ends; of one that waits, how long it takes.
fn push_expectation(line: &mut Line, view: &RunView, layer: LayerIx, rest: Option<Duration>) {
    let state = &view.layers()[layer.position()];
    if let Some(rest) = rest {
        line.push(Label::Faint, format!("  {} left", words::roughly(rest)));
    } else if state.progress.started().is_none() && state.progress.ending().is_none() {
        let predicted = view.plan().prediction.as_ref();
        let expected = predicted.and_then(|it| it.layers.get(layer.position()));
        if let Some(expected) = expected {
            line.push(Label::Faint, format!("  takes {}", words::roughly(expected.expected)));
        }
    }
}

/// Settled of known tests, and those of them that did not simply pass.
fn progress(layer: &LayerView) -> String {
    let (settled, known) = (layer.counts.settled(), layer.counts.discovered());
    if layer.progress.ending().is_some() {
        return words::settled(&layer.counts);
    }
    let mut text = format!("{settled}/{known}");
    for (outcome, number) in layer.counts.present().filter(|(it, _)| *it != Outcome::Passed) {
        text.push_str(&format!("  {number} {}", words::word(outcome)));
    }
    text
}
