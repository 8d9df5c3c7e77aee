//! The lives of a service: how it comes up, what is reported meanwhile, and whether it starts again.

use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{Service, ServiceSource};
use apex_core::id::ServiceIx;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::addresses::Addresses;
use super::agent::ServiceReport;
use super::docker::{ContainerService, Watched};
use super::external::ExternalService;
use super::program::{Down, ProgramService};
use crate::process::StopRequest;
use crate::secrets::Mask;

/// Time between two reports of progress.
const PROGRESS_RHYTHM: Duration = Duration::from_secs(1);

/// A service that can be brought up.
pub(super) enum Startable {
    Program(ProgramService),
    External(ExternalService),
    Container(Box<ContainerService>),
}

/// The lives of a service, one after another while it may start again; the answer is its last
/// report, when that was not made before.
pub(super) async fn run(
    service: &Service,
    startable: Result<Startable, String>,
    stop: &StopRequest,
    reports: &Reports,
) -> Option<ServiceReport> {
    let startable = match startable {
        Ok(startable) => startable,
        Err(reason) => return Some(ServiceReport::Failed { reason }),
    };
    let mut restarts = service.restarts;
    loop {
        let life = match &startable {
            Startable::Program(program) => live_as_program(program, stop, reports).await,
            Startable::Container(container) => live_as_container(container, stop, reports).await,
            Startable::External(external) => live_elsewhere(external, stop, reports).await,
        };
        match life {
            Life::Ended => return Some(ServiceReport::Stopped),
            Life::EndedAndTold => return None,
            Life::Lost { reason } if restarts > 0 => {
                restarts -= 1;
                reports.send(ServiceReport::Lost { reason }).await;
            }
            Life::Lost { reason } => return Some(ServiceReport::Failed { reason }),
        }
    }
}

/// How one life of a service ended.
enum Life {
    /// As asked; nothing of it runs any more.
    Ended,
    /// As asked, which was told before.
    EndedAndTold,
    /// By itself, or it never was ready.
    Lost { reason: String },
}

impl Life {
    fn of(down: Down) -> Self {
        match down {
            Down::AsAsked => Self::Ended,
            Down::Failed(reason) => Self::Lost { reason },
        }
    }
}

async fn live_as_program(program: &ProgramService, stop: &StopRequest, reports: &Reports) -> Life {
    if program.service.oneshot {
        if let Err(down) = program.run_once(stop).await {
            return Life::of(down);
        }
        reports.ready(&program.service, &program.addresses).await;
        stop.stronger_than(None).await;
        return Life::Ended;
    }
    match program.come_up(stop).await {
        Err(down) => Life::of(down),
        Ok(up) => {
            reports.ready(&program.service, &program.addresses).await;
            Life::of(up.stay_up().await)
        }
    }
}

async fn live_as_container(
    container: &ContainerService,
    stop: &StopRequest,
    reports: &Reports,
) -> Life {
    let mut last: Option<Instant> = None;
    let mut tell = |what: &str| {
        if last.is_none_or(|last| last.elapsed() >= PROGRESS_RHYTHM) {
            last = Some(Instant::now());
            reports.try_send(ServiceReport::Preparing { what: what.to_owned() });
        }
    };
    let mut up = match container.come_up(stop, &mut tell).await {
        Err(down) => return Life::of(down),
        Ok(up) => up,
    };
    reports.ready(&container.service, up.addresses()).await;
    let (engine, id) = up.identity();
    let entered = container.gauge.container(engine, id);
    let watched = up.watch().await;
    drop(entered);
    match watched {
        Watched::Ended(reason) => Life::Lost { reason },
        // What needs nothing else may end beside everything else: nobody waits for it.
        Watched::Asked(ending) if container.service.depends_on.is_empty() => {
            reports.send(ServiceReport::Stopped).await;
            up.end(ending).await;
            Life::EndedAndTold
        }
        Watched::Asked(ending) => {
            up.end(ending).await;
            Life::Ended
        }
    }
}

async fn live_elsewhere(external: &ExternalService, stop: &StopRequest, reports: &Reports) -> Life {
    match external.answers(stop).await {
        Err(reason) => Life::Lost { reason },
        Ok(false) => Life::Ended,
        Ok(true) => {
            reports.ready(&external.service, &external.addresses).await;
            stop.stronger_than(None).await;
            Life::Ended
        }
    }
}

/// Where the task of one service reports.
pub(super) struct Reports {
    pub(super) ix: ServiceIx,
    pub(super) to: mpsc::Sender<(ServiceIx, ServiceReport)>,
    /// What reasons never show.
    pub(super) mask: Arc<Mask>,
}

impl Reports {
    /// Without a reader there is nobody to tell.
    pub(super) async fn send(&self, report: ServiceReport) {
        let report = match report {
            ServiceReport::Failed { reason } => {
                ServiceReport::Failed { reason: self.mask.text(&reason).into_owned() }
            }
            ServiceReport::Lost { reason } => {
                ServiceReport::Lost { reason: self.mask.text(&reason).into_owned() }
            }
            other => other,
        };
        let _ = self.to.send((self.ix, report)).await;
    }

    /// Tells what may be left out when the reader is behind.
    fn try_send(&self, report: ServiceReport) {
        let _ = self.to.try_send((self.ix, report));
    }

    async fn ready(&self, service: &Service, addresses: &Addresses) {
        let inside = match service.source {
            ServiceSource::Container(_) => Addresses::inside(service).exports(service),
            _ => addresses.exports(service),
        };
        let ready = ServiceReport::Ready {
            addresses: addresses.listed(),
            exports: addresses.exports(service),
            inside,
        };
        self.send(ready).await;
    }
}
