//! Trying again: which tests of an ended attempt, when, and within which budget.
//!
//! Only what may end differently is repeated, as the category says ([`RetryOn`]): unless asked,
//! failed checks, crashes, time limits of the test itself. Unless asked, an attempt that was
//! killed by a signal that Apex did not send is not: that is what a machine without memory does,
//! and trying again makes it worse. Nor is what never started, or a framework that refused to run.

use std::sync::Arc;

use apex_config::model::{RetryOn, RetryWhen};

use crate::event::ProcessEnd;
use crate::id::{AttemptNumber, JobIx};
use crate::outcome::Outcome;
use crate::report::JobEnd;

use super::Scheduler;
use super::lanes::Rank;
use super::state::{Again, Attempt, JobState, RunState, TestBook};

/// The signal by which a system without memory ends a process (`SIGKILL`).
const KILL: i32 = 9;

impl Scheduler {
    /// Whether the end of an attempt of a test may lead to another one. The end of its process,
    /// which may come later, has the last word.
    pub(super) fn may_be_repeated(
        &self,
        job: JobIx,
        attempt: AttemptNumber,
        outcome: Outcome,
    ) -> bool {
        let category = self.plan.category(self.plan.job(job).category);
        let on = category.retry_on;
        let by_process = outcome == Outcome::Errored
            && (on.has(RetryOn::OutOfMemory) || on.has(RetryOn::Environment));
        if self.is_on_trust(job) && attempt == AttemptNumber::FIRST {
            return outcome.is_bad();
        }
        attempt < self.last_attempt(job)
            && (by_process || cause_of(outcome).is_some_and(|cause| on.has(cause)))
    }

    /// The tests that are to be repeated, when the job is to be tried again; all of it when they
    /// are none.
    pub(super) fn tests_to_repeat(&self, job: JobIx, end: &JobEnd) -> Option<Vec<Arc<str>>> {
        let JobState::Running(attempt) = &self.jobs[job.position()].state else { return None };
        let Attempt { number, stop: None, .. } = &**attempt else { return None };
        let category = self.plan.category(self.plan.job(job).category);
        let is_closed = self.layers[category.layer.position()].is_closed();
        // What goes wrong in a part is no matter of retries before the whole ran.
        let is_part = self.is_on_trust(job) && *number == AttemptNumber::FIRST;
        let exhausted = is_part || *number >= self.last_attempt(job);
        if exhausted || is_closed || self.state != RunState::Running {
            return None;
        }
        let on = category.retry_on;
        let out_of_memory = end.out_of_memory.is_some();
        match end.end {
            ProcessEnd::NotStarted(_) => {
                on.has(RetryOn::Environment).then(|| self.what_is_left(job, *number))?
            }
            _ if out_of_memory => {
                on.has(RetryOn::OutOfMemory).then(|| self.what_is_left(job, *number))?
            }
            ProcessEnd::Signalled(KILL) => {
                on.has(RetryOn::OutOfMemory).then(|| self.what_is_left(job, *number))?
            }
            _ => self.failed_tests(job, *number, end).or_else(|| {
                let is_usage = on.has(RetryOn::Usage) && self.refused(job, *number, end);
                is_usage.then(|| self.what_is_left(job, *number))?
            }),
        }
    }

    /// The ids of tests that failed in an attempt and are worth another one, if there are any;
    /// with those that an attempt which broke off never came to.
    fn failed_tests(
        &self,
        job: JobIx,
        number: AttemptNumber,
        end: &JobEnd,
    ) -> Option<Vec<Arc<str>>> {
        let on = self.plan.category(self.plan.job(job).category).retry_on;
        let is_worth = |test: &TestBook| {
            let cause = test.last.and_then(cause_of);
            test.attempt == number && cause.is_some_and(|cause| on.has(cause))
        };
        let tests = self.tests_of_attempt(job, number);
        let tests = tests.iter().map(|test| &self.tests[test.position()]);
        let mut open = tests.filter(|test| !test.settled);
        let broke_off = !matches!(end.end, ProcessEnd::Exited(_));
        open.any(is_worth).then(|| {
            self.unsettled(job, number, |test| {
                is_worth(test) || (broke_off && test.attempt < number)
            })
        })
    }

    /// The tests of a job that have no outcome yet; none for all of it, where none became known.
    /// There is nothing to repeat when all of them have theirs: a second one would contradict it.
    fn what_is_left(&self, job: JobIx, number: AttemptNumber) -> Option<Vec<Arc<str>>> {
        let left = self.unsettled(job, number, |_| true);
        (!left.is_empty() || self.jobs[job.position()].tests.is_empty()).then_some(left)
    }

    /// The ids of the tests of a job that are not settled, as far as they are wanted.
    fn unsettled(
        &self,
        job: JobIx,
        number: AttemptNumber,
        is_wanted: impl Fn(&TestBook) -> bool,
    ) -> Vec<Arc<str>> {
        let tests = self.tests_of_attempt(job, number);
        tests
            .iter()
            .map(|test| &self.tests[test.position()])
            .filter(|test| !test.settled && is_wanted(test))
            .filter_map(|test| test.id.clone())
            .collect()
    }

    /// Whether a framework refused to run, or its result contradicts itself, and no test is to
    /// blame.
    fn refused(&self, job: JobIx, number: AttemptNumber, end: &JobEnd) -> bool {
        let counts = self.counts_over(&self.tests_of_attempt(job, number));
        let blamed = Outcome::ALL
            .into_iter()
            .filter(|outcome| outcome.is_bad() || *outcome == Outcome::Quarantined)
            .any(|outcome| counts[outcome as usize] > 0);
        let is_wrong = end.problem.is_some()
            || self.unreported_tests(job) > 0
            || matches!(end.end, ProcessEnd::Exited(code) if code != 0 && !end.nothing_to_run);
        is_wrong && !blamed
    }

    /// Whether a job waits for another attempt.
    pub(super) fn is_retrying(&self, job: JobIx) -> bool {
        matches!(self.jobs[job.position()].state, JobState::Retrying(_, Again::Only(_)))
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
        if attempt.number > AttemptNumber::FIRST && !self.is_check(job, attempt.number) {
            let took = self.now.since(attempt.since);
            let layer = self.plan.category(self.plan.job(job).category).layer;
            self.layers[layer.position()].retried_for += took;
        }
    }
}

/// What an outcome is, as a cause to try again.
const fn cause_of(outcome: Outcome) -> Option<RetryOn> {
    match outcome {
        Outcome::Failed => Some(RetryOn::Failed),
        Outcome::Errored => Some(RetryOn::Errored),
        Outcome::TimedOut => Some(RetryOn::TimedOut),
        _ => None,
    }
}
