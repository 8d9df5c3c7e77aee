//! The file of progress that other programs watch: the state of every category.

use apex_core::{CategoryIx, RunView};
use serde_json::{Value, json};

use super::outline::Outline;
use crate::dialect::{
    category_left_of, category_progress_of, counts_of, run_progress_of, timestamp_of,
};

/// The state of a run, while it goes on or at its end.
#[must_use]
pub fn progress_file(view: &RunView, outline: &Outline) -> Value {
    let plan = view.plan();
    let ended = view.categories().iter().filter(|one| one.progress.ending().is_some()).count();
    let running = view.categories().iter().position(|one| one.progress.is_running());
    let phase = running.and_then(|at| outline.phase_of(CategoryIx::at(at)));
    let status = match view.result() {
        None => "running",
        Some(result) if result.tests_failed || result.environment_failed => "failed",
        Some(_) => "completed",
    };
    let end = view.result().map(|_| timestamp_of(view, view.last()));
    let categories = (0..view.categories().len()).map(|at| {
        let name = plan.categories[at].name.to_string();
        (name, category(view, outline, CategoryIx::at(at)))
    });
    json!({
        "run_id": view.identity().map_or("", |identity| identity.run.as_str()),
        "status": status,
        "start_time": timestamp_of(view, apex_core::Moment::START),
        "end_time": end,
        "total_categories": plan.categories.len(),
        "completed_categories": ended,
        "current_phase": phase,
        "overall_progress": run_progress_of(view),
        "categories": Value::Object(categories.collect()),
    })
}

fn category(view: &RunView, outline: &Outline, at: CategoryIx) -> Value {
    let seen = &view.categories()[at.position()];
    let planned = view.plan().category(at);
    let started = seen.progress.started();
    let status = match seen.progress.ending() {
        Some(ending) => ending.outcome.as_str(),
        None if started.is_some() => "running",
        None => "pending",
    };
    let errors: Vec<&str> = seen
        .progress
        .ending()
        .map(|ending| ending.reason.as_str())
        .filter(|reason| !reason.is_empty())
        .into_iter()
        .collect();
    let end = match &seen.progress {
        apex_core::view::Progress::Finished { ended, .. } => Some(timestamp_of(view, *ended)),
        _ => None,
    };
    json!({
        "status": status,
        "phase": outline.phase_of(at),
        "progress_percentage": category_progress_of(seen),
        "test_counts": counts_of(&seen.counts),
        "start_time": started.map(|at| timestamp_of(view, at)),
        "end_time": end,
        "duration": seen.progress.spent(view.last()).as_secs_f64(),
        "estimated_remaining": category_left_of(view, at, view.last()).as_secs_f64(),
        "errors": errors,
        "warnings": [],
        "output_log": [],
        "peak_memory_mb": Value::Null,
        "cpu_usage_percent": Value::Null,
        "retry_count": retries(view, at),
        "worker_id": Value::Null,
        "tags": [view.plan().layer(planned.layer).id.as_str()],
    })
}

/// How many attempts of its tests followed a first one.
fn retries(view: &RunView, at: CategoryIx) -> u32 {
    let own = view.tests().iter().filter(|test| view.category_of(test.job) == Some(at));
    own.map(|test| test.attempts.saturating_sub(1)).sum()
}
