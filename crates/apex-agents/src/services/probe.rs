//! One look whether one condition of readiness holds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::Preset;
use apex_core::event::ProcessEnd;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::addresses::Endpoint;
use super::docker::Inside;
use super::http::Question;
use super::presets;
use crate::process::{Common, Ending, Environment, Happening, Launch, Program, READ_SIZE};

/// How long one look may take.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// How long a connection has to stay open to count as one.
const OPEN_FOR: Duration = Duration::from_millis(20);

/// One condition that can be looked at from outside of the service.
#[derive(Clone, Debug)]
pub(super) enum Probe {
    /// A port accepts a connection.
    Tcp(Endpoint),
    /// A GET is answered as wanted.
    Http(Question),
    /// A command ends with 0.
    Command { arguments: Vec<String>, directory: PathBuf, env: Arc<BTreeMap<String, String>> },
    /// A file exists.
    File(PathBuf),
    /// A port accepts a connection and does not close it at once.
    StaysOpen(Endpoint),
    /// A server answers in its language.
    Preset(Preset, Endpoint),
    /// A command inside of a container ends with 0.
    Inside(Inside, Vec<String>),
    /// The engine says that a container is healthy.
    Healthy(Inside),
}

impl Probe {
    /// How many looks in a row have to hold: two where a server may come up, go down and come up
    /// again while it prepares itself.
    pub(super) const fn looks(&self) -> u32 {
        match self {
            Self::StaysOpen(_) | Self::Preset(..) => 2,
            _ => 1,
        }
    }

    /// Looks once; the error says what is missing, for people.
    pub(super) async fn look(&self) -> Result<(), String> {
        let look = async {
            match self {
                Self::Tcp(at) => TcpStream::connect((at.host.as_str(), at.port))
                    .await
                    .map(drop)
                    .map_err(|error| format!("{at} does not accept connections: {error}")),
                Self::Http(question) => question.ask().await,
                Self::Command { arguments, directory, env } => {
                    let common = Common::new(Arc::clone(env));
                    command(&Launch {
                        common: &common,
                        arguments,
                        directory,
                        env: &Environment::of(&common, Vec::new()),
                        own_env: &BTreeMap::new(),
                        group: None,
                    })
                    .await
                }
                Self::StaysOpen(at) => stays_open(at).await,
                Self::Preset(preset, at) => presets::look(*preset, at).await,
                Self::Inside(inside, command) => run_inside(inside, command).await,
                Self::Healthy(inside) => health(inside).await,
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
            Self::Http(question) => write!(f, "{question}"),
            Self::Command { arguments, .. } => write!(f, "`{}`", arguments.join(" ")),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::StaysOpen(at) => write!(f, "{at}"),
            Self::Preset(preset, at) => write!(f, "{} at {at}", preset.as_str()),
            Self::Inside(_, command) => write!(f, "`{}` inside of it", command.join(" ")),
            Self::Healthy(_) => f.write_str("its health check"),
        }
    }
}

/// A connection that is closed at once was only accepted by a proxy.
async fn stays_open(at: &Endpoint) -> Result<(), String> {
    let mut stream = TcpStream::connect((at.host.as_str(), at.port))
        .await
        .map_err(|error| format!("{at} does not accept connections: {error}"))?;
    match timeout(OPEN_FOR, stream.read(&mut [0])).await {
        Ok(Ok(0)) => Err(format!("{at} accepts connections and closes them at once")),
        Ok(Err(error)) => Err(format!("{at} broke the connection: {error}")),
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

async fn run_inside(inside: &Inside, command: &[String]) -> Result<(), String> {
    let shown = command.join(" ");
    match inside.engine.run_inside(&inside.id, command).await {
        Ok(end) if end.code == 0 => Ok(()),
        Ok(end) if end.output.is_empty() => {
            Err(format!("`{shown}` inside of it ended with exit code {}", end.code))
        }
        Ok(end) => {
            Err(format!("`{shown}` inside of it ended with exit code {}: {}", end.code, end.output))
        }
        Err(error) => Err(format!("`{shown}` inside of it was not run: {error}")),
    }
}

async fn health(inside: &Inside) -> Result<(), String> {
    let facts = inside.engine.inspect(&inside.id).await.map_err(|error| error.to_string())?;
    match facts.health {
        Some(health) if health.is_healthy => Ok(()),
        Some(health) => Err(format!("its health is {}: {}", health.word, health.last_output)),
        None => Err("its image says nothing about its health; use another check".to_owned()),
    }
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
