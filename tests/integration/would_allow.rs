//! What an explained deny suggests: each suggestion turns the answer, and no proper part of it does.

use octroi::authzen::read_evaluation;
use octroi::explain::{Change, Effort, Suggestion, explain, suggestions};
use octroi::pipeline;
use octroi::source::Sources;

use crate::naive;

const POLICIES: &str = r#"
application: chat
resources:
  conversation: {actions: [read, close, archive], attributes: {status: String, level: Long}}
context: {mfa: Bool}
roles:
  admin: {allow: [{resources: ["*"], actions: ["*"]}], assigns: ["*"]}
  manager:
    scope: sub_account
    allow:
      - {resources: [conversation], actions: [read]}
      - {resources: [conversation], actions: [close], when: 'resource.status != "archived"'}
      - {resources: [conversation], actions: [archive], when: 'resource.level > 3 && context.mfa'}
---
tenant: durand
application: chat
sub_accounts: {paris: {}, lyon: {}}
members:
  - {account: claire, role: admin}
  - {account: marc, role: manager, sub_accounts: [paris]}
  - {account: zoe, role: manager, sub_accounts: [lyon], status: invited}
  - {account: ada, role: manager, sub_accounts: [lyon], status: suspended}
  - {account: eve, role: manager, sub_accounts: [lyon], expires: 1969-01-01}
"#;

#[test]
fn names_the_smallest_changes() {
    let outcome = pipeline::compile(Sources::from_texts([("a.yaml", POLICIES)]), 0, 1);
    let snapshot = outcome.snapshot.unwrap();
    for (account, action, properties, expected) in [
        (
            "marc",
            "read",
            r#""sub_account":"lyon""#,
            &[
                "resource.sub_account in [paris]",
                "role admin",
                "role manager in [lyon]",
            ][..],
        ),
        (
            "marc",
            "read",
            "",
            &["resource.sub_account in [paris]", "role admin"],
        ),
        (
            "marc",
            "close",
            r#""sub_account":"paris","status":"archived""#,
            &["resource.status == \"other\"", "role admin"],
        ),
        (
            "marc",
            "archive",
            r#""sub_account":"paris""#,
            &["role admin", "resource.level == 4 and context.mfa == true"],
        ),
        (
            "zoe",
            "read",
            r#""sub_account":"lyon""#,
            &["membership active", "role admin"],
        ),
        (
            "ada",
            "read",
            r#""sub_account":"lyon""#,
            &["membership active", "role admin"],
        ),
        (
            "eve",
            "read",
            r#""sub_account":"lyon""#,
            &["membership not expired", "role admin"],
        ),
        (
            "nobody",
            "read",
            r#""sub_account":"lyon""#,
            &["role admin", "role manager in [lyon]"],
        ),
        ("claire", "read", "", &[]),
        ("claire", "fly", "", &[]),
    ] {
        let body = format!(
            r#"{{"subject":{{"type":"user","id":"{account}"}},"action":{{"name":"{action}"}},
               "resource":{{"type":"conversation","id":"c1","properties":{{{properties}}}}}}}"#
        );
        let question = read_evaluation(body.as_bytes()).unwrap();
        let explanation = explain(&snapshot, &question, 0, Effort::WithSuggestions);
        assert_eq!(
            explanation.would_allow(),
            expected,
            "{account} {action} {properties}"
        );
    }
}

/// What is said of a member who is out of reach, and of one who is none: the same, and nothing of where it stands.
#[test]
fn says_nothing_of_where_a_member_stands() {
    let policies = POLICIES.replace(
        "      - {resources: [conversation], actions: [read]}",
        "      - {resources: [conversation], actions: [read]}\n      - {resources: [member], actions: [list, read, invite]}",
    );
    let policies = policies.replace("  manager:\n", "  manager:\n    assigns: [manager]\n");
    let outcome = pipeline::compile(Sources::from_texts([("a.yaml", policies)]), 0, 1);
    let snapshot = outcome.snapshot.unwrap();
    let ask = |action: &str, id: &str, properties: &str| {
        let body = format!(
            r#"{{"subject":{{"type":"user","id":"marc"}},"action":{{"name":"{action}"}},
               "resource":{{"type":"member","id":"{id}","properties":{{{properties}}}}}}}"#
        );
        let question = read_evaluation(body.as_bytes()).unwrap();
        let explanation = explain(&snapshot, &question, 0, Effort::WithSuggestions);
        let sentence = explanation.sentence().replace(id, "X");
        (sentence, explanation.would_allow().to_vec())
    };
    let (known, unknown) = (ask("read", "zoe", ""), ask("read", "nobody", ""));
    assert_eq!(known.0, unknown.0);
    assert!(!format!("{known:?}").contains("lyon"), "{known:?}");
    let wrong_role = ask("invite", "new", r#""role":"admin","sub_account":"paris""#);
    assert!(
        wrong_role
            .1
            .contains(&r#"resource.role == "manager""#.to_owned()),
        "{wrong_role:?}"
    );
}

#[test]
fn every_suggestion_turns_the_answer_and_no_part_of_it_does() {
    let (mut singles, mut pairs, mut kinds) = (0, 0, [0; 7]);
    for seed in 1..=40 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let world = naive::World::random(&mut rng);
        let outcome = pipeline::compile(Sources::from_texts(naive::render(&world)), 0, 1);
        let snapshot = outcome.snapshot.expect("random policies compile");
        for _ in 0..25 {
            let (question, now) = naive::Question::random(&world, &mut rng);
            let body = question.to_json().to_string();
            let question = read_evaluation(body.as_bytes()).unwrap();
            let allowed = snapshot.decide(&question, now).reason.allows();
            let suggestions = suggestions(&snapshot, &question, now);
            assert!(
                !allowed || suggestions.is_empty(),
                "an allow needs no change: {body}"
            );
            assert!(suggestions.len() <= 5, "{body}");
            for suggestion in suggestions {
                let changes = suggestion.changes();
                let reason = |changes: &[Change]| {
                    Suggestion::reason_with(&snapshot, &question, now, changes)
                };
                assert!(
                    reason(changes).allows(),
                    "{} does not turn {body}",
                    suggestion.sentence()
                );
                for left_out in 0..changes.len() {
                    let mut part = changes.to_vec();
                    part.remove(left_out);
                    assert!(
                        !reason(&part).allows(),
                        "a part of {} turns {body}",
                        suggestion.sentence()
                    );
                }
                match changes.len() {
                    1 => singles += 1,
                    _ => pairs += 1,
                }
                for change in changes {
                    kinds[match change {
                        Change::SubAccount(_) => 0,
                        Change::Team(_) => 1,
                        Change::Owner => 2,
                        Change::Attribute(..) => 3,
                        Change::Role(..) => 4,
                        Change::Active => 5,
                        Change::Renewed => 6,
                    }] += 1;
                }
            }
        }
    }
    println!("{singles} single changes, {pairs} pairs, by kind {kinds:?}");
    assert!(
        singles > 100 && pairs > 5,
        "{singles} single, {pairs} pairs"
    );
    assert!(kinds.iter().all(|count| *count > 0), "{kinds:?}");
}
