//! The files of a configuration as overlays, and what of them holds in every environment.
//!
//! It knows which file may say what without its key; it does not choose the environment.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::builtin;
use crate::combine::{Document, Documents};
use crate::dialect::{self, main_environment, main_layer};
use crate::model::Dialect;
use crate::node::{Map, Node, Scalar, Value};
use crate::overlay::{Overlay, merge, nest};
use crate::place::{Place, Source, SourceKind};
use crate::problem::Problem;
use crate::shape::{self, Manners};
use crate::yaml;

/// The source that a document is.
pub(crate) fn source(kind: SourceKind, document: &Document) -> Arc<Source> {
    Arc::new(Source { kind, label: document.label.clone() })
}

/// Reads files one by one, with the manners of the layer file.
pub(crate) struct Reading<'p> {
    pub(crate) dialect: Dialect,
    pub(crate) problems: &'p mut Vec<Problem>,
}

impl Reading<'_> {
    /// A file as a tree with the top level of a layer file; `section` is the key that a file
    /// without it stands for.
    fn file(&mut self, document: &Document, section: Option<&[&str]>) -> Option<Node> {
        let source = source(SourceKind::File, document);
        let text = match yaml::decode(&document.bytes, &source) {
            Ok(text) => text,
            Err(problem) => {
                self.problems.push(*problem);
                return None;
            }
        };
        let mut node = yaml::parse(text, &source, self.problems).or_else(|| {
            let is_silent = self.problems.iter().all(|problem| *problem.place.source() != *source);
            is_silent.then(|| Node::new(Scalar::plain(""), &Place::new(&source, 1, 1)))
        })?;
        if node.as_map().is_none() {
            self.refuse_root(&node);
            return None;
        }
        if let Some([first, ..]) = section
            && section.is_some_and(|known| known.iter().all(|key| node.get(key).is_none()))
        {
            node = nest(&[first], node);
        }
        Some(node)
    }

    fn refuse_root(&mut self, node: &Node) {
        let problem = if node.is_null() {
            Problem::error(&node.place, "the file is empty")
                .hint("remove it, or write at least `layers:` with one layer")
        } else {
            Problem::error(&node.place, "the file is not a map of names and values")
                .about(node.summary())
                .hint("it begins with names such as `layers:`")
        };
        self.problems.push(problem);
    }

    /// Brings a tree into the present form and checks it.
    fn finished(&mut self, mut node: Node) -> Overlay {
        dialect::modernise(&mut node, self.problems);
        let manners = match self.dialect {
            Dialect::Native => Manners::Native,
            Dialect::Compatible | Dialect::BuiltIn => Manners::Older,
        };
        shape::check(&node, &shape::FILE, "", manners, self.problems);
        dialect::apply_category_defaults(&mut node);
        Overlay::from_node(node)
    }
}

/// Files of environments by the main names of these.
pub(crate) type EnvironmentFiles = BTreeMap<String, Overlay>;

/// The files as overlays.
pub(crate) struct Parts {
    layer_file: Option<Overlay>,
    categories: Vec<Overlay>,
    execution: Option<Overlay>,
    services: Option<Overlay>,
    quarantine: Option<Overlay>,
    environments: EnvironmentFiles,
}

impl Parts {
    /// Nothing when a file could not be read as YAML: what others say about it would mislead.
    pub(crate) fn read(reading: &mut Reading<'_>, documents: &Documents) -> Option<Self> {
        let layer_file = documents.layer_file.as_ref().map(|document| reading.file(document, None));
        if let Some(Some(node)) = &layer_file {
            reading.dialect = dialect::of(node);
        }
        let categories: Vec<_> = documents
            .categories
            .iter()
            .map(|document| reading.file(document, Some(CATEGORY_KEYS)))
            .collect();
        let execution = documents.execution.as_ref();
        let execution = execution.map(|document| reading.file(document, Some(EXECUTION_KEYS)));
        let services = documents.services.as_ref();
        let services = services.map(|document| reading.file(document, Some(SERVICE_KEYS)));
        let quarantine = documents.quarantine.as_ref();
        let quarantine = quarantine.map(|document| reading.file(document, Some(QUARANTINE_KEYS)));
        let environments = documents.environments.iter();
        let environments: Vec<_> = environments
            .map(|(name, document)| {
                (main_environment(name).to_owned(), reading.file(document, None))
            })
            .collect();
        Some(Self {
            layer_file: done(reading, layer_file)?,
            categories: categories
                .into_iter()
                .map(|node| node.map(|node| reading.finished(node)))
                .collect::<Option<_>>()?,
            execution: done(reading, execution)?,
            services: done(reading, services)?,
            quarantine: done(reading, quarantine)?,
            environments: environments
                .into_iter()
                .map(|(name, node)| node.map(|node| (name, reading.finished(node))))
                .collect::<Option<_>>()?,
        })
    }

    /// Built-in layers and categories below everything that holds in every environment.
    /// Gives the files of environments besides.
    pub(crate) fn base(self, problems: &mut Vec<Problem>) -> (Node, EnvironmentFiles) {
        let mut tree = builtin::categories(problems);
        tree.as_map_mut().map(|map| map.remove("schema"));
        for overlay in self.categories {
            tree = merge(tree, overlay.root);
        }
        match self.layer_file {
            None => tree = merge(tree, builtin_defaults(problems)),
            // A file that speaks of other things only leaves the layers as they are.
            Some(file) if file.root.get("layers").is_none() => {
                tree = merge(merge(tree, builtin_defaults(problems)), file.root);
            }
            Some(file) => {
                let order = positions(&file.root);
                tree = merge(tree, standard_layers(&file.root, problems));
                tree = merge(tree, file.root);
                sort_layers(&mut tree, &order);
            }
        }
        for overlay in [self.execution, self.services, self.quarantine].into_iter().flatten() {
            tree = merge(tree, overlay.root);
        }
        (tree, self.environments)
    }
}

const CATEGORY_KEYS: &[&str] = &[
    "categories",
    "supplementary",
    "sets",
    "defaults",
    "rollup_categories",
    "legacy_mapping",
    "schema",
];
const EXECUTION_KEYS: &[&str] = &["execution", "execution_config"];
const QUARANTINE_KEYS: &[&str] = &["quarantine"];
const SERVICE_KEYS: &[&str] = &["services", "service_dependencies"];

fn done(reading: &mut Reading<'_>, node: Option<Option<Node>>) -> Option<Option<Overlay>> {
    match node {
        None => Some(None),
        Some(None) => None,
        Some(Some(node)) => Some(Some(reading.finished(node))),
    }
}

/// The built-in layers as they hold without a file.
fn builtin_defaults(problems: &mut Vec<Problem>) -> Node {
    let mut tree = builtin::layers(problems);
    if let Some(map) = tree.as_map_mut() {
        map.remove("apex");
        map.remove("metadata");
    }
    tree
}

/// For every standard layer that a file lists: its built-in fields but for its categories.
fn standard_layers(file: &Node, problems: &mut Vec<Problem>) -> Node {
    let built_in = builtin::layers(problems);
    let mut layers = Map::default();
    let listed = file.get("layers").and_then(Node::as_map);
    // A layer that the file leaves out does not exist, so nothing waits for it.
    let exists = |id: &str| {
        main_layer(id, |id| listed.is_some_and(|listed| listed.get(id).is_some())).is_some()
    };
    for (id, ..) in listed.into_iter().flat_map(Map::iter) {
        let known = built_in
            .get("layers")
            .and_then(|known| known.get(main_layer(id, |id| known.get(id).is_some())?));
        let Some(mut layer) = known.cloned() else { continue };
        if let Some(fields) = layer.as_map_mut() {
            fields.remove("categories");
            if let Some(Value::List(dependencies)) =
                fields.get_mut("dependencies").map(|n| &mut n.value)
            {
                dependencies.retain(|node| node.as_text().is_some_and(exists));
            }
        }
        layers.set(id, layer);
    }
    nest(&["layers"], Node::new(layers, built_in.place()))
}

/// Where the file lists its layers.
fn positions(file: &Node) -> HashMap<Arc<str>, usize> {
    let layers = file.get("layers").and_then(Node::as_map);
    let entries = layers.map_or(&[][..], |layers| &layers.entries);
    entries.iter().enumerate().map(|(index, entry)| (Arc::clone(&entry.key), index)).collect()
}

/// Layers in the order in which the file lists them: their positions are defaults of their order.
fn sort_layers(tree: &mut Node, order: &HashMap<Arc<str>, usize>) {
    let layers = tree.as_map_mut().and_then(|map| map.get_mut("layers")?.as_map_mut());
    if let Some(layers) = layers {
        layers.entries.sort_by_key(|entry| order.get(&entry.key).copied().unwrap_or(usize::MAX));
    }
}
