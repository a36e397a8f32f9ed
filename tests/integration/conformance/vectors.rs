//! The vectors as rows: which files there are, what each means, and the folder that answers it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::row::{Expect, Row, read};

pub(super) const EVALUATION: &str = "/access/v1/evaluation";
pub(super) const EVALUATIONS: &str = "/access/v1/evaluations";
pub(super) const SEARCH_SUBJECT: &str = "/access/v1/search/subject";
pub(super) const SEARCH_RESOURCE: &str = "/access/v1/search/resource";
pub(super) const SEARCH_ACTION: &str = "/access/v1/search/action";

/// Rows that one policy folder answers.
pub(super) struct Set {
    pub(super) name: String,
    /// Under `policies`.
    pub(super) folder: &'static str,
    pub(super) rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Vector {
    request: Value,
    expected: Value,
}

/// A file's lists, each under its key.
type Lists = BTreeMap<String, Vec<Vector>>;

/// Every set of vectors.
pub(super) fn all() -> Vec<Set> {
    let mut sets = vec![
        decisions(
            "todo 01",
            "todo",
            "todo/decisions-authorization-api-1_0-01.json",
        ),
        decisions(
            "todo 02",
            "todo",
            "todo/decisions-authorization-api-1_0-02.json",
        ),
        decisions("gateway", "gateway", "gateway/decisions.json"),
        searches(
            "search subject",
            "search/subject-results.json",
            SEARCH_SUBJECT,
        ),
        searches(
            "search resource",
            "search/resource-results.json",
            SEARCH_RESOURCE,
        ),
        searches("search action", "search/action-results.json", SEARCH_ACTION),
        pagination(),
        searches("idp", "idp/results.json", SEARCH_RESOURCE),
    ];
    sets.extend(scenarios());
    sets.push(fixture());
    sets
}

/// How many rows each set has: a row that is lost is not passed.
pub(super) const COUNTS: [(&str, usize); 14] = [
    ("todo 01", 40),
    ("todo 02", 43),
    ("gateway", 25),
    ("search subject", 60),
    ("search resource", 18),
    ("search action", 120),
    ("search pagination", 1),
    ("idp", 6),
    ("oidf evaluation", 33),
    ("oidf evaluations", 27),
    ("oidf search/subject", 25),
    ("oidf search/resource", 20),
    ("oidf search/action", 22),
    ("oidf fixture", 14),
];

/// Single decisions, and batches whose answer the harness compares byte for byte.
fn decisions(name: &str, folder: &'static str, file: &str) -> Set {
    let mut lists: Lists = read(file);
    let single = lists.remove("evaluation").unwrap_or_default();
    let batches = lists.remove("evaluations").unwrap_or_default();
    assert!(lists.is_empty(), "{file} has other lists");
    let single = single.into_iter().enumerate().map(|(index, vector)| {
        let expect = Expect {
            decision: vector.expected.as_bool(),
            ..Expect::default()
        };
        Row::new(
            format!("evaluation {index}"),
            EVALUATION,
            vector.request,
            expect,
        )
    });
    let batches = batches.into_iter().enumerate().map(|(index, vector)| {
        let expect = Expect {
            body: Some(format!("{{\"evaluations\":{}}}", vector.expected)),
            ..Expect::default()
        };
        Row::new(
            format!("evaluations {index}"),
            EVALUATIONS,
            vector.request,
            expect,
        )
    });
    Set {
        name: name.to_owned(),
        folder,
        rows: single.chain(batches).collect(),
    }
}

/// Searches: the results are a set. Their list is called `evaluation` in one scenario, `search` in the other.
fn searches(name: &str, file: &str, path: &str) -> Set {
    let lists: Lists = read(file);
    let vectors = lists.into_values().flatten();
    let rows = vectors.enumerate().map(|(index, vector)| {
        let expect = Expect {
            results: results(&vector.expected),
            ..Expect::default()
        };
        Row::new(index.to_string(), path, vector.request, expect)
    });
    Set {
        name: name.to_owned(),
        folder: "search",
        rows: rows.collect(),
    }
}

fn results(expected: &Value) -> Option<Vec<Value>> {
    Some(expected["results"].as_array().expect("results").clone())
}

fn pagination() -> Set {
    let file: Value = read("search/resource-pagination.json");
    let expect = Expect {
        results: results(&file["expected_union"]),
        follow_next_token: true,
        ..Expect::default()
    };
    let request = file["request"].clone();
    Set {
        name: "search pagination".to_owned(),
        folder: "search",
        rows: vec![Row::new("0".to_owned(), SEARCH_RESOURCE, request, expect)],
    }
}

/// The conformance suite's modules, a set for each endpoint.
fn scenarios() -> Vec<Set> {
    #[derive(Deserialize)]
    struct File {
        cases: Vec<Row>,
    }
    let mut rows = read::<File>("oidf/scenarios.json").cases;
    let paths = [
        EVALUATION,
        EVALUATIONS,
        SEARCH_SUBJECT,
        SEARCH_RESOURCE,
        SEARCH_ACTION,
    ];
    let sets = paths.map(|path| Set {
        name: format!("oidf {}", path.trim_start_matches("/access/v1/")),
        folder: "oidf",
        rows: rows.extract_if(.., |row| row.path == path).collect(),
    });
    assert!(rows.is_empty(), "rows of other endpoints: {rows:?}");
    sets.into()
}

/// The rules of the fixture itself. Where one leaves the subject or the resource open, alice and record-1 stand in.
fn fixture() -> Set {
    let file: Value = read("oidf/fixture.json");
    let decisions = file["decisions"].as_array().expect("decisions");
    let searches = file["search"].as_array().expect("search");
    let decisions = decisions.iter().map(|rule| {
        let expect = Expect {
            decision: rule["decision"].as_bool(),
            ..Expect::default()
        };
        Row::new(rule["rule"].to_string(), EVALUATION, question(rule), expect)
    });
    let searches = searches.iter().map(|rule| {
        let (path, kind, must) = (&rule["search"], &rule["type"], &rule["must_include"]);
        let ids = must.as_array().expect("ids").iter();
        let include = ids.map(|id| match kind {
            Value::Null => json!({"name": id}),
            kind => json!({"type": kind, "id": id}),
        });
        let expect = Expect {
            results_include: Some(include.collect()),
            ..Expect::default()
        };
        let path = format!("/access/v1/search/{}", path.as_str().expect("a search"));
        Row::new(rule["rule"].to_string(), &path, question(rule), expect)
    });
    Set {
        name: "oidf fixture".to_owned(),
        folder: "oidf",
        rows: decisions.chain(searches).collect(),
    }
}

/// A rule as a question; what a search looks for is ignored where it must be absent.
fn question(rule: &Value) -> Value {
    let or = |name: &str, default: &str| rule[name].as_str().unwrap_or(default).to_owned();
    let of = |name: &str| match &rule[format!("{name}_properties")] {
        Value::Null => json!({}),
        properties => properties.clone(),
    };
    json!({
        "subject": {"type": "user", "id": or("subject", "alice"), "properties": of("subject")},
        "action": {"name": or("action", "read"), "properties": of("action")},
        "resource": {"type": "record", "id": or("resource", "record-1"), "properties": of("resource")},
    })
}
