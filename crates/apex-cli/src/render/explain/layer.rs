//! Layers and modes, explained.

use apex_agents::control_group;
use apex_config::model::{Layer, LayerConflict, Mode, SuccessCriteria};
use apex_config::{Config, Origins, SourceKind};
use apex_core::select::{Arrangement, Request, SelectedLayer, Target, select};
use serde_json::json;

use super::super::lists::layer_selection;
use super::{Explanation, Fact};

/// A layer: its limits, its rules, its categories.
pub(crate) fn layer(config: &Config, origins: Origins<'_>, layer: &Layer) -> Explanation {
    let id = layer.id.as_str();
    let set = |fact: Fact| {
        let place = origins.layer_field(id, fact.field);
        fact.from(place)
    };
    let share = layer.success.min_pass_rate;
    let conflicts = layer.conflicts.iter().map(|conflict| match conflict {
        LayerConflict::Layer(layer) => layer.as_str(),
        LayerConflict::Category(category) => category.as_str(),
    });
    let strategy = match origins.field(&["execution_config", "fail_fast_strategy", id]) {
        place if place.source().kind == SourceKind::Default => origins.layer_field(id, "fail_fast"),
        place => place,
    };
    let facts = vec![
        set(Fact::text("name", "name", &layer.name)),
        set(Fact::text("description", "description", &layer.description)),
        Fact::time("budget", "budget_seconds", layer.budget)
            .from(origins.layer_field(id, "max_duration_minutes")),
        set(Fact::number("priority", "priority", u32::from(layer.priority))),
        set(Fact::number("order", "execution_order", u32::from(layer.execution_order))),
        background(layer).from(origins.layer_field(id, "background_execution")),
        set(Fact::text("categories run", "execution_mode", &word(layer.execution_mode))),
        Fact::text("a failure stops", "fail_fast", layer.fail_fast.as_str()).from(strategy),
        Fact::number("jobs at once", "max_parallel_instances", layer.limits.max_parallel)
            .from(origins.field(&["layers", id, "resource_limits", "max_parallel_instances"])),
        set(limits(layer)),
        set(Fact::list("after", "dependencies", layer.dependencies.iter())),
        set(Fact::list("never beside", "conflicts", conflicts)),
        set(Fact::list("services", "required_services", layer.required_services.iter())),
        set(Fact {
            label: "passes when",
            field: "success_criteria",
            value: json!({
                "min_pass_rate": share,
                "max_failures": layer.success.max_failures,
                "critical_tests_must_pass": layer.success.critical_tests_must_pass,
                "allow_partial_success": layer.success.allow_partial_success,
            }),
            text: success(&layer.success),
            origin: None,
        }),
        set(Fact::list(
            "categories",
            "categories",
            layer.categories.iter().map(|category| &category.name),
        )),
    ];
    Explanation {
        kind: "layer",
        name: id.to_owned(),
        origin: Some(origins.layer(id)),
        facts,
        reasons: reasons_of_modes(config, layer),
        work: None,
    }
}

/// When a layer is a success, and for whom.
fn success(criteria: &SuccessCriteria) -> String {
    let mut said = format!(
        "{:.1} % of the tests pass and at most {} fail",
        criteria.min_pass_rate * 100.0,
        criteria.max_failures
    );
    if criteria.critical_tests_must_pass {
        said.push_str(", none of them critical");
    }
    if !criteria.allow_partial_success {
        said.push_str("; with failures the run is no success all the same");
    }
    said
}

/// What its processes may use together, and what holds that here.
fn limits(layer: &Layer) -> Fact {
    let limits = &layer.limits;
    let memory = limits.memory_ceiling_mb.map(|limit| format!("{limit} MB of memory"));
    let processors = match (limits.cpu_ceiling_percent, limits.cpu_share_percent) {
        (Some(percent), _) => Some(format!("{percent} % of the processors")),
        (None, Some(percent)) => {
            Some(format!("{percent} % of the processors while others want them"))
        }
        (None, None) => None,
    };
    let said: Vec<String> = memory.into_iter().chain(processors).collect();
    let text = match said.is_empty() {
        true => "all there is; no file says a limit".to_owned(),
        false => format!("{}; held: {}", said.join(", "), control_group::enforcement()),
    };
    Fact {
        label: "may use",
        field: "resource_limits",
        value: json!({
            "max_memory_mb": limits.memory_ceiling_mb,
            "max_cpu_percent": limits.cpu_share_percent,
            "held_by": control_group::enforcement(),
        }),
        text,
        origin: None,
    }
}

fn background(layer: &Layer) -> Fact {
    let text = if layer.background { "in the background" } else { "in the foreground" };
    Fact {
        label: "runs",
        field: "background_execution",
        value: json!(layer.background),
        text: text.to_owned(),
        origin: None,
    }
}

/// In which modes a layer runs, and why where a mode does not say so itself.
fn reasons_of_modes(config: &Config, layer: &Layer) -> Vec<String> {
    let mut plain = Vec::new();
    let mut others = Vec::new();
    for mode in config.modes.values() {
        let layers = layers_of(config, mode);
        let Some(selected) = layers.iter().find(|one| one.id == layer.id) else { continue };
        let is_named = selected.reason == format!("mode {}", mode.name);
        match (is_named, selected.background) {
            (true, false) => plain.push(mode.name.as_str()),
            (true, true) => others.push(format!("runs in mode {} behind the others", mode.name)),
            (false, _) => others.push(format!("runs in mode {}: {}", mode.name, selected.reason)),
        }
    }
    let plain = (!plain.is_empty()).then(|| format!("runs in mode {}", plain.join(", ")));
    plain.into_iter().chain(others).collect()
}

fn layers_of(config: &Config, mode: &Mode) -> Vec<SelectedLayer> {
    let request = Request::new(Target::Mode(mode.name.as_str().to_owned()));
    match select(config, &request).map(|selection| selection.arrangement) {
        Ok(Arrangement::Layers(layers)) => layers,
        _ => Vec::new(),
    }
}

/// A mode: its layers and its budget.
pub(crate) fn mode(config: &Config, origins: Origins<'_>, mode: &Mode) -> Explanation {
    let name = mode.name.as_str();
    let set = |fact: Fact, field: &str| {
        let place = origins.mode_field(name, field);
        fact.from(place)
    };
    let layers = layers_of(config, mode);
    let names = |is_behind: bool| {
        let chosen = layers.iter().filter(move |layer| layer.background == is_behind);
        chosen.map(|layer| &layer.id).collect::<Vec<_>>()
    };
    let budget = match mode.budget {
        Some(budget) => Fact::time("at most", "budget_seconds", budget),
        None => Fact::time("at most", "budget_seconds", config.execution.global_timeout)
            .said("the global limit"),
    };
    let wait = Fact {
        label: "exit code waits",
        field: "wait",
        value: json!(mode.wait),
        text: if mode.wait { "for all layers" } else { "for the foreground" }.to_owned(),
        origin: None,
    };
    let facts = vec![
        set(Fact::text("summary", "description", &mode.summary), "description"),
        set(
            Fact::list("layers", "layers", names(false)).said(layer_selection(&mode.layers)),
            "layers",
        ),
        set(
            Fact::list("behind the others", "background", names(true))
                .said(layer_selection(&mode.background)),
            "background",
        ),
        set(budget, "max_duration_minutes"),
        set(wait, "wait"),
    ];
    let reasons = layers.iter().map(|layer| format!("layer {}: {}", layer.id, layer.reason));
    Explanation {
        kind: "mode",
        name: name.to_owned(),
        origin: Some(origins.mode(name)),
        facts,
        reasons: reasons.collect(),
        work: None,
    }
}

/// The word of an enum whose variants are single words.
pub(super) fn word(value: impl std::fmt::Debug) -> String {
    format!("{value:?}").to_lowercase()
}
