//! All sources become one tree: which environment holds, which built-in layers count, and what
//! beats what.
//!
//! It works on texts that somebody else has read, so it is as pure as the rest.

use std::collections::BTreeMap;

use crate::compose::ReadFile;
use crate::dialect::main_environment;
use crate::environment;
use crate::model::{Config, Dialect, EnvironmentName};
use crate::node::Node;
use crate::overlay::{Overlay, merge};
use crate::parts::{Parts, Reading, source};
use crate::place::SourceKind;
use crate::problem::{self, Problem, Severity};
use crate::resolve::{self, Scene, resolve};
use crate::shape::{self, Manners};
use crate::variables::Variables;
use crate::yaml;

/// A text with the name under which people know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The path as it is shown, relative to the project root.
    pub label: String,
    /// The bytes as they were read.
    pub bytes: Vec<u8>,
}

impl Document {
    /// A document of that text.
    #[must_use]
    pub fn new(label: &str, text: &str) -> Self {
        Self { label: label.to_owned(), bytes: text.as_bytes().to_vec() }
    }
}

/// The texts that a configuration is made from. All may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Documents {
    /// The layer file; without one the built-in layers hold.
    pub layer_file: Option<Document>,
    /// Category files; later ones beat earlier ones, the layer file beats them all.
    pub categories: Vec<Document>,
    /// `execution.yaml`.
    pub execution: Option<Document>,
    /// `services.yaml`.
    pub services: Option<Document>,
    /// `quarantine.yaml`.
    pub quarantine: Option<Document>,
    /// `environments/<name>.yaml` by that name.
    pub environments: Vec<(String, Document)>,
    /// `.env` files, later ones beat earlier ones; a name binds one to that environment.
    pub variables: Vec<(Option<String>, Document)>,
}

/// What surrounds the texts.
#[derive(Clone, Debug)]
pub struct Surroundings<'a> {
    /// The environment that was asked for.
    pub environment: Option<&'a str>,
    /// The process environment.
    pub variables: &'a BTreeMap<String, String>,
    /// The day it is (`2025-01-31`), by which entries expire; without it none does.
    pub today: Option<&'a str>,
    /// What flags set, see [`Overlay::with_flag`].
    pub flags: Overlay,
}

/// A configuration that can be used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Resolved {
    /// The checked value.
    pub config: Config,
    /// All sources merged, every value with who set it; see [`crate::show`].
    pub tree: Node,
    /// Warnings and notes, sorted by place.
    pub notes: Vec<Problem>,
}

/// Why a configuration is refused: everything that is wrong with it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the configuration has {}; the first: {}", self.count(), self.first())]
pub struct LoadFailure {
    /// Errors, warnings and notes, sorted by place; at least one error.
    pub problems: Vec<Problem>,
}

impl LoadFailure {
    fn count(&self) -> String {
        let is_error = |problem: &&Problem| problem.severity == Severity::Error;
        match self.problems.iter().filter(is_error).count() {
            1 => "a mistake".to_owned(),
            count => format!("{count} mistakes"),
        }
    }

    fn first(&self) -> String {
        let error = self.problems.iter().find(|problem| problem.severity == Severity::Error);
        error.map(ToString::to_string).unwrap_or_default()
    }
}

/// Makes a configuration from texts.
///
/// ```
/// use apex_config::{Document, Documents, Overlay, Surroundings, load_documents};
/// let mut documents = Documents::default();
/// documents.layer_file = Some(Document::new(
///     "apex.yaml",
///     "apex: 1\nlayers: {quick: {categories: [{name: unit}]}}",
/// ));
/// let variables = Default::default();
/// let surroundings =
///     Surroundings { environment: None, variables: &variables, today: None, flags: Overlay::flags() };
/// let resolved = load_documents(&documents, surroundings)?;
/// assert_eq!(resolved.config.layers.len(), 1);
/// # Ok::<(), apex_config::LoadFailure>(())
/// ```
///
/// # Errors
/// [`LoadFailure`] with all problems when one of them is an error.
pub fn load_documents(
    documents: &Documents,
    surroundings: Surroundings<'_>,
) -> Result<Resolved, LoadFailure> {
    let mut problems = Vec::new();
    let resolved = combined(documents, surroundings, &mut problems);
    problem::sort(&mut problems);
    let is_error = problems.iter().any(|problem| problem.severity == Severity::Error);
    match resolved {
        Some((config, tree)) if !is_error => Ok(Resolved { config, tree, notes: problems }),
        _ => Err(LoadFailure { problems }),
    }
}

/// Where compose files are read, and with which variables.
#[derive(Clone, Copy)]
pub struct ComposeFiles<'a> {
    /// The process environment.
    pub variables: &'a BTreeMap<String, String>,
    /// Reads files relative to the project root.
    pub read: &'a ReadFile<'a>,
}

/// Puts services of compose files in the place of the names that the layer file has for them,
/// with everything that they depend on in their files.
///
/// # Errors
/// [`LoadFailure`] with all problems when one of them is an error.
pub fn bring_in_composed(
    resolved: &mut Resolved,
    files: &ComposeFiles<'_>,
) -> Result<(), LoadFailure> {
    let mut problems = std::mem::take(&mut resolved.notes);
    resolve::compose::bring_in(&mut resolved.config, &resolved.tree, files, &mut problems);
    problem::sort(&mut problems);
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(LoadFailure { problems });
    }
    resolved.notes = problems;
    Ok(())
}

fn combined(
    documents: &Documents,
    surroundings: Surroundings<'_>,
    problems: &mut Vec<Problem>,
) -> Option<(Config, Node)> {
    let mut reading = Reading { dialect: Dialect::BuiltIn, problems };
    let parts = Parts::read(&mut reading, documents)?;
    let dialect = reading.dialect;
    let mut variables = variables(documents, None, surroundings.variables, problems);
    let (tree, files) = parts.base(problems);
    let environment = environment::choose(&tree, &files, &surroundings, &variables, problems);
    if documents.variables.iter().any(|(bound, _)| bound.is_some()) {
        // The file of the environment is only known now; its problems were not seen before, those
        // of the other files were.
        let mut again = Vec::new();
        variables =
            self::variables(documents, Some(&environment), surroundings.variables, &mut again);
        again.retain(|problem| !problems.contains(problem));
        problems.append(&mut again);
    }
    let tree = environment::apply(tree, files, &environment, problems);
    let today = surroundings.today;
    let over = over(&tree, &variables, surroundings.flags, problems);
    let tree = merge(tree, over.root);
    let environment = EnvironmentName::new(&environment).ok()?;
    let scene = Scene { tree: &tree, dialect, environment, variables: &variables, today };
    let config = resolve(&scene, problems);
    Some((config, tree))
}

/// Variables and flags as one overlay.
fn over(
    tree: &Node,
    variables: &Variables,
    flags: Overlay,
    problems: &mut Vec<Problem>,
) -> Overlay {
    let names: Vec<&str> = ["categories", "supplementary"]
        .iter()
        .filter_map(|section| tree.get(section)?.as_map())
        .flat_map(|map| map.iter().map(|(name, ..)| name))
        .collect();
    let set = variables.overlay(&names, problems);
    let flags = flags.expanded(tree);
    for overlay in [&set, &flags] {
        shape::check(overlay.root(), &shape::FILE, "", Manners::Older, problems);
    }
    set.merged(flags)
}

fn variables(
    documents: &Documents,
    environment: Option<&str>,
    process: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Variables {
    let mut variables = Variables::default();
    for (bound, document) in &documents.variables {
        if bound.is_some() && bound.as_deref().map(main_environment) != environment {
            continue;
        }
        let source = source(SourceKind::DotEnv, document);
        match yaml::decode(&document.bytes, &source) {
            Ok(text) => variables.add_file(text, &source, problems),
            Err(problem) => problems.push(*problem),
        }
    }
    variables.add_process(process);
    variables
}
