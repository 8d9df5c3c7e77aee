//! Finds the work of one category after the other: its recipe, else the conventions, in order.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use apex_config::model::RunnerKind;
use apex_core::plan::{JobSpec, Work, WorkError, WorkErrorKind};

use super::cargo_project::{CargoProject, join};
use super::filter;
use super::go_project::GoProject;
use super::inventory::{Inventory, Language, is_below, relative};
use super::jvm_project::JvmProject;
use super::node_project::NodeProject;
use super::ownership::Ownership;
use super::python_project::PythonProject;
use super::recipe;
use super::rules::found_in;
use super::shards::{Found, by_arguments, compact, jobs, tests};
use super::wanted::Wanted;
use crate::runners::tools::{self, Lookup};

/// What the conventions may ask the machine.
pub struct Host<'a> {
    /// Finds a program on `PATH`.
    pub lookup: Lookup<'a>,
    /// The value of `VIRTUAL_ENV`.
    pub virtual_env: Option<&'a str>,
    /// Whether this interpreter can import pytest; asked only when its folders do not tell.
    pub imports_pytest: &'a dyn Fn(&Path) -> bool,
}

/// The jobs of a category that says its command itself: nothing has to be looked for.
#[must_use]
pub fn jobs_of_command<'c>(category: impl Into<Wanted<'c>>) -> Option<Vec<JobSpec>> {
    let category = &category.into();
    Some(jobs(category, vec![recipe::command(category)?]))
}

/// Finds work in one inventory for one set of known categories.
pub struct Conventions<'a> {
    pub(super) inventory: &'a Inventory,
    host: Host<'a>,
    pub(super) known: Vec<String>,
    pub(super) ownership: Ownership,
    python: Vec<PythonProject>,
    cargo: Vec<CargoProject>,
    node: Vec<NodeProject>,
    go: Vec<GoProject>,
    jvm: Vec<JvmProject>,
    pytest: RefCell<HashMap<PathBuf, bool>>,
}

impl<'a> Conventions<'a> {
    /// Conventions for these categories: every one that Apex could be asked for, because a test
    /// that one of them claims is no unit test.
    #[must_use]
    pub fn new(inventory: &'a Inventory, known: &[&str], host: Host<'a>) -> Self {
        let python = PythonProject::all(inventory);
        let cargo = CargoProject::all(inventory);
        let node = NodeProject::all(inventory);
        let (go, jvm) = (GoProject::all(inventory), JvmProject::all(inventory));
        let folders = python
            .iter()
            .map(|one| &one.folder)
            .chain(node.iter().map(|one| &one.folder))
            .chain(go.iter().map(|one| &one.folder))
            .chain(jvm.iter().map(|one| &one.folder));
        let projects: BTreeSet<String> =
            folders.filter(|folder| !folder.is_empty()).cloned().collect();
        let known: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        let ownership = Ownership::new(known.clone(), projects);
        let pytest = RefCell::default();
        Self { inventory, host, known, ownership, python, cargo, node, go, jvm, pytest }
    }

    /// The jobs of a category.
    ///
    /// # Errors
    /// When no tests were found, a path of its recipe does not exist, or the tool for its tests
    /// is missing or not run by Apex.
    pub fn find<'c>(&self, category: impl Into<Wanted<'c>>) -> Result<Vec<JobSpec>, WorkError> {
        let category = &category.into();
        if let Some(jobs) = jobs_of_command(*category) {
            return Ok(jobs);
        }
        let found = if category.recipe.paths.is_empty() {
            self.by_convention(category)?
        } else {
            vec![self.by_paths(category)?]
        };
        let found = self.filtered(category, found);
        if found.is_empty() {
            return Err(self.nothing(category));
        }
        self.check_tools(&found)?;
        Ok(jobs(category, found))
    }

    fn by_paths(&self, category: &Wanted<'_>) -> Result<Found, WorkError> {
        let guessed = || recipe::runner_of(self.inventory, category);
        let runner = category.recipe.runner.or_else(guessed).unwrap_or(RunnerKind::Pytest);
        let mut found = recipe::paths(self.inventory, category, runner)?;
        if runner.runs_scripts() {
            self.move_into_project(category, &mut found);
        }
        if found.runner == RunnerKind::Pytest && category.recipe.runner.is_none() {
            found.runner = self.python_runner(&found.folder);
        }
        Ok(found)
    }

    /// Applies the rules in each project that the recipe does not exclude.
    fn by_convention(&self, category: &Wanted<'_>) -> Result<Vec<Found>, WorkError> {
        let runner = category.recipe.runner;
        let folder = recipe::folder(category);
        let name = category.name;
        let mut found: Vec<Found> = Vec::new();
        found.extend(self.node.iter().filter_map(|project| self.in_node(project, name)));
        found.extend(self.python.iter().filter_map(|project| self.in_python(project, name)));
        found.extend(self.cargo.iter().filter_map(|project| self.in_cargo(project, name)));
        found.extend(self.go.iter().filter_map(|project| self.in_go(project, name)));
        found.extend(self.jvm.iter().filter_map(|project| self.in_jvm(project, name)));
        found.retain(|one| is_below(&one.folder, &folder));
        if let Some(runner) = runner {
            found.retain(|one| is_same(one.runner, runner));
            found.iter_mut().for_each(|one| one.runner = runner);
            // Whoever makes up a name and says the runner means all its tests, unless a folder
            // or target of exactly that name says otherwise.
            found.retain(|one| !(category.is_own && one.by_name));
            if found.is_empty() {
                found = self.everything_of(runner, &folder);
            }
        }
        Ok(found)
    }

    /// All tests of a runner in a folder: what a recipe with a runner and nothing else means
    /// where no convention says more.
    fn everything_of(&self, runner: RunnerKind, folder: &str) -> Vec<Found> {
        let (language, work) = match runner {
            RunnerKind::Cargo | RunnerKind::Nextest => {
                let found = self.cargo.iter().filter(|project| is_below(&project.folder, folder));
                let found = found.map(|project| {
                    found_in(
                        runner,
                        &project.folder,
                        by_arguments(project.scope()),
                        "every test of the project",
                    )
                });
                return found.collect();
            }
            RunnerKind::Go | RunnerKind::Maven | RunnerKind::Gradle => {
                let reason = "every test of the project";
                return self
                    .builds(runner)
                    .filter(|place| is_below(place, folder))
                    .map(|place| found_in(runner, place, tests(Vec::new()), reason))
                    .collect();
            }
            runner if runner.is_javascript() && self.has_project_of(runner, folder) => {
                return self.projects_of(runner, folder).map(NodeProject::whole).collect();
            }
            runner if runner.runs_scripts() => (Language::Script, true),
            _ => (Language::Python, false),
        };
        let files: Vec<String> = self
            .inventory
            .tests_in(language)
            .filter(|path| is_below(path, folder))
            .map(|path| relative(path, folder).to_owned())
            .collect();
        if files.is_empty() {
            return Vec::new();
        }
        let paths = if work { files } else { compact(&files, &files) };
        vec![found_in(runner, folder, tests(paths), "every test of the folder")]
    }

    /// The folders of modules of Go, or of builds of Maven or Gradle.
    fn builds(&self, runner: RunnerKind) -> impl Iterator<Item = &str> {
        let go = self.go.iter().filter(move |_| runner == RunnerKind::Go).map(|one| &*one.folder);
        let jvm = self.jvm.iter().filter(move |one| one.runner == runner);
        go.chain(jvm.map(|one| &*one.folder))
    }

    fn projects_of<'p>(
        &'p self,
        runner: RunnerKind,
        folder: &'p str,
    ) -> impl Iterator<Item = &'p NodeProject> {
        self.node.iter().filter(move |one| one.runner == runner && is_below(&one.folder, folder))
    }

    fn has_project_of(&self, runner: RunnerKind, folder: &str) -> bool {
        self.projects_of(runner, folder).next().is_some()
    }

    /// Files that a layer file names, run where their project is: there are its packages and its
    /// configuration. A runner that was not said is that of the project.
    fn move_into_project(&self, category: &Wanted<'_>, found: &mut Found) {
        let Work::Tests { paths, .. } = &mut found.work else { return };
        let Some(first) = paths.first() else { return };
        let first = join(&found.folder, first.split("::").next().unwrap_or(first));
        let holds = |one: &&NodeProject| one.files.contains(&first);
        let Some(project) = self.node.iter().find(holds) else { return };
        if category.recipe.runner.is_none() {
            found.runner = project.runner;
        }
        let is_inside = |path: &String| is_below(&join(&found.folder, path), &project.folder);
        if category.recipe.working_directory.is_none() && paths.iter().all(is_inside) {
            let folder = &project.folder;
            paths.iter_mut().for_each(|path| *path = relative(path, folder).to_owned());
            found.folder.clone_from(folder);
        }
    }

    /// Applies the filters of the category, which never add anything.
    fn filtered(&self, category: &Wanted<'_>, found: Vec<Found>) -> Vec<Found> {
        let filters = category.filters;
        if filters.include.is_empty() && filters.exclude.is_empty() {
            return found;
        }
        found.into_iter().filter_map(|one| self.filter_one(category, one)).collect()
    }

    fn filter_one(&self, category: &Wanted<'_>, mut found: Found) -> Option<Found> {
        let is_python = matches!(found.runner, RunnerKind::Pytest | RunnerKind::Unittest);
        let Work::Tests { paths, keyword, .. } = &mut found.work else { return Some(found) };
        if !is_python && !found.runner.runs_scripts() {
            return Some(found);
        }
        let language = if is_python { Language::Python } else { Language::Script };
        let all: Vec<String> = self
            .inventory
            .tests_in(language)
            .filter(|path| is_below(path, &found.folder))
            .map(str::to_owned)
            .collect();
        let chosen = all.iter().filter(|path| {
            let path = relative(path, &found.folder);
            paths.is_empty()
                || paths.iter().any(|one| is_below(path, one.split("::").next().unwrap_or(one)))
        });
        let filtered = filter::apply(category.filters, chosen.cloned().collect());
        if filtered.files.is_empty() {
            return None;
        }
        let inside = |files: &[String]| -> Vec<String> {
            files.iter().map(|path| relative(path, &found.folder).to_owned()).collect()
        };
        let (mine, all) = (inside(&filtered.files), inside(&all));
        *paths = if is_python { compact(&mine, &all) } else { mine };
        if let (true, Some(words)) = (is_python, filtered.keyword) {
            found.reason = format!("{}, names with {words}", found.reason);
            *keyword = Some(words);
        }
        Some(found)
    }

    /// pytest where the project says so or pytest is there, else unittest.
    pub(super) fn python_runner(&self, folder: &str) -> RunnerKind {
        let says_pytest = self.python.iter().any(|project| {
            (is_below(folder, &project.folder) || is_below(&project.folder, folder))
                && project.says_pytest(self.inventory)
        });
        let is_there = || self.interpreter(folder).is_some_and(|python| self.has_pytest(&python));
        if says_pytest || is_there() { RunnerKind::Pytest } else { RunnerKind::Unittest }
    }

    fn interpreter(&self, folder: &str) -> Option<PathBuf> {
        let root = &self.inventory.root;
        tools::python(&root.join(folder), root, self.host.virtual_env, self.host.lookup)
    }

    fn has_pytest(&self, python: &Path) -> bool {
        if let Some(known) = self.pytest.borrow().get(python) {
            return *known;
        }
        let answer =
            tools::has_pytest(python).unwrap_or_else(|| (self.host.imports_pytest)(python));
        self.pytest.borrow_mut().insert(python.to_owned(), answer);
        answer
    }

    fn check_tools(&self, found: &[Found]) -> Result<(), WorkError> {
        for one in found {
            tools::check(one.runner, &self.inventory.root, &one.folder, self.host.lookup)?;
            if one.runner == RunnerKind::Pytest
                && let Some(python) = self.interpreter(&one.folder)
                && !self.has_pytest(&python)
            {
                return Err(tools::pytest_missing(&python));
            }
        }
        Ok(())
    }

    fn nothing(&self, category: &Wanted<'_>) -> WorkError {
        let name = category.name;
        let folder = recipe::folder(category);
        let place =
            if folder.is_empty() { "the project".to_owned() } else { format!("`{folder}`") };
        let message = match self.inventory.tests.len() {
            0 if self.cargo.is_empty() => {
                format!("{place} has no test file of a framework that Apex knows")
            }
            files => {
                let words: Vec<String> =
                    super::words::synonyms(name).iter().map(|word| format!("`{word}`")).collect();
                format!(
                    "no test folder {}, no marker or test target `{name}`, no script \
                     `test:{name}`, and no test file named after it ({place} has {files})",
                    words.join(", ")
                )
            }
        };
        WorkError { kind: WorkErrorKind::Nothing, message }
    }
}

fn is_same(found: RunnerKind, wanted: RunnerKind) -> bool {
    let kind = |runner| match runner {
        RunnerKind::Nextest => RunnerKind::Cargo,
        RunnerKind::Unittest => RunnerKind::Pytest,
        other => other,
    };
    kind(found) == kind(wanted)
}
