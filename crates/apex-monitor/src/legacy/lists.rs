//! The lists that need no run: categories, their statistics, layers.

use std::fmt::Write as _;
use std::time::Duration;

use apex_config::Config;
use apex_config::model::{Category, CategoryKind, CategoryName, Layer, Load, Priority};

use super::text::{banner, clock};

const PRIORITIES: [(Priority, &str); 5] = [
    (Priority::Critical, "CRITICAL"),
    (Priority::High, "HIGH"),
    (Priority::Medium, "MEDIUM"),
    (Priority::Low, "LOW"),
    (Priority::Optional, "OPTIONAL"),
];

/// The word for a priority in capitals.
pub(super) fn priority(priority: Priority) -> &'static str {
    PRIORITIES.iter().find(|(one, _)| *one == priority).map_or("", |(_, word)| word)
}

/// The categories that lists speak of: without the supplementary ones, unless asked.
fn listed(config: &Config, with_supplementary: bool) -> Vec<&Category> {
    let all = config.sets.named.get("all");
    config
        .categories
        .values()
        .map(AsRef::as_ref)
        .filter(|category: &&Category| {
            with_supplementary || all.is_none_or(|all| all.contains(&category.name))
        })
        .collect()
}

/// `--list-categories`.
#[must_use]
pub fn category_list(config: &Config, with_supplementary: bool) -> String {
    let listed = listed(config, with_supplementary);
    let mut text = banner("AVAILABLE TEST CATEGORIES");
    for (priority, word) in PRIORITIES {
        let mut own: Vec<&&Category> =
            listed.iter().filter(|category| category.priority == priority).collect();
        if own.is_empty() {
            continue;
        }
        own.sort_by(|one, other| one.name.cmp(&other.name));
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "\n{word} Priority:");
        for category in own {
            entry(&mut text, category);
        }
    }
    let _ = writeln!(text, "\nTotal Categories: {}", listed.len());
    text
}

fn entry(text: &mut String, category: &Category) {
    let indent = " ".repeat(20);
    let _ = writeln!(text, "  {:<15} - {}", category.name.as_str(), category.summary);
    for (title, names) in
        [("Dependencies", &category.depends_on), ("Conflicts", &category.conflicts_with)]
    {
        if !names.is_empty() {
            let _ = writeln!(text, "{indent}{title}: {}", joined(names));
        }
    }
    let _ = writeln!(text, "{indent}Est. Duration: {}", clock(category.estimate));
}

fn joined(names: &[CategoryName]) -> String {
    names.iter().map(CategoryName::as_str).collect::<Vec<_>>().join(", ")
}

/// What `--list` says beyond the categories: sets, levels and lists of services with members.
#[must_use]
pub fn lists_of_categories(config: &Config) -> String {
    let mut text = String::new();
    let groups = [("Levels", "level:"), ("Services", "service:")];
    let is_plain = |name: &str| !name.contains(':');
    let _ = writeln!(text, "\nSets and roll-ups:");
    let _ = writeln!(text, "  default: {}", joined(&config.sets.default));
    for (name, members) in &config.sets.named {
        let is_copy = groups
            .iter()
            .any(|(_, prefix)| config.sets.named.get(&format!("{prefix}{name}")) == Some(members));
        if is_plain(name) && !is_copy {
            let _ = writeln!(text, "  {name}: {}", joined(members));
        }
    }
    for (title, prefix) in groups {
        let _ = writeln!(text, "\n{title}:");
        for (name, members) in &config.sets.named {
            if let Some(name) = name.strip_prefix(prefix) {
                let _ = writeln!(text, "  {name}: {}", joined(members));
            }
        }
    }
    text
}

/// `--show-category-stats`; of so many categories something was measured, with this share of good
/// runs.
#[must_use]
pub fn category_statistics(config: &Config, measured: usize, success_rate: Option<f64>) -> String {
    let listed = listed(config, false);
    let count = |wanted: &dyn Fn(&Category) -> bool| {
        listed.iter().filter(|category| wanted(category)).count()
    };
    let total: Duration = listed.iter().map(|category| category.estimate).sum();
    let average = u32::try_from(listed.len()).ok().filter(|all| *all > 0).map(|all| total / all);
    let requires = |tag: fn(&Category) -> bool| count(&tag);
    let mut text = banner("CATEGORY STATISTICS");
    let rows = [
        ("Total Categories", listed.len()),
        ("Parallel Safe", count(&|one| one.parallel_safe)),
        (
            "Require Real Services",
            requires(|one| one.requires.iter().any(|it| it == "real_services")),
        ),
        ("Require Real LLM", requires(|one| one.requires.iter().any(|it| it == "real_llm"))),
        ("Memory Intensive", count(&|one| one.load.contains(&Load::Memory))),
        ("CPU Intensive", count(&|one| one.load.contains(&Load::Cpu))),
        ("Database Dependent", count(&|one| one.load.contains(&Load::Database))),
    ];
    for (title, number) in rows {
        let _ = writeln!(text, "{title}: {number}");
    }
    let _ = writeln!(text, "Average Duration: {}", clock(average.unwrap_or_default()));
    let _ = writeln!(text, "Categories with History: {measured}");
    let _ = writeln!(text, "Average Success Rate: {:.2}%", 100.0 * success_rate.unwrap_or(0.95));
    let _ = writeln!(text, "\nBy Priority:");
    for (priority, word) in PRIORITIES {
        let _ = writeln!(text, "  {word}: {}", count(&|one| one.priority == priority));
    }
    let _ = writeln!(text, "\nBy Type:");
    for (kind, word) in KINDS {
        let _ = writeln!(text, "  {word}: {}", count(&|one| one.kind == kind));
    }
    text
}

const KINDS: [(CategoryKind, &str); 7] = [
    (CategoryKind::Functional, "functional"),
    (CategoryKind::Technical, "technical"),
    (CategoryKind::Quality, "quality"),
    (CategoryKind::Integration, "integration"),
    (CategoryKind::Performance, "performance"),
    (CategoryKind::Security, "security"),
    (CategoryKind::E2e, "e2e"),
];

/// The layers with these ids, or all of them: `--show-layers`.
#[must_use]
pub fn layer_list(config: &Config, only: &[String]) -> String {
    let is_meant =
        |layer: &&Layer| only.is_empty() || only.iter().any(|id| id == layer.id.as_str());
    let shown: Vec<&Layer> = config.layers.values().filter(is_meant).collect();
    let mut text = banner("AVAILABLE TEST LAYERS");
    for layer in &shown {
        let names: Vec<CategoryName> =
            layer.categories.iter().map(|category| category.name.clone()).collect();
        let after: Vec<&str> = layer.dependencies.iter().map(|id| id.as_str()).collect();
        let services: Vec<&str> =
            layer.required_services.iter().map(|name| name.as_str()).collect();
        let mode = format!("{:?}", layer.execution_mode).to_lowercase();
        let _ = writeln!(text, "\n{}:", layer.id);
        let _ = writeln!(text, "  Categories: {}", joined(&names));
        let _ = writeln!(text, "  Execution Mode: {mode}");
        let _ = writeln!(text, "  Estimated Duration: {}", clock(layer.budget));
        let _ = writeln!(text, "  Dependencies: {}", or_none(&after));
        let _ = writeln!(text, "  Services Required: {}", or_none(&services));
    }
    let _ = writeln!(text, "\nTotal Layers: {}", shown.len());
    text
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "None".to_owned() } else { names.join(", ") }
}

/// Which language model the tests of a category meet, for a mark in a plan.
pub(super) fn model_mark(category: &Category) -> Option<&'static str> {
    category.model.is_real.then_some("llm: real")
}
