//! Which tests ended because a service was lost, as far as the stream says so.

use std::collections::HashSet;

use crate::event::{Event, JobEvent, StopCause, TestEvent};
use crate::id::{JobIx, TestIx};
use crate::outcome::Outcome;

/// The tests that a loss ended.
#[derive(Default)]
pub(super) struct Losses {
    jobs: HashSet<JobIx>,
    tests: HashSet<TestIx>,
}

impl Losses {
    /// Goes on by one event.
    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::Job(job, JobEvent::Terminated { cause: StopCause::ServiceLost }) => {
                self.jobs.insert(*job);
            }
            Event::Test(job, TestEvent::Finished { test, outcome, failure, .. }) => {
                let says_so = failure.as_ref().is_some_and(|failure| {
                    failure.message.starts_with(StopCause::ServiceLost.describe())
                });
                if says_so && *outcome == Outcome::Errored && self.jobs.contains(job) {
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
