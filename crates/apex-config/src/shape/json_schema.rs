//! The shape as a JSON Schema (draft 2020-12), for editors.

use serde_json::{Map, Value, json};

use super::{Fallback, Field, Form, Kind, Record, fields::FILE};

/// The JSON Schema of the layer file in its native form.
///
/// ```
/// let schema = apex_config::json_schema();
/// assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
/// ```
#[must_use]
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    let root = record(&FILE, &mut definitions);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "apex-layers.schema.json",
        "title": "Apex layer file",
        "$defs": definitions,
    });
    if let (Value::Object(schema), Value::Object(root)) = (&mut schema, root) {
        schema.extend(root);
    }
    schema
}

/// The schema of a record itself; the records that it mentions go to the definitions.
fn record(record: &'static Record, definitions: &mut Map<String, Value>) -> Value {
    let properties: Map<String, Value> = record
        .all_fields()
        .map(|field| (field.name.to_owned(), described(field, definitions)))
        .collect();
    let required: Vec<&str> =
        record.all_fields().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "patternProperties": {"^(x-|custom_)": true},
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn reference(of: &'static Record, definitions: &mut Map<String, Value>) -> Value {
    if !definitions.contains_key(of.name) {
        // Before its fields, because they may refer to it.
        definitions.insert(of.name.to_owned(), Value::Null);
        let schema = record(of, definitions);
        definitions.insert(of.name.to_owned(), schema);
    }
    json!({"$ref": format!("#/$defs/{}", of.name)})
}

fn described(field: &'static Field, definitions: &mut Map<String, Value>) -> Value {
    // Every field may be null, which takes its default back.
    let mut schema = json!({"anyOf": [kind(&field.kind, definitions), {"type": "null"}]});
    let effect = if field.acts { "" } else { " (no effect in this version)" };
    schema["description"] = json!(format!("{}{effect}", field.about));
    if let Some(default) = default(field.fallback) {
        schema["default"] = default;
    }
    schema
}

fn default(fallback: Fallback) -> Option<Value> {
    Some(match fallback {
        Fallback::Unset => return None,
        Fallback::Flag(value) => json!(value),
        Fallback::Number(value) => number(value),
        Fallback::Word(text) => json!(text),
        Fallback::EmptyList => json!([]),
        Fallback::EmptyMap => json!({}),
        Fallback::Words(words) => json!(words),
    })
}

/// Whole numbers without a fraction.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

fn kind(kind_of: &'static Kind, definitions: &mut Map<String, Value>) -> Value {
    match kind_of {
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Number(f64::MIN, _) => json!({"type": "number"}),
        Kind::Number(least, most) => {
            json!({"type": "number", "minimum": number(*least), "maximum": number(*most)})
        }
        Kind::Text(form) => text(*form),
        Kind::Word(words) => json!({"enum": words}),
        Kind::List(of) => json!({"type": "array", "items": kind(of, definitions)}),
        Kind::Map(form, of) => json!({
            "type": "object",
            "propertyNames": text_names(*form),
            "additionalProperties": {"anyOf": [kind(of, definitions), {"type": "null"}]},
        }),
        Kind::Record(of) => reference(of, definitions),
        Kind::OneOf(kinds) => {
            let kinds: Vec<Value> = kinds.iter().map(|of| kind(of, definitions)).collect();
            json!({"anyOf": kinds})
        }
        Kind::Anything => json!(true),
    }
}

/// A text value: YAML writes `1.0` and `true` without quotes, so those sorts are text too.
fn text(form: Form) -> Value {
    let mut schema = text_names(form);
    let plain = matches!(form, Form::Length(..) | Form::ThreePartVersion | Form::TwoPartVersion);
    schema["type"] = if plain { json!(["string", "number", "boolean"]) } else { json!("string") };
    schema
}

fn text_names(form: Form) -> Value {
    let mut schema = json!({});
    if let Some(pattern) = form.pattern() {
        schema["pattern"] = json!(pattern);
    }
    if let Form::Length(least, most) = form {
        schema["minLength"] = json!(least);
        schema["maxLength"] = json!(most);
    }
    schema
}
