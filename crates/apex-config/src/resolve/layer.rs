//! Layers: order, budget, limits, criteria, and the categories they list.

use std::time::Duration;

use super::category::{self, InLayer, Table};
use super::view::View;
use super::words::flaky;
use super::{Layers, Work, with_hint};
use crate::dialect;
use crate::model::{
    AtLeastEvery, BudgetPolicy, CategoryName, ExecutionMode, FailFast, Layer, LayerConflict,
    LayerId, ResourceLimits, SuccessCriteria,
};
use crate::node::{Map, Node};
use crate::problem::{Problem, suggestion};
use crate::shape::{EXECUTION_CONFIG, LAYER};

/// Staging is slower: its categories get this factor unless the layer sets one.
const STAGING_FACTOR: f64 = 1.5;
/// The largest order numbers that a position gives.
const MOST_PRIORITY: usize = 5;
const MOST_ORDER: usize = 10;

/// The layers in the order of the file.
pub(super) fn layers(work: &mut Work<'_, '_>, table: &Table<'_>) -> Layers {
    let tree = work.scene.tree;
    let Some(map) = tree.get("layers").and_then(Node::as_map) else { return Layers::new() };
    let mut layers = Layers::new();
    for (position, (id, _, node)) in map.iter().enumerate() {
        if let Ok(id) = LayerId::new(id) {
            let layer = layer(work, table, &id, node, position);
            layers.insert(id, layer);
        }
    }
    mark_background(work, &mut layers);
    category::report_shared(work, &layers);
    layers
}

/// What of a layer concerns its categories and services.
struct Factors {
    budget: f64,
    categories: f64,
}

fn factors(work: &Work<'_, '_>, view: View<'_>) -> Factors {
    match view.optional_number("timeout_multiplier") {
        Some(factor) => Factors { budget: factor, categories: factor },
        None if work.scene.environment.as_str() == "staging" => {
            Factors { budget: 1.0, categories: STAGING_FACTOR }
        }
        None => Factors { budget: 1.0, categories: 1.0 },
    }
}

fn layer(
    work: &mut Work<'_, '_>,
    table: &Table<'_>,
    id: &LayerId,
    node: &Node,
    position: usize,
) -> Layer {
    let view = View::new(Some(node), &LAYER);
    let factors = factors(work, view);
    let path = format!("layers.{id}");
    let native_error = work.native_error();
    let grace = view.seconds("grace_seconds");
    let scope = InLayer { id, factor: factors.categories, grace, layer: view };
    Layer {
        id: id.clone(),
        name: view.optional_text("name").unwrap_or(id.as_str()).to_owned(),
        description: view.text("description").to_owned(),
        priority: order(view, "priority", position, MOST_PRIORITY),
        execution_order: order(view, "execution_order", position, MOST_ORDER),
        budget: view.minutes("max_duration_minutes").mul_f64(factors.budget),
        budget_policy: match view.optional_text("budget_policy") {
            Some("select") => BudgetPolicy::Select,
            None if id.as_str() == "fast_feedback" => BudgetPolicy::Select,
            _ => BudgetPolicy::Strict,
        },
        at_least_every: AtLeastEvery {
            runs: view.whole("at_least_every_runs"),
            time: Duration::from_hours(24) * view.whole("at_least_every_days"),
        },
        retry_budget: view.number("retry_budget_percent") / 100.0,
        execution_mode: match view.text("execution_mode") {
            "sequential" => ExecutionMode::Sequential,
            "hybrid" => ExecutionMode::Hybrid,
            _ => ExecutionMode::Parallel,
        },
        fail_fast: fail_fast(work, id, view),
        background: view.flag("background_execution"),
        dependencies: work.layers(
            view.items("dependencies"),
            &format!("{path}.dependencies"),
            crate::problem::Severity::Error,
        ),
        conflicts: conflicts(work, table, view.items("conflicts"), native_error),
        required_services: work.needed_services(view.items("required_services")),
        limits: limits(view.inner("resource_limits")),
        categories: category::of_layer(work, table, &scope),
        success: success(view.inner("success_criteria")),
        flaky: flaky(view.text("flaky")).unwrap_or_default(),
        grace,
    }
}

/// A number of the order; the position in the file when it is not written.
fn order(view: View<'_>, field: &str, position: usize, most: usize) -> u8 {
    let number = view.optional_whole(field).and_then(|number| u8::try_from(number).ok());
    number.unwrap_or_else(|| u8::try_from((position + 1).min(most)).unwrap_or(u8::MAX))
}

fn limits(view: View<'_>) -> ResourceLimits {
    let cpu_percent = u8::try_from(view.whole("max_cpu_percent")).unwrap_or(100);
    let written = view.node("max_cpu_percent");
    let is_users = written.is_some_and(|node| node.place().is_users());
    ResourceLimits {
        max_memory_mb: view.whole("max_memory_mb"),
        max_cpu_percent: cpu_percent,
        max_parallel: view.whole("max_parallel_instances"),
        memory_ceiling_mb: view.optional_whole("max_memory_mb"),
        cpu_share_percent: written.map(|_| cpu_percent),
        cpu_ceiling_percent: is_users.then_some(cpu_percent).filter(|&percent| percent < 100),
    }
}

fn success(view: View<'_>) -> SuccessCriteria {
    SuccessCriteria {
        min_pass_rate: view.number("min_pass_rate"),
        max_failures: view.whole("max_failures"),
        critical_tests_must_pass: view.flag("critical_tests_must_pass"),
        allow_partial_success: view.flag("allow_partial_success"),
    }
}

/// The strategy that names the layer; else `fail_fast: true` means immediate.
fn fail_fast(work: &Work<'_, '_>, id: &LayerId, view: View<'_>) -> FailFast {
    let config = View::new(work.scene.tree.get("execution_config"), &EXECUTION_CONFIG);
    let is_this = |name: &str| {
        dialect::main_layer(name, |id| work.layer_ids.contains(id)) == Some(id.as_str())
    };
    let named = config
        .entries("fail_fast_strategy")
        .find(|(name, _)| is_this(name))
        .and_then(|(_, node)| FailFast::from_word(node.as_text()?));
    named.unwrap_or(if view.flag("fail_fast") { FailFast::Immediate } else { FailFast::Layer })
}

fn conflicts(
    work: &mut Work<'_, '_>,
    table: &Table<'_>,
    items: &[Node],
    severity: crate::problem::Severity,
) -> Vec<LayerConflict> {
    let mut conflicts = Vec::new();
    for item in items {
        let Some(text) = item.as_text() else { continue };
        let layer = dialect::main_layer(text, |id| work.layer_ids.contains(id));
        if let Some(id) = layer.and_then(|id| LayerId::new(id).ok()) {
            conflicts.push(LayerConflict::Layer(id));
        } else if table.is_known(text)
            && let Ok(name) = CategoryName::new(text)
        {
            conflicts.push(LayerConflict::Category(name));
        } else if item.place().is_users() {
            let message = format!("conflict `{text}` is neither a layer nor a category");
            let known = work.layer_ids.iter().copied().chain(table.names());
            let hint = suggestion(text, known);
            let problem = Problem::new(severity, item.place(), message).at("conflicts").about(text);
            work.push(with_hint(problem, hint));
        }
    }
    conflicts
}

/// `execution_config.background_execution` adds layers, and switches all of them off.
fn mark_background(work: &mut Work<'_, '_>, layers: &mut Layers) {
    let config = View::new(work.scene.tree.get("execution_config"), &EXECUTION_CONFIG);
    let background = config.inner("background_execution");
    let severity = work.native_error();
    let named = work.layers(
        background.items("background_layers"),
        "execution_config.background_execution.background_layers",
        severity,
    );
    for layer in layers.values_mut() {
        layer.background = layer.background || named.contains(&layer.id);
    }
    for (name, node) in config.entries("fail_fast_strategy") {
        let exists = dialect::main_layer(name, |id| work.layer_ids.contains(id)).is_some();
        if !exists && node.place().is_users() {
            let message = format!("`fail_fast_strategy` names `{name}`, which is no layer");
            let hint = suggestion(name, work.layer_ids.iter().copied());
            let problem = Problem::new(severity, node.place(), message)
                .at("execution_config.fail_fast_strategy")
                .about(name);
            work.push(with_hint(problem, hint));
        }
    }
}

/// The factor that a layer writes for its times, those of its services included.
pub(super) fn written_factor(tree: &Node, id: &LayerId) -> f64 {
    let layer = tree.get("layers").and_then(|layers| layers.get(id.as_str()));
    View::new(layer, &LAYER).number("timeout_multiplier")
}

/// A layer's `custom_config` on top of its `custom_settings`, as JSON.
pub(super) fn custom_config(view: View<'_>) -> Option<String> {
    let settings = view.node("custom_settings").cloned();
    let config = view.node("custom_config").cloned();
    let joined = match (settings, config) {
        (Some(settings), Some(config)) => crate::overlay::merge(settings, config),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    let is_empty = joined.as_map().is_some_and(Map::is_empty);
    (!is_empty).then(|| crate::show::to_json(&joined).to_string())
}

/// A duration times a factor.
pub(super) fn scaled(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(duration)
}
