//! Selection of layers: by mode or by name, with the layers these depend on.

use apex_config::Config;
use apex_config::model::{Layer, LayerId, LayerSelection, Mode};

use crate::plan::LeftOut;

use super::{Arrangement, Request, SelectedLayer, Selection, UnknownName};

/// The layers of a mode.
pub(super) fn by_mode(
    config: &Config,
    request: &Request,
    word: &str,
) -> Result<Selection, UnknownName> {
    let Some(mode) = config.modes.get(word) else {
        let known = config.modes.keys().map(apex_config::model::ModeName::as_str);
        return Err(UnknownName::new("mode", word, known));
    };
    let wanted = resolve(config, &mode.layers);
    let behind = resolve(config, &mode.background);
    let mut chosen: Vec<SelectedLayer> = wanted
        .into_iter()
        .map(|layer| SelectedLayer {
            id: layer.id.clone(),
            reason: format!("mode {word}"),
            background: behind.iter().any(|other| other.id == layer.id),
            waives_dependencies: mode.waive_dependencies
                && behind.iter().any(|other| other.id == layer.id),
        })
        .collect();
    if request.with_dependencies {
        add_dependencies(config, &mut chosen);
    }
    let mut handed_over = Vec::new();
    if request.leaves_background {
        let behind = chosen.extract_if(.., |layer| layer.background);
        handed_over.extend(behind.map(|layer| layer.id));
    }
    let mut left_out = left_out(config, &chosen, &format!("not part of mode {word}"));
    for out in
        left_out.iter_mut().filter(|out| handed_over.iter().any(|id| id.as_str() == out.name))
    {
        out.reason = "left to a run behind this one".to_owned();
    }
    let mut selection = Selection::of(config, request, Arrangement::Layers(chosen));
    selection.mode = Some(mode.name.clone());
    selection.selectors = vec![word.to_owned()];
    selection.timeout_multiplier = mode.timeout_multiplier;
    selection.fail_fast = request.fail_fast.or(mode.fail_fast);
    selection.budget = Some(request.budget.unwrap_or_else(|| run_budget(config, mode)));
    selection.left_out = left_out;
    selection.handed_over = handed_over;
    if mode.waive_dependencies {
        selection.notes.push(format!(
            "mode {word}: background layers start without waiting for the layers they depend on"
        ));
    }
    Ok(selection)
}

/// The mode's own limit, capped by the global one; both grow with the mode's multiplier.
fn run_budget(config: &Config, mode: &Mode) -> std::time::Duration {
    let global = config.execution.global_timeout.mul_f64(mode.timeout_multiplier);
    mode.budget.map_or(global, |own| own.min(global))
}

/// These layers.
pub(super) fn by_name(
    config: &Config,
    request: &Request,
    words: &[String],
) -> Result<Selection, UnknownName> {
    let mut chosen: Vec<SelectedLayer> = Vec::new();
    for word in words {
        let Some(layer) = config.layers.get(word.as_str()) else {
            let known = config.layers.keys().map(LayerId::as_str);
            return Err(UnknownName::new("layer", word, known));
        };
        if chosen.iter().all(|other| other.id != layer.id) {
            chosen.push(SelectedLayer {
                id: layer.id.clone(),
                reason: "asked for by name".to_owned(),
                background: false,
                waives_dependencies: false,
            });
        }
    }
    if request.with_dependencies {
        add_dependencies(config, &mut chosen);
    }
    let left_out = left_out(config, &chosen, "not asked for");
    let mut selection = Selection::of(config, request, Arrangement::Layers(chosen));
    selection.selectors = words.to_vec();
    selection.budget = Some(request.budget.unwrap_or(config.execution.global_timeout));
    selection.left_out = left_out;
    Ok(selection)
}

/// The layers that a selection of a mode stands for, in order of execution.
fn resolve<'a>(config: &'a Config, selection: &LayerSelection) -> Vec<&'a Layer> {
    let mut layers: Vec<&Layer> = config.layers.values().collect();
    layers.sort_by_key(|layer| (layer.priority, layer.execution_order));
    let keep: Box<dyn Fn(&Layer) -> bool> = match selection {
        LayerSelection::None => Box::new(|_| false),
        LayerSelection::All => Box::new(|_| true),
        LayerSelection::Foreground | LayerSelection::FirstForeground(_) => {
            Box::new(|layer| !layer.background)
        }
        LayerSelection::Background => Box::new(|layer| layer.background),
        LayerSelection::Named(names) => Box::new(|layer| names.contains(&layer.id)),
    };
    layers.retain(|layer| keep(layer));
    if let LayerSelection::FirstForeground(count) = selection {
        layers.truncate(*count);
    }
    layers
}

/// Adds what the chosen layers depend on, directly or not.
fn add_dependencies(config: &Config, chosen: &mut Vec<SelectedLayer>) {
    let mut position = 0;
    while position < chosen.len() {
        let layer = chosen[position].clone();
        position += 1;
        if layer.waives_dependencies {
            continue;
        }
        let Some(planned) = config.layers.get(&layer.id) else { continue };
        for before in &planned.dependencies {
            if chosen.iter().all(|other| other.id != *before) {
                chosen.push(SelectedLayer {
                    id: before.clone(),
                    reason: format!("{} depends on it", layer.id),
                    background: false,
                    waives_dependencies: false,
                });
            }
        }
    }
}

fn left_out(config: &Config, chosen: &[SelectedLayer], reason: &str) -> Vec<LeftOut> {
    let missing = config.layers.keys().filter(|id| chosen.iter().all(|layer| layer.id != **id));
    missing.map(|id| LeftOut { name: id.as_str().to_owned(), reason: reason.to_owned() }).collect()
}
