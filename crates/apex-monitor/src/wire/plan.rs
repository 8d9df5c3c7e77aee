//! The fields of a plan on the wire.

use std::borrow::Cow;
use std::collections::BTreeMap;

use apex_config::model::{
    ConflictResolution, ExecutionMode, FailFast, FlakyPolicy, Load, Priority, RetryOn, RunMode,
    RunnerKind,
};
use apex_core::plan::{PlannedCategory, PlannedJob};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::line::Text;
use super::listed::Listed;
use super::matrix::MatrixLine;
use super::policy::{FailureLimitsLine, KnownFlakyLine};
use super::seconds::Seconds;
use super::word::Word;

/// A plan in a file of its own.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct PlanFile<'a> {
    pub schema: Text<'a>,
    pub plan: PlanLine<'a>,
}

/// What is going to happen in a run. Lists refer to each other by position, from 0.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct PlanLine<'a> {
    pub request: Request<'a>,
    pub run_mode: Word<RunMode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_seconds: Option<Seconds>,
    pub inter_layer_delay_seconds: Seconds,
    pub startup_timeout_seconds: Seconds,
    pub slots: u32,
    /// Slots at most; fixed when absent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub slots_up_to: u32,
    /// What running jobs may need together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_memory_mb: Option<u32>,
    pub max_background_layers: u32,
    pub admission: Word<ConflictResolution>,
    pub layers: Vec<Layer<'a>>,
    #[schemars(with = "Vec<Category<'a>>")]
    pub categories: Listed<'a, PlannedCategory, Category<'a>>,
    #[schemars(with = "Vec<Job<'a>>")]
    pub jobs: Listed<'a, PlannedJob, Job<'a>>,
    pub services: Vec<Service<'a>>,
    pub left_out: Vec<LeftOut<'a>>,
    /// The changes it was made for, when categories that no change concerns are spared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<SinceLine<'a>>,
    /// Tests whose failure does not decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantine: Vec<QuarantinedLine<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed_over: Vec<Text<'a>>,
    pub notes: Vec<Text<'a>>,
    /// How long it is expected to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<PredictionLine>,
    /// From which numbers on failures stop, where they are not the usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_limits: Option<FailureLimitsLine>,
    /// Tests that earlier runs call flaky, where a rule asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_flaky: Vec<KnownFlakyLine<'a>>,
    /// Where it stands among the machines that share its work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<MatrixLine<'a>>,
}

/// What was asked for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Request<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Text<'a>>,
    pub selectors: Vec<Text<'a>>,
}

/// A layer of the plan.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Layer<'a> {
    pub id: Text<'a>,
    pub name: Text<'a>,
    pub reason: Text<'a>,
    pub priority: u8,
    pub execution_order: u8,
    pub phase: u32,
    pub after: Vec<u32>,
    pub conflicts: Vec<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_seconds: Option<Seconds>,
    /// The time that retries may take together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_budget_seconds: Option<Seconds>,
    pub execution_mode: Word<ExecutionMode>,
    pub fail_fast: Word<FailFast>,
    pub background: bool,
    pub max_parallel: u32,
    /// What its running jobs may need together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_memory_mb: Option<u32>,
    pub success: Success,
    pub grace_seconds: Seconds,
    pub categories: Vec<u32>,
}

/// When a layer counts as a success in spite of failures.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Success {
    pub min_pass_rate: f64,
    pub max_failures: u32,
    pub critical_tests_must_pass: bool,
    pub allow_partial_success: bool,
}

/// A category of the plan.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Category<'a> {
    pub name: Text<'a>,
    pub layer: u32,
    pub reason: Text<'a>,
    pub requested: bool,
    pub named: bool,
    pub priority: Word<Priority>,
    pub priority_order: u32,
    pub after: Vec<u32>,
    pub conflicts: Vec<u32>,
    pub parallel_safe: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load: Vec<Word<Load>>,
    pub exclusive: bool,
    pub timeout_seconds: Seconds,
    pub grace_seconds: Seconds,
    /// How long a test may run before it is called slow; a minute when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_after_seconds: Option<Seconds>,
    /// How long a job may be quiet before it is ended; for ever when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_output_timeout_seconds: Option<Seconds>,
    pub max_parallel: u32,
    /// What each of its jobs needs at least.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub memory_mb: u32,
    pub retries: u32,
    /// Whether failed tests are tried again at once and not at the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retries_at_once: bool,
    /// What is worth another try; failed, errored and timed-out tests when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_on: Option<Vec<Word<RetryOn>>>,
    pub flaky: Word<FlakyPolicy>,
    pub critical: bool,
    pub estimate_seconds: Seconds,
    /// What its inputs amount to, where that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Text<'a>>,
    /// Whether it runs only to check its declared inputs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_sample: bool,
    /// Whether it was cut on trust, or could have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutting: Option<CuttingLine<'a>>,
    pub work: CategoryWorkLine<'a>,
}

/// Whether a category whose tests share a program is cut on trust, and why.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct CuttingLine<'a> {
    pub in_parts: bool,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub why: Text<'a>,
}

/// The jobs of a category, or why it has none.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum CategoryWorkLine<'a> {
    /// A contiguous range of the jobs.
    Jobs { first: u32, count: u32 },
    /// No tests were found.
    Empty { looked: Text<'a> },
    /// It cannot run.
    Unavailable { reason: Text<'a> },
    /// It is bound to other environments.
    Skipped { reason: Text<'a> },
    /// No change concerns it; `cached` when it passed before with the same inputs.
    Spared { cached: bool, reason: Text<'a> },
}

/// How long the run is expected to take.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct PredictionLine {
    /// Undercut with a chance of one in ten.
    pub low_seconds: Seconds,
    pub expected_seconds: Seconds,
    /// Exceeded with a chance of one in ten.
    pub high_seconds: Seconds,
    /// In the order of the layers.
    pub layers: Vec<LayerPredictionLine>,
    /// From how many runs it was learned.
    pub runs: u32,
    /// Jobs that no run knows.
    pub unknown: u32,
}

/// How long a layer is expected to take.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct LayerPredictionLine {
    pub expected_seconds: Seconds,
    pub high_seconds: Seconds,
    /// The chance that it ends within its budget, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_budget: Option<f64>,
}

/// A job of the plan.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Job<'a> {
    pub category: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<u32>,
    pub runner: Word<RunnerKind>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub working_directory: Text<'a>,
    pub work: WorkLine<'a>,
    #[serde(default, skip_serializing_if = "is_empty_map")]
    pub env: Cow<'a, BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<PartLine<'a>>,
    pub found_by: Text<'a>,
    /// The whole work that it is a part of on trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undivided: Option<WorkLine<'a>>,
    /// What earlier runs let expect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<ForecastLine>,
    /// Names of what it holds alone while it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Text<'a>>,
    /// Whether it starts only when it is expected to end within its layer's budget.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub if_it_fits: bool,
    /// When it is considered among the jobs that may start, the smallest first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub turn: u32,
    /// How it was cut and why it is considered when it is.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub why: Text<'a>,
}

/// Which part of the work that was found a job runs, from 1.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct PartLine<'a> {
    pub number: u32,
    pub of: u32,
    /// Files that other parts run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave: Vec<Text<'a>>,
    /// Test ids: of the files that have some here, only these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Text<'a>>,
    /// Test ids that other parts run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Text<'a>>,
    /// Which tests with the marker `serial` it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<SerialLine<'a>>,
}

/// What a part runs of files in which some tests carry the marker `serial`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct SerialLine<'a> {
    pub files: Vec<Text<'a>>,
    /// Whether only the marked tests of these files run, or only the others.
    pub marked: bool,
}

/// What earlier runs let expect of a job.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct ForecastLine {
    pub expected_seconds: Seconds,
    /// Exceeded with a chance of one in ten.
    pub high_seconds: Seconds,
    /// From how many runs it was learned.
    pub runs: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_mb: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_empty_map(map: &BTreeMap<String, String>) -> bool {
    map.is_empty()
}

/// Which part of how many, from 1.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Shard {
    pub number: u32,
    pub of: u32,
}

/// What of a framework's tests belong to a job.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum WorkLine<'a> {
    /// An argument vector.
    Arguments {
        command: Vec<Text<'a>>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        discover: Vec<Text<'a>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        report: Option<Text<'a>>,
    },
    /// A text for `sh -c`.
    Shell {
        command: Text<'a>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        discover: Vec<Text<'a>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        report: Option<Text<'a>>,
    },
    /// Tests of a framework.
    Tests {
        paths: Vec<Text<'a>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        markers: Option<Text<'a>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keyword: Option<Text<'a>>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ignore: Vec<Text<'a>>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        arguments: Vec<Text<'a>>,
    },
}

/// A service of the plan.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Service<'a> {
    pub name: Text<'a>,
    pub after: Vec<u32>,
    pub ready_within_seconds: Seconds,
    pub reason: Text<'a>,
    /// The layer whose own it is; of the whole run when this and `category` are absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Text<'a>>,
    /// The category whose own it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Text<'a>>,
    /// Memory in mebibytes that it may use, where that is limited.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub memory_mb: u32,
}

/// Something that was considered and does not run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct LeftOut<'a> {
    pub name: Text<'a>,
    pub reason: Text<'a>,
}

/// A test, or some, whose failure does not decide.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct QuarantinedLine<'a> {
    /// Id of the test; `*` stands for any text.
    pub test: Text<'a>,
    /// The category it belongs to; any when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Text<'a>>,
    pub owner: Text<'a>,
    pub reason: Text<'a>,
    /// The last day it holds.
    pub expires: Text<'a>,
}

/// The changes that a plan was made for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct SinceLine<'a> {
    pub base: Text<'a>,
    /// How many files changed.
    pub files: u32,
}
