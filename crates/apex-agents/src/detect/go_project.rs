//! Modules of Go and the packages in them that have tests.

use apex_config::model::RunnerKind;

use super::conventions::Conventions;
use super::inventory::{Inventory, Language, is_below, relative};
use super::rules::found_in;
use super::shards::{Found, tests};

/// A module, or test files that no module holds.
#[derive(Clone, Debug, Default)]
pub(super) struct GoProject {
    pub(super) folder: String,
    /// Test files, relative to the root.
    files: Vec<String>,
}

impl GoProject {
    /// The modules of a tree that have tests.
    pub(super) fn all(inventory: &Inventory) -> Vec<Self> {
        let mut folders: Vec<&str> = vec![""];
        folders.extend(inventory.marked("go.mod").iter().map(String::as_str));
        folders.dedup();
        let mut projects: Vec<Self> = folders
            .iter()
            .map(|folder| Self { folder: (*folder).to_owned(), files: Vec::new() })
            .collect();
        for path in inventory.tests_in(Language::Go).filter(|path| !is_left_out(path)) {
            // The folders are in order, so that the last one that holds a file is the nearest.
            if let Some(at) = folders.iter().rposition(|folder| is_below(path, folder)) {
                projects[at].files.push(path.to_owned());
            }
        }
        projects.retain(|project| !project.files.is_empty());
        projects
    }

    /// The packages of some of its files; nothing for all of them.
    pub(super) fn packages(&self, files: &[String]) -> Vec<String> {
        if files.len() == self.files.len() {
            return Vec::new();
        }
        let folder_of = |file: &String| {
            let inside = relative(file, &self.folder);
            inside.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned()
        };
        let mut packages: Vec<String> = files.iter().map(folder_of).collect();
        packages.dedup();
        packages
    }
}

/// Whether `./...` leaves a file out: folders of data, of others' code, and hidden ones.
fn is_left_out(path: &str) -> bool {
    let mut folders = path.split('/').rev().skip(1);
    folders.any(|name| matches!(name, "testdata" | "vendor") || name.starts_with(['_', '.']))
}

impl Conventions<'_> {
    /// The packages of a category. A file cannot be run without the rest of its package, so that
    /// only its folder counts and not its name.
    pub(super) fn in_go(&self, project: &GoProject, category: &str) -> Option<Found> {
        let (files, reason) = self.placed(&project.files, category)?;
        let packages = project.packages(&files);
        Some(found_in(RunnerKind::Go, &project.folder, tests(packages), &reason))
    }
}
