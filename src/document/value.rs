//! YAML values as the JSON that a question would hold.

use std::borrow::Cow;

use super::node::{Node, ScalarKind, Value};
use crate::value::{Json, Members};

impl Node {
    /// The JSON that the node stands for; of a key written twice the last counts, and keys that are no text are left
    /// out (both have been reported).
    pub fn to_json(&self) -> Json<'static> {
        match &self.value {
            Value::Scalar(scalar) => match scalar.kind {
                ScalarKind::Null => Json::Null,
                ScalarKind::Bool => Json::Bool(scalar.boolean() == Some(true)),
                ScalarKind::Integer => scalar.integer().map_or(Json::Number, Json::Integer),
                ScalarKind::Float => Json::Number,
                ScalarKind::Text => Json::Text(Cow::Owned(scalar.text.to_string())),
            },
            Value::List(items) => Json::List(items.iter().map(Node::to_json).collect()),
            Value::Mapping(pairs) => {
                let mut members = Members::default();
                for (key, value) in pairs {
                    let Some(scalar) = key.scalar() else { continue };
                    members.set(scalar.text.to_string(), value.to_json());
                }
                Json::Object(members)
            }
        }
    }
}
