//! Time limits, pauses, stops, and that the end says what happened.

use std::collections::HashMap;
use std::time::Duration;

use crate::event::{
    CategoryEvent, Envelope, Event, JobEvent, LayerEvent, RunEvent, RunResult, ServiceEvent,
    StopCause, TestEvent,
};
use crate::id::{JobIx, LayerIx, ServiceIx, TestIx};
use crate::outcome::{Outcome, Verdict};
use crate::plan::Plan;
use crate::schedule::LOST_AFTER;
use crate::time::Moment;

use super::Findings;

/// Slack for the strictly growing time stamps of events that happen at one moment.
const STAMP_SLACK: Duration = Duration::from_millis(5);

struct Book<'a> {
    plan: &'a Plan,
    is_paused: bool,
    /// Whether a layer did not run because of another.
    is_blocked: bool,
    /// How long the silence of each running job was when it was last told.
    quiet_for: Vec<Duration>,
    test_began: HashMap<TestIx, Moment>,
    running: Vec<Option<Moment>>,
    asked: Vec<Option<Moment>>,
    layer_began: Vec<Option<Moment>>,
    category_began: Vec<Option<Moment>>,
    stopped_layers: Vec<bool>,
    /// Jobs that run and lost a service while they did.
    lost_service: Vec<bool>,
    last_layer_end: Option<Moment>,
    stopped: bool,
    interrupted: Option<i32>,
    budget: bool,
    skipped_layers: Vec<bool>,
    failures: u64,
    executed: u64,
}

pub(super) fn judge(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    let mut book = Book::new(plan);
    for envelope in stream {
        book.take(envelope, findings);
    }
}

/// Judges only what the last event says of the whole run.
pub(super) fn judge_end(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    let mut book = Book::new(plan);
    for envelope in stream {
        let in_time = &mut Findings::default();
        match &envelope.event {
            Event::Run(event) => book.run(envelope.seq, event, findings),
            _ => book.take(envelope, in_time),
        }
    }
}

impl<'a> Book<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            is_paused: false,
            is_blocked: false,
            quiet_for: vec![Duration::ZERO; plan.jobs.len()],
            test_began: HashMap::new(),
            running: vec![None; plan.jobs.len()],
            asked: vec![None; plan.jobs.len()],
            layer_began: vec![None; plan.layers.len()],
            category_began: vec![None; plan.categories.len()],
            stopped_layers: vec![false; plan.layers.len()],
            lost_service: vec![false; plan.jobs.len()],
            last_layer_end: None,
            stopped: false,
            interrupted: None,
            budget: false,
            skipped_layers: vec![false; plan.layers.len()],
            failures: 0,
            executed: 0,
        }
    }

    fn take(&mut self, envelope: &Envelope, findings: &mut Findings) {
        let (seq, at) = (envelope.seq, envelope.at);
        match &envelope.event {
            Event::Run(RunEvent::Paused) => self.is_paused = true,
            Event::Run(RunEvent::Resumed) => self.is_paused = false,
            Event::Run(event) => self.run(seq, event, findings),
            Event::Test(_, TestEvent::Started { test, .. }) => {
                self.test_began.insert(*test, at);
            }
            Event::Test(job, TestEvent::Slow { test, .. }) => {
                let limit = self.plan.category(self.plan.job(*job).category).slow_after;
                // Taken out: it is told once.
                let began = self.test_began.remove(test);
                let is_due = began.is_some_and(|began| at.plus(STAMP_SLACK) >= began.plus(limit));
                findings.require(is_due, seq, "a test is called slow once, when it is");
            }
            Event::Test(_, TestEvent::Finished { test, .. }) => {
                self.test_began.remove(test);
            }
            Event::Layer(layer, event) => self.layer(seq, at, *layer, event, findings),
            Event::Category(category, CategoryEvent::Started) => {
                self.category_began[category.position()] = Some(at);
            }
            Event::Job(job, event) => self.job(seq, at, *job, event, findings),
            Event::Service(service, ServiceEvent::Failed { .. } | ServiceEvent::Lost { .. }) => {
                self.service_lost(*service);
            }
            Event::Test(_, TestEvent::Settled { outcome, .. }) => {
                self.failures += u64::from(matches!(outcome, Outcome::Failed));
                self.executed += u64::from(outcome.has_run());
            }
            _ => {}
        }
    }

    fn run(&mut self, seq: u64, event: &RunEvent, findings: &mut Findings) {
        match event {
            RunEvent::Interrupted { signal, .. } => {
                self.interrupted.get_or_insert(*signal);
                self.stopped = true;
            }
            RunEvent::BudgetExceeded { .. } => {
                self.budget = true;
                self.stopped = true;
            }
            RunEvent::Finished(result) => self.result(seq, result, findings),
            RunEvent::Started(_)
            | RunEvent::SlotsChanged { .. }
            | RunEvent::Paused
            | RunEvent::Resumed => {}
        }
    }

    fn layer(
        &mut self,
        seq: u64,
        at: Moment,
        layer: LayerIx,
        event: &LayerEvent,
        findings: &mut Findings,
    ) {
        match event {
            LayerEvent::Started => {
                let pause = self.plan.inter_layer_delay;
                let rested =
                    self.last_layer_end.is_none_or(|end| at.plus(STAMP_SLACK) >= end.plus(pause));
                findings.require(rested, seq, "a layer starts after the pause");
                self.layer_began[layer.position()] = Some(at);
            }
            LayerEvent::BudgetExceeded => {
                self.budget = true;
                self.stopped_layers[layer.position()] = true;
            }
            LayerEvent::Stopped { .. } => {
                if self.plan.layer(layer).fail_fast.looks_at_tests() {
                    self.stopped_layers[layer.position()] = true;
                }
            }
            LayerEvent::Skipped => {
                let is_open = self.layer_began[layer.position()].is_some()
                    && !self.stopped_layers[layer.position()]
                    && !self.stopped;
                findings.require(is_open, seq, "a layer is skipped once, and while it goes on");
                self.skipped_layers[layer.position()] = true;
                self.stopped_layers[layer.position()] = true;
            }
            LayerEvent::Judged(_) => {}
            LayerEvent::Finished { verdict, .. } => {
                let is_skipped = self.skipped_layers[layer.position()];
                let is_green = matches!(verdict, Verdict::Passed | Verdict::Empty);
                findings.require(!is_skipped || !is_green, seq, "a skipped layer never passes");
                self.is_blocked |= *verdict == Verdict::Blocked;
                if self.layer_began[layer.position()].is_some() {
                    self.last_layer_end = Some(at);
                }
            }
        }
    }

    fn service_lost(&mut self, service: ServiceIx) {
        for (position, job) in self.plan.jobs.iter().enumerate() {
            self.lost_service[position] |=
                self.running[position].is_some() && job.services.contains(&service);
        }
    }

    fn job(&mut self, seq: u64, at: Moment, job: JobIx, event: &JobEvent, findings: &mut Findings) {
        let category = self.plan.job(job).category;
        let planned = self.plan.category(category);
        match event {
            JobEvent::Started { attempt } => {
                // The whole run that decides about parts has the time of its category.
                if attempt.0 == 2 && self.plan.job(job).undivided.is_some() {
                    self.category_began[category.position()] = Some(at);
                }
                findings.require(!self.stopped, seq, "nothing starts after the run was stopped");
                let layer_open = !self.stopped_layers[planned.layer.position()];
                findings.require(layer_open, seq, "nothing starts after its layer was stopped");
                findings.require(!self.is_paused, seq, "nothing starts while the run is paused");
                self.quiet_for[job.position()] = Duration::ZERO;
                self.running[job.position()] = Some(at);
                self.asked[job.position()] = None;
            }
            JobEvent::Terminated { cause } => {
                self.asked[job.position()] = Some(at);
                let limit = match cause {
                    StopCause::CategoryTimeout => self.category_began[category.position()]
                        .map(|began| began.plus(planned.timeout)),
                    StopCause::LayerBudget => self.layer_began[planned.layer.position()]
                        .zip(self.plan.layer(planned.layer).budget)
                        .map(|(began, budget)| began.plus(budget)),
                    StopCause::RunBudget => self.plan.budget.map(Moment::after_start),
                    StopCause::Skip => {
                        let asked = self.skipped_layers[planned.layer.position()];
                        findings.require(asked, seq, "only the user skips");
                        return;
                    }
                    StopCause::NoOutput => {
                        let quiet = self.quiet_for[job.position()];
                        let was_long = planned.no_output_timeout.is_some_and(|most| quiet >= most);
                        findings.require(was_long, seq, "only what is quiet is ended for that");
                        return;
                    }
                    _ => return,
                };
                let due = limit.is_some_and(|limit| at.plus(STAMP_SLACK) >= limit);
                findings.require(due, seq, "a time limit ends nothing before its time");
                let late = limit.is_some_and(|limit| at > limit.plus(STAMP_SLACK));
                findings.require(!late, seq, "a time limit acts when it is due");
            }
            JobEvent::AttemptFinished { .. } => {
                let end = self.latest_end(job);
                findings.require(at <= end, seq, "an attempt ends within its limit and grace");
                let alone = self.lost_service[job.position()];
                let told = !alone || self.asked[job.position()].is_some();
                findings.require(told, seq, "what runs with a lost service is asked to end");
                self.lost_service[job.position()] = false;
                self.running[job.position()] = None;
            }
            JobEvent::Quiet { lasting } => {
                let runs = self.running[job.position()].is_some();
                findings.require(runs, seq, "only what runs is quiet");
                self.quiet_for[job.position()] = *lasting;
            }
            JobEvent::StopReached
            | JobEvent::Killed
            | JobEvent::Doubted
            | JobEvent::Finished { .. } => {}
        }
    }

    /// When an attempt has ended at the latest: grace and the time to write it off after the
    /// moment it was asked to end, or after the limit of its category.
    fn latest_end(&self, job: JobIx) -> Moment {
        let category = self.plan.job(job).category;
        let planned = self.plan.category(category);
        let limit =
            self.category_began[category.position()].map(|began| began.plus(planned.timeout));
        let from = match (self.asked[job.position()], limit) {
            (Some(asked), Some(limit)) => asked.min(limit),
            (Some(moment), None) | (None, Some(moment)) => moment,
            (None, None) => Moment::START,
        };
        from.plus(planned.grace).plus(LOST_AFTER).plus(STAMP_SLACK)
    }

    fn result(&self, seq: u64, result: &RunResult, findings: &mut Findings) {
        findings.require(result.internal_error.is_none(), seq, "a run never gets stuck");
        findings.require(result.signal == self.interrupted, seq, "the result names the signal");
        findings.require(result.budget_exceeded == self.budget, seq, "the result names the budget");
        let skipped = self.skipped_layers.contains(&true);
        findings.require(result.skipped == skipped, seq, "the result names what was skipped");
        // Of a part, the join of all parts says whether anything ran.
        if self.executed == 0 && !self.plan.is_part() {
            findings.require(result.nothing_ran, seq, "nothing ran is never green");
        }
        let allows = self.plan.layers.iter().any(|layer| layer.success.allow_partial_success);
        let green = !result.tests_failed
            && !result.environment_failed
            && !result.budget_exceeded
            && !result.skipped
            && result.signal.is_none();
        findings.require(
            !(green && self.failures > 0 && !allows),
            seq,
            "a failed test is never green",
        );
        findings.require(
            !(green && self.is_blocked),
            seq,
            "a run with a blocked layer is not green",
        );
    }
}
