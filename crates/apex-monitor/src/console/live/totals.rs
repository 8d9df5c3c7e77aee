//! The last line: how long the run takes, how long it may still take, how its tests ended.

use apex_core::{Moment, RunView};

use super::Look;
use crate::console::line::{Label, Line};
use crate::console::words;

pub(super) fn line(view: &RunView, now: Moment, look: &Look<'_>) -> Line {
    let mut line = Line::new().with(Label::Strong, words::duration(view.spent(now)));
    if let Some(signal) = view.interrupted() {
        line.push(Label::Caution, format!("  stopped by signal {signal}, ending what runs"));
    } else {
        let rest = match view.remaining(now) {
            Some(rest) => format!("  {} left", words::roughly(rest)),
            None => "  time left unknown yet".to_owned(),
        };
        line.push(Label::Plain, rest);
    }
    let counts = view.counts();
    // What is bad is said first: the end of the line is cut on a narrow terminal.
    let (bad, other): (Vec<_>, Vec<_>) = counts.present().partition(|(it, _)| it.is_bad());
    for (outcome, number) in bad.into_iter().chain(other) {
        line.push(words::label_of(outcome), format!("  {number} {}", words::word(outcome)));
    }
    let waiting = counts.discovered() - counts.settled();
    if waiting > 0 {
        line.push(Label::Faint, format!("  {waiting} to come"));
    }
    let jobs = view.running_jobs().len();
    if look.has_keys {
        line.push(Label::Faint, "  ? keys");
    }
    line.push(Label::Faint, format!("  {jobs} of {} slots busy", view.slots()));
    line
}
