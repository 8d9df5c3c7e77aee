//! From lines to events.

use std::sync::Arc;

use apex_config::model::InvalidName;
use apex_core::event::{
    AgentEvent, CategoryEvent, Checkout, JobEvent, LayerEvent, OutputEvent, ProcessEnd, RunEvent,
    RunResult, RunStarted, ServiceEvent, Setting, TestEvent,
};
use apex_core::test_case::{Failure, TestCase};
use apex_core::{
    AttemptNumber, CategoryIx, Envelope, Event, JobIx, LayerIx, Moment, Plan, RunId, ServiceIx,
    TestIx,
};
use serde::Deserialize;

use super::line::{Body, Case, End, FailureTexts, Head};
use super::plan::{PlanFile, PlanLine};
use super::resources;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// An event.
    Event(Envelope),
    /// An event of a type that this version does not know; readers skip it.
    Unknown {
        /// Its number.
        seq: u64,
        /// Its type.
        kind: String,
    },
}

/// A line or a document that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// It is not JSON, or a field is missing or has another type.
    #[error("not in the form `{form}`: {source}")]
    Form {
        /// The form that was expected.
        form: &'static str,
        /// What is wrong and in which column.
        source: serde_json::Error,
    },
    /// It is of another version.
    #[error(
        "written as `{found}`, this version of apex reads `{form}`; use the apex that wrote it"
    )]
    Version {
        /// The form that was expected.
        form: &'static str,
        /// What it says of itself.
        found: String,
    },
    /// A name in the plan breaks the rule of such names.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

/// Only the version, so that it is judged before anything else.
#[derive(Deserialize)]
struct Version {
    schema: String,
}

#[derive(Deserialize)]
struct Kind {
    r#type: String,
}

/// Reads a line, with or without its line end.
///
/// # Errors
/// [`DecodeError`] when it is damaged or of another version.
pub fn decode(line: &[u8]) -> Result<Decoded, DecodeError> {
    check_version(line, super::SCHEMA)?;
    let head: Head<'_> = read(line, super::SCHEMA)?;
    let body: Body<'_> = read(line, super::SCHEMA)?;
    let Some(event) = event(body)? else {
        let Kind { r#type: kind } = read(line, super::SCHEMA)?;
        return Ok(Decoded::Unknown { seq: head.seq, kind });
    };
    let at = Moment::after_start(head.at.into());
    Ok(Decoded::Event(Envelope { seq: head.seq, at, event }))
}

/// Reads a plan from a document of its own.
///
/// # Errors
/// [`DecodeError`] when it is damaged or of another version.
pub fn decode_plan(document: &[u8]) -> Result<Plan, DecodeError> {
    check_version(document, super::PLAN_SCHEMA)?;
    let file: PlanFile<'_> = read(document, super::PLAN_SCHEMA)?;
    Ok(file.plan.try_into()?)
}

fn check_version(json: &[u8], form: &'static str) -> Result<(), DecodeError> {
    let Version { schema } = read(json, form)?;
    if schema == form { Ok(()) } else { Err(DecodeError::Version { form, found: schema }) }
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8], form: &'static str) -> Result<T, DecodeError> {
    serde_json::from_slice(json).map_err(|source| DecodeError::Form { form, source })
}

/// The event of a line; `None` for a type that is not known.
#[expect(clippy::too_many_lines, reason = "one arm for each type of the table, nothing else")]
fn event(body: Body<'_>) -> Result<Option<Event>, DecodeError> {
    let event = match body {
        Body::RunStarted { run, unix_millis, commit, branch, is_changed, cores, plan } => {
            let branch = branch.map(Into::into);
            let checkout =
                commit.map(|commit| Checkout { commit: commit.into(), branch, is_changed });
            started(&run, unix_millis, Setting { checkout, cores }, *plan)?
        }
        Body::RunInterrupted { signal, orderly } => {
            Event::Run(RunEvent::Interrupted { signal, orderly })
        }
        Body::RunPaused {} => Event::Run(RunEvent::Paused),
        Body::RunResumed {} => Event::Run(RunEvent::Resumed),
        Body::RunSlotsChanged { slots } => Event::Run(RunEvent::SlotsChanged { slots }),
        Body::RunBudgetExceeded { budget_seconds } => {
            Event::Run(RunEvent::BudgetExceeded { budget: budget_seconds.into() })
        }
        Body::RunFinished {
            tests_failed,
            environment_failed,
            budget_exceeded,
            nothing_ran,
            skipped,
            signal,
            internal_error,
            // Follow from the rest by the rule of whoever wrote them.
            verdict: _,
            exit_code: _,
        } => Event::Run(RunEvent::Finished(RunResult {
            tests_failed,
            environment_failed,
            budget_exceeded,
            nothing_ran,
            skipped,
            signal,
            internal_error: internal_error.map(Into::into),
        })),
        Body::LayerStarted { layer, .. } => of_layer(layer, LayerEvent::Started),
        Body::LayerBudgetExceeded { layer, .. } => of_layer(layer, LayerEvent::BudgetExceeded),
        Body::LayerStopped { layer, reason, .. } => {
            of_layer(layer, LayerEvent::Stopped { reason: reason.into() })
        }
        Body::LayerSkipped { layer, .. } => of_layer(layer, LayerEvent::Skipped),
        Body::LayerJudged { layer, facts, .. } => {
            of_layer(layer, LayerEvent::Judged(Box::new((*facts).try_into()?)))
        }
        Body::LayerFinished { layer, verdict, reason, .. } => {
            of_layer(layer, LayerEvent::Finished { verdict: verdict.0, reason: reason.into() })
        }
        Body::CategoryStarted { category, .. } => of_category(category, CategoryEvent::Started),
        Body::CategoryTimedOut { category, limit_seconds, .. } => {
            of_category(category, CategoryEvent::TimedOut { limit: limit_seconds.into() })
        }
        Body::CategoryDependsOnOrder { category, what, .. } => {
            of_category(category, CategoryEvent::DependsOnOrder { what: what.into() })
        }
        Body::CategoryFinished { category, outcome, reason, .. } => {
            let (outcome, reason) = (outcome.0, reason.into());
            of_category(category, CategoryEvent::Finished { outcome, reason })
        }
        Body::JobStarted { job, attempt, .. } => {
            of_job(job, JobEvent::Started { attempt: AttemptNumber(attempt) })
        }
        Body::JobTerminated { job, cause, .. } => {
            of_job(job, JobEvent::Terminated { cause: cause.0 })
        }
        Body::JobStopReached { job, .. } => of_job(job, JobEvent::StopReached),
        Body::JobDoubted { job, .. } => of_job(job, JobEvent::Doubted),
        Body::JobKilled { job, .. } => of_job(job, JobEvent::Killed),
        Body::JobQuiet { job, lasting_seconds, .. } => {
            of_job(job, JobEvent::Quiet { lasting: lasting_seconds.into() })
        }
        Body::JobAttemptFinished { job, attempt, end, peak_memory_mb, cpu_seconds, .. } => {
            let (attempt, end) = (AttemptNumber(attempt), end.into());
            let cpu_time = cpu_seconds.map(Into::into);
            of_job(job, JobEvent::AttemptFinished { attempt, end, peak_memory_mb, cpu_time })
        }
        Body::JobFinished { job, outcome, reason, .. } => {
            of_job(job, JobEvent::Finished { outcome: outcome.0, reason: reason.into() })
        }
        Body::TestDiscovered { job, first, cases, .. } => {
            let cases = cases.into_iter().map(Into::into).collect();
            of_test(job, TestEvent::Discovered { first: TestIx(first), cases })
        }
        Body::TestStarted { job, test, attempt, .. } => {
            let (test, attempt) = (TestIx(test), AttemptNumber(attempt));
            of_test(job, TestEvent::Started { test, attempt })
        }
        Body::TestSlow { job, test, attempt, so_far_seconds, .. } => {
            let (test, attempt) = (TestIx(test), AttemptNumber(attempt));
            of_test(job, TestEvent::Slow { test, attempt, so_far: so_far_seconds.into() })
        }
        Body::TestFinished { job, test, attempt, outcome, duration_seconds, failure, .. } => {
            let finished = TestEvent::Finished {
                test: TestIx(test),
                attempt: AttemptNumber(attempt),
                outcome: outcome.0,
                duration: duration_seconds.map(Into::into),
                failure: failure.map(|texts| Box::new(texts.into())),
            };
            of_test(job, finished)
        }
        Body::TestSettled { job, test, outcome, .. } => {
            of_test(job, TestEvent::Settled { test: TestIx(test), outcome: outcome.0 })
        }
        Body::OutputText { job, stream, text } => {
            let text = OutputEvent::Text { stream: stream.0, text: text.into() };
            Event::Output(JobIx(job), text)
        }
        Body::OutputOmitted { job, bytes } => {
            Event::Output(JobIx(job), OutputEvent::Omitted { bytes })
        }
        Body::ServiceStarting { service, .. } => of_service(service, ServiceEvent::Starting),
        Body::ServicePreparing { service, what, .. } => {
            of_service(service, ServiceEvent::Preparing { what: what.into() })
        }
        Body::ServiceLost { service, reason, .. } => {
            of_service(service, ServiceEvent::Lost { reason: reason.into() })
        }
        Body::ServiceReady { service, addresses, .. } => {
            let pair =
                |address: super::line::Address<'_>| (address.label.into(), address.address.into());
            let addresses = addresses.into_iter().map(pair).collect();
            of_service(service, ServiceEvent::Ready { addresses })
        }
        Body::ServiceFailed { service, reason, .. } => {
            of_service(service, ServiceEvent::Failed { reason: reason.into() })
        }
        Body::ServiceStopped { service, .. } => of_service(service, ServiceEvent::Stopped),
        Body::AgentStarted { agent } => Event::Agent(AgentEvent::Started { agent: agent.into() }),
        Body::AgentStopped { agent } => Event::Agent(AgentEvent::Stopped { agent: agent.into() }),
        Body::AgentStale { agent, silent_seconds } => {
            let silent = silent_seconds.into();
            Event::Agent(AgentEvent::Stale { agent: agent.into(), silent })
        }
        Body::AgentRecovered { agent } => {
            Event::Agent(AgentEvent::Recovered { agent: agent.into() })
        }
        Body::AgentRestarted { agent, reason } => {
            Event::Agent(AgentEvent::Restarted { agent: agent.into(), reason: reason.into() })
        }
        Body::AgentFailed { agent, reason } => {
            Event::Agent(AgentEvent::Failed { agent: agent.into(), reason: reason.into() })
        }
        Body::ResourcesSampled { host, apex, jobs, services } => {
            Event::Resources(Box::new(resources::sample(*host, apex, jobs, services)))
        }
        Body::Warning { text } => Event::Warning(text.into()),
        Body::Unknown => return Ok(None),
    };
    Ok(Some(event))
}

fn started(
    run: &str,
    unix_millis: u64,
    setting: Setting,
    plan: PlanLine<'_>,
) -> Result<Event, DecodeError> {
    let plan = Arc::new(Plan::try_from(plan)?);
    let started = RunStarted { run: RunId::new(run), unix_millis, setting, plan };
    Ok(Event::Run(RunEvent::Started(Box::new(started))))
}

const fn of_layer(layer: u32, event: LayerEvent) -> Event {
    Event::Layer(LayerIx(layer), event)
}

const fn of_category(category: u32, event: CategoryEvent) -> Event {
    Event::Category(CategoryIx(category), event)
}

const fn of_job(job: u32, event: JobEvent) -> Event {
    Event::Job(JobIx(job), event)
}

const fn of_test(job: u32, event: TestEvent) -> Event {
    Event::Test(JobIx(job), event)
}

const fn of_service(service: u32, event: ServiceEvent) -> Event {
    Event::Service(ServiceIx(service), event)
}

impl From<End<'_>> for ProcessEnd {
    fn from(end: End<'_>) -> Self {
        match end {
            End::Exited { code } => Self::Exited(code),
            End::Signalled { signal } => Self::Signalled(signal),
            End::NotStarted { reason } => Self::NotStarted(reason.into()),
        }
    }
}

impl From<Case<'_>> for TestCase {
    fn from(case: Case<'_>) -> Self {
        Self {
            id: case.id.into(),
            suite: case.suite.into(),
            name: case.name.into(),
            file: case.file.map(Into::into),
            line: case.line,
            critical: case.critical,
        }
    }
}

impl From<FailureTexts<'_>> for Failure {
    fn from(texts: FailureTexts<'_>) -> Self {
        Self {
            message: texts.message.into(),
            details: texts.details.into(),
            output: texts.output.into(),
        }
    }
}
