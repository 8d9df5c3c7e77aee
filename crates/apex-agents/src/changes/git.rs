//! The questions that are asked of Git. Paths are relative to the project, with `/`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use apex_config::environment_variables::TARGET_BRANCHES;

/// Why Git gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no program `git`, or it could not be started.
    #[error("`git` could not be started: {0}")]
    Missing(#[source] std::io::Error),
    /// The project is in no repository that Git can read.
    #[error("the project is not in a Git repository: {0}")]
    NoRepository(String),
    /// The base names nothing.
    #[error("Git does not know `{base}`: {why}")]
    UnknownBase {
        /// What was asked for.
        base: String,
        /// What Git said.
        why: String,
    },
    /// Git failed otherwise.
    #[error("`git {question}` failed: {why}")]
    Failed {
        /// What was asked.
        question: String,
        /// What Git said.
        why: String,
    },
}

/// Git in a project.
pub(super) struct Git<'a> {
    pub(super) root: &'a Path,
    pub(super) variables: &'a BTreeMap<String, String>,
}

/// From where changes count.
pub(super) struct Base {
    /// For people.
    pub(super) shown: String,
    /// A commit.
    commit: String,
}

impl Git<'_> {
    /// The commit from which changes count; see [`super::look`].
    pub(super) fn base(&self, asked: Option<&str>) -> Result<Base, GitError> {
        self.ask(&["rev-parse", "--git-dir"]).map_err(|error| match error {
            GitError::Failed { why, .. } => GitError::NoRepository(why),
            other => other,
        })?;
        if let Some(name) = asked {
            return self.left(name).map_err(|error| match error {
                GitError::Failed { why, .. } => {
                    GitError::UnknownBase { base: name.to_owned(), why }
                }
                other => other,
            });
        }
        let named = TARGET_BRANCHES.iter().filter_map(|name| self.variables.get(*name));
        let named = named.filter(|branch| !branch.is_empty());
        let remote = named.flat_map(|branch| [format!("origin/{branch}"), branch.clone()]);
        let usual = ["origin/HEAD", "main", "master"].map(str::to_owned);
        for name in remote.chain(usual) {
            if let Ok(base) = self.left(&name) {
                return Ok(base);
            }
        }
        Ok(Base { shown: "the last commit".to_owned(), commit: self.head()? })
    }

    /// The commit that is checked out.
    pub(super) fn head(&self) -> Result<String, GitError> {
        Ok(self.ask(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// Where the current branch left another one.
    fn left(&self, name: &str) -> Result<Base, GitError> {
        let commit = format!("{name}^{{commit}}");
        self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        let base = self.ask(&["merge-base", "--end-of-options", name, "HEAD"])?;
        Ok(Base { shown: name.to_owned(), commit: base.trim().to_owned() })
    }

    /// Files that differ from those of the base or are new. A file that was renamed is two: both
    /// names may be inputs.
    pub(super) fn changed_since(&self, base: &Base) -> Result<Vec<String>, GitError> {
        let differ =
            self.ask(&["diff", "--name-only", "--no-renames", "--relative", "-z", &base.commit])?;
        let new = self.ask(&["ls-files", "--others", "--exclude-standard", "-z"])?;
        let mut files: Vec<String> = paths(&differ).chain(paths(&new)).collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// Files that Git knows and that differ from those of a commit.
    pub(super) fn differ_from(&self, commit: &str) -> Result<Vec<String>, GitError> {
        let options = ["diff", "--name-only", "--no-renames", "--relative", "-z", commit, "--"];
        Ok(paths(&self.ask(&options)?).collect())
    }

    /// Every file of the project that Git knows or does not ignore, in order.
    pub(super) fn files(&self) -> Result<Vec<String>, GitError> {
        let list = self.ask(&["ls-files", "--cached", "--others", "--exclude-standard", "-z"])?;
        let mut files: Vec<String> = paths(&list).collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    fn ask(&self, arguments: &[&str]) -> Result<String, GitError> {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.root)
            .env_clear()
            .envs(self.variables)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .stdin(Stdio::null())
            .output()
            .map_err(GitError::Missing)?;
        let Output { status, stdout, stderr } = output;
        if status.success() {
            return Ok(String::from_utf8_lossy(&stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&stderr);
        let why = said.lines().next().unwrap_or("it gave no reason").to_owned();
        Err(GitError::Failed { question: arguments.join(" "), why })
    }
}

fn paths(list: &str) -> impl Iterator<Item = String> {
    list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned)
}
