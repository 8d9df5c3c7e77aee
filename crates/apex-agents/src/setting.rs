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

use crate::machine;

/// How long Git may take for one answer: a run must not wait for a slow disk.
const PATIENCE: Duration = Duration::from_millis(500);

/// The setting of a run in a folder.
pub(crate) async fn of(root: &Path, variables: &BTreeMap<String, String>) -> Setting {
    Setting { checkout: checkout(root, variables).await, cores: machine::cores() }
}

/// What is checked out. Two questions at once, because the second one may take too long in a
/// large repository.
async fn checkout(root: &Path, variables: &BTreeMap<String, String>) -> Option<Checkout> {
    let ask = |arguments| answer(root, variables, arguments);
    let (names, changes) = tokio::join!(
        ask(&["rev-parse", "HEAD", "--abbrev-ref", "HEAD"]),
        // New files that Git does not ignore may be tests, or change what tests do.
        ask(&["status", "--porcelain", "--untracked-files=normal", "--", "."]),
    );
    let names = names?;
    let (commit, branch) = names.trim_end().split_once('\n')?;
    Some(Checkout {
        commit: commit.into(),
        // What Git answers when no branch is checked out.
        branch: (branch != "HEAD").then(|| branch.into()),
        is_changed: changes.map(|changes| !changes.is_empty()),
    })
}

/// What Git answers on standard output; nothing when it fails or takes too long.
async fn answer(
    root: &Path,
    variables: &BTreeMap<String, String>,
    arguments: &[&str],
) -> Option<String> {
    let mut git = Command::new("git");
    git.args(arguments)
        .current_dir(root)
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
