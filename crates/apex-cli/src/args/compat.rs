//! What can be typed about the earlier command line.

use std::path::PathBuf;

use clap::Subcommand;

/// What can be typed behind `apex compat`.
#[derive(Debug, Subcommand)]
pub(crate) enum CompatCommand {
    /// List every flag of the earlier command line with what it means
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Find command lines of the earlier runner in workflows, scripts and documents, and say which
    /// are refused or behave differently
    Check {
        /// The files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// What can be typed behind `apex shim`.
#[derive(Debug, Subcommand)]
pub(crate) enum ShimCommand {
    /// Write `unified_test_runner.py`, which hands its arguments to apex
    Install {
        /// The folder; the root of the project when missing
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Write over another file of that name
        #[arg(long)]
        force: bool,
    },
}
