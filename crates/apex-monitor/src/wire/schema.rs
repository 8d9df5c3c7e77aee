//! The JSON Schemas of everything that Apex writes for programs, each with its version.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::line::{Body, Head};
use super::plan::PlanFile;
use crate::compare::Difference;
use crate::run_dir::Listing;
use crate::status::Status;
use crate::summary::Summary;

/// The JSON Schema (draft 2020-12) that every line of the stream conforms to.
#[must_use]
pub fn event_schema() -> Value {
    let mut generator = SchemaGenerator::default();
    let head = generator.subschema_for::<Head<'_>>();
    let body = generator.subschema_for::<Body<'_>>();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": super::SCHEMA,
        "description": "One line of the event stream of a run.",
        "allOf": [head, body],
        "$defs": generator.take_definitions(true),
    })
}

/// The JSON Schema of a plan: `plan.json` of a run directory and `apex plan --json`.
#[must_use]
pub fn plan_schema() -> Value {
    document::<PlanFile<'_>>(super::PLAN_SCHEMA, "What is going to happen in a run.")
}

/// The JSON Schema of the summary of a run.
#[must_use]
pub fn summary_schema() -> Value {
    document::<Summary>(crate::summary::SCHEMA, "What a run amounts to.")
}

/// The JSON Schema of a list of recorded runs.
#[must_use]
pub fn runs_schema() -> Value {
    document::<Listing>(crate::run_dir::RUNS_SCHEMA, "Recorded runs, the newest first.")
}

/// The JSON Schema of what changed from one run to another.
#[must_use]
pub fn runs_diff_schema() -> Value {
    document::<Difference>(crate::compare::SCHEMA, "What changed from one run to another.")
}

/// The JSON Schema of how a project stands.
#[must_use]
pub fn status_schema() -> Value {
    document::<Status>(crate::status::SCHEMA, "How the runs of a project stand.")
}

/// The schema of a document that says its version itself.
fn document<T: JsonSchema>(version: &str, about: &str) -> Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    schema["title"] = json!(version);
    schema["description"] = json!(about);
    schema["properties"]["schema"]["const"] = json!(version);
    schema
}
