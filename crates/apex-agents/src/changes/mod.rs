//! What changed in a project, and what it means for the inputs of categories.
//!
//! Asks Git which files changed and reads the files that a category declares; what follows from
//! that is decided in `apex-core`. It writes nothing, not even a fresher index.

mod earlier;
mod git;
mod inputs;

use std::collections::BTreeMap;
use std::path::Path;

use apex_config::Config;
use apex_core::change::{self, Changes};
use apex_core::{History, Plan};

use crate::machine;

pub use earlier::Earlier;
pub use git::GitError;

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The configuration of the project.
    pub config: &'a Config,
    /// Its root folder.
    pub root: &'a Path,
    /// Its layer file, which concerns every category.
    pub file: Option<&'a Path>,
    /// The environment of Git.
    pub variables: &'a BTreeMap<String, String>,
    /// Since what, when that was said.
    pub base: Option<&'a str>,
}

/// Looks at what changed since a base, as far as it concerns the categories of a plan.
///
/// Without a base it is where the current branch left the main branch: what `GITHUB_BASE_REF` and
/// the like name, else `origin/HEAD`, `main` or `master`; without any of them the current commit.
/// Files that are changed and not committed count, as do new ones that Git does not ignore.
///
/// # Errors
/// When Git is missing, the project is in no repository, or the base is not known.
pub fn look(at: Look<'_>, plan: &Plan) -> Result<Changes, GitError> {
    let git = git::Git { root: at.root, variables: at.variables };
    let base = git.base(at.base)?;
    let changed = git.changed_since(&base)?;
    let files = u32::try_from(changed.len()).unwrap_or(u32::MAX);
    let present = git.files()?;
    let file = at.file.and_then(|file| file.strip_prefix(at.root).ok()).and_then(Path::to_str);
    let looked = inputs::Looked { root: at.root, file, changed: &changed, present: &present };
    let categories = plan.categories.iter().enumerate();
    let declared = categories.filter_map(|(position, planned)| {
        let inputs = &at.config.category(planned.name.as_str())?.recipe.inputs;
        let category = apex_core::CategoryIx::at(position);
        let state = looked.state(plan, category, inputs)?;
        Some((planned.name.clone(), state))
    });
    let inputs = declared.collect();
    Ok(Changes { since: base.shown, files, seed: seed(&git.head()?), inputs })
}

/// The files that changed since a base, or since what a pipeline says the change is meant for,
/// relative to the project.
///
/// # Errors
/// As [`look`].
pub fn files_since(
    root: &Path,
    variables: &BTreeMap<String, String>,
    base: Option<&str>,
) -> Result<Vec<String>, GitError> {
    let git = git::Git { root, variables };
    git.changed_since(&git.base(base)?)
}

/// The plan without the categories that no change concerns, but for a sample of so many percent
/// of them.
///
/// # Errors
/// As [`look`].
pub fn spare(at: Look<'_>, plan: Plan, history: &History, percent: u8) -> Result<Plan, GitError> {
    let changes = look(at, &plan)?;
    Ok(change::spare(plan, &changes, history, percent))
}

/// Another one every day and for every commit, so that every category is in the sample now and
/// then, and a plan says what the next run does.
fn seed(head: &str) -> u64 {
    let digest = blake3::hash(format!("{head} {}", machine::today()).as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest.as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}
