//! Work that was cut on trust: a failure in a part counts after the whole work ran, and is excused
//! only by it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::event::{
    CategoryEvent, Envelope, Event, JobEvent, LayerEvent, ProcessEnd, RunEvent, ServiceEvent,
    TestEvent,
};
use crate::id::{AttemptNumber, CategoryIx, JobIx, TestIx};
use crate::outcome::Outcome;
use crate::plan::Plan;

use super::Findings;

/// A test of a part.
struct Life {
    id: Arc<str>,
    was_bad: bool,
    last_attempt: AttemptNumber,
}

struct Book<'a> {
    plan: &'a Plan,
    tests: HashMap<TestIx, Life>,
    /// What was said to depend on its order.
    dependent: HashSet<(CategoryIx, Arc<str>)>,
    /// Jobs that are in doubt, and those that finished.
    doubted: HashSet<JobIx>,
    finished: HashSet<JobIx>,
    /// Jobs that ran the whole work that they are a part of.
    ran_whole: Vec<JobIx>,
    /// Whether anything was ended early or could not start, so that some checks never came.
    is_disturbed: bool,
}

pub(super) fn judge(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    if plan.jobs.iter().all(|job| job.undivided.is_none()) {
        return;
    }
    let mut book = Book {
        plan,
        tests: HashMap::new(),
        dependent: HashSet::new(),
        doubted: HashSet::new(),
        finished: HashSet::new(),
        ran_whole: Vec::new(),
        is_disturbed: stream.iter().any(|envelope| disturbs(&envelope.event)),
    };
    for envelope in stream {
        book.take(envelope, findings);
    }
}

/// Whether an event may keep a whole run from happening.
fn disturbs(event: &Event) -> bool {
    matches!(
        event,
        Event::Run(RunEvent::Interrupted { .. } | RunEvent::BudgetExceeded { .. })
            | Event::Layer(_, LayerEvent::BudgetExceeded | LayerEvent::Stopped { .. })
            | Event::Category(_, CategoryEvent::TimedOut { .. })
            | Event::Service(_, ServiceEvent::Failed { .. } | ServiceEvent::Lost { .. })
            | Event::Job(_, JobEvent::AttemptFinished { end: ProcessEnd::NotStarted(_), .. })
    )
}

impl Book<'_> {
    fn take(&mut self, envelope: &Envelope, findings: &mut Findings) {
        match &envelope.event {
            Event::Category(category, CategoryEvent::DependsOnOrder { what }) => {
                self.dependent.insert((*category, Arc::clone(what)));
            }
            Event::Job(job, event) => self.job(envelope.seq, *job, event, findings),
            Event::Test(job, event) => self.test(envelope.seq, *job, event, findings),
            _ => {}
        }
    }

    fn job(&mut self, seq: u64, job: JobIx, event: &JobEvent, findings: &mut Findings) {
        match event {
            JobEvent::Doubted => {
                let is_part = self.plan.job(job).undivided.is_some();
                let once = self.doubted.insert(job);
                findings.require(is_part && once, seq, "only a part on trust is doubted, once");
            }
            JobEvent::Started { attempt } if *attempt > AttemptNumber::FIRST => {
                let planned = self.plan.job(job);
                if planned.undivided.is_none() {
                    return;
                }
                findings.require(
                    self.doubted.contains(&job),
                    seq,
                    "only what is doubted is checked",
                );
                let mut parts = self.plan.jobs_of(planned.category).filter(|other| {
                    *other != job && self.plan.job(*other).undivided == planned.undivided
                });
                let alone = parts
                    .all(|other| self.doubted.contains(&other) || self.finished.contains(&other));
                findings.require(alone, seq, "a work runs whole after all of its parts");
            }
            JobEvent::AttemptFinished { attempt, .. } if *attempt > AttemptNumber::FIRST => {
                self.ran_whole.push(job);
            }
            JobEvent::Finished { .. } => {
                self.finished.insert(job);
            }
            _ => {}
        }
    }

    fn is_same_work(&self, one: JobIx, other: JobIx) -> bool {
        let (one, other) = (self.plan.job(one), self.plan.job(other));
        one.category == other.category && one.undivided == other.undivided
    }

    fn test(&mut self, seq: u64, job: JobIx, event: &TestEvent, findings: &mut Findings) {
        match event {
            TestEvent::Discovered { first, cases } => {
                for (number, case) in (first.0..).zip(cases) {
                    let life = Life {
                        id: Arc::clone(&case.id),
                        was_bad: false,
                        last_attempt: AttemptNumber(0),
                    };
                    self.tests.insert(TestIx(number), life);
                }
            }
            TestEvent::Finished { test, attempt, outcome, .. } => {
                if let Some(life) = self.tests.get_mut(test) {
                    life.was_bad |= outcome.is_bad();
                    life.last_attempt = *attempt;
                }
            }
            TestEvent::Settled { test, outcome } => {
                self.settled(seq, job, (*test, *outcome), findings)
            }
            TestEvent::Started { .. } => {}
        }
    }

    fn settled(
        &self,
        seq: u64,
        job: JobIx,
        (test, outcome): (TestIx, Outcome),
        findings: &mut Findings,
    ) {
        let Some(life) = self.tests.get(&test) else { return };
        let planned = self.plan.job(job);
        if outcome == Outcome::Passed && life.was_bad {
            let key = (planned.category, Arc::clone(&life.id));
            let is_excused = planned.undivided.is_some() && self.dependent.contains(&key);
            findings.require(is_excused, seq, "a failure is excused only by a whole run");
        }
        let counts_unchecked = planned.undivided.is_some()
            && matches!(outcome, Outcome::Failed | Outcome::Errored)
            && life.last_attempt <= AttemptNumber::FIRST
            && !self.ran_whole.iter().any(|&other| self.is_same_work(job, other));
        findings.require(
            !counts_unchecked || self.is_disturbed,
            seq,
            "a failure of a part counts after the whole ran",
        );
    }
}
