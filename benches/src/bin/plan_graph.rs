//! Plans a graph of named nodes as a whole process: `plan_graph FILE` (from `gen_graph`).
//!
//! It reads the text, turns names into positions, and orders the nodes with the same
//! `apex_core::graph::order` that plans layers and categories. It checks that every node comes
//! after its dependencies and prints how many nodes and phases there are. It does not look at
//! files on disk, which `ninja -n` does besides.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write as _;

use apex_core::graph::{self, Order};

/// Dependencies of all nodes in one list; those of node `n` are `list[ends[n - 1]..ends[n]]`.
#[derive(Default)]
struct Graph {
    list: Vec<u32>,
    ends: Vec<usize>,
}

impl Graph {
    fn of(&self, node: usize) -> &[u32] {
        let begin = if node == 0 { 0 } else { self.ends[node - 1] };
        &self.list[begin..self.ends[node]]
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: plan_graph FILE")?;
    let graph = read(&std::fs::read_to_string(path)?)?;
    let count = graph.ends.len();
    let order = graph::order(count, |node| graph.of(node))
        .map_err(|cycle| format!("{} nodes depend on each other", cycle.0.len()))?;
    if order.sequence.len() != count || !is_in_order(&graph, &order) {
        return Err("a node comes before one it depends on".into());
    }
    let phases = order.phase.iter().max().map_or(0, |last| last + 1);
    writeln!(std::io::stdout(), "{count} nodes in {phases} phases")?;
    Ok(())
}

fn read(text: &str) -> Result<Graph, Box<dyn Error>> {
    let mut positions: HashMap<&str, u32> = HashMap::new();
    let mut graph = Graph::default();
    for line in text.lines() {
        let (name, before) = line.split_once(':').ok_or("a line without a colon")?;
        for name in before.split_ascii_whitespace() {
            let position = positions.get(name).ok_or("a node that is not defined before it")?;
            graph.list.push(*position);
        }
        positions.insert(name, u32::try_from(graph.ends.len())?);
        graph.ends.push(graph.list.len());
    }
    Ok(graph)
}

fn is_in_order(graph: &Graph, order: &Order) -> bool {
    let mut is_done = vec![false; graph.ends.len()];
    order.sequence.iter().all(|&node| {
        let node = node as usize;
        let ready = graph.of(node).iter().all(|&before| is_done[before as usize]);
        is_done[node] = true;
        ready
    })
}
