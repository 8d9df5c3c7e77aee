//! Events become spans: each is made when its thing has ended, with the times of its events and
//! the ids that [`Trace`] gives, so that its children could be told of it before.
//!
//! ```text
//! run (server) ─┬─ service
//!               └─ layer ── category ── job ─┬─ attempt, where there were several
//!                                            └─ test ── attempt, where there were several
//! ```
//!
//! Memory: about 100 bytes a test that is not settled. What is outside of the plan is ignored.

use std::collections::HashMap;

use apex_core::event::{
    CategoryEvent, JobEvent, LayerEvent, ProcessEnd, RunEvent, ServiceEvent, TestEvent,
};
use apex_core::test_case::Failure;
use apex_core::trace::{Place, SpanId, Trace};
use apex_core::view::{Progress, TestView};
use apex_core::{
    AttemptNumber, CategoryIx, Envelope, Event, JobIx, LayerIx, Moment, Outcome, RunView,
    ServiceIx, TestIx, Verdict,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::span::{Event as SpanEvent, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::clock::Clock;
use super::facts::{self, error, ok, status, task_result, whole_number};
use super::value::{text, whole};
use crate::{measures, names};

/// Whether the parent of a span is in another process, as bits 8 and 9 of its flags.
const PARENT_IS_KNOWN: u32 = 0x100;
/// See [`PARENT_IS_KNOWN`].
const PARENT_IS_REMOTE: u32 = 0x200;

/// Makes the spans of a run.
pub(super) struct Spans {
    trace: Trace,
    clock: Clock,
    /// Tries of tests that are not settled.
    tries: HashMap<TestIx, Vec<Try>>,
    /// Tries of jobs that go on.
    job_tries: HashMap<JobIx, Vec<JobTry>>,
    services: Vec<Option<ServiceSpan>>,
    made: Vec<Span>,
}

/// A try of a test.
struct Try {
    started: Moment,
    ended: Option<Moment>,
    outcome: Outcome,
}

/// A try of a job.
struct JobTry {
    attempt: AttemptNumber,
    started: Moment,
    ended: Option<Moment>,
    end: Option<ProcessEnd>,
    peak_memory_mb: Option<u32>,
}

/// A service that was asked to start.
struct ServiceSpan {
    started: Moment,
    events: Vec<SpanEvent>,
}

/// What all spans have.
struct Outline {
    span: SpanId,
    parent: Option<SpanId>,
    name: String,
    times: (Moment, Moment),
    facts: Vec<KeyValue>,
    status: Option<Status>,
}

impl Spans {
    pub(super) fn new(trace: Trace, clock: Clock) -> Self {
        Self {
            trace,
            clock,
            tries: HashMap::new(),
            job_tries: HashMap::new(),
            services: Vec::new(),
            made: Vec::new(),
        }
    }

    /// The spans that were made since the last time.
    pub(super) fn take(&mut self) -> Vec<Span> {
        std::mem::take(&mut self.made)
    }

    /// How many wait to be taken.
    pub(super) const fn waiting(&self) -> usize {
        self.made.len()
    }

    /// Takes what happened; the view may be ahead of it.
    pub(super) fn look(&mut self, envelope: &Envelope, view: &RunView) {
        let at = envelope.at;
        match &envelope.event {
            Event::Run(RunEvent::Finished(_)) => self.run(view, at),
            Event::Layer(layer, LayerEvent::Finished { .. }) => self.layer(*layer, view),
            Event::Category(category, CategoryEvent::Finished { .. }) => {
                self.category(*category, view);
            }
            Event::Job(job, event) => self.of_job(*job, event, at, view),
            Event::Test(_, event) => self.of_test(event, at, view),
            Event::Service(service, event) => self.of_service(*service, event, at, view),
            _ => {}
        }
    }

    fn run(&mut self, view: &RunView, at: Moment) {
        for position in 0..self.services.len() {
            self.end_service(ServiceIx::at(position), at, view, None);
        }
        let Some((identity, result)) = view.identity().zip(view.result()) else { return };
        let plan = view.plan();
        let word = measures::result_word(result);
        let mut facts = vec![
            text(names::PIPELINE_NAME, measures::pipeline(plan)),
            text(names::PIPELINE_RUN, identity.run.as_str()),
            text(names::PIPELINE_ACTION, "RUN"),
            text(names::PIPELINE_RESULT, word),
            text(names::RUN_ID, identity.run.as_str()),
            whole(names::TESTS, view.counts().discovered()),
        ];
        if let Some(mode) = &plan.request.mode {
            facts.push(text(names::MODE, mode.as_str()));
        }
        if let Some(part) = super::part_of(plan) {
            facts.push(text(names::PART, part));
        }
        let wrong: Vec<&str> = measures::errors(result).collect();
        if let Some(first) = wrong.first() {
            facts.push(text(names::ERROR_TYPE, first));
        }
        let status = if wrong.is_empty() { ok() } else { error(&wrong.join(", ")) };
        let span = Outline {
            span: self.trace.span(Place::Run),
            parent: self.trace.caller(),
            name: format!("RUN {}", measures::pipeline(plan)),
            times: (Moment::START, at),
            facts,
            status: Some(status),
        };
        let mut span = self.span(span);
        span.kind = SpanKind::Server.into();
        if self.trace.caller().is_some() {
            span.flags |= PARENT_IS_KNOWN | PARENT_IS_REMOTE;
        }
        self.made.push(span);
    }

    fn layer(&mut self, layer: LayerIx, view: &RunView) {
        let Some(shown) = view.layers().get(layer.position()) else { return };
        let Some((times, ending)) = times(&shown.progress) else { return };
        let planned = view.plan().layer(layer);
        let status = match ending.verdict {
            Verdict::Passed | Verdict::Partial => Some(ok()),
            Verdict::Failed | Verdict::Errored | Verdict::BudgetExceeded => {
                Some(error(&ending.reason))
            }
            Verdict::Cancelled | Verdict::Blocked | Verdict::Empty => None,
        };
        self.push(Outline {
            span: self.trace.span(Place::Layer(layer)),
            parent: Some(self.trace.span(Place::Run)),
            name: planned.id.to_string(),
            times,
            facts: vec![
                text(names::LAYER, planned.id.as_str()),
                text(names::VERDICT, ending.verdict.as_str()),
            ],
            status,
        });
    }

    fn category(&mut self, category: CategoryIx, view: &RunView) {
        let Some(shown) = view.categories().get(category.position()) else { return };
        let Some((times, ending)) = times(&shown.progress) else { return };
        let planned = view.plan().category(category);
        self.push(Outline {
            span: self.trace.span(Place::Category(category)),
            parent: Some(self.trace.span(Place::Layer(planned.layer))),
            name: planned.name.to_string(),
            times,
            facts: vec![
                text(names::LAYER, view.plan().layer(planned.layer).id.as_str()),
                text(names::CATEGORY, planned.name.as_str()),
                text(names::TASK_NAME, planned.name.as_str()),
                text(names::TASK_TYPE, "test"),
                text(names::TASK_RESULT, task_result(ending.outcome)),
                text(names::OUTCOME, ending.outcome.as_str()),
                whole(names::TESTS, shown.counts.discovered()),
            ],
            status: status(ending.outcome, &ending.reason),
        });
    }

    fn of_job(&mut self, job: JobIx, event: &JobEvent, at: Moment, view: &RunView) {
        match event {
            JobEvent::Started { attempt } => self.job_tries.entry(job).or_default().push(JobTry {
                attempt: *attempt,
                started: at,
                ended: None,
                end: None,
                peak_memory_mb: None,
            }),
            JobEvent::AttemptFinished { end, peak_memory_mb, .. } => {
                if let Some(last) = self.job_tries.get_mut(&job).and_then(|all| all.last_mut()) {
                    last.ended = Some(at);
                    last.end = Some(end.clone());
                    last.peak_memory_mb = *peak_memory_mb;
                }
            }
            JobEvent::Finished { .. } => self.job(job, view),
            _ => {}
        }
    }

    fn job(&mut self, job: JobIx, view: &RunView) {
        let tries = self.job_tries.remove(&job).unwrap_or_default();
        let Some((shown, category)) = view.jobs().get(job.position()).zip(view.category_of(job))
        else {
            return;
        };
        let Some((times, ending)) = times(&shown.progress) else { return };
        let name = format!("{} {}", view.plan().category(category).name, job.0);
        let mut facts = facts::of_job(job, category, view);
        facts.push(text(names::OUTCOME, ending.outcome.as_str()));
        facts.push(text(names::TASK_RESULT, task_result(ending.outcome)));
        facts.push(whole(names::ATTEMPTS, whole_number(tries.len())));
        if let Some(cause) = shown.stopped_by {
            facts.push(text(names::STOP_CAUSE, cause.as_str()));
        }
        if let Some(last) = tries.last() {
            facts.extend(facts::of_end(last.end.as_ref(), last.peak_memory_mb));
        }
        let span = self.trace.span(Place::Job(job));
        self.push(Outline {
            span,
            parent: Some(self.trace.span(Place::Category(category))),
            name: name.clone(),
            times,
            facts,
            status: status(ending.outcome, &ending.reason),
        });
        if tries.len() > 1 {
            for one in &tries {
                self.job_try(job, one, &name, times.1);
            }
        }
    }

    fn job_try(&mut self, job: JobIx, one: &JobTry, name: &str, end: Moment) {
        let mut facts = vec![whole(names::ATTEMPT, one.attempt.0)];
        facts.extend(facts::of_end(one.end.as_ref(), one.peak_memory_mb));
        self.push(Outline {
            span: self.trace.span(Place::JobAttempt(job, one.attempt)),
            parent: Some(self.trace.span(Place::Job(job))),
            name: format!("{name} attempt {}", one.attempt.0),
            times: (one.started, one.ended.unwrap_or(end)),
            facts,
            status: None,
        });
    }

    fn of_test(&mut self, event: &TestEvent, at: Moment, view: &RunView) {
        match event {
            TestEvent::Started { test, .. } => {
                let one = Try { started: at, ended: None, outcome: Outcome::Errored };
                self.tries.entry(*test).or_default().push(one);
            }
            TestEvent::Finished { test, outcome, duration, .. } => {
                let tries = self.tries.entry(*test).or_default();
                // A framework that tells only ends says how long it took.
                if tries.last().is_none_or(|last| last.ended.is_some()) {
                    let took = duration.unwrap_or_default();
                    let started = at.since_start().saturating_sub(took);
                    let started = Moment::after_start(started);
                    tries.push(Try { started, ended: None, outcome: *outcome });
                }
                if let Some(last) = tries.last_mut() {
                    last.ended = Some(at);
                    last.outcome = *outcome;
                }
            }
            TestEvent::Settled { test, outcome } => {
                let tries = self.tries.remove(test).unwrap_or_default();
                if let Some(shown) = view.test(*test) {
                    self.test(shown, *outcome, &tries, at, view);
                }
            }
            TestEvent::Discovered { .. } | TestEvent::Slow { .. } => {}
        }
    }

    fn test(
        &mut self,
        test: &TestView,
        outcome: Outcome,
        tries: &[Try],
        at: Moment,
        view: &RunView,
    ) {
        let Some(category) = view.category_of(test.job) else { return };
        let span = self.trace.test_span(test.job, &test.case.id);
        let started = tries.first().map_or(at, |first| first.started);
        let ended = tries.last().and_then(|last| last.ended).unwrap_or(at);
        let message = test.said().map_or("", |failure| failure.message.as_str());
        let mut made = self.span(Outline {
            span,
            parent: Some(self.trace.span(Place::Job(test.job))),
            name: test.case.name.to_string(),
            times: (started, ended),
            facts: facts::of_test(test, outcome, tries.len(), category, view.plan()),
            status: status(outcome, message),
        });
        if let Some(failure) = test.said().filter(|_| outcome.is_bad() || outcome == Outcome::Flaky)
        {
            made.events.push(self.exception(ended, outcome, failure));
        }
        self.made.push(made);
        if tries.len() > 1 {
            for (number, one) in (1..).zip(tries) {
                let attempt = AttemptNumber(number);
                self.push(Outline {
                    span: self.trace.test_attempt_span(test.job, &test.case.id, attempt),
                    parent: Some(span),
                    name: format!("{} attempt {number}", test.case.name),
                    times: (one.started, one.ended.unwrap_or(ended)),
                    facts: vec![
                        whole(names::ATTEMPT, number),
                        text(names::OUTCOME, one.outcome.as_str()),
                    ],
                    status: status(one.outcome, ""),
                });
            }
        }
    }

    fn exception(&self, at: Moment, outcome: Outcome, failure: &Failure) -> SpanEvent {
        SpanEvent {
            time_unix_nano: self.clock.nanos(at),
            name: names::EXCEPTION.text.to_owned(),
            attributes: vec![
                text(names::EXCEPTION_TYPE, outcome.as_str()),
                text(names::EXCEPTION_MESSAGE, &failure.message),
                text(names::EXCEPTION_STACK, &failure.details),
            ],
            dropped_attributes_count: 0,
        }
    }

    fn of_service(&mut self, service: ServiceIx, event: &ServiceEvent, at: Moment, view: &RunView) {
        let position = service.position();
        if position >= view.plan().services.len() {
            return;
        }
        if self.services.len() <= position {
            self.services.resize_with(position + 1, || None);
        }
        let moment = |name: names::Name| SpanEvent {
            time_unix_nano: self.clock.nanos(at),
            name: name.text.to_owned(),
            ..SpanEvent::default()
        };
        let told = match event {
            ServiceEvent::Ready { .. } => Some(moment(names::SERVICE_READY)),
            ServiceEvent::Lost { .. } => Some(moment(names::SERVICE_LOST)),
            _ => None,
        };
        match event {
            ServiceEvent::Failed { reason } => self.end_service(service, at, view, Some(reason)),
            ServiceEvent::Stopped => self.end_service(service, at, view, None),
            ServiceEvent::Starting
            | ServiceEvent::Preparing { .. }
            | ServiceEvent::Lost { .. }
            | ServiceEvent::Ready { .. } => {
                let span = self.services[position]
                    .get_or_insert_with(|| ServiceSpan { started: at, events: Vec::new() });
                span.events.extend(told);
            }
        }
    }

    fn end_service(
        &mut self,
        service: ServiceIx,
        at: Moment,
        view: &RunView,
        failed: Option<&String>,
    ) {
        let Some(open) = self.services.get_mut(service.position()).and_then(Option::take) else {
            return;
        };
        let name = &view.plan().service(service).name;
        let mut span = self.span(Outline {
            span: self.trace.span(Place::Service(service)),
            parent: Some(self.trace.span(Place::Run)),
            name: name.to_string(),
            times: (open.started, at),
            facts: vec![text(names::SERVICE, name.as_str())],
            status: Some(failed.map_or_else(ok, |reason| error(reason))),
        });
        span.events = open.events;
        self.made.push(span);
    }

    fn push(&mut self, outline: Outline) {
        let span = self.span(outline);
        self.made.push(span);
    }

    fn span(&self, outline: Outline) -> Span {
        let (started, ended) = outline.times;
        Span {
            trace_id: self.trace.id().0.to_vec(),
            span_id: outline.span.0.to_vec(),
            trace_state: self.trace.state().to_owned(),
            parent_span_id: outline.parent.map_or_else(Vec::new, |parent| parent.0.to_vec()),
            flags: u32::from(self.trace.is_sampled()),
            name: outline.name,
            kind: SpanKind::Internal.into(),
            start_time_unix_nano: self.clock.nanos(started),
            end_time_unix_nano: self.clock.nanos(ended.max(started)),
            attributes: outline.facts,
            status: outline.status,
            ..Span::default()
        }
    }
}

/// When something that ended ran, and how it ended; a moment without length when it never ran.
fn times<E>(progress: &Progress<E>) -> Option<((Moment, Moment), &E)> {
    match progress {
        Progress::Finished { started, ended, ending } => {
            Some(((started.unwrap_or(*ended), *ended), ending))
        }
        Progress::Waiting | Progress::Running { .. } => None,
    }
}
