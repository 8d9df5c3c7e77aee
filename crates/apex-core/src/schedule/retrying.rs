//! Trying again: which tests of an ended attempt, when, and within which budget.
//!
//! Only what may end differently is repeated: failed checks, crashes, time limits of the test
//! itself. An attempt that was killed by a signal that Apex did not send is not: that is what a
//! machine without memory does, and trying again makes it worse. What never started is the fault
//! of the environment and is not repeated either.

use std::sync::Arc;

use apex_config::model::RetryWhen;

use crate::event::ProcessEnd;
use crate::id::JobIx;

use super::Scheduler;
use super::lanes::Rank;
use super::state::{Attempt, JobState, RunState, TestBook};

/// The signal by which a system without memory ends a process (`SIGKILL`).
const KILL: i32 = 9;

impl Scheduler {
    /// The ids of failed tests, when the job is to be tried again for them; with those that an
    /// attempt which broke off never came to.
    pub(super) fn tests_to_repeat(&self, job: JobIx, end: &ProcessEnd) -> Option<Vec<Arc<str>>> {
        let JobState::Running(attempt) = &self.jobs[job.position()].state else { return None };
        let Attempt { number, stop: None, .. } = &**attempt else { return None };
        let category = self.plan.category(self.plan.job(job).category);
        let is_closed = self.layers[category.layer.position()].is_closed();
        let exhausted = number.0 > category.retries;
        let is_hopeless = matches!(end, ProcessEnd::Signalled(KILL) | ProcessEnd::NotStarted(_));
        if exhausted || is_closed || is_hopeless || self.state != RunState::Running {
            return None;
        }
        let tests = self.jobs[job.position()].tests.iter();
        let unsettled: Vec<&TestBook> =
            tests.map(|test| &self.tests[test.position()]).filter(|test| !test.settled).collect();
        let failed = unsettled.iter().any(|test| test.attempt == *number);
        let broke_off = !matches!(end, ProcessEnd::Exited(_));
        failed.then(|| {
            let again = unsettled.iter().filter(|test| broke_off || test.attempt == *number);
            again.filter_map(|test| test.id.clone()).collect()
        })
    }

    /// Whether a job waits for another attempt.
    pub(super) fn is_retrying(&self, job: JobIx) -> bool {
        matches!(self.jobs[job.position()].state, JobState::Retrying(..))
    }

    /// Whether a retry has to let first attempts of its layer go first, or others of its category
    /// end.
    pub(super) fn lets_others_first(&self, job: JobIx) -> bool {
        let category = self.plan.job(job).category;
        let planned = self.plan.category(category);
        if planned.retry_when == RetryWhen::AtOnce {
            return false;
        }
        let first = self.layers[planned.layer.position()].ready.first();
        self.categories[category.position()].running > 0
            || first.is_some_and(|entry| entry.rank < Rank::RetryAtEnd)
    }

    /// Why a retry may not start any more, if it may not.
    pub(super) fn used_up_retries(&self, job: JobIx) -> Option<String> {
        let layer = self.plan.category(self.plan.job(job).category).layer;
        let planned = self.plan.layer(layer);
        let budget = planned.retry_budget?;
        let is_used_up = self.layers[layer.position()].retried_for >= budget;
        is_used_up.then(|| {
            let seconds = budget.as_secs_f64();
            format!(
                "not tried again: the {seconds:.1} s for retries of layer {} are used up",
                planned.id
            )
        })
    }

    /// Counts the time of an ended attempt, when it was a retry.
    pub(super) fn count_retry(&mut self, job: JobIx) {
        let JobState::Running(attempt) = &self.jobs[job.position()].state else { return };
        if attempt.number.0 > 1 {
            let took = self.now.since(attempt.since);
            let layer = self.plan.category(self.plan.job(job).category).layer;
            self.layers[layer.position()].retried_for += took;
        }
    }
}
