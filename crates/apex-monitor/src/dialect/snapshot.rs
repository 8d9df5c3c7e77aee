//! The state of a run in one line of the earlier runner: `progress_snapshot`.

use apex_core::{CategoryIx, LayerIx, Moment, RunView};
use serde_json::{Value, json};

use super::figures::{
    categories_of, category_progress, counts, layer_left, layer_progress, seconds, standing,
    success_rate, timestamp,
};

/// The data of the line; `updates` is the number of lines before it.
pub(super) fn data(view: &RunView, now: Moment, agent: &str, updates: u64) -> Value {
    let (background, layers): (Vec<LayerIx>, Vec<LayerIx>) = (0..view.layers().len())
        .map(LayerIx::at)
        .partition(|layer| view.plan().layer(*layer).background);
    json!({
        "agent_id": agent,
        "timestamp": timestamp(view, now),
        "overall": {
            "active": view.result().is_none(),
            "duration": seconds(view.spent(now)),
            "layers_count": layers.len(),
            "background_tasks_count": background.len(),
        },
        "layers": layers.into_iter().map(|at| layer(view, at, now)).collect::<Vec<_>>(),
        "background_tasks": background.into_iter().map(|at| task(view, at, now)).collect::<Vec<_>>(),
        "update_count": updates,
    })
}

/// A layer as snapshots and the summary in the end show it.
pub(super) fn layer(view: &RunView, at: LayerIx, now: Moment) -> Value {
    let seen = &view.layers()[at.position()];
    let categories = categories_of(view, at);
    let is_over = |at: &&CategoryIx| view.categories()[at.position()].progress.ending().is_some();
    json!({
        "name": view.plan().layer(at).id.as_str(),
        "status": standing(seen),
        "progress": layer_progress(view, at),
        "categories_completed": categories.iter().filter(is_over).count(),
        "categories_total": categories.len(),
        "duration": seconds(seen.progress.spent(now)),
        "estimated_remaining": seconds(layer_left(view, at, now)),
        "test_counts": counts(&seen.counts),
        "success_rate": success_rate(&seen.counts),
        "categories": categories.into_iter().map(|at| category(view, at, now)).collect::<Vec<_>>(),
    })
}

fn category(view: &RunView, at: CategoryIx, now: Moment) -> Value {
    let seen = &view.categories()[at.position()];
    let status = match (seen.progress.ending(), seen.progress.is_running()) {
        (Some(end), _) => end.outcome.as_str(),
        (None, true) => "running",
        (None, false) => "pending",
    };
    json!({
        "name": view.plan().category(at).name.as_str(),
        "status": status,
        "progress": category_progress(seen),
        "duration": seconds(seen.progress.spent(now)),
        "test_counts": counts(&seen.counts),
    })
}

/// A background layer as the earlier runner's task.
pub(super) fn task(view: &RunView, at: LayerIx, now: Moment) -> Value {
    let seen = &view.layers()[at.position()];
    json!({
        "task_id": view.plan().layer(at).id.as_str(),
        "status": standing(seen),
        "progress": layer_progress(view, at),
        "duration": seconds(seen.progress.spent(now)),
    })
}
