//! The one fold of the event stream: what is known about a run after the events so far.
//!
//! Displays, reports and records read a [`RunView`] and keep no totals of their own, so that they
//! cannot disagree. It relies on getting every envelope once and in order. It knows nothing of
//! how things are shown, and it decides nothing: every outcome in it comes from an event. Events
//! that name something outside the plan, as a damaged record may, are ignored.
//!
//! Memory: about 200 bytes a test beside the texts it shares with the events, and at most
//! [`FAILURE_TEXT_LIMIT`] bytes of failure texts.

mod agent;
mod counts;
mod fold;
mod phase;
mod resources;
mod rest;
mod stage;
mod test;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub use agent::{AgentState, AgentView};
pub use counts::Counts;
pub use phase::Phase;
pub use resources::ResourceView;
pub use stage::{
    CategoryView, Ending, JobView, LayerEnding, LayerView, Progress, ServiceState, ServiceView,
};
pub use test::{AttemptView, TestState, TestView};

use crate::event::RunResult;
use crate::id::{CategoryIx, JobIx, RunId, TestIx};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::time::Moment;

/// Bytes of failure texts that a view keeps in all. Beyond it, a failure keeps only its message,
/// cut to [`MESSAGE_LIMIT`]; the captured output of the job has the rest.
pub const FAILURE_TEXT_LIMIT: usize = 4 * 1024 * 1024;

/// Bytes of a message that are kept when the texts of failures are used up.
pub const MESSAGE_LIMIT: usize = 200;

/// Warnings that a view keeps; later ones are counted only.
pub const WARNING_LIMIT: usize = 200;

/// Names of what depends on its order that a view keeps of a category.
pub const DEPENDENT_LIMIT: usize = 1_000;

/// What is known about a run.
#[derive(Clone, Debug, Default)]
pub struct RunView {
    state: RunState,
    plan: Arc<Plan>,
    slots: u32,
    last: Moment,
    budget_exceeded: bool,
    interrupted: Option<i32>,
    layers: Vec<LayerView>,
    categories: Vec<CategoryView>,
    jobs: Vec<JobView>,
    tests: Vec<TestView>,
    services: Vec<ServiceView>,
    agents: Vec<AgentView>,
    resources: ResourceView,
    counts: Counts,
    running_tests: BTreeSet<(Moment, TestIx)>,
    running_jobs: BTreeSet<(Moment, JobIx)>,
    warnings: Vec<String>,
    warnings_left_out: u64,
    failure_bytes: usize,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum RunState {
    /// No event was seen.
    #[default]
    NotStarted,
    /// It began and has not ended.
    Running(RunIdentity),
    /// It ended.
    Finished {
        /// Which run it was.
        identity: RunIdentity,
        /// What it amounts to.
        result: RunResult,
        /// When it ended.
        ended: Moment,
    },
}

/// Which run it is and when it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunIdentity {
    /// The run.
    pub run: RunId,
    /// Wall-clock time of the beginning, milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
}

impl RunView {
    /// The view before the first event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How far the run is.
    #[must_use]
    pub const fn state(&self) -> &RunState {
        &self.state
    }

    /// Which run it is; `None` before the first event.
    #[must_use]
    pub const fn identity(&self) -> Option<&RunIdentity> {
        match &self.state {
            RunState::NotStarted => None,
            RunState::Running(identity) | RunState::Finished { identity, .. } => Some(identity),
        }
    }

    /// What the run amounts to; `None` while it runs.
    #[must_use]
    pub const fn result(&self) -> Option<&RunResult> {
        match &self.state {
            RunState::Finished { result, .. } => Some(result),
            RunState::NotStarted | RunState::Running(_) => None,
        }
    }

    /// The plan; an empty one before the first event.
    #[must_use]
    pub const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// How many jobs may run at the same time now; 0 before the first event.
    #[must_use]
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    /// When the latest event happened.
    #[must_use]
    pub const fn last(&self) -> Moment {
        self.last
    }

    /// The time the run took, or takes so far at the moment `now`.
    #[must_use]
    pub fn spent(&self, now: Moment) -> Duration {
        match &self.state {
            RunState::NotStarted => Duration::ZERO,
            RunState::Running(_) => now.since_start(),
            RunState::Finished { ended, .. } => ended.since_start(),
        }
    }

    /// Whether the budget of the run was used up.
    #[must_use]
    pub const fn is_budget_exceeded(&self) -> bool {
        self.budget_exceeded
    }

    /// The signal that asked the run to stop, if one did.
    #[must_use]
    pub const fn interrupted(&self) -> Option<i32> {
        self.interrupted
    }

    /// The layers, in the order of the plan.
    #[must_use]
    pub fn layers(&self) -> &[LayerView] {
        &self.layers
    }

    /// The categories, in the order of the plan.
    #[must_use]
    pub fn categories(&self) -> &[CategoryView] {
        &self.categories
    }

    /// The jobs, in the order of the plan.
    #[must_use]
    pub fn jobs(&self) -> &[JobView] {
        &self.jobs
    }

    /// The tests, in the order of discovery.
    #[must_use]
    pub fn tests(&self) -> &[TestView] {
        &self.tests
    }

    /// One test.
    #[must_use]
    pub fn test(&self, test: TestIx) -> Option<&TestView> {
        self.tests.get(test.position())
    }

    /// The category that a job belongs to.
    #[must_use]
    pub fn category_of(&self, job: JobIx) -> Option<CategoryIx> {
        self.plan.jobs.get(job.position()).map(|planned| planned.category)
    }

    /// The services, in the order of the plan.
    #[must_use]
    pub fn services(&self) -> &[ServiceView] {
        &self.services
    }

    /// The agents that took part, in the order of their beginning; at most 256.
    #[must_use]
    pub fn agents(&self) -> &[AgentView] {
        &self.agents
    }

    /// What was used, by the looks so far.
    #[must_use]
    pub const fn resources(&self) -> &ResourceView {
        &self.resources
    }

    /// The tests of the run by outcome.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The tests that run, longest first.
    pub fn running_tests(&self) -> impl ExactSizeIterator<Item = (Moment, TestIx)> {
        self.running_tests.iter().copied()
    }

    /// The jobs that run, longest first.
    pub fn running_jobs(&self) -> impl ExactSizeIterator<Item = (Moment, JobIx)> {
        self.running_jobs.iter().copied()
    }

    /// The settled tests that count against their layer, in the order of discovery.
    pub fn failed_tests(&self) -> impl Iterator<Item = (TestIx, &TestView)> {
        self.tests
            .iter()
            .enumerate()
            .filter(|(_, test)| test.outcome().is_some_and(Outcome::is_bad))
            .map(|(position, test)| (TestIx::at(position), test))
    }

    /// Warnings, at most [`WARNING_LIMIT`].
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How many warnings came after the ones that are kept.
    #[must_use]
    pub const fn warnings_left_out(&self) -> u64 {
        self.warnings_left_out
    }
}
