//! Order in a directed graph: what comes before what, in which phase, and which cycle is in the
//! way. The only place that names petgraph.
//!
//! Nodes are positions of the caller's list; this module does not know what they stand for.

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

/// A cycle: each position comes before the next one, and the last one before the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<usize>);

impl Cycle {
    /// The cycle as `a -> b -> a`, with the name of each position.
    pub fn describe<'a>(&self, name: impl Fn(usize) -> &'a str) -> String {
        let mut text: Vec<&str> = self.0.iter().map(|&node| name(node)).collect();
        text.extend(self.0.first().map(|&node| name(node)));
        text.join(" -> ")
    }
}

/// Positions ordered so that everything comes after what it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Every position once.
    pub sequence: Vec<u32>,
    /// Position → phase from 0: one more than the latest phase among its dependencies.
    pub phase: Vec<u32>,
}

/// Orders `count` nodes; `dependencies(node)` lists the positions that come before it.
///
/// # Errors
/// The first cycle found, as positions.
///
/// # Panics
/// When a dependency is not below `count`, or `count` does not fit an index of the graph library.
pub fn order<'a>(count: usize, dependencies: impl Fn(usize) -> &'a [u32]) -> Result<Order, Cycle> {
    let edges = (0..count).map(|node| dependencies(node).len()).sum();
    let mut graph = DiGraph::<(), ()>::with_capacity(count, edges);
    for _ in 0..count {
        graph.add_node(());
    }
    for node in 0..count {
        for &before in dependencies(node) {
            graph.add_edge(NodeIndex::new(before as usize), NodeIndex::new(node), ());
        }
    }
    let sorted = toposort(&graph, None).map_err(|_| find_cycle(&graph))?;
    let mut phase = vec![0_u32; count];
    let mut sequence = Vec::with_capacity(count);
    for index in sorted {
        let node = index.index();
        let after = dependencies(node).iter().map(|&before| phase[before as usize] + 1).max();
        phase[node] = after.unwrap_or(0);
        sequence.push(u32::try_from(node).unwrap_or(u32::MAX));
    }
    Ok(Order { sequence, phase })
}

/// Names one cycle of a graph that has one: a walk inside a strongly connected component that
/// never leaves it must come back to where it was.
fn find_cycle(graph: &DiGraph<(), ()>) -> Cycle {
    let mut components = tarjan_scc(graph);
    components.retain(|component| {
        component.len() > 1 || component.iter().any(|&node| graph.find_edge(node, node).is_some())
    });
    let Some(component) = components.into_iter().min_by_key(|part| part.iter().min().copied())
    else {
        return Cycle(Vec::new());
    };
    let Some(&start) = component.iter().min() else { return Cycle(Vec::new()) };
    let mut walk = vec![start];
    loop {
        let here = walk[walk.len() - 1];
        let Some(next) = graph.neighbors(here).filter(|node| component.contains(node)).min() else {
            return Cycle(Vec::new());
        };
        if let Some(begin) = walk.iter().position(|&seen| seen == next) {
            return Cycle(walk[begin..].iter().map(|node| node.index()).collect());
        }
        walk.push(next);
    }
}
