//! What ran when: the spans of attempts, tests and services that a view does not keep.
//!
//! Memory: 40 bytes an attempt of a job or test.

use std::collections::BTreeMap;

use apex_core::event::{JobEvent, ServiceEvent, TestEvent};
use apex_core::{AttemptNumber, Envelope, Event, JobIx, Moment, Outcome, ServiceIx, TestIx};

/// What ran when.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Attempts of jobs, in the order in which they began.
    pub jobs: Vec<JobSpan>,
    /// Attempts of tests, in the order in which they began.
    pub tests: Vec<TestSpan>,
    /// Lives of services, in the order in which they began.
    pub services: Vec<ServiceSpan>,
    open_jobs: BTreeMap<JobIx, usize>,
    open_tests: BTreeMap<TestIx, usize>,
    open_services: BTreeMap<ServiceIx, usize>,
}

/// An attempt of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct JobSpan {
    pub job: JobIx,
    pub attempt: AttemptNumber,
    pub began: Moment,
    pub ended: Moment,
}

/// An attempt of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TestSpan {
    pub test: TestIx,
    /// The position of the attempt of its job in [`Timeline::jobs`], when that had begun.
    pub within: Option<usize>,
    pub began: Moment,
    pub ended: Moment,
    /// How the attempt ended; none when it was cut off.
    pub outcome: Option<Outcome>,
}

/// A service from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ServiceSpan {
    pub service: ServiceIx,
    pub began: Moment,
    /// When it answered first, if it did.
    pub ready: Option<Moment>,
    pub ended: Moment,
}

impl Timeline {
    /// Takes one envelope.
    pub fn apply(&mut self, envelope: &Envelope) {
        let at = envelope.at;
        match &envelope.event {
            Event::Job(job, JobEvent::Started { attempt }) => {
                self.open_jobs.insert(*job, self.jobs.len());
                self.jobs.push(JobSpan { job: *job, attempt: *attempt, began: at, ended: at });
            }
            Event::Job(job, JobEvent::AttemptFinished { .. } | JobEvent::Finished { .. }) => {
                if let Some(span) = self.open_jobs.remove(job) {
                    self.jobs[span].ended = at;
                }
            }
            Event::Test(job, event) => self.apply_test(*job, event, at),
            Event::Service(service, event) => self.apply_service(*service, event, at),
            _ => {}
        }
    }

    fn apply_test(&mut self, job: JobIx, event: &TestEvent, at: Moment) {
        match event {
            TestEvent::Started { test, .. } => {
                self.open_tests.insert(*test, self.tests.len());
                let within = self.open_jobs.get(&job).copied();
                let span = TestSpan { test: *test, within, began: at, ended: at, outcome: None };
                self.tests.push(span);
            }
            TestEvent::Finished { test, outcome, .. } | TestEvent::Settled { test, outcome } => {
                if let Some(span) = self.open_tests.remove(test) {
                    self.tests[span].ended = at;
                    self.tests[span].outcome = Some(*outcome);
                }
            }
            TestEvent::Discovered { .. } | TestEvent::Slow { .. } => {}
        }
    }

    fn apply_service(&mut self, service: ServiceIx, event: &ServiceEvent, at: Moment) {
        match event {
            ServiceEvent::Starting => {
                self.open_services.insert(service, self.services.len());
                let span = ServiceSpan { service, began: at, ready: None, ended: at };
                self.services.push(span);
            }
            ServiceEvent::Ready { .. } => {
                if let Some(span) = self.open_services.get(&service) {
                    self.services[*span].ready.get_or_insert(at);
                }
            }
            ServiceEvent::Failed { .. } | ServiceEvent::Stopped => {
                if let Some(span) = self.open_services.remove(&service) {
                    self.services[span].ended = at;
                }
            }
            ServiceEvent::Preparing { .. } | ServiceEvent::Lost { .. } => {}
        }
    }

    /// What is open ends with the record.
    pub(super) fn conclude(&mut self, last: Moment) {
        for span in std::mem::take(&mut self.open_jobs).into_values() {
            self.jobs[span].ended = last;
        }
        for span in std::mem::take(&mut self.open_tests).into_values() {
            self.tests[span].ended = last;
        }
        for span in std::mem::take(&mut self.open_services).into_values() {
            self.services[span].ended = last;
        }
    }

    /// The slot of each attempt of a job, from 0: the lowest one that was free when it began.
    #[must_use]
    pub fn slots(&self) -> Vec<usize> {
        lanes(self.jobs.iter().map(|span| (span.began, span.ended)))
    }
}

/// The lowest lane for each span, in the order of their beginnings, so that no two in a lane
/// overlap.
pub(super) fn lanes(spans: impl IntoIterator<Item = (Moment, Moment)>) -> Vec<usize> {
    let mut free_from: Vec<Moment> = Vec::new();
    let mut chosen = Vec::new();
    for (began, ended) in spans {
        let lane = free_from.iter().position(|free| *free <= began).unwrap_or(free_from.len());
        if lane == free_from.len() {
            free_from.push(ended);
        } else {
            free_from[lane] = ended;
        }
        chosen.push(lane);
    }
    chosen
}
