//! Which tests ended because a service was lost, as far as the stream says so.

use std::collections::HashSet;

use crate::event::{Event, JobEvent, StopCause, TestEvent};
use crate::id::TestIx;
use crate::outcome::Outcome;

/// The tests that a loss ended.
#[derive(Default)]
pub(super) struct Losses {
    /// Whether a job had to end because of a loss. Which one says little: a whole run that checks
    /// parts runs the tests of several.
    ended_a_job: bool,
    tests: HashSet<TestIx>,
}

impl Losses {
    /// Goes on by one event.
    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::Job(_, JobEvent::Terminated { cause: StopCause::ServiceLost }) => {
                self.ended_a_job = true;
            }
            Event::Test(_, TestEvent::Finished { test, outcome, failure, .. }) => {
                let says_so = failure.as_ref().is_some_and(|failure| {
                    failure.message.starts_with(StopCause::ServiceLost.describe())
                });
                if says_so && *outcome == Outcome::Errored && self.ended_a_job {
                    self.tests.insert(*test);
                } else {
                    self.tests.remove(test);
                }
            }
            _ => {}
        }
    }

    /// Whether the loss of a service ended a test.
    pub(super) fn has(&self, test: TestIx) -> bool {
        self.tests.contains(&test)
    }
}
