//! The line that fills a quiet stretch of plain output, so that nobody takes it for a hang.

use apex_core::{Moment, RunView};

use super::line::{Label, Line};
use super::live::running;
use super::words;

/// What runs and is named.
const NAMED: usize = 3;

/// Which layers run and how far they are, what runs longest and for how long.
pub(super) fn running_line(view: &RunView, now: Moment) -> Line {
    let elapsed = words::duration(view.spent(now));
    let mut line = Line::new().with(Label::Faint, format!("after {elapsed} still running: "));
    let layers: Vec<String> = view
        .plan()
        .layers
        .iter()
        .zip(view.layers())
        .filter(|(_, layer)| layer.progress.is_running())
        .map(|(planned, layer)| {
            let (done, known) = (layer.counts.settled(), layer.counts.discovered());
            format!("{} ({done} of {known} tests)", planned.id)
        })
        .collect();
    if !layers.is_empty() {
        line.push(Label::Plain, format!("{}: ", layers.join(", ")));
    }
    line.push(Label::Plain, names(view, now));
    let settled = words::settled(view.counts());
    if !settled.is_empty() {
        line.push(Label::Faint, format!("; so far {settled}"));
    }
    line
}

fn names(view: &RunView, now: Moment) -> String {
    let running = running(view);
    let mut names: Vec<String> = running
        .iter()
        .take(NAMED)
        .map(|one| format!("{} ({})", one.name(view), words::duration(now.since(one.since))))
        .collect();
    if running.len() > NAMED {
        names.push(format!("and {} more", running.len() - NAMED));
    }
    if names.is_empty() { "no test yet".to_owned() } else { names.join(", ") }
}
