//! Go: `go test -json`, packages as batches, the list of tests first.
//!
//! The list is the build: `go test -list` compiles and vets every package, names its tests, and
//! tells what does not compile, before any test runs. Go keeps such lists in its own cache. The
//! tests themselves are never taken from that cache (`-count=1`): what Apex calls passed has run.
//! Go's own time limit is off (`-timeout=0`), so that ours ends a test and names it.

mod build;
mod conclude;
mod death;
mod ends;
mod event;
mod message;
mod pattern;
mod scene;
mod session;
mod work;

use apex_core::plan::JobSpec;

use self::session::{GoSession, Settings};
use super::context::{Purpose, SessionContext, TestSelection};
use super::session::Session;

/// What begins the names of functions that `go test` runs by themselves.
const LISTED: &str = "^(Test|Example|Fuzz)";

/// One attempt.
pub(crate) fn session(context: &SessionContext<'_>, purpose: Purpose) -> Box<dyn Session> {
    let selection = TestSelection::of(&context.spec.work);
    Box::new(GoSession::new(Settings {
        go: context.tools.go.clone(),
        folder: context.spec.working_directory.to_string(),
        packages: packages(selection.paths),
        arguments: selection.arguments.to_vec(),
        purpose,
        shard: context.spec.shard,
        only: context.only.map(|ids| ids.iter().cloned().collect()),
    }))
}

/// The arguments that select, for people.
pub(crate) fn described(spec: &JobSpec) -> Vec<String> {
    let selection = TestSelection::of(&spec.work);
    selection.arguments.iter().cloned().chain(packages(selection.paths)).collect()
}

/// Paths of a job as patterns of packages: a file stands for its package.
fn packages(paths: &[String]) -> Vec<String> {
    if paths.is_empty() {
        return vec!["./...".to_owned()];
    }
    let mut packages: Vec<String> = Vec::new();
    for path in paths {
        let folder = match path.rsplit_once('/') {
            _ if !path.ends_with(".go") => path.as_str(),
            Some((folder, _)) => folder,
            None => ".",
        };
        let package = if folder == "." || folder.starts_with("./") {
            folder.to_owned()
        } else {
            format!("./{folder}")
        };
        if !packages.contains(&package) {
            packages.push(package);
        }
    }
    packages
}
