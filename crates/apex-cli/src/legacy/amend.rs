//! A plan as flags change it: limits, retries, numbers of failures, what jobs are told.

use std::time::Duration;

use apex_config::model::{CategoryName, FailFast};
use apex_core::CategoryIx;
use apex_core::plan::{CategoryWork, Plan, PlannedCategory};
use apex_monitor::legacy::Outline;

use super::asked::Asked;
use super::choice::{Arrangement, Choice, Chosen};
use super::flag::Flag;
use super::{frameworks, narrowing, variables};
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
    if asked.is_on(Flag::DisableAutoSplit) {
        whole(&mut plan);
    }
    narrowing::narrow(&mut plan, &choice.filters, notes);
    frameworks::tell(&mut plan, asked, project, notes);
    variables::set(&mut plan, asked, project);
    services(&mut plan, asked, project, notes);
    plan
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

/// One job in place of parts that were cut on trust.
fn whole(plan: &mut Plan) {
    let mut seen: Vec<std::sync::Arc<apex_core::plan::JobSpec>> = Vec::new();
    let mut keep = Vec::with_capacity(plan.jobs.len());
    for job in &mut plan.jobs {
        let Some(undivided) = job.undivided.take() else {
            keep.push(true);
            continue;
        };
        let is_first = !seen.contains(&undivided);
        job.spec = (*undivided).clone();
        if is_first {
            seen.push(undivided);
        }
        keep.push(is_first);
    }
    let taken = std::mem::take(plan);
    let empty = |_| CategoryWork::Empty { looked: String::new() };
    *plan = taken.with_jobs(|job| keep[job.position()], empty);
}

/// What flags say of services.
fn services(plan: &mut Plan, asked: &Asked, project: &Project, notes: &mut Vec<String>) {
    let is_set = |name: &str| {
        project.variables.get(name).is_some_and(|value| matches!(value.as_str(), "1" | "true"))
    };
    let without_engine =
        asked.is_on(Flag::NoDocker) || asked.is_on(Flag::DockerBypass) || is_set("TEST_NO_DOCKER");
    if asked.is_on(Flag::NoServices) || is_set("TEST_NO_SERVICES") {
        plan.jobs.iter_mut().for_each(|job| job.services.clear());
        return;
    }
    if !without_engine {
        return;
    }
    let config = &project.loaded.config;
    let in_engine: Vec<bool> = plan
        .services
        .iter()
        .map(|planned| {
            config.service(planned.name.as_str()).is_some_and(|service| {
                matches!(service.source, apex_config::model::ServiceSource::Container(_))
            })
        })
        .collect();
    let mut left: Vec<String> = Vec::new();
    for job in &mut plan.jobs {
        job.services.retain(|at| {
            let stays = !in_engine[at.position()];
            let name = plan.services[at.position()].name.to_string();
            if !stays && !left.contains(&name) {
                left.push(name);
            }
            stays
        });
    }
    if !left.is_empty() {
        notes.push(format!("no container is started: {}", left.join(", ")));
    }
}
