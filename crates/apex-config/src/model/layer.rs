//! One layer: a group of categories with a time budget.

use std::sync::Arc;
use std::time::Duration;

use super::{Category, CategoryName, FailFast, FlakyPolicy, LayerId, ServiceName};

/// A group of categories that share a time budget, limits and criteria of success.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Layer {
    /// Its id, the key in the file.
    pub id: LayerId,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// 1 (first) to 5: order among layers that are ready, before [`Layer::execution_order`].
    pub priority: u8,
    /// 1 to 10: second key of that order.
    pub execution_order: u8,
    /// The time it may take, environment multiplier included.
    pub budget: Duration,
    /// What happens to work that does not fit the budget.
    pub budget_policy: BudgetPolicy,
    /// How long a test may be left out by the choice.
    pub at_least_every: AtLeastEvery,
    /// Share of the budget that retries may use, 0 to 1.
    pub retry_budget: f64,
    /// How its categories run beside each other.
    pub execution_mode: ExecutionMode,
    /// What a failure stops.
    pub fail_fast: FailFast,
    /// Whether it runs in the background: it never holds up others.
    pub background: bool,
    /// Layers that come before it.
    pub dependencies: Vec<LayerId>,
    /// What it must not run beside.
    pub conflicts: Vec<LayerConflict>,
    /// Services that are up before its first job.
    pub required_services: Vec<ServiceName>,
    /// Its share of the machine.
    pub limits: ResourceLimits,
    /// Its categories, in the order of the file.
    pub categories: Vec<Arc<Category>>,
    /// When it counts as a success in spite of failures.
    pub success: SuccessCriteria,
    /// What a flaky test counts as.
    pub flaky: FlakyPolicy,
    /// Time between the request to end and the kill.
    pub grace: Duration,
}

/// How the categories of a layer run beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ExecutionMode {
    /// One after the other by priority order.
    Sequential,
    /// All that pair with each other at once.
    #[default]
    Parallel,
    /// Groups of equal priority order, one group after the other.
    Hybrid,
}

/// What happens to work that does not fit a layer's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BudgetPolicy {
    /// The best order; what has not finished at the budget is cut.
    #[default]
    Strict,
    /// The most valuable part that is expected to fit; the rest is deferred.
    Select,
}

/// How long a test may be left out by the choice of a budget: whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtLeastEvery {
    /// Runs of the project.
    pub runs: u32,
    /// Time since it ran.
    pub time: Duration,
}

/// Something a layer must not run beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerConflict {
    /// Another layer.
    Layer(LayerId),
    /// Any layer that runs this category.
    Category(CategoryName),
}

/// A layer's share of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceLimits {
    /// Ceiling for the memory of its process trees, in mebibytes.
    pub max_memory_mb: u32,
    /// Share of the machine's processors, in percent.
    pub max_cpu_percent: u8,
    /// Jobs of the layer at the same time.
    pub max_parallel: u32,
    /// [`Self::max_memory_mb`] where a file says it: then it is held, and more than a rule for what
    /// may start.
    pub memory_ceiling_mb: Option<u32>,
    /// [`Self::max_cpu_percent`] where a file says it.
    pub cpu_share_percent: Option<u8>,
    /// [`Self::max_cpu_percent`] where a file of the user says it: then it is held also while
    /// nobody else wants the processors.
    pub cpu_ceiling_percent: Option<u8>,
}

/// When a layer with failures still counts as a success.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SuccessCriteria {
    /// passed / (passed + failed + errors) must be at least this, 0 to 1.
    pub min_pass_rate: f64,
    /// At most this many failed tests.
    pub max_failures: u32,
    /// No failed test in a critical category.
    pub critical_tests_must_pass: bool,
    /// Whether "criteria met with failures" ends the run with exit code 0.
    pub allow_partial_success: bool,
}
