//! Work that was cut on trust: a failure in a part counts after the whole work ran, and is excused
//! only by it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::event::{
    CategoryEvent, Envelope, Event, JobEvent, LayerEvent, ProcessEnd, RunEvent, ServiceEvent,
    StopCause, TestEvent,
};
use crate::id::{AttemptNumber, CategoryIx, JobIx, TestIx};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::time::Moment;

use super::Findings;

/// Slack for the strictly growing time stamps of events that happen at one moment.
const STAMP_SLACK: Duration = Duration::from_millis(5);

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
    layer_began: Vec<Option<Moment>>,
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
        layer_began: vec![None; plan.layers.len()],
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
            | Event::Layer(
                _,
                LayerEvent::BudgetExceeded | LayerEvent::Stopped { .. } | LayerEvent::Skipped,
            )
            | Event::Category(_, CategoryEvent::TimedOut { .. })
            | Event::Service(_, ServiceEvent::Failed { .. } | ServiceEvent::Lost { .. })
            | Event::Job(
                _,
                JobEvent::AttemptFinished { end: ProcessEnd::NotStarted(_), .. }
                    | JobEvent::Terminated { cause: StopCause::NoOutput }
            )
    )
}

impl Book<'_> {
    fn take(&mut self, envelope: &Envelope, findings: &mut Findings) {
        match &envelope.event {
            Event::Category(category, CategoryEvent::DependsOnOrder { what }) => {
                let is_steady = !self.plan.is_known_flaky(*category, what);
                let law = "what is known to be flaky is not said to depend on its order";
                findings.require(is_steady, envelope.seq, law);
                self.dependent.insert((*category, Arc::clone(what)));
            }
            Event::Layer(layer, LayerEvent::Started) => {
                self.layer_began[layer.position()] = Some(envelope.at);
            }
            Event::Job(job, event) => self.job(envelope, *job, event, findings),
            Event::Test(job, event) => self.test(envelope, *job, event, findings),
            _ => {}
        }
    }

    fn job(&mut self, at: &Envelope, job: JobIx, event: &JobEvent, findings: &mut Findings) {
        let seq = at.seq;
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
                let mut parts = self.plan.parts_of_work(job).filter(|other| *other != job);
                let alone = parts
                    .all(|other| self.doubted.contains(&other) || self.finished.contains(&other));
                findings.require(alone, seq, "a work runs whole after all of its parts");
                let fits = attempt.0 > 2 || self.fits(job, at.at);
                findings.require(fits, seq, "a check starts only when it fits the budgets");
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

    fn test(&mut self, at: &Envelope, job: JobIx, event: &TestEvent, findings: &mut Findings) {
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
                self.settled(at, job, (*test, *outcome), findings)
            }
            TestEvent::Started { .. } | TestEvent::Slow { .. } => {}
        }
    }

    /// Whether the whole work of a job is expected to end within the budgets of layer and run.
    fn fits(&self, job: JobIx, now: Moment) -> bool {
        let parts = self.plan.parts_of_work(job).filter_map(|part| self.plan.job(part).forecast);
        let end = now.plus(parts.map(|forecast| forecast.expected).sum());
        let layer = self.plan.category(self.plan.job(job).category).layer;
        let began = self.layer_began[layer.position()];
        let of_layer =
            began.zip(self.plan.layer(layer).budget).map(|(since, budget)| since.plus(budget));
        let of_run = self.plan.budget.map(Moment::after_start);
        [of_layer, of_run].into_iter().flatten().all(|limit| end <= limit.plus(STAMP_SLACK))
    }

    fn settled(
        &self,
        at: &Envelope,
        job: JobIx,
        (test, outcome): (TestIx, Outcome),
        findings: &mut Findings,
    ) {
        let Some(life) = self.tests.get(&test) else { return };
        let (seq, planned) = (at.seq, self.plan.job(job));
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
            !counts_unchecked || self.is_disturbed || !self.fits(job, at.at),
            seq,
            "a failure of a part counts after the whole ran",
        );
    }
}
