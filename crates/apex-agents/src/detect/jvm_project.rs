//! Builds of Maven and Gradle and the test classes in them.

use apex_config::model::RunnerKind;

use super::conventions::Conventions;
use super::inventory::{Inventory, Language, is_below, relative};
use super::rules::found_in;
use super::shards::{Found, tests};

/// Files that mark a build of Gradle.
const GRADLE: [&str; 4] =
    ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"];

/// A build: its outermost folder, which holds the modules.
#[derive(Clone, Debug)]
pub(super) struct JvmProject {
    pub(super) folder: String,
    pub(super) runner: RunnerKind,
    /// Test classes, relative to the root.
    files: Vec<String>,
}

impl JvmProject {
    /// The builds of a tree that have tests. A folder with both belongs to Gradle only where it
    /// has no `pom.xml`.
    pub(super) fn all(inventory: &Inventory) -> Vec<Self> {
        let maven = inventory.marked("pom.xml").iter().map(|folder| (folder, RunnerKind::Maven));
        let gradle = GRADLE.iter().flat_map(|name| inventory.marked(name));
        let mut builds: Vec<(&String, RunnerKind)> =
            maven.chain(gradle.map(|folder| (folder, RunnerKind::Gradle))).collect();
        builds.sort();
        let mut projects: Vec<Self> = Vec::new();
        for (folder, runner) in builds {
            if !projects.iter().any(|outer| is_below(folder, &outer.folder)) {
                projects.push(Self { folder: folder.clone(), runner, files: Vec::new() });
            }
        }
        for path in inventory.tests_in(Language::Jvm) {
            if let Some(one) = projects.iter_mut().find(|one| is_below(path, &one.folder)) {
                one.files.push(path.to_owned());
            }
        }
        projects.retain(|project| !project.files.is_empty());
        projects
    }

    /// Some of its files, relative to its folder; nothing for all of them.
    pub(super) fn classes(&self, files: &[String]) -> Vec<String> {
        if files.len() == self.files.len() {
            return Vec::new();
        }
        files.iter().map(|file| relative(file, &self.folder).to_owned()).collect()
    }
}

impl Conventions<'_> {
    pub(super) fn in_jvm(&self, project: &JvmProject, category: &str) -> Option<Found> {
        let (files, reason) = self.placed(&project.files, category)?;
        let classes = project.classes(&files);
        Some(found_in(project.runner, &project.folder, tests(classes), &reason))
    }
}
