//! The older ways to write a file, turned into the one way that everything else reads.
//!
//! Only names and forms change here, never places, so that a message shows the user's own line.
//! It knows the older words; it does not check values.

use crate::model::Dialect;
use crate::node::{Map, Node, Scalar, Value};
use crate::overlay::{merge, nest, rename_keys};
use crate::problem::Problem;

/// Which dialect a layer file is written in.
pub(crate) fn of(root: &Node) -> Dialect {
    let has_version = root.as_map().is_some_and(|map| map.get("apex").is_some());
    if has_version { Dialect::Native } else { Dialect::Compatible }
}

/// The main name of an environment.
pub(crate) fn main_environment(name: &str) -> &str {
    environment_alias(name).unwrap_or(name)
}

/// The main name of a service.
pub(crate) fn main_service(name: &str) -> &str {
    service_alias(name).unwrap_or(name)
}

/// The other names of a service.
pub(crate) fn service_aliases(name: &str) -> impl Iterator<Item = &'static str> {
    SERVICE_ALIASES.iter().filter(move |(_, main)| *main == name).map(|(alias, _)| *alias)
}

/// The layer that an id means: itself, or the other spelling of the fourth layer when only that
/// one exists.
pub(crate) fn main_layer(id: &str, exists: impl Fn(&str) -> bool) -> Option<&str> {
    if exists(id) {
        return Some(id);
    }
    let position = FOURTH_LAYER.iter().position(|name| *name == id)?;
    let other = FOURTH_LAYER[1 - position];
    exists(other).then_some(other)
}

/// Other names of services.
pub(crate) const SERVICE_ALIASES: [(&str, &str); 6] = [
    ("postgres", "postgresql"),
    ("test-postgres", "postgresql"),
    ("test-redis", "redis"),
    ("backend", "backend_service"),
    ("auth", "auth_service"),
    ("frontend", "frontend_service"),
];

/// Other names of environments.
pub(crate) const ENVIRONMENT_ALIASES: [(&str, &str); 5] = [
    ("local", "test"),
    ("testing", "test"),
    ("dev", "development"),
    ("stage", "staging"),
    ("prod", "production"),
];

/// The two names of the fourth layer.
pub(crate) const FOURTH_LAYER: [&str; 2] = ["e2e_background", "e2e_performance"];

/// Sections that are sets by now.
pub(crate) const OLDER_SETS: [&str; 2] = ["rollup_categories", "legacy_mapping"];

/// Fields of categories, older name and present one.
pub(crate) const OLDER_CATEGORY_KEYS: [(&str, &str); 7] = [
    ("estimated_duration_minutes", "estimate_minutes"),
    ("dependencies", "depends_on"),
    ("conflicts", "conflicts_with"),
    ("category_type", "type"),
    ("retry_count", "retries"),
    ("success_rate_threshold", "success_rate"),
    ("description", "summary"),
];

/// Older truth values of categories, the list that they belong to, and what they add to it.
pub(crate) const FOLDED: [(&str, &str, &[&str]); 13] = [
    ("memory_intensive", "load", &["memory"]),
    ("cpu_intensive", "load", &["cpu"]),
    ("network_intensive", "load", &["network"]),
    ("database_dependent", "load", &["database"]),
    ("database_intensive", "load", &["database"]),
    ("requires_real_services", "requires", &["real_services"]),
    ("requires_real_llm", "requires", &["real_llm"]),
    ("requires_frontend", "requires", &["frontend"]),
    ("requires_backend", "requires", &["backend"]),
    ("requires_database", "requires", &["database"]),
    ("requires_staging", "requires", &["staging"]),
    ("requires_staging_environment", "only_in", &["staging"]),
    (SCOPE, "only_in", &[]),
];

/// The older word for the environments of a category.
pub(crate) const SCOPE: &str = "environment_scope";

/// Words of [`SCOPE`] that mean several environments; any other word is an environment itself.
pub(crate) const SCOPES: [(&str, &[&str]); 2] =
    [("docker_local", &["test", "development", "ci"]), ("gcp_staging_only", &["staging"])];

/// The older word for the window of a category.
pub(crate) const AUTO_SPLIT: &str = "auto_split";

fn renamed(table: &[(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(older, _)| *older == name).map(|(_, main)| *main)
}

fn service_alias(name: &str) -> Option<&'static str> {
    renamed(&SERVICE_ALIASES, name)
}

fn environment_alias(name: &str) -> Option<&'static str> {
    renamed(&ENVIRONMENT_ALIASES, name)
}

/// Rewrites a file (or a part of one with the same top level) into the present form.
pub(crate) fn modernise(root: &mut Node, problems: &mut Vec<Problem>) {
    let Value::Map(map) = &mut root.value else { return };
    older_sets(map);
    older_execution(map);
    for entry in &mut map.entries {
        let Value::Map(section) = &mut entry.node.value else { continue };
        match &*entry.key {
            "environments" => {
                rename_keys(section, environment_alias, problems);
                for block in &mut section.entries {
                    each(&mut block.node, "layer_overrides", &mut flat_limits);
                }
            }
            "layers" => section.entries.iter_mut().for_each(|layer| {
                rename_environments(&mut layer.node, problems);
                each(&mut layer.node, "environment_overrides", &mut flat_limits);
                layer_entries(&mut layer.node);
            }),
            "execution" => rename_environments(&mut entry.node, problems),
            "services" | "service_dependencies" => rename_keys(section, service_alias, problems),
            "categories" | "supplementary" => {
                section.entries.iter_mut().for_each(|category| older_category(&mut category.node));
            }
            "defaults" => older_category(&mut entry.node),
            _ => {}
        }
    }
}

/// Older files may describe a category where the layer lists it.
fn layer_entries(layer: &mut Node) {
    let Value::Map(layer) = &mut layer.value else { return };
    let Some(entry) = layer.entries.iter_mut().find(|entry| &*entry.key == "categories") else {
        return;
    };
    if let Value::List(list) = &mut entry.node.value {
        list.iter_mut().for_each(older_category);
    }
}

fn each(node: &mut Node, section: &str, change: &mut dyn FnMut(&mut Map)) {
    let Value::Map(map) = &mut node.value else { return };
    let Some(entry) = map.entries.iter_mut().find(|entry| &*entry.key == section) else { return };
    let Value::Map(blocks) = &mut entry.node.value else { return };
    for block in &mut blocks.entries {
        if let Value::Map(block) = &mut block.node.value {
            change(block);
        }
    }
}

fn rename_environments(node: &mut Node, problems: &mut Vec<Problem>) {
    let Value::Map(map) = &mut node.value else { return };
    let Some(entry) = map.entries.iter_mut().find(|entry| &*entry.key == "environment_overrides")
    else {
        return;
    };
    if let Value::Map(blocks) = &mut entry.node.value {
        rename_keys(blocks, environment_alias, problems);
    }
}

/// `max_parallel_instances` of a block belongs to the limits of the layer.
fn flat_limits(block: &mut Map) {
    let Some(flat) = block.remove("max_parallel_instances") else { return };
    let nested = nest(&["resource_limits", "max_parallel_instances"], flat.node);
    let limits = nested.get("resource_limits").cloned().unwrap_or(nested);
    let limits = match block.remove("resource_limits") {
        Some(written) => merge(limits, written.node),
        None => limits,
    };
    block.set("resource_limits", limits);
}

/// `rollup_categories` and `legacy_mapping` are sets that stand where a category name may.
fn older_sets(map: &mut Map) {
    for older in OLDER_SETS {
        let Some(entry) = map.remove(older) else { continue };
        let mut lists = entry.node;
        if let Value::Map(lists) = &mut lists.value {
            for list in &mut lists.entries {
                member_list(&mut list.node);
            }
        }
        let sets = nest(&["rollups"], lists);
        let sets = match map.remove("sets") {
            Some(written) => merge(sets, written.node),
            None => sets,
        };
        map.set("sets", sets);
    }
}

/// A set may be one name, or a map that holds the names under `categories`.
fn member_list(node: &mut Node) {
    if let Some(inner) = node.get("categories").cloned() {
        *node = inner;
    }
    if matches!(node.value, Value::Scalar(_)) && !node.is_null() {
        let place = node.place.clone();
        let member = std::mem::replace(node, Node::new(Vec::new(), &place));
        *node = Node::new(vec![member], &place);
    }
}

/// `execution.environment` may be an alias.
fn older_execution(map: &mut Map) {
    let Some(entry) = map.entries.iter_mut().find(|entry| &*entry.key == "execution") else {
        return;
    };
    let Value::Map(execution) = &mut entry.node.value else { return };
    let Some(environment) = execution.entries.iter_mut().find(|e| &*e.key == "environment") else {
        return;
    };
    let main = environment.node.as_text().and_then(environment_alias);
    if let Some(main) = main {
        environment.node.value = Value::from(main);
    }
}

/// The block `defaults` of a category file stands below each of its categories. After the check,
/// so that a mistake in it is reported once.
pub(crate) fn apply_category_defaults(root: &mut Node) {
    let Some(map) = root.as_map_mut() else { return };
    let Some(defaults) = map.remove("defaults") else { return };
    for section in ["categories", "supplementary"] {
        let Some(entry) = map.entries.iter_mut().find(|entry| &*entry.key == section) else {
            continue;
        };
        let Value::Map(categories) = &mut entry.node.value else { continue };
        for category in &mut categories.entries {
            let place = category.node.place.clone();
            let own = std::mem::replace(&mut category.node, Node::new(Map::default(), &place));
            category.node = merge(defaults.node.clone(), own);
        }
    }
}

fn older_category(node: &mut Node) {
    let Value::Map(map) = &mut node.value else { return };
    let is_older = |key: &str| older_category_key(key).is_some() || folded(key).is_some();
    if !map.entries.iter().any(|entry| is_older(&entry.key) || &*entry.key == "priority") {
        return;
    }
    for entry in &mut map.entries {
        if let Some(new) = older_category_key(&entry.key) {
            entry.key = new.into();
        }
        if matches!(&*entry.key, "priority" | "type") {
            lower_word(&mut entry.node);
        }
    }
    fold_marks(map);
}

fn older_category_key(key: &str) -> Option<&'static str> {
    renamed(&OLDER_CATEGORY_KEYS, key)
}

/// The older priorities: numbers 1 to 5, or the words in capitals.
fn lower_word(node: &mut Node) {
    const WORDS: [&str; 5] = ["critical", "high", "medium", "low", "optional"];
    let Some(scalar) = node.as_scalar() else { return };
    let number = scalar.text().parse::<usize>().ok();
    let word = match number.and_then(|number| WORDS.get(number.wrapping_sub(1))) {
        Some(word) => (*word).to_owned(),
        None => scalar.text().to_ascii_lowercase(),
    };
    node.value = Value::Scalar(Scalar::plain(&word));
}

/// The list and the mark that an older truth value stands for.
fn folded(key: &str) -> Option<(&'static str, &'static [&'static str])> {
    if key == AUTO_SPLIT {
        return Some(("split", &[]));
    }
    FOLDED.iter().find(|(older, ..)| *older == key).map(|(_, field, marks)| (*field, *marks))
}

fn fold_marks(map: &mut Map) {
    let older: Vec<_> = map.entries.extract_if(.., |entry| folded(&entry.key).is_some()).collect();
    for entry in older {
        let Some((field, marks)) = folded(&entry.key) else { continue };
        match &*entry.key {
            AUTO_SPLIT => fold_split(map, entry.node),
            SCOPE => {
                let scope = entry.node.as_text().unwrap_or_default().to_owned();
                add_marks(map, field, scoped(&scope), &entry.node);
            }
            _ if entry.node.as_boolean() == Some(true) => {
                add_marks(map, field, marks.iter().map(|m| (*m).to_owned()).collect(), &entry.node);
            }
            _ => {}
        }
    }
}

/// The environments of an older scope word; any other word is an environment itself.
fn scoped(word: &str) -> Vec<String> {
    match SCOPES.iter().find(|(scope, _)| *scope == word) {
        Some((_, names)) => names.iter().map(|name| (*name).to_owned()).collect(),
        None => vec![main_environment(word).to_owned()],
    }
}

fn add_marks(map: &mut Map, field: &str, marks: Vec<String>, from: &Node) {
    let mut list = match map.remove(field).map(|entry| entry.node.value) {
        Some(Value::List(list)) => list,
        _ => Vec::new(),
    };
    for mark in marks {
        if !list.iter().any(|known| known.as_text() == Some(&mark)) {
            list.push(Node::new(mark.as_str(), from.place()));
        }
    }
    map.set(field, Node::new(list, from.place()));
}

/// `auto_split: false` keeps one shard; a map gives window and number of shards.
fn fold_split(map: &mut Map, node: Node) {
    let place = node.place.clone();
    let split = match node.as_boolean() {
        Some(true) => return,
        Some(false) => nest(&["max_shards"], Node::new(1_i64, &place)),
        None => {
            let mut node = node;
            if let Value::Map(split) = &mut node.value {
                for entry in &mut split.entries {
                    match &*entry.key {
                        "target_window_minutes" | "target_duration_minutes" => {
                            entry.key = "window_minutes".into();
                        }
                        "max_splits" | "max_windows" => entry.key = "max_shards".into(),
                        _ => {}
                    }
                }
                split.remove("enabled");
            }
            node
        }
    };
    let split = match map.remove("split") {
        Some(written) => merge(split, written.node),
        None => split,
    };
    map.set("split", split);
}
