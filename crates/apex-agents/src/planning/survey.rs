//! What of a configuration would find no work in its project, or lacks a tool on this machine.
//!
//! It looks at files and folders and starts nothing. It relies on the search that plans use, so
//! that a check and a plan cannot disagree.

use std::collections::BTreeMap;
use std::path::Path;

use apex_config::environment_variables::PATH;
use apex_config::model::{Category, CommandLine, Dialect, ServiceSource};
use apex_config::{Loaded, Origins, Place, Problem, Severity, SourceKind, builtin};
use apex_core::plan::{JobSpec, Work, WorkError, WorkErrorKind};

use super::Looking;
use crate::detect::Inventory;
use crate::machine::Machine;
use crate::process::{NotFound, find_program};

/// Looks for the work of every category that a layer lists or a file of the user describes, and
/// for the programs of commands and services.
///
/// A category that the repository made up and that has no work is an error in a native file;
/// everything else is a warning. Of the built-in layers, one note says what they have here.
#[must_use]
pub fn survey(loaded: &Loaded, variables: &BTreeMap<String, String>) -> Vec<Problem> {
    let root = loaded.root.as_path();
    let machine = Machine { variables, folder: root };
    let looking = Looking { config: &loaded.config, root, machine };
    let inventory = Inventory::scan(root);
    let categories: Vec<&Category> = loaded.config.categories.values().map(AsRef::as_ref).collect();
    // Where folders do not tell whether an interpreter has pytest, only starting it would.
    let work = looking.with_conventions(&inventory, &|_| true, |conventions| {
        categories.iter().map(|&one| (one, conventions.find(one))).collect::<Vec<_>>()
    });
    let survey = Survey { loaded, origins: Origins::of(&loaded.tree), variables };
    let mut problems = Vec::new();
    problems.extend(survey.built_in(&work));
    problems.extend(work.iter().filter_map(|(category, work)| survey.category(category, work)));
    problems.extend(survey.services());
    problems
}

/// What was looked at.
struct Survey<'a> {
    loaded: &'a Loaded,
    origins: Origins<'a>,
    variables: &'a BTreeMap<String, String>,
}

type Found<'a> = (&'a Category, Result<Vec<JobSpec>, WorkError>);

impl Survey<'_> {
    /// What the layers that nobody wrote have here.
    fn built_in(&self, work: &[Found<'_>]) -> Option<Problem> {
        if self.loaded.config.dialect != Dialect::BuiltIn {
            return None;
        }
        let listed = work.iter().filter(|(category, _)| category.layer.is_some());
        let (with, without): (Vec<_>, Vec<_>) = listed
            .map(|(category, work)| (format!("`{}`", category.name), has_work(work)))
            .partition(|(_, has_work)| *has_work);
        let names = |list: Vec<(String, bool)>| {
            list.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
        };
        let place = Place::whole(SourceKind::BuiltIn, "built-in layers");
        if with.is_empty() {
            let message = format!("none of their categories has tests here: {}", names(without));
            let hint = "`apex init` writes a layer file; a category can be any command";
            return Some(Problem::warning(&place, message).hint(hint));
        }
        let message = format!(
            "of their categories {} have tests here, {} do not",
            names(with),
            names(without)
        );
        Some(Problem::note(&place, message).hint("`apex plan` shows where Apex looked"))
    }

    fn category(
        &self,
        category: &Category,
        work: &Result<Vec<JobSpec>, WorkError>,
    ) -> Option<Problem> {
        let name = category.name.as_str();
        let place = self.origins.category(name);
        if !place.is_users() {
            return None;
        }
        let problem = match work {
            Ok(specs) => {
                let trouble = specs.iter().find_map(|spec| self.command(spec))?;
                Problem::warning(&place, format!("category `{name}` cannot run here: {trouble}"))
            }
            Err(WorkError { kind: WorkErrorKind::ToolMissing, message }) => {
                Problem::warning(&place, format!("category `{name}` cannot run here: {message}"))
            }
            Err(WorkError { kind: WorkErrorKind::PathMissing, message }) => {
                let place = self.origins.category_field(name, "paths");
                let message = format!("category `{name}` would find no work: {message}");
                Problem::new(self.severity(name), &place, message)
                    .hint("correct the path; `paths` are relative to `working_directory`")
            }
            Err(WorkError { kind: WorkErrorKind::Nothing, message }) => {
                let message = format!("category `{name}` would find no work: {message}");
                Problem::new(self.severity(name), &place, message).hint(
                    "name its tests with `paths:`, or the program that runs them with `command:`, \
                     or take the category out",
                )
            }
        };
        Some(problem.about(name))
    }

    /// A name that Apex knows may stay without tests until somebody writes them.
    fn severity(&self, category: &str) -> Severity {
        let is_native = self.loaded.config.dialect == Dialect::Native;
        if is_native && !builtin::knows_category(category) {
            Severity::Error
        } else {
            Severity::Warning
        }
    }

    /// What keeps the program of a job from being started.
    fn command(&self, spec: &JobSpec) -> Option<String> {
        let Work::Command { command, .. } = &spec.work else { return None };
        let path = spec.env.get(PATH).or_else(|| self.variables.get(PATH));
        self.program(command, &spec.working_directory, path.map(String::as_str))
    }

    fn services(&self) -> impl Iterator<Item = Problem> {
        self.loaded.config.services.values().filter_map(|service| {
            let ServiceSource::Process { command, working_directory } = &service.source else {
                return None;
            };
            let path = service.env.get(PATH).or_else(|| self.variables.get(PATH));
            let folder = working_directory.as_deref().unwrap_or_default();
            let trouble = self.program(command, folder, path.map(String::as_str))?;
            let name = service.name.as_str();
            let place = self.origins.field(&["services", name, "process"]);
            let message = format!("service `{name}` cannot start here: {trouble}");
            Some(Problem::warning(&place, message).about(name))
        })
    }

    /// What is missing to start a program in a folder of the project.
    fn program(&self, command: &CommandLine, folder: &str, path: Option<&str>) -> Option<String> {
        let directory = self.loaded.root.join(folder);
        if !directory.is_dir() {
            return Some(format!("its `working_directory` {folder} is no folder of the project"));
        }
        let name = match command {
            CommandLine::Arguments(arguments) => arguments.first()?.as_str(),
            CommandLine::Shell(_) => "sh",
        };
        // What is filled in later cannot be looked up now.
        if name.contains('{') {
            return None;
        }
        missing_program(name, path, &directory)
    }
}

fn has_work(work: &Result<Vec<JobSpec>, WorkError>) -> bool {
    !matches!(work, Err(WorkError { kind: WorkErrorKind::Nothing, .. }))
}

fn missing_program(name: &str, path: Option<&str>, directory: &Path) -> Option<String> {
    match find_program(name, path, directory) {
        Ok(file) if file.exists() => None,
        Ok(_) => Some(format!("there is no file `{name}`; build it or correct its path")),
        Err(NotFound::NotExecutable(file)) => {
            Some(format!("{0} is not executable; run `chmod +x {0}`", file.display()))
        }
        Err(NotFound::NotOnPath) => Some(format!(
            "`{name}` was not found on PATH; install it, or write the program with its path"
        )),
    }
}
