//! What a run tests, and on how large a machine: asks Git for the commit, the branch and whether
//! files were changed. It relies on `git` on the `PATH` of the project; where there is none, or it
//! does not answer in time, the run goes on and knows nothing of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use apex_core::event::{Checkout, Setting};
use tokio::process::Command;
use tokio::time::timeout;

use crate::machine::{self, Machine};

/// How long Git may take for one answer: a run must not wait for a slow disk.
const PATIENCE: Duration = Duration::from_millis(500);

/// The setting of a run in a folder.
pub(crate) async fn of(root: &Path, variables: &BTreeMap<String, String>) -> Setting {
    Setting { checkout: checkout(root, variables).await, cores: machine::cores() }
}

/// What is checked out in a folder, where something is and Git answers. One question, since starting Git costs more than what
/// it does in most repositories; only where it is too much for Git, the names alone are asked for.
pub async fn checkout(root: &Path, variables: &BTreeMap<String, String>) -> Option<Checkout> {
    if !may_be_repository(root, variables) {
        return None;
    }
    let git = Machine { variables, folder: root }.lookup("git")?;
    let ask = |arguments| answer(&git, root, variables, arguments);
    // New files that Git does not ignore may be tests, or change what tests do.
    let status = ask(&[
        "status",
        "--porcelain=v2",
        "--branch",
        "--no-ahead-behind",
        "--untracked-files=normal",
        "--",
        ".",
    ]);
    if let Some(status) = status.await {
        return of_status(&status);
    }
    let names = ask(&["rev-parse", "HEAD", "--abbrev-ref", "HEAD"]).await?;
    let (commit, branch) = names.trim_end().split_once('\n')?;
    Some(Checkout {
        commit: commit.into(),
        // What Git answers when no branch is checked out.
        branch: (branch != "HEAD").then(|| branch.into()),
        is_changed: None,
    })
}

/// Whether Git would find a repository: it looks for `.git` upwards, unless it is told where.
fn may_be_repository(root: &Path, variables: &BTreeMap<String, String>) -> bool {
    let is_told = variables.contains_key("GIT_DIR");
    // Git looks from where it really is, whatever links lead there.
    is_told
        || root
            .canonicalize()
            .is_ok_and(|root| root.ancestors().any(|folder| folder.join(".git").exists()))
}

/// Reads version 2 of the short status: lines of the branch begin with `#`, all others are files
/// that differ from the commit. Nothing before the first commit.
fn of_status(status: &str) -> Option<Checkout> {
    let of_branch = |name: &str| {
        let mut lines = status.lines();
        lines.find_map(|line| line.strip_prefix("# branch.")?.strip_prefix(name))
    };
    let commit = of_branch("oid ").filter(|commit| *commit != "(initial)")?;
    let branch = of_branch("head ").filter(|branch| *branch != "(detached)");
    Some(Checkout {
        commit: commit.into(),
        branch: branch.map(Into::into),
        is_changed: Some(status.lines().any(|line| !line.starts_with('#'))),
    })
}

/// What Git answers on standard output; nothing when it fails or takes too long.
async fn answer(
    git: &Path,
    root: &Path,
    variables: &BTreeMap<String, String>,
    arguments: &[&str],
) -> Option<String> {
    let mut git = Command::new(git);
    git.arg("-C")
        .arg(root)
        .args(arguments)
        .env_clear()
        .envs(variables)
        // Looking must not write, not even a fresher index.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(PATIENCE, git.output()).await.ok()?.ok()?;
    output.status.success().then_some(())?;
    String::from_utf8(output.stdout).ok()
}
