//! The checklist's lines on search that one question does not show: what a token goes on with, that all pages together
//! are the unpaged result, and that searches and evaluations agree.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::exchange::{all_pages, ask};
use super::row::{Row, read};
use super::vectors::{EVALUATIONS, SEARCH_ACTION, SEARCH_RESOURCE, SEARCH_SUBJECT};
use super::{start, vectors};
use crate::support::Sidecar;

const ACTIONS: [&str; 3] = ["delete", "edit", "view"];

/// "token + other entity -> error (8.2); `page` first member (8.3)"
#[test]
fn a_token_goes_on_with_the_same_search_alone() {
    let sidecar = start("search", &[]);
    let base = json!({
        "subject": {"type": "user", "id": "alice"},
        "action": {"name": "view"},
        "resource": {"type": "record"},
        "page": {"limit": 3},
    });
    let first = ask(&sidecar, &Row::question(SEARCH_RESOURCE, base.clone())).json();
    let token = first["page"]["next_token"].clone();
    let with = |pointer: &str, value: Value| {
        let mut body = base.clone();
        body["page"]["token"] = token.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        ask(&sidecar, &Row::question(SEARCH_RESOURCE, body))
    };
    let second = with("/page/limit", json!(3));
    assert_eq!(second.status, 200, "{second:?}");
    assert!(second.body.starts_with("{\"page\":{"), "{second:?}");
    // A continuation may leave the limit out: it stays what it was.
    let without = with("/page", json!({"token": token.clone()}));
    assert_eq!(without.body, second.body);
    for (pointer, value) in [
        ("/subject/id", json!("bob")),
        (
            "/subject",
            json!({"type": "user", "id": "alice", "properties": {"department": "Legal"}}),
        ),
        ("/action/name", json!("edit")),
        ("/resource/type", json!("user")),
        ("/page/limit", json!(4)),
        ("/page/token", json!("x")),
    ] {
        let answer = with(pointer, value);
        assert_eq!(answer.status, 400, "{pointer}: {answer:?}");
    }
}

/// "union of pages = unpaged result"
#[test]
fn all_pages_together_are_the_unpaged_result() {
    let sidecar = start("search", &[]);
    let sets = vectors::all()
        .into_iter()
        .filter(|set| set.folder == "search");
    let rows = sets.flat_map(|set| set.rows);
    for row in rows.filter(|row| !row.expect.follow_next_token).step_by(7) {
        let whole = ask(&sidecar, &row).json()["results"].clone();
        for limit in [1, 2, 5] {
            let mut paged = row.clone();
            paged.request.body.as_mut().unwrap()["page"] = json!({"limit": limit});
            let pages = all_pages(&sidecar, &paged).unwrap();
            assert_eq!(Value::from(pages), whole, "{row:?}, {limit} a page");
        }
    }
}

/// "each result, asked as an evaluation, gives true (8.1)"; and what gives true is a result.
#[test]
fn searches_and_evaluations_agree() {
    let sidecar = start("search", &[]);
    let (users, records) = (ids("search/users.json"), ids("search/records.json"));
    let pairs = || {
        users
            .iter()
            .flat_map(|u| records.iter().map(move |r| (u, r)))
    };
    let mut may = BTreeSet::new();
    for (u, r) in pairs() {
        let allowed = evaluated(&sidecar, u, r);
        let body = json!({"subject": user(u), "resource": record(r)});
        let named: Vec<Value> = allowed
            .iter()
            .map(|action| json!({"name": action}))
            .collect();
        assert_eq!(found(&sidecar, SEARCH_ACTION, body), named, "{u}, {r}");
        may.extend(
            allowed
                .into_iter()
                .map(|action| (u.as_str(), action, r.as_str())),
        );
    }
    assert_eq!(may.len(), 116);
    for action in ACTIONS {
        for u in &users {
            let body = json!({"subject": user(u), "action": {"name": action}, "resource": {"type": "record"}});
            let covered = records
                .iter()
                .filter(|r| may.contains(&(u.as_str(), action, r.as_str())));
            let covered: Vec<Value> = covered.map(|r| record(r)).collect();
            assert_eq!(
                found(&sidecar, SEARCH_RESOURCE, body),
                covered,
                "{u}, {action}"
            );
        }
        for r in &records {
            let body = json!({"subject": {"type": "user"}, "action": {"name": action}, "resource": record(r)});
            let holders = users
                .iter()
                .filter(|u| may.contains(&(u.as_str(), action, r.as_str())));
            let holders: Vec<Value> = holders.map(|u| user(u)).collect();
            assert_eq!(
                found(&sidecar, SEARCH_SUBJECT, body),
                holders,
                "{action}, {r}"
            );
        }
    }
}

/// The ids in a file of the scenario's data, sorted; those of records are integers there, and strings in questions.
fn ids(file: &str) -> Vec<String> {
    let id = |entry: &Value| match &entry["id"] {
        Value::String(id) => id.clone(),
        id => id.to_string(),
    };
    let mut ids: Vec<String> = read::<Vec<Value>>(file).iter().map(id).collect();
    ids.sort();
    ids
}

fn user(id: &str) -> Value {
    json!({"type": "user", "id": id})
}

fn record(id: &str) -> Value {
    json!({"type": "record", "id": id})
}

/// What the user may do with the record, each action asked as an evaluation.
fn evaluated(sidecar: &Sidecar, user_id: &str, record_id: &str) -> Vec<&'static str> {
    let items = ACTIONS.map(|action| json!({"action": {"name": action}}));
    let body =
        json!({"subject": user(user_id), "resource": record(record_id), "evaluations": items});
    let answer = ask(sidecar, &Row::question(EVALUATIONS, body)).json();
    let items = answer["evaluations"].as_array().unwrap().iter();
    let decided = ACTIONS.into_iter().zip(items);
    let allowed = decided.filter(|(_, item)| item["decision"] == true);
    allowed.map(|(action, _)| action).collect()
}

fn found(sidecar: &Sidecar, path: &str, body: Value) -> Vec<Value> {
    let answer = ask(sidecar, &Row::question(path, body)).json();
    answer["results"].as_array().unwrap().clone()
}
