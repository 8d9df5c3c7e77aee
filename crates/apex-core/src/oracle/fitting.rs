//! What a budget may leave out: it starts only when it fits, only what does not fit is left out,
//! and what was left out by choice fails no layer. Retries have a budget of their
//! own.

use std::time::Duration;

use crate::event::{CategoryEvent, Envelope, Event, JobEvent, LayerEvent, RunEvent};
use crate::id::{CategoryIx, JobIx, LayerIx};
use crate::outcome::{Outcome, Verdict};
use crate::plan::{CategoryWork, Plan, Standing};
use crate::time::Moment;

use super::Findings;

/// Slack for the strictly growing time stamps of events that happen at one moment.
const STAMP_SLACK: Duration = Duration::from_millis(5);

struct Book<'a> {
    plan: &'a Plan,
    layer_began: Vec<Option<Moment>>,
    attempts: Vec<u32>,
    /// When the running attempt of each job began.
    began: Vec<Moment>,
    /// What retries took in each layer.
    retried_for: Vec<Duration>,
    ends: Vec<Option<Outcome>>,
    category_ends: Vec<Option<Outcome>>,
    /// Categories, layers and the run, of which the rest was given up.
    given_up: Vec<bool>,
    given_up_layers: Vec<bool>,
    stopped: bool,
}

pub(super) fn judge(plan: &Plan, stream: &[Envelope], findings: &mut Findings) {
    let mut book = Book {
        plan,
        layer_began: vec![None; plan.layers.len()],
        attempts: vec![0; plan.jobs.len()],
        began: vec![Moment::START; plan.jobs.len()],
        retried_for: vec![Duration::ZERO; plan.layers.len()],
        ends: vec![None; plan.jobs.len()],
        category_ends: vec![None; plan.categories.len()],
        given_up: vec![false; plan.categories.len()],
        given_up_layers: vec![false; plan.layers.len()],
        stopped: false,
    };
    for envelope in stream {
        book.take(envelope, findings);
    }
}

impl Book<'_> {
    fn take(&mut self, envelope: &Envelope, findings: &mut Findings) {
        let (seq, at) = (envelope.seq, envelope.at);
        match &envelope.event {
            Event::Run(RunEvent::Interrupted { .. } | RunEvent::BudgetExceeded { .. }) => {
                self.stopped = true;
            }
            Event::Layer(layer, LayerEvent::Started) => {
                self.layer_began[layer.position()] = Some(at);
            }
            Event::Layer(
                layer,
                LayerEvent::BudgetExceeded | LayerEvent::Stopped { .. } | LayerEvent::Skipped,
            ) => {
                self.given_up_layers[layer.position()] = true;
            }
            Event::Layer(layer, LayerEvent::Finished { verdict, .. }) => {
                self.layer_ends(seq, *layer, *verdict, findings);
            }
            Event::Category(category, CategoryEvent::TimedOut { .. }) => {
                self.given_up[category.position()] = true;
            }
            Event::Category(category, CategoryEvent::Finished { outcome, .. }) => {
                self.category_ends[category.position()] = Some(*outcome);
            }
            Event::Job(job, JobEvent::Started { .. }) => self.job_starts(seq, at, *job, findings),
            Event::Job(job, JobEvent::AttemptFinished { .. }) => self.attempt_ends(at, *job),
            Event::Job(job, JobEvent::Finished { outcome, .. }) => {
                self.ends[job.position()] = Some(*outcome);
                if *outcome == Outcome::Deferred {
                    self.job_is_deferred(seq, at, *job, findings);
                }
            }
            _ => {}
        }
    }

    /// The latest moment at which a job may start, when a budget may leave it out.
    fn latest_start(&self, job: JobIx) -> Option<Moment> {
        let planned = self.plan.job(job);
        let forecast = planned.forecast.filter(|_| planned.standing == Standing::IfItFits)?;
        let layer = self.plan.category(planned.category).layer;
        let began = self.layer_began[layer.position()];
        let of_layer = began.zip(self.plan.layer(layer).budget);
        let of_layer = of_layer.map(|(began, budget)| began.plus(budget));
        let of_run = self.plan.budget.map(Moment::after_start);
        let end = [of_layer, of_run].into_iter().flatten().min()?;
        let left = end.since_start().checked_sub(forecast.high);
        Some(Moment::after_start(left.unwrap_or(Duration::ZERO)))
    }

    fn job_starts(&mut self, seq: u64, at: Moment, job: JobIx, findings: &mut Findings) {
        self.attempts[job.position()] += 1;
        let fits = self.latest_start(job).is_none_or(|latest| at <= latest.plus(STAMP_SLACK));
        self.began[job.position()] = at;
        let is_first = self.attempts[job.position()] == 1;
        let is_retry = !is_first && !self.is_check(job);
        let layer = self.plan.category(self.plan.job(job).category).layer;
        let spent = self.retried_for[layer.position()];
        let budget = self.plan.layer(layer).retry_budget;
        findings.require(
            !is_retry || budget.is_none_or(|budget| spent <= budget + STAMP_SLACK),
            seq,
            "no retry starts when the time for retries is used up",
        );
        findings.require(
            fits || !is_first,
            seq,
            "what a budget may leave out starts only when it fits",
        );
    }

    /// Whether the current attempt of a job is the whole run that decides about parts.
    fn is_check(&self, job: JobIx) -> bool {
        self.attempts[job.position()] == 2 && self.plan.job(job).undivided.is_some()
    }

    fn attempt_ends(&mut self, at: Moment, job: JobIx) {
        if self.attempts[job.position()] > 1 && !self.is_check(job) {
            let layer = self.plan.category(self.plan.job(job).category).layer;
            self.retried_for[layer.position()] += at.since(self.began[job.position()]);
        }
    }

    fn job_is_deferred(&self, seq: u64, at: Moment, job: JobIx, findings: &mut Findings) {
        let planned = self.plan.job(job);
        let layer = self.plan.category(planned.category).layer;
        if self.stopped
            || self.given_up_layers[layer.position()]
            || self.given_up[planned.category.position()]
        {
            return;
        }
        let is_late = self.latest_start(job).is_some_and(|latest| at.plus(STAMP_SLACK) > latest);
        let is_left_out =
            |before: &CategoryIx| self.category_ends[before.position()] == Some(Outcome::Deferred);
        let is_left_behind = planned.standing == Standing::IfItFits
            && self.plan.category(planned.category).after.iter().any(is_left_out);
        findings.require(is_late || is_left_behind, seq, "only what does not fit is left out");
    }

    fn layer_ends(&self, seq: u64, layer: LayerIx, verdict: Verdict, findings: &mut Findings) {
        let is_fine = |category: &CategoryIx| {
            let harmless = [Outcome::Passed, Outcome::Skipped, Outcome::Empty, Outcome::Deferred];
            let mut jobs = self.plan.jobs_of(*category);
            let has_jobs = matches!(self.plan.category(*category).work, CategoryWork::Jobs { .. });
            has_jobs
                && !self.given_up[category.position()]
                && jobs
                    .all(|job| self.ends[job.position()].is_some_and(|it| harmless.contains(&it)))
        };
        let all_fine = self.plan.layer(layer).categories.iter().all(is_fine);
        if !all_fine || self.stopped || self.given_up_layers[layer.position()] {
            return;
        }
        let is_good = matches!(verdict, Verdict::Passed | Verdict::Empty);
        findings.require(is_good, seq, "what was left out by choice fails no layer");
    }
}
