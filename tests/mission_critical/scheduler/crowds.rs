//! Plans in which a crowd of small jobs could keep one job from ever starting.
//!
//! The one comes first in turn, but only becomes ready when the crowd runs already; and then
//! nothing of the crowd may run beside it.

use std::time::Duration;

use apex_config::model::{CategoryName, ExecutionMode};
use apex_core::plan::{CategoryWork, Plan, PlannedCategory, PlannedJob};
use apex_core::{CategoryIx, JobIx};
use apex_tests::random::Random;

use super::plans::trivial_spec;

/// Replaces the layers of a plan by one in which a crowd stands around a single job.
pub fn around_one(random: &mut Random, plan: &mut Plan) {
    plan.slots = random.within(2, 3) as u32;
    plan.slots_up_to = 0;
    plan.layers.truncate(1);
    plan.jobs.clear();
    plan.services.clear();
    plan.max_memory_mb = None;
    let (crowd, first, one) = (CategoryIx(0), CategoryIx(1), CategoryIx(2));
    let layer = &mut plan.layers[0];
    layer.after.clear();
    layer.conflicts.clear();
    layer.execution_mode = ExecutionMode::Parallel;
    layer.max_parallel = 4;
    layer.max_memory_mb = None;
    layer.categories = vec![crowd, first, one];
    let model = plan.categories[0].clone();
    plan.categories.clear();
    let sizes = [random.within(60, 90) as u32, 1, 1];
    for (position, count) in sizes.into_iter().enumerate() {
        let category = CategoryIx::at(position);
        plan.categories.push(PlannedCategory {
            name: CategoryName::new(&format!("crowd{position}")).unwrap(),
            after: if category == one { vec![first] } else { Vec::new() },
            conflicts: Vec::new(),
            parallel_safe: true,
            load: Vec::new(),
            exclusive: false,
            memory_mb: 0,
            max_parallel: 4,
            timeout: Duration::from_secs(100_000),
            work: CategoryWork::Jobs { first: JobIx::at(plan.jobs.len()), count },
            ..model.clone()
        });
        let job = PlannedJob::new(category, Vec::new(), trivial_spec());
        let turn = if category == crowd { 5 } else { 0 };
        plan.jobs.extend((0..count).map(|_| PlannedJob { turn, ..job.clone() }));
    }
    keep_apart(random, plan);
}

/// What keeps the one job from running beside the crowd.
fn keep_apart(random: &mut Random, plan: &mut Plan) {
    let last = plan.jobs.len() - 1;
    match random.within(0, 4) {
        0 => plan.categories[2].exclusive = true,
        1 => plan.categories[2].parallel_safe = false,
        2 => {
            plan.categories[0].conflicts = vec![CategoryIx(2)];
            plan.categories[2].conflicts = vec![CategoryIx(0)];
        }
        3 => {
            plan.layers[0].max_memory_mb = Some(1_000);
            plan.categories[0].memory_mb = 300;
            plan.categories[2].memory_mb = random.within(800, 1_200) as u32;
        }
        _ => {
            for (position, job) in plan.jobs.iter_mut().enumerate() {
                let name = if position % 2 == 0 { "port" } else { "disk" };
                job.holds = vec![name.into()];
            }
            plan.jobs[last].holds = vec!["port".into(), "disk".into()];
        }
    }
}
