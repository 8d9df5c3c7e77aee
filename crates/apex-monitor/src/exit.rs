//! How the program will end, as the command line says it.

use std::sync::Arc;

use apex_core::event::RunResult;

/// How the program ends for a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitStatus {
    /// The exit code.
    pub code: u8,
    /// What it means, for people: lower case, fits behind `exit code 1: `.
    pub meaning: String,
}

impl ExitStatus {
    /// Whether the run counts as passed.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.code == 0
    }

    /// The word for it in files and on the wire: `passed` or `failed`.
    #[must_use]
    pub const fn verdict(&self) -> &'static str {
        if self.is_success() { "passed" } else { "failed" }
    }
}

/// Gives the end of the program for a result. The command line owns the rule, because it depends
/// on flags; displays and reports only ask it, so that all of them say the same.
pub type ExitRule = Arc<dyn Fn(&RunResult) -> ExitStatus + Send + Sync>;
