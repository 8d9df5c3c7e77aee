//! Options of the commands that say how things stand.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// How many runs that are over to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) limit: usize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertsCommand {
    /// Show what would fire on a recorded run, and who would be told; nobody is
    Test {
        /// The run: its id, the beginning or end of one, `last`, or a folder
        #[arg(default_value = "last")]
        run: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
