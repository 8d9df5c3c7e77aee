//! A plan as flags change it: limits, retries, numbers of failures, what jobs are told.

use std::time::Duration;

use apex_config::model::{CategoryName, FailFast};
use apex_core::CategoryIx;
use apex_core::plan::{CategoryWork, Plan, PlannedCategory};
use apex_monitor::legacy::Outline;

use super::asked::Asked;
use super::choice::{Arrangement, Choice, Chosen};
use super::flag::Flag;
use super::{frameworks, narrowing, services, variables};
use crate::project::Project;

/// The most categories in a phase, when nobody says another number.
pub(crate) const PHASE_WIDTH: usize = 4;

/// The plan as flags change it.
pub(crate) fn amend(
    plan: Plan,
    asked: &Asked,
    choice: &Choice,
    project: &Project,
    notes: &mut Vec<String>,
) -> Plan {
    let mut plan = plan;
    match &choice.arrangement {
        Arrangement::Categories(chosen) => mark(&mut plan, chosen),
        Arrangement::Layers { only: Some(only), .. } => plan = limited_to(plan, only),
        Arrangement::Layers { only: None, .. } => {}
    }
    times(&mut plan, asked);
    retries(&mut plan, asked);
    failures(&mut plan, asked);
    phases(&mut plan, asked, project);
    narrowing::narrow(&mut plan, &choice.filters, notes);
    frameworks::tell(&mut plan, asked, project, notes);
    variables::set(&mut plan, asked, project);
    services::settle(plan, asked, project, notes)
}

/// Says of each category whether it was asked for, and why it is there.
fn mark(plan: &mut Plan, chosen: &[Chosen]) {
    for category in &mut plan.categories {
        if let Some(one) = chosen.iter().find(|one| one.name == category.name) {
            category.requested = one.requested;
            category.named = one.named;
            category.reason = one.reason.as_str().into();
        }
    }
}

/// Only these categories of the layers; the others stay in the plan and are skipped.
fn limited_to(mut plan: Plan, only: &[CategoryName]) -> Plan {
    let is_meant = |category: &PlannedCategory| only.contains(&category.name);
    for category in plan.categories.iter_mut().filter(|one| !only.contains(&one.name)) {
        category.requested = false;
    }
    let meant: Vec<bool> = plan.categories.iter().map(is_meant).collect();
    let owner: Vec<CategoryIx> = plan.jobs.iter().map(|job| job.category).collect();
    plan.with_jobs(
        |job| meant[owner[job.position()].position()],
        |_| CategoryWork::Skipped { reason: "not selected".to_owned() },
    )
}

fn times(plan: &mut Plan, asked: &Asked) {
    let factor = asked.number(Flag::TimeoutMultiplier).unwrap_or(1.0);
    let cap =
        asked.value(Flag::Timeout).and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let scaled = |time: Duration| time.mul_f64(factor);
    for category in &mut plan.categories {
        category.timeout = scaled(category.timeout);
        if let Some(cap) = cap {
            category.timeout = category.timeout.min(cap);
        }
    }
    for layer in &mut plan.layers {
        layer.budget = layer.budget.map(scaled);
    }
    plan.budget = plan.budget.map(scaled);
}

fn retries(plan: &mut Plan, asked: &Asked) {
    let typed = asked.whole(Flag::MaxRetries);
    let at_least = u32::from(asked.is_on(Flag::EnableRetry));
    for category in &mut plan.categories {
        category.retries = typed.unwrap_or_else(|| category.retries.max(at_least));
    }
}

fn failures(plan: &mut Plan, asked: &Asked) {
    if let Some(share) = asked.number(Flag::FailureThreshold) {
        plan.failure_limits.share = share;
    }
    if let Some(row) = asked.whole(Flag::ConsecutiveFailures) {
        plan.failure_limits.in_a_row = row;
    }
}

/// How wide phases are.
pub(crate) fn width(asked: &Asked) -> usize {
    asked.whole(Flag::Workers).map_or(PHASE_WIDTH, |number| number as usize)
}

/// Where phases are barriers, they are as wide as was asked for.
fn phases(plan: &mut Plan, asked: &Asked, project: &Project) {
    let is_barrier = plan.layers.iter().any(|layer| layer.fail_fast == FailFast::Phase);
    if is_barrier && asked.is_given(Flag::Workers) && plan.layers.len() == 1 {
        let outline = Outline::of(&project.loaded.config, plan, false, width(asked));
        for (number, members) in (1..).zip(&outline.phases) {
            for at in members {
                plan.categories[at.position()].priority_order = number;
            }
        }
    }
    if let Some(1) = asked.whole(Flag::MaxParallelLayers) {
        plan.run_mode = apex_config::model::RunMode::Sequential;
    }
}
