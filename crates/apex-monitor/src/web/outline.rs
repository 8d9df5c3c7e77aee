//! A run at a glance: `apex.view/1`, made of the one view. It is the snapshot at the beginning of a
//! stream, what the page of a run shows, and the answer of the API.
//!
//! Its size is bounded: lists of tests are cut, and what was cut is counted. All tests are to be had
//! page by page.

use apex_core::view::{LayerView, Progress, RunState, ServiceState};
use apex_core::{CategoryIx, JobIx, LayerIx, Moment, Outcome, RunId, RunView, TestIx};
use schemars::JsonSchema;
use serde::Serialize;

use super::stream::Stage;
use crate::summary::CountsRow;
use crate::wire::Seconds;

/// Name and version of the form.
const SCHEMA: &str = "apex.view/1";

/// Running tests that are listed, the longest first.
const MOST_RUNNING: usize = 30;
/// Failed tests that are listed, in the order of discovery.
const MOST_FAILED: usize = 200;
/// Bytes of a message that are shown in a list.
const MESSAGE: usize = 300;
/// Jobs that the timeline shows one by one.
const MOST_JOBS: usize = 400;
/// Warnings that are listed.
const MOST_WARNINGS: usize = 50;

/// A run at a glance.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Outline {
    pub schema: &'static str,
    pub run: String,
    /// The number behind the last event that is in it.
    pub next: u64,
    /// `running`, `finished`, `lost` or `damaged`.
    pub state: &'static str,
    /// What is damaged.
    pub damage: Option<String>,
    /// Wall-clock time of the beginning, milliseconds since 1970-01-01 UTC.
    pub started_unix_millis: u64,
    /// Time of the last event, seconds since the beginning.
    pub at: f64,
    pub budget_seconds: Option<f64>,
    /// What earlier runs let expect.
    pub expected_seconds: Option<f64>,
    pub mode: Option<String>,
    pub environment: Option<String>,
    pub slots: u32,
    /// `passed` or `failed`; none before the end.
    pub verdict: Option<&'static str>,
    /// What ended the run early, for people.
    pub stopped_by: Option<String>,
    pub tests: CountsRow,
    pub layers: Vec<LayerOutline>,
    pub services: Vec<ServiceOutline>,
    /// At most 30, the longest first.
    pub running: Vec<RunningTest>,
    /// At most 200.
    pub failed: Vec<FailedOutline>,
    /// Failed tests beyond these.
    pub failed_left_out: usize,
    pub warnings: Vec<String>,
    /// Warnings beyond these.
    pub warnings_left_out: u64,
}

/// A layer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct LayerOutline {
    pub id: String,
    pub name: String,
    /// `waiting`, `running` or a word of the verdicts.
    pub state: &'static str,
    pub reason: String,
    pub started: Option<f64>,
    pub ended: Option<f64>,
    pub budget_seconds: Option<f64>,
    pub budget_exceeded: bool,
    pub tests: CountsRow,
    pub categories: Vec<CategoryOutline>,
}

/// A category.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct CategoryOutline {
    pub name: String,
    /// `waiting`, `running` or a word of the outcomes.
    pub state: &'static str,
    pub reason: String,
    pub started: Option<f64>,
    pub ended: Option<f64>,
    pub limit_seconds: f64,
    pub tests: CountsRow,
    /// Its jobs that started, as long as there are few; none when the plan has many.
    pub jobs: Vec<JobOutline>,
}

/// A job.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct JobOutline {
    pub job: u32,
    /// `running` or a word of the outcomes.
    pub state: &'static str,
    pub started: f64,
    pub ended: Option<f64>,
}

/// A service.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ServiceOutline {
    pub name: String,
    /// `waiting`, `starting`, `ready`, `failed` or `stopped`.
    pub state: &'static str,
    pub reason: String,
    /// Where it answers, as `label host:port`.
    pub addresses: Vec<String>,
}

/// A test that runs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct RunningTest {
    pub test: u32,
    pub id: String,
    pub category: String,
    pub since: f64,
}

/// A test that counts against its layer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct FailedOutline {
    pub test: u32,
    pub id: String,
    pub category: String,
    pub outcome: &'static str,
    pub message: String,
}

impl Outline {
    /// The outline of a view after `next` events.
    pub(super) fn of(run: &RunId, view: &RunView, next: u64, stage: &Stage) -> Self {
        let plan = view.plan();
        let failed = view.failed_tests().count();
        let running = view.running_tests().take(MOST_RUNNING);
        Self {
            schema: SCHEMA,
            run: run.to_string(),
            next,
            state: stage.word(),
            damage: match stage {
                Stage::Damaged(reason) => Some(reason.to_string()),
                _ => None,
            },
            started_unix_millis: view.identity().map_or(0, |identity| identity.unix_millis),
            at: seconds(view.last()),
            budget_seconds: plan.budget.map(|budget| Seconds::from(budget).number()),
            expected_seconds: plan
                .prediction
                .as_ref()
                .map(|prediction| Seconds::from(prediction.expected).number()),
            mode: plan.request.mode.as_ref().map(ToString::to_string),
            environment: plan.request.environment.as_ref().map(ToString::to_string),
            slots: view.slots(),
            verdict: verdict(view),
            stopped_by: stopped_by(view),
            tests: view.counts().into(),
            layers: layers(view),
            services: services(view),
            running: running.filter_map(|(since, test)| running_test(view, since, test)).collect(),
            failed: failed_tests(view),
            failed_left_out: failed.saturating_sub(MOST_FAILED),
            warnings: view.warnings().iter().take(MOST_WARNINGS).cloned().collect(),
            warnings_left_out: view.warnings_left_out()
                + view.warnings().len().saturating_sub(MOST_WARNINGS) as u64,
        }
    }
}

/// What the result amounts to without knowledge of flags: `passed` when nothing is wrong with it.
pub(super) fn verdict(view: &RunView) -> Option<&'static str> {
    let RunState::Finished { result, .. } = view.state() else { return None };
    let is_bad = result.tests_failed
        || result.environment_failed
        || result.budget_exceeded
        || result.nothing_ran
        || result.signal.is_some()
        || result.internal_error.is_some();
    Some(if is_bad { "failed" } else { "passed" })
}

fn stopped_by(view: &RunView) -> Option<String> {
    if let Some(signal) = view.interrupted() {
        return Some(format!("signal {signal} stopped it"));
    }
    view.is_budget_exceeded().then(|| "its time budget was used up".to_owned())
}

fn layers(view: &RunView) -> Vec<LayerOutline> {
    let shows_jobs = view.plan().jobs.len() <= MOST_JOBS;
    let planned = view.plan().layers.iter().zip(view.layers()).enumerate();
    planned
        .map(|(position, (planned, layer))| LayerOutline {
            id: planned.id.to_string(),
            name: planned.name.clone(),
            state: layer_word(layer),
            reason: layer.progress.ending().map_or_else(String::new, |end| end.reason.clone()),
            started: layer.progress.started().map(seconds),
            ended: ended(&layer.progress),
            budget_seconds: planned.budget.map(|budget| Seconds::from(budget).number()),
            budget_exceeded: layer.budget_exceeded.is_some(),
            tests: (&layer.counts).into(),
            categories: categories(view, LayerIx::at(position), shows_jobs),
        })
        .collect()
}

fn layer_word(layer: &LayerView) -> &'static str {
    word(&layer.progress, |ending| ending.verdict.as_str())
}

fn categories(view: &RunView, layer: LayerIx, shows_jobs: bool) -> Vec<CategoryOutline> {
    let plan = view.plan();
    let planned = plan.categories.iter().zip(view.categories()).enumerate();
    planned
        .filter(|(_, (planned, _))| planned.layer == layer)
        .map(|(position, (planned, category))| CategoryOutline {
            name: planned.name.to_string(),
            state: word(&category.progress, |ending| ending.outcome.as_str()),
            reason: category.progress.ending().map_or_else(String::new, |end| end.reason.clone()),
            started: category.progress.started().map(seconds),
            ended: ended(&category.progress),
            limit_seconds: Seconds::from(planned.timeout).number(),
            tests: (&category.counts).into(),
            jobs: if shows_jobs { jobs(view, CategoryIx::at(position)) } else { Vec::new() },
        })
        .collect()
}

fn jobs(view: &RunView, category: CategoryIx) -> Vec<JobOutline> {
    let of = |job: JobIx| view.jobs().get(job.position()).map(|state| (job, state));
    view.plan()
        .jobs_of(category)
        .filter_map(of)
        .filter_map(|(job, state)| {
            Some(JobOutline {
                job: job.0,
                state: word(&state.progress, |ending| ending.outcome.as_str()),
                started: seconds(state.progress.started()?),
                ended: ended(&state.progress),
            })
        })
        .collect()
}

fn services(view: &RunView) -> Vec<ServiceOutline> {
    let planned = view.plan().services.iter().zip(view.services());
    planned
        .map(|(planned, service)| {
            let mut row = ServiceOutline {
                name: planned.name.to_string(),
                state: "waiting",
                reason: String::new(),
                addresses: Vec::new(),
            };
            match &service.state {
                ServiceState::Waiting => {}
                ServiceState::Starting { .. } => row.state = "starting",
                ServiceState::Ready { addresses } => {
                    row.state = "ready";
                    row.addresses =
                        addresses.iter().map(|(label, at)| format!("{label} {at}")).collect();
                }
                ServiceState::Failed { reason } => {
                    row.state = "failed";
                    row.reason.clone_from(reason);
                }
                ServiceState::Stopped => row.state = "stopped",
            }
            row
        })
        .collect()
}

fn running_test(view: &RunView, since: Moment, test: TestIx) -> Option<RunningTest> {
    let state = view.test(test)?;
    let (id, category) = (state.case.id.to_string(), category_of(view, state.job));
    Some(RunningTest { test: test.0, id, category, since: seconds(since) })
}

fn failed_tests(view: &RunView) -> Vec<FailedOutline> {
    let failed = view.failed_tests().take(MOST_FAILED);
    failed
        .map(|(test, state)| FailedOutline {
            test: test.0,
            id: state.case.id.to_string(),
            category: category_of(view, state.job),
            outcome: state.outcome().map_or("", Outcome::as_str),
            message: state.said().map_or_else(String::new, |said| beginning(&said.message)),
        })
        .collect()
}

/// The beginning of a text that may be long.
pub(super) fn beginning(text: &str) -> String {
    text[..text.floor_char_boundary(MESSAGE)].to_owned()
}

/// The name of the category of a job.
pub(super) fn category_of(view: &RunView, job: JobIx) -> String {
    let category = view.category_of(job);
    let planned = category.and_then(|category| view.plan().categories.get(category.position()));
    planned.map_or_else(String::new, |planned| planned.name.to_string())
}

fn word<E>(progress: &Progress<E>, of_ending: impl Fn(&E) -> &'static str) -> &'static str {
    match progress {
        Progress::Waiting => "waiting",
        Progress::Running { .. } => "running",
        Progress::Finished { ending, .. } => of_ending(ending),
    }
}

/// When something ended that had started.
fn ended<E>(progress: &Progress<E>) -> Option<f64> {
    match progress {
        Progress::Finished { started: Some(_), ended, .. } => Some(seconds(*ended)),
        _ => None,
    }
}

/// Seconds since the beginning of the run.
pub(super) fn seconds(moment: Moment) -> f64 {
    Seconds::from(moment.since_start()).number()
}
