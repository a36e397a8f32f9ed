//! What the fuzz targets do with their bytes, and what must hold whatever the bytes are: nothing panics, policies have
//! either errors or a snapshot, findings can be drawn, and a question gets one answer however it is asked.
//!
//! `tests/fuzz` makes a library of this file for the fuzzer; `fuzz_replay` runs it on the files of `tests/fuzz/corpus`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use octroi::authzen::{Evaluations, Malformed, read_evaluation, read_search};
use octroi::diagnostic::{Format, Severity, place, render};
use octroi::explain::{Effort, explain};
use octroi::model::{Id, Tenant};
use octroi::pipeline::{self, Outcome};
use octroi::search::{Range, Search, Sought};
use octroi::snapshot::{Action, Entity, Part, Question, Reason, Snapshot};
use octroi::source::Sources;
use octroi::suite;
use octroi::value::{Json, Members};

/// Moments before and after everything in the fixed folder has expired: 2026-06-01 and 2030-01-01.
const MOMENTS: [i64; 2] = [1_780_272_000_000, 1_893_456_000_000];

const SHOP: &str = include_str!("../fuzz/folder/shop.yaml");
const SHOP_CEDAR: &str = include_str!("../fuzz/folder/shop.cedar");
const NORTH: &str = include_str!("../fuzz/folder/north.yaml");
const SOUTH: &str = include_str!("../fuzz/folder/south.yaml");
const DESK: &str = include_str!("../fuzz/folder/desk.yaml");
const SMALL: &str = include_str!("../fuzz/folder/small.yaml");
const ONLY: &str = include_str!("../fuzz/folder/only.yaml");

/// A policy file: one folder with one file.
pub fn yaml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let outcome = compile(&[("a.yaml", text)]);
    compiles_alike(&outcome);
    let Some(snapshot) = &outcome.snapshot else {
        return;
    };
    suite::run(&outcome.model, snapshot, MOMENTS[0]);
    for tenant in outcome.model.tenants.values().take(3) {
        assert!(!snapshot.entities_json(&tenant.id).is_empty());
        ask_about(snapshot, tenant);
    }
}

/// The body of a question, asked of a folder with everything, of one with a single tenant, and of one whose only
/// application takes memberships from the request.
pub fn question(bytes: &[u8]) {
    static SNAPSHOTS: LazyLock<[Snapshot; 3]> = LazyLock::new(|| {
        [
            snapshot(&[
                ("shop/shop.yaml", SHOP),
                ("shop/shop.cedar", SHOP_CEDAR),
                ("shop/north.yaml", NORTH),
                ("shop/south.yaml", SOUTH),
                ("desk/desk.yaml", DESK),
            ]),
            snapshot(&[
                ("small.yaml", &small(&quoted("resource.b"))),
                ("only.yaml", ONLY),
            ]),
            snapshot(&[
                ("desk.yaml", DESK),
                ("east.yaml", "{tenant: east, application: desk}"),
            ]),
        ]
    });
    let each = |question: &Question<'_>| {
        for snapshot in &*SNAPSHOTS {
            for now in MOMENTS {
                ask(snapshot, question, now);
            }
        }
    };
    match read_evaluation(bytes) {
        Ok(question) => each(&question),
        Err(error) => is_one_line(&error),
    }
    match Evaluations::read(bytes) {
        Ok(Evaluations::Single(question)) => assert_eq!(Ok(*question), read_evaluation(bytes)),
        Ok(Evaluations::Batch(batch)) => batch.questions().take(4).for_each(|item| match item {
            Ok(question) => each(&question),
            Err(error) => is_one_line(&error),
        }),
        Err(error) => is_one_line(&error),
    }
    for sought in [Sought::Subjects, Sought::Resources, Sought::Actions] {
        match read_search(bytes, sought) {
            Ok(request) => SNAPSHOTS
                .iter()
                .for_each(|it| in_pages(it, &request.search)),
            Err(error) => is_one_line(&error),
        }
    }
}

fn is_one_line(error: &Malformed) {
    let message = error.to_string();
    assert!(
        !message.is_empty() && !message.contains(char::is_control),
        "not one line: {message:?}"
    );
}

/// The pages of a search make up the whole.
fn in_pages(snapshot: &Snapshot, search: &Search<'_>) {
    let whole = search.run(snapshot, MOMENTS[0], Range::default());
    let mut paged: Vec<&str> = Vec::new();
    loop {
        let range = Range {
            after: paged.last().copied(),
            limit: Some(2),
            counted: true,
        };
        let page = search.run(snapshot, MOMENTS[0], range);
        assert_eq!(page.total, Some(whole.results.len() - paged.len()));
        paged.extend(page.results);
        if !page.more {
            break;
        }
    }
    assert_eq!(paged, whole.results);
}

/// A condition: as a quoted text, as a literal block where YAML can hold it so, and evaluated.
pub fn when(bytes: &[u8]) {
    let Ok(condition) = std::str::from_utf8(bytes) else {
        return;
    };
    let outcome = compile(&[
        ("small.yaml", &small(&quoted(condition))),
        ("only.yaml", ONLY),
    ]);
    // A block adds a line feed, which the longest condition has no room for.
    if let Some(block) = block(condition).filter(|_| condition.len() < 4_000) {
        let in_block = compile(&[("small.yaml", &small(&block)), ("only.yaml", ONLY)]);
        assert_eq!(
            outcome.snapshot.is_some(),
            in_block.snapshot.is_some(),
            "a condition means something else in a literal block:\n{}\n{}",
            report(&outcome),
            report(&in_block),
        );
    }
    if let Some(snapshot) = &outcome.snapshot {
        for properties in PROPERTIES {
            evaluate(snapshot, properties);
        }
    }
}

/// A file of raw Cedar, of an application and of a tenant.
pub fn cedar(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let outcome = compile(&[
        ("small.yaml", &small(&quoted("resource.b"))),
        ("x.cedar", text),
        ("only/only.yaml", ONLY),
        ("only/x.cedar", text),
    ]);
    compiles_alike(&outcome);
    let Some(snapshot) = &outcome.snapshot else {
        return;
    };
    for properties in PROPERTIES {
        for action in ["read", "refund", "ship"] {
            let body = body(action, properties);
            ask(snapshot, &read(&body), MOMENTS[0]);
        }
    }
    for tenant in outcome.model.tenants.values() {
        ask_about(snapshot, tenant);
    }
}

/// Compiles a folder and asserts what must hold of every folder.
fn compile(texts: &[(&str, &str)]) -> Outcome {
    let outcome = pipeline::compile(Sources::from_texts(texts.iter().copied()), MOMENTS[0], 1);
    assert_eq!(
        outcome.count(Severity::Error) == 0,
        outcome.snapshot.is_some(),
        "errors or a snapshot, never both or neither:\n{}",
        report(&outcome)
    );
    for diagnostic in &outcome.diagnostics {
        let (path, line, column) = place(diagnostic, &outcome.sources);
        let Some(span) = diagnostic.span else {
            assert_eq!((&*path, line, column), (".", 0, 0));
            continue;
        };
        let file = outcome.sources.get(span.source).expect("a file");
        assert!(
            span.start <= span.end && span.end as usize <= file.text().len(),
            "outside of {path}: {diagnostic:?}"
        );
        assert!(line > 0 && column > 0, "{path}:{line}:{column}");
    }
    let plain = report(&outcome);
    assert_eq!(plain.is_empty(), outcome.diagnostics.is_empty());
    let colour = Format::Human { colour: true };
    assert!(render(&outcome.diagnostics, &outcome.sources, colour).len() >= plain.len());
    let json = render(&outcome.diagnostics, &outcome.sources, Format::Json);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let rows = json["diagnostics"].as_array().expect("a list");
    assert_eq!(rows.len(), outcome.diagnostics.len());
    outcome
}

/// A folder has the same findings each time. Their help may differ: the engine's own suggestions come in no order.
fn compiles_alike(outcome: &Outcome) {
    let again = pipeline::compile(outcome.sources.clone(), MOMENTS[0], 1);
    let findings = |outcome: &Outcome| -> Vec<_> {
        let rows = outcome.diagnostics.iter();
        rows.map(|finding| (finding.code, finding.span, finding.message.clone()))
            .collect()
    };
    assert_eq!(findings(outcome), findings(&again), "compiled twice");
}

fn report(outcome: &Outcome) -> String {
    let format = Format::Human { colour: false };
    render(&outcome.diagnostics, &outcome.sources, format)
}

fn snapshot(texts: &[(&str, &str)]) -> Snapshot {
    let outcome = compile(texts);
    let report = report(&outcome);
    outcome.snapshot.expect(&report)
}

/// Asks one question in every way; the answers must be one.
fn ask(snapshot: &Snapshot, question: &Question<'_>, now: i64) -> Reason {
    let decision = snapshot.decide(question, now);
    assert_eq!(decision, snapshot.decide(question, now), "asked twice");
    assert_eq!(
        decision,
        snapshot.decide_unsliced(question, now),
        "sliced and not"
    );
    let explanation = explain(snapshot, question, now, Effort::WithSuggestions);
    assert_eq!(
        decision.reason,
        explanation.reason(),
        "decided and explained"
    );
    assert!(!explanation.sentence().is_empty());
    let text = |explanation| serde_json::to_string(explanation).expect("JSON");
    assert_eq!(
        text(&explanation),
        text(&explain(snapshot, question, now, Effort::WithSuggestions)),
        "explained twice"
    );
    if let Some(index) = decision.application {
        assert!(snapshot.application_ids().nth(index).is_some());
    }
    let by_rules = matches!(
        decision.reason,
        Reason::Granted | Reason::GrantedByDelegation | Reason::DeniedByRule
    );
    assert!(
        !by_rules || !explanation.determining().is_empty(),
        "no rule"
    );
    decision.reason
}

/// Asks a tenant about the first few of its members, types and actions.
fn ask_about(snapshot: &Snapshot, tenant: &Tenant) {
    for account in tenant.members.keys().take(3) {
        let types = tenant.application.types.values();
        for kind in types.rev().take(4) {
            let index = tenant.application.types.get_index_of(&kind.name);
            let records = index.and_then(|index| tenant.records.get(&index));
            let record = records.and_then(|records| records.keys().next());
            for action in kind.actions.iter().take(2) {
                let id = record.map_or("*", |id| id);
                ask(
                    snapshot,
                    &about(tenant, account, action, &kind.name, id),
                    MOMENTS[0],
                );
            }
        }
    }
}

fn about<'a>(
    tenant: &'a Tenant,
    account: &'a str,
    action: &'a str,
    kind: &'a str,
    id: &'a str,
) -> Question<'a> {
    let subject_types = &tenant.application.subject_types;
    let text = |text: &'a str| Json::borrowed(text);
    let place = |id: &'a Id| (Cow::Borrowed("sub_account"), text(id));
    let place = tenant.sub_accounts.keys().next().map(place);
    let tenant = (Cow::Borrowed("tenant"), text(&tenant.id));
    Question {
        subject: Entity {
            kind: Cow::Borrowed(subject_types.first().map_or("user", |kind| kind)),
            id: Cow::Borrowed(account),
            properties: Members::default().into(),
        }
        .into(),
        action: Action {
            name: Cow::Borrowed(action),
            properties: Members::default().into(),
        }
        .into(),
        resource: Entity {
            kind: Cow::Borrowed(kind),
            id: Cow::Borrowed(id),
            properties: members(place.into_iter().collect()),
        }
        .into(),
        context: members(vec![tenant]),
    }
}

fn members<'a>(pairs: Vec<(Cow<'a, str>, Json<'a>)>) -> Part<'a, Members<'a>> {
    Members::new(pairs).expect("no name comes twice").into()
}

/// Subject, action, resource and context: everything, everything at its limits, half of it, nothing.
const PROPERTIES: [[&str; 4]; 4] = [
    [
        r#"{"age": 41, "tags": ["a", "b"], "email": "ann@north.example", "first_name": "Ann", "last_name": "N", "person": "a"}"#,
        r#"{"dry": true}"#,
        r#"{"s": "abc", "l": 3, "b": true, "d": "2026-01-01", "p": "1.50", "i": "10.0.0.1", "ss": ["a"], "sl": [1, 2], "owner": "ann", "sub_account": "paris", "sub_accounts": ["paris"], "team": "t", "teams": ["t"]}"#,
        r#"{"ip": "127.0.0.1", "hour": 12}"#,
    ],
    [
        r#"{"age": -9223372036854775808, "tags": [], "email": "", "first_name": "", "last_name": "", "person": ""}"#,
        r#"{"dry": false}"#,
        r#"{"s": "", "l": 9223372036854775807, "b": false, "d": "9999-12-31", "p": "-922337203685477.5808", "i": "::/0", "ss": [], "sl": [], "owner": "", "sub_account": "", "sub_accounts": ["", "paris"], "team": "", "teams": [""]}"#,
        r#"{"ip": "ffff::ffff/128", "hour": 9223372036854775807}"#,
    ],
    [
        r#"{"tags": ["b"]}"#,
        "{}",
        r#"{"l": 0, "b": true}"#,
        r#"{"hour": 0}"#,
    ],
    ["{}", "{}", "{}", "{}"],
];

/// The questions of [`PROPERTIES`] that have all that a condition can read.
const COMPLETE: usize = 2;

fn body(action: &str, [subject, of_action, resource, context]: [&str; 4]) -> String {
    format!(
        r#"{{"subject": {{"type": "user", "id": "ann", "properties": {subject}}},
            "action": {{"name": "{action}", "properties": {of_action}}},
            "resource": {{"type": "order", "id": "o1", "properties": {resource}}},
            "context": {context}}}"#
    )
}

fn read(body: &str) -> Question<'_> {
    read_evaluation(body.as_bytes()).expect("a question")
}

/// One condition decides a grant (`read`) and a deny rule (`refund`), which must agree about it.
fn evaluate(snapshot: &Snapshot, properties: [&str; 4]) {
    let reason = |action| ask(snapshot, &read(&body(action, properties)), MOMENTS[0]);
    let (granted, denied) = (reason("read"), reason("refund"));
    let is_complete = PROPERTIES
        .iter()
        .take(COMPLETE)
        .any(|all| *all == properties);
    let agree = match (granted, denied) {
        (Reason::Granted, Reason::DeniedByRule)
        | (Reason::ConditionNotMet, Reason::Granted)
        | (Reason::EvaluationError, Reason::EvaluationError) => true,
        // A missing attribute keeps a grant from applying and makes a deny rule apply.
        (Reason::ConditionNotMet, Reason::DeniedByRule) => !is_complete,
        _ => false,
    };
    assert!(
        agree,
        "the grant says {granted:?}, the deny rule {denied:?}, of {properties:?}"
    );
    reason("ship");
}

/// The small application with a condition, as it stands in YAML.
fn small(condition: &str) -> String {
    SMALL
        .replace("@WHEN@", &condition.replace('\n', "\n          "))
        .replace("@DENY@", &condition.replace('\n', "\n      "))
}

/// A text between double quotes of YAML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            _ => _ = write!(quoted, "\\U{:08x}", u32::from(character)),
        }
    }
    quoted + "\""
}

/// A text as a literal block; nothing where YAML would read another text.
fn block(text: &str) -> Option<String> {
    let fits = |character: char| {
        character == '\n'
            || !character.is_control() && !"\u{feff}\u{fffe}\u{ffff}".contains(character)
    };
    text.chars().all(fits).then(|| format!("|2\n{text}"))
}
