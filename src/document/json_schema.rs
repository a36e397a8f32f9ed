//! The JSON Schema of the YAML, made from the same tables that the decoder reads with.
//!
//! Which kind of document one is, its keys say: each kind is tried by the key that no other has, so that an editor
//! complains about what is wrong in that kind, and not that none of five fits.

use serde_json::{Map, Value, json};

use super::keys::{ACCOUNT_FIELDS, DOCUMENTS, ENTRY, Key, Shape, TYPES};

/// Kinds of documents in the order in which they are tried: a tenant names its application, tests name a tenant.
const TRIED: &[&str] = &[
    "tests",
    "members_of",
    "accounts_of",
    "tenant",
    "application",
];

/// The JSON Schema (draft 2020-12) of a policy document, as text.
pub fn json_schema() -> String {
    let definitions: Map<String, Value> = DOCUMENTS
        .iter()
        .map(|(name, table, doc)| {
            let mut schema = object(table);
            insert(&mut schema, "title", json!(name));
            insert(&mut schema, "description", json!(doc));
            ((*name).to_owned(), schema)
        })
        .collect();
    let any: Vec<Value> = DOCUMENTS
        .iter()
        .map(|(name, _, _)| reference(name))
        .collect();
    // An empty document says nothing, and is skipped; one that has no such key yet may become any kind.
    let undecided =
        json!({"anyOf": any.into_iter().chain([json!({"type": "null"})]).collect::<Vec<_>>()});
    let kinds = TRIED.iter().rev().fold(
        undecided,
        |others, name| json!({"if": {"required": [name]}, "then": reference(name), "else": others}),
    );
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "octroi policy document",
    });
    for (name, value) in kinds.as_object().into_iter().flatten() {
        insert(&mut schema, name, value.clone());
    }
    insert(&mut schema, "$defs", Value::Object(definitions));
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn insert(schema: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = schema {
        members.insert(name.to_owned(), value);
    }
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
    for (name, value) in told(key).as_object().into_iter().flatten() {
        insert(&mut schema, name, value.clone());
    }
    schema
}

/// What a key means, and an example of it.
fn told(key: &Key) -> Value {
    let mut told = json!({"description": key.doc});
    let example: Option<Value> = serde_json::from_str(key.example).ok();
    if let Some(example) = example {
        insert(&mut told, "examples", json!([example]));
    }
    told
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Id => json!({"type": "string"}),
        Shape::Choice(words) => json!({"type": "string", "enum": words}),
        Shape::Words => json!({"type": "array", "items": {"type": "string"}}),
        Shape::List(item) => json!({"type": "array", "items": self::shape(item)}),
        Shape::MapOf(value) => {
            json!({"type": "object", "additionalProperties": nullable(self::shape(value))})
        }
        Shape::AttributeType => json!({"type": "string", "enum": TYPES}),
        Shape::Table(table) => object(table),
        Shape::Records => json!({
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": {"type": ["object", "null"]}},
        }),
        Shape::Context => {
            let types = self::shape(&Shape::MapOf(&Shape::AttributeType));
            let mut schema = types.clone();
            let mut action = types;
            insert(
                &mut action,
                "description",
                json!("What conditions can read as `context.action.x`: properties of the action."),
            );
            insert(&mut action, "examples", json!([{"soft": "Bool"}]));
            insert(&mut schema, "properties", json!({"action": action}));
            schema
        }
        Shape::Account => {
            let field = |name: &&str| ((*name).to_owned(), account_field(name));
            let fields: Map<String, Value> = ACCOUNT_FIELDS.iter().map(field).collect();
            json!({"type": ["object", "null"], "properties": fields})
        }
        Shape::Values => json!({"type": "object"}),
        // A case may show what comes of a wrong one, so nothing but the names is told.
        Shape::Memberships => {
            let keys = ENTRY.iter().filter(|key| key.name != "account");
            let told = keys.map(|key| (key.name.to_owned(), told(key)));
            let properties: Map<String, Value> = told.collect();
            json!({"type": "array", "items": {"type": "object", "properties": properties}})
        }
        Shape::Later => json!({"type": "array", "items": {"type": "object"}}),
    }
}

fn account_field(name: &str) -> Value {
    let (description, example) = match name {
        "email" => (
            "Its address; no other account of the application has it.",
            "marc@durand.example",
        ),
        "first_name" => (
            "The first name; conditions read it as `principal.first_name`.",
            "Marc",
        ),
        "last_name" => (
            "The last name; conditions read it as `principal.last_name`.",
            "Durand",
        ),
        "person" => (
            "Whose account it is: accounts that say the same are of one person.",
            "marc-durand",
        ),
        _ => return json!({"type": "string"}),
    };
    json!({"type": "string", "description": description, "examples": [example]})
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::keys::{DOCUMENTS, Key, Shape};

    /// Every table of the language, those within others too.
    fn tables() -> Vec<&'static [Key]> {
        fn within(shape: &Shape) -> Option<&'static [Key]> {
            match shape {
                Shape::Table(table) => Some(table),
                Shape::List(inner) | Shape::MapOf(inner) => within(inner),
                _ => None,
            }
        }
        let mut tables: Vec<&[Key]> = DOCUMENTS.iter().map(|(_, table, _)| *table).collect();
        let mut next = 0;
        while let Some(table) = tables.get(next).copied() {
            next += 1;
            for inner in table.iter().filter_map(|key| within(&key.shape)) {
                if !tables.iter().any(|known| std::ptr::eq(*known, inner)) {
                    tables.push(inner);
                }
            }
        }
        tables
    }

    #[test]
    fn every_key_is_described_and_has_an_example_of_its_shape() {
        for key in tables().into_iter().flatten() {
            let name = key.name;
            assert!(key.doc.ends_with('.'), "{name}: {}", key.doc);
            let example: Value = serde_json::from_str(key.example)
                .unwrap_or_else(|error| panic!("{name}: {error}: {}", key.example));
            assert!(fits(&key.shape, &example), "{name}: {example}");
        }
    }

    #[test]
    fn every_key_of_the_schema_is_described_and_has_an_example() {
        let schema: Value = serde_json::from_str(&super::json_schema()).unwrap();
        let mut found = 0;
        walk(&schema, "", &mut |place, key| {
            found += 1;
            let description = key["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{place}: {key:#}");
            let examples = key["examples"].as_array();
            assert!(
                examples.is_some_and(|all| !all.is_empty()),
                "{place}: {key:#}"
            );
        });
        assert!(found > 90, "{found}");
    }

    /// Every key that some mapping of a schema may have.
    fn walk(schema: &Value, place: &str, see: &mut impl FnMut(&str, &Value)) {
        match schema {
            Value::Object(members) => {
                for (name, value) in members {
                    if name == "examples" {
                        continue;
                    }
                    if name == "properties" {
                        for (key, value) in value.as_object().into_iter().flatten() {
                            let place = format!("{place}/{key}");
                            see(&place, value);
                            walk(value, &place, see);
                        }
                        continue;
                    }
                    walk(value, &format!("{place}/{name}"), see);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, place, see)),
            _ => {}
        }
    }

    fn fits(shape: &Shape, value: &Value) -> bool {
        let all_texts = |value: &Value| {
            let items = value.as_array();
            items.is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_string))
        };
        match shape {
            Shape::Text | Shape::Id => value.is_string(),
            Shape::Choice(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Shape::Words => all_texts(value),
            Shape::AttributeType => {
                let mut types = super::TYPES.iter();
                types.any(|name| value == name)
            }
            Shape::List(item) => {
                let items = value.as_array();
                items.is_some_and(|items| items.iter().all(|value| fits(item, value)))
            }
            Shape::MapOf(item) => {
                let members = value.as_object();
                members.is_some_and(|members| members.values().all(|value| fits(item, value)))
            }
            Shape::Table(table) => value.as_object().is_some_and(|members| {
                let is_open = table.first().is_some_and(|key| key.name == "type");
                let is_known = |(name, value): (&String, &Value)| {
                    let key = table.iter().find(|key| key.name == name.as_str());
                    key.map_or(is_open, |key| fits(&key.shape, value))
                };
                let mut required = table.iter().filter(|key| key.required);
                members.iter().all(is_known) && required.all(|key| members.contains_key(key.name))
            }),
            Shape::Memberships | Shape::Later => value.is_array(),
            Shape::Records | Shape::Context | Shape::Account | Shape::Values => value.is_object(),
        }
    }
}
