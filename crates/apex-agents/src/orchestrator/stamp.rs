//! The one place where events get their number and their moment.

use std::time::Duration;

use apex_core::{Envelope, Event, Moment};

/// Gives dense numbers and strictly growing moments.
#[derive(Debug, Default)]
pub(super) struct Stamp {
    next: u64,
    latest: Option<Moment>,
}

impl Stamp {
    /// Puts an event that happened now into its envelope. Events of one moment are a nanosecond
    /// apart, so that time alone orders them.
    pub(super) fn stamp(&mut self, now: Moment, event: Event) -> Envelope {
        let at = match self.latest {
            Some(latest) => now.max(latest.plus(Duration::from_nanos(1))),
            None => now,
        };
        self.latest = Some(at);
        let seq = self.next;
        self.next += 1;
        Envelope { seq, at, event }
    }
}
