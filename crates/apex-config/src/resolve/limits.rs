//! Limits that contradict each other: memory, processors, times.
//!
//! Only what the user wrote is worth a word; the built-in layers are known to exceed the memory
//! of a run when all of them would run at once.

use std::time::Duration;

use super::Work;
use super::layer::written_factor;
use crate::model::{Config, Layer};
use crate::node::Node;
use crate::place::Place;
use crate::problem::Problem;

/// Less is hardly worth a background.
const LEAST_BACKGROUND: Duration = Duration::from_secs(5 * 60);
/// A larger share of the run leaves the other layers nothing.
const LARGEST_SHARE: f64 = 0.8;

/// Checks layers against the run, and categories against their layers.
pub(super) fn check(work: &mut Work<'_, '_>, config: &Config) {
    for layer in config.layers.values() {
        over_the_run(work, config, layer);
        budget(work, config, layer);
        categories(work, layer);
    }
    sums(work, config);
}

/// The place of a field of a layer, when the user wrote it.
fn written(tree: &Node, id: &str, path: &[&str]) -> Option<Place> {
    let mut node = tree.get("layers")?.get(id)?;
    for field in path {
        node = node.get(field)?;
    }
    node.place().is_users().then(|| node.place().clone())
}

fn over_the_run(work: &mut Work<'_, '_>, config: &Config, layer: &Layer) {
    let run = &config.execution;
    let limits = [
        ("max_memory_mb", "MB of memory", layer.limits.max_memory_mb, run.max_memory_mb),
        (
            "max_cpu_percent",
            "% of the processors",
            u32::from(layer.limits.max_cpu_percent),
            u32::from(run.max_cpu_percent),
        ),
    ];
    for (field, unit, own, whole) in limits {
        let id = &layer.id;
        let Some(place) = written(work.scene.tree, id.as_str(), &["resource_limits", field]) else {
            continue;
        };
        if own > whole {
            let message = format!("layer `{id}` may use {own} {unit}, the whole run only {whole}");
            let problem = Problem::new(work.native_error(), &place, message);
            let problem = problem.at(format!("layers.{id}.resource_limits.{field}"));
            work.push(problem.about(own.to_string()).hint("the smaller one holds"));
        }
    }
}

fn budget(work: &mut Work<'_, '_>, config: &Config, layer: &Layer) {
    let id = &layer.id;
    let path = format!("layers.{id}.max_duration_minutes");
    let Some(place) = written(work.scene.tree, id.as_str(), &["max_duration_minutes"]) else {
        return;
    };
    let share = layer.budget.as_secs_f64() / config.execution.global_timeout.as_secs_f64();
    if share > LARGEST_SHARE {
        let message = format!(
            "layer `{id}` may take {:.0} % of the whole run ({})",
            share * 100.0,
            minutes(config.execution.global_timeout)
        );
        work.push(Problem::warning(&place, message).at(path.clone()).about(minutes(layer.budget)));
    }
    if layer.background && layer.budget < LEAST_BACKGROUND {
        let message = format!("background layer `{id}` has only {}", minutes(layer.budget));
        work.push(Problem::warning(&place, message).at(path));
    }
}

fn categories(work: &mut Work<'_, '_>, layer: &Layer) {
    let tree = work.scene.tree;
    let items = tree.get("layers").and_then(|layers| layers.get(layer.id.as_str()));
    let items = items.and_then(|layer| layer.get("categories")?.as_list()).unwrap_or_default();
    for (category, item) in layer.categories.iter().zip(items) {
        let Some(node) = item.get("timeout_seconds").filter(|node| node.place().is_users()) else {
            continue;
        };
        // As they were written: what an environment adds to one of them is no mistake.
        let budget = layer.budget.as_secs_f64() / written_factor(tree, &layer.id);
        if node.as_number().is_some_and(|seconds| seconds > budget + 0.5) {
            let message = format!(
                "category `{}` may take {} s, its layer `{}` only {budget:.0} s",
                category.name,
                node.summary(),
                layer.id,
            );
            let problem = Problem::warning(node.place(), message).about(node.summary());
            let path = format!("layers.{}.categories.{}.timeout_seconds", layer.id, category.name);
            work.push(problem.at(path).hint("the layer ends it"));
        }
    }
}

/// What all layers together may take, against the run.
fn sums(work: &mut Work<'_, '_>, config: &Config) {
    let tree = work.scene.tree;
    let any_written =
        |path: &[&str]| config.layers.keys().find_map(|id| written(tree, id.as_str(), path));
    let time: Duration = config.layers.values().map(|layer| layer.budget).sum();
    if let Some(place) = any_written(&["max_duration_minutes"])
        && time > config.execution.global_timeout
    {
        let message = format!(
            "the layers add up to {}, the whole run has {}",
            minutes(time),
            minutes(config.execution.global_timeout)
        );
        let place = global_place(work.scene.tree, "global_timeout_minutes").unwrap_or(place);
        let problem =
            Problem::warning(&place, message).at("execution_config.global_timeout_minutes");
        work.push(problem.hint("the limit of the run wins"));
    }
    let memory: u32 =
        config.layers.values().fold(0, |sum, layer| sum.saturating_add(layer.limits.max_memory_mb));
    if let Some(place) = any_written(&["resource_limits", "max_memory_mb"])
        && memory > config.execution.max_memory_mb
    {
        let message = format!(
            "the layers add up to {memory} MB of memory, the whole run has {}",
            config.execution.max_memory_mb
        );
        let place = global_place(work.scene.tree, "max_memory_usage_mb").unwrap_or(place);
        let problem = Problem::warning(&place, message).at("execution_config.max_memory_usage_mb");
        work.push(problem.hint("layers that do not fit beside each other wait"));
    }
}

fn global_place(tree: &Node, field: &str) -> Option<Place> {
    let node = tree.get("execution_config")?.get(field)?;
    node.place().is_users().then(|| node.place().clone())
}

fn minutes(duration: Duration) -> String {
    format!("{} min", (duration.as_secs_f64() / 6.0).round() / 10.0)
}
