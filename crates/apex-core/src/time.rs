//! Time as an argument.

use std::num::NonZeroU64;
use std::time::Duration;

/// A moment of a run: the time since the run began, in nanoseconds, up to 584 years.
///
/// It never goes backwards. The wall-clock time of the beginning is in [`crate::event::RunStarted`].
/// It is small, and no larger where there may be none, because every test, job and category has
/// several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Nanoseconds since the beginning, and one.
    count: NonZeroU64,
}

impl Default for Moment {
    fn default() -> Self {
        Self::START
    }
}

impl Moment {
    /// The beginning of the run.
    pub const START: Self = Self { count: NonZeroU64::MIN };

    /// The moment this long after the beginning.
    #[must_use]
    pub fn after_start(elapsed: Duration) -> Self {
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        Self { count: NonZeroU64::MIN.saturating_add(nanos) }
    }

    /// Time since the beginning of the run.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.count.get() - 1)
    }

    /// Time since an earlier moment; zero when that moment is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.count.get().saturating_sub(earlier.count.get()))
    }

    /// The moment this much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self::after_start(self.since_start().saturating_add(duration))
    }
}
