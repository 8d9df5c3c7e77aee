//! Named ways to run: those that come with Apex, and those of the file.

use std::time::Duration;

use indexmap::IndexMap;

use super::view::View;
use super::{Layers, Work};
use crate::dialect::main_environment;
use crate::model::{EnvironmentName, FailFast, LayerId, LayerSelection, Mode, ModeName};
use crate::node::{Map, Node};
use crate::problem::Severity;
use crate::shape::MODE;

/// The built-in modes with those of the file, which may replace them.
pub(super) fn modes(work: &mut Work<'_, '_>, layers: &Layers) -> IndexMap<ModeName, Mode> {
    let mut modes: IndexMap<ModeName, Mode> = BUILT_IN
        .iter()
        .filter_map(|built_in| {
            let name = ModeName::new(built_in.name).ok()?;
            Some((name.clone(), built_in.mode(name, layers)))
        })
        .collect();
    let written = work.scene.tree.get("modes").and_then(Node::as_map);
    for (name, _, node) in written.into_iter().flat_map(Map::iter) {
        if let Ok(name) = ModeName::new(name) {
            let mode = mode(work, &name, View::new(Some(node), &MODE));
            modes.insert(name, mode);
        }
    }
    modes
}

/// A mode that comes with Apex.
struct BuiltIn {
    name: &'static str,
    summary: &'static str,
    /// Standard layers that it means where the file has them all; else `otherwise`.
    standard: &'static [&'static str],
    otherwise: LayerSelection,
    background: LayerSelection,
    wait: bool,
    waive_dependencies: bool,
    minutes: u64,
    timeout_multiplier: f64,
}

const PLAIN: BuiltIn = BuiltIn {
    name: "",
    summary: "",
    standard: &[],
    otherwise: LayerSelection::All,
    background: LayerSelection::None,
    wait: true,
    waive_dependencies: false,
    minutes: 60,
    timeout_multiplier: 1.0,
};

static BUILT_IN: [BuiltIn; 8] = [
    BuiltIn {
        name: "fast_feedback",
        summary: "the first answer, five minutes at most",
        standard: &["fast_feedback"],
        otherwise: LayerSelection::FirstForeground(1),
        minutes: 5,
        ..PLAIN
    },
    BuiltIn {
        name: "commit",
        summary: "what a commit should pass",
        standard: &["fast_feedback", "core_integration"],
        otherwise: LayerSelection::FirstForeground(2),
        ..PLAIN
    },
    BuiltIn {
        name: "development",
        summary: "what one runs while working",
        standard: &["fast_feedback", "core_integration"],
        otherwise: LayerSelection::FirstForeground(2),
        ..PLAIN
    },
    BuiltIn {
        name: "ci",
        summary: "every layer in front",
        otherwise: LayerSelection::Foreground,
        minutes: 90,
        ..PLAIN
    },
    BuiltIn {
        name: "nightly",
        summary: "every layer, the background ones behind the others",
        background: LayerSelection::Background,
        minutes: 95,
        ..PLAIN
    },
    BuiltIn {
        name: "weekend",
        summary: "every layer in front, with twice the time",
        minutes: 190,
        timeout_multiplier: 2.0,
        ..PLAIN
    },
    BuiltIn {
        name: "background",
        summary: "the background layers alone, handed over",
        otherwise: LayerSelection::Background,
        background: LayerSelection::Background,
        wait: false,
        waive_dependencies: true,
        minutes: 120,
        ..PLAIN
    },
    BuiltIn {
        name: "hybrid",
        summary: "every layer, the background ones from the start",
        background: LayerSelection::Background,
        waive_dependencies: true,
        minutes: 90,
        ..PLAIN
    },
];

impl BuiltIn {
    fn mode(&self, name: ModeName, layers: &Layers) -> Mode {
        let standard: Vec<LayerId> =
            self.standard.iter().filter_map(|id| LayerId::new(id).ok()).collect();
        let has_all = !standard.is_empty() && standard.iter().all(|id| layers.contains_key(id));
        Mode {
            name,
            summary: self.summary.to_owned(),
            layers: if has_all { LayerSelection::Named(standard) } else { self.otherwise.clone() },
            background: self.background.clone(),
            wait: self.wait,
            waive_dependencies: self.waive_dependencies,
            budget: Some(Duration::from_secs(self.minutes * 60)),
            timeout_multiplier: self.timeout_multiplier,
            fail_fast: None,
            environment: None,
        }
    }
}

fn mode(work: &mut Work<'_, '_>, name: &ModeName, view: View<'_>) -> Mode {
    let layers = view.node("layers").map(|_| {
        work.layers(view.items("layers"), &format!("modes.{name}.layers"), Severity::Error)
    });
    let background = match view.node("background") {
        Some(node) if node.as_list().is_some() => {
            let path = format!("modes.{name}.background");
            LayerSelection::Named(work.layers(view.items("background"), &path, Severity::Error))
        }
        _ if view.flag("background") => LayerSelection::Background,
        _ => LayerSelection::None,
    };
    let environment = view.optional_text("environment").map(main_environment);
    Mode {
        name: name.clone(),
        summary: view.text("description").to_owned(),
        layers: layers.map_or(LayerSelection::All, LayerSelection::Named),
        background,
        wait: view.flag("wait"),
        waive_dependencies: false,
        budget: view.node("max_duration_minutes").map(|_| view.minutes("max_duration_minutes")),
        timeout_multiplier: view.number("timeout_multiplier"),
        fail_fast: view.optional_text("fail_fast").and_then(FailFast::from_word),
        environment: environment.and_then(|name| EnvironmentName::new(name).ok()),
    }
}
