//! The options of `serve`, and those of `run` that open a server beside the run.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

/// Where a server listens when nothing is said: the loopback interface.
pub(crate) const USUAL_ADDRESS: &str = "127.0.0.1:7357";

/// Options of `apex serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 for any free one. A socket that the service manager hands over
    /// (LISTEN_FDS) goes first
    #[arg(long, value_name = "ADDRESS", default_value = USUAL_ADDRESS)]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) door: DoorArgs,
    /// Take the place of the server of this project that goes on, without a refused connection
    #[arg(long)]
    pub(crate) take_over: bool,
}

/// Who is let in.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DoorArgs {
    /// The file with the two tokens; made when missing. In the state folder when not given
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// A further name of this server, as NAME or NAME:PORT; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,
}
