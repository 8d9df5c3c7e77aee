//! A merged tree becomes a [`Config`]: names are tied together, defaults taken, rules checked.
//!
//! Every step adds what is wrong to one list and goes on, so that all problems are known at
//! once; the caller refuses the result when one of them is an error. It relies on the checker
//! having seen every source.

mod alerts;
mod category;
pub(crate) mod compose;
mod condition;
mod container;
mod execution;
mod exports;
mod fill;
mod graph;
mod layer;
mod limits;
mod modes;
mod oversight;
mod quarantine;
pub(crate) mod secrets;
mod service;
mod sets;
mod telemetry;
mod view;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use crate::dialect;
use crate::model::{
    Category, CategoryName, Config, Dialect, EnvironmentName, Layer, LayerId, ServiceName,
};
use crate::node::{Map, Node};
use crate::place::Place;
use crate::problem::{Problem, Severity, suggestion};
use crate::variables::Variables;

/// What is resolved, and for which surroundings.
pub(crate) struct Scene<'t> {
    /// All sources, merged.
    pub(crate) tree: &'t Node,
    /// Of the layer file.
    pub(crate) dialect: Dialect,
    /// By its main name.
    pub(crate) environment: EnvironmentName,
    /// For `${NAME}`.
    pub(crate) variables: &'t Variables,
    /// The day it is, where that is known.
    pub(crate) today: Option<&'t str>,
}

/// Resolves a merged tree.
pub(crate) fn resolve(scene: &Scene<'_>, problems: &mut Vec<Problem>) -> Config {
    let mut work =
        Work { scene, layer_ids: layer_ids(scene.tree), services: IndexSet::new(), problems };
    let table = category::Table::new(scene.tree);
    let mut layers = layer::layers(&mut work, &table);
    let mut categories = category::all(&mut work, &table, &layers);
    let services = service::services(&mut work, &layers);
    service::add_required(&mut layers, &work, &services);
    let execution = execution::execution(&work);
    let config = Config {
        dialect: scene.dialect,
        metadata: execution::metadata(scene.tree),
        environment: scene.environment.clone(),
        modes: modes::modes(&mut work, &layers),
        sets: sets::sets(&mut work, &categories),
        quarantine: quarantine::quarantine(&mut work, &categories),
        execution,
        services,
        retention: execution::retention(scene.tree),
        alerts: alerts::alerts(&mut work),
        secrets: secrets::rules(scene.tree),
        telemetry: telemetry::telemetry(&mut work),
        categories: std::mem::take(&mut categories),
        layers,
    };
    graph::check(&mut work, &config);
    limits::check(&mut work, &config);
    secrets::check(&mut work);
    config
}

/// What all steps share.
pub(super) struct Work<'w, 't> {
    pub(super) scene: &'w Scene<'t>,
    /// The layers that exist.
    pub(super) layer_ids: IndexSet<&'t str>,
    /// Services that somebody needs, by their main names.
    pub(super) services: IndexSet<ServiceName>,
    pub(super) problems: &'w mut Vec<Problem>,
}

impl<'t> Work<'_, 't> {
    /// The severity of a rule that is an error in native files only.
    pub(super) fn native_error(&self) -> Severity {
        match self.scene.dialect {
            Dialect::Compatible => Severity::Warning,
            Dialect::Native | Dialect::BuiltIn => Severity::Error,
        }
    }

    pub(super) fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The layers in a list of ids. Unknown ones are problems of that severity, unless they come
    /// with Apex and speak of a standard layer that the file leaves out.
    pub(super) fn layers(
        &mut self,
        items: &[Node],
        path: &str,
        severity: Severity,
    ) -> Vec<LayerId> {
        let mut found = Vec::new();
        for item in items {
            let Some(text) = item.as_text() else { continue };
            match dialect::main_layer(text, |id| self.layer_ids.contains(id)) {
                Some(id) => {
                    if let Ok(id) = LayerId::new(id)
                        && !found.contains(&id)
                    {
                        found.push(id);
                    }
                }
                None if !item.place().is_users() => {}
                None => {
                    let message = format!("there is no layer `{text}`");
                    let problem =
                        Problem::new(severity, item.place(), message).at(path).about(text);
                    let hint = suggestion(text, self.layer_ids.iter().copied());
                    self.push(with_hint(problem, hint));
                }
            }
        }
        found
    }

    /// The services in a list of names; all of them are needed from now on.
    pub(super) fn needed_services(&mut self, items: &[Node]) -> Vec<ServiceName> {
        let mut found = Vec::new();
        for item in items {
            let Some(text) = item.as_text() else { continue };
            let main = dialect::main_service(text);
            if let Ok(name) = ServiceName::new(main)
                && !found.contains(&name)
            {
                self.need(name.clone());
                found.push(name);
                self.check_defined(main, item);
            }
        }
        found
    }

    pub(super) fn need(&mut self, name: ServiceName) {
        self.services.insert(name);
    }

    /// A service that the user names and nobody defines. The usual ones may come from elsewhere.
    fn check_defined(&mut self, name: &str, item: &Node) {
        if !item.place().is_users() || self.is_defined(name) {
            return;
        }
        let message = format!("service `{name}` is needed and defined nowhere");
        let sections = ["services", "service_dependencies"];
        let known: Vec<&str> = sections
            .iter()
            .filter_map(|section| self.scene.tree.get(section)?.as_map())
            .flat_map(|map| map.iter().map(|(name, ..)| name))
            .collect();
        let hint = crate::problem::nearest(name, known).map_or_else(
            || format!("say how it comes up under `services.{name}`"),
            |near| format!("did you mean `{near}`"),
        );
        let severity = if crate::builtin::service(name).is_some() {
            Severity::Warning
        } else {
            self.native_error()
        };
        self.push(Problem::new(severity, item.place(), message).about(name).hint(hint));
    }

    /// Whether a file says anything about a service.
    pub(super) fn is_defined(&self, name: &str) -> bool {
        let has =
            |section: &str| self.scene.tree.get(section).is_some_and(|map| map.get(name).is_some());
        has("services") || has("service_dependencies")
    }
}

fn layer_ids(tree: &Node) -> IndexSet<&str> {
    let layers = tree.get("layers").and_then(Node::as_map);
    layers.into_iter().flat_map(Map::iter).map(|(id, ..)| id).collect()
}

pub(crate) fn with_hint(problem: Problem, hint: Option<String>) -> Problem {
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// Where the entries of a section are, by name.
pub(super) fn places<'t>(tree: &'t Node, section: &str) -> HashMap<&'t str, &'t Node> {
    let map = tree.get(section).and_then(Node::as_map);
    map.into_iter().flat_map(Map::iter).map(|(name, _, node)| (name, node)).collect()
}

/// Layers and categories under construction.
pub(super) type Layers = IndexMap<LayerId, Layer>;
pub(super) type Categories = IndexMap<CategoryName, Arc<Category>>;

/// The place of a field of a layer, else of the layer, else of the tree.
pub(super) fn layer_place(tree: &Node, id: &str, field: &str) -> Place {
    let layer = tree.get("layers").and_then(|layers| layers.get(id));
    let node = layer.map(|layer| layer.get(field).unwrap_or(layer)).unwrap_or(tree);
    node.place().clone()
}
