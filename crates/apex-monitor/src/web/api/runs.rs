//! Which runs there are, and one of them at a glance.

use std::sync::Arc;

use apex_core::RunId;
use axum::Json;
use axum::extract::{Path, Query, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::summary::{CountsRow, Summary};
use crate::web::Shared;
use crate::web::outline::Outline;
use crate::web::problem::Problem;
use crate::web::stream::{Feed, Feeds};

/// Runs of a list at most.
const MOST: usize = 200;

/// Which runs are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Ask {
    pub(in crate::web) limit: Option<usize>,
    pub(in crate::web) before: Option<String>,
}

/// Runs, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct RunList {
    pub(in crate::web) runs: Vec<RunRow>,
    /// What to say as `before` for the runs that follow; none when there are none.
    pub(in crate::web) next: Option<String>,
}

/// A run in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::web) struct RunRow {
    pub(in crate::web) run: String,
    /// `running`, `finished`, `lost` or `damaged`.
    pub(in crate::web) state: &'static str,
    /// `passed` or `failed`; none before the end.
    pub(in crate::web) verdict: Option<String>,
    pub(in crate::web) started_unix_millis: u64,
    pub(in crate::web) duration_seconds: f64,
    pub(in crate::web) mode: Option<String>,
    pub(in crate::web) environment: Option<String>,
    pub(in crate::web) tests: CountsRow,
}

/// `GET /api/runs`.
pub(super) async fn list(
    State(shared): State<Shared>,
    Query(ask): Query<Ask>,
) -> Result<Json<RunList>, Problem> {
    rows(&shared, ask).await.map(Json)
}

/// The runs that are asked for. Of runs that are over, only their small summaries are read.
pub(in crate::web) async fn rows(shared: &Shared, ask: Ask) -> Result<RunList, Problem> {
    let feeds = Arc::clone(&shared.feeds);
    let limit = ask.limit.unwrap_or(50).clamp(1, MOST);
    let read = tokio::task::spawn_blocking(move || {
        let mut ids = feeds.list()?;
        if let Some(before) = ask.before {
            ids.retain(|run| run.as_str() < before.as_str());
        }
        let has_more = ids.len() > limit;
        ids.truncate(limit);
        let next = if has_more { ids.last().map(ToString::to_string) } else { None };
        let runs = ids.iter().map(|run| (run.clone(), summary(&feeds, run))).collect();
        std::io::Result::Ok((runs, next))
    });
    let (runs, next): (Vec<(RunId, Option<Summary>)>, _) = joined(read.await)??;
    let mut rows = Vec::new();
    for (run, summary) in runs {
        match summary {
            Some(summary) => rows.push(of_summary(summary)),
            None => rows.extend(of_feed(shared, &run).await),
        }
    }
    Ok(RunList { runs: rows, next })
}

/// What a blocking task answered.
pub(super) fn joined<T>(answer: Result<T, tokio::task::JoinError>) -> Result<T, Problem> {
    answer.map_err(|error| {
        Problem::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    })
}

fn summary(feeds: &Feeds, run: &RunId) -> Option<Summary> {
    let directory = feeds.runs().open(run).ok()?;
    let text = std::fs::read(directory.summary()).ok()?;
    serde_json::from_slice(&text).ok()
}

fn of_summary(summary: Summary) -> RunRow {
    RunRow {
        run: summary.run,
        state: "finished",
        verdict: Some(summary.verdict),
        started_unix_millis: summary.started_unix_millis,
        duration_seconds: summary.duration_seconds,
        mode: summary.mode,
        environment: summary.environment,
        tests: summary.counts,
    }
}

/// A run without a summary: a live one, or one that was lost. When it cannot be opened, it is left
/// out of the list.
async fn of_feed(shared: &Shared, run: &RunId) -> Option<RunRow> {
    let feed = shared.feeds.get(run).ok()?;
    feed.caught_up().await;
    let outline = feed.outline();
    Some(RunRow {
        run: outline.run,
        state: outline.state,
        verdict: outline.verdict.map(str::to_owned),
        started_unix_millis: outline.started_unix_millis,
        duration_seconds: outline.at,
        mode: outline.mode,
        environment: outline.environment,
        tests: outline.tests,
    })
}

/// `GET /api/runs/{run}`.
pub(super) async fn run(
    State(shared): State<Shared>,
    Path(run): Path<String>,
) -> Result<Json<Outline>, Problem> {
    Ok(Json(open(&shared, &run).await?.outline()))
}

/// A run, as soon as its past is read.
pub(in crate::web) async fn open(shared: &Shared, run: &str) -> Result<Arc<Feed>, Problem> {
    let feed = shared.feeds.get(&RunId::new(run))?;
    feed.caught_up().await;
    Ok(feed)
}
