//! What becomes of the work of a part whose record breaks off or is missing: what ran errored,
//! what waited did not run, and the environment is to blame, not a test.

use std::collections::HashMap;

use crate::event::{Event, JobEvent, ProcessEnd, ServiceEvent, TestEvent};
use crate::id::{AttemptNumber, CategoryIx, JobIx, LayerIx, ServiceIx, TestIx};
use crate::judge::{self, LayerFacts};
use crate::outcome::Outcome;
use crate::test_case::Failure;
use crate::view::{Progress, ServiceState, TestState, TestView};

use super::Join;

/// A test that is not settled.
#[derive(Clone, Copy, Debug)]
struct OpenTest {
    number: TestIx,
    is_running: bool,
    /// What it amounts to.
    left_as: Outcome,
}

impl Join {
    /// Ends everything of a part that has not ended.
    pub(super) fn give_up(&mut self, at: usize, why: &str) {
        self.emit(self.now(), Event::Warning(why.to_owned()));
        self.result.environment_failed = true;
        self.is_whole = false;
        let part = &self.parts[at].narrowed;
        let (jobs, categories) = (part.jobs.clone(), part.categories.clone());
        let (layers, services) = (part.layers.clone(), part.plan.services.len());
        let mut open = self.open_tests();
        let mut cut_off: Vec<CategoryIx> = Vec::new();
        for job in jobs {
            if self.give_up_job(job, &open.remove(&job).unwrap_or_default(), why) {
                cut_off.push(self.plan.job(job).category);
            }
        }
        for service in (0..services).map(ServiceIx::at) {
            self.give_up_service(at, service, why);
        }
        let told = self.parts[at].ended_categories.clone();
        for category in categories.iter().filter(|category| !told.contains(category)) {
            let is_cut_off = cut_off.contains(category);
            let outcome = if is_cut_off { Outcome::Errored } else { Outcome::NotRun };
            let ending = (judge::rank(outcome), outcome, why.to_owned());
            self.category_ends(self.now(), *category, ending);
        }
        let told_layers = self.parts[at].ended_layers.clone();
        for layer in layers.iter().filter(|layer| !told_layers.contains(layer)) {
            let facts = self.facts_of_lost(*layer, &categories, &told);
            self.layer_ends(self.now(), *layer, &facts);
        }
    }

    /// The tests that are not settled, by their jobs.
    fn open_tests(&self) -> HashMap<JobIx, Vec<OpenTest>> {
        let mut open: HashMap<JobIx, Vec<OpenTest>> = HashMap::new();
        for (number, test) in self.view.tests().iter().enumerate() {
            if test.outcome().is_none() {
                let (number, left_as) = (TestIx::at(number), self.left_as(test));
                let is_running = matches!(test.state, TestState::Running { .. });
                open.entry(test.job).or_default().push(OpenTest { number, is_running, left_as });
            }
        }
        open
    }

    /// What a test amounts to of which nothing more will be told: what its last attempt said, by
    /// the rules of every run, or nothing when that did not come to an end.
    fn left_as(&self, test: &TestView) -> Outcome {
        let TestState::Finished(outcome) = test.state else { return Outcome::NotRun };
        let name = &self.plan.category(self.plan.job(test.job).category).name;
        let mut entries = self.plan.quarantine.iter();
        if outcome.is_bad() && entries.any(|entry| entry.matches(name, &test.case.id)) {
            return Outcome::Quarantined;
        }
        let was_bad = test.earlier.iter().any(|attempt| attempt.outcome.is_bad());
        if outcome == Outcome::Passed && was_bad { Outcome::Flaky } else { outcome }
    }

    /// Ends a job with its tests; whether it was cut off.
    fn give_up_job(&mut self, job: JobIx, tests: &[OpenTest], why: &str) -> bool {
        let Some(view) = self.view.jobs().get(job.position()) else { return false };
        let is_running = self.view.running_jobs().any(|(_, running)| running == job);
        let (attempt, has_begun) = match view.progress {
            Progress::Finished { .. } => return false,
            Progress::Waiting => (AttemptNumber::FIRST, false),
            Progress::Running { .. } => (view.attempt.unwrap_or(AttemptNumber::FIRST), true),
        };
        for test in tests {
            self.give_up_test(job, test, attempt, why);
        }
        if is_running {
            let end = ProcessEnd::NotStarted(why.to_owned());
            let ended =
                JobEvent::AttemptFinished { attempt, end, peak_memory_mb: None, cpu_time: None };
            self.emit(self.now(), Event::Job(job, ended));
        }
        let outcome = if has_begun { Outcome::Errored } else { Outcome::NotRun };
        let finished = JobEvent::Finished { outcome, reason: why.to_owned() };
        self.emit(self.now(), Event::Job(job, finished));
        has_begun
    }

    /// Settles a test, after the end of its attempt when that goes on.
    fn give_up_test(&mut self, job: JobIx, test: &OpenTest, attempt: AttemptNumber, why: &str) {
        let &OpenTest { number, is_running, left_as } = test;
        if is_running {
            let failure = Failure { message: why.to_owned(), ..Failure::default() };
            let finished = TestEvent::Finished {
                test: number,
                attempt,
                outcome: left_as,
                duration: None,
                failure: Some(Box::new(failure)),
            };
            self.emit(self.now(), Event::Test(job, finished));
        }
        let settled = TestEvent::Settled { test: number, outcome: left_as };
        self.emit(self.now(), Event::Test(job, settled));
    }

    fn give_up_service(&mut self, at: usize, service: ServiceIx, why: &str) {
        let Some(service) = self.service_of(at, service) else { return };
        let is_up = self.view.services().get(service.position()).is_some_and(|view| {
            matches!(view.state, ServiceState::Starting { .. } | ServiceState::Ready { .. })
        });
        if is_up {
            let failed = ServiceEvent::Failed { reason: why.to_owned() };
            self.emit(self.now(), Event::Service(service, failed));
        }
    }

    /// On what the verdict of a layer rests that a part left behind.
    fn facts_of_lost(
        &self,
        layer: LayerIx,
        categories: &[CategoryIx],
        told: &[CategoryIx],
    ) -> LayerFacts {
        let own = || categories.iter().filter(|one| self.plan.category(**one).layer == layer);
        let mut open: Vec<&CategoryIx> = own().filter(|one| !told.contains(one)).collect();
        if open.is_empty() {
            open = own().collect();
        }
        let names = open.iter().map(|&&category| self.plan.category(category).name.clone());
        LayerFacts {
            environment: true,
            began: true,
            errored: names.collect(),
            unfinished: u32::try_from(open.len()).unwrap_or(u32::MAX),
            ..LayerFacts::default()
        }
    }
}
