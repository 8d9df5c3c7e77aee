//! A run that goes on, at a glance.

use std::time::Duration;

use apex_core::view::{AgentState, LayerView, Progress, ServiceState};
use apex_core::{LayerIx, Moment, Plan, RunView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::used::ActiveUse;
use crate::alerts::Notice;
use crate::summary::CountsRow;
use crate::wire::Seconds;

/// A run that goes on.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ActiveRun {
    /// Its name.
    pub run: String,
    /// Its mode, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The environment that is tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// When it began, milliseconds since 1970-01-01 UTC; 0 when it has not said.
    pub started_unix_millis: u64,
    /// How long it takes so far.
    pub elapsed_seconds: f64,
    /// What earlier runs let expect of all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seconds: Option<f64>,
    /// Its time budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_seconds: Option<f64>,
    /// Seconds since its latest event: a run that is alive says something now and then.
    pub silent_seconds: f64,
    /// Its tests.
    pub tests: CountsRow,
    /// Tests that run now.
    pub running_tests: usize,
    /// Jobs that run now.
    pub running_jobs: usize,
    /// Jobs that wait.
    pub queue: usize,
    /// How many jobs may run at once.
    pub slots: u32,
    /// Its layers, in the order of the plan.
    pub layers: Vec<ActiveLayer>,
    /// Its services.
    pub services: Vec<ActiveService>,
    /// Its agents.
    pub agents: Vec<ActiveAgent>,
    /// What was used at the latest look; none before it, and where nobody looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<ActiveUse>,
    /// Alerts that fire.
    #[serde(default)]
    pub alerts: Vec<ActiveAlert>,
    /// What people should know, at most 200 texts.
    pub warnings: Vec<String>,
}

/// A layer of a run that goes on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ActiveLayer {
    /// Its name in files.
    pub id: String,
    /// `waiting`, `running` or a word of the verdicts.
    pub state: String,
    /// Why it ended so, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it took so far.
    pub spent_seconds: f64,
    /// Its time budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_seconds: Option<f64>,
    /// Its tests.
    pub tests: CountsRow,
}

/// A service of a run that goes on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ActiveService {
    /// Its name.
    pub name: String,
    /// `waiting`, `starting`, `ready`, `failed` or `stopped`.
    pub state: String,
    /// `label host:port`, when it is ready.
    pub addresses: Vec<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// An agent of a run that goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActiveAgent {
    /// Its name.
    pub name: String,
    /// `running`, `stale`, `stopped` or `failed`.
    pub state: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// An alert that fires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActiveAlert {
    /// Its name.
    pub alert: String,
    /// `low`, `medium`, `high` or `critical`.
    pub level: String,
    /// What was measured when it fired.
    pub why: String,
}

/// The alerts that fire now.
pub(super) fn firing(notices: &[Notice]) -> Vec<ActiveAlert> {
    let firing = notices.iter().filter(|notice| notice.state == "firing");
    firing
        .map(|notice| ActiveAlert {
            alert: notice.alert.clone(),
            level: notice.level.to_owned(),
            why: notice.why.clone(),
        })
        .collect()
}

impl ActiveRun {
    /// A run of which nothing but its name is known.
    pub(super) fn named(run: &str) -> Self {
        Self { run: run.to_owned(), ..Self::default() }
    }

    /// A run at a time of the wall clock.
    pub(super) fn of(run: &str, view: &RunView, now_unix_millis: u64) -> Self {
        let Some(identity) = view.identity() else { return Self::named(run) };
        let plan = view.plan();
        let now = now_of(view, now_unix_millis);
        let waiting = view.jobs().iter().filter(|job| matches!(job.progress, Progress::Waiting));
        Self {
            run: run.to_owned(),
            mode: plan.request.mode.as_ref().map(ToString::to_string),
            environment: plan.request.environment.as_ref().map(ToString::to_string),
            started_unix_millis: identity.unix_millis,
            elapsed_seconds: number(view.spent(now)),
            expected_seconds: plan.prediction.as_ref().map(|told| number(told.expected)),
            budget_seconds: plan.budget.map(number),
            silent_seconds: number(now.since(view.last())),
            tests: CountsRow::from(view.counts()),
            running_tests: view.running_tests().len(),
            running_jobs: view.running_jobs().len(),
            queue: waiting.count(),
            slots: view.slots(),
            layers: layers(view, now),
            services: services(view),
            agents: agents(view),
            used: ActiveUse::of(view, now),
            alerts: Vec::new(),
            warnings: view.warnings().to_vec(),
        }
    }

    /// The layers that run now.
    pub fn current_layers(&self) -> impl Iterator<Item = &str> {
        let running = self.layers.iter().filter(|layer| layer.state == "running");
        running.map(|layer| layer.id.as_str())
    }
}

/// The moment of a run that it is at a time of the wall clock.
pub(super) fn now_of(view: &RunView, now_unix_millis: u64) -> Moment {
    let began = view.identity().map_or(now_unix_millis, |identity| identity.unix_millis);
    let elapsed = Duration::from_millis(now_unix_millis.saturating_sub(began));
    // A clock that was set back must not make time run backwards.
    Moment::after_start(elapsed).max(view.last())
}

fn layers(view: &RunView, now: Moment) -> Vec<ActiveLayer> {
    let all = view.layers().iter().enumerate();
    all.map(|(position, layer)| of_layer(view.plan(), LayerIx::at(position), layer, now)).collect()
}

fn of_layer(plan: &Plan, at: LayerIx, layer: &LayerView, now: Moment) -> ActiveLayer {
    let planned = plan.layer(at);
    let state = match &layer.progress {
        Progress::Waiting => "waiting",
        Progress::Running { .. } => "running",
        Progress::Finished { ending, .. } => ending.verdict.as_str(),
    };
    ActiveLayer {
        id: planned.id.to_string(),
        state: state.to_owned(),
        reason: layer.progress.ending().map_or_else(String::new, |ending| ending.reason.clone()),
        spent_seconds: number(layer.progress.spent(now)),
        budget_seconds: planned.budget.map(number),
        tests: CountsRow::from(&layer.counts),
    }
}

fn services(view: &RunView) -> Vec<ActiveService> {
    let all = view.plan().services.iter().zip(view.services());
    let one =
        |(planned, service): (&apex_core::plan::PlannedService, &apex_core::view::ServiceView)| {
            let (state, addresses, reason) = match &service.state {
                ServiceState::Waiting => ("waiting", Vec::new(), String::new()),
                ServiceState::Starting { .. } => ("starting", Vec::new(), String::new()),
                ServiceState::Ready { addresses } => {
                    let places = addresses.iter().map(|(label, place)| format!("{label} {place}"));
                    ("ready", places.collect(), String::new())
                }
                ServiceState::Failed { reason } => ("failed", Vec::new(), reason.clone()),
                ServiceState::Stopped => ("stopped", Vec::new(), String::new()),
            };
            ActiveService {
                name: planned.name.to_string(),
                state: state.to_owned(),
                addresses,
                reason,
            }
        };
    all.map(one).collect()
}

fn agents(view: &RunView) -> Vec<ActiveAgent> {
    let one = |agent: &apex_core::view::AgentView| {
        let reason = match &agent.state {
            AgentState::Failed { reason } => reason.clone(),
            AgentState::Running | AgentState::Stale | AgentState::Stopped => String::new(),
        };
        let state = agent.state.as_str().to_owned();
        ActiveAgent { name: agent.name.to_string(), state, reason }
    };
    view.agents().iter().map(one).collect()
}

fn number(duration: Duration) -> f64 {
    Seconds::from(duration).number()
}
