//! Which layers are meant: those of a mode, those that were named, those that hold a category.

use std::time::Duration;

use apex_config::Config;
use apex_config::model::{CategoryName, FailFast};

use super::asked::Asked;
use super::choice::{Arrangement, Chosen};
use super::choice_names::plain;
use super::flag::Flag;
use super::refusal::Refusal;

/// What `--execution-mode` and its other spellings mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Layers(String),
    /// Layers off, said explicitly.
    Off,
}

pub(super) fn mode(asked: &Asked, config: &Config) -> Result<Option<Mode>, Refusal> {
    let Some(last) = asked.latest_of(&[Flag::ExecutionMode, Flag::Mode, Flag::CustomSuite]) else {
        return Ok(None);
    };
    let Some(word) = asked.value(last) else { return Ok(None) };
    let meant = match plain(word).as_str() {
        "layered_execution" => "nightly".to_owned(),
        "background_e2e" => "background".to_owned(),
        "hybrid_execution" => "hybrid".to_owned(),
        "legacy" | "legacy_categories" => return Ok(Some(Mode::Off)),
        "real_everything" | "all_mocks" | "mock_llm_real_db" if last == Flag::Mode => {
            return Ok(None);
        }
        other => other.to_owned(),
    };
    if config.modes.contains_key(meant.as_str()) {
        return Ok(Some(Mode::Layers(meant)));
    }
    // A suite that is no mode is a set or a category, which is looked for elsewhere.
    if last == Flag::CustomSuite {
        return Ok(None);
    }
    let known: Vec<&str> = config.modes.keys().map(|mode| mode.as_str()).collect();
    let spelled = asked.last(last).map_or("--execution-mode", |one| one.spelled.as_str());
    Err(Refusal::choice(spelled, word, &known))
}

/// The layers that are meant.
pub(super) fn layers(
    asked: &Asked,
    config: &Config,
    mode: Option<&Mode>,
    named: &[Chosen],
) -> Result<Arrangement, Refusal> {
    let mut ids: Vec<String> = Vec::new();
    for word in asked.values(Flag::Layers) {
        let word = plain(word);
        let Some(layer) = config.layer(&word) else {
            let known: Vec<&str> = config.layers.keys().map(|id| id.as_str()).collect();
            return Err(Refusal::choice("--layers", &word, &known));
        };
        ids.push(layer.id.as_str().to_owned());
    }
    let mut mode = match mode {
        Some(Mode::Layers(mode)) => Some(mode.clone()),
        Some(Mode::Off) | None => None,
    };
    let only: Option<Vec<CategoryName>> =
        (!named.is_empty()).then(|| named.iter().map(|one| one.name.clone()).collect());
    if ids.is_empty() && mode.is_none() {
        match &only {
            Some(only) => ids = holders(config, only),
            None => mode = Some("development".to_owned()),
        }
    }
    if let Some(only) = &only {
        let planned = planned_layers(config, &ids, mode.as_deref());
        for name in only {
            let holds = |id: &String| {
                config.layer(id).is_some_and(|layer| {
                    layer.categories.iter().any(|category| category.name == *name)
                })
            };
            if !planned.iter().any(holds) {
                return Err(Refusal::new(
                    format!("none of the layers holds category '{name}'"),
                    "leave the layers out, or name the layer that lists it; `--show-layers` shows \
                     them",
                ));
            }
        }
    }
    Ok(Arrangement::Layers { mode, ids, only })
}

/// The layers that hold these categories.
fn holders(config: &Config, names: &[CategoryName]) -> Vec<String> {
    let holds = |layer: &apex_config::model::Layer| {
        layer.categories.iter().any(|category| names.contains(&category.name))
    };
    let layers = config.layers.values().filter(|layer| holds(layer));
    layers.map(|layer| layer.id.as_str().to_owned()).collect()
}

fn planned_layers(config: &Config, ids: &[String], mode: Option<&str>) -> Vec<String> {
    use apex_core::select::{Arrangement, Request, Target, select};
    let target = match mode {
        Some(mode) if ids.is_empty() => Target::Mode(mode.to_owned()),
        _ => Target::Layers(ids.to_vec()),
    };
    match select(config, &Request::new(target)).map(|selection| selection.arrangement) {
        Ok(Arrangement::Layers(layers)) => {
            layers.into_iter().map(|layer| layer.id.as_str().to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

/// What a typed mode gives a run by category: its limit, and the rule of the quick one.
pub(super) fn of_mode(
    config: &Config,
    mode: Option<&Mode>,
    notes: &mut Vec<String>,
) -> (Option<Duration>, Option<FailFast>) {
    let Some(Mode::Layers(word)) = mode else { return (None, None) };
    let Some(mode) = config.modes.get(word.as_str()) else { return (None, None) };
    notes.push(format!(
        "categories are selected: of mode {word} only the limit of the run and what a failure stops \
         are taken"
    ));
    let rule = (word == "fast_feedback").then_some(FailFast::Immediate);
    (mode.budget, rule.or(mode.fail_fast))
}
