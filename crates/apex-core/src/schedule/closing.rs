//! How things end: attempts, jobs, categories, layers, the run. Judging is done by
//! [`crate::judge`]; here it is applied, once for each thing.

use std::sync::Arc;

use crate::event::{CategoryEvent, Event, JobEvent, LayerEvent, ProcessEnd, RunEvent, StopCause};
use crate::id::{CategoryIx, JobIx, LayerIx, TestIx};
use crate::judge::{self, JobFacts, LayerFacts};
use crate::outcome::{Outcome, Verdict};
use crate::plan::CategoryWork;
use crate::report::JobEnd;

use super::Scheduler;
use super::lanes::Entry;
use super::results::RunningTests;
use super::state::{Again, CategoryState, JobState, LayerState, RunState};

impl Scheduler {
    /// An attempt has ended: the job is repeated or finished.
    pub(super) fn attempt_ended(&mut self, job: JobIx, end: JobEnd) {
        let JobState::Running(attempt) = &mut self.jobs[job.position()].state else { return };
        attempt.ended = true;
        let (number, stop) = (attempt.number, attempt.stop);
        let loss = attempt.loss.clone();
        let is_whole = self.runs_whole(job, number);
        self.count_retry(job);
        let running = RunningTests::of(number, stop, &end.end).by_loss(loss.as_deref());
        self.end_running_tests(job, &running);
        self.emit(Event::Job(
            job,
            JobEvent::AttemptFinished {
                attempt: number,
                end: end.end.clone(),
                peak_memory_mb: end.peak_memory_mb,
                cpu_time: end.cpu_time,
            },
        ));
        if self.doubt(job, &end) {
            return;
        }
        if let Some(only) = self.tests_to_repeat(job, &end) {
            let layer = self.plan.category(self.plan.job(job).category).layer;
            let entry = Entry::retry(&self.plan, job);
            self.move_job(job, JobState::Retrying(number.next(), Again::Only(only)));
            self.layers[layer.position()].ready.insert(entry);
            return;
        }
        let unreported = self.unreported_tests(job);
        let counts = is_whole.then(|| self.counts_over(&self.tests_of_attempt(job, number)));
        self.move_job(job, JobState::Closing);
        self.settle_leftovers(job);
        let judged = judge::job(&JobFacts {
            end: &end.end,
            problem: end.problem.as_deref(),
            nothing_to_run: end.nothing_to_run,
            out_of_memory: end.out_of_memory,
            stop,
            counts: &counts.unwrap_or_else(|| self.counts_of(job)),
            unreported,
        });
        if is_whole {
            self.finish_checked(job, &judged, stop);
        }
        let category = self.plan.job(job).category;
        let book = &mut self.categories[category.position()];
        book.environment |= judged.environment;
        book.contradiction |= judged.contradiction;
        let reason = match loss.as_deref().and_then(|loss| loss.lines().next()) {
            Some(what) => format!("{}: {what}", judged.reason),
            None => judged.reason,
        };
        self.finish_job(job, judged.outcome, reason);
    }

    /// Tests that were announced and neither ran nor were running when the attempt ended.
    pub(super) fn unreported_tests(&self, job: JobIx) -> u32 {
        let tests = self.jobs[job.position()].tests.iter();
        let unreported = tests.filter(|test| {
            let test = &self.tests[test.position()];
            !test.settled && test.last.is_none()
        });
        u32::try_from(unreported.count()).unwrap_or(u32::MAX)
    }

    pub(super) fn counts_of(&self, job: JobIx) -> judge::Counts {
        self.counts_over(&self.jobs[job.position()].tests)
    }

    pub(super) fn counts_over(&self, tests: &[TestIx]) -> judge::Counts {
        let mut counts = [0; Outcome::ALL.len()];
        for test in tests {
            if let Some(outcome) = self.tests[test.position()].last {
                counts[outcome as usize] += 1;
            }
        }
        counts
    }

    /// Finishes a job that waits for a retry which will not come, and may say why.
    pub(super) fn finish_without_retry(&mut self, job: JobIx, why: Option<&str>) {
        if matches!(self.jobs[job.position()].state, JobState::Retrying(_, Again::Whole)) {
            self.finish_in_doubt(job, why);
            return;
        }
        self.move_job(job, JobState::Closing);
        self.settle_leftovers(job);
        let judged = judge::job(&JobFacts {
            end: &ProcessEnd::Exited(0),
            problem: None,
            nothing_to_run: false,
            out_of_memory: None,
            stop: None,
            counts: &self.counts_of(job),
            unreported: 0,
        });
        if self.is_on_trust(job) {
            self.finish_checked(job, &judged, None);
        }
        let reason = match why {
            Some(why) => format!("{}; {why}", judged.reason),
            None => judged.reason,
        };
        self.finish_job(job, judged.outcome, reason);
    }

    /// Finishes a job that weighs in its category what its outcome does.
    pub(super) fn finish_job(&mut self, job: JobIx, outcome: Outcome, reason: String) {
        self.finish_job_weighing(job, outcome, reason, judge::rank(outcome));
    }

    /// The one place where a job finishes.
    pub(super) fn finish_job_weighing(
        &mut self,
        job: JobIx,
        outcome: Outcome,
        reason: String,
        weight: u8,
    ) {
        let category = self.plan.job(job).category;
        self.emit(Event::Job(job, JobEvent::Finished { outcome, reason: reason.clone() }));
        self.move_job(job, JobState::Finished);
        self.jobs[job.position()].tests = Vec::new();
        self.release_services(job);
        let book = &mut self.categories[category.position()];
        let worse = match &book.worst {
            Some((worst, ..)) => weight > *worst,
            None => true,
        };
        if worse {
            book.worst = Some((weight, outcome, reason));
        }
        self.check_work_of(job);
        let book = &mut self.categories[category.position()];
        if book.unfinished == 0
            && let Some((_, worst, reason)) = book.worst.take()
        {
            let (outcome, reason) = judge::category(worst, reason, book.timed_out);
            self.finish_category(category, outcome, reason);
        }
    }

    /// Finishes a category that will not start, with all its jobs.
    pub(super) fn give_up_category(&mut self, category: CategoryIx, outcome: Outcome, why: &str) {
        if self.is_category_finished(category) {
            return;
        }
        for job in self.plan.jobs_of(category) {
            if matches!(self.jobs[job.position()].state, JobState::Waiting) {
                self.finish_job(job, outcome, why.to_owned());
            }
        }
        if !self.is_category_finished(category) {
            self.finish_category(category, outcome, why.to_owned());
        }
    }

    /// The one place where a category finishes. What follows from it is done by `settle`.
    pub(super) fn finish_category(
        &mut self,
        category: CategoryIx,
        outcome: Outcome,
        reason: String,
    ) {
        let plan = Arc::clone(&self.plan);
        self.categories[category.position()].state = CategoryState::Finished(outcome);
        self.emit(Event::Category(category, CategoryEvent::Finished { outcome, reason }));
        self.close_category(category);
        let layer = &mut self.layers[plan.category(category).layer.position()];
        layer.unfinished -= 1;
        let in_open_group = matches!(layer.state, LayerState::Running { .. })
            && layer.open_group == self.categories[category.position()].group;
        if in_open_group {
            layer.left_in_group = layer.left_in_group.saturating_sub(1);
        }
        self.ended_categories.push_back(category);
    }

    /// Draws the consequences of categories that finished: dependants, fail-fast, groups, layers.
    /// A queue instead of calls, so that a chain of any length needs no stack. Whether there was
    /// anything to do.
    pub(super) fn settle(&mut self) -> bool {
        let mut progressed = false;
        loop {
            if let Some(category) = self.ended_categories.pop_front() {
                self.category_ended(category);
            } else if let Some(layer) = self.layers_to_review.pop_front() {
                self.layer_reviewed(layer);
            } else {
                return progressed;
            }
            progressed = true;
        }
    }

    fn category_ended(&mut self, category: CategoryIx) {
        let plan = Arc::clone(&self.plan);
        let CategoryState::Finished(outcome) = self.categories[category.position()].state else {
            return;
        };
        let layer = plan.category(category).layer;
        let holds_up = !judge::lets_dependants_run(outcome)
            && plan.layer(layer).fail_fast != apex_config::model::FailFast::Disabled;
        let left_out = self.was_left_out(category);
        for dependant in std::mem::take(&mut self.categories[category.position()].dependants) {
            if self.is_category_finished(dependant) {
                continue;
            }
            self.categories[dependant.position()].blockers -= 1;
            let has_jobs = plan.jobs_of(dependant).next().is_some();
            if left_out && holds_up && has_jobs {
                self.leave_out_with(dependant, category);
            } else if holds_up && !left_out {
                let why = format!("{} did not pass", plan.category(category).name);
                self.give_up_category(dependant, Outcome::Blocked, &why);
            } else if self.is_open(dependant) {
                self.open_category(dependant);
            }
        }
        if outcome.is_bad() {
            self.category_failed(layer, category);
        }
        self.review_layer(layer);
    }

    /// Whether the group of a category is open.
    fn is_open(&self, category: CategoryIx) -> bool {
        let layer = &self.layers[self.plan.category(category).layer.position()];
        !layer.is_closed() && layer.open_group == self.categories[category.position()].group
    }

    /// Notes that a layer may have its next group to open, or may have ended.
    pub(super) fn review_layer(&mut self, layer: LayerIx) {
        self.layers_to_review.push_back(layer);
    }

    fn layer_reviewed(&mut self, layer: LayerIx) {
        let book = &mut self.layers[layer.position()];
        if matches!(book.state, LayerState::Finished(_)) {
            return;
        }
        if book.unfinished == 0 {
            self.finish_layer(layer);
        } else if matches!(book.state, LayerState::Running { .. })
            && book.left_in_group == 0
            && book.open_group + 1 < book.groups.len()
        {
            book.open_group += 1;
            self.open_group(layer);
        }
    }

    /// The one place where a layer finishes.
    fn finish_layer(&mut self, layer: LayerIx) {
        let plan = Arc::clone(&self.plan);
        let planned = plan.layer(layer);
        let book = &self.layers[layer.position()];
        let facts = self.facts_of(layer);
        let (verdict, reason) = judge::layer(&facts, &planned.success);
        let began = matches!(book.state, LayerState::Running { .. });
        self.layers[layer.position()].state = LayerState::Finished(verdict);
        self.serving.retain(|&other| other != layer);
        self.look_again = true;
        self.unfinished_layers -= 1;
        if began {
            self.last_layer_end = Some(self.now);
        }
        self.result.tests_failed |= verdict == Verdict::Failed
            || (verdict == Verdict::Partial && !planned.success.allow_partial_success);
        self.result.environment_failed |= verdict == Verdict::Errored;
        for &category in &planned.categories {
            self.result.environment_failed |= self.categories[category.position()].environment;
        }
        if plan.is_part() {
            let facts = LayerFacts { counts: Default::default(), ..facts };
            self.emit(Event::Layer(layer, LayerEvent::Judged(Box::new(facts))));
        }
        self.emit(Event::Layer(layer, LayerEvent::Finished { verdict, reason }));
    }

    fn facts_of(&self, layer: LayerIx) -> LayerFacts {
        let book = &self.layers[layer.position()];
        let mut facts = LayerFacts {
            cut: book.cut,
            skipped: book.skipped,
            stopped: book.stopped.clone(),
            interrupted: self.is_stopping() == Some(StopCause::Interrupt),
            began: matches!(book.state, LayerState::Running { .. }),
            ..LayerFacts::default()
        };
        for &category in &self.plan.layer(layer).categories {
            let planned = self.plan.category(category);
            let book = &self.categories[category.position()];
            for (sum, count) in facts.counts.iter_mut().zip(book.counts) {
                *sum += count;
            }
            facts.cut_tests += book.cut_tests;
            facts.lost_tests += book.lost_tests;
            facts.critical_failures += book.critical_failures;
            facts.environment |= book.environment;
            facts.contradiction |= book.contradiction;
            if planned.flaky == apex_config::model::FlakyPolicy::Fail {
                facts.flaky_failures += book.counts[Outcome::Flaky as usize];
            }
            facts.spared += u32::from(matches!(planned.work, CategoryWork::Spared { .. }));
            facts.deferred += book.deferred;
            if let CategoryState::Finished(outcome) = book.state
                && !self.was_left_out(category)
            {
                let timed_out = book.counts[Outcome::TimedOut as usize];
                let by_its_own_limit =
                    book.timed_out || book.was_quiet || timed_out > book.cut_tests;
                facts.add_category(&planned.name, outcome, by_its_own_limit);
            }
        }
        facts
    }

    /// Ends the run when nothing is left to do.
    pub(super) fn finish_if_done(&mut self) {
        if self.state == RunState::NotBegun {
            return;
        }
        if self.is_stuck() {
            self.give_up_run();
        }
        if self.unfinished_layers > 0 || !self.services_are_quiet() {
            return;
        }
        let none = self.executed == 0 && !self.is_all_spared() && !self.is_for_others_to_say();
        self.result.nothing_ran = none || self.named_empty;
        self.state = RunState::Finished;
        let result = self.result.clone();
        self.emit(Event::Run(RunEvent::Finished(result)));
    }

    /// Whether everything that has work was spared: then that nothing ran is what was asked for.
    fn is_all_spared(&self) -> bool {
        let works = || self.plan.categories.iter().map(|category| &category.work);
        works().any(|work| matches!(work, CategoryWork::Spared { .. }))
            && !works().any(|work| {
                matches!(work, CategoryWork::Jobs { .. } | CategoryWork::Unavailable { .. })
            })
    }

    /// Whether other parts of a matrix decide whether anything ran: then that nothing falls into
    /// this part, or that all of it was skipped, is no fault of it.
    fn is_for_others_to_say(&self) -> bool {
        let part = self.plan.matrix.as_ref().filter(|matrix| matrix.part.is_some());
        part.is_some_and(|part| self.plan.layers.is_empty() || !part.parts.is_empty())
    }

    /// Whether work is left and nothing can ever move it: a plan that contradicts itself.
    fn is_stuck(&self) -> bool {
        self.unfinished_layers > 0
            && self.running == 0
            && self.services_are_quiet()
            && !self.is_pausing()
            && !self.clock.is_paused()
    }

    fn is_pausing(&self) -> bool {
        self.serving.is_empty()
            && self
                .last_layer_end
                .is_some_and(|end| end.plus(self.plan.inter_layer_delay) > self.now)
    }

    fn give_up_run(&mut self) {
        self.result.internal_error =
            Some("work is left and nothing can start it: the plan contradicts itself".to_owned());
        let plan = Arc::clone(&self.plan);
        for layer in &plan.layers {
            for &category in &layer.categories {
                self.give_up_category(category, Outcome::NotRun, "nothing could start it");
            }
        }
        for position in 0..self.layers.len() {
            self.review_layer(LayerIx::at(position));
        }
        self.settle();
    }
}
