//! How a test, a job or a category ended, and what a layer or a run amounts to.

use std::fmt;

/// How a test, a job or a category ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It did what it should.
    Passed,
    /// It failed, and passed when it was tried again.
    Flaky,
    /// It failed, and the quarantine of the repository says that it does not decide.
    Quarantined,
    /// A check did not hold.
    Failed,
    /// It could not be judged: crash, set-up error, missing tool, unreadable report.
    Errored,
    /// A time limit ended it.
    TimedOut,
    /// It was ended because the run or its layer stopped.
    Cancelled,
    /// Something before it did not pass, so it was not started.
    Blocked,
    /// Its framework or its environment says it does not apply.
    Skipped,
    /// It did not fit the budget.
    Deferred,
    /// It was known and not started, because the run or its layer stopped.
    NotRun,
    /// A category without tests.
    Empty,
    /// A category that passed before with the same inputs and did not run.
    Cached,
}

impl Outcome {
    /// Every outcome, in the order of reports.
    pub const ALL: [Self; 13] = [
        Self::Passed,
        Self::Flaky,
        Self::Quarantined,
        Self::Failed,
        Self::Errored,
        Self::TimedOut,
        Self::Cancelled,
        Self::Blocked,
        Self::Skipped,
        Self::Deferred,
        Self::NotRun,
        Self::Empty,
        Self::Cached,
    ];

    /// The word for it in files and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Flaky => "flaky",
            Self::Quarantined => "quarantined",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Blocked => "blocked",
            Self::Skipped => "skipped",
            Self::Deferred => "deferred",
            Self::NotRun => "not_run",
            Self::Empty => "empty",
            Self::Cached => "cached",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Whether a test with this outcome really ran to an end of its own or was ended while running.
    #[must_use]
    pub const fn has_run(self) -> bool {
        matches!(
            self,
            Self::Passed
                | Self::Flaky
                | Self::Quarantined
                | Self::Failed
                | Self::Errored
                | Self::TimedOut
        )
    }

    /// Whether it counts against its layer: a failure, an error or a time limit.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Errored | Self::TimedOut)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a layer or a run amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Everything that was asked for passed.
    Passed,
    /// There were failures, within what the layer allows.
    Partial,
    /// Tests failed beyond what the layer allows.
    Failed,
    /// Something could not run: tool, service, spawn, disk.
    Errored,
    /// A time budget ended it, and nothing else was wrong.
    BudgetExceeded,
    /// A signal or a stop ended it.
    Cancelled,
    /// A layer that it depends on did not pass.
    Blocked,
    /// Nothing ran.
    Empty,
}

impl Verdict {
    /// Every verdict, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Passed,
        Self::Partial,
        Self::Failed,
        Self::Errored,
        Self::BudgetExceeded,
        Self::Cancelled,
        Self::Blocked,
        Self::Empty,
    ];

    /// The word for it in files and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::BudgetExceeded => "budget_exceeded",
            Self::Cancelled => "cancelled",
            Self::Blocked => "blocked",
            Self::Empty => "empty",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
