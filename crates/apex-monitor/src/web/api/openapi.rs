//! The OpenAPI document of the interface, made of the table of its paths.

use axum::Json;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Answer, ENTRIES, Entry, Method};

pub(super) async fn answer() -> Json<Value> {
    Json(document())
}

/// The document (OpenAPI 3.1).
#[must_use]
pub fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for entry in &ENTRIES {
        let answer = match &entry.answer {
            Answer::Json(schema) => {
                let schema = schema(&mut generator);
                json!({ "200": {
                    "description": entry.about,
                    "content": { "application/json": { "schema": schema } },
                } })
            }
            Answer::Text(content_type) => json!({ "200": {
                "description": entry.about,
                "content": { *content_type: { "schema": { "type": "string" } } },
            } }),
            Answer::Accepted => json!({ "202": { "description": "It was taken on." } }),
        };
        paths.insert(entry.path.to_owned(), operation(entry, answer));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Apex",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Runs of a project, live ones included. The stream of events is at `/ws`.",
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "responses": { "Problem": {
                "description": "Why the request is not answered (RFC 9457).",
                "content": { "application/problem+json": { "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": { "type": "string" }, "title": { "type": "string" },
                        "status": { "type": "integer" }, "detail": { "type": "string" },
                    },
                } } },
            } },
        },
    })
}

fn operation(entry: &Entry, mut responses: Value) -> Value {
    let in_path = entry.path.split('/').filter_map(|part| part.strip_prefix('{')).map(|name| {
        let name = name.trim_end_matches('}');
        let kind = if name == "test" { "integer" } else { "string" };
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": kind } })
    });
    let in_query = entry.query.iter().map(|parameter| {
        json!({
            "name": parameter.name, "in": "query", "description": parameter.about,
            "schema": { "type": parameter.kind },
        })
    });
    responses["default"] = json!({ "$ref": "#/components/responses/Problem" });
    let word = if entry.method == Method::Get { "get" } else { "post" };
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    json!({ word: {
        "operationId": entry.id, "summary": entry.about,
        "parameters": parameters, "responses": responses,
    } })
}
