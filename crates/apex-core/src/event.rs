//! What happened in a run: facts in the past tense, in terms of the plan's numbers.
//!
//! The plan travels once, in [`RunStarted`]. Events carry no totals: those are folded by
//! [`crate::RunView`]. The JSON form is the business of `apex-monitor`.

use std::sync::Arc;
use std::time::Duration;

use crate::id::{AttemptNumber, CategoryIx, JobIx, LayerIx, RunId, ServiceIx, TestIx};
use crate::judge::LayerFacts;
use crate::outcome::{Outcome, Verdict};
use crate::plan::Plan;
use crate::resource::ResourceSample;
use crate::test_case::{Failure, TestCase};
use crate::time::Moment;

/// An event with its place in the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// Dense number from 0.
    pub seq: u64,
    /// When it happened; strictly later than the envelope before it.
    pub at: Moment,
    /// What happened.
    pub event: Event,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// To the run as a whole.
    Run(RunEvent),
    /// To a layer.
    Layer(LayerIx, LayerEvent),
    /// To a category.
    Category(CategoryIx, CategoryEvent),
    /// To a job.
    Job(JobIx, JobEvent),
    /// To tests of a job.
    Test(JobIx, TestEvent),
    /// A job wrote something.
    Output(JobIx, OutputEvent),
    /// To a service.
    Service(ServiceIx, ServiceEvent),
    /// To an agent.
    Agent(AgentEvent),
    /// What machine, Apex, jobs and services used was looked at.
    Resources(Box<ResourceSample>),
    /// Something that people should know and that changes no verdict.
    Warning(String),
}

/// What happened to the run as a whole.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEvent {
    /// It began.
    Started(Box<RunStarted>),
    /// A signal asked it to stop; the second one asks to stop at once.
    Interrupted {
        /// Signal number, for example 2.
        signal: i32,
        /// Whether this was the first one.
        orderly: bool,
    },
    /// Its time budget was used up.
    BudgetExceeded {
        /// The budget.
        budget: Duration,
    },
    /// More or fewer jobs may run at the same time from here on.
    SlotsChanged {
        /// How many.
        slots: u32,
    },
    /// It was stopped as a whole, with everything it runs: no clock of it goes on.
    Paused,
    /// It goes on, and its clocks with it.
    Resumed,
    /// It ended. Always the last event.
    Finished(RunResult),
}

/// The beginning of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunStarted {
    /// The run.
    pub run: RunId,
    /// Wall-clock time of the beginning, milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
    /// What is tested, and on how large a machine.
    pub setting: Setting,
    /// What is going to happen.
    pub plan: Arc<Plan>,
}

/// What a run tests, and on how large a machine: what its results hold for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Setting {
    /// What is checked out; none outside of Git, or where Git did not answer in time.
    pub checkout: Option<Checkout>,
    /// Processors of the machine, where it says.
    pub cores: Option<u32>,
}

/// What is checked out in the project folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The commit, as Git writes it in full.
    pub commit: Arc<str>,
    /// The branch; none when no branch is checked out.
    pub branch: Option<Arc<str>>,
    /// Whether files of the project differ from the commit; none when that is not known.
    pub is_changed: Option<bool>,
}

/// What a run amounts to: the one record that summary and exit code come from.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RunResult {
    /// A requested test failed, timed out or crashed beyond what its layer allows.
    pub tests_failed: bool,
    /// Something of the environment was missing or broke: tool, service, spawn, disk.
    pub environment_failed: bool,
    /// A layer or the run used up its time budget.
    pub budget_exceeded: bool,
    /// Not one test ran.
    pub nothing_ran: bool,
    /// The user skipped the rest of a layer.
    pub skipped: bool,
    /// The signal that stopped it, if one did.
    pub signal: Option<i32>,
    /// A broken invariant inside Apex, as text.
    pub internal_error: Option<String>,
}

/// What happened to a layer.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerEvent {
    /// Its first job may start; its budget runs from here.
    Started,
    /// Its budget was used up; what runs is being ended.
    BudgetExceeded,
    /// Its fail-fast rule stopped it.
    Stopped {
        /// The rule and what triggered it, for people.
        reason: String,
    },
    /// The user skipped what is left of it; what runs is being ended.
    Skipped,
    /// What its verdict rests on beside the outcomes of its tests; told right before the end by
    /// parts of a matrix, so that they can be judged together.
    Judged(Box<LayerFacts>),
    /// It ended, or never started.
    Finished {
        /// What it amounts to.
        verdict: Verdict,
        /// Why, for people; empty when it passed and nothing was left out.
        reason: String,
    },
}

/// What happened to a category.
#[derive(Clone, Debug, PartialEq)]
pub enum CategoryEvent {
    /// Its first job started.
    Started,
    /// Its time limit was reached; what runs is being ended.
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// Something failed while it ran in parts, and did not when all of it ran in one program: it
    /// depends on what runs before it or beside it.
    DependsOnOrder {
        /// The id of the test; where none could be named, the part.
        what: Arc<str>,
    },
    /// It ended, or never started.
    Finished {
        /// How.
        outcome: Outcome,
        /// Why, for people; empty when passed.
        reason: String,
    },
}

/// What happened to a job.
#[derive(Clone, Debug, PartialEq)]
pub enum JobEvent {
    /// An attempt was handed to the executor.
    Started {
        /// Which try.
        attempt: AttemptNumber,
    },
    /// Its processes were asked to end.
    Terminated {
        /// Why.
        cause: StopCause,
    },
    /// It wrote nothing, and its framework said nothing, for so long.
    Quiet {
        /// How long by now.
        lasting: Duration,
    },
    /// The request to end reached its processes: a test that fails from here on was ended by it.
    StopReached,
    /// Its processes were killed.
    Killed,
    /// An attempt ended; nothing of it runs any more.
    AttemptFinished {
        /// Which try.
        attempt: AttemptNumber,
        /// How its process ended.
        end: ProcessEnd,
        /// The largest memory of its processes together that was seen, in mebibytes, where it was
        /// measured.
        peak_memory_mb: Option<u32>,
        /// Processor time of its processes together that was seen, where it was measured.
        cpu_time: Option<Duration>,
    },
    /// Its first attempt, a part of a work that was cut on trust, went wrong: the whole work is
    /// going to run once, and decides.
    Doubted,
    /// The job ended, or never started. Once for every job of the plan.
    Finished {
        /// How.
        outcome: Outcome,
        /// Why, for people; empty when passed.
        reason: String,
    },
}

/// Why a running job is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopCause {
    /// Its category's time limit.
    CategoryTimeout,
    /// Its layer's budget.
    LayerBudget,
    /// The run's budget.
    RunBudget,
    /// A fail-fast rule.
    FailFast,
    /// A signal.
    Interrupt,
    /// A service it needs was lost.
    ServiceLost,
    /// It was quiet for longer than its category allows.
    NoOutput,
    /// The user skipped the rest of its layer.
    Skip,
}

impl StopCause {
    /// Every cause.
    pub const ALL: [Self; 8] = [
        Self::CategoryTimeout,
        Self::LayerBudget,
        Self::RunBudget,
        Self::FailFast,
        Self::Interrupt,
        Self::ServiceLost,
        Self::NoOutput,
        Self::Skip,
    ];

    /// The word for it in files and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CategoryTimeout => "category_timeout",
            Self::LayerBudget => "layer_budget",
            Self::RunBudget => "run_budget",
            Self::FailFast => "fail_fast",
            Self::Interrupt => "interrupt",
            Self::ServiceLost => "service_lost",
            Self::NoOutput => "no_output",
            Self::Skip => "skip",
        }
    }

    /// The cause for people.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::CategoryTimeout => "the time limit of its category was reached",
            Self::LayerBudget => "the time budget of its layer was used up",
            Self::RunBudget => "the time budget of the run was used up",
            Self::FailFast => "a failure stopped its layer",
            Self::Interrupt => "a signal stopped the run",
            Self::ServiceLost => "a service it needs was lost",
            Self::NoOutput => "it was quiet for longer than `no_output_timeout_seconds`",
            Self::Skip => "the user skipped the rest of its layer",
        }
    }

    /// What becomes of a test or job that is ended while it runs.
    #[must_use]
    pub const fn outcome_of_running(self) -> Outcome {
        match self {
            Self::CategoryTimeout | Self::LayerBudget | Self::RunBudget | Self::NoOutput => {
                Outcome::TimedOut
            }
            Self::FailFast | Self::Interrupt | Self::Skip => Outcome::Cancelled,
            Self::ServiceLost => Outcome::Errored,
        }
    }

    /// What becomes of work that had not started.
    #[must_use]
    pub const fn outcome_of_waiting(self) -> Outcome {
        match self {
            Self::CategoryTimeout | Self::LayerBudget | Self::RunBudget | Self::NoOutput => {
                Outcome::Deferred
            }
            Self::FailFast | Self::Interrupt | Self::Skip => Outcome::NotRun,
            Self::ServiceLost => Outcome::Errored,
        }
    }

    /// Whether a time limit is the cause.
    #[must_use]
    pub const fn is_time_limit(self) -> bool {
        matches!(self, Self::CategoryTimeout | Self::LayerBudget | Self::RunBudget | Self::NoOutput)
    }
}

/// How the process of a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    /// It ended by itself with this exit code.
    Exited(i32),
    /// A signal ended it.
    Signalled(i32),
    /// It never started, or Apex lost track of it; the text says why and what to do.
    NotStarted(String),
}

/// What happened to tests of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum TestEvent {
    /// Tests became known; they are numbered from `first` on.
    Discovered {
        /// Number of the first of them.
        first: TestIx,
        /// The tests.
        cases: Vec<TestCase>,
    },
    /// An attempt of a test began.
    Started {
        /// The test.
        test: TestIx,
        /// Which try.
        attempt: AttemptNumber,
    },
    /// An attempt of a test takes longer than tests of its category should. At most once an
    /// attempt.
    Slow {
        /// The test.
        test: TestIx,
        /// Which try.
        attempt: AttemptNumber,
        /// How long it has run by now.
        so_far: Duration,
    },
    /// An attempt of a test ended.
    Finished {
        /// The test.
        test: TestIx,
        /// Which try.
        attempt: AttemptNumber,
        /// How it ended.
        outcome: Outcome,
        /// How long it took; `None` when nobody can say.
        duration: Option<Duration>,
        /// Why it did not pass, or why it was skipped.
        failure: Option<Box<Failure>>,
    },
    /// The test will not be tried again; this is its outcome. Once for every test.
    Settled {
        /// The test.
        test: TestIx,
        /// Its outcome over all attempts.
        outcome: Outcome,
    },
}

/// What a job wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputEvent {
    /// Text, cut at line ends where possible.
    Text {
        /// Where it was written.
        stream: Stream,
        /// The text; bytes that are not UTF-8 are replaced.
        text: String,
    },
    /// This much more was written than the stream of events carries; the captured file has it.
    Omitted {
        /// How many bytes.
        bytes: u64,
    },
}

/// One of the two output streams of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names of the two standard streams")]
pub enum Stream {
    Stdout,
    Stderr,
}

/// What happened to a service: what the service agent reports, and what is told on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceEvent {
    /// It was asked to start.
    Starting,
    /// Something is done before it can start, such as fetching its image.
    Preparing {
        /// What.
        what: String,
    },
    /// It ended by itself and starts again; jobs that ran with it are ended.
    Lost {
        /// What happened, with its last lines.
        reason: String,
    },
    /// It answers.
    Ready {
        /// Label → `host:port`.
        addresses: Vec<(String, String)>,
    },
    /// It did not become ready, or stopped by itself.
    Failed {
        /// What happened and what to do, with its last lines; nothing of it runs any more.
        reason: String,
    },
    /// It ended because it was asked to; nothing of it runs any more.
    Stopped,
}

/// What happened to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentEvent {
    /// It runs.
    Started {
        /// Its name.
        agent: Arc<str>,
    },
    /// It ended in order.
    Stopped {
        /// Its name.
        agent: Arc<str>,
    },
    /// It has been busy with one thing for so long that it may hang; the run goes on.
    Stale {
        /// Its name.
        agent: Arc<str>,
        /// For how long.
        silent: Duration,
    },
    /// It was stale, and works on.
    Recovered {
        /// Its name.
        agent: Arc<str>,
    },
    /// It failed or hung, and another one took its place, with everything that the run had told so
    /// far.
    Restarted {
        /// Its name.
        agent: Arc<str>,
        /// What was wrong with the one before it.
        reason: String,
    },
    /// It failed; the run goes on.
    Failed {
        /// Its name.
        agent: Arc<str>,
        /// Why.
        reason: String,
    },
}
