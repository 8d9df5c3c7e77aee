//! A test as a view holds it.

use std::time::Duration;

use crate::id::JobIx;
use crate::outcome::Outcome;
use crate::test_case::{Failure, TestCase};
use crate::time::Moment;

/// A test.
#[derive(Clone, Debug)]
pub struct TestView {
    /// The test as its framework knows it; its texts are shared with the event.
    pub case: TestCase,
    /// The job it belongs to.
    pub job: JobIx,
    /// Attempts so far.
    pub attempts: u32,
    /// How far it is.
    pub state: TestState,
    /// How long the latest attempt that ended took, or had when it was ended from outside.
    pub duration: Duration,
    /// What the latest attempt that said something said. A flaky test keeps what its last failed
    /// attempt said.
    pub failure: Option<Box<Failure>>,
}

/// How far a test is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestState {
    /// It is known and no attempt has started.
    Known,
    /// An attempt runs.
    Running {
        /// When that attempt started.
        since: Moment,
    },
    /// An attempt ended; another one may follow.
    Finished(Outcome),
    /// It will not be tried again; this is its outcome over all attempts.
    Settled(Outcome),
}

impl TestView {
    pub(super) const fn known(case: TestCase, job: JobIx) -> Self {
        Self {
            case,
            job,
            attempts: 0,
            state: TestState::Known,
            duration: Duration::ZERO,
            failure: None,
        }
    }

    /// Its outcome over all attempts; `None` before it is settled.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.state {
            TestState::Settled(outcome) => Some(outcome),
            TestState::Known | TestState::Running { .. } | TestState::Finished(_) => None,
        }
    }
}
