//! An engine that speaks the API of Docker, through the library bollard. The only place that names
//! that library, together with `translate.rs` beside it.

mod translate;

use std::future::Future;
use std::time::Duration;

use apex_core::event::Stream as OutputStream;
use apex_core::resource::Use;
use bollard::container::LogOutput;
use bollard::exec::StartExecResults;
use bollard::query_parameters as query;
use bollard::{API_DEFAULT_VERSION, Docker, body_full};
use futures_util::{Stream, StreamExt, TryStreamExt};
use tokio::time::timeout;

use super::engine::{
    Answer, BuildOrder, ContainerFacts, ContainerOrder, Engine, EngineError, InsideEnd, Labels,
    OutputPieces, Progress, Thing, ThingKind,
};
use super::find::{Address, explain_unreachable};

/// How long a first answer is waited for: whoever has no engine shall know it soon.
const GREETING: Duration = Duration::from_secs(4);

/// How long an ordinary answer is waited for.
const ORDINARY: Duration = Duration::from_secs(60);

/// How long a pull or a build may take.
const LONG: Duration = Duration::from_secs(30 * 60);

/// Bytes that are kept of what a command inside of a container writes.
const INSIDE_OUTPUT: usize = 4096;

/// A connection to an engine.
#[derive(Debug)]
pub(super) struct ApiEngine {
    docker: Docker,
    remote_host: Option<String>,
}

impl ApiEngine {
    /// Connects, and agrees on the version of the API.
    pub(super) async fn connect(address: &Address) -> Result<Self, EngineError> {
        let unreachable =
            |cause: &str| EngineError::Unreachable(explain_unreachable(address, cause));
        let client_timeout = LONG.as_secs();
        let docker = match address {
            Address::Socket { path, .. } => {
                // The library looks for the file before it connects; a look of our own tells
                // a missing file from one that may not be opened.
                translate::check_socket(path).map_err(|cause| unreachable(&cause))?;
                Docker::connect_with_unix(path, client_timeout, API_DEFAULT_VERSION)
            }
            Address::Tcp { url, .. } => {
                Docker::connect_with_http(url, client_timeout, API_DEFAULT_VERSION)
            }
            Address::Encrypted { url, certificates: files, .. } => Docker::connect_with_ssl(
                url,
                &files.key,
                &files.own,
                &files.authority,
                client_timeout,
                API_DEFAULT_VERSION,
            ),
        };
        let docker = docker.map_err(|error| unreachable(&translate::cause(&error)))?;
        match timeout(GREETING, docker.negotiate_version()).await {
            Ok(Ok(docker)) => Ok(Self { docker, remote_host: address.remote_host() }),
            Ok(Err(error)) => Err(unreachable(&translate::cause(&error))),
            Err(_) => Err(unreachable(&format!(
                "it gave no answer within {} seconds",
                GREETING.as_secs()
            ))),
        }
    }
}

/// Waits for an answer of the library, at most so long.
async fn limited<T>(
    what: &'static str,
    limit: Duration,
    answer: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, EngineError> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(|error| translate::error(what, &error)),
        Err(_) => Err(EngineError::Late { what, limit }),
    }
}

/// An answer to the wish that something be gone: what is not there is gone.
fn gone(answer: Result<(), EngineError>) -> Result<(), EngineError> {
    match answer {
        Err(EngineError::Missing(_)) => Ok(()),
        // Another request removes it already.
        Err(EngineError::Conflict(text)) if text.contains("already in progress") => Ok(()),
        other => other,
    }
}

/// Hands every step of a stream of progress on, to its end.
async fn follow<T>(
    what: &'static str,
    steps: impl Stream<Item = Result<T, bollard::errors::Error>>,
    mut each: impl FnMut(T) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let work = async {
        let mut steps = std::pin::pin!(steps);
        while let Some(step) = steps.next().await {
            each(step.map_err(|error| translate::error(what, &error))?)?;
        }
        Ok(())
    };
    timeout(LONG, work).await.unwrap_or(Err(EngineError::Late { what, limit: LONG }))
}

impl Engine for ApiEngine {
    fn remote_host(&self) -> Option<&str> {
        self.remote_host.as_deref()
    }

    fn image<'a>(&'a self, name: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async move {
            match limited("a look for an image", ORDINARY, self.docker.inspect_image(name)).await {
                Ok(image) => Ok(Some(image.id.unwrap_or_default())),
                Err(EngineError::Missing(_)) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn pull<'a>(&'a self, name: &'a str, progress: Progress<'a>) -> Answer<'a, ()> {
        Box::pin(async move {
            let (image, tag) = translate::image_and_tag(name);
            let options =
                query::CreateImageOptionsBuilder::new().from_image(image).tag(tag).build();
            let steps = self.docker.create_image(Some(options), None, None);
            follow("a pull", steps, |step| {
                if let Some(detail) = step.error_detail {
                    return Err(EngineError::Refused(detail.message.unwrap_or_default()));
                }
                if let Some(status) = step.status {
                    progress(&translate::layer_status(step.id.as_deref(), &status));
                }
                Ok(())
            })
            .await
        })
    }

    fn build<'a>(&'a self, order: BuildOrder, progress: Progress<'a>) -> Answer<'a, String> {
        Box::pin(async move {
            let name = order.name.clone();
            let options = translate::build_options(&order);
            let steps =
                self.docker.build_image(options, None, Some(body_full(order.archive.into())));
            follow("a build", steps, |step| {
                if let Some(detail) = step.error_detail {
                    return Err(EngineError::Refused(detail.message.unwrap_or_default()));
                }
                if let Some(text) = step.stream.as_deref().map(str::trim).filter(|t| !t.is_empty())
                {
                    progress(text);
                }
                Ok(())
            })
            .await?;
            let built = self.image(&name).await?;
            built.ok_or_else(|| EngineError::Missing(format!("the build left no image `{name}`")))
        })
    }

    fn create_network<'a>(&'a self, name: &'a str, labels: &'a Labels) -> Answer<'a, String> {
        Box::pin(async move {
            let order = translate::network_order(name, labels);
            let made = self.docker.create_network(order);
            Ok(limited("the making of a network", ORDINARY, made).await?.id)
        })
    }

    fn create_volume<'a>(&'a self, name: &'a str, labels: &'a Labels) -> Answer<'a, ()> {
        Box::pin(async move {
            let made = self.docker.create_volume(translate::volume_order(name, labels));
            limited("the making of a volume", ORDINARY, made).await.map(drop)
        })
    }

    fn create<'a>(&'a self, order: &'a ContainerOrder) -> Answer<'a, String> {
        Box::pin(async move {
            let body = translate::container_order(order);
            let made = self.docker.create_container(None::<query::CreateContainerOptions>, body);
            Ok(limited("the making of a container", ORDINARY, made).await?.id)
        })
    }

    fn connect<'a>(&'a self, network: &'a str, id: &'a str, names: &'a [String]) -> Answer<'a, ()> {
        Box::pin(async move {
            let order = translate::connect_order(id, names);
            let connected = self.docker.connect_network(network, order);
            limited("the joining of a network", ORDINARY, connected).await
        })
    }

    fn start<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        let started = self.docker.start_container(id, None::<query::StartContainerOptions>);
        Box::pin(limited("the start of a container", ORDINARY, started))
    }

    fn inspect<'a>(&'a self, id: &'a str) -> Answer<'a, ContainerFacts> {
        Box::pin(async move {
            let seen = self.docker.inspect_container(id, None::<query::InspectContainerOptions>);
            Ok(translate::facts(limited("a look at a container", ORDINARY, seen).await?))
        })
    }

    fn used<'a>(&'a self, id: &'a str) -> Answer<'a, Use> {
        Box::pin(async move {
            let options = query::StatsOptionsBuilder::new().stream(false).one_shot(true).build();
            let mut answers = self.docker.stats(id, Some(options));
            let answer = async { answers.next().await.transpose() };
            let found = limited("a look at what a container uses", ORDINARY, answer).await?;
            Ok(found.map_or_else(Use::default, translate::used))
        })
    }

    fn wait<'a>(&'a self, id: &'a str) -> Answer<'a, i64> {
        Box::pin(async move {
            let options =
                query::WaitContainerOptionsBuilder::new().condition("not-running").build();
            let mut ends = std::pin::pin!(self.docker.wait_container(id, Some(options)));
            match ends.next().await {
                Some(Ok(end)) => Ok(end.status_code),
                // The library takes every code but 0 for an error.
                Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => {
                    Ok(code)
                }
                Some(Err(error)) => Err(translate::error("the wait for a container", &error)),
                None => Err(EngineError::Broken {
                    what: "the wait for a container",
                    cause: "the answer ended without an exit code".to_owned(),
                }),
            }
        })
    }

    fn output(&self, id: &str, follow: bool) -> OutputPieces {
        let options = query::LogsOptionsBuilder::new().follow(follow).stdout(true).stderr(true);
        let pieces = self.docker.logs(id, Some(options.build()));
        let pieces = pieces.map_ok(|piece| match piece {
            LogOutput::StdErr { message } => (OutputStream::Stderr, message.to_vec()),
            LogOutput::StdOut { message }
            | LogOutput::Console { message }
            | LogOutput::StdIn { message } => (OutputStream::Stdout, message.to_vec()),
        });
        pieces.map_err(|error| translate::error("the reading of output", &error)).boxed()
    }

    fn run_inside<'a>(&'a self, id: &'a str, command: &'a [String]) -> Answer<'a, InsideEnd> {
        const WHAT: &str = "a command inside of a container";
        Box::pin(async move {
            let order = translate::inside_order(command);
            let made = limited(WHAT, ORDINARY, self.docker.create_exec(id, order)).await?;
            let started = limited(WHAT, ORDINARY, self.docker.start_exec(&made.id, None)).await?;
            let mut output = Vec::new();
            if let StartExecResults::Attached { output: mut pieces, .. } = started {
                while let Some(Ok(piece)) = pieces.next().await {
                    let room = INSIDE_OUTPUT.saturating_sub(output.len());
                    output.extend(piece.into_bytes().iter().take(room));
                }
            }
            let end = limited(WHAT, ORDINARY, self.docker.inspect_exec(&made.id)).await?;
            let output = String::from_utf8_lossy(&output).trim().to_owned();
            Ok(InsideEnd { code: end.exit_code.unwrap_or(-1), output })
        })
    }

    fn stop<'a>(&'a self, id: &'a str, grace: Duration) -> Answer<'a, ()> {
        Box::pin(async move {
            let seconds = i32::try_from(grace.as_secs().max(1)).unwrap_or(i32::MAX);
            let options = query::StopContainerOptionsBuilder::new().t(seconds).build();
            let stopped = self.docker.stop_container(id, Some(options));
            gone(limited("the end of a container", ORDINARY + grace, stopped).await)
        })
    }

    fn remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let options = query::RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            let removed = self.docker.remove_container(id, Some(options));
            gone(limited("the removal of a container", ORDINARY, removed).await)
        })
    }

    fn remove_network<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let removed = self.docker.remove_network(id);
            gone(limited("the removal of a network", ORDINARY, removed).await)
        })
    }

    fn remove_volume<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let removed = self.docker.remove_volume(name, None::<query::RemoveVolumeOptions>);
            gone(limited("the removal of a volume", ORDINARY, removed).await)
        })
    }

    fn list<'a>(&'a self, kind: ThingKind, label: &'a str) -> Answer<'a, Vec<Thing>> {
        const WHAT: &str = "a list by label";
        Box::pin(async move {
            let filters = translate::label_filter(label);
            Ok(match kind {
                ThingKind::Container => {
                    let options =
                        query::ListContainersOptionsBuilder::new().all(true).filters(&filters);
                    let found = self.docker.list_containers(Some(options.build()));
                    let found = limited(WHAT, ORDINARY, found).await?;
                    found.into_iter().map(translate::container_thing).collect()
                }
                ThingKind::Network => {
                    let options = query::ListNetworksOptionsBuilder::new().filters(&filters);
                    let found = self.docker.list_networks(Some(options.build()));
                    let found = limited(WHAT, ORDINARY, found).await?;
                    found.into_iter().map(translate::network_thing).collect()
                }
                ThingKind::Volume => {
                    let options = query::ListVolumesOptionsBuilder::new().filters(&filters);
                    let found = self.docker.list_volumes(Some(options.build()));
                    let found = limited(WHAT, ORDINARY, found).await?.volumes.unwrap_or_default();
                    found.into_iter().map(translate::volume_thing).collect()
                }
            })
        })
    }
}
