//! The stream at `/ws`: what a client may ask for, and the upgrade.
//!
//! `/ws?run=ID` tells the run at a glance (`apex.view/1`) and then every event after it; with
//! `from=SEQ` every event from that number on, from the journal where need be, so that a client
//! that comes back misses nothing and gets nothing twice. With `catch_up=snapshot`, a client that is
//! far behind is told what it missed and gets the run at a glance again. `what=view` gives the run at
//! a glance only, again after changes. Without `run`, it is the newest run. Each message holds one
//! line of JSON.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::problem::Problem;
use super::stream::{Client, House, Wish};
use super::{Shared, api};
use apex_core::RunId;

/// The name of the protocol, for clients that ask for one.
const PROTOCOL: &str = "apex.stream.v1";

/// Bytes that are gathered before a write.
const GATHERED: usize = 64 * 1024;

/// Bytes that are read of a client at once: it has nothing to say.
const READ: usize = 4 * 1024;

/// What a client asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    run: Option<String>,
    from: Option<u64>,
    what: Option<String>,
    catch_up: Option<String>,
}

impl Ask {
    fn wish(&self) -> Result<Wish, Problem> {
        let wrong = |detail: &str| Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        let may_skip = match self.catch_up.as_deref() {
            None | Some("journal") => false,
            Some("snapshot") => true,
            Some(_) => return wrong("`catch_up` is `journal` or `snapshot`"),
        };
        match self.what.as_deref() {
            None | Some("events") => Ok(Wish::Events { from: self.from, may_skip }),
            Some("view") if self.from.is_none() => Ok(Wish::Outline),
            Some("view") => wrong("`from` goes with events only"),
            Some(_) => wrong("`what` is `events` or `view`"),
        }
    }
}

/// `/ws`.
pub(super) async fn upgrade(
    State(shared): State<Shared>,
    Query(ask): Query<Ask>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let wish = ask.wish()?;
    let run = match &ask.run {
        Some(run) => RunId::new(run),
        None => newest(&shared)?,
    };
    if api::status_answers(&shared).clients >= shared.limits.clients {
        let detail = "the server has many clients; come back later";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    }
    let feed = shared.feeds.get(&run)?;
    let house = House {
        missed: shared.missed.clone(),
        closing: shared.closing.clone(),
        patience: shared.limits.patience,
    };
    Ok(upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ)
        .write_buffer_size(GATHERED)
        .max_message_size(shared.limits.message)
        .max_frame_size(shared.limits.message)
        .on_upgrade(move |socket| Client::new(socket, feed, house).serve(wish)))
}

fn newest(shared: &Shared) -> Result<RunId, Problem> {
    let newest = shared.feeds.list()?.into_iter().next();
    newest.ok_or_else(|| Problem::not_found("no run was recorded yet"))
}
