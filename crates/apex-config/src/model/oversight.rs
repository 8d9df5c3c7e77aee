//! How a job is watched while it runs, and how much of what it writes is kept.

use std::time::Duration;

/// What holds for the jobs of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Oversight {
    /// Output of one attempt that is kept in its file, in mebibytes.
    pub output_limit_mb: u32,
    /// Text of one test that is kept, in kibibytes.
    pub test_output_limit_kb: u32,
    /// How long a test may run before it is called slow.
    pub slow_after: Duration,
    /// How long a job may be silent before that is said.
    pub quiet_after: Duration,
    /// How long a job may be silent before it is ended; for ever when there is none.
    pub no_output_timeout: Option<Duration>,
    /// Whether the folder for temporary files of an attempt stays.
    pub keep_temporary: bool,
}

impl Default for Oversight {
    /// As a layer file that says nothing.
    fn default() -> Self {
        Self {
            output_limit_mb: 128,
            test_output_limit_kb: 64,
            slow_after: Duration::from_secs(60),
            quiet_after: Duration::from_secs(60),
            no_output_timeout: None,
            keep_temporary: false,
        }
    }
}
