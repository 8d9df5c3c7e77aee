//! The project that a command is about: its folder, its configuration, its surroundings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use apex_agents::machine::today;
use apex_agents::secrets::{Secrets, Sources};
use apex_config::{LoadRequest, Loaded, Overlay, Problem, Severity};

use crate::apart::apart;
use crate::args::{GlobalArgs, PartArgs};
use crate::failure::Failure;
use crate::{out, render};

/// A loaded project.
pub(crate) struct Project {
    pub(crate) loaded: Loaded,
    /// The process environment; names and values that are not UTF-8 are left out.
    pub(crate) variables: BTreeMap<String, String>,
}

impl Project {
    /// Loads the project that the global options mean, for an environment, under flags. Warnings
    /// are told to people.
    pub(crate) fn load(
        global: &GlobalArgs,
        environment: Option<&str>,
        flags: Overlay,
    ) -> Result<Self, Failure> {
        let project = Self::load_silently(global, environment, flags)?;
        let warnings: Vec<&Problem> = project
            .loaded
            .notes
            .iter()
            .filter(|note| note.severity == Severity::Warning || global.verbose > 0)
            .collect();
        if !global.quiet {
            out::people(&render::problems(&warnings));
        }
        Ok(project)
    }

    /// The same without a word.
    pub(crate) fn load_silently(
        global: &GlobalArgs,
        environment: Option<&str>,
        flags: Overlay,
    ) -> Result<Self, Failure> {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let start = current_folder()?;
        let request = LoadRequest {
            project: global.project.as_deref(),
            start: &start,
            config: global.config.as_deref(),
            environment,
            variables: &variables,
            today: Some(&today()),
            flags,
        };
        // Of a large project, the configuration is more than half of what Apex would hold.
        let loaded = apart(|| apex_config::load(&request))?
            .map_err(|failure| Failure::Config(failure.problems))?;
        let sources = Sources { config: &loaded.config, root: &loaded.root, variables: &variables };
        out::hide(Secrets::find(sources).mask());
        Ok(Self { loaded, variables })
    }

    /// Loads the project for the part of it that is meant.
    pub(crate) fn for_target(global: &GlobalArgs, target: &PartArgs) -> Result<Self, Failure> {
        Self::load(global, target.env.as_deref(), flags_of(target))
    }
}

/// The flags that set values of the configuration.
fn flags_of(target: &PartArgs) -> Overlay {
    let mut flags = Overlay::flags();
    if let Some(jobs) = target.jobs {
        let path = ["execution_config", "max_global_parallel_tests"];
        flags = flags.with_flag("--jobs", &path, i64::from(jobs));
    }
    flags
}

/// The folder the user is in.
pub(crate) fn current_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| {
        Failure::environment(
            format!("the current folder cannot be read: {error}"),
            "change to a folder that exists",
        )
    })
}
