//! Pages for people: templates that are filled here, and a few plain modules of script that keep
//! them up to date. Everything is inside the program; nothing is loaded from elsewhere.
//!
//! Every page says what it says without script, except for the list of all tests of a run and what
//! moves. Values are escaped by the template engine, by the name of the template.

mod assets;
mod chart;
mod show;
mod templates;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use minijinja::context;

use super::Shared;
use super::problem::Problem;

/// The pages and what they are made of.
pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(show::runs))
        .route("/runs/{run}", get(show::run))
        .route("/runs/{run}/tests/{test}", get(show::test))
        .route("/flaky", get(show::flaky))
        .route("/slowest", get(show::slowest))
        .route("/trend", get(show::trend))
        .route("/assets/{name}", get(assets::asset))
}

/// Whatever is nowhere.
pub(super) async fn not_found(uri: axum::http::Uri) -> Response {
    let problem = Problem::not_found(format!("there is no {}", uri.path()));
    if uri.path().starts_with("/api") { problem.into_response() } else { refusal(&problem) }
}

/// A refusal or an error as a page.
pub(super) fn refusal(problem: &Problem) -> Response {
    let status = problem.status();
    let values = context! {
        title => status.canonical_reason().unwrap_or("Error"),
        status => status.as_u16(),
        detail => problem.detail(),
        asks_for_token => status == StatusCode::UNAUTHORIZED,
    };
    let mut response = (status, templates::render("refusal.html", values)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let bearer = axum::http::HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
    }
    response
}

/// What a page answers with.
type Page = Result<Html<String>, PageProblem>;

/// An error that is shown as a page.
struct PageProblem(Problem);

impl From<Problem> for PageProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        refusal(&self.0)
    }
}
