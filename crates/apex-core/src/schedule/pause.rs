//! Time that does not count: a run that was stopped as a whole goes on where it was.
//!
//! The scheduler thinks in moments without pauses, so that no limit, grace or duration has to know
//! of them; only what comes in and what goes out is translated.

use std::time::Duration;

use crate::event::{Event, RunEvent};
use crate::time::Moment;

use super::Scheduler;

/// Translates between the time outside and the time that counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    /// Since when the run is paused, in the time outside.
    paused_since: Option<Moment>,
    /// All pauses that are over.
    paused_for: Duration,
}

impl Clock {
    /// The moment that counts.
    fn counted(&self, outside: Moment) -> Moment {
        let until = self.paused_since.map_or(outside, |since| since.min(outside));
        Moment::after_start(until.since_start().saturating_sub(self.paused_for))
    }

    /// When a moment that counts comes; not while nothing counts.
    pub(super) fn outside(&self, counted: Moment) -> Option<Moment> {
        self.paused_since.is_none().then(|| counted.plus(self.paused_for))
    }

    /// Whether the run is paused.
    pub(super) const fn is_paused(&self) -> bool {
        self.paused_since.is_some()
    }
}

impl Scheduler {
    /// The moment that counts; never before one that was seen.
    pub(super) fn count(&self, outside: Moment) -> Moment {
        self.now.max(self.clock.counted(outside))
    }

    /// The run is paused. A second word changes nothing.
    pub(super) fn paused(&mut self, outside: Moment) {
        if !self.clock.is_paused() {
            self.clock.paused_since = Some(outside);
            self.emit(Event::Run(RunEvent::Paused));
        }
    }

    /// The run goes on.
    pub(super) fn resumed(&mut self, outside: Moment) {
        if let Some(since) = self.clock.paused_since.take() {
            self.clock.paused_for += outside.since(since);
            self.look_again = true;
            self.emit(Event::Run(RunEvent::Resumed));
        }
    }
}
