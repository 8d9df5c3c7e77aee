//! Cycles between layers, categories and services, and an order that speaks against the layers'
//! dependencies.

use std::collections::{HashMap, HashSet};

use super::{Work, layer_place, places};
use crate::model::Config;
use crate::node::Node;
use crate::place::Place;
use crate::problem::Problem;

/// More cycles than this are not listed: mending the first ones usually ends the others.
const MOST_CYCLES: usize = 8;

/// Checks all three graphs.
pub(super) fn check(work: &mut Work<'_, '_>, config: &Config) {
    let tree = work.scene.tree;
    let layers = config.layers.iter().map(|(id, layer)| (id.as_str(), &layer.dependencies[..]));
    report(work.problems, "layers", layers, |id| layer_place(tree, id, "dependencies"));
    let categories = config.categories.iter().map(|(name, c)| (name.as_str(), &c.depends_on[..]));
    report(work.problems, "categories", categories, |name| {
        // Made for each cycle: there are few, and in most files none.
        super::category::Table::new(tree)
            .node(name)
            .map(|node| node.get("depends_on").unwrap_or(node))
            .unwrap_or(tree)
            .place()
            .clone()
    });
    check_services(config, tree, work.problems);
    order(work, config);
}

/// Checks the services alone.
pub(super) fn check_services(config: &Config, tree: &Node, problems: &mut Vec<Problem>) {
    let own = places(tree, "services");
    let older = places(tree, "service_dependencies");
    let services = config.services.iter().map(|(name, s)| (name.as_str(), &s.depends_on[..]));
    report(problems, "services", services, |name| {
        let node = own.get(name).or_else(|| older.get(name)).copied();
        node.map(|node| node.get("depends_on").unwrap_or(node)).unwrap_or(tree).place().clone()
    });
}

fn report<'g, N: AsRef<str> + 'g>(
    problems: &mut Vec<Problem>,
    what: &str,
    edges: impl Iterator<Item = (&'g str, &'g [N])>,
    place: impl Fn(&str) -> Place,
) {
    // What depends on nothing is in no cycle.
    let graph: HashMap<&str, Vec<&str>> = edges
        .filter(|(_, to)| !to.is_empty())
        .map(|(from, to)| (from, to.iter().map(AsRef::as_ref).collect()))
        .collect();
    for cycle in cycles(&graph) {
        // The name that is least in order stands for the cycle, so that the text is stable.
        let first = cycle.iter().enumerate().min_by_key(|(_, name)| **name).map_or(0, |(i, _)| i);
        let mut names: Vec<&str> = cycle[first..].iter().chain(&cycle[..first]).copied().collect();
        names.push(names[0]);
        let text = names.join(" -> ");
        let problem = Problem::error(
            &place(names[0]),
            format!("{what} depend on each other in a cycle: {text}"),
        );
        problems.push(problem.at(what).about(text).hint("remove one of these dependencies"));
    }
}

/// Cycles of a graph, each as its names in order. Without recursion: a chain may be long.
fn cycles<'g>(graph: &HashMap<&'g str, Vec<&'g str>>) -> Vec<Vec<&'g str>> {
    let mut found = Vec::new();
    let mut done: HashSet<&str> = HashSet::new();
    let mut starts: Vec<&str> = graph.keys().copied().collect();
    starts.sort_unstable();
    for start in starts {
        let mut trail: Vec<(&str, usize)> = Vec::new();
        let mut on_trail: HashSet<&str> = HashSet::new();
        if !done.contains(start) {
            trail.push((start, 0));
            on_trail.insert(start);
        }
        while let Some((name, next)) = trail.last_mut() {
            let edge = graph.get(name).and_then(|edges| edges.get(*next)).copied();
            *next += 1;
            let Some(target) = edge else {
                done.insert(name);
                on_trail.remove(*name);
                trail.pop();
                continue;
            };
            if on_trail.contains(target) {
                let begin = trail.iter().position(|(name, _)| *name == target).unwrap_or(0);
                found.push(trail[begin..].iter().map(|(name, _)| *name).collect());
                if found.len() == MOST_CYCLES {
                    return found;
                }
            } else if !done.contains(target) {
                trail.push((target, 0));
                on_trail.insert(target);
            }
        }
    }
    found
}

/// Equal order numbers, and an order in which a layer comes before one that it waits for.
fn order(work: &mut Work<'_, '_>, config: &Config) {
    let tree = work.scene.tree;
    let mut seen: HashMap<u8, &str> = HashMap::new();
    for (id, layer) in &config.layers {
        let Some(place) = written_order(tree, id.as_str()) else { continue };
        let number = layer.execution_order;
        if let Some(other) = seen.insert(number, id.as_str()) {
            let message = format!("layers `{other}` and `{id}` have the same execution order");
            let problem =
                Problem::warning(&place, message).at(format!("layers.{id}.execution_order"));
            work.push(
                problem.about(number.to_string()).hint(
                    "their priorities and then their ids decide; give them different numbers",
                ),
            );
        }
        for dependency in &layer.dependencies {
            let Some(other) = config.layers.get(dependency) else { continue };
            if number >= other.execution_order {
                continue;
            }
            let message = format!(
                "layer `{id}` has execution order {} and depends on `{dependency}` with {}",
                number, other.execution_order
            );
            let problem = Problem::new(work.native_error(), &place, message);
            let problem = problem.at(format!("layers.{id}.execution_order"));
            work.push(problem.hint("the dependency wins; give the later layer the larger number"));
        }
    }
}

/// Where the user wrote the order of a layer; nothing when it is its position or built in.
fn written_order(tree: &Node, id: &str) -> Option<Place> {
    let node = tree.get("layers")?.get(id)?.get("execution_order")?;
    node.place().is_users().then(|| node.place().clone())
}
