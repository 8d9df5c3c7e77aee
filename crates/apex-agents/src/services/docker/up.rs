//! A container that runs: awaited until it is ready, watched, ended, taken away.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::Lifetime;
use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout_at};

use super::container::{ContainerService, Inside};
use super::engine::{ContainerFacts, Engine, EngineError, OutputPieces};
use crate::process::pause::Since;
use crate::process::{Ending, StopRequest};
use crate::services::addresses::Addresses;
use crate::services::output::Output;
use crate::services::program::Down;
use crate::services::readiness::{Conditions, Probing, Surroundings};

/// How long the output of a container that ended is still read.
const REST: Duration = Duration::from_millis(500);

/// How long an engine that went away may take to come back.
const RETURN: Duration = Duration::from_secs(5);

/// A container that runs.
pub(in crate::services) struct UpContainer<'a> {
    service: &'a ContainerService,
    stop: &'a StopRequest,
    engine: Arc<dyn Engine>,
    id: String,
    addresses: Addresses,
    is_kept: bool,
    /// Whether it had run for a while when it was found.
    stands: bool,
    /// Whether it still ran when it was looked at after its start.
    ran: bool,
    output: Output,
    pieces: Option<OutputPieces>,
    end: Pin<Box<dyn Future<Output = Result<ContainerFacts, EngineError>> + Send>>,
}

/// How the watch over a container ended.
pub(in crate::services) enum Watched {
    /// It is asked to end.
    Asked(Ending),
    /// It ended by itself; the text is for people.
    Ended(String),
}

enum Step {
    Wrote,
    Asked(Ending),
    Ended(Result<ContainerFacts, EngineError>),
}

enum Unready {
    Late,
    Asked(Ending),
    Ended(Result<ContainerFacts, EngineError>),
}

impl<'a> UpContainer<'a> {
    /// A container that has run for a while; the engine has just told about it.
    pub(super) fn standing(
        service: &'a ContainerService,
        stop: &'a StopRequest,
        engine: Arc<dyn Engine>,
        found: (String, ContainerFacts),
    ) -> Self {
        Self { stands: true, ..Self::seen(service, stop, engine, found) }
    }

    /// A container that was started.
    pub(super) async fn of(
        service: &'a ContainerService,
        stop: &'a StopRequest,
        engine: Arc<dyn Engine>,
        id: String,
    ) -> Result<Self, String> {
        let facts = engine.inspect(&id).await.map_err(|error| error.to_string())?;
        Ok(Self::seen(service, stop, engine, (id, facts)))
    }

    fn seen(
        service: &'a ContainerService,
        stop: &'a StopRequest,
        engine: Arc<dyn Engine>,
        (id, facts): (String, ContainerFacts),
    ) -> Self {
        let host = engine.remote_host().unwrap_or("127.0.0.1").to_owned();
        let addresses = Addresses::of_container(&service.service, &host, &facts.ports);
        let watched = (Arc::clone(&engine), id.clone());
        Self {
            service,
            stop,
            addresses,
            ran: facts.runs,
            stands: false,
            is_kept: matches!(service.service.lifetime, Lifetime::Keep { .. }),
            output: Output::into_file(service.log.clone(), Vec::new(), &service.mask),
            pieces: Some(engine.output(&id, true)),
            end: Box::pin(async move { end_of(&watched.0, &watched.1).await }),
            engine,
            id,
        }
    }

    /// Waits until it is ready: a one-shot service, until it ended with 0. Nothing of it runs any
    /// more when it does not become so.
    pub(super) async fn become_ready(&mut self) -> Result<(), Down> {
        if self.service.service.oneshot {
            return self.await_success().await;
        }
        if !self.ran {
            // It was faster than the look at its ports.
            let end = (&mut self.end).await;
            return Err(Down::Failed(self.fail_ended(end, " before it was ready").await));
        }
        let conditions = match self.conditions() {
            Ok(conditions) => conditions,
            Err(why) => {
                self.take_away().await;
                return Err(Down::Failed(why));
            }
        };
        self.output.want(conditions.patterns);
        let interval = self.service.service.readiness.interval;
        let begin = if self.stands { Probing::of_standing } else { Probing::begin };
        let mut probing = begin(conditions.probes, interval);
        let ready = self.await_readiness(&mut probing).await;
        let missing = probing.missing();
        probing.end().await;
        match ready {
            Ok(()) => Ok(()),
            Err(Unready::Asked(ending)) => {
                self.finish(ending).await;
                Err(Down::AsAsked)
            }
            Err(Unready::Late) => Err(Down::Failed(self.fail_late(missing).await)),
            Err(Unready::Ended(end)) => {
                Err(Down::Failed(self.fail_ended(end, " before it was ready").await))
            }
        }
    }

    fn conditions(&self) -> Result<Conditions, String> {
        let service = self.service;
        let around = Surroundings { root: &service.root, env: Arc::clone(&service.host_env) };
        let inside = Inside {
            engine: Arc::clone(&self.engine),
            id: self.id.clone(),
            addresses: Addresses::inside(&service.service),
        };
        Conditions::of(&service.service, &self.addresses, &around, Some(&inside))
    }

    /// The engine that runs it, and its id there.
    pub(in crate::services) fn identity(&self) -> (Arc<dyn Engine>, String) {
        (Arc::clone(&self.engine), self.id.clone())
    }

    /// Where it answers.
    pub(in crate::services) const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Watches it until it is asked to end, or ends by itself.
    pub(in crate::services) async fn watch(&mut self) -> Watched {
        if self.service.service.oneshot {
            return Watched::Asked(self.stop.stronger_than(None).await);
        }
        loop {
            match self.step().await {
                Step::Wrote => {}
                Step::Asked(ending) => return Watched::Asked(ending),
                Step::Ended(end) => return Watched::Ended(self.fail_ended(end, "").await),
            }
        }
    }

    /// Ends it and takes it away; one that is kept stays.
    pub(in crate::services) async fn end(mut self, ending: Ending) {
        self.finish(ending).await;
    }

    async fn finish(&mut self, ending: Ending) {
        if self.is_kept {
            return;
        }
        if ending == Ending::Terminate {
            let grace = self.service.container.details.stop_grace.unwrap_or(self.service.grace);
            let stopping = self.engine.stop(&self.id, grace);
            let has_ended = tokio::select! {
                biased;
                _ = self.stop.stronger_than(Some(Ending::Terminate)) => false,
                _ = stopping => true,
            };
            if has_ended {
                self.read_rest().await;
            }
        }
        self.take_away().await;
    }

    async fn await_readiness(&mut self, probing: &mut Probing) -> Result<(), Unready> {
        let (begun, limit) = (Since::now(), self.service.service.readiness.timeout);
        while !(probing.is_done() && self.output.has_all_wanted()) {
            let step = tokio::select! {
                // Output comes last: a service that writes without a pause is ready all the same.
                biased;
                () = probing.next(), if !probing.is_done() => continue,
                () = begun.passed(limit) => return Err(Unready::Late),
                step = self.step() => step,
            };
            match step {
                Step::Wrote => {}
                Step::Asked(ending) => return Err(Unready::Asked(ending)),
                Step::Ended(end) => return Err(Unready::Ended(end)),
            }
        }
        Ok(())
    }

    /// Waits until a one-shot service ended with 0.
    async fn await_success(&mut self) -> Result<(), Down> {
        let (begun, limit) = (Since::now(), self.service.service.readiness.timeout);
        loop {
            let step = tokio::select! {
                biased;
                () = begun.passed(limit) => {
                    let missing = vec!["it had not ended".to_owned()];
                    return Err(Down::Failed(self.fail_late(missing).await));
                }
                step = self.step() => step,
            };
            match step {
                Step::Wrote => {}
                Step::Asked(_) => {
                    self.take_away().await;
                    return Err(Down::AsAsked);
                }
                Step::Ended(Ok(facts)) if facts.exit_code == 0 => {
                    self.read_rest().await;
                    return Ok(());
                }
                Step::Ended(end) => return Err(Down::Failed(self.fail_ended(end, "").await)),
            }
        }
    }

    /// Waits for what happens next; output is taken.
    async fn step(&mut self) -> Step {
        let Self { stop, end, pieces, output, .. } = self;
        tokio::select! {
            biased;
            ending = stop.stronger_than(None) => Step::Asked(ending),
            end = end => Step::Ended(end),
            piece = next_piece(pieces) => {
                match piece {
                    Some(Ok((stream, bytes))) => output.take(stream, &bytes),
                    // The end of the container is told by the wait for it.
                    Some(Err(_)) | None => *pieces = None,
                }
                Step::Wrote
            }
        }
    }

    async fn fail_late(&mut self, mut missing: Vec<String>) -> String {
        let facts = self.engine.inspect(&self.id).await.unwrap_or_default();
        if let Some(health) = facts.health.filter(|health| !health.is_healthy) {
            missing.push(format!("its health is {}: {}", health.word, health.last_output));
        }
        missing.extend(self.output.missing());
        self.read_some().await;
        self.take_away().await;
        let readiness = &self.service.service.readiness;
        format!(
            "service `{}` was not ready within {} seconds: {}; {}\nnext: look at its output, or \
             raise `readiness.timeout_seconds`",
            self.service.service.name,
            readiness.timeout.as_secs_f64(),
            missing.join("; "),
            self.output.last_lines()
        )
    }

    async fn fail_ended(&mut self, end: Result<ContainerFacts, EngineError>, when: &str) -> String {
        self.read_rest().await;
        self.take_away().await;
        let how = match end {
            Err(error) => format!("was lost with the container engine: {error}"),
            Ok(facts) => self.describe_end(&facts),
        };
        format!("service `{}` {how}{when}; {}", self.service.service.name, self.output.last_lines())
    }

    fn describe_end(&self, facts: &ContainerFacts) -> String {
        if facts.out_of_memory {
            let limit = self.service.container.limits.memory_mb;
            let limit = limit.map_or_else(String::new, |mb| format!(" of {mb} MiB"));
            return format!(
                "was killed by the system, because it used more than its memory{limit} (raise \
                 `memory_mb`)"
            );
        }
        match facts.exit_code {
            code @ 129..=192 => format!("was ended by signal {}", code - 128),
            code if facts.error.is_empty() => format!("ended with exit code {code}"),
            code => format!("ended with exit code {code} ({})", facts.error),
        }
    }

    /// Reads what is there now, without waiting for more.
    async fn read_some(&mut self) {
        let until = Instant::now() + Duration::from_millis(50);
        self.read_until(until).await;
    }

    /// Reads what a container that ended has written.
    async fn read_rest(&mut self) {
        self.read_until(Instant::now() + REST).await;
        self.output.finish();
    }

    async fn read_until(&mut self, until: Instant) {
        while let Ok(Some(Ok((stream, bytes)))) =
            timeout_at(until, next_piece(&mut self.pieces)).await
        {
            self.output.take(stream, &bytes);
        }
    }

    async fn take_away(&mut self) {
        // What could not be taken away is tried again and told at the end of the run.
        let _ = self.engine.remove(&self.id).await;
    }
}

/// The next piece of output; never, when there is no more.
async fn next_piece(
    pieces: &mut Option<OutputPieces>,
) -> Option<<OutputPieces as futures_util::Stream>::Item> {
    match pieces {
        Some(pieces) => pieces.next().await,
        None => std::future::pending().await,
    }
}

/// Waits for the end of a container. An engine that goes away may come back with the container
/// still running.
async fn end_of(engine: &Arc<dyn Engine>, id: &str) -> Result<ContainerFacts, EngineError> {
    loop {
        let lost = match engine.wait(id).await {
            Ok(code) => match engine.inspect(id).await {
                // Somebody removed it: its exit code is all that is known.
                Err(_) => return Ok(ContainerFacts { exit_code: code, ..Default::default() }),
                seen => return seen,
            },
            Err(error) => error,
        };
        let until = Instant::now() + RETURN;
        let seen = loop {
            match engine.inspect(id).await {
                Err(_) if Instant::now() < until => sleep(Duration::from_millis(200)).await,
                Err(_) => return Err(lost),
                Ok(facts) => break facts,
            }
        };
        if !seen.runs {
            return Ok(seen);
        }
    }
}
