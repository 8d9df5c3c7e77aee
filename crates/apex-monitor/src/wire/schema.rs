//! The JSON Schema of a line.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::line::{Body, Head};

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
