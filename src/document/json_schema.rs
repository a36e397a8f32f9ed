//! The JSON Schema of the YAML, made from the same tables that the decoder reads with.

use serde_json::{Map, Value, json};

use super::keys::{DOCUMENTS, Key, Shape};

/// The JSON Schema (draft 2020-12) of a policy document, as text.
pub fn json_schema() -> String {
    let documents: Vec<Value> = DOCUMENTS
        .iter()
        .map(|(name, table, doc)| {
            let mut schema = object(table);
            if let Value::Object(members) = &mut schema {
                members.insert("title".into(), json!(name));
                members.insert("description".into(), json!(doc));
            }
            schema
        })
        .collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "octroi policy document",
        "anyOf": documents,
    });
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

/// A mapping with known keys. Only the resource of a test case takes more: its properties.
fn object(table: &[Key]) -> Value {
    let properties: Map<String, Value> = table
        .iter()
        .map(|key| (key.name.to_owned(), described(key)))
        .collect();
    let required: Vec<&str> = table
        .iter()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    let is_open = table.first().is_some_and(|key| key.name == "type");
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": is_open,
    })
}

fn described(key: &Key) -> Value {
    let mut schema = shape(&key.shape);
    if let Value::Object(members) = &mut schema {
        members.insert("description".into(), json!(key.doc));
    }
    schema
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Id => json!({"type": "string"}),
        Shape::Choice(words) => json!({"enum": words}),
        Shape::Words => json!({"type": "array", "items": {"type": "string"}}),
        Shape::List(item) => json!({"type": "array", "items": self::shape(item)}),
        Shape::MapOf(value) => {
            json!({"type": "object", "additionalProperties": nullable(self::shape(value))})
        }
        Shape::AttributeType => json!({"enum": super::keys::TYPES}),
        Shape::Table(table) => object(table),
        Shape::Records => json!({
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": {"type": ["object", "null"]}},
        }),
        Shape::Free => json!({}),
    }
}

/// A sub-account or account may have nothing behind its id.
fn nullable(schema: Value) -> Value {
    let empty_allowed = schema
        .get("required")
        .is_some_and(|required| *required == json!([]));
    match empty_allowed {
        true => json!({"anyOf": [schema, {"type": "null"}]}),
        false => schema,
    }
}
