//! Loads the configuration of a project from disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::combine::{ComposeFiles, LoadFailure, Surroundings, bring_in_composed, load_documents};
use crate::discover::{Search, find, text_of};
use crate::model::Config;
use crate::node::Node;
use crate::overlay::Overlay;
use crate::problem::Problem;

/// What to load.
#[derive(Clone, Debug)]
pub struct LoadRequest<'a> {
    /// The project root, when it was named.
    pub project: Option<&'a Path>,
    /// The folder from which everything is searched; absolute.
    pub start: &'a Path,
    /// The layer file, when it was named; relative to [`LoadRequest::start`].
    pub config: Option<&'a Path>,
    /// The environment, when it was named.
    pub environment: Option<&'a str>,
    /// The process environment.
    pub variables: &'a BTreeMap<String, String>,
    /// The day it is (`2025-01-31`), by which entries of the quarantine expire; without it none
    /// does.
    pub today: Option<&'a str>,
    /// What flags set, see [`Overlay::with_flag`].
    pub flags: Overlay,
}

/// A loaded configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The checked value.
    pub config: Config,
    /// The project root.
    pub root: PathBuf,
    /// The layer file; none when the built-in layers hold.
    pub file: Option<PathBuf>,
    /// All sources merged, every value with who set it; see [`crate::show`].
    pub tree: Node,
    /// Warnings and notes, sorted by place.
    pub notes: Vec<Problem>,
}

/// Finds, reads, merges and checks the configuration of a project.
///
/// # Errors
/// [`LoadFailure`] with all problems when one of them is an error.
pub fn load(request: &LoadRequest<'_>) -> Result<Loaded, LoadFailure> {
    let search = Search {
        project: request.project,
        start: request.start,
        config: request.config,
        variables: request.variables,
    };
    let found = find(&search).map_err(|problem| LoadFailure { problems: vec![*problem] })?;
    let surroundings = Surroundings {
        environment: request.environment,
        variables: request.variables,
        today: request.today,
        flags: request.flags.clone(),
    };
    let mut resolved = load_documents(&found.documents, surroundings)?;
    let root = &found.root;
    let files = ComposeFiles {
        variables: request.variables,
        read: &|path| text_of(&root.join(path), root),
    };
    bring_in_composed(&mut resolved, &files)?;
    Ok(Loaded {
        config: resolved.config,
        root: found.root,
        file: found.file,
        tree: resolved.tree,
        notes: resolved.notes,
    })
}
