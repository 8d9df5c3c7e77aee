//! From events to lines.
//!
//! Encoding is on the path of every event: texts are borrowed and the buffer is the caller's, so
//! that a line costs no allocation once the buffer has grown.

use std::io;

use apex_core::event::{
    AgentEvent, CategoryEvent, JobEvent, LayerEvent, OutputEvent, ProcessEnd, RunEvent, RunStarted,
    ServiceEvent, TestEvent,
};
use apex_core::resource::ResourceSample;
use apex_core::test_case::{Failure, TestCase};
use apex_core::{CategoryIx, Envelope, Event, JobIx, LayerIx, Plan, RunView, ServiceIx, TestIx};
use serde::Serialize;

use super::compact::Sheet;
use super::line::{Address, Body, Case, End, FailureTexts, Head, Text};
use super::plan::PlanFile;
use super::resources::{JobUseLine, ServiceUseLine};
use super::word::Word;
use crate::exit::ExitRule;

/// Appends the line of an envelope, with its line end, to a buffer. The names beside the numbers
/// come from `view`; a number that the view does not know stays without a name. How the program
/// ends is not known here, see [`JsonLines::exit`](crate::json::JsonLines::exit).
///
/// # Errors
/// None that a value of the core can cause; the buffer then holds what it held before.
pub fn encode(envelope: &Envelope, view: &RunView, buffer: &mut Vec<u8>) -> io::Result<()> {
    let start = buffer.len();
    let mut sheet = Sheet::new(std::mem::take(buffer), None);
    let written = append(envelope, &Beside { view, exit: None }, &mut sheet);
    *buffer = sheet.into_buffer();
    if written.is_err() {
        buffer.truncate(start);
    }
    written
}

/// As [`encode`], but a buffer that is full is handed to a writer, also in the middle of the line
/// of a large plan.
///
/// # Errors
/// Those of the writer; the buffer is then empty.
pub(crate) fn encode_through(
    envelope: &Envelope,
    beside: &Beside<'_>,
    buffer: &mut Vec<u8>,
    writer: &mut dyn io::Write,
) -> io::Result<()> {
    let mut sheet = Sheet::new(std::mem::take(buffer), Some(writer));
    let written = append(envelope, beside, &mut sheet);
    *buffer = sheet.into_buffer();
    if written.is_err() {
        buffer.clear();
    }
    written
}

/// Writes a plan as an indented document.
///
/// # Errors
/// Those of the writer.
pub fn encode_plan(plan: &Plan, writer: impl io::Write) -> io::Result<()> {
    Ok(serde_json::to_writer_pretty(writer, &PlanFile::of(plan))?)
}

/// Writes a plan as one line: many times faster than the indented document, which holds the same.
///
/// # Errors
/// Those of the writer.
pub fn encode_plan_line(plan: &Plan, writer: impl io::Write) -> io::Result<()> {
    write_line(&PlanFile::of(plan), writer)
}

/// Writes a value as one line; of its shapes, those that the compact writer knows.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write_line(value: &impl Serialize, mut writer: impl io::Write) -> io::Result<()> {
    let mut sheet = Sheet::new(Vec::new(), Some(&mut writer));
    sheet.append(value)?;
    sheet.end_line();
    let rest = sheet.into_buffer();
    writer.write_all(&rest)
}

/// Appends a value as one line to a buffer; of its shapes, those that the compact writer knows.
///
/// # Errors
/// None for those shapes.
pub(crate) fn append_line(value: &impl Serialize, buffer: &mut Vec<u8>) -> io::Result<()> {
    let mut sheet = Sheet::new(std::mem::take(buffer), None);
    let written = sheet.append(value);
    sheet.end_line();
    *buffer = sheet.into_buffer();
    written
}

fn append(envelope: &Envelope, beside: &Beside<'_>, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let head = Head {
        schema: super::SCHEMA.into(),
        seq: envelope.seq,
        at: envelope.at.since_start().into(),
    };
    sheet.append(&head)?;
    sheet.append_fields(&beside.body(&envelope.event))?;
    sheet.end_line();
    Ok(())
}

/// What lines say beside what their event holds.
pub(crate) struct Beside<'v> {
    /// The names of things that events number.
    pub(crate) view: &'v RunView,
    /// How the program ends for a result, when that is known.
    pub(crate) exit: Option<&'v ExitRule>,
}

impl<'v> Beside<'v> {
    fn layer(&self, layer: LayerIx) -> Option<Text<'v>> {
        self.view.plan().layers.get(layer.position()).map(|layer| layer.id.as_str().into())
    }

    fn category(&self, category: CategoryIx) -> Option<Text<'v>> {
        let planned = self.view.plan().categories.get(category.position());
        planned.map(|category| category.name.as_str().into())
    }

    fn category_of(&self, job: JobIx) -> Option<Text<'v>> {
        self.view.category_of(job).and_then(|category| self.category(category))
    }

    fn service(&self, service: ServiceIx) -> Option<Text<'v>> {
        self.view
            .plan()
            .services
            .get(service.position())
            .map(|service| service.name.as_str().into())
    }

    fn test(&self, test: TestIx) -> Option<Text<'v>> {
        self.view.test(test).map(|test| Text::Borrowed(&*test.case.id))
    }

    fn body<'a>(&self, event: &'a Event) -> Body<'a>
    where
        'v: 'a,
    {
        match event {
            Event::Run(event) => self.run_body(event),
            Event::Layer(layer, event) => self.layer_body(*layer, event),
            Event::Category(category, event) => self.category_body(*category, event),
            Event::Job(job, event) => self.job_body(*job, event),
            Event::Test(job, event) => self.test_body(*job, event),
            Event::Output(job, event) => output(*job, event),
            Event::Service(service, event) => self.service_body(*service, event),
            Event::Agent(event) => agent(event),
            Event::Resources(sample) => self.resources_body(sample),
            Event::Warning(text) => Body::Warning { text: text.into() },
        }
    }

    fn run_body<'a>(&self, event: &'a RunEvent) -> Body<'a>
    where
        'v: 'a,
    {
        match event {
            RunEvent::Started(started) => run_started(started),
            RunEvent::Interrupted { signal, orderly } => {
                Body::RunInterrupted { signal: *signal, orderly: *orderly }
            }
            RunEvent::SlotsChanged { slots } => Body::RunSlotsChanged { slots: *slots },
            RunEvent::Paused => Body::RunPaused {},
            RunEvent::Resumed => Body::RunResumed {},
            RunEvent::BudgetExceeded { budget } => {
                Body::RunBudgetExceeded { budget_seconds: (*budget).into() }
            }
            RunEvent::Finished(result) => {
                let exit = self.exit.map(|rule| rule(result));
                Body::RunFinished {
                    tests_failed: result.tests_failed,
                    environment_failed: result.environment_failed,
                    budget_exceeded: result.budget_exceeded,
                    nothing_ran: result.nothing_ran,
                    skipped: result.skipped,
                    signal: result.signal,
                    internal_error: result.internal_error.as_deref().map(Text::Borrowed),
                    verdict: exit.as_ref().map(|exit| exit.verdict().into()),
                    exit_code: exit.map(|exit| exit.code),
                }
            }
        }
    }

    fn layer_body<'a>(&self, layer: LayerIx, event: &'a LayerEvent) -> Body<'a>
    where
        'v: 'a,
    {
        let (name, layer) = (self.layer(layer), layer.0);
        match event {
            LayerEvent::Started => Body::LayerStarted { layer, name },
            LayerEvent::BudgetExceeded => Body::LayerBudgetExceeded { layer, name },
            LayerEvent::Stopped { reason } => {
                Body::LayerStopped { layer, name, reason: reason.into() }
            }
            LayerEvent::Skipped => Body::LayerSkipped { layer, name },
            LayerEvent::Judged(facts) => {
                Body::LayerJudged { layer, name, facts: Box::new((&**facts).into()) }
            }
            LayerEvent::Finished { verdict, reason } => {
                Body::LayerFinished { layer, name, verdict: Word(*verdict), reason: reason.into() }
            }
        }
    }

    fn category_body<'a>(&self, category: CategoryIx, event: &'a CategoryEvent) -> Body<'a>
    where
        'v: 'a,
    {
        let (name, category) = (self.category(category), category.0);
        match event {
            CategoryEvent::Started => Body::CategoryStarted { category, name },
            CategoryEvent::TimedOut { limit } => {
                Body::CategoryTimedOut { category, name, limit_seconds: (*limit).into() }
            }
            CategoryEvent::DependsOnOrder { what } => {
                Body::CategoryDependsOnOrder { category, name, what: Text::Borrowed(what) }
            }
            CategoryEvent::Finished { outcome, reason } => {
                let (outcome, reason) = (Word(*outcome), reason.into());
                Body::CategoryFinished { category, name, outcome, reason }
            }
        }
    }

    fn job_body<'a>(&self, job: JobIx, event: &'a JobEvent) -> Body<'a>
    where
        'v: 'a,
    {
        let (category, job) = (self.category_of(job), job.0);
        match event {
            JobEvent::Started { attempt } => Body::JobStarted { job, category, attempt: attempt.0 },
            JobEvent::Terminated { cause } => {
                Body::JobTerminated { job, category, cause: Word(*cause) }
            }
            JobEvent::Quiet { lasting } => {
                Body::JobQuiet { job, category, lasting_seconds: (*lasting).into() }
            }
            JobEvent::StopReached => Body::JobStopReached { job, category },
            JobEvent::Doubted => Body::JobDoubted { job, category },
            JobEvent::Killed => Body::JobKilled { job, category },
            JobEvent::AttemptFinished { attempt, end, peak_memory_mb, cpu_time } => {
                Body::JobAttemptFinished {
                    job,
                    category,
                    attempt: attempt.0,
                    end: end.into(),
                    peak_memory_mb: *peak_memory_mb,
                    cpu_seconds: cpu_time.map(Into::into),
                }
            }
            JobEvent::Finished { outcome, reason } => {
                let (outcome, reason) = (Word(*outcome), reason.into());
                Body::JobFinished { job, category, outcome, reason }
            }
        }
    }

    fn resources_body<'a>(&self, sample: &'a ResourceSample) -> Body<'a>
    where
        'v: 'a,
    {
        let jobs = sample.jobs.iter().map(|(job, used)| JobUseLine {
            job: job.0,
            category: self.category_of(*job),
            used: (*used).into(),
        });
        let services = sample.services.iter().map(|(service, used)| ServiceUseLine {
            service: service.0,
            name: self.service(*service),
            used: (*used).into(),
        });
        Body::ResourcesSampled {
            host: Box::new(sample.host.into()),
            apex: sample.apex.into(),
            jobs: jobs.collect(),
            services: services.collect(),
        }
    }

    fn test_body<'a>(&self, job: JobIx, event: &'a TestEvent) -> Body<'a>
    where
        'v: 'a,
    {
        let (category, job) = (self.category_of(job), job.0);
        match event {
            TestEvent::Discovered { first, cases } => {
                let cases = cases.iter().map(Case::from).collect();
                Body::TestDiscovered { job, category, first: first.0, cases }
            }
            TestEvent::Started { test, attempt } => {
                let (id, test, attempt) = (self.test(*test), test.0, attempt.0);
                Body::TestStarted { job, category, test, id, attempt }
            }
            TestEvent::Slow { test, attempt, so_far } => {
                let (id, test, attempt) = (self.test(*test), test.0, attempt.0);
                let so_far_seconds = (*so_far).into();
                Body::TestSlow { job, category, test, id, attempt, so_far_seconds }
            }
            TestEvent::Finished { test, attempt, outcome, duration, failure } => {
                Body::TestFinished {
                    job,
                    category,
                    test: test.0,
                    id: self.test(*test),
                    attempt: attempt.0,
                    outcome: Word(*outcome),
                    duration_seconds: duration.map(Into::into),
                    failure: failure.as_deref().map(FailureTexts::from),
                }
            }
            TestEvent::Settled { test, outcome } => {
                let (id, test, outcome) = (self.test(*test), test.0, Word(*outcome));
                Body::TestSettled { job, category, test, id, outcome }
            }
        }
    }

    fn service_body<'a>(&self, service: ServiceIx, event: &'a ServiceEvent) -> Body<'a>
    where
        'v: 'a,
    {
        let (name, service) = (self.service(service), service.0);
        match event {
            ServiceEvent::Starting => Body::ServiceStarting { service, name },
            ServiceEvent::Preparing { what } => {
                Body::ServicePreparing { service, name, what: what.into() }
            }
            ServiceEvent::Lost { reason } => {
                Body::ServiceLost { service, name, reason: reason.into() }
            }
            ServiceEvent::Ready { addresses } => {
                let addresses = addresses.iter().map(Address::from).collect();
                Body::ServiceReady { service, name, addresses }
            }
            ServiceEvent::Failed { reason } => {
                Body::ServiceFailed { service, name, reason: reason.into() }
            }
            ServiceEvent::Stopped => Body::ServiceStopped { service, name },
        }
    }
}

fn run_started(started: &RunStarted) -> Body<'_> {
    let checkout = started.setting.checkout.as_ref();
    Body::RunStarted {
        run: started.run.as_str().into(),
        unix_millis: started.unix_millis,
        commit: checkout.map(|checkout| Text::Borrowed(&*checkout.commit)),
        branch: checkout.and_then(|checkout| checkout.branch.as_deref()).map(Text::Borrowed),
        is_changed: checkout.and_then(|checkout| checkout.is_changed),
        cores: started.setting.cores,
        plan: Box::new((&*started.plan).into()),
    }
}

fn output(job: JobIx, event: &OutputEvent) -> Body<'_> {
    match event {
        OutputEvent::Text { stream, text } => {
            Body::OutputText { job: job.0, stream: Word(*stream), text: text.into() }
        }
        OutputEvent::Omitted { bytes } => Body::OutputOmitted { job: job.0, bytes: *bytes },
    }
}

fn agent(event: &AgentEvent) -> Body<'_> {
    match event {
        AgentEvent::Started { agent } => Body::AgentStarted { agent: Text::Borrowed(&**agent) },
        AgentEvent::Stopped { agent } => Body::AgentStopped { agent: Text::Borrowed(&**agent) },
        AgentEvent::Stale { agent, silent } => {
            Body::AgentStale { agent: Text::Borrowed(&**agent), silent_seconds: (*silent).into() }
        }
        AgentEvent::Recovered { agent } => Body::AgentRecovered { agent: Text::Borrowed(&**agent) },
        AgentEvent::Restarted { agent, reason } => {
            Body::AgentRestarted { agent: Text::Borrowed(&**agent), reason: reason.into() }
        }
        AgentEvent::Failed { agent, reason } => {
            Body::AgentFailed { agent: Text::Borrowed(&**agent), reason: reason.into() }
        }
    }
}

impl<'a> From<&'a ProcessEnd> for End<'a> {
    fn from(end: &'a ProcessEnd) -> Self {
        match end {
            ProcessEnd::Exited(code) => Self::Exited { code: *code },
            ProcessEnd::Signalled(signal) => Self::Signalled { signal: *signal },
            ProcessEnd::NotStarted(reason) => Self::NotStarted { reason: reason.into() },
        }
    }
}

impl<'a> From<&'a TestCase> for Case<'a> {
    fn from(case: &'a TestCase) -> Self {
        Self {
            id: Text::Borrowed(&case.id),
            suite: Text::Borrowed(&case.suite),
            name: Text::Borrowed(&case.name),
            file: case.file.as_deref().map(Text::Borrowed),
            line: case.line,
            critical: case.critical,
        }
    }
}

impl<'a> From<&'a Failure> for FailureTexts<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            message: (&failure.message).into(),
            details: (&failure.details).into(),
            output: (&failure.output).into(),
        }
    }
}

impl<'a> From<&'a (String, String)> for Address<'a> {
    fn from((label, address): &'a (String, String)) -> Self {
        Self { label: label.into(), address: address.into() }
    }
}
