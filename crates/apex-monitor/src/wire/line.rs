//! The fields of a line, for every type of event: the one table of their names.

use std::borrow::Cow;

use apex_core::event::{StopCause, Stream};
use apex_core::{Outcome, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matrix::FactsLine;
use super::plan::PlanLine;
use super::resources::{HostLine, JobUseLine, ServiceUseLine, UseLine};
use super::seconds::Seconds;
use super::word::Word;

/// Texts are borrowed when a line is written and owned when it is read.
pub(super) type Text<'a> = Cow<'a, str>;

/// The fields that every line begins with.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Head<'a> {
    /// Name and version of this form.
    #[schemars(extend("const" = super::SCHEMA))]
    pub schema: Text<'a>,
    /// Dense number from 0.
    pub seq: u64,
    /// Seconds since the run began.
    pub at: Seconds,
}

/// The type of a line and the fields of that type. Things are named by their numbers in the plan
/// and, beside that, by name; readers of Apex use the numbers only.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub(super) enum Body<'a> {
    /// The run began.
    #[serde(rename = "run.started")]
    RunStarted {
        run: Text<'a>,
        unix_millis: u64,
        /// The commit that is checked out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<Text<'a>>,
        /// The branch that is checked out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<Text<'a>>,
        /// Whether files of the project differ from the commit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        is_changed: Option<bool>,
        /// Processors of the machine.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cores: Option<u32>,
        plan: Box<PlanLine<'a>>,
    },
    /// A signal asked the run to stop.
    #[serde(rename = "run.interrupted")]
    RunInterrupted { signal: i32, orderly: bool },
    /// The time budget of the run was used up.
    #[serde(rename = "run.budget_exceeded")]
    RunBudgetExceeded { budget_seconds: Seconds },
    /// More or fewer jobs may run at the same time from here on.
    #[serde(rename = "run.slots_changed")]
    RunSlotsChanged { slots: u32 },
    /// The run was stopped as a whole: none of its clocks goes on.
    #[serde(rename = "run.paused")]
    RunPaused {},
    /// The run goes on.
    #[serde(rename = "run.resumed")]
    RunResumed {},
    /// The run ended.
    #[serde(rename = "run.finished")]
    RunFinished {
        tests_failed: bool,
        environment_failed: bool,
        budget_exceeded: bool,
        nothing_ran: bool,
        /// Whether the user skipped the rest of a layer.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        skipped: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        internal_error: Option<Text<'a>>,
        /// `passed` when the exit code is 0, else `failed`. Not there when the writer does not
        /// know how the program ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(extend("enum" = ["passed", "failed"]))]
        verdict: Option<Text<'a>>,
        /// The exit code of the program, with `verdict`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<u8>,
    },
    /// The budget of a layer runs from here.
    #[serde(rename = "layer.started")]
    LayerStarted {
        layer: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
    },
    /// The budget of a layer was used up.
    #[serde(rename = "layer.budget_exceeded")]
    LayerBudgetExceeded {
        layer: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
    },
    /// The fail-fast rule of a layer stopped it.
    #[serde(rename = "layer.stopped")]
    LayerStopped {
        layer: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        reason: Text<'a>,
    },
    /// The user skipped what is left of a layer.
    #[serde(rename = "layer.skipped")]
    LayerSkipped {
        layer: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
    },
    /// What the verdict of a layer rests on beside the outcomes of its tests, in one part of a
    /// matrix.
    #[serde(rename = "layer.judged")]
    LayerJudged {
        layer: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        facts: Box<FactsLine<'a>>,
    },
    /// A layer ended, or never started.
    #[serde(rename = "layer.finished")]
    LayerFinished {
        layer: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        verdict: Word<Verdict>,
        reason: Text<'a>,
    },
    /// The first job of a category started.
    #[serde(rename = "category.started")]
    CategoryStarted {
        category: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
    },
    /// The time limit of a category was reached.
    #[serde(rename = "category.timed_out")]
    CategoryTimedOut {
        category: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        limit_seconds: Seconds,
    },
    /// Something failed while a category ran in parts, and did not when all of it ran in one
    /// program: a test, or a part where no test could be named.
    #[serde(rename = "category.depends_on_order")]
    CategoryDependsOnOrder {
        category: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        what: Text<'a>,
    },
    /// A category ended, or never started.
    #[serde(rename = "category.finished")]
    CategoryFinished {
        category: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        outcome: Word<Outcome>,
        reason: Text<'a>,
    },
    /// An attempt of a job was handed to the executor.
    #[serde(rename = "job.started")]
    JobStarted {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
        attempt: u32,
    },
    /// The processes of a job were asked to end.
    #[serde(rename = "job.terminated")]
    JobTerminated {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
        cause: Word<StopCause>,
    },
    /// A job wrote nothing, and its framework said nothing, for so long.
    #[serde(rename = "job.quiet")]
    JobQuiet {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
        lasting_seconds: Seconds,
    },
    /// The request to end reached the processes of a job: a test that fails from here on was ended
    /// by it.
    #[serde(rename = "job.stop_reached")]
    JobStopReached {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
    },
    /// The processes of a job were killed.
    #[serde(rename = "job.killed")]
    JobKilled {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
    },
    /// A part of a work that was cut on trust went wrong: the whole work is going to run once, and
    /// decides.
    #[serde(rename = "job.doubted")]
    JobDoubted {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
    },
    /// An attempt of a job ended.
    #[serde(rename = "job.attempt_finished")]
    JobAttemptFinished {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
        attempt: u32,
        end: End<'a>,
        /// The largest memory of its processes together that was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peak_memory_mb: Option<u32>,
        /// Processor time of its processes together that was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cpu_seconds: Option<Seconds>,
    },
    /// A job ended, or never started.
    #[serde(rename = "job.finished")]
    JobFinished {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
        outcome: Word<Outcome>,
        reason: Text<'a>,
    },
    /// Tests became known; they are numbered from `first` on.
    #[serde(rename = "test.discovered")]
    TestDiscovered {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
        first: u32,
        cases: Vec<Case<'a>>,
    },
    /// An attempt of a test began.
    #[serde(rename = "test.started")]
    TestStarted {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
        test: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Text<'a>>,
        attempt: u32,
    },
    /// An attempt of a test takes longer than tests of its category should.
    #[serde(rename = "test.slow")]
    TestSlow {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
        test: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Text<'a>>,
        attempt: u32,
        so_far_seconds: Seconds,
    },
    /// An attempt of a test ended.
    #[serde(rename = "test.finished")]
    TestFinished {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
        test: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Text<'a>>,
        attempt: u32,
        outcome: Word<Outcome>,
        /// Absent when nobody can say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_seconds: Option<Seconds>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<FailureTexts<'a>>,
    },
    /// The test will not be tried again.
    #[serde(rename = "test.settled")]
    TestSettled {
        job: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Text<'a>>,
        test: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Text<'a>>,
        outcome: Word<Outcome>,
    },
    /// A job wrote text.
    #[serde(rename = "output.text")]
    OutputText { job: u32, stream: Word<Stream>, text: Text<'a> },
    /// A job wrote more than the stream of events carries.
    #[serde(rename = "output.omitted")]
    OutputOmitted { job: u32, bytes: u64 },
    /// A service was asked to start.
    #[serde(rename = "service.starting")]
    ServiceStarting {
        service: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
    },
    /// Something is done before a service can start, such as fetching its image.
    #[serde(rename = "service.preparing")]
    ServicePreparing {
        service: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        what: Text<'a>,
    },
    /// A service ended by itself and starts again.
    #[serde(rename = "service.lost")]
    ServiceLost {
        service: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        reason: Text<'a>,
    },
    /// A service answers.
    #[serde(rename = "service.ready")]
    ServiceReady {
        service: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        addresses: Vec<Address<'a>>,
    },
    /// A service did not become ready, or stopped by itself.
    #[serde(rename = "service.failed")]
    ServiceFailed {
        service: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        reason: Text<'a>,
    },
    /// A service was taken away.
    #[serde(rename = "service.stopped")]
    ServiceStopped {
        service: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
    },
    /// An agent runs.
    #[serde(rename = "agent.started")]
    AgentStarted { agent: Text<'a> },
    /// An agent ended in order.
    #[serde(rename = "agent.stopped")]
    AgentStopped { agent: Text<'a> },
    /// An agent has been busy with one thing for so long that it may hang.
    #[serde(rename = "agent.stale")]
    AgentStale { agent: Text<'a>, silent_seconds: Seconds },
    /// An agent that was stale works on.
    #[serde(rename = "agent.recovered")]
    AgentRecovered { agent: Text<'a> },
    /// Another agent took the place of one that failed or hung.
    #[serde(rename = "agent.restarted")]
    AgentRestarted { agent: Text<'a>, reason: Text<'a> },
    /// An agent failed; the run goes on.
    #[serde(rename = "agent.failed")]
    AgentFailed { agent: Text<'a>, reason: Text<'a> },
    /// What the machine, Apex, running jobs and services used.
    #[serde(rename = "resources.sampled")]
    ResourcesSampled {
        host: Box<HostLine>,
        /// Apex itself.
        apex: UseLine,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        jobs: Vec<JobUseLine<'a>>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        services: Vec<ServiceUseLine<'a>>,
    },
    /// Something that people should know and that changes no verdict.
    #[serde(rename = "warning")]
    Warning { text: Text<'a> },
    /// A type that this version does not know. It is read and never written.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// How the process of a job ended.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "how", rename_all = "snake_case")]
pub(super) enum End<'a> {
    /// By itself.
    Exited { code: i32 },
    /// By a signal.
    Signalled { signal: i32 },
    /// It never started, or Apex lost track of it.
    NotStarted { reason: Text<'a> },
}

/// A test.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Case<'a> {
    pub id: Text<'a>,
    pub suite: Text<'a>,
    pub name: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub critical: bool,
}

/// Why a test did not pass.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct FailureTexts<'a> {
    pub message: Text<'a>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub details: Text<'a>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub output: Text<'a>,
}

/// Where a service answers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Address<'a> {
    pub label: Text<'a>,
    pub address: Text<'a>,
}
