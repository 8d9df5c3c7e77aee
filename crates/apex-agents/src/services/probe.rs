//! One look whether one condition of readiness holds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use apex_core::event::ProcessEnd;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::addresses::Endpoint;
use super::http;
use crate::process::{Common, Ending, Happening, Launch, Program, READ_SIZE};

/// How long one look may take.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// One condition that can be looked at from outside of the service.
#[derive(Clone, Debug)]
pub(super) enum Probe {
    /// A port accepts a connection.
    Tcp(Endpoint),
    /// A GET answers with the status; none means any from 200 to 399.
    Http { at: Endpoint, path: String, status: Option<u16> },
    /// A command ends with 0.
    Command { arguments: Vec<String>, directory: PathBuf, env: Arc<BTreeMap<String, String>> },
    /// A file exists.
    File(PathBuf),
}

impl Probe {
    /// Looks once; the error says what is missing, for people.
    pub(super) async fn look(&self) -> Result<(), String> {
        let look = async {
            match self {
                Self::Tcp(at) => TcpStream::connect((at.host.as_str(), at.port))
                    .await
                    .map(drop)
                    .map_err(|error| format!("{at} does not accept connections: {error}")),
                Self::Http { at, path, status } => http::get(at, path)
                    .await
                    .and_then(|answered| accept(at, path, *status, answered)),
                Self::Command { arguments, directory, env } => {
                    let common = Common::new(Arc::clone(env));
                    command(&Launch {
                        common: &common,
                        arguments,
                        directory,
                        env: &[],
                        group: None,
                    })
                    .await
                }
                Self::File(path) if path.exists() => Ok(()),
                Self::File(path) => Err(format!("the file {} does not exist", path.display())),
            }
        };
        timeout(LOOK_LIMIT, look).await.unwrap_or_else(|_| {
            Err(format!("{self} gave no answer within {} seconds", LOOK_LIMIT.as_secs()))
        })
    }
}

impl std::fmt::Display for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(at) => write!(f, "{at}"),
            Self::Http { at, path, .. } => write!(f, "http://{at}{path}"),
            Self::Command { arguments, .. } => write!(f, "`{}`", arguments.join(" ")),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

fn accept(at: &Endpoint, path: &str, wanted: Option<u16>, answered: u16) -> Result<(), String> {
    let is_good = wanted.map_or((200..400).contains(&answered), |wanted| wanted == answered);
    if is_good {
        return Ok(());
    }
    let wanted = wanted.map_or("200 to 399".to_owned(), |wanted| wanted.to_string());
    Err(format!("http://{at}{path} answered with status {answered}, wanted is {wanted}"))
}

/// Runs a command to its end. When the look is given up, dropping the program kills what it started.
async fn command(launch: &Launch<'_>) -> Result<(), String> {
    let mut program = Program::start(launch, None)?;
    let mut buffer = Vec::with_capacity(READ_SIZE);
    let end = loop {
        if let Happening::Ended(end) = program.next(&mut buffer).await {
            break end;
        }
    };
    program.kin().end(Ending::Kill);
    let command = launch.arguments.join(" ");
    match end {
        ProcessEnd::Exited(0) => Ok(()),
        ProcessEnd::Exited(code) => Err(format!("`{command}` ended with exit code {code}")),
        ProcessEnd::Signalled(signal) => Err(format!("`{command}` was ended by signal {signal}")),
        ProcessEnd::NotStarted(why) => Err(why),
    }
}
