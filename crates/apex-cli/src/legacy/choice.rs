//! What is meant: by category or by layer, which categories, which of their tests.
//!
//! It relies on a configuration that was checked, and looks at no test.

use std::path::Path;
use std::time::Duration;

use apex_config::Config;
use apex_config::model::{Category, CategoryName, FailFast};
use apex_core::plan::phases;

use super::asked::Asked;
use super::choice_names::{Namespace, plain, resolve};
use super::filters::{Filters, filters, main};
use super::flag::Flag;
use super::layers::{Mode, layers, mode, of_mode};
use super::refusal::Refusal;
use super::strict::{is_strict, is_unknown_only};

/// What a command line means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) arrangement: Arrangement,
    pub(crate) filters: Filters,
    /// The limit that a mode gives a run by category.
    pub(crate) budget: Option<Duration>,
    /// What a failure stops, where flags or a mode say.
    pub(crate) fail_fast: Option<FailFast>,
    pub(crate) notes: Vec<String>,
}

/// How the selected categories are arranged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Arrangement {
    /// By their own dependencies.
    Categories(Vec<Chosen>),
    /// In layers: those of a mode, or these. With names, only these categories of them.
    Layers { mode: Option<String>, ids: Vec<String>, only: Option<Vec<CategoryName>> },
}

/// A category of a run by category, in the order of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) name: CategoryName,
    pub(crate) requested: bool,
    /// Whether it was named itself, not as a part of a list.
    pub(crate) named: bool,
    pub(crate) reason: String,
}

/// Finds out what is meant.
///
/// # Errors
/// The first word that means nothing, or what does not go together.
pub(crate) fn choose(asked: &Asked, config: &Config, root: &Path) -> Result<Choice, Refusal> {
    let mut notes = Vec::new();
    let mut filters = filters(asked, root)?;
    let mode = mode(asked, config)?;
    let named = named(asked, config, root, &mut notes)?;
    filters.beside_names = !named.is_empty();
    let has_selector = !named.is_empty() || filters.narrow();
    let typed_layers = asked.values(Flag::Layers);
    let is_switched_on = asked.is_on(Flag::UseLayers)
        || asked.is_on(Flag::MasterOrchestration)
        || !typed_layers.is_empty();
    let by_layers = is_switched_on || matches!(&mode, Some(Mode::Layers(_)) if !has_selector);
    let (arrangement, budget, from_mode) = if by_layers {
        filters.beside_names = true;
        (layers(asked, config, mode.as_ref(), &named)?, None, None)
    } else {
        let narrowed = filters.narrow();
        let chosen = categories(asked, config, root, named, narrowed, &mut notes)?;
        let (budget, rule) = of_mode(config, mode.as_ref(), &mut notes);
        (Arrangement::Categories(chosen), budget, rule)
    };
    let fail_fast = rule(asked).or(from_mode);
    Ok(Choice { arrangement, filters, budget, fail_fast, notes })
}

/// Names that were asked for, in their order; each once.
fn named(
    asked: &Asked,
    config: &Config,
    root: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<Chosen>, Refusal> {
    let mut chosen: Vec<Chosen> = Vec::new();
    let is_strict = is_strict(asked);
    for one in &asked.occurrences {
        let namespace = match one.flag {
            Flag::Category => Namespace::Any,
            Flag::Level => Namespace::Level,
            Flag::Service => Namespace::Service,
            Flag::CustomSuite => Namespace::Any,
            _ => continue,
        };
        let super::asked::Given::Words(words) = &one.given else { continue };
        for word in words {
            if one.flag == Flag::CustomSuite && config.modes.contains_key(plain(word).as_str()) {
                continue;
            }
            let meant = match resolve(config, root, namespace, word) {
                Ok(meant) => meant,
                Err(_) if is_strict => {
                    notes.push(format!("{word} is no category and is left out"));
                    continue;
                }
                Err(refusal) => return Err(refusal),
            };
            if plain(word) != *word && config.categories.contains_key(plain(word).as_str()) {
                notes.push(format!("{word} read as {}", plain(word)));
            }
            note_missing(config, namespace, word, notes);
            let is_itself = meant.len() == 1 && meant[0].as_str() == plain(word);
            for name in meant {
                let reason = if is_itself {
                    "asked for by name".to_owned()
                } else {
                    format!("part of {word}")
                };
                let one = Chosen { name, requested: true, named: is_itself, reason };
                match chosen.iter_mut().find(|other| other.name == one.name) {
                    Some(other) => other.named |= one.named,
                    None => chosen.push(one),
                }
            }
        }
    }
    Ok(chosen)
}

/// Members of the built-in lists that only count when the repository defines them.
fn note_missing(config: &Config, namespace: Namespace, word: &str, notes: &mut Vec<String>) {
    const OPTIONAL: [(&str, &str); 4] = [
        ("backend", "deployment_critical"),
        ("auth", "auth"),
        ("auth_service", "auth"),
        ("all", "deployment_critical"),
    ];
    if namespace != Namespace::Service {
        return;
    }
    for (list, member) in OPTIONAL {
        if list == plain(word) && !config.categories.contains_key(member) {
            notes.push(format!("{member} of --service {word} is not defined here"));
        }
    }
}

/// The categories of a run by category, dependencies included, in the order of the plan.
fn categories(
    asked: &Asked,
    config: &Config,
    root: &Path,
    mut chosen: Vec<Chosen>,
    narrowed: bool,
    notes: &mut Vec<String>,
) -> Result<Vec<Chosen>, Refusal> {
    if chosen.is_empty() && !narrowed && !is_unknown_only(asked) {
        let set = if asked.is_on(Flag::StagingE2e) { "staging_e2e" } else { "default" };
        let members = match config.sets.named.get(set) {
            Some(members) => members.clone(),
            None => config.sets.default.clone(),
        };
        let reason = format!("part of {set}");
        chosen.extend(members.into_iter().map(|name| Chosen {
            name,
            requested: true,
            named: false,
            reason: reason.clone(),
        }));
    }
    if chosen.is_empty() && narrowed {
        // A filter alone is asked of every category.
        let all = resolve(config, root, Namespace::Any, "all")?;
        let reason = "a filter asks all of them".to_owned();
        chosen.extend(all.into_iter().map(|name| Chosen {
            name,
            requested: true,
            named: false,
            reason: reason.clone(),
        }));
    }
    let before = chosen.len();
    let with_dependencies = !asked.is_on(Flag::NoDependencies)
        && (!narrowed || asked.is_on(Flag::WithDependencies) || is_strict(asked));
    let mut extended = chosen.clone();
    add_dependencies(config, &mut extended);
    if with_dependencies {
        chosen = extended;
    } else if extended.len() > before && narrowed && !asked.is_on(Flag::NoDependencies) {
        let left: Vec<&str> = extended[before..].iter().map(|one| one.name.as_str()).collect();
        notes
            .push(format!("a narrowed request adds no dependencies: {} left out", left.join(", ")));
    }
    if narrowed {
        chosen.iter_mut().for_each(|one| one.named = false);
    }
    without_environments(asked, config, &mut chosen, notes);
    let chosen = ordered(config, chosen)?;
    resumed(asked, chosen, notes)
}

fn add_dependencies(config: &Config, chosen: &mut Vec<Chosen>) {
    let mut position = 0;
    while position < chosen.len() {
        let name = chosen[position].name.clone();
        position += 1;
        let Some(category) = config.category(name.as_str()) else { continue };
        for before in &category.depends_on {
            if chosen.iter().all(|other| other.name != *before) {
                let reason = format!("{name} depends on it");
                let name = before.clone();
                chosen.push(Chosen { name, requested: false, named: false, reason });
            }
        }
    }
}

/// Takes away the categories that are bound to environments that are left out.
fn without_environments(
    asked: &Asked,
    config: &Config,
    chosen: &mut Vec<Chosen>,
    notes: &mut Vec<String>,
) {
    let without: Vec<String> = asked.values(Flag::ExcludeEnv).into_iter().map(main).collect();
    chosen.retain(|one| {
        let Some(category) = config.category(one.name.as_str()) else { return true };
        let is_bound = |name: &str| without.iter().any(|out| out == name);
        let is_out = !category.only_in.is_empty()
            && category.only_in.iter().all(|environment| is_bound(environment.as_str()));
        if is_out {
            notes.push(format!("{} is left out by --exclude-env", one.name));
        }
        !is_out
    });
}

fn ordered(config: &Config, chosen: Vec<Chosen>) -> Result<Vec<Chosen>, Refusal> {
    let known: Vec<&Category> =
        chosen.iter().filter_map(|one| config.category(one.name.as_str())).collect();
    let order = phases::order(&known).map_err(|cycle| {
        Refusal::new(cycle.to_string(), "take one of these dependencies out of the layer file")
    })?;
    Ok(order.into_iter().map(|at| chosen[at].clone()).collect())
}

/// What `--resume-from` leaves of the plan.
fn resumed(
    asked: &Asked,
    chosen: Vec<Chosen>,
    notes: &mut Vec<String>,
) -> Result<Vec<Chosen>, Refusal> {
    let Some(word) = asked.value(Flag::ResumeFrom) else { return Ok(chosen) };
    let Some(at) = chosen.iter().position(|one| one.name.as_str() == plain(word)) else {
        let names: Vec<&str> = chosen.iter().map(|one| one.name.as_str()).collect();
        return Err(Refusal::choice("--resume-from", word, &names));
    };
    for one in &chosen[..at] {
        notes.push(format!("{} is before {word} and resumed", one.name));
    }
    Ok(chosen[at..].to_vec())
}

/// What flags say of failures.
fn rule(asked: &Asked) -> Option<FailFast> {
    let maxfail = asked.whole(Flag::Maxfail);
    if asked.is_on(Flag::NoPhaseDependencies) || asked.is_on(Flag::NoFastFail) || maxfail == Some(0)
    {
        return Some(FailFast::Disabled);
    }
    if asked.is_on(Flag::FastFail) || maxfail == Some(1) {
        return Some(FailFast::Immediate);
    }
    match asked.value(Flag::FailFastMode) {
        Some(word) => FailFast::from_word(word),
        None => is_strict(asked).then_some(FailFast::Phase),
    }
}
