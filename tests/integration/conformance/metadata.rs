//! The checklist's lines on metadata, and that "paths contain `/v1/` (4)".

use serde_json::{Map, Value};

use super::exchange::{ask, check};
use super::row::{Expect, Request, Row};
use super::vectors::{EVALUATION, EVALUATIONS, SEARCH_ACTION, SEARCH_RESOURCE, SEARCH_SUBJECT};
use super::{checklist, start};
use crate::support::Sidecar;

const METADATA: &str = "/.well-known/authzen-configuration";

/// Every member but the identifier itself, and the path below it.
const ENDPOINTS: [(&str, &str); 5] = [
    ("access_evaluation_endpoint", EVALUATION),
    ("access_evaluations_endpoint", EVALUATIONS),
    ("search_subject_endpoint", SEARCH_SUBJECT),
    ("search_resource_endpoint", SEARCH_RESOURCE),
    ("search_action_endpoint", SEARCH_ACTION),
];

/// "GET -> 200 JSON with `policy_decision_point` and `access_evaluation_endpoint`, all https (9.1.1, 9.2.2)",
/// "`policy_decision_point` identical to the identifier used, no trailing-slash drift (9.2.3)",
/// "only offered endpoints listed; no null, no empty strings (9.1.1, 9.2.2); tenant path form works (9.2)".
/// `capabilities` and `signed_metadata` are not there.
#[test]
fn names_the_identifier_and_the_endpoints() {
    let bodies = checklist::bodies();
    for (identifier, path) in [
        ("https://pdp.example.com", METADATA),
        ("https://pdp.example.com/", METADATA),
        ("https://pdp.example.com:8443", METADATA),
        (
            "https://pdp.example.com/tenant1",
            "/.well-known/authzen-configuration/tenant1",
        ),
    ] {
        let sidecar = start("oidf", &["--identifier", identifier]);
        check(&sidecar, &get(path)).unwrap();
        let document = ask(&sidecar, &get(path)).json();
        assert_eq!(document, expected(identifier), "{identifier}");
        for (member, path) in ENDPOINTS {
            assert!(path.contains("/v1/"), "{path}");
            is_served(&sidecar, document[member].as_str().unwrap(), &bodies[path]);
        }
    }
}

fn expected(identifier: &str) -> Value {
    let base = identifier.trim_end_matches('/');
    let endpoints =
        ENDPOINTS.map(|(member, path)| (member.to_owned(), format!("{base}{path}").into()));
    let mut document = Map::from_iter(endpoints);
    document.insert("policy_decision_point".to_owned(), identifier.into());
    document.into()
}

/// A URL of the document answers the question that its endpoint is for.
fn is_served(sidecar: &Sidecar, url: &str, body: &Value) {
    let (_, path) = url
        .strip_prefix("https://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let answer = ask(sidecar, &Row::question(&format!("/{path}"), body.clone()));
    assert_eq!(answer.status, 200, "{url}: {answer:?}");
}

#[test]
fn without_an_identifier_there_is_none() {
    let answer = ask(&start("oidf", &[]), &get(METADATA));
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("--identifier"), "{answer:?}");
}

fn get(path: &str) -> Row {
    let expect = Expect {
        echo_x_request_id: true,
        repeat: 3,
        ..Expect::default()
    };
    let mut row = Row::new(String::new(), path, Value::Null, expect);
    row.request = Request {
        method: Some("GET".to_owned()),
        send_x_request_id: true,
        ..Request::default()
    };
    row
}
