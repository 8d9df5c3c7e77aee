//! What people asked to see: the keys, the last output of a job, failures so far, a question.

use apex_core::{JobIx, LayerIx, Moment, RunView};

use super::Look;
use super::running::running;
use crate::console::line::{Label, Line};
use crate::console::{failure, words};

/// What each key does, the most useful first: a low terminal shows the first ones.
const HELP: [(&str, &str); 8] = [
    ("t", "everything that runs; arrows choose, Enter shows output"),
    ("o", "last output of what runs longest; again: of the next"),
    ("f", "what has failed so far"),
    ("s", "skip the rest of a layer (asks first)"),
    ("q", "stop in order, as Ctrl-C does"),
    ("?", "these keys"),
    ("Esc", "back"),
    ("^C", "twice: kill what runs at once"),
];

pub(super) fn help(room: usize) -> Vec<Line> {
    let line = |(key, what): &(&str, &str)| {
        Line::new().with(Label::Strong, format!("  {key:<4}")).text((*what).to_owned())
    };
    HELP.iter().take(room).map(line).collect()
}

/// The question in place of the totals: it is seen on the lowest terminal.
pub(super) fn question(view: &RunView, layer: LayerIx) -> Line {
    let name = words::layer_name(view, layer).to_owned();
    Line::new()
        .with(Label::Caution, "skip the rest of ")
        .with(Label::Strong, name)
        .with(Label::Caution, "? [y/n]")
        .with(Label::Faint, "  what runs of it is ended, and the run is not green")
}

/// What a job wrote last, below a line that says which job.
pub(super) fn output(
    view: &RunView,
    now: Moment,
    job: JobIx,
    look: &Look<'_>,
    room: usize,
) -> Vec<Line> {
    let Some(below) = room.checked_sub(1) else { return Vec::new() };
    let name = running(view)
        .iter()
        .find(|it| it.job(view) == Some(job))
        .map(|it| format!("{} ({})", it.name(view), words::duration(now.since(it.since))));
    let name = name.unwrap_or_else(|| format!("{} (job {})", words::category_of(view, job), job.0));
    let mut lines = vec![Line::new().with(Label::Strong, format!("last output of {name}"))];
    let last = look.tails.last(job, below);
    if last.is_empty() && below > 0 {
        lines.push(Line::new().with(Label::Faint, "  it has written nothing yet"));
    }
    lines.extend(last.into_iter().map(|text| Line::new().text(format!("  {text}"))));
    lines
}

/// The latest failures, each with what it says; how many came before them.
pub(super) fn failures(view: &RunView, room: usize) -> Vec<Line> {
    let failed: Vec<_> = view.failed_tests().collect();
    let Some(below) = room.checked_sub(1) else { return Vec::new() };
    let shown = (below / 2).max(1).min(failed.len());
    let title = match failed.len() {
        0 => "nothing has failed so far".to_owned(),
        all if all == shown => format!("{} so far", words::number(all, "failure")),
        all => format!("the latest {shown} of {}", words::number(all, "failure")),
    };
    let mut lines = vec![Line::new().with(Label::Strong, title)];
    for (_, test) in &failed[failed.len() - shown..] {
        let Some(outcome) = test.outcome() else { continue };
        lines.push(Line::new().text("  ").join(failure::headline(view, test, outcome)));
        let message = failure::message(view, test);
        lines.extend(message.map(|message| Line::new().text(format!("      {message}"))));
    }
    lines.truncate(room);
    lines
}
