//! The checklist's "body-size, nesting and batch-size limits in force (11.7); large nested body does not crash".

use serde_json::{Value, json};

use super::exchange::ask;
use super::row::Row;
use super::vectors::EVALUATIONS;
use super::{checklist, start};

const MIB: usize = 1 << 20;

#[test]
fn each_endpoint_has_them() {
    let sidecar = start("oidf", &[]);
    let nested = |open: &str, close: &str| {
        let (open, close) = (open.repeat(10_000), close.repeat(10_000));
        format!("{{\"x\":{open}1{close}}}")
    };
    let bodies = [
        (413, format!("{{\"x\":\"{}\"}}", "x".repeat(2 * MIB))),
        (400, nested("[", "]")),
        (400, nested("{\"a\":", "}")),
        (400, "[".repeat(60_000)),
    ];
    for (path, body) in checklist::bodies() {
        let plain = Row::question(&path, body);
        for (status, text) in &bodies {
            let mut row = plain.clone();
            row.request.raw_body = Some(text.clone());
            let answer = ask(&sidecar, &row);
            assert_eq!(answer.status, *status, "{path}: {}", answer.body);
        }
        assert_eq!(ask(&sidecar, &plain).status, 200, "{path}");
    }
}

#[test]
fn a_batch_is_bounded() {
    let sidecar = start("oidf", &[]);
    let of = |items: usize| {
        let mut body = checklist::bodies()[EVALUATIONS].clone();
        body["evaluations"] = Value::from(vec![json!({}); items]);
        ask(&sidecar, &Row::question(EVALUATIONS, body))
    };
    let answer = of(1_000);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json()["evaluations"].as_array().unwrap().len(),
        1_000
    );
    let refused = of(100_000);
    assert!([400, 413].contains(&refused.status), "{refused:?}");
}
