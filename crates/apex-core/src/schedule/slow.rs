//! Which tests take longer than they should, and which jobs say nothing.

use std::time::Duration;

use crate::event::{Event, JobEvent, StopCause, TestEvent};
use crate::id::JobIx;

use super::Scheduler;
use super::deadline::Deadline;
use super::state::{JobState, Local};

impl Scheduler {
    /// A test of a running attempt began: from now on somebody looks at the attempt. One deadline
    /// for all its tests, because most of them end long before.
    pub(super) fn watch_for_slow(&mut self, job: JobIx) {
        let limit = self.plan.category(self.plan.job(job).category).slow_after;
        let JobState::Running(attempt) = &mut self.jobs[job.position()].state else { return };
        if !std::mem::replace(&mut attempt.is_watched, true) {
            self.deadlines.add(self.now.plus(limit), Deadline::SlowTests(job, attempt.number));
        }
    }

    /// Tells the tests of an attempt that have become slow, and looks again when the next may.
    pub(super) fn tell_slow_tests(&mut self, job: JobIx) {
        let limit = self.plan.category(self.plan.job(job).category).slow_after;
        let JobState::Running(attempt) = &mut self.jobs[job.position()].state else { return };
        let number = attempt.number;
        let mut next = None;
        for local in &attempt.local {
            let Local::Test(test) = *local else { continue };
            let book = &mut self.tests[test.position()];
            // A test of another part begins in no attempt of its own job.
            let is_own = book.job == job && !book.is_told_slow;
            let Some(started) = book.started.filter(|_| is_own) else { continue };
            let so_far = self.now.since(started);
            if so_far >= limit {
                book.is_told_slow = true;
                let event = TestEvent::Slow { test, attempt: number, so_far };
                self.events.push_back(Event::Test(job, event));
            } else {
                next = Some(next.map_or(started, |earlier: crate::Moment| earlier.min(started)));
            }
        }
        attempt.is_watched = next.is_some();
        if let Some(started) = next {
            self.deadlines.add(started.plus(limit), Deadline::SlowTests(job, number));
        }
    }

    /// A running attempt has been quiet for so long.
    pub(super) fn job_is_quiet(&mut self, job: JobIx, lasting: Duration) {
        self.emit(Event::Job(job, JobEvent::Quiet { lasting }));
        let category = self.plan.job(job).category;
        let limit = self.plan.category(category).no_output_timeout;
        if limit.is_some_and(|limit| lasting >= limit) {
            self.categories[category.position()].was_quiet = true;
            self.terminate(job, StopCause::NoOutput);
        }
    }
}
