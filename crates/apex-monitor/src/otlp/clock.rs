//! Moments of a run on the clock of the wall.

use apex_core::Moment;

/// When the run began, in nanoseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    began: u64,
}

impl Clock {
    pub(super) const fn of(unix_millis: u64) -> Self {
        Self { began: unix_millis.saturating_mul(1_000_000) }
    }

    pub(super) fn nanos(self, at: Moment) -> u64 {
        let since = u64::try_from(at.since_start().as_nanos()).unwrap_or(u64::MAX);
        self.began.saturating_add(since)
    }
}
