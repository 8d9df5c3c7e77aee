//! `apex.summary/1`: what a run amounts to, as one document for programs.
//!
//! Write rule: fields may be added within version 1; none is removed or changes its meaning. It is
//! made from the view that displays and reports read, and from the exit status that the program
//! ends with, so that it cannot disagree with either.

mod used;

use std::path::PathBuf;

use apex_core::plan::Matrix;
use apex_core::view::{Counts, LayerView, ServiceState};
use apex_core::{CategoryIx, Outcome, RunView, Sink};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::atomic::write_atomically;
use crate::exit::{ExitRule, ExitStatus};
use crate::wire::{self, Seconds};

pub use used::{JOB_LIMIT, JobUseRow, ResourcesRow};

/// Name and version of the form.
pub const SCHEMA: &str = "apex.summary/1";

/// Failed tests that are listed; the others are counted.
pub const FAILED_TESTS_LIMIT: usize = 1_000;

/// What a run amounts to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are those of the written form")]
pub struct Summary {
    pub schema: String,
    pub run: String,
    /// Wall-clock time of the beginning, milliseconds since 1970-01-01 UTC.
    pub started_unix_millis: u64,
    pub duration_seconds: f64,
    /// What the plan predicted, where earlier runs taught something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<PredictionRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Which part this is of a run that machines share, as `2 of 3`: the verdict is that of the
    /// part alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// `passed` when the exit code is 0, else `failed`.
    pub verdict: String,
    pub exit_code: u8,
    pub exit_meaning: String,
    pub counts: CountsRow,
    pub layers: Vec<LayerRow>,
    pub categories: Vec<CategoryRow>,
    pub failed_tests: Vec<FailedTest>,
    /// Failed tests beyond those that are listed.
    pub failed_tests_left_out: usize,
    pub services: Vec<ServiceRow>,
    /// What jobs used, where it was measured: those with the most memory first, at most 1,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobUseRow>,
    /// What machine and Apex used, where somebody looked from time to time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourcesRow>,
    pub warnings: Vec<String>,
}

/// What was predicted, and how far it was from what came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PredictionRow {
    /// Undercut with a chance of one in ten.
    pub low_seconds: f64,
    /// More or less with the same chance.
    pub expected_seconds: f64,
    /// Exceeded with a chance of one in ten.
    pub high_seconds: f64,
    /// From how many runs it was learned.
    pub runs: u32,
    /// What came, by what was expected, less one: positive when the run took longer.
    pub error: f64,
    /// Whether what came lies between low and high.
    pub is_inside: bool,
}

impl PredictionRow {
    fn of(view: &RunView) -> Option<Self> {
        let prediction = view.plan().prediction.as_ref()?;
        let spent = view.spent(view.last());
        let number = |duration| Seconds::from(duration).number();
        let expected = number(prediction.expected);
        let error = if expected > 0.0 { number(spent) / expected - 1.0 } else { 0.0 };
        Some(Self {
            low_seconds: number(prediction.low),
            expected_seconds: expected,
            high_seconds: number(prediction.high),
            runs: prediction.runs,
            error: (error * 1000.0).round() / 1000.0,
            is_inside: (prediction.low..=prediction.high).contains(&spent),
        })
    }
}

/// Numbers of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are those of the outcomes")]
pub struct CountsRow {
    /// Tests that are known.
    pub selected: u32,
    /// Tests that really ran.
    pub executed: u32,
    pub passed: u32,
    pub flaky: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub quarantined: u32,
    pub failed: u32,
    pub errored: u32,
    pub timed_out: u32,
    pub cancelled: u32,
    pub blocked: u32,
    pub skipped: u32,
    pub deferred: u32,
    pub not_run: u32,
}

/// A layer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are those of the written form")]
pub struct LayerRow {
    pub id: String,
    pub name: String,
    /// A word of the verdicts, or `unfinished`.
    pub verdict: String,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_seconds: Option<f64>,
    pub spent_seconds: f64,
    pub budget_exceeded: bool,
    /// What it did when its budget was used up: `testing`, `preparing`, `closing`, `services` or
    /// `waiting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exceeded_in: Option<String>,
    pub counts: CountsRow,
}

/// A category.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are those of the written form")]
pub struct CategoryRow {
    pub name: String,
    pub layer: String,
    /// A word of the outcomes, or `unfinished`.
    pub outcome: String,
    pub reason: String,
    pub duration_seconds: f64,
    pub counts: CountsRow,
}

/// A test that counts against its layer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are those of the written form")]
pub struct FailedTest {
    pub id: String,
    pub category: String,
    pub outcome: String,
    pub attempts: u32,
    /// Absent when nobody can say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    pub message: String,
}

/// A service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names are those of the written form")]
pub struct ServiceRow {
    pub name: String,
    /// `not_started`, `starting`, `ready`, `failed` or `stopped`.
    pub state: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The largest memory that was seen, in mebibytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_mb: Option<u32>,
    /// Processor time that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
}

impl Summary {
    /// The summary of a run that ended this way.
    #[must_use]
    pub fn of(view: &RunView, exit: &ExitStatus) -> Self {
        let identity = view.identity();
        let request = &view.plan().request;
        let failed = view.failed_tests().count();
        Self {
            schema: SCHEMA.to_owned(),
            run: identity.map_or_else(String::new, |identity| identity.run.to_string()),
            started_unix_millis: identity.map_or(0, |identity| identity.unix_millis),
            duration_seconds: Seconds::from(view.spent(view.last())).number(),
            prediction: PredictionRow::of(view),
            mode: request.mode.as_ref().map(ToString::to_string),
            environment: request.environment.as_ref().map(ToString::to_string),
            part: view.plan().matrix.as_ref().and_then(Matrix::which),
            verdict: exit.verdict().to_owned(),
            exit_code: exit.code,
            exit_meaning: exit.meaning.clone(),
            counts: view.counts().into(),
            layers: layer_rows(view),
            categories: category_rows(view),
            failed_tests: failed_tests(view),
            failed_tests_left_out: failed.saturating_sub(FAILED_TESTS_LIMIT),
            services: service_rows(view),
            jobs: used::jobs(view),
            resources: ResourcesRow::of(view),
            warnings: view.warnings().to_vec(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl From<&Counts> for CountsRow {
    fn from(counts: &Counts) -> Self {
        Self {
            selected: counts.discovered(),
            executed: counts.executed(),
            passed: counts.of(Outcome::Passed),
            flaky: counts.of(Outcome::Flaky),
            quarantined: counts.of(Outcome::Quarantined),
            failed: counts.of(Outcome::Failed),
            errored: counts.of(Outcome::Errored),
            timed_out: counts.of(Outcome::TimedOut),
            cancelled: counts.of(Outcome::Cancelled),
            blocked: counts.of(Outcome::Blocked),
            skipped: counts.of(Outcome::Skipped),
            deferred: counts.of(Outcome::Deferred),
            not_run: counts.of(Outcome::NotRun),
        }
    }
}

/// Writes `summary.json` at the end of a run.
pub struct SummaryFile {
    path: PathBuf,
    exit: ExitRule,
}

impl SummaryFile {
    /// The summary goes to this file.
    #[must_use]
    pub const fn new(path: PathBuf, exit: ExitRule) -> Self {
        Self { path, exit }
    }
}

impl Sink for SummaryFile {
    fn name(&self) -> &'static str {
        "summary"
    }

    fn accept(&mut self, _: &[apex_core::Envelope], _: &RunView) -> Result<(), String> {
        Ok(())
    }

    /// A run without an end, as after a fault of Apex, leaves no summary.
    fn close(&mut self, view: &RunView) -> Result<(), String> {
        let Some(result) = view.result() else { return Ok(()) };
        let summary = Summary::of(view, &(self.exit)(result));
        write_atomically(&self.path, |writer| wire::write_line(&summary, writer))
            .map_err(|error| format!("cannot write the summary `{}`: {error}", self.path.display()))
    }
}

fn layer_rows(view: &RunView) -> Vec<LayerRow> {
    let planned = view.plan().layers.iter();
    planned
        .zip(view.layers())
        .map(|(planned, layer)| LayerRow {
            id: planned.id.to_string(),
            name: planned.name.clone(),
            verdict: layer_verdict(layer).to_owned(),
            reason: layer.progress.ending().map_or_else(String::new, |end| end.reason.clone()),
            budget_seconds: planned.budget.map(|budget| Seconds::from(budget).number()),
            spent_seconds: Seconds::from(layer.progress.spent(view.last())).number(),
            budget_exceeded: layer.budget_exceeded.is_some(),
            exceeded_in: layer.exceeded_in.map(|phase| phase.as_str().to_owned()),
            counts: (&layer.counts).into(),
        })
        .collect()
}

fn layer_verdict(layer: &LayerView) -> &'static str {
    layer.progress.ending().map_or("unfinished", |end| end.verdict.as_str())
}

fn category_rows(view: &RunView) -> Vec<CategoryRow> {
    let layers = &view.plan().layers;
    let planned = view.plan().categories.iter();
    planned
        .zip(view.categories())
        .map(|(planned, category)| CategoryRow {
            name: planned.name.to_string(),
            layer: layers
                .get(planned.layer.position())
                .map_or_else(String::new, |layer| layer.id.to_string()),
            outcome: category
                .progress
                .ending()
                .map_or("unfinished", |end| end.outcome.as_str())
                .to_owned(),
            reason: category.progress.ending().map_or_else(String::new, |end| end.reason.clone()),
            duration_seconds: Seconds::from(category.progress.spent(view.last())).number(),
            counts: (&category.counts).into(),
        })
        .collect()
}

fn failed_tests(view: &RunView) -> Vec<FailedTest> {
    view.failed_tests()
        .take(FAILED_TESTS_LIMIT)
        .map(|(_, test)| FailedTest {
            id: test.case.id.to_string(),
            category: view
                .category_of(test.job)
                .map_or_else(String::new, |category| category_name(view, category)),
            outcome: test.outcome().map_or_else(String::new, |outcome| outcome.to_string()),
            attempts: test.attempts,
            duration_seconds: test.duration.map(|time| Seconds::from(time).number()),
            message: test.said().map_or_else(String::new, |texts| texts.message.clone()),
        })
        .collect()
}

fn category_name(view: &RunView, category: CategoryIx) -> String {
    let planned = view.plan().categories.get(category.position());
    planned.map_or_else(String::new, |planned| planned.name.to_string())
}

fn service_rows(view: &RunView) -> Vec<ServiceRow> {
    let planned = view.plan().services.iter();
    planned
        .zip(view.services())
        .map(|(planned, service)| {
            let (state, reason) = match &service.state {
                ServiceState::Waiting => ("not_started", ""),
                ServiceState::Starting { .. } => ("starting", ""),
                ServiceState::Ready { .. } => ("ready", ""),
                ServiceState::Failed { reason } => ("failed", reason.as_str()),
                ServiceState::Stopped => ("stopped", ""),
            };
            ServiceRow {
                name: planned.name.to_string(),
                state: state.to_owned(),
                reason: reason.to_owned(),
                peak_memory_mb: service.peak_memory_mb,
                cpu_seconds: service.cpu_time.map(|time| Seconds::from(time).number()),
            }
        })
        .collect()
}
