//! The server itself, and the services of live runs.

use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::web::Shared;
use crate::web::outline::ServiceOutline;
use crate::web::problem::Problem;
use crate::web::stream::Stage;

/// Newest runs among which live ones are looked for.
const LOOKED_AT: usize = 10;

/// That the server answers.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Health {
    status: &'static str,
    version: &'static str,
}

pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// What the server does.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct Status {
    version: &'static str,
    /// Clients of streams.
    pub(in crate::web) clients: usize,
    /// Clients of streams at most.
    most_clients: usize,
    /// Connections now.
    connections: usize,
    /// Events that slow clients were told they missed, since the server began.
    missed_events: u64,
    /// The runs that are held in memory.
    open: Vec<OpenRun>,
}

/// A run that is held in memory.
#[derive(Debug, Serialize, JsonSchema)]
struct OpenRun {
    run: String,
    /// `running`, `finished`, `lost` or `damaged`.
    state: &'static str,
    /// Events that were read.
    events: u64,
    clients: usize,
}

pub(super) async fn status(State(shared): State<Shared>) -> Json<Status> {
    Json(answers(&shared))
}

/// What the server does now.
pub(in crate::web) fn answers(shared: &Shared) -> Status {
    let open = shared.feeds.open();
    let row = |feed: &std::sync::Arc<crate::web::stream::Feed>| OpenRun {
        run: feed.run().to_string(),
        state: feed.stage().word(),
        events: feed.extent().borrow().next,
        clients: feed.clients(),
    };
    Status {
        version: env!("CARGO_PKG_VERSION"),
        clients: open.iter().map(|feed| feed.clients()).sum(),
        most_clients: shared.limits.clients,
        connections: shared.connections.load(Ordering::Relaxed),
        missed_events: shared.missed.load(Ordering::Relaxed),
        open: open.iter().map(row).collect(),
    }
}

/// The services of live runs.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ServiceList {
    runs: Vec<RunServices>,
}

/// The services of a run.
#[derive(Debug, Serialize, JsonSchema)]
struct RunServices {
    run: String,
    services: Vec<ServiceOutline>,
}

pub(super) async fn services(State(shared): State<Shared>) -> Result<Json<ServiceList>, Problem> {
    let mut runs = Vec::new();
    for run in shared.feeds.list()?.into_iter().take(LOOKED_AT) {
        let directory = shared.feeds.runs().open(&run)?;
        if directory.summary().exists() {
            continue;
        }
        let feed = shared.feeds.get(&run)?;
        feed.caught_up().await;
        if feed.stage() == Stage::Going {
            let outline = feed.outline();
            runs.push(RunServices { run: outline.run, services: outline.services });
        }
    }
    Ok(Json(ServiceList { runs }))
}
