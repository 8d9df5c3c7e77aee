//! What holds for a run as a whole: order of layers, limits, modes, lists.

use std::time::Duration;

use indexmap::IndexMap;

use super::{CategoryName, EnvironmentName, FailFast, FailureLimits, LayerId, ModeName};

/// Free text about the layer file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Metadata {
    /// Version of the file, `d.d.d`.
    pub version: Option<String>,
    /// What the file is for.
    pub description: Option<String>,
    /// Date or date-time.
    pub created_at: Option<String>,
    /// Version of the older schema, `d.d`.
    pub config_schema_version: Option<String>,
}

/// What holds for the run as a whole.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Execution {
    /// How many percent of the categories that no change concerns run all the same, 0 to 100.
    pub affected_sample_percent: u8,
    /// In which order layers run.
    pub run_mode: RunMode,
    /// Limit for the whole run.
    pub global_timeout: Duration,
    /// Limit to bring services up, beyond their own.
    pub startup_timeout: Duration,
    /// Pause between layers.
    pub inter_layer_delay: Duration,
    /// Jobs at the same time over all layers.
    pub max_parallel: u32,
    /// Memory over all layers, in mebibytes.
    pub max_memory_mb: u32,
    /// Processors over all layers, in percent.
    pub max_cpu_percent: u8,
    /// Who is admitted when resources free up.
    pub conflict_resolution: ConflictResolution,
    /// Whether background layers run behind the others at all.
    pub background_enabled: bool,
    /// Background layers at the same time.
    pub max_background_layers: u32,
    /// How often a background task is tried again that could not run.
    pub background_retries: u32,
    /// How long a background task may wait for its start.
    pub background_patience: Duration,
    /// From which numbers on failures stop a run, where its rule counts them.
    pub failure_limits: FailureLimits,
    /// What holds for a run without layers.
    pub without_layers: WithoutLayers,
}

/// What holds for a run that was asked for by category, without layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct WithoutLayers {
    /// What a failure stops.
    pub fail_fast: FailFast,
    /// Limit for the run.
    pub timeout: Option<Duration>,
    /// Memory that its running jobs may need together, in mebibytes.
    pub max_memory_mb: Option<u32>,
}

/// In which order layers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RunMode {
    /// One layer at a time.
    Sequential,
    /// Phases of independent layers as barriers.
    Waterfall,
    /// The same, with background layers aside.
    #[default]
    WaterfallWithBackground,
    /// Each layer as soon as its dependencies are done.
    Parallel,
}

/// Who is admitted when resources free up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ConflictResolution {
    /// By priority of layer and category.
    #[default]
    PriorityBased,
    /// Who waits longest.
    FirstComeFirstServe,
    /// Layers in turn.
    RoundRobin,
}

/// A named way to run: which layers, in front or behind, with which budget.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Mode {
    /// Its name, the word for `--mode`.
    pub name: ModeName,
    /// One line for people.
    pub summary: String,
    /// The layers it runs.
    pub layers: LayerSelection,
    /// Layers that run behind the others; they are among [`Mode::layers`].
    pub background: LayerSelection,
    /// Whether the exit code waits for background layers.
    pub wait: bool,
    /// Whether layers start without waiting for the ones they depend on.
    pub waive_dependencies: bool,
    /// Limit for the run; none leaves the global one.
    pub budget: Option<Duration>,
    /// Factor on every layer budget and category timeout.
    pub timeout_multiplier: f64,
    /// What a failure stops, in place of each layer's own rule.
    pub fail_fast: Option<FailFast>,
    /// The environment it asks for.
    pub environment: Option<EnvironmentName>,
}

/// Which layers a mode means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerSelection {
    /// None.
    None,
    /// Every layer.
    All,
    /// Every layer that does not run in the background.
    Foreground,
    /// Every layer that runs in the background.
    Background,
    /// The first `n` layers that do not run in the background, in execution order.
    FirstForeground(usize),
    /// These.
    Named(Vec<LayerId>),
}

/// Named lists of categories.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sets {
    /// What runs when nothing is selected in category mode.
    pub default: Vec<CategoryName>,
    /// Lists that stand wherever a category name may: roll-ups, levels, service lists, own ones.
    pub named: IndexMap<String, Vec<CategoryName>>,
}

/// How long state on disk is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Newest run directories that are kept.
    pub runs: u32,
    /// Days that run directories are kept.
    pub run_days: u32,
    /// Mebibytes that run directories may have together.
    pub runs_megabytes: u32,
    /// Days that records of background runs are kept.
    pub background_days: u32,
    /// Days that history is kept.
    pub history_days: u32,
    /// Mebibytes that history may have.
    pub history_megabytes: u32,
}
