//! What a run measures, for a Prometheus that scrapes this server.
//!
//! One run at a time: two in one answer would be told apart by their ids only, and a label that
//! grows with runs is what a time series database must not have.

use std::time::{Duration, SystemTime};

use apex_core::{Moment, RunId, RunView};
use axum::extract::{Query, State};
use axum::http::{HeaderName, header};
use serde::Deserialize;

use crate::measures::text::{CONTENT_TYPE, metrics_text};
use crate::web::Shared;
use crate::web::problem::Problem;

/// Which run is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    run: Option<String>,
}

/// `GET /metrics`.
pub(super) async fn metrics(
    State(shared): State<Shared>,
    Query(ask): Query<Ask>,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    let run = match ask.run {
        Some(run) => Some(RunId::new(&run)),
        None => shared.feeds.list()?.into_iter().next(),
    };
    let text = match run {
        Some(run) => {
            let feed = shared.feeds.get(&run)?;
            feed.caught_up().await;
            metrics_text(&feed.metrics(now_in))
        }
        // Nothing was measured, which is not an error of whoever asks.
        None => String::new(),
    };
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text))
}

/// The moment it is in a run; of one that is over, that of its last event.
fn now_in(view: &RunView) -> Moment {
    let began = view.identity().filter(|_| view.result().is_none());
    let elapsed = began.and_then(|began| {
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(began.unix_millis))?;
        SystemTime::now().duration_since(at).ok()
    });
    elapsed.map_or(view.last(), |elapsed| Moment::after_start(elapsed).max(view.last()))
}
