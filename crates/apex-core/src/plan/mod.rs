//! What is going to happen: layers, their categories, and the jobs these consist of.
//!
//! A plan is a value that travels once at the beginning of a run. It names everything that may
//! happen; events then speak in its numbers. It never changes.

mod build;
mod choose;
mod cutting;
mod found;
mod job;
mod jobs;
pub mod matrix;
mod narrow;
mod order;
pub mod phases;
mod prediction;
mod resume;
mod service;
mod service_set;
mod sound;
pub mod split;
mod steadiness;
mod trust;
mod without_layers;
pub mod worth;

pub use build::{FoundWork, PlanError, build};
pub use cutting::Cutting;
pub use found::{FoundJob, MayCut, Serial, Source};
pub use job::{JobSpec, Part, SerialShare, Work, WorkError, WorkErrorKind};
pub use jobs::Past;
pub use matrix::{Matrix, PartLoad};
pub use prediction::{LayerPrediction, Prediction};
pub use resume::Done;
pub use service::{PlannedService, ServiceScope};
pub use sound::MOST_PARTS;
pub use without_layers::selection_layer;

use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{
    CategoryName, ConflictResolution, EnvironmentName, ExecutionMode, FailFast, FailureLimits,
    FlakyPolicy, LayerId, Load, ModeName, Priority, Quarantined, RetryCauses, RetryWhen, RunMode,
    SuccessCriteria,
};

use crate::change::Fingerprint;
use crate::id::{CategoryIx, JobIx, LayerIx, ServiceIx};

/// What is going to happen in a run. The default is a plan of nothing, with eight slots, fixed.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What was asked for, in words.
    pub request: RequestSummary,
    /// In which order layers run.
    pub run_mode: RunMode,
    /// Limit for the whole run.
    pub budget: Option<Duration>,
    /// Pause between layers.
    pub inter_layer_delay: Duration,
    /// Limit to bring the services of a layer up.
    pub startup_timeout: Duration,
    /// Jobs at the same time, at first and at least.
    pub slots: u32,
    /// Jobs at the same time at most: slots are added while work waits and the machine has room.
    /// The number is fixed when this is not larger than [`Plan::slots`].
    pub slots_up_to: u32,
    /// Memory that running jobs may need together, in mebibytes; none for as much as they like.
    pub max_memory_mb: Option<u32>,
    /// Background layers at the same time.
    pub max_background_layers: u32,
    /// Which layer is served first when a slot becomes free.
    pub admission: ConflictResolution,
    /// The layers, dependencies before dependants.
    pub layers: Vec<PlannedLayer>,
    /// The categories, grouped by layer, in the order in which they are considered.
    pub categories: Vec<PlannedCategory>,
    /// The jobs, grouped by category.
    pub jobs: Vec<PlannedJob>,
    /// The services that jobs of this plan need.
    pub services: Vec<PlannedService>,
    /// What was considered and does not run, with the reason.
    pub left_out: Vec<LeftOut>,
    /// Since what changes were looked at, when categories that no change concerns are spared.
    pub since: Option<Since>,
    /// Tests whose failure does not decide.
    pub quarantine: Vec<Quarantined>,
    /// Background layers that a run behind this one takes over.
    pub handed_over: Vec<LayerId>,
    /// What people should know about the selection.
    pub notes: Vec<String>,
    /// How long it is expected to take; none where no run taught anything.
    pub prediction: Option<Prediction>,
    /// From which numbers on failures stop, where a rule counts them.
    pub failure_limits: FailureLimits,
    /// Tests that earlier runs call flaky, sorted; only where a rule asks.
    pub known_flaky: Vec<(CategoryIx, Arc<str>)>,
    /// Where it stands among the machines that share its work; none when one machine runs all.
    pub matrix: Option<Matrix>,
}

/// The changes that a plan was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// Since what, for people, for example `main`.
    pub base: String,
    /// How many files changed.
    pub files: u32,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RequestSummary {
    /// The mode, when layers run by a mode.
    pub mode: Option<ModeName>,
    /// The environment.
    pub environment: Option<EnvironmentName>,
    /// Names that were asked for by the user, as typed.
    pub selectors: Vec<String>,
}

/// A layer of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedLayer {
    /// Its id; `selection` for the single layer of a plan that was asked for by category.
    pub id: LayerId,
    /// Its name for people.
    pub name: String,
    /// Why it is in the plan.
    pub reason: String,
    /// 1 to 5; smaller is served first.
    pub priority: u8,
    /// Second key of the order.
    pub execution_order: u8,
    /// Which phase it belongs to, from 0; phases are barriers in waterfall modes.
    pub phase: u32,
    /// Layers of this plan that end before it starts.
    pub after: Vec<LayerIx>,
    /// Layers of this plan that never run at the same time.
    pub conflicts: Vec<LayerIx>,
    /// The time it may take; none for a plan by category.
    pub budget: Option<Duration>,
    /// The time that retries may take together; none for as much as they like.
    pub retry_budget: Option<Duration>,
    /// How its categories run beside each other.
    pub execution_mode: ExecutionMode,
    /// What a failure stops.
    pub fail_fast: FailFast,
    /// Whether it runs in the background.
    pub background: bool,
    /// Jobs of the layer at the same time.
    pub max_parallel: u32,
    /// Memory that its running jobs may need together, in mebibytes; none for as much as they
    /// like.
    pub max_memory_mb: Option<u32>,
    /// When it counts as a success in spite of failures.
    pub success: SuccessCriteria,
    /// Time between the request to end and the kill.
    pub grace: Duration,
    /// Its categories, in the order in which they are considered.
    pub categories: Vec<CategoryIx>,
}

/// A category of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedCategory {
    /// Its name.
    pub name: CategoryName,
    /// The layer it runs in.
    pub layer: LayerIx,
    /// Why it is in the plan; the categories of a layer share the text.
    pub reason: Arc<str>,
    /// Whether the user asked for it (by name or through a layer); else it was added.
    pub requested: bool,
    /// Whether the user named it without any filter, so that finding no tests is not a success.
    pub named: bool,
    /// How much it matters.
    pub priority: Priority,
    /// Order inside its layer; groups of a hybrid layer.
    pub priority_order: u32,
    /// Categories of this plan that end before it starts; a bad one blocks it.
    pub after: Vec<CategoryIx>,
    /// Categories of this plan that it never runs beside, in whatever layer.
    pub conflicts: Vec<CategoryIx>,
    /// Whether it may run beside other categories of its layer at all.
    pub parallel_safe: bool,
    /// What it loads: two categories of one layer with the same mark (but network) do not run
    /// beside each other.
    pub load: Vec<Load>,
    /// Whether it needs the machine to itself.
    pub exclusive: bool,
    /// Limit for all its jobs together.
    pub timeout: Duration,
    /// Time between the request to end and the kill.
    pub grace: Duration,
    /// How long a test may run before it is called slow.
    pub slow_after: Duration,
    /// How long a job may be quiet before it is ended; for ever when there is none.
    pub no_output_timeout: Option<Duration>,
    /// Jobs of it at the same time.
    pub max_parallel: u32,
    /// What each of its jobs needs of memory at least, in mebibytes.
    pub memory_mb: u32,
    /// How often a failed test is tried again.
    pub retries: u32,
    /// When it is tried again.
    pub retry_when: RetryWhen,
    /// What an attempt may end with that is worth another one.
    pub retry_on: RetryCauses,
    /// What a flaky test counts as.
    pub flaky: FlakyPolicy,
    /// Whether a failed test in it is a critical failure.
    pub critical: bool,
    /// Expected duration.
    pub estimate: Duration,
    /// What its inputs amount to, where that was asked.
    pub fingerprint: Option<Fingerprint>,
    /// Whether it runs only to check that its declared inputs are all that concerns it.
    pub is_sample: bool,
    /// Whether it was cut on trust, or could have been.
    pub cutting: Cutting,
    /// Its jobs, or why it has none.
    pub work: CategoryWork,
}

/// The jobs of a category, or why it has none.
#[derive(Clone, Debug, PartialEq)]
pub enum CategoryWork {
    /// These jobs, a contiguous range of [`Plan::jobs`].
    Jobs {
        /// The first.
        first: JobIx,
        /// How many, at least one.
        count: u32,
    },
    /// No tests were found.
    Empty {
        /// Where Apex looked, for people.
        looked: String,
    },
    /// It cannot run: a tool is missing, a service is not defined, a path does not exist.
    Unavailable {
        /// What is missing and what to do.
        reason: String,
    },
    /// It is bound to other environments.
    Skipped {
        /// Which, for people.
        reason: String,
    },
    /// No change concerns it.
    Spared {
        /// How that is known.
        by: Sparing,
        /// The same for people.
        reason: String,
    },
}

/// How it is known that a category need not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sparing {
    /// It passed before with the same inputs.
    Cached,
    /// None of its inputs changed.
    Unaffected,
}

/// A job of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedJob {
    /// The category it belongs to.
    pub category: CategoryIx,
    /// Services it needs, dependencies included.
    pub services: Vec<ServiceIx>,
    /// What is to be done.
    pub spec: JobSpec,
    /// The whole work, where this job is a part of it on trust; parts of one work have the same.
    pub undivided: Option<Arc<JobSpec>>,
    /// What earlier runs let expect; none where nothing is known.
    pub forecast: Option<Forecast>,
    /// Names of what it holds alone while it runs: no two jobs with a name in common run at the
    /// same time, in whatever category or layer.
    pub holds: Vec<Arc<str>>,
    /// Whether a budget may leave it out.
    pub standing: Standing,
    /// When it is considered among the jobs that may start, the smallest first; jobs of equal
    /// turn in the order of the plan.
    pub turn: u32,
    /// How it was cut and why it is considered when it is, for people; empty when there is
    /// nothing to say.
    pub why: Arc<str>,
}

/// What earlier runs let expect of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The duration to expect, start-up of its program included.
    pub expected: Duration,
    /// The duration that it exceeds with a chance of one in ten.
    pub high: Duration,
    /// From how many runs this was learned.
    pub runs: u32,
    /// The largest memory of its processes together that was seen, in mebibytes, where it was
    /// measured.
    pub peak_memory_mb: Option<u32>,
}

/// Whether a budget may leave a job out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Standing {
    /// It starts as long as the budget of its layer lasts.
    #[default]
    Required,
    /// It starts only when it is expected to end within the budget of its layer (by the high
    /// forecast); else it is deferred.
    IfItFits,
}

impl PlannedJob {
    /// A job about which nothing is known and that holds nothing alone.
    #[must_use]
    pub fn new(category: CategoryIx, services: Vec<ServiceIx>, spec: JobSpec) -> Self {
        Self {
            category,
            services,
            spec,
            undivided: None,
            forecast: None,
            holds: Vec::new(),
            standing: Standing::Required,
            turn: 0,
            why: Arc::default(),
        }
    }
}

/// Something that was considered and does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why it does not run.
    pub reason: String,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            request: RequestSummary::default(),
            run_mode: RunMode::default(),
            budget: None,
            inter_layer_delay: Duration::ZERO,
            startup_timeout: Duration::from_secs(30),
            slots: 8,
            slots_up_to: 0,
            max_memory_mb: None,
            max_background_layers: 1,
            admission: ConflictResolution::default(),
            layers: Vec::new(),
            categories: Vec::new(),
            jobs: Vec::new(),
            services: Vec::new(),
            left_out: Vec::new(),
            since: None,
            quarantine: Vec::new(),
            handed_over: Vec::new(),
            notes: Vec::new(),
            prediction: None,
            failure_limits: FailureLimits::default(),
            known_flaky: Vec::new(),
            matrix: None,
        }
    }
}

impl Plan {
    /// The layer at an index of this plan.
    #[must_use]
    pub fn layer(&self, layer: LayerIx) -> &PlannedLayer {
        &self.layers[layer.position()]
    }

    /// The category at an index of this plan.
    #[must_use]
    pub fn category(&self, category: CategoryIx) -> &PlannedCategory {
        &self.categories[category.position()]
    }

    /// The job at an index of this plan.
    #[must_use]
    pub fn job(&self, job: JobIx) -> &PlannedJob {
        &self.jobs[job.position()]
    }

    /// Whether earlier runs call a test of a category flaky; known only where a rule asks.
    #[must_use]
    pub fn is_known_flaky(&self, category: CategoryIx, id: &str) -> bool {
        let key =
            |(of, known): &(CategoryIx, Arc<str>)| (*of).cmp(&category).then((**known).cmp(id));
        self.known_flaky.binary_search_by(key).is_ok()
    }

    /// The service at an index of this plan.
    #[must_use]
    pub fn service(&self, service: ServiceIx) -> &PlannedService {
        &self.services[service.position()]
    }

    /// The jobs of a category; none when it has no work.
    pub fn jobs_of(&self, category: CategoryIx) -> impl Iterator<Item = JobIx> + use<> {
        let (first, count) = match self.category(category).work {
            CategoryWork::Jobs { first, count } => (first.0, count),
            _ => (0, 0),
        };
        (first..first + count).map(JobIx)
    }

    /// The parts of the work that a job is a part of on trust, itself included.
    pub fn parts_of_work(&self, job: JobIx) -> impl Iterator<Item = JobIx> + use<'_> {
        let planned = self.job(job);
        let is_part = |other: &JobIx| self.job(*other).undivided == planned.undivided;
        self.jobs_of(planned.category).filter(is_part)
    }
}
