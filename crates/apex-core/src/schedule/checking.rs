//! Parts that were cut on trust: what goes wrong in one does not count before the whole work ran
//! once in one program, as it would have without cutting.
//!
//! The first attempt of such a part that goes wrong leaves the job *in doubt*, and its failed tests
//! open. When no other part of the work waits or runs, one of the jobs in doubt runs the whole work
//! and reports for all of them; its later attempts are retries, as after any first attempt. What
//! passes now depends on what ran before it or beside it, which is told. A test that passed in its
//! part and fails now is a failure of the job that runs the whole.
//!
//! It is not decided here which work is cut on trust: the plan says so by
//! [`crate::plan::PlannedJob::undivided`].

use std::collections::HashMap;
use std::sync::Arc;

use crate::event::{CategoryEvent, Event, JobEvent, ProcessEnd, StopCause};
use crate::id::{AttemptNumber, JobIx, TestIx};
use crate::judge::{self, JobFacts, Judged};
use crate::outcome::Outcome;
use crate::report::JobEnd;

use super::Scheduler;
use super::deadline::Deadline;
use super::holds::Holder;
use super::lanes::Entry;
use super::state::{Again, Doubt, JobState, RunState};

/// The attempt of a part that runs the whole work for the first time.
const CHECK: AttemptNumber = AttemptNumber(2);

impl Scheduler {
    /// Whether a job is a part on trust.
    pub(super) fn is_on_trust(&self, job: JobIx) -> bool {
        self.plan.job(job).undivided.is_some()
    }

    /// The last attempt that a job may have for a failed test.
    pub(super) fn last_attempt(&self, job: JobIx) -> AttemptNumber {
        let retries = self.plan.category(self.plan.job(job).category).retries;
        AttemptNumber(1 + retries + u32::from(self.is_on_trust(job)))
    }

    /// Whether this attempt of a job runs the whole work that it is a part of.
    pub(super) fn runs_whole(&self, job: JobIx, number: AttemptNumber) -> bool {
        number > AttemptNumber::FIRST && self.is_on_trust(job)
    }

    /// What a job holds its names as, by its state: a part that runs again runs the whole.
    pub(super) fn holder(&self, job: JobIx) -> Holder {
        let is_again = match &self.jobs[job.position()].state {
            JobState::Retrying(..) => true,
            JobState::Running(attempt) => attempt.number > AttemptNumber::FIRST,
            _ => false,
        };
        Holder { job, is_whole: is_again && self.is_on_trust(job) }
    }

    /// Whether this attempt is the one that decides about what went wrong in parts.
    pub(super) fn is_check(&self, job: JobIx, number: AttemptNumber) -> bool {
        number == CHECK && self.is_on_trust(job)
    }

    /// Leaves a job in doubt when its first attempt, a part on trust, went wrong by itself; whether
    /// it did. One that was asked to end, for whatever reason, is judged by what it told before.
    pub(super) fn doubt(&mut self, job: JobIx, end: &JobEnd) -> bool {
        let JobState::Running(attempt) = &self.jobs[job.position()].state else { return false };
        if !self.is_on_trust(job)
            || attempt.number != AttemptNumber::FIRST
            || attempt.stop.is_some()
            || !self.may_check(job)
            || matches!(end.end, ProcessEnd::NotStarted(_))
        {
            return false;
        }
        let unreported = self.unreported_tests(job);
        let counts = self.counts_of(job);
        let judged = judged(end, unreported, &counts);
        if !judged.outcome.is_bad() {
            return false;
        }
        let by_tests =
            Outcome::ALL.iter().zip(counts).any(|(one, count)| one.is_bad() && count > 0);
        self.emit(Event::Job(job, JobEvent::Doubted));
        self.move_job(job, JobState::Doubted);
        let doubt = Doubt { end: end.clone(), unreported, by_tests };
        self.jobs[job.position()].doubt = Some(Box::new(doubt));
        self.check_work_of(job);
        true
    }

    /// Whether anything of a job's category may still start.
    fn may_check(&self, job: JobIx) -> bool {
        let category = self.plan.job(job).category;
        let layer = self.plan.category(category).layer;
        self.state == RunState::Running
            && !self.layers[layer.position()].is_closed()
            && !self.categories[category.position()].timed_out
    }

    /// Lets the whole work run that a job is a part of, when some part of it is in doubt and no
    /// other part waits or runs.
    pub(super) fn check_work_of(&mut self, job: JobIx) {
        if !self.is_on_trust(job) {
            return;
        }
        let mut parts = self.parts_of_work(job);
        let is_over = |part: &JobIx| {
            matches!(self.jobs[part.position()].state, JobState::Doubted | JobState::Finished)
        };
        if !parts.iter().all(is_over) {
            return;
        }
        parts.retain(|part| matches!(self.jobs[part.position()].state, JobState::Doubted));
        let Some(&first) = parts.first() else { return };
        if !self.may_check(job) {
            self.finish_in_doubt(first, None);
            return;
        }
        self.move_job(first, JobState::Retrying(CHECK, Again::Whole));
        let layer = self.plan.category(self.plan.job(job).category).layer;
        let entry = Entry::check(&self.plan, first);
        self.layers[layer.position()].ready.insert(entry);
    }

    /// The parts of the work that a job is a part of, itself included, in the order of the plan.
    fn parts_of_work(&self, job: JobIx) -> Vec<JobIx> {
        self.plan.parts_of_work(job).collect()
    }

    /// The jobs in doubt that a job which runs the whole work reports for.
    fn in_its_care(&self, job: JobIx) -> Vec<JobIx> {
        let mut parts = self.parts_of_work(job);
        parts.retain(|part| matches!(self.jobs[part.position()].state, JobState::Doubted));
        parts
    }

    /// The tests that an attempt of a job reports: its own, and those of the jobs in its care.
    pub(super) fn tests_of_attempt(&self, job: JobIx, number: AttemptNumber) -> Vec<TestIx> {
        let mut tests = self.jobs[job.position()].tests.clone();
        if self.runs_whole(job, number) {
            for part in self.in_its_care(job) {
                tests.extend_from_slice(&self.jobs[part.position()].tests);
            }
        }
        tests
    }

    /// The open tests of such an attempt by id.
    pub(super) fn known_tests(
        &self,
        job: JobIx,
        number: AttemptNumber,
    ) -> HashMap<Arc<str>, TestIx> {
        let tests = self.tests_of_attempt(job, number).into_iter();
        let open = tests
            .filter(|test| !self.runs_whole(job, number) || !self.tests[test.position()].settled);
        open.filter_map(|test| Some((self.tests[test.position()].id.clone()?, test))).collect()
    }

    /// The whole work begins to run: it has the time that its category has.
    pub(super) fn begin_check(&mut self, job: JobIx) {
        let category = self.plan.job(job).category;
        let limit = self.now.plus(self.plan.category(category).timeout);
        self.categories[category.position()].limit = Some(limit);
        self.deadlines.add(limit, Deadline::CategoryTimeout(category));
    }

    /// Tells that something went wrong in a part and not in the whole.
    pub(super) fn tell_dependence(&mut self, job: JobIx, what: Arc<str>) {
        let category = self.plan.job(job).category;
        self.emit(Event::Category(category, CategoryEvent::DependsOnOrder { what }));
    }

    /// Finishes the job that ran the whole work, and those in its care.
    pub(super) fn finish_checked(&mut self, job: JobIx, whole: &Judged, stop: Option<StopCause>) {
        let is_fine = !whole.outcome.is_bad() && stop.is_none();
        for part in self.in_its_care(job) {
            // A failure that is settled here may stop its layer, and with it the other parts.
            if matches!(self.jobs[part.position()].state, JobState::Doubted) {
                let judged = self.judge_checked(part, is_fine);
                self.finish_judged(part, judged);
            }
        }
        let own = self.jobs[job.position()].doubt.take();
        if is_fine && own.is_some_and(|doubt| !doubt.by_tests) {
            self.tell_dependence(job, self.name_of_part(job));
        }
    }

    /// What a job in doubt amounts to, now that the whole work ran.
    fn judge_checked(&mut self, part: JobIx, whole_is_fine: bool) -> Judged {
        self.move_job(part, JobState::Closing);
        self.settle_leftovers(part);
        let doubt = self.jobs[part.position()].doubt.take();
        let counts = self.counts_of(part);
        match doubt {
            Some(doubt) if !doubt.by_tests && !whole_is_fine => {
                judged(&doubt.end, doubt.unreported, &counts)
            }
            doubt => {
                if doubt.is_some_and(|doubt| !doubt.by_tests) {
                    self.tell_dependence(part, self.name_of_part(part));
                }
                judged(&ended_well(), 0, &counts)
            }
        }
    }

    /// Finishes a job in doubt as it ended: the whole work is not going to run.
    pub(super) fn finish_in_doubt(&mut self, job: JobIx, why: Option<&str>) {
        self.move_job(job, JobState::Closing);
        self.settle_leftovers(job);
        let counts = self.counts_of(job);
        let mut judged = match self.jobs[job.position()].doubt.take() {
            Some(doubt) => judged(&doubt.end, doubt.unreported, &counts),
            None => judged(&ended_well(), 0, &counts),
        };
        if let Some(why) = why {
            judged.reason = format!("{}; {why}", judged.reason);
        }
        self.finish_judged(job, judged);
    }

    fn finish_judged(&mut self, job: JobIx, judged: Judged) {
        let book = &mut self.categories[self.plan.job(job).category.position()];
        book.environment |= judged.environment;
        book.contradiction |= judged.contradiction;
        self.finish_job(job, judged.outcome, judged.reason);
    }

    fn name_of_part(&self, job: JobIx) -> Arc<str> {
        match &self.plan.job(job).spec.part {
            Some(part) => format!("part {} of {}", part.number, part.of).into(),
            None => "a part".into(),
        }
    }
}

fn judged(end: &JobEnd, unreported: u32, counts: &judge::Counts) -> Judged {
    judge::job(&JobFacts {
        end: &end.end,
        problem: end.problem.as_deref(),
        nothing_to_run: end.nothing_to_run,
        stop: None,
        counts,
        unreported,
        out_of_memory: end.out_of_memory,
    })
}

/// An end that says no more than the tests do.
fn ended_well() -> JobEnd {
    JobEnd {
        end: ProcessEnd::Exited(0),
        problem: None,
        nothing_to_run: false,
        duration: std::time::Duration::ZERO,
        peak_memory_mb: None,
        cpu_time: None,
        out_of_memory: None,
    }
}
