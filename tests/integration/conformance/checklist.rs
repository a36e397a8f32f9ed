//! The tester's checklist as rows: `tests/conformance/checklist.json`, line by line.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::exchange::{self, Mismatch};
use super::row::{Expect, Row, read};
use crate::support::Sidecar;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checklist {
    #[serde(rename = "about")]
    _about: IgnoredAny,
    /// By endpoint: a question as it should be.
    bodies: BTreeMap<String, Value>,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    section: String,
    line: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Where it is asked; nothing: at each endpoint.
    at: Option<String>,
    folder: Option<String>,
    /// What it changes in the endpoint's body.
    #[serde(default)]
    patch: Value,
    #[serde(default)]
    request: Map<String, Value>,
    expect: Expect,
}

/// A line of the checklist, and what shows it.
pub(super) struct Checked {
    pub(super) section: String,
    pub(super) line: String,
    pub(super) questions: Vec<Question>,
}

/// A row, where it is asked, and the question that it varies.
pub(super) struct Question {
    pub(super) folder: String,
    pub(super) row: Row,
    plain: Row,
}

impl Question {
    pub(super) fn check(&self, sidecar: &Sidecar) -> Result<(), Mismatch> {
        exchange::check(sidecar, &self.row)?;
        if self.row.expect.unchanged {
            let plain = exchange::ask(sidecar, &self.plain);
            let varied = exchange::ask(sidecar, &self.row);
            exchange::equal("the plain question's answer", &plain.body, &varied.body)?;
        }
        Ok(())
    }
}

pub(super) fn lines() -> Vec<Checked> {
    let Checklist { bodies, lines, .. } = read("checklist.json");
    let lines = lines.into_iter().map(|line| Checked {
        section: line.section,
        line: line.line,
        questions: line
            .cases
            .iter()
            .flat_map(|case| questions(case, &bodies))
            .collect(),
    });
    lines.collect()
}

/// The body of each endpoint as it should be.
pub(super) fn bodies() -> BTreeMap<String, Value> {
    read::<Checklist>("checklist.json").bodies
}

fn questions(case: &Case, bodies: &BTreeMap<String, Value>) -> Vec<Question> {
    match &case.at {
        Some(path) => vec![question(case, path, bodies.get(path))],
        None => {
            let bodies = bodies.iter();
            bodies
                .map(|(path, body)| question(case, path, Some(body)))
                .collect()
        }
    }
}

fn question(case: &Case, path: &str, body: Option<&Value>) -> Question {
    let mut request = case.request.clone();
    let kind = request.entry("content_type");
    kind.or_insert_with(|| Value::from("application/json"));
    let plain = body.cloned().unwrap_or_default();
    let body = request.entry("body");
    body.or_insert_with(|| merged(plain.clone(), &case.patch));
    let plain = Row::question(path, plain);
    let mut row = plain.clone();
    row.id = format!("{} at {path}", case.name);
    row.request =
        serde_json::from_value(request.into()).unwrap_or_else(|e| panic!("{}: {e}", row.id));
    row.expect = case.expect.clone();
    Question {
        folder: case.folder.clone().unwrap_or_else(|| "oidf".to_owned()),
        row,
        plain,
    }
}

/// RFC 7396: the members of the patch take the place of the target's, null removes one, anything else replaces whole.
fn merged(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return match patch {
            Value::Null => target,
            other => other.clone(),
        };
    };
    let mut object = match target {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    for (name, value) in patch {
        let old = object.shift_remove(name);
        if !value.is_null() {
            object.insert(name.clone(), merged(old.unwrap_or_default(), value));
        }
    }
    Value::Object(object)
}
