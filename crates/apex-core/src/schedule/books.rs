//! What the scheduler remembers about each thing of a plan before anything has happened.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::id::CategoryIx;
use crate::outcome::Outcome;
use crate::plan::{CategoryWork, Plan, PlannedCategory, PlannedLayer};

use super::state::{
    CategoryBook, CategoryState, JobBook, JobState, LayerBook, LayerState, ServiceBook,
    ServiceState, groups_of,
};
use super::watch::Watch;

/// A layer that waits.
pub(super) fn of_layer(plan: &Plan, layer: &PlannedLayer) -> LayerBook {
    let orders: Vec<u32> =
        layer.categories.iter().map(|&category| plan.category(category).priority_order).collect();
    LayerBook {
        state: LayerState::Waiting,
        groups: groups_of(layer.execution_mode, &orders),
        open_group: 0,
        left_in_group: 0,
        ready: BTreeSet::new(),
        active: 0,
        active_alone: 0,
        active_load: [0; 3],
        halted: false,
        running: 0,
        memory_mb: 0,
        retried_for: Duration::ZERO,
        unfinished: layer.categories.len(),
        cut: false,
        skipped: false,
        stopped: None,
        watch: Watch::default(),
    }
}

/// All categories, waiting, with those that wait for them.
pub(super) fn of_categories(plan: &Plan, layers: &[LayerBook]) -> Vec<CategoryBook> {
    let mut books: Vec<CategoryBook> = plan.categories.iter().map(of_category).collect();
    for (position, planned) in plan.categories.iter().enumerate() {
        for before in &planned.after {
            books[before.position()].dependants.push(CategoryIx::at(position));
        }
    }
    for (layer, book) in plan.layers.iter().zip(layers) {
        for (group, members) in book.groups.iter().enumerate() {
            for category in &layer.categories[members.clone()] {
                books[category.position()].group = group;
            }
        }
    }
    books
}

fn of_category(planned: &PlannedCategory) -> CategoryBook {
    let count = match planned.work {
        CategoryWork::Jobs { count, .. } => count,
        _ => 0,
    };
    CategoryBook {
        state: CategoryState::Waiting,
        blockers: u32::try_from(planned.after.len()).unwrap_or(u32::MAX),
        dependants: Vec::new(),
        group: 0,
        running: 0,
        unfinished: count,
        deferred: 0,
        limit: None,
        timed_out: false,
        was_quiet: false,
        worst: None,
        environment: false,
        contradiction: false,
        counts: [0; Outcome::ALL.len()],
        failures: 0,
        critical_failures: 0,
        cut_tests: 0,
        lost_tests: 0,
    }
}

/// All jobs, waiting.
pub(super) fn of_jobs(plan: &Plan) -> Vec<JobBook> {
    let job =
        || JobBook { state: JobState::Waiting, tests: Vec::new(), passed_over: 0, doubt: None };
    std::iter::repeat_with(job).take(plan.jobs.len()).collect()
}

/// All services, with the number of those that need them.
pub(super) fn of_services(plan: &Plan) -> Vec<ServiceBook> {
    let mut books = vec![
        ServiceBook {
            state: ServiceState::Idle,
            users: 0,
            ready_until: crate::time::Moment::START
        };
        plan.services.len()
    ];
    for job in &plan.jobs {
        for service in &job.services {
            books[service.position()].users += 1;
        }
    }
    for service in &plan.services {
        for before in &service.after {
            books[before.position()].users += 1;
        }
    }
    books
}
