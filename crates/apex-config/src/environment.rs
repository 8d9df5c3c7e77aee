//! Which environment holds, and what it changes.

use std::collections::BTreeSet;

use crate::combine::Surroundings;
use crate::dialect::{main_environment, main_layer};
use crate::node::{Map, Node};
use crate::overlay::{merge, nest};
use crate::parts::EnvironmentFiles;
use crate::place::{Place, SourceKind};
use crate::problem::{Problem, Severity, suggestion};
use crate::resolve::with_hint;
use crate::variables::Variables;

/// The environments that every project has.
const ENVIRONMENTS: [&str; 5] = ["test", "development", "staging", "production", "ci"];
/// The environment when nobody names one.
pub const DEFAULT_ENVIRONMENT: &str = "test";

/// The environment by its main name.
pub(crate) fn choose(
    tree: &Node,
    files: &EnvironmentFiles,
    surroundings: &Surroundings<'_>,
    variables: &Variables,
    problems: &mut Vec<Problem>,
) -> String {
    let known = known_environments(tree, files);
    if let Some(asked) = surroundings.environment {
        let lower = asked.trim().to_lowercase();
        let main = main_environment(&lower);
        if !known.contains(main) {
            let place = Place::whole(SourceKind::Flag, "--env");
            let problem = Problem::error(&place, format!("there is no environment `{asked}`"));
            let hint = suggestion(main, known.iter().map(String::as_str));
            problems.push(with_hint(problem.about(asked), hint));
        }
        return main.to_owned();
    }
    if let Some((name, _)) = variables.environment(|name| known.contains(name)) {
        return name;
    }
    let written = tree.get("execution").and_then(|execution| execution.get("environment"));
    let Some(node) = written else { return DEFAULT_ENVIRONMENT.to_owned() };
    let name = main_environment(node.as_text().unwrap_or(DEFAULT_ENVIRONMENT));
    if !known.contains(name) {
        let problem = Problem::error(node.place(), format!("there is no environment `{name}`"));
        let hint = suggestion(name, known.iter().map(String::as_str));
        let problem = problem.at("execution.environment").about(name);
        problems.push(with_hint(problem, hint));
    }
    name.to_owned()
}

fn known_environments(tree: &Node, files: &EnvironmentFiles) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = ENVIRONMENTS.iter().map(|name| (*name).to_owned()).collect();
    known.extend(files.keys().cloned());
    let mut add = |map: Option<&Node>| {
        let map = map.and_then(Node::as_map);
        known.extend(map.into_iter().flat_map(Map::iter).map(|(name, ..)| name.to_owned()));
    };
    add(tree.get("environments"));
    let layers = tree.get("layers").and_then(Node::as_map);
    for (_, _, layer) in layers.into_iter().flat_map(Map::iter) {
        add(layer.get("environment_overrides"));
    }
    known
}

/// The tree with the file and the blocks of the environment on top.
pub(crate) fn apply(
    tree: Node,
    mut files: EnvironmentFiles,
    environment: &str,
    problems: &mut Vec<Problem>,
) -> Node {
    check_overrides(&tree, problems);
    let has_ci = has_block(&tree, &files, "ci");
    let name = if environment == "ci" && !has_ci { DEFAULT_ENVIRONMENT } else { environment };
    let tree = match files.remove(name) {
        Some(overlay) => merge(tree, overlay.root),
        None => tree,
    };
    let from_environments = environment_block(&tree, name);
    let tree = merge(tree, from_environments);
    let from_layers = layer_blocks(&tree, name);
    merge(tree, from_layers)
}

fn has_block(tree: &Node, files: &EnvironmentFiles, name: &str) -> bool {
    let layers = tree.get("layers").and_then(Node::as_map);
    let in_layer = |layer: &Node| {
        layer.get("environment_overrides").is_some_and(|blocks| blocks.get(name).is_some())
    };
    files.contains_key(name)
        || tree.get("environments").is_some_and(|blocks| blocks.get(name).is_some())
        || layers.into_iter().flat_map(Map::iter).any(|(_, _, layer)| in_layer(layer))
}

/// `environments.<env>.layer_overrides` as an overlay.
fn environment_block(tree: &Node, name: &str) -> Node {
    let mut changed = Map::default();
    let blocks =
        tree.get("environments").and_then(|blocks| blocks.get(name)?.get("layer_overrides"));
    let layers = tree.get("layers");
    for (id, _, block) in blocks.and_then(Node::as_map).into_iter().flat_map(Map::iter) {
        let exists = |id: &str| layers.is_some_and(|layers| layers.get(id).is_some());
        if let Some(id) = main_layer(id, exists) {
            changed.set(id, block.clone());
        }
    }
    under_layers(tree, changed)
}

/// `environment_overrides.<env>` of every layer and of `execution` as an overlay.
fn layer_blocks(tree: &Node, name: &str) -> Node {
    let mut changed = Map::default();
    let layers = tree.get("layers").and_then(Node::as_map);
    for (id, _, layer) in layers.into_iter().flat_map(Map::iter) {
        if let Some(block) = layer.get("environment_overrides").and_then(|blocks| blocks.get(name))
        {
            changed.set(id, block.clone());
        }
    }
    let execution = tree.get("execution").and_then(|e| e.get("environment_overrides")?.get(name));
    let layers = under_layers(tree, changed);
    match execution {
        Some(block) => merge(layers, nest(&["execution"], block.clone())),
        None => layers,
    }
}

fn under_layers(tree: &Node, changed: Map) -> Node {
    if changed.is_empty() {
        return Node::new(changed, tree.place());
    }
    nest(&["layers"], Node::new(changed, tree.place()))
}

/// Overrides of layers that do not exist.
fn check_overrides(tree: &Node, problems: &mut Vec<Problem>) {
    let is_native = tree.get("apex").is_some();
    let severity = if is_native { Severity::Error } else { Severity::Warning };
    let layers = tree.get("layers").and_then(Node::as_map);
    let ids: Vec<&str> = layers.into_iter().flat_map(Map::iter).map(|(id, ..)| id).collect();
    let blocks = tree.get("environments").and_then(Node::as_map);
    for (environment, _, block) in blocks.into_iter().flat_map(Map::iter) {
        let overrides = block.get("layer_overrides").and_then(Node::as_map);
        for (id, place, _) in overrides.into_iter().flat_map(Map::iter) {
            if main_layer(id, |id| ids.contains(&id)).is_some() {
                continue;
            }
            let problem = Problem::new(severity, place, format!("there is no layer `{id}`"));
            let path = format!("environments.{environment}.layer_overrides");
            let hint = suggestion(id, ids.iter().copied());
            problems.push(with_hint(problem.at(path).about(id), hint));
        }
    }
}
