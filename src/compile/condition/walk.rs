//! Which attributes an expression reads, from Cedar's JSON form of it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Read, Root};

/// What a condition may not do although Cedar could.
#[derive(Debug, Clone, Copy)]
pub(super) enum Problem {
    Action,
    IndirectRead,
}

impl Problem {
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Action => Some("action"),
            Self::IndirectRead => None,
        }
    }

    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Action => {
                "a condition cannot read `action`; the rule's `actions` name it, and its properties are `context.action`"
            }
            Self::IndirectRead => {
                "a condition can read attributes of `principal`, `resource` and `context` only"
            }
        }
    }
}

/// Collects what an expression (in Cedar's JSON form) reads.
#[derive(Default)]
pub(super) struct Walk {
    pub(super) reads: BTreeSet<Read>,
    pub(super) tested: BTreeSet<Read>,
    pub(super) problem: Option<Problem>,
}

impl Walk {
    pub(super) fn expression(&mut self, node: &Value) {
        let Some((operator, operand)) = node.as_object().and_then(|object| object.iter().next())
        else {
            return;
        };
        match operator.as_str() {
            "Value" => {}
            "Var" => {
                if operand.as_str() == Some("action") {
                    self.problem = Some(Problem::Action);
                }
            }
            "." => self.attribute(operand, false),
            "has" => self.attribute(operand, true),
            "Record" => {
                let values = operand
                    .as_object()
                    .into_iter()
                    .flat_map(|record| record.values());
                values.for_each(|value| self.expression(value));
            }
            "Set" => self.all(operand),
            _ => match operand {
                Value::Array(_) => self.all(operand),
                Value::Object(parts) => {
                    for (name, part) in parts {
                        if !matches!(name.as_str(), "pattern" | "entity_type") {
                            self.expression(part);
                        }
                    }
                }
                _ => {}
            },
        }
    }

    fn all(&mut self, list: &Value) {
        let items = list.as_array().into_iter().flatten();
        items.for_each(|item| self.expression(item));
    }

    fn attribute(&mut self, operand: &Value, is_test: bool) {
        let (Some(left), Some(name)) = (operand.get("left"), operand.get("attr")) else {
            self.problem = Some(Problem::IndirectRead);
            return;
        };
        // `x has a.b` tests `x has a` and `x.a has b`.
        let path: Vec<&str> = match name {
            Value::String(name) => vec![name],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut root = root_of(left);
        if root.is_none() {
            if !is_record(left) {
                self.problem = Some(Problem::IndirectRead);
            }
            self.expression(left);
            return;
        }
        if root == Some(Root::Action) {
            self.expression(left);
        }
        for name in path {
            let Some(at) = root else {
                self.problem = Some(Problem::IndirectRead);
                return;
            };
            let read = Read {
                root: at,
                name: name.to_owned(),
            };
            if is_test {
                self.tested.insert(read.clone());
            }
            self.reads.insert(read);
            root = (at == Root::Context && name == "action").then_some(Root::Action);
        }
    }
}

/// Whether an expression is a record that the condition writes itself, or a part of one.
fn is_record(node: &Value) -> bool {
    let part = |node: &Value| node.get("left").is_some_and(is_record);
    node.get("Record").is_some() || node.get(".").is_some_and(part)
}

fn root_of(node: &Value) -> Option<Root> {
    if let Some(variable) = node.get("Var").and_then(Value::as_str) {
        return match variable {
            "principal" => Some(Root::Principal),
            "resource" => Some(Root::Resource),
            "context" => Some(Root::Context),
            _ => None,
        };
    }
    let access = node.get(".")?;
    let is_action = access.get("attr").and_then(Value::as_str) == Some("action");
    (is_action && root_of(access.get("left")?) == Some(Root::Context)).then_some(Root::Action)
}
