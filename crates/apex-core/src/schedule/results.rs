//! What jobs report about their tests, and what each test amounts to over all attempts.

use std::sync::Arc;
use std::time::Duration;

use apex_config::model::FlakyPolicy;

use crate::event::{Event, ProcessEnd, StopCause, TestEvent};
use crate::id::{AttemptNumber, JobIx, TestIx};
use crate::judge;
use crate::outcome::Outcome;
use crate::test_case::{Failure, TestCase, TestReport};

use super::Scheduler;
use super::state::{JobState, Local, TestBook};
use super::watch::Seen;

impl Scheduler {
    pub(super) fn tests_discovered(&mut self, job: JobIx, cases: Vec<TestCase>) {
        let JobState::Running(attempt) = &self.jobs[job.position()].state else { return };
        let is_check = self.is_check(job, attempt.number);
        let mut fresh = Vec::with_capacity(cases.len());
        let mut local = Vec::with_capacity(cases.len());
        for case in cases {
            if let Some(test) = self.recognise(job, &case) {
                local.push(Local::Test(test));
            } else if is_check {
                local.push(Local::Settled(Box::new(case)));
            } else {
                local.push(Local::Test(TestIx::at(self.tests.len() + fresh.len())));
                fresh.push(case);
            }
        }
        if let JobState::Running(attempt) = &mut self.jobs[job.position()].state {
            attempt.local.append(&mut local);
        }
        if !fresh.is_empty() {
            self.enter_tests(job, fresh);
        }
    }

    /// Adds tests to a job.
    fn enter_tests(&mut self, job: JobIx, cases: Vec<TestCase>) {
        let category = self.plan.category(self.plan.job(job).category);
        let may_repeat = self.last_attempt(job) > AttemptNumber::FIRST;
        let first = TestIx::at(self.tests.len());
        for case in &cases {
            let mut quarantine = self.plan.quarantine.iter();
            let quarantined = quarantine.any(|entry| entry.matches(&category.name, &case.id));
            self.tests.push(TestBook {
                job,
                id: may_repeat.then(|| Arc::clone(&case.id)),
                started: None,
                last: None,
                attempt: AttemptNumber(0),
                was_bad: false,
                critical: case.critical,
                known_flaky: self.plan.is_known_flaky(self.plan.job(job).category, &case.id),
                quarantined,
                lost: false,
                settled: false,
                is_told_slow: false,
            });
        }
        let book = &mut self.jobs[job.position()];
        book.tests.extend((first.0..).take(cases.len()).map(TestIx));
        self.emit(Event::Test(job, TestEvent::Discovered { first, cases }));
    }

    /// The test of an earlier attempt that a case of a retry stands for.
    fn recognise(&self, job: JobIx, case: &TestCase) -> Option<TestIx> {
        match &self.jobs[job.position()].state {
            JobState::Running(attempt) => attempt.known.get(&case.id).copied(),
            _ => None,
        }
    }

    pub(super) fn test_started(&mut self, job: JobIx, local: u32) {
        let Some((test, attempt)) = self.unfinished_test(job, local) else { return };
        let book = &mut self.tests[test.position()];
        if book.started.is_some() {
            return;
        }
        book.started = Some(self.now);
        book.is_told_slow = false;
        // A test of another part begins in no attempt of its own job.
        if book.job == job {
            self.emit(Event::Test(job, TestEvent::Started { test, attempt }));
            self.watch_for_slow(job);
        }
    }

    pub(super) fn test_finished(&mut self, job: JobIx, local: u32, report: TestReport) {
        if report.outcome.is_bad() {
            self.reopen(job, local);
        }
        let Some((test, attempt)) = self.unfinished_test(job, local) else { return };
        match self.reached_by(job) {
            // Its process was told to end: that it broke off says nothing about the test. What
            // failed before it was told so failed by itself.
            Some(cause) if matches!(report.outcome, Outcome::Failed | Outcome::Errored) => {
                let loss = self.loss_of(job);
                let ended = RunningTests::ended_for(attempt, cause).by_loss(loss.as_deref());
                let started = self.tests[test.position()].started;
                let observed = started.map(|moment| self.now.since(moment));
                self.end_running_test(job, test, observed.or(report.duration), &ended);
            }
            _ => {
                // A loss of an earlier attempt is over.
                self.tests[test.position()].lost = false;
                self.finish_test(job, test, attempt, report);
            }
        }
    }

    /// A test that passed in its part fails while the whole work runs: it becomes a test of the
    /// job that runs it.
    fn reopen(&mut self, job: JobIx, local: u32) {
        let test = TestIx::at(self.tests.len());
        let JobState::Running(attempt) = &mut self.jobs[job.position()].state else { return };
        let Some(place) = attempt.local.get_mut(local as usize) else { return };
        if let Local::Settled(_) = place
            && let Local::Settled(case) = std::mem::replace(place, Local::Test(test))
        {
            self.enter_tests(job, vec![*case]);
        }
    }

    /// Why the attempt of a job is being ended, if its programs know of it.
    fn reached_by(&self, job: JobIx) -> Option<StopCause> {
        match &self.jobs[job.position()].state {
            JobState::Running(attempt) => attempt.stop.filter(|_| attempt.reached),
            _ => None,
        }
    }

    /// What happened to the service whose loss ends the attempt of a job.
    fn loss_of(&self, job: JobIx) -> Option<Arc<str>> {
        match &self.jobs[job.position()].state {
            JobState::Running(attempt) => attempt.loss.clone(),
            _ => None,
        }
    }

    /// The test behind an executor's number, unless this attempt has already reported its end.
    fn unfinished_test(&self, job: JobIx, local: u32) -> Option<(TestIx, AttemptNumber)> {
        let JobState::Running(attempt) = &self.jobs[job.position()].state else { return None };
        let &Local::Test(test) = attempt.local.get(local as usize)? else { return None };
        let book = &self.tests[test.position()];
        (!book.settled && book.attempt < attempt.number).then_some((test, attempt.number))
    }

    /// Records the end of one attempt of a test, and settles it unless a retry is due.
    pub(super) fn finish_test(
        &mut self,
        job: JobIx,
        test: TestIx,
        attempt: AttemptNumber,
        report: TestReport,
    ) {
        let outcome = report.outcome;
        let book = &mut self.tests[test.position()];
        book.started = None;
        book.attempt = attempt;
        book.last = Some(outcome);
        let was_bad = book.was_bad;
        book.was_bad |= outcome.is_bad();
        let TestReport { duration, failure, .. } = report;
        let owner = book.job;
        self.emit(Event::Test(
            owner,
            TestEvent::Finished { test, attempt, outcome, duration, failure },
        ));
        let quarantined = self.tests[test.position()].quarantined;
        let is_stopped = self.is_being_stopped(job);
        let is_lost = self.tests[test.position()].lost;
        if self.may_be_repeated(job, attempt, outcome) && !is_stopped && !quarantined {
            return;
        }
        // What is known to fail by chance says nothing about its order.
        let is_steady = !self.tests[test.position()].known_flaky;
        let depends_on_order =
            was_bad && !outcome.is_bad() && is_steady && self.is_check(job, attempt);
        if depends_on_order && let Some(id) = self.tests[test.position()].id.clone() {
            self.tell_dependence(job, id);
        }
        let settled = match outcome {
            Outcome::Passed if was_bad && !depends_on_order => Outcome::Flaky,
            // What a time limit or a signal ended did not fail by itself.
            Outcome::TimedOut if quarantined && !is_stopped => Outcome::Quarantined,
            Outcome::Failed | Outcome::Errored if quarantined && !is_lost => Outcome::Quarantined,
            outcome => outcome,
        };
        self.settle_test(owner, test, settled);
    }

    fn is_being_stopped(&self, job: JobIx) -> bool {
        match &self.jobs[job.position()].state {
            JobState::Running(attempt) => attempt.stop.is_some(),
            _ => true,
        }
    }

    fn settle_test(&mut self, job: JobIx, test: TestIx, outcome: Outcome) {
        let category = self.plan.job(job).category;
        let book = &mut self.tests[test.position()];
        book.settled = true;
        book.last = Some(outcome);
        book.started = None;
        let critical = book.critical;
        self.executed += u64::from(outcome.has_run());
        let counts = &mut self.categories[category.position()];
        counts.counts[outcome as usize] += 1;
        self.emit(Event::Test(job, TestEvent::Settled { test, outcome }));
        let layer = self.plan.category(category).layer;
        // What a budget cut is no failure of the test.
        let is_cut = outcome == Outcome::TimedOut && self.layers[layer.position()].cut;
        // Nor what ran when a service was lost.
        let is_lost =
            std::mem::take(&mut self.tests[test.position()].lost) && outcome == Outcome::Errored;
        self.categories[category.position()].lost_tests += u32::from(is_lost);
        let counts_as_failure = (outcome.is_bad() && !is_cut && !is_lost)
            || (outcome == Outcome::Flaky
                && self.plan.category(category).flaky == FlakyPolicy::Fail);
        let critical = critical || self.plan.category(category).critical;
        if counts_as_failure {
            let book = &mut self.categories[category.position()];
            book.failures += 1;
            book.critical_failures += u32::from(critical);
        }
        if counts_as_failure || matches!(outcome, Outcome::Passed | Outcome::Flaky) {
            let half = self.tests[test.position()].known_flaky;
            self.test_seen(job, Seen { failed: counts_as_failure, critical, half });
        }
    }

    /// Ends the tests that ran when their attempt ended.
    pub(super) fn end_running_tests(&mut self, job: JobIx, running: &RunningTests) {
        let tests = self.tests_of_attempt(job, running.attempt);
        for &test in &tests {
            let Some(started) = self.tests[test.position()].started else { continue };
            self.end_running_test(job, test, Some(self.now.since(started)), running);
        }
    }

    /// Ends a test with its attempt.
    fn end_running_test(
        &mut self,
        job: JobIx,
        test: TestIx,
        duration: Option<Duration>,
        running: &RunningTests,
    ) {
        if running.cut_by_budget {
            let category = self.plan.job(job).category;
            self.categories[category.position()].cut_tests += 1;
        }
        if running.lost_service {
            self.tests[test.position()].lost = true;
        }
        let (message, details) = (running.message.clone(), running.details.clone());
        let failure = Failure { message, details, ..Failure::default() };
        let report =
            TestReport { outcome: running.outcome, duration, failure: Some(Box::new(failure)) };
        self.finish_test(job, test, running.attempt, report);
    }

    /// Settles every test of a job that has not been: what failed and would have been retried,
    /// what never began.
    pub(super) fn settle_leftovers(&mut self, job: JobIx) {
        let tests = std::mem::take(&mut self.jobs[job.position()].tests);
        for &test in &tests {
            let book = &self.tests[test.position()];
            if !book.settled {
                let outcome = book.last.unwrap_or(Outcome::NotRun);
                self.settle_test(job, test, outcome);
            }
        }
        self.jobs[job.position()].tests = tests;
    }
}

/// What becomes of tests that run when their attempt ends.
pub(super) struct RunningTests {
    attempt: AttemptNumber,
    outcome: Outcome,
    message: String,
    /// The last lines of a service that was lost.
    details: String,
    cut_by_budget: bool,
    lost_service: bool,
}

impl RunningTests {
    /// For an attempt that ended by itself, or was ended for a cause.
    pub(super) fn of(attempt: AttemptNumber, stop: Option<StopCause>, end: &ProcessEnd) -> Self {
        let Some(cause) = stop else {
            let (outcome, message) = match end {
                ProcessEnd::NotStarted(reason) => (Outcome::NotRun, reason.clone()),
                _ => {
                    let end = judge::describe_end(end);
                    (Outcome::Errored, format!("its process ended while it ran: {end}"))
                }
            };
            return Self {
                attempt,
                outcome,
                message,
                details: String::new(),
                cut_by_budget: false,
                lost_service: false,
            };
        };
        Self::ended_for(attempt, cause)
    }

    /// For an attempt that is being ended for a cause.
    fn ended_for(attempt: AttemptNumber, cause: StopCause) -> Self {
        Self {
            attempt,
            outcome: cause.outcome_of_running(),
            message: cause.describe().to_owned(),
            details: String::new(),
            cut_by_budget: matches!(cause, StopCause::LayerBudget | StopCause::RunBudget),
            lost_service: cause == StopCause::ServiceLost,
        }
    }

    /// The same, with what happened to the service whose loss ends them.
    pub(super) fn by_loss(mut self, loss: Option<&str>) -> Self {
        let Some(loss) = loss else { return self };
        let (first, rest) = loss.split_once('\n').unwrap_or((loss, ""));
        self.message = format!("{}: {first}", self.message);
        rest.clone_into(&mut self.details);
        self
    }
}
