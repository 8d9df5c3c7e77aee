//! Where a subject stands in a plan: whether it would run, in which job, and when.

use std::sync::Arc;

use apex_config::model::{CategoryName, LayerId, ModeName, RetryCauses, RetryWhen};

use crate::id::{CategoryIx, JobIx};
use crate::plan::{CategoryWork, Forecast, JobSpec, Plan, Sparing, Standing, Work};
use crate::select::{Request, Target, select};

use super::{Known, Subject};

/// Whether a category would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It would.
    Planned {
        /// The layer it runs in.
        layer: LayerId,
        /// Why that is in the plan.
        layer_reason: String,
        /// Why the category is.
        reason: Arc<str>,
    },
    /// It is in the plan and has nothing to run.
    Idle {
        /// `empty`, `unavailable`, `skipped`, `cached` or `unaffected`.
        state: &'static str,
        /// Why.
        reason: String,
    },
    /// Its layer is left to a run behind this one.
    HandedOver {
        /// The layer.
        layer: LayerId,
    },
    /// The selection does not hold it.
    NotSelected {
        /// Its layer, if one lists it.
        layer: Option<LayerId>,
        /// Modes that would run it.
        modes: Vec<ModeName>,
        /// What the selection says about it or its layer, if anything.
        reason: Option<String>,
    },
}

/// When a job is considered.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The job.
    pub job: JobIx,
    /// Its place among the jobs of its layer, from 1.
    pub place: usize,
    /// How many these are.
    pub of: usize,
    /// Which part of how many of its work it is, from 1, where that was cut.
    pub part: Option<(u32, u32)>,
    /// How its work was found.
    pub found_by: Arc<str>,
    /// Why it is considered when it is, and what a budget thinks of it; empty when it is merely
    /// its length.
    pub why: Arc<str>,
    /// Whether a budget may leave it out.
    pub may_be_left_out: bool,
    /// What it is expected to take.
    pub forecast: Option<Forecast>,
}

/// What is tried again in a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often a failed test is.
    pub most: u32,
    /// When.
    pub when: RetryWhen,
    /// After what.
    pub on: RetryCauses,
    /// The time that all retries of its layer may take, where there is a limit.
    pub budget: Option<std::time::Duration>,
}

fn planned(plan: &Plan, name: &CategoryName) -> Option<CategoryIx> {
    plan.categories.iter().position(|category| category.name == *name).map(CategoryIx::at)
}

pub(super) fn presence(known: Known<'_>, name: &CategoryName) -> Presence {
    let Known { config, plan, .. } = known;
    if let Some(ix) = planned(plan, name) {
        let category = plan.category(ix);
        let idle = |state, reason: &str| Presence::Idle { state, reason: reason.to_owned() };
        return match &category.work {
            CategoryWork::Jobs { .. } => {
                let layer = plan.layer(category.layer);
                Presence::Planned {
                    layer: layer.id.clone(),
                    layer_reason: layer.reason.clone(),
                    reason: Arc::clone(&category.reason),
                }
            }
            CategoryWork::Empty { looked } => idle("empty", looked),
            CategoryWork::Unavailable { reason } => idle("unavailable", reason),
            CategoryWork::Skipped { reason } => idle("skipped", reason),
            CategoryWork::Spared { by: Sparing::Cached, reason } => idle("cached", reason),
            CategoryWork::Spared { by: Sparing::Unaffected, reason } => idle("unaffected", reason),
        };
    }
    let layer = config.category(name.as_str()).and_then(|category| category.layer.clone());
    if let Some(layer) = layer.clone().filter(|layer| plan.handed_over.contains(layer)) {
        return Presence::HandedOver { layer };
    }
    let is_meant = |out: &str| {
        out == name.as_str() || layer.as_ref().is_some_and(|layer| layer.as_str() == out)
    };
    let left_out = plan.left_out.iter().find(|out| is_meant(&out.name));
    Presence::NotSelected {
        modes: modes_of(known, name),
        reason: left_out.map(|out| out.reason.clone()),
        layer,
    }
}

/// The modes whose layers hold a category.
fn modes_of(known: Known<'_>, name: &CategoryName) -> Vec<ModeName> {
    let config = known.config;
    let holds = |mode: &&ModeName| {
        let request = Request::new(Target::Mode(mode.as_str().to_owned()));
        select(config, &request).is_ok_and(|found| found.categories(config).contains(&name))
    };
    config.modes.keys().filter(holds).cloned().collect()
}

pub(super) fn retries(known: Known<'_>, name: &CategoryName) -> Option<Retries> {
    if let Some(ix) = planned(known.plan, name) {
        let category = known.plan.category(ix);
        return Some(Retries {
            most: category.retries,
            when: category.retry_when,
            on: category.retry_on,
            budget: known.plan.layer(category.layer).retry_budget,
        });
    }
    let category = known.config.category(name.as_str())?;
    Some(Retries {
        most: category.retries,
        when: category.retry_when,
        on: category.retry_on,
        budget: None,
    })
}

/// The jobs that run a subject, by their turns.
pub(super) fn turns(known: Known<'_>, subject: &Subject) -> Vec<Turn> {
    let plan = known.plan;
    let Some(ix) = planned(plan, subject.category()) else { return Vec::new() };
    let in_layer = plan.layer(plan.category(ix).layer).categories.iter();
    let mut order: Vec<JobIx> = in_layer.flat_map(|&category| plan.jobs_of(category)).collect();
    order.sort_by_key(|&job| (plan.job(job).standing == Standing::IfItFits, plan.job(job).turn));
    let own = order.iter().enumerate().filter(|(_, job)| {
        let planned = plan.job(**job);
        planned.category == ix && may_run(&planned.spec, subject)
    });
    own.map(|(place, &job)| {
        let planned = plan.job(job);
        Turn {
            job,
            place: place + 1,
            of: order.len(),
            part: planned
                .spec
                .part
                .as_ref()
                .map(|part| (part.number, part.of))
                .or(planned.spec.shard),
            found_by: Arc::clone(&planned.spec.found_by),
            why: Arc::clone(&planned.why),
            may_be_left_out: planned.standing == Standing::IfItFits,
            forecast: planned.forecast,
        }
    })
    .collect()
}

/// Whether a job runs a subject, or may, as far as its work says. A job that cuts its work by
/// itself may run any test.
fn may_run(spec: &JobSpec, subject: &Subject) -> bool {
    let Some(file) = subject.file() else { return true };
    let inside = match &*spec.working_directory {
        "" => Some(&**file),
        folder => file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
    };
    let Some(inside) = inside else { return true };
    is_below_paths(&spec.work, inside) && is_in_part(spec, subject, inside)
}

fn is_below_paths(work: &Work, file: &str) -> bool {
    let Work::Tests { paths, ignore, .. } = work else { return true };
    let covers = |path: &String| {
        let path = path.split("::").next().unwrap_or(path).trim_end_matches('/');
        let is_pattern = path.contains(['*', '?', '[', '{']);
        is_pattern
            || path.is_empty()
            || path == "."
            || file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    (paths.is_empty() || paths.iter().any(covers)) && !ignore.iter().any(covers)
}

/// Whether the part of the work that a job runs holds a subject in a file.
fn is_in_part(spec: &JobSpec, subject: &Subject, file: &str) -> bool {
    let Some(part) = &spec.part else { return true };
    if part.leave.iter().any(|left| **left == *file) {
        return false;
    }
    let Subject::Test(_, id, _) = subject else { return true };
    if part.without.contains(id) {
        return false;
    }
    // Of a file that has tests among `only`, only these run; their ids begin with it.
    let is_of_file = |other: &Arc<str>| other.contains(file);
    part.only.contains(id) || !part.only.iter().any(is_of_file)
}
