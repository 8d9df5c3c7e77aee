//! Services that are up or on their way, in one line.

use apex_core::view::ServiceState;
use apex_core::{Moment, RunView};

use crate::console::line::{Label, Line};
use crate::console::words;

/// The line; none while no service was asked for, and when all were taken away.
pub(super) fn line(view: &RunView, now: Moment) -> Option<Line> {
    let mut line = Line::new().with(Label::Faint, "services");
    let mut is_any = false;
    for (planned, service) in view.plan().services.iter().zip(view.services()) {
        let (label, word) = match &service.state {
            ServiceState::Waiting | ServiceState::Stopped => continue,
            ServiceState::Starting { since } => {
                let time = words::duration(now.since(*since));
                (Label::Caution, format!("starting {time}"))
            }
            ServiceState::Ready { .. } => (Label::Good, "ready".to_owned()),
            ServiceState::Failed { .. } => (Label::Bad, "failed".to_owned()),
        };
        is_any = true;
        line.push(Label::Plain, format!("  {} ", planned.name));
        line.push(label, word);
    }
    is_any.then_some(line)
}
