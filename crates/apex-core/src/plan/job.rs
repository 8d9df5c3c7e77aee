//! What a job is to do, in terms that hold on any machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use apex_config::model::{CommandLine, RunnerKind};

/// What a job is to do. It is complete: nothing is inherited from where it was planned.
///
/// Paths are relative to the project root and use `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSpec {
    /// Which framework runs it.
    pub runner: RunnerKind,
    /// Where it runs; empty for the project root.
    pub working_directory: Arc<str>,
    /// What of the framework's tests belong to it.
    pub work: Work,
    /// Environment that the configuration adds.
    pub env: Arc<BTreeMap<String, String>>,
    /// Which part of how many, from 1, where the framework or the command cuts by itself.
    pub shard: Option<(u32, u32)>,
    /// Which part of the work this job runs, where the plan has cut it.
    pub part: Option<Arc<Part>>,
    /// How the work was found, for people.
    pub found_by: Arc<str>,
}

/// Which part of the work that was found a job runs.
///
/// The parts of one work run each of its tests exactly once, whatever was added to its files or
/// taken from them since they were planned: what is not named here belongs to the part that
/// leaves out what the others name.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Part {
    /// Which of how many, from 1.
    pub number: u32,
    /// How many.
    pub of: u32,
    /// Files below the paths of the job that other parts run.
    pub leave: Vec<Arc<str>>,
    /// Test ids: of the files that have some here, only these.
    pub only: Vec<Arc<str>>,
    /// Test ids that other parts run.
    pub without: Vec<Arc<str>>,
    /// Which tests with the marker `serial` it runs.
    pub serial: Option<SerialShare>,
}

/// What a part runs of files in which some tests carry the marker `serial`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialShare {
    /// The files, relative to the working directory; others are not concerned.
    pub files: Vec<Arc<str>>,
    /// Whether only the marked tests of these files run, or only the others.
    pub marked: bool,
}

/// What of a framework's tests belong to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A program that the user wrote down.
    Command {
        /// The program.
        command: CommandLine,
        /// Argument vector of the program that names its tests, one a line.
        discover: Option<Vec<String>>,
        /// Where its results are: a glob, `stdout`, `events`, or nothing.
        report: Option<String>,
    },
    /// Tests of a framework.
    Tests {
        /// Files, directories or ids relative to the working directory; empty for all.
        paths: Vec<String>,
        /// Marker expression, for frameworks that have markers.
        markers: Option<String>,
        /// Substring expression over test names, for frameworks that have one.
        keyword: Option<String>,
        /// Paths that belong to other categories.
        ignore: Vec<String>,
        /// Further arguments of the framework, for example `--lib`.
        arguments: Vec<String>,
    },
}

/// Why no job could be made for a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkError {
    /// Which sort of trouble.
    pub kind: WorkErrorKind,
    /// What was looked for and where, or what is missing and what to do.
    pub message: String,
}

/// Which sort of trouble kept a category from having jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkErrorKind {
    /// No tests were found.
    Nothing,
    /// Tests or a recipe are there, the tool for them is not.
    ToolMissing,
    /// The recipe names files that are not there.
    PathMissing,
}
