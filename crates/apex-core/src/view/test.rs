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
    /// How long the latest attempt that ended took, or had when it was ended from outside; `None`
    /// before that, and when nobody can say.
    pub duration: Option<Duration>,
    /// What the latest attempt said.
    pub failure: Option<Box<Failure>>,
    /// The attempts before the latest one, in their order; empty for most tests.
    pub earlier: Vec<AttemptView>,
}

/// An attempt of a test that was followed by another one.
#[derive(Clone, Debug)]
pub struct AttemptView {
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, when somebody could say.
    pub duration: Option<Duration>,
    /// What it said.
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
            duration: None,
            failure: None,
            earlier: Vec::new(),
        }
    }

    /// What the latest attempt that said something said: of a flaky test, what its last failed
    /// attempt said.
    #[must_use]
    pub fn said(&self) -> Option<&Failure> {
        let earlier = self.earlier.iter().rev().find_map(|attempt| attempt.failure.as_deref());
        self.failure.as_deref().or(earlier)
    }

    /// Puts the attempt that ended aside, because another one follows.
    pub(super) fn put_aside(&mut self) {
        if let TestState::Finished(outcome) = self.state {
            let (duration, failure) = (self.duration.take(), self.failure.take());
            self.earlier.push(AttemptView { outcome, duration, failure });
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
