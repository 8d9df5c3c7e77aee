//! Projects that exist for one test, and Apex run in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::apex::apex;
use crate::watchdog::{Finished, finish_within};

/// No call in these projects takes near as long; the limit only catches what never ends.
pub const LIMIT: Duration = Duration::from_secs(180);

/// A project folder, removed when dropped.
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// A project with these files: paths relative to its root, and texts.
    ///
    /// # Panics
    /// When a file cannot be written; so do the other methods.
    #[must_use]
    pub fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// A copy of a folder of this repository, without what runs and builds leave behind.
    #[must_use]
    pub fn copy_of(folder: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
        let project = Self::new(&[]);
        copy(&root, project.root());
        project
    }

    /// Its root.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, making its folders.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders");
        fs::write(path, text).expect("a file of the project");
    }

    /// A file's text.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        let path = self.root().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A call of Apex in the root.
    #[must_use]
    pub fn apex(&self, arguments: &[&str]) -> Command {
        let mut command = apex();
        command.args(arguments).current_dir(self.root());
        command
    }

    /// Runs Apex in the root to its end.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Finished {
        finish(self.apex(arguments))
    }

    /// The folders of the recorded runs, oldest first.
    #[must_use]
    pub fn runs(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.root().join(".apex/runs")).into_iter().flatten();
        let mut runs: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        runs.sort();
        runs
    }

    /// The folder of the latest run.
    #[must_use]
    pub fn last_run(&self) -> PathBuf {
        self.runs().pop().expect("a run was recorded")
    }

    /// The JUnit report of the latest run.
    #[must_use]
    pub fn junit(&self) -> String {
        fs::read_to_string(self.last_run().join("junit.xml")).expect("a JUnit report")
    }
}

/// Runs a call to its end.
///
/// # Panics
/// When it does not end.
#[must_use]
pub fn finish(command: Command) -> Finished {
    let line = format!("{command:?}");
    finish_within(command, LIMIT).unwrap_or_else(|| panic!("not done in {LIMIT:?}: {line}"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder of this repository") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if [".apex", "target", "__pycache__", ".pytest_cache"].iter().any(|skip| name == *skip) {
            continue;
        }
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).expect("a copy");
        }
    }
}
