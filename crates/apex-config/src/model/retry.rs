//! When and for which outcomes a test is tried again.

/// When the failed tests of a job are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RetryWhen {
    /// As soon as there is a slot.
    AtOnce,
    /// After the first attempts of its layer, alone in its category: what failed because of its
    /// company passes then.
    #[default]
    AtEnd,
}

/// What an attempt may end with that is worth another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RetryOn {
    /// A check of a test did not hold.
    Failed,
    /// A test could not be judged: its set-up failed, or its process crashed.
    Errored,
    /// A time limit of the test itself ended it.
    TimedOut,
    /// The system killed the process (`SIGKILL`), as it does when memory runs out.
    OutOfMemory,
    /// The process never started.
    Environment,
    /// The framework refused what it was asked, or its result contradicts itself, and no test is
    /// to blame.
    Usage,
}

impl RetryOn {
    /// Every cause, in the order of the reference.
    pub const ALL: [Self; 6] = [
        Self::Failed,
        Self::Errored,
        Self::TimedOut,
        Self::OutOfMemory,
        Self::Environment,
        Self::Usage,
    ];

    /// The word for it in a layer file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::TimedOut => "timed_out",
            Self::OutOfMemory => "out_of_memory",
            Self::Environment => "environment",
            Self::Usage => "usage",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}

/// A set of [`RetryOn`]. The default holds what may end differently the next time: failed,
/// errored and timed-out tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryCauses(u8);

impl RetryCauses {
    /// The set of these causes.
    #[must_use]
    pub fn of(causes: impl IntoIterator<Item = RetryOn>) -> Self {
        Self(causes.into_iter().fold(0, |set, cause| set | 1 << cause as u8))
    }

    /// Whether a cause is in it.
    #[must_use]
    pub const fn has(self, cause: RetryOn) -> bool {
        self.0 & (1 << cause as u8) != 0
    }

    /// Its causes, in the order of the reference.
    pub fn iter(self) -> impl Iterator<Item = RetryOn> {
        RetryOn::ALL.into_iter().filter(move |&cause| self.has(cause))
    }
}

impl Default for RetryCauses {
    fn default() -> Self {
        Self::of([RetryOn::Failed, RetryOn::Errored, RetryOn::TimedOut])
    }
}
