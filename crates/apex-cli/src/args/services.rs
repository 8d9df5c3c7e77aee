//! What can be typed behind `apex services`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ServicesCommand {
    /// Bring containers up that stay until `down`, or until their time is over
    Up {
        /// Services, with what they need; every container when none is named
        #[arg(value_name = "SERVICE")]
        names: Vec<String>,
    },
    /// Take away what `up` and `scope: keep` left
    Down {
        /// Everything of one run instead
        #[arg(long, value_name = "ID")]
        run: Option<String>,
    },
    /// Show the containers of the project
    #[command(visible_alias = "ps")]
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print what the container of a service wrote
    Logs {
        /// The service
        #[arg(value_name = "SERVICE")]
        name: String,
        /// Go on as long as it runs
        #[arg(short, long)]
        follow: bool,
    },
    /// Print the variables that tests get of what is up, as `NAME=value`
    Env {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
