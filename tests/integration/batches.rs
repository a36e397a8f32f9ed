//! Batches over real sockets: one snapshot and one instant, what an item gets wrong stays at its place, and no body
//! asks for more than it may.

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use super::support::{Answer, Policies, Sidecar};

const PATH: &str = "/access/v1/evaluations";
/// What ana may, beside `evaluations`.
const ANA_READS: &str = r#""subject":{"type":"user","id":"ana"},"action":{"name":"read"},"resource":{"type":"order","id":"o1","properties":{"tenant":"north"}}"#;

fn ask(sidecar: &Sidecar, headers: &str, body: &str) -> Answer {
    sidecar.client().post(PATH, headers, body.as_bytes())
}

#[test]
fn plain_answers_are_minimal_and_items_that_are_no_questions_say_why() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    for (items, expected) in [
        ("{}", r#"[{"decision":true}]"#),
        (
            r#"{},{"action":{"name":"close"}}"#,
            r#"[{"decision":true},{"decision":false}]"#,
        ),
        (
            r#"{"subject":null},{"context":{"x":1}},{"unknown":[1.5]}"#,
            r#"[{"decision":true},{"decision":true},{"decision":true}]"#,
        ),
        (
            r#"{"subject":{"type":"user"}},{}"#,
            r#"[{"decision":false,"context":{"error":"`subject.id` is missing"}},{"decision":true}]"#,
        ),
        (
            r#"[],"a",{"action":"read"}"#,
            r#"[{"decision":false,"context":{"error":"an item of `evaluations` must be an object"}},{"decision":false,"context":{"error":"an item of `evaluations` must be an object"}},{"decision":false,"context":{"error":"`action` must be an object"}}]"#,
        ),
        // A part of the item stands for the whole, nothing is merged into it.
        (
            r#"{"resource":{"type":"order","id":"o2"}},{"resource":{"type":"order"}}"#,
            r#"[{"decision":true},{"decision":false,"context":{"error":"`resource.id` is missing"}}]"#,
        ),
    ] {
        let answer = ask(
            &sidecar,
            "",
            &format!("{{{ANA_READS},\"evaluations\":[{items}]}}"),
        );
        assert_eq!(answer.status, 200, "{items}");
        assert_eq!(
            answer.body,
            format!("{{\"evaluations\":{expected}}}"),
            "{items}"
        );
    }
    let invalid =
        r#"octroi_decisions_total{decision="deny",reason="invalid_question",application=""}"#;
    assert_eq!(sidecar.metric(invalid), 5.0);
    let requests = r#"octroi_http_requests_total{endpoint="evaluations",code="200"}"#;
    assert_eq!(sidecar.metric(requests), 6.0);
    assert_eq!(
        sidecar.metric("octroi_decision_duration_seconds_count"),
        8.0
    );
}

#[test]
fn a_semantic_ends_a_batch_early() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let (allow, deny, broken) = (
        "{}",
        r#"{"subject":{"type":"user","id":"ben"}}"#,
        r#"{"subject":{}}"#,
    );
    for (semantic, items, expected) in [
        ("execute_all", [allow, deny, allow], "tft"),
        ("deny_on_first_deny", [allow, deny, allow], "tf"),
        ("deny_on_first_deny", [allow, broken, allow], "tf"),
        ("deny_on_first_deny", [allow, allow, allow], "ttt"),
        ("permit_on_first_permit", [deny, allow, deny], "ft"),
        ("permit_on_first_permit", [broken, deny, allow], "fft"),
        ("permit_on_first_permit", [deny, deny, deny], "fff"),
    ] {
        let items = items.join(",");
        let body = format!(
            r#"{{{ANA_READS},"options":{{"evaluations_semantic":"{semantic}","other":1}},"evaluations":[{items}]}}"#
        );
        let answer = ask(&sidecar, "", &body).json();
        let answers = answer["evaluations"].as_array().unwrap().iter();
        let letters: String = answers
            .map(|it| if it["decision"] == true { 't' } else { 'f' })
            .collect();
        assert_eq!(letters, expected, "{semantic} {items}");
    }
}

#[test]
fn without_items_it_is_one_evaluation() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    for (more, status, expected) in [
        ("", 200, r#"{"decision":true}"#),
        (r#","evaluations":[]"#, 200, r#"{"decision":true}"#),
        (
            r#","evaluations":null,"options":null"#,
            200,
            r#"{"decision":true}"#,
        ),
        (
            r#","evaluations":{}"#,
            400,
            r#"{"error":"`evaluations` must be a list"}"#,
        ),
        (
            r#","evaluations":[{}],"options":[]"#,
            400,
            r#"{"error":"`options` must be an object"}"#,
        ),
        (
            r#","evaluations":[{}],"options":{"evaluations_semantic":"all"}"#,
            400,
            r#"{"error":"`options.evaluations_semantic` must be `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`"}"#,
        ),
    ] {
        let answer = ask(&sidecar, "", &format!("{{{ANA_READS}{more}}}"));
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, expected),
            "{more}"
        );
    }
    let answer = ask(
        &sidecar,
        "",
        r#"{"subject":{"type":"user","id":"ana"},"evaluations":[]}"#,
    );
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (400, r#"{"error":"`action` is missing"}"#)
    );
}

#[test]
fn every_item_says_why_when_asked() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let body = format!(
        r#"{{{ANA_READS},"evaluations":[{{}},{{"subject":{{"type":"user","id":"ben"}}}},{{"action":7}}]}}"#
    );
    let answer = ask(&sidecar, "Octroi-Explain: true\r\n", &body);
    let revision = answer.header("octroi-revision").unwrap().to_owned();
    let answer = answer.json();
    let reasons = ["granted", "not_a_member", "invalid_question"];
    for (index, reason) in reasons.into_iter().enumerate() {
        let context = &answer["evaluations"][index]["context"];
        assert_eq!(context["reason"], reason);
        assert!(context["reason_admin"].is_string() && context["determining"].is_array());
        assert_eq!(context["revision"], revision.as_str());
    }
    let context = &answer["evaluations"][2]["context"];
    assert_eq!(context["error"], "`action` must be an object");
    assert_eq!(
        answer["evaluations"][1]["context"]["would_allow"][0],
        "role clerk"
    );
}

#[test]
fn a_body_asks_for_no_more_than_is_answered() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let body = |beside: &str, items: usize| {
        let items = vec!["{}"; items].join(",");
        format!("{{{ANA_READS}{beside},\"evaluations\":[{items}]}}")
    };
    let started = Instant::now();
    let answer = ask(&sidecar, "", &body("", 10_000));
    let took = started.elapsed();
    assert_eq!(
        answer.json()["evaluations"].as_array().unwrap().len(),
        10_000
    );
    assert!(took < Duration::from_secs(20), "{took:?}");

    let answer = ask(&sidecar, "", &body("", 10_001));
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("10000 at most"), "{}", answer.body);

    // Each of the items would be decided with all of the context.
    let mut context = String::from(r#","context":{"#);
    for name in 0..20_000 {
        let _ = write!(context, "\"n{name}\":\"{name}\",");
    }
    context.push_str(r#""last":1}"#);
    let answer = ask(&sidecar, "", &body(&context, 5_000));
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("repeat too much"), "{}", answer.body);
    let answer = ask(&sidecar, "", &body(&context, 5));
    assert_eq!(answer.status, 200);
    // Where each item has its own, nothing is repeated.
    let items = vec![r#"{"context":{}}"#; 5_000].join(",");
    let body = format!("{{{ANA_READS}{context},\"evaluations\":[{items}]}}");
    assert_eq!(ask(&sidecar, "", &body).status, 200);
}

#[test]
fn a_long_batch_holds_nobody_up() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let items = vec![r#"{"subject":{"type":"user","id":"ben"}}"#; 9_000].join(",");
    let body = format!("{{{ANA_READS},\"evaluations\":[{items}]}}");
    thread::scope(|scope| {
        let batches: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| ask(&sidecar, "Octroi-Explain: true\r\n", &body)))
            .collect();
        let mut client = sidecar.client();
        let mut asked = 0;
        let mut slowest = Duration::ZERO;
        while !batches.iter().all(|batch| batch.is_finished()) {
            let started = Instant::now();
            assert!(client.ask("ana").decision());
            slowest = slowest.max(started.elapsed());
            asked += 1;
        }
        assert!(asked > 10, "{asked}");
        // On a busy machine; the batches take many times as long.
        assert!(slowest < Duration::from_secs(5), "{slowest:?}");
        for batch in batches {
            assert_eq!(batch.join().unwrap().status, 200);
        }
    });
}

#[test]
fn a_batch_sees_one_snapshot() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let items = vec!["{}"; 400].join(",");
    let ben = ANA_READS.replace("ana", "ben");
    let body = format!("{{{ben},\"evaluations\":[{items}]}}");
    let (mut allowed, mut denied) = (0, 0);
    let mut client = sidecar.client();
    for round in 0..6 {
        policies.admit_ben(round % 2 == 0);
        let until = Instant::now() + Duration::from_millis(300);
        while Instant::now() < until {
            let answer = client.post(PATH, "", body.as_bytes()).json();
            let answers = answer["evaluations"].as_array().unwrap();
            let first = answers[0]["decision"] == true;
            assert!(
                answers.iter().all(|it| (it["decision"] == true) == first),
                "two snapshots"
            );
            *(if first { &mut allowed } else { &mut denied }) += 1;
        }
    }
    assert!(allowed > 0 && denied > 0, "{allowed} {denied}");
}
