//! Plans for measurements: as many jobs as one likes, each in a category of its own.
//!
//! It makes values of the core; it starts nothing and reads nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{
    CategoryName, CommandLine, ExecutionMode, FailFast, FlakyPolicy, InvalidName, LayerId,
    Priority, RetryCauses, RetryWhen, RunnerKind, SuccessCriteria,
};
use apex_core::plan::{
    CategoryWork, Cutting, JobSpec, PlannedCategory, PlannedJob, PlannedLayer, RequestSummary, Work,
};
use apex_core::{CategoryIx, JobIx, LayerIx, Plan};

/// The dependencies of node `node` in the graph that all programs here use: up to three of the
/// thousand nodes before it, chosen by an xorshift generator that the number of the node seeds.
/// Ascending, none twice.
#[must_use]
pub fn dependencies(node: u32) -> Vec<u32> {
    let mut state = (u64::from(node).wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1;
    let window = node.min(1000);
    let mut before: Vec<u32> = (0..node.min(3))
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let distance = u32::try_from(state % u64::from(window)).unwrap_or(0);
            node - 1 - distance
        })
        .collect();
    before.sort_unstable();
    before.dedup();
    before
}

/// A plan of one layer with this many categories of one job each, named `task_0` and so on, that
/// run beside each other.
///
/// # Errors
/// None: the names are legal.
pub fn plan_of_commands(count: u32, slots: u32) -> Result<Plan, InvalidName> {
    let mut plan = Plan { slots, request: RequestSummary::default(), ..Plan::default() };
    let shared = Shared::default();
    for number in 0..count {
        plan.categories.push(category(number)?);
        plan.jobs.push(PlannedJob::new(CategoryIx(number), Vec::new(), shared.spec()));
    }
    plan.layers.push(layer(slots, (0..count).map(CategoryIx).collect())?);
    Ok(plan)
}

/// What all jobs share.
struct Shared {
    env: Arc<BTreeMap<String, String>>,
    working_directory: Arc<str>,
    found_by: Arc<str>,
}

impl Default for Shared {
    fn default() -> Self {
        Self { env: Arc::default(), working_directory: "".into(), found_by: "measurement".into() }
    }
}

impl Shared {
    fn spec(&self) -> JobSpec {
        JobSpec {
            runner: RunnerKind::Command,
            working_directory: Arc::clone(&self.working_directory),
            work: Work::Command {
                command: CommandLine::Arguments(vec!["/bin/true".to_owned()]),
                discover: None,
                report: None,
            },
            env: Arc::clone(&self.env),
            shard: None,
            part: None,
            found_by: Arc::clone(&self.found_by),
        }
    }
}

fn category(number: u32) -> Result<PlannedCategory, InvalidName> {
    Ok(PlannedCategory {
        name: CategoryName::new(&format!("task_{number}"))?,
        layer: LayerIx(0),
        reason: "measurement".into(),
        requested: true,
        named: false,
        priority: Priority::Medium,
        priority_order: number,
        after: Vec::new(),
        conflicts: Vec::new(),
        parallel_safe: true,
        load: Vec::new(),
        exclusive: false,
        timeout: Duration::from_secs(300),
        grace: Duration::from_secs(10),
        slow_after: Duration::from_secs(60),
        no_output_timeout: None,
        max_parallel: 2,
        memory_mb: 0,
        retries: 0,
        retry_when: RetryWhen::default(),
        retry_on: RetryCauses::default(),
        flaky: FlakyPolicy::default(),
        critical: false,
        estimate: Duration::from_secs(1),
        fingerprint: None,
        is_sample: false,
        cutting: Cutting::AsWritten,
        work: CategoryWork::Jobs { first: JobIx(number), count: 1 },
    })
}

fn layer(slots: u32, categories: Vec<CategoryIx>) -> Result<PlannedLayer, InvalidName> {
    Ok(PlannedLayer {
        id: LayerId::new("commands")?,
        name: "commands".to_owned(),
        reason: "measurement".to_owned(),
        priority: 1,
        execution_order: 1,
        phase: 0,
        after: Vec::new(),
        conflicts: Vec::new(),
        budget: None,
        retry_budget: None,
        execution_mode: ExecutionMode::Parallel,
        fail_fast: FailFast::Disabled,
        background: false,
        max_parallel: slots,
        max_memory_mb: None,
        success: SuccessCriteria {
            min_pass_rate: 1.0,
            max_failures: 0,
            critical_tests_must_pass: true,
            allow_partial_success: false,
        },
        grace: Duration::from_secs(10),
        categories,
    })
}
