//! Searches and the metadata document over real sockets: pages, tokens, what is refused, and the pages that an
//! application is made of, on the shipped policies.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::support::{Answer, Policies, Sidecar};

const SUBJECT: &str = "/access/v1/search/subject";
const RESOURCE: &str = "/access/v1/search/resource";
const ACTION: &str = "/access/v1/search/action";
const METADATA: &str = "/.well-known/authzen-configuration";

fn shipped() -> Sidecar {
    Sidecar::start(Path::new("policies"))
}

fn ask(sidecar: &Sidecar, path: &str, body: &Value) -> Answer {
    sidecar.client().post(path, "", body.to_string().as_bytes())
}

fn results(answer: &Answer, name: &str) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    let results = answer["results"].as_array().unwrap().iter();
    results
        .map(|it| it[name].as_str().unwrap().to_owned())
        .collect()
}

/// A folder in which 25 members may read, one of them by name alone.
fn many() -> Policies {
    let policies = Policies::new();
    let members: String = (0..25)
        .map(|n| format!("  - {{account: m{n:02}, role: clerk}}\n"))
        .collect();
    policies.write(
        "more.yaml",
        &format!("members_of: north\nmembers:\n{members}"),
    );
    policies
}

fn readers(more: &Value) -> Value {
    let mut body = json!({
        "subject": {"type": "user"},
        "action": {"name": "read"},
        "resource": {"type": "order", "id": "o1", "properties": {"tenant": "north"}},
    });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn pages_make_up_the_whole_and_the_first_counts() {
    let policies = many();
    let sidecar = Sidecar::start(&policies.folder());
    let whole = ask(&sidecar, SUBJECT, &readers(&json!({})));
    assert!(!whole.body.contains("page"), "{}", whole.body);
    assert!(
        whole
            .body
            .starts_with(r#"{"results":[{"type":"user","id":"ana"},"#),
        "{}",
        whole.body
    );
    let whole = results(&whole, "id");
    assert_eq!(whole.len(), 26);
    // With the limit on every page, and with it on the first alone: both are in use.
    for keeps_limit in [true, false] {
        let mut found = Vec::new();
        let mut page = json!({"limit": 10});
        for (number, count) in [10, 10, 6].into_iter().enumerate() {
            let answer = ask(&sidecar, SUBJECT, &readers(&json!({"page": page})));
            assert!(
                answer.body.starts_with(r#"{"page":{"next_token":"#),
                "{}",
                answer.body
            );
            found.extend(results(&answer, "id"));
            let answer = answer.json();
            assert_eq!(answer["page"]["count"], count);
            let total = if number == 0 { json!(26) } else { Value::Null };
            assert_eq!(answer["page"]["total"], total);
            page = json!({"token": answer["page"]["next_token"]});
            if keeps_limit {
                page["limit"] = json!(10);
            }
        }
        assert_eq!(page["token"], "");
        assert_eq!(found, whole);
    }
    for page in [
        json!({}),
        json!({"limit": 0}),
        json!({"limit": 26}),
        json!({"token": "", "limit": 100}),
    ] {
        let answer = ask(&sidecar, SUBJECT, &readers(&json!({"page": page})));
        assert_eq!(
            answer.json()["page"],
            json!({"next_token": "", "count": 26, "total": 26}),
            "{page}"
        );
    }
}

#[test]
fn a_token_goes_on_after_a_reload_and_belongs_to_its_search() {
    let policies = many();
    let sidecar = Sidecar::start(&policies.folder());
    let first = ask(&sidecar, SUBJECT, &readers(&json!({"page": {"limit": 20}}))).json();
    let token = first["page"]["next_token"].clone();
    policies.admit_ben(true);
    sidecar.expect_outcome("reloaded");
    let page = json!({"page": {"token": token}});
    let second = ask(&sidecar, SUBJECT, &readers(&page));
    assert_eq!(
        results(&second, "id"),
        ["m19", "m20", "m21", "m22", "m23", "m24"]
    );

    let another = |change: &dyn Fn(&mut Value)| {
        let mut body = readers(&page);
        change(&mut body);
        let answer = ask(&sidecar, SUBJECT, &body);
        assert_eq!(answer.status, 400, "{body}");
        answer.json()["error"].as_str().unwrap().to_owned()
    };
    let of_another = "belongs to another search";
    assert!(another(&|body| body["action"]["name"] = json!("list")).contains(of_another));
    assert!(another(&|body| body["resource"]["id"] = json!("o2")).contains(of_another));
    assert!(
        another(&|body| body["resource"]["properties"]["tenant"] = json!("south"))
            .contains(of_another)
    );
    assert!(another(&|body| body["context"] = json!({"a": 1})).contains(of_another));
    assert!(another(&|body| body["page"]["limit"] = json!(5)).contains("must stay 20"));
    assert!(another(&|body| body["page"]["limit"] = json!(0)).contains("must stay 20"));
    assert!(
        another(&|body| body["page"]["token"] = json!("bm9uZQ"))
            .contains("none that this endpoint gave out")
    );
    assert!(another(&|body| body["page"]["token"] = json!(5)).contains("must be a string"));
    assert!(another(&|body| body["page"] = json!({"limit": -1})).contains("whole number"));
    assert!(another(&|body| body["page"] = json!({"limit": 1.5})).contains("whole number"));
    assert!(another(&|body| body["page"] = json!([])).contains("`page` must be an object"));
    // Members in another order are the same search; so is one with a stray id.
    let body = format!(
        r#"{{"page":{{"token":{token}}},"resource":{{"properties":{{"tenant":"north"}},"id":"o1","type":"order"}},"action":{{"name":"read"}},"subject":{{"id":7,"type":"user"}}}}"#
    );
    let answer = sidecar.client().post(SUBJECT, "", body.as_bytes());
    assert_eq!(results(&answer, "id").len(), 6);
    let wrong = ask(
        &sidecar,
        RESOURCE,
        &json!({
            "subject": {"type": "user", "id": "ana"}, "action": {"name": "read"}, "resource": {"type": "order"},
            "page": {"token": token},
        }),
    );
    assert_eq!(wrong.status, 400);
}

#[test]
fn what_is_missing_is_refused_and_what_is_unknown_finds_nothing() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let user = json!({"type": "user", "id": "ana"});
    let order = json!({"type": "order", "id": "o1", "properties": {"tenant": "north"}});
    let read = json!({"name": "read"});
    for (path, body, error) in [
        (
            SUBJECT,
            json!({"action": read, "resource": order}),
            "`subject` is missing",
        ),
        (
            SUBJECT,
            json!({"subject": {}, "action": read, "resource": order}),
            "`subject.type` is missing",
        ),
        (
            SUBJECT,
            json!({"subject": {"type": "user"}, "resource": order}),
            "`action` is missing",
        ),
        (
            SUBJECT,
            json!({"subject": {"type": "user"}, "action": "read", "resource": order}),
            "`action` must be an object",
        ),
        (
            SUBJECT,
            json!({"subject": {"type": "user"}, "action": read, "resource": {"type": "order"}}),
            "`resource.id` is missing",
        ),
        (
            RESOURCE,
            json!({"subject": {"type": "user"}, "action": read, "resource": {"type": "order"}}),
            "`subject.id` is missing",
        ),
        (
            RESOURCE,
            json!({"subject": user, "action": {}, "resource": {"type": "order"}}),
            "`action.name` is missing",
        ),
        (
            RESOURCE,
            json!({"subject": user, "action": read, "resource": {"id": "o1"}}),
            "`resource.type` is missing",
        ),
        (ACTION, json!({"subject": user}), "`resource` is missing"),
        (
            ACTION,
            json!({"subject": user, "resource": {"type": "order"}}),
            "`resource.id` is missing",
        ),
        (
            ACTION,
            json!({"subject": user, "resource": order, "context": 1}),
            "`context` must be an object",
        ),
        (ACTION, json!([]), "the body must be a JSON object"),
    ] {
        let answer = ask(&sidecar, path, &body);
        assert_eq!(
            (answer.status, answer.json()),
            (400, json!({"error": error})),
            "{path} {body}"
        );
    }
    for (path, body) in [
        (
            SUBJECT,
            json!({"subject": {"type": "robot"}, "action": read, "resource": order}),
        ),
        (
            SUBJECT,
            json!({"subject": {"type": "user"}, "action": {"name": "fly"}, "resource": order}),
        ),
        (
            SUBJECT,
            json!({"subject": {"type": "user"}, "action": read, "resource": {"type": "x", "id": "1"}}),
        ),
        (
            RESOURCE,
            json!({"subject": {"type": "user", "id": "zoe"}, "action": read, "resource": {"type": "order"}}),
        ),
        (
            ACTION,
            json!({"subject": user, "resource": {"type": "order", "id": "o1", "properties": {"tenant": "south"}}}),
        ),
    ] {
        let answer = ask(&sidecar, path, &body);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, r#"{"results":[]}"#),
            "{path} {body}"
        );
    }
    let stray = json!({"subject": user, "resource": order, "action": "anything"});
    assert_eq!(results(&ask(&sidecar, ACTION, &stray), "name"), ["read"]);
    let large = format!(r#"{{"a":"{}"}}"#, "a".repeat(70_000));
    let answer = sidecar.client().post(SUBJECT, "", large.as_bytes());
    assert_eq!(answer.status, 413);
    let late = sidecar
        .client()
        .post(SUBJECT, "Octroi-Min-Generation: 99999999999999\r\n", b"{}");
    assert_eq!((late.status, late.header("retry-after")), (503, Some("1")));
    let answer = sidecar.client().post(
        ACTION,
        "X-Request-ID: r 7\r\n",
        stray.to_string().as_bytes(),
    );
    assert_eq!(answer.header("x-request-id"), Some("r 7"));
    assert!(answer.header("octroi-revision").is_some());
}

#[test]
fn the_pages_of_an_application_come_from_searches() {
    let sidecar = shipped();
    let tenant = |id: &str| json!({"tenant": id});
    let search = |path, account: &str, kind: &str, action: &str, properties: Value| {
        ask(
            &sidecar,
            path,
            &json!({
                "subject": {"type": "user", "id": account},
                "action": {"name": action},
                "resource": {"type": kind, "id": "*", "properties": properties},
            }),
        )
    };
    let durand = tenant("boutiques-durand");
    // The workspace switcher, the filter of a dashboard, the roles that one may give, the user page, the buttons.
    assert_eq!(
        results(
            &search(RESOURCE, "marc", "tenant", "enter", json!({})),
            "id"
        ),
        ["boutiques-durand"]
    );
    let shops = results(
        &search(RESOURCE, "claire", "sub_account", "read", durand.clone()),
        "id",
    );
    assert!(shops.len() > 2, "{shops:?}");
    assert_eq!(
        results(
            &search(RESOURCE, "claire", "role", "assign", durand.clone()),
            "id"
        ),
        ["admin", "manager", "standardiste"]
    );
    // Whoever may invite into some places alone gives roles there, not everywhere.
    assert!(
        results(
            &search(RESOURCE, "marc", "role", "assign", durand.clone()),
            "id"
        )
        .is_empty()
    );
    let mut marais = durand.clone();
    marais["sub_account"] = json!("paris-marais");
    assert_eq!(
        results(
            &search(RESOURCE, "marc", "role", "assign", marais.clone()),
            "id"
        ),
        ["manager"]
    );
    let members = results(
        &search(RESOURCE, "marc", "member", "list", durand.clone()),
        "id",
    );
    assert!(members.contains(&"marc".to_owned()), "{members:?}");
    let buttons = results(
        &search(ACTION, "marc", "conversation", "", marais.clone()),
        "name",
    );
    assert!(buttons.contains(&"reply".to_owned()), "{buttons:?}");
    // Each of them, asked alone, is allowed.
    let mut client = sidecar.client();
    for button in buttons {
        let question = json!({
            "subject": {"type": "user", "id": "marc"},
            "action": {"name": button},
            "resource": {"type": "conversation", "id": "*", "properties": marais},
        });
        assert!(
            client
                .evaluate("", question.to_string().as_bytes())
                .decision(),
            "{button}"
        );
    }
}

#[test]
fn a_person_enters_with_all_accounts() {
    let policies = Policies::new();
    policies.write(
        "people.yaml",
        "accounts_of: shop\naccounts:\n  eva: {person: eva}\n  eva-south: {person: eva}\n  eve: {person: eve}\n",
    );
    policies.write(
        "south.yaml",
        "tenant: south\napplication: shop\nmembers:\n  - {account: eva-south, role: clerk}\n  - {account: eve, role: clerk}\n",
    );
    policies.write("east.yaml", "members_of: north\nmembers: [{account: eva, role: clerk}, {account: eva-south, role: clerk}]\n");
    let sidecar = Sidecar::start(&policies.folder());
    let enter = |account: &str, context: Value| {
        ask(
            &sidecar,
            RESOURCE,
            &json!({
                "subject": {"type": "user", "id": account},
                "action": {"name": "enter"},
                "resource": {"type": "tenant"},
                "context": context,
            }),
        )
        .json()
    };
    let of = |ids: &[&str]| {
        ids.iter()
            .map(|id| json!({"type": "tenant", "id": id}))
            .collect::<Vec<_>>()
    };
    assert_eq!(enter("eva", json!({})), json!({"results": of(&["north"])}));
    assert_eq!(
        enter("eva", json!({"person": false})),
        json!({"results": of(&["north"])})
    );
    assert_eq!(
        enter("eva", json!({"person": true})),
        json!({
            "results": of(&["north", "south"]),
            "context": {"accounts": {"north": ["eva", "eva-south"], "south": ["eva-south"]}},
        })
    );
    assert_eq!(
        enter("ana", json!({"person": true})),
        json!({"results": of(&["north"]), "context": {"accounts": {"north": ["ana"]}}})
    );
    assert_eq!(
        enter("zoe", json!({"person": true})),
        json!({"results": [], "context": {"accounts": {}}})
    );
}

#[test]
fn a_search_is_no_decision() {
    let policies = many();
    let sidecar = Sidecar::start(&policies.folder());
    ask(&sidecar, SUBJECT, &readers(&json!({})));
    assert_eq!(
        sidecar.metric("octroi_decision_duration_seconds_count"),
        0.0
    );
    let requests = r#"octroi_http_requests_total{endpoint="search_subject",code="200"}"#;
    assert_eq!(sidecar.metric(requests), 1.0);
}

#[test]
fn the_metadata_document_needs_an_identifier() {
    let policies = Policies::new();
    let without = Sidecar::start(&policies.folder());
    let answer = without.client().get(METADATA);
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("--identifier"), "{}", answer.body);
    let answer = without.client().post(METADATA, "", b"{}");
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET, HEAD"))
    );

    let with = Sidecar::start_with(
        &policies.folder(),
        &["--identifier", "https://pdp.example.com/shop"],
    );
    for path in [METADATA.to_owned(), format!("{METADATA}/shop")] {
        let answer = with.client().get(&path);
        assert_eq!(answer.status, 200);
        assert!(answer.header("octroi-revision").is_some());
        assert_eq!(answer.header("cache-control"), Some("max-age=3600"));
        let document = answer.json();
        let names: BTreeSet<&str> = document
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let expected = [
            "access_evaluation_endpoint",
            "access_evaluations_endpoint",
            "policy_decision_point",
            "search_action_endpoint",
            "search_resource_endpoint",
            "search_subject_endpoint",
        ];
        assert_eq!(names, BTreeSet::from(expected));
        assert_eq!(
            document["policy_decision_point"],
            "https://pdp.example.com/shop"
        );
        assert_eq!(
            document["search_subject_endpoint"],
            "https://pdp.example.com/shop/access/v1/search/subject"
        );
    }
    // Where callers reach the program itself, the endpoints are where the document says.
    let answer = with.client().post(
        "/shop/access/v1/evaluation",
        "",
        super::support::question("ana").as_bytes(),
    );
    assert!(answer.decision());
    assert_eq!(with.client().get(&format!("{METADATA}/other")).status, 404);
}
