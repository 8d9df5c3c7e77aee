//! The graph of a plan for Graphviz and Mermaid: layers as boxes, categories inside.

use std::fmt::Write as _;

use apex_core::plan::{CategoryWork, Plan, Sparing};

/// In the language of Graphviz.
pub(crate) fn dot(plan: &Plan) -> String {
    let mut text = String::from("digraph apex {\n  rankdir=LR;\n  node [shape=box];\n");
    for (position, layer) in plan.layers.iter().enumerate() {
        // Writing to a `String` cannot fail, here and below.
        let _ = writeln!(text, "  subgraph cluster_{position} {{\n    label=\"{}\";", layer.id);
        let _ = writeln!(text, "    layer_{position} [shape=point, style=invis];");
        for &category in &layer.categories {
            let name = &plan.category(category).name;
            let _ =
                writeln!(text, "    \"{}\" [label=\"{}\"];", name, label(plan, category, "\\n"));
        }
        text.push_str("  }\n");
    }
    for (position, layer) in plan.layers.iter().enumerate() {
        for before in &layer.after {
            let _ = writeln!(
                text,
                "  layer_{} -> layer_{position} [ltail=cluster_{}, lhead=cluster_{position}];",
                before.0, before.0
            );
        }
    }
    for category in &plan.categories {
        for &before in &category.after {
            let _ =
                writeln!(text, "  \"{}\" -> \"{}\";", plan.category(before).name, category.name);
        }
    }
    text.push_str("  compound=true;\n}\n");
    text
}

/// In the language of Mermaid.
pub(crate) fn mermaid(plan: &Plan) -> String {
    let mut text = String::from("flowchart LR\n");
    for layer in &plan.layers {
        let _ = writeln!(text, "  subgraph {}", layer.id);
        for &category in &layer.categories {
            let name = &plan.category(category).name;
            let _ = writeln!(text, "    c_{name}[\"{}\"]", label(plan, category, "<br>"));
        }
        text.push_str("  end\n");
    }
    for layer in &plan.layers {
        for &before in &layer.after {
            let _ = writeln!(text, "  {} --> {}", plan.layer(before).id, layer.id);
        }
    }
    for category in &plan.categories {
        for &before in &category.after {
            let _ = writeln!(text, "  c_{} --> c_{}", plan.category(before).name, category.name);
        }
    }
    text
}

fn label(plan: &Plan, category: apex_core::CategoryIx, line_break: &str) -> String {
    let planned = plan.category(category);
    let work = match &planned.work {
        CategoryWork::Jobs { count, .. } => super::count(*count as usize, "job"),
        CategoryWork::Empty { .. } => "no tests".to_owned(),
        CategoryWork::Unavailable { .. } => "cannot run".to_owned(),
        CategoryWork::Spared { by: Sparing::Cached, .. } => "cached".to_owned(),
        CategoryWork::Spared { .. } => "unaffected".to_owned(),
        CategoryWork::Skipped { .. } => "skipped".to_owned(),
    };
    format!("{}{line_break}{work}", planned.name)
}
