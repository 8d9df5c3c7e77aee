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
    /// Which part of how many, from 1.
    pub shard: Option<(u32, u32)>,
    /// How the work was found, for people.
    pub found_by: Arc<str>,
}

/// What of a framework's tests belong to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A program that the user wrote down.
    Command {
        /// The program.
        command: CommandLine,
        /// Where its results are: a glob, `stdout`, or nothing.
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
