//! What a runner is told about an attempt before it makes a session.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use apex_core::plan::{JobSpec, Work};

use super::tools::Tools;

/// One attempt of one job, as a runner sees it.
#[derive(Clone, Copy, Debug)]
pub struct SessionContext<'a> {
    /// What is to be done.
    pub spec: &'a JobSpec,
    /// Name of the category, for synthetic tests.
    pub category: &'a str,
    /// Only these test ids, when the attempt is a retry.
    pub only: Option<&'a [Arc<str>]>,
    /// The programs to use.
    pub tools: &'a Tools,
    /// Environment the program will get beyond that of the job (for `PYTHONPATH`).
    pub env: &'a BTreeMap<String, String>,
    /// Where the project root is, to shorten the absolute paths that some tools print.
    pub project_root: &'a Path,
}

/// Whether the tests run or are only listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Run,
    List,
}

/// What of a framework's tests belong to a job; a borrowed [`Work::Tests`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TestSelection<'a> {
    pub(crate) paths: &'a [String],
    pub(crate) markers: Option<&'a str>,
    pub(crate) keyword: Option<&'a str>,
    pub(crate) ignore: &'a [String],
    pub(crate) arguments: &'a [String],
}

impl<'a> TestSelection<'a> {
    /// The selection of a job; everything, when the job is a command.
    pub(crate) fn of(work: &'a Work) -> Self {
        match work {
            Work::Command { .. } => Self::default(),
            Work::Tests { paths, markers, keyword, ignore, arguments } => Self {
                paths,
                markers: markers.as_deref(),
                keyword: keyword.as_deref(),
                ignore,
                arguments,
            },
        }
    }
}

impl SessionContext<'_> {
    /// The value of a variable as the program would see it.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.spec.env.get(name).or_else(|| self.env.get(name)).map(String::as_str)
    }
}
