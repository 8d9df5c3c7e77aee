//! What changes something: stop a live run, run again. Only with the token to act.
//!
//! Nothing is done here: a run is asked through its directory and stops by itself, and runs are
//! started by whoever made the server.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::runs::open;
use crate::web::Shared;
use crate::web::problem::Problem;
use crate::web::stream::Stage;
use crate::web::token::Right;

/// `POST /api/runs/{run}/stop`.
pub(super) async fn stop(
    State(shared): State<Shared>,
    Extension(right): Extension<Right>,
    Path(run): Path<String>,
) -> Result<StatusCode, Problem> {
    may_act(right)?;
    let feed = open(&shared, &run).await?;
    if feed.stage() != Stage::Going {
        return Err(Problem::new(StatusCode::CONFLICT, format!("run {run} is over")));
    }
    feed.directory().request_stop()?;
    Ok(StatusCode::ACCEPTED)
}

/// A run that was started.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Begun {
    run: String,
}

/// `POST /api/runs/{run}/rerun`.
pub(super) async fn rerun(
    State(shared): State<Shared>,
    Extension(right): Extension<Right>,
    Path(run): Path<String>,
) -> Result<Json<Begun>, Problem> {
    may_act(right)?;
    let feed = open(&shared, &run).await?;
    let Some(start) = &shared.rerun else {
        let detail = "this server shows one run and starts none; `apex serve` does";
        return Err(Problem::new(StatusCode::NOT_IMPLEMENTED, detail));
    };
    let plan = feed.with_view(|view| std::sync::Arc::clone(view.plan()));
    let begun = start(&plan).map_err(|reason| Problem::new(StatusCode::CONFLICT, reason))?;
    Ok(Json(Begun { run: begun.to_string() }))
}

fn may_act(right: Right) -> Result<(), Problem> {
    if right == Right::Act {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "this token may look only; use the token to act"))
}
