//! From the events of a run to the rows that are kept of it. It relies on the view that is folded
//! from the same events, and holds only numbers: 40 bytes for each attempt of a job or a test.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::Duration;

use apex_config::model::RunnerKind;
use apex_core::event::{CategoryEvent, JobEvent, ProcessEnd, RunEvent, Setting, TestEvent};
use apex_core::plan::Cutting;
use apex_core::{
    AttemptNumber, CategoryIx, Envelope, Event, JobIx, Moment, Outcome, RunView, TestIx,
};

use super::row::{CuttingRow, InputsRow, JobRow, RunRow, TestRow, verdict};

/// Gathers what is kept of a run.
#[derive(Debug, Default)]
pub(super) struct Collector {
    setting: Setting,
    running: BTreeMap<JobIx, RunningJob>,
    /// Jobs whose later attempts run more than the job.
    doubted: HashSet<JobIx>,
    jobs: Vec<JobAttempt>,
    tests: Vec<TestAttempt>,
}

/// An attempt of a job that goes on.
#[derive(Debug)]
struct RunningJob {
    started: Moment,
    attempt: u32,
    beside: u32,
    tests: u32,
    in_tests: Duration,
    was_stopped: bool,
    outcome: Option<Outcome>,
}

/// An attempt of a job that ended.
#[derive(Debug)]
struct JobAttempt {
    job: JobIx,
    attempt: u32,
    beside: u32,
    tests: u32,
    ended_itself: bool,
    duration_micros: u64,
    in_tests_micros: u64,
    outcome: Option<Outcome>,
    peak_memory_mb: Option<u32>,
}

/// An attempt of a test that ended.
#[derive(Debug)]
struct TestAttempt {
    test: TestIx,
    attempt: u32,
    outcome: Outcome,
    duration: Option<Duration>,
}

impl Collector {
    /// Takes one envelope. The view has seen it, and may have seen more.
    pub(super) fn take(&mut self, envelope: &Envelope, view: &RunView) {
        match &envelope.event {
            Event::Run(RunEvent::Started(started)) => {
                self.setting = started.setting.clone();
                self.jobs.reserve(started.plan.jobs.len());
            }
            // How long something took that was stopped meanwhile teaches nothing.
            Event::Run(RunEvent::Paused) => {
                self.running.values_mut().for_each(|running| running.was_stopped = true);
            }
            Event::Category(category, CategoryEvent::DependsOnOrder { what }) => {
                self.forget_part(*category, what, view);
            }
            Event::Job(job, event) => self.take_job(*job, event, envelope.at, view),
            Event::Test(job, TestEvent::Finished { test, attempt, outcome, duration, .. }) => {
                let attempt = TestAttempt {
                    test: *test,
                    attempt: attempt.0,
                    outcome: *outcome,
                    duration: *duration,
                };
                self.take_test(*job, attempt, view);
            }
            _ => {}
        }
    }

    fn take_test(&mut self, job: JobIx, attempt: TestAttempt, view: &RunView) {
        let Some(running) = self.running.get_mut(&job) else {
            self.tests.push(attempt);
            return;
        };
        if attempt.outcome.has_run() {
            running.tests += 1;
            let duration = attempt.duration.unwrap_or_default();
            running.in_tests = running.in_tests.saturating_add(duration);
        }
        if is_the_job_itself(job, attempt.test, view) {
            running.outcome = Some(attempt.outcome);
        } else {
            self.tests.push(attempt);
        }
    }

    /// Drops the failure of a test in a part: it says how the test was run, not how it is.
    fn forget_part(&mut self, category: CategoryIx, id: &str, view: &RunView) {
        self.tests.retain(|attempt| {
            let is_it = view.test(attempt.test).is_some_and(|test| {
                *test.case.id == *id && view.category_of(test.job) == Some(category)
            });
            !(is_it && attempt.attempt == 1)
        });
    }

    fn take_job(&mut self, job: JobIx, event: &JobEvent, at: Moment, view: &RunView) {
        match event {
            JobEvent::Started { attempt } => {
                let beside = self.beside(job, view);
                let running = RunningJob {
                    started: at,
                    attempt: attempt.0,
                    beside,
                    tests: 0,
                    in_tests: Duration::ZERO,
                    was_stopped: false,
                    outcome: None,
                };
                self.running.insert(job, running);
            }
            JobEvent::Terminated { .. } | JobEvent::Killed => {
                if let Some(running) = self.running.get_mut(&job) {
                    running.was_stopped = true;
                }
            }
            JobEvent::AttemptFinished { end, peak_memory_mb, .. } => {
                let Some(running) = self.running.remove(&job) else { return };
                // A run of the whole work would be taken for one of the part.
                if self.doubted.contains(&job) {
                    return;
                }
                let started = !matches!(end, ProcessEnd::NotStarted(_));
                self.jobs.push(JobAttempt {
                    job,
                    attempt: running.attempt,
                    beside: running.beside,
                    tests: running.tests,
                    ended_itself: started && !running.was_stopped,
                    duration_micros: micros(at.since(running.started)),
                    in_tests_micros: micros(running.in_tests),
                    outcome: running.outcome,
                    peak_memory_mb: *peak_memory_mb,
                });
            }
            JobEvent::Doubted => {
                self.doubted.insert(job);
            }
            JobEvent::Quiet { .. } | JobEvent::StopReached | JobEvent::Finished { .. } => {}
        }
    }

    /// How many jobs run on the machine on which this one starts.
    fn beside(&self, job: JobIx, view: &RunView) -> u32 {
        let matrix = view.plan().matrix.as_ref().filter(|matrix| matrix.part.is_none());
        let machine = |job: &JobIx| matrix.and_then(|matrix| matrix.parts.get(job.position()));
        let beside = self.running.keys().filter(|other| machine(other) == machine(&job));
        u32::try_from(beside.count()).unwrap_or(u32::MAX)
    }

    /// The run itself; `None` when it never began.
    pub(super) fn run<'a>(&'a self, view: &'a RunView) -> Option<RunRow<'a>> {
        let identity = view.identity()?;
        let checkout = self.setting.checkout.as_ref();
        let plan = view.plan();
        Some(RunRow {
            run: identity.run.as_str(),
            unix_millis: identity.unix_millis,
            commit: checkout.map(|checkout| &*checkout.commit),
            branch: checkout.and_then(|checkout| checkout.branch.as_deref()),
            is_changed: checkout.and_then(|checkout| checkout.is_changed),
            environment: plan.request.environment.as_ref().map(|name| name.as_str()),
            cores: self.setting.cores,
            slots: plan.slots,
            verdict: view.result().map(verdict),
            duration: view.spent(view.last()),
            inputs: inputs(view),
            cuttings: cuttings(view),
        })
    }

    /// The attempts of its jobs, in the order in which they ended. What a damaged record names
    /// outside of its plan is left out.
    pub(super) fn jobs<'a>(&'a self, view: &'a RunView) -> impl Iterator<Item = JobRow<'a>> {
        let plan = view.plan();
        self.jobs.iter().filter_map(|one| {
            let planned = plan.jobs.get(one.job.position())?;
            let category = plan.categories.get(planned.category.position())?;
            let layer = plan.layers.get(category.layer.position())?;
            Some(JobRow {
                category: category.name.as_str(),
                layer: layer.id.as_str(),
                runner: planned.spec.runner.as_str(),
                job: one.job.0,
                attempt: one.attempt,
                ended_itself: one.ended_itself,
                duration: Duration::from_micros(one.duration_micros),
                in_tests: Duration::from_micros(one.in_tests_micros),
                tests: one.tests,
                peak_memory_mb: one.peak_memory_mb,
                beside: one.beside,
                outcome: one.outcome,
            })
        })
    }

    /// The attempts of its tests, in the order in which they ended.
    pub(super) fn tests<'a>(&'a self, view: &'a RunView) -> impl Iterator<Item = TestRow<'a>> {
        let plan = view.plan();
        self.tests.iter().filter_map(|one| {
            let test = view.test(one.test)?;
            let category = plan.categories.get(view.category_of(test.job)?.position())?;
            Some(TestRow {
                category: category.name.as_str(),
                id: &test.case.id,
                // A path of this machine alone would teach nobody else.
                file: test.case.file.as_deref().filter(|file| Path::new(file).is_relative()),
                critical: test.case.critical,
                job: test.job.0,
                attempt: one.attempt,
                outcome: one.outcome,
                duration: one.duration,
            })
        })
    }
}

/// Whether a test is what a command without a list of tests is known as: one row is enough for
/// both. Commands are the only jobs of which there may be very many.
fn is_the_job_itself(job: JobIx, test: TestIx, view: &RunView) -> bool {
    let Some(planned) = view.plan().jobs.get(job.position()) else { return false };
    let category = view.plan().categories.get(planned.category.position());
    planned.spec.runner == RunnerKind::Command
        && view.test(test).zip(category).is_some_and(|(test, category)| {
            *test.case.id == *category.name.as_str()
                && test.case.file.is_none()
                && !test.case.critical
        })
}

/// Whole microseconds: finer than any clock of a test, and small in a database.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// What the inputs of categories amounted to, of those that came to an end by which to judge.
fn inputs(view: &RunView) -> Vec<InputsRow<'_>> {
    let planned = view.plan().categories.iter().zip(view.categories()).enumerate();
    let rows = planned.filter_map(|(position, (planned, category))| {
        let fingerprint = planned.fingerprint.as_ref()?;
        let outcome = category.progress.ending()?.outcome;
        let passed = outcome == Outcome::Passed && is_whole(view, CategoryIx::at(position));
        (passed || outcome.is_bad()).then(|| InputsRow {
            category: planned.name.as_str(),
            fingerprint: fingerprint.as_str(),
            is_sample: planned.is_sample,
            passed,
        })
    });
    rows.collect()
}

/// How those categories were cut that show something about running in parts: that came to an end
/// of their own.
fn cuttings(view: &RunView) -> Vec<CuttingRow<'_>> {
    let planned = view.plan().categories.iter().zip(view.categories()).enumerate();
    let rows = planned.filter_map(|(position, (planned, category))| {
        let in_parts = match planned.cutting {
            Cutting::AsWritten => return None,
            Cutting::Whole { .. } => false,
            Cutting::Parts { .. } => true,
        };
        let jobs = || view.plan().jobs_of(CategoryIx::at(position));
        let was_checked = jobs().any(|job| {
            let attempts = view.jobs().get(job.position()).and_then(|job| job.attempt);
            attempts.is_some_and(|attempt| attempt > AttemptNumber::FIRST)
        });
        let outcome = category.progress.ending()?.outcome;
        let passed = match outcome {
            Outcome::Passed | Outcome::Flaky | Outcome::Quarantined => true,
            Outcome::Failed | Outcome::Errored => false,
            _ => return None,
        };
        Some(CuttingRow {
            category: planned.name.as_str(),
            parts: if in_parts { u32::try_from(jobs().count()).unwrap_or(u32::MAX) } else { 0 },
            whole: (!in_parts || was_checked || !passed).then_some(passed),
            depends: category.depends_on_order.first().map(|what| &**what),
        })
    });
    rows.collect()
}

/// Whether nothing of a category was left out.
fn is_whole(view: &RunView, category: CategoryIx) -> bool {
    view.plan().jobs_of(category).all(|job| {
        let ending = view.jobs().get(job.position()).and_then(|job| job.progress.ending());
        ending.is_some_and(|end| {
            matches!(end.outcome, Outcome::Passed | Outcome::Skipped | Outcome::Empty)
        })
    })
}
