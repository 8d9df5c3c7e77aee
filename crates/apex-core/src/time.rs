//! Time as an argument.

use std::time::Duration;

/// A moment of a run: the time since the run began.
///
/// It never goes backwards. The wall-clock time of the beginning is in [`crate::event::RunStarted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The beginning of the run.
    pub const START: Self = Self(Duration::ZERO);

    /// The moment this long after the beginning.
    #[must_use]
    pub const fn after_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// Time since the beginning of the run.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// Time since an earlier moment; zero when that moment is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment this much later.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}
