//! Looks at the alerts of a run in its rhythm: once a second of the run, and at its end.

use std::time::Duration;

use apex_config::model::Alert;
use apex_core::{Envelope, Moment, RunView};

use super::figures::Figures;
use super::machine::{Change, Machine};
use super::notice::Notice;

/// Time between two looks.
const RHYTHM: Duration = Duration::from_secs(1);

/// Looks that are made up for at most, where nothing happened for long: a day.
const MOST_LOOKS: u32 = 86_400;

/// Figures and machine of a run.
pub(super) struct Watch {
    machine: Machine,
    figures: Figures,
    next: Moment,
}

impl Watch {
    pub(super) fn new(alerts: Vec<Alert>) -> Self {
        let figures = Figures::for_alerts(&alerts);
        Self { machine: Machine::new(alerts), figures, next: Moment::START.plus(RHYTHM) }
    }

    /// Takes what happened.
    pub(super) fn take(&mut self, envelope: &Envelope) {
        self.figures.take(envelope);
    }

    /// Looks as often as is due until a moment.
    pub(super) fn until(&mut self, now: Moment, view: &RunView) -> Vec<Change> {
        let mut changes = Vec::new();
        for _ in 0..MOST_LOOKS {
            if self.next > now || view.result().is_some() {
                break;
            }
            changes.extend(self.look(self.next, view));
            self.next = self.next.plus(RHYTHM);
        }
        self.next = self.next.max(now);
        changes
    }

    /// Looks for the last time.
    pub(super) fn end(&mut self, view: &RunView) -> Vec<Change> {
        self.look(view.last(), view)
    }

    /// The alerts.
    pub(super) fn alert(&self, position: usize) -> Option<&Alert> {
        self.machine.alerts().get(position)
    }

    /// What is to be told.
    pub(super) fn notices(&self, view: &RunView) -> Vec<Notice> {
        self.machine.fired().map(|(alert, fired)| Notice::of(alert, fired, view)).collect()
    }

    fn look(&mut self, now: Moment, view: &RunView) -> Vec<Change> {
        let figures = &self.figures;
        self.machine.look(now, |alert, metric| figures.value(metric, alert, view, now))
    }
}
