//! The record of a run on disk, and those who write it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use apex_agents::orchestrator::LogName;
use apex_config::environment_variables::STATE_DIR;
use apex_core::{Plan, RunId, Sink};
use apex_monitor::ExitRule;
use apex_monitor::report::junit::JunitReport;
use apex_monitor::run_dir::{Journal, RunDirectory, Runs, output_log_name};
use apex_monitor::summary::SummaryFile;

use crate::failure::Failure;
use crate::project::Project;
use crate::recorded;

/// The folder for the state of a project: `APEX_STATE_DIR`, else `.apex` in its root.
pub(crate) fn state_folder(project: &Project) -> PathBuf {
    match project.variables.get(STATE_DIR).filter(|folder| !folder.is_empty()) {
        Some(folder) => project.loaded.root.join(folder),
        None => project.loaded.root.join(".apex"),
    }
}

/// Makes the state folder, before anything is said or begun.
pub(super) fn prepare(runs: &Runs, state: &Path) -> Result<(), Failure> {
    runs.prepare().map_err(|error| {
        Failure::environment(
            format!("the folder `{}` for records of runs cannot be made: {error}", state.display()),
            "set APEX_STATE_DIR to a folder that can be written",
        )
    })
}

/// The same for a project whose run is left to the background.
pub(super) fn prepare_state(project: &Project) -> Result<(), Failure> {
    let state = state_folder(project);
    prepare(&Runs::in_state(&state), &state)
}

/// The record of a run that goes on.
pub(super) struct Record {
    directory: RunDirectory,
}

impl Record {
    /// Makes the directory of the run and writes the plan, and what it is a part of.
    pub(super) fn begin(
        runs: &Runs,
        run: &RunId,
        plan: &Plan,
        whole: Option<&Plan>,
    ) -> Result<Self, Failure> {
        let directory = runs.create(run).map_err(|error| no_record(&error))?;
        if let Some(whole) = whole {
            directory.write_whole(whole).map_err(|error| no_record(&error))?;
        }
        Self::in_directory(directory, plan)
    }

    /// Writes the plan into a directory that was just made.
    pub(super) fn in_directory(directory: RunDirectory, plan: &Plan) -> Result<Self, Failure> {
        directory.write_plan(plan).map_err(|error| no_record(&error))?;
        Ok(Self { directory })
    }

    /// Writes with which earlier runs it goes on, if it does.
    pub(super) fn went_on_with(&self, earlier: &[RunId]) -> Result<(), Failure> {
        if earlier.is_empty() {
            return Ok(());
        }
        self.directory.write_resumed(earlier).map_err(|error| no_record(&error))
    }

    /// The directory.
    pub(super) const fn directory(&self) -> &RunDirectory {
        &self.directory
    }

    /// The directory as people should read it: relative to where they are, when it is below.
    pub(super) fn shown(&self) -> String {
        recorded::shown(self.directory.path())
    }

    /// Where the output of jobs and services goes.
    pub(super) fn output_folder(&self) -> PathBuf {
        self.directory.path().join("output")
    }

    /// Names the file for the output of an attempt.
    pub(super) fn log_name(&self) -> LogName {
        let folder = self.directory.path().to_owned();
        Arc::new(move |plan, job, attempt| {
            let category = &plan.category(plan.job(job).category).name;
            folder.join(output_log_name(category.as_str(), job, attempt))
        })
    }

    /// Those who write the record, and a further JUnit report when one is wanted.
    pub(super) fn sinks(
        &self,
        junit: Option<&Path>,
        rule: &ExitRule,
    ) -> Result<Vec<Box<dyn Sink>>, Failure> {
        let journal = Journal::create(&self.directory).map_err(|error| no_record(&error))?;
        let mut sinks: Vec<Box<dyn Sink>> = vec![
            Box::new(journal.exit(Arc::clone(rule))),
            Box::new(JunitReport::new(self.directory.junit())),
            Box::new(SummaryFile::new(self.directory.summary(), Arc::clone(rule))),
        ];
        if let Some(path) = junit {
            sinks.push(Box::new(JunitReport::new(path.to_owned())));
        }
        Ok(sinks)
    }

    /// The run is over.
    pub(super) fn end(self) {
        drop(self.directory);
    }
}

pub(super) fn no_record(error: &std::io::Error) -> Failure {
    Failure::environment(
        format!("the run directory could not be written: {error}"),
        "free space, or set APEX_STATE_DIR to a folder that can be written",
    )
}
