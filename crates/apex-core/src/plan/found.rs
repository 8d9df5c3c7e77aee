//! Work as it was found in a repository, before it is cut into jobs.

use std::sync::Arc;

use super::JobSpec;

/// Work that one program could run, and what is known of its files.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundJob {
    /// All of it as one job.
    pub spec: JobSpec,
    /// Its test files, in order; empty where the work is not cut by files.
    pub sources: Vec<Source>,
    /// Whether it may be cut.
    pub may_cut: MayCut,
}

/// Whether work may be cut: where nobody said into how many jobs, and its runner can run a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayCut {
    /// It stays as it is.
    No,
    /// By whole files, as long as earlier runs let trust that its tests do not depend on each
    /// other.
    OnTrust,
    /// In whatever way pays.
    Freely,
}

impl From<JobSpec> for FoundJob {
    /// Work that stays one job.
    fn from(spec: JobSpec) -> Self {
        Self { spec, sources: Vec::new(), may_cut: MayCut::No }
    }
}

/// A test file, as far as a look at its text tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path relative to the working directory of the work.
    pub path: Arc<str>,
    /// Its size, in bytes.
    pub bytes: u64,
    /// How many tests seem to be in it, 0 where that was not looked at.
    pub tests: u32,
    /// What its text says about tests that must not overlap.
    pub serial: Serial,
}

/// What the text of a test file says about the marker `serial`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Serial {
    /// How often it stands there.
    pub marks: u32,
    /// Whether it stands somewhere without a name that can be read.
    pub plain: bool,
    /// The names of resources it stands with.
    pub names: Vec<Arc<str>>,
}
