//! Whether a project is still what an earlier run tested.
//!
//! Asks Git for the files that differ from the commit of that run. One that differed then as well
//! counts only when it was written since. New files that Git does not know do not count: tests
//! leave many. Where there is no Git, the layer file and the files that the plan names are looked
//! at, and nothing else can be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apex_core::Plan;
use apex_core::event::Checkout;
use apex_core::plan::Work;

use super::git::Git;

/// What an earlier run tested, and where its project is now.
#[derive(Clone, Copy, Debug)]
pub struct Earlier<'a> {
    /// The root of the project.
    pub root: &'a Path,
    /// Its layer file.
    pub file: Option<&'a Path>,
    /// The environment of Git.
    pub variables: &'a BTreeMap<String, String>,
    /// What was checked out then.
    pub checkout: Option<&'a Checkout>,
    /// When the run began, milliseconds since 1970-01-01 UTC.
    pub began: u64,
}

impl Earlier<'_> {
    /// By what the project differs from what was tested, for people; none when it does not.
    #[must_use]
    pub fn difference(&self, plan: &Plan) -> Option<String> {
        match self.checkout {
            Some(checkout) => self.by_commit(checkout),
            None => {
                let named = plan.jobs.iter().flat_map(|job| match &job.spec.work {
                    Work::Tests { paths, .. } => paths
                        .iter()
                        .map(|path| file_of(self.root, &job.spec.working_directory, path))
                        .collect(),
                    Work::Command { .. } => Vec::new(),
                });
                let mut files = self.file.map(Path::to_owned).into_iter().chain(named);
                files.find(|file| file.is_file() && self.is_newer(file)).map(|file| changed(&file))
            }
        }
    }

    fn by_commit(&self, checkout: &Checkout) -> Option<String> {
        let git = Git { root: self.root, variables: self.variables };
        let differ = match git.differ_from(&checkout.commit) {
            Ok(differ) => differ,
            Err(error) => return Some(error.to_string()),
        };
        let was_clean = checkout.is_changed == Some(false);
        let is_other = |path: &&String| was_clean || self.is_newer(&self.root.join(path));
        differ.iter().find(is_other).map(|path| changed(Path::new(path)))
    }

    /// Whether a file was written since the run began, or is gone.
    fn is_newer(&self, file: &Path) -> bool {
        let began: SystemTime = UNIX_EPOCH + Duration::from_millis(self.began);
        let written = fs::metadata(file).and_then(|file| file.modified());
        written.map_or(true, |written| written > began)
    }
}

fn file_of(root: &Path, directory: &str, path: &str) -> PathBuf {
    let file = path.split_once("::").map_or(path, |(file, _)| file);
    root.join(directory).join(file)
}

fn changed(file: &Path) -> String {
    format!("`{}` changed", file.display())
}
