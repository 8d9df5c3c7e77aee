//! The rules that find the tests of one category in one project, in their order.

use std::collections::BTreeSet;

use apex_config::model::{CommandLine, RunnerKind};
use apex_core::plan::Work;

use super::cargo_project::CargoProject;
use super::conventions::Conventions;
use super::inventory::relative;
use super::node_project::NodeProject;
use super::ownership::Claim;
use super::python_project::PythonProject;
use super::shards::{Found, by_arguments, compact, tests};
use super::words::markers;

impl Conventions<'_> {
    pub(super) fn in_python(&self, project: &PythonProject, category: &str) -> Option<Found> {
        let runner = self.python_runner(&project.folder);
        let placed = self.owned(&project.files, category, false);
        if category != "unit" {
            if let Some((files, reason)) = placed {
                return Some(python_found(runner, project, &files, None, &reason));
            }
            if let Some(marker) = self.marker(project, runner, category) {
                let reason = format!("marker {marker}");
                return Some(python_found(runner, project, &project.files, Some(marker), &reason));
            }
            let (files, reason) = self.owned(&project.files, category, true)?;
            let found = python_found(runner, project, &files, None, &reason);
            return Some(Found { by_name: true, ..found });
        }
        let (files, reason) = self.home_files(&project.files, "unit")?;
        let others: Vec<&str> = self
            .known
            .iter()
            .map(String::as_str)
            .filter(|other| *other != "unit" && runner == RunnerKind::Pytest)
            .filter(|other| project.registered.contains(*other))
            .filter(|other| self.owned(&project.files, other, false).is_none())
            .collect();
        let markers = (!others.is_empty()).then(|| format!("not ({})", others.join(" or ")));
        Some(python_found(runner, project, &files, markers, &reason))
    }

    fn marker(
        &self,
        project: &PythonProject,
        runner: RunnerKind,
        category: &str,
    ) -> Option<String> {
        let mut candidates = markers(category).into_iter();
        candidates
            .find(|one| runner == RunnerKind::Pytest && project.has_marker(self.inventory, one))
    }

    /// Files that belong to a category by their folder, or by their name, with the reason.
    pub(super) fn owned(
        &self,
        files: &[String],
        category: &str,
        by_stem: bool,
    ) -> Option<(Vec<String>, String)> {
        let mut folders = BTreeSet::new();
        let mut mine = Vec::new();
        for path in files {
            let Some((owner, claim)) = self.ownership.owner(path) else { continue };
            if owner != category || by_stem != (claim == Claim::Stem) {
                continue;
            }
            mine.push(path.clone());
            folders.insert(match claim {
                Claim::Folder(folder) => format!("directory {folder}"),
                Claim::Project(folder) => format!("project folder {folder}"),
                Claim::Stem => format!("`{category}` in file names"),
            });
        }
        let reason = listed(&folders);
        (!mine.is_empty()).then_some((mine, reason))
    }

    /// Files that belong to a category by their folder; for unit also those of no folder.
    pub(super) fn placed(&self, files: &[String], category: &str) -> Option<(Vec<String>, String)> {
        if category != "unit" {
            return self.owned(files, category, false);
        }
        let is_free = |path: &&String| match self.ownership.owner(path) {
            Some((owner, Claim::Folder(_) | Claim::Project(_))) => owner == "unit",
            Some((_, Claim::Stem)) | None => true,
        };
        let mine: Vec<String> = files.iter().filter(is_free).cloned().collect();
        let reason = "tests that no other category claims".to_owned();
        (!mine.is_empty()).then_some((mine, reason))
    }

    /// Files of a category, and those that no category claims.
    pub(super) fn home_files(
        &self,
        files: &[String],
        category: &str,
    ) -> Option<(Vec<String>, String)> {
        let mut claimed = 0;
        let mut mine = Vec::new();
        for path in files {
            match self.ownership.owner(path) {
                Some((owner, _)) if owner == category => {
                    claimed += 1;
                    mine.push(path.clone());
                }
                None => mine.push(path.clone()),
                Some(_) => {}
            }
        }
        if mine.is_empty() {
            return None;
        }
        let named = self.owned(files, category, false).map(|(_, reason)| reason);
        let reason = match (named, mine.len() - claimed) {
            (Some(named), 0) => named,
            (Some(named), _) => format!("{named}, tests that no other category claims"),
            (None, _) => "tests that no other category claims".to_owned(),
        };
        Some((mine, reason))
    }

    pub(super) fn in_cargo(&self, project: &CargoProject, category: &str) -> Option<Found> {
        let owner = self.ownership.of_project(&project.folder);
        let is_whole = owner == Some(category);
        let targets: Vec<&String> = project
            .targets
            .iter()
            .filter(|target| {
                match self.ownership.of_target(target).filter(|name| *name != "unit") {
                    Some(owner) => owner == category,
                    None if is_whole => true,
                    None if category == "unit" => self.ownership.of_target(target) == Some("unit"),
                    None => category == "integration" && owner.is_none(),
                }
            })
            .collect();
        let takes_units = is_whole || (category == "unit" && owner.is_none());
        if is_whole
            && targets.len() == project.targets.len()
            && project.has_examples(self.inventory)
        {
            return Some(cargo_found(
                project,
                project.scope(),
                format!("project folder {}", project.folder),
            ));
        }
        let mut arguments = project.scope();
        let scope = arguments.len();
        if takes_units && project.has_library {
            arguments.push("--lib".to_owned());
        }
        if takes_units && project.has_binaries {
            arguments.push("--bins".to_owned());
        }
        for target in &targets {
            arguments.extend(["--test".to_owned(), (*target).clone()]);
        }
        if arguments.len() == scope {
            return None;
        }
        let reason = if is_whole {
            format!("project folder {}", project.folder)
        } else if takes_units {
            "unit tests of the cargo project".to_owned()
        } else {
            let names: Vec<&str> = targets.iter().map(|target| target.as_str()).collect();
            format!("cargo test target {}", names.join(", "))
        };
        let by_name = !is_whole && !takes_units && targets.iter().all(|target| *target != category);
        Some(Found { by_name, ..cargo_found(project, arguments, reason) })
    }

    pub(super) fn in_node(&self, project: &NodeProject, category: &str) -> Option<Found> {
        if let Some(script) = self.script(project, category) {
            let arguments = ["npm", "run", "--silent", script.as_str()].map(String::from).to_vec();
            let work = Work::Command {
                command: CommandLine::Arguments(arguments),
                discover: None,
                report: None,
            };
            return Some(found_in(
                RunnerKind::Command,
                &project.folder,
                work,
                &format!("npm script {script}"),
            ));
        }
        let placed = if category == project.home {
            self.home_files(&project.files, category)
        } else {
            self.owned(&project.files, category, false)
        };
        let by_name = placed.is_none();
        let (files, reason) = placed.or_else(|| self.owned(&project.files, category, true))?;
        let files = files.iter().map(|path| relative(path, &project.folder).to_owned()).collect();
        let found = found_in(project.runner, &project.folder, tests(files), &reason);
        Some(Found { by_name, ..found })
    }

    fn script(&self, project: &NodeProject, category: &str) -> Option<String> {
        let own = [format!("test:{category}"), format!("test:{}", category.replace('_', "-"))];
        let has = |name: &String| project.scripts.contains(name);
        if let Some(script) = own.into_iter().find(has) {
            return Some(script);
        }
        let is_frontend = category == "frontend" && project.files.is_empty();
        let general = ["test:fast", "test:unit", "test"].map(String::from);
        general.into_iter().find(|name| is_frontend && has(name))
    }
}

pub(super) fn found_in(runner: RunnerKind, folder: &str, work: Work, reason: &str) -> Found {
    Found { runner, folder: folder.to_owned(), work, reason: reason.to_owned(), by_name: false }
}

fn cargo_found(project: &CargoProject, arguments: Vec<String>, reason: String) -> Found {
    found_in(RunnerKind::Cargo, &project.folder, by_arguments(arguments), &reason)
}

fn python_found(
    runner: RunnerKind,
    project: &PythonProject,
    files: &[String],
    markers: Option<String>,
    reason: &str,
) -> Found {
    let inside = |files: &[String]| -> Vec<String> {
        files.iter().map(|path| relative(path, &project.folder).to_owned()).collect()
    };
    let mut work = tests(compact(&inside(files), &inside(&project.files)));
    if let Work::Tests { markers: wanted, .. } = &mut work {
        *wanted = markers;
    }
    found_in(runner, &project.folder, work, reason)
}

/// The first few of many reasons.
fn listed(reasons: &BTreeSet<String>) -> String {
    const SHOWN: usize = 3;
    let shown = reasons.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match reasons.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
