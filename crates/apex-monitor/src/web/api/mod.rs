//! The interface for programs under `/api`.
//!
//! One table holds every path with its meaning and its handler: the router and the OpenAPI document
//! are both made of it.
//!
//! | part | what it answers |
//! |---|---|
//! | `runs.rs` | which runs there are, one at a glance |
//! | `tests.rs` | tests of a run, page by page; one test; what it wrote |
//! | `past.rs` | what the history says: a test, flaky ones, slow ones, the trend |
//! | `server.rs` | services of live runs, the state of this server |
//! | `metrics.rs` | what the newest run measures, for Prometheus |
//! | `orders.rs` | stop, run again |
//! | `openapi.rs` | the table as a document |

mod metrics;
mod openapi;
mod orders;
pub(super) mod past;
pub(super) mod runs;
mod server;
pub(super) mod tests;

use axum::routing::{MethodRouter, get, post};
use schemars::generate::SchemaGenerator;
use serde_json::Value;

use super::Shared;
use super::outline::Outline;
use crate::measures::text::CONTENT_TYPE;

pub use openapi::document as openapi_document;
pub(super) use server::answers as status_answers;

/// Whether a path tells or does something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Post,
}

/// What a path answers with.
enum Answer {
    /// JSON of this schema.
    Json(fn(&mut SchemaGenerator) -> Value),
    /// Text of this type.
    Text(&'static str),
    /// Nothing but the status: it was taken on.
    Accepted,
}

/// A parameter of a query.
struct Parameter {
    name: &'static str,
    /// `string`, `integer`.
    kind: &'static str,
    about: &'static str,
}

/// A path of the interface.
struct Entry {
    method: Method,
    path: &'static str,
    id: &'static str,
    about: &'static str,
    query: &'static [Parameter],
    answer: Answer,
    handler: fn() -> MethodRouter<Shared>,
}

const fn text(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, kind: "string", about }
}

const fn number(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, kind: "integer", about }
}

/// The schema of an answer.
fn schema<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

fn free(_: &mut SchemaGenerator) -> Value {
    serde_json::json!({ "type": "object" })
}

/// Every path.
#[rustfmt::skip]
static ENTRIES: [Entry; 16] = [
    Entry {
        method: Method::Get, path: "/api/health", id: "health",
        about: "Whether the server answers. Needs no token.",
        query: &[], answer: Answer::Json(schema::<server::Health>), handler: || get(server::health),
    },
    Entry {
        method: Method::Get, path: "/api/status", id: "status",
        about: "What the server does: runs that are looked at, clients, what slow ones missed.",
        query: &[], answer: Answer::Json(schema::<server::Status>), handler: || get(server::status),
    },
    Entry {
        method: Method::Get, path: "/api/openapi.json", id: "openapi",
        about: "This document.",
        query: &[], answer: Answer::Json(free), handler: || get(openapi::answer),
    },
    Entry {
        method: Method::Get, path: "/api/runs", id: "runs",
        about: "The runs, the newest first.",
        query: &[number("limit", "how many, at most 200; 50 when not given"), text("before", "only runs that began before this one")],
        answer: Answer::Json(schema::<runs::RunList>), handler: || get(runs::list),
    },
    Entry {
        method: Method::Get, path: "/api/runs/{run}", id: "run",
        about: "A run at a glance.",
        query: &[], answer: Answer::Json(schema::<Outline>), handler: || get(runs::run),
    },
    Entry {
        method: Method::Get, path: "/api/runs/{run}/tests", id: "tests",
        about: "Tests of a run, page by page.",
        query: &[
            text("q", "only tests whose id holds this, whatever its case"),
            text("outcome", "only tests with these outcomes, separated by commas; `bad` for all that count against their layer, `running` and `waiting` for those without one"),
            text("category", "only tests of this category"),
            text("sort", "`plan` (order of discovery), `duration` (longest first) or `name`"),
            number("offset", "how many to leave out at the beginning"),
            number("limit", "how many, at most 500; 100 when not given"),
        ],
        answer: Answer::Json(schema::<tests::TestPage>), handler: || get(tests::list),
    },
    Entry {
        method: Method::Get, path: "/api/runs/{run}/tests/{test}", id: "test",
        about: "A test of a run, by its number.",
        query: &[], answer: Answer::Json(schema::<tests::TestDetail>), handler: || get(tests::one),
    },
    Entry {
        method: Method::Get, path: "/api/runs/{run}/output", id: "output",
        about: "A part of what an attempt of a job wrote. The text is what the program wrote: escape it before it is shown.",
        query: &[
            number("job", "the number of the job"), number("attempt", "which try, from 1; the latest when not given"),
            number("from", "the first byte; a negative number counts from the end"), number("bytes", "how many, at most 262144; 65536 when not given"),
        ],
        answer: Answer::Json(schema::<tests::OutputPart>), handler: || get(tests::output),
    },
    Entry {
        method: Method::Post, path: "/api/runs/{run}/stop", id: "stop",
        about: "Asks a live run to stop in order. Needs the token to act.",
        query: &[], answer: Answer::Accepted, handler: || post(orders::stop),
    },
    Entry {
        method: Method::Post, path: "/api/runs/{run}/rerun", id: "rerun",
        about: "Starts a run of what a run was asked for. Needs the token to act.",
        query: &[], answer: Answer::Json(schema::<orders::Begun>), handler: || post(orders::rerun),
    },
    Entry {
        method: Method::Get, path: "/api/history/test", id: "test_history",
        about: "The latest attempts of a test over all runs.",
        query: &[text("category", "its category"), text("id", "its id")],
        answer: Answer::Json(schema::<past::TestPast>), handler: || get(past::test),
    },
    Entry {
        method: Method::Get, path: "/api/history/flaky", id: "flaky",
        about: "Tests that fail although nothing is wrong with what they test, the worst first.",
        query: &[], answer: Answer::Json(schema::<past::FlakyList>), handler: || get(past::flaky),
    },
    Entry {
        method: Method::Get, path: "/api/history/slowest", id: "slowest",
        about: "The tests that take longest, by their median over the latest runs.",
        query: &[], answer: Answer::Json(schema::<past::SlowList>), handler: || get(past::slowest),
    },
    Entry {
        method: Method::Get, path: "/api/history/trend", id: "trend",
        about: "How long the latest runs took and what they amounted to, the newest first.",
        query: &[number("limit", "how many, at most 500; 100 when not given")],
        answer: Answer::Json(schema::<past::Trend>), handler: || get(past::trend),
    },
    Entry {
        method: Method::Get, path: "/api/services", id: "services",
        about: "The services of live runs.",
        query: &[], answer: Answer::Json(schema::<server::ServiceList>), handler: || get(server::services),
    },
    Entry {
        method: Method::Get, path: "/metrics", id: "metrics",
        about: "What a run measures, as text for Prometheus; a live run so far.",
        query: &[text("run", "which run; the newest when not given")],
        answer: Answer::Text(CONTENT_TYPE), handler: || get(metrics::metrics),
    },
];

/// The paths with their handlers.
pub(super) fn router() -> axum::Router<Shared> {
    ENTRIES
        .iter()
        .fold(axum::Router::new(), |router, entry| router.route(entry.path, (entry.handler)()))
}
