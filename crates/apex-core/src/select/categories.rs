//! Selection of categories: by name, set or path, with the categories these depend on.

use std::collections::BTreeMap;
use std::time::Duration;

use apex_config::Config;
use apex_config::model::CategoryName;

use super::{Arrangement, Request, SelectedCategory, Selection, UnknownName};

/// These categories or sets.
pub(super) fn by_name(
    config: &Config,
    request: &Request,
    words: &[String],
) -> Result<Selection, UnknownName> {
    let mut chosen: Vec<SelectedCategory> = Vec::new();
    for word in words {
        let meant = resolve(config, word)?;
        let named = meant.len() == 1 && meant[0].as_str() == normalised(word);
        for name in meant {
            let reason = if named {
                "asked for by name".to_owned()
            } else {
                format!("part of {}", normalised(word))
            };
            add(&mut chosen, SelectedCategory { name, reason, requested: true, named });
        }
    }
    if request.with_dependencies {
        add_dependencies(config, &mut chosen);
    }
    let mut selection = Selection::of(config, request, Arrangement::Categories(chosen));
    selection.selectors = words.to_vec();
    selection.budget = budget(config, request);
    Ok(selection)
}

/// The categories that own some paths. Nothing is added: asking for one test must not cost more.
pub(super) fn by_path(
    config: &Config,
    request: &Request,
    owners: &BTreeMap<CategoryName, Vec<String>>,
) -> Selection {
    let chosen = owners
        .iter()
        .map(|(name, paths)| SelectedCategory {
            name: name.clone(),
            reason: format!("owns {}", paths.join(", ")),
            requested: true,
            named: false,
        })
        .collect();
    let mut selection = Selection::of(config, request, Arrangement::Categories(chosen));
    selection.selectors = owners.values().flatten().cloned().collect();
    selection.budget = budget(config, request);
    selection
}

/// The limit of a run without layers.
fn budget(config: &Config, request: &Request) -> Option<Duration> {
    request.budget.or(config.execution.without_layers.timeout)
}

/// Names are compared in lower case, with `-` read as `_`.
fn normalised(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

/// The categories a word stands for: a category, a set, or `all`.
fn resolve(config: &Config, word: &str) -> Result<Vec<CategoryName>, UnknownName> {
    let normal = normalised(word);
    if let Some((name, _)) = config.categories.get_key_value(normal.as_str()) {
        return Ok(vec![name.clone()]);
    }
    let set = |word: &str| config.sets.named.get(word).cloned();
    if let Some(members) = set(&normal).or_else(|| set(word)) {
        return Ok(members);
    }
    if normal == "all" {
        return Ok(config.categories.keys().cloned().collect());
    }
    let categories = config.categories.keys().map(CategoryName::as_str);
    let known = categories.chain(config.sets.named.keys().map(String::as_str));
    Err(UnknownName::new("category", word, known))
}

fn add(chosen: &mut Vec<SelectedCategory>, category: SelectedCategory) {
    match chosen.iter_mut().find(|other| other.name == category.name) {
        Some(other) => {
            other.requested |= category.requested;
            other.named |= category.named;
        }
        None => chosen.push(category),
    }
}

/// Adds what the chosen categories depend on, directly or not.
fn add_dependencies(config: &Config, chosen: &mut Vec<SelectedCategory>) {
    let mut position = 0;
    while position < chosen.len() {
        let name = chosen[position].name.clone();
        position += 1;
        let Some(category) = config.categories.get(&name) else { continue };
        for before in &category.depends_on {
            let reason = format!("{name} depends on it");
            let added =
                SelectedCategory { name: before.clone(), reason, requested: false, named: false };
            add(chosen, added);
        }
    }
}
