//! Tables of edits, and what is said of each.

use super::*;
use crate::pipeline;

const APPLICATION: &str = "
application: shop
accounts: {attributes: {level: Long}}
resources:
  order: {actions: [read, refund, close]}
roles:
  clerk:
    scope: sub_account
    allow: [{resources: [order], actions: [read]}]
  lead:
    inherits: [clerk]
    allow:
      - {resources: [order], actions: [refund], when: 'resource has owner && resource.owner == \"ana\"'}
      - {resources: [tenant], actions: [enter, update]}
    assigns: [clerk]
deny:
  - {resources: [order], actions: [close, refund], except_roles: [lead]}
";
const ACCOUNTS: &str = "
accounts_of: shop
accounts:
  ana: {email: ana@shop.example}
  ben: {email: ben@shop.example, level: 1}
";
const NORTH: &str = "
tenant: north
application: shop
sub_accounts: {lyon: {}, paris: {}, quay: {parent: paris}}
members:
  - {account: ana, role: lead, sub_accounts: [paris]}
  - {account: ben, role: clerk, sub_accounts: [paris], status: suspended}
  - {account: cid, role: clerk, sub_accounts: [paris], expires: 2040-01-01}
teams: {day: [ana]}
";
const SOUTH: &str = "
tenant: south
application: shop
sub_accounts: {nice: {}}
members:
  - {account: dan, role: lead, sub_accounts: [nice]}
";

fn compiled(texts: &[(&'static str, String)]) -> pipeline::Outcome {
    let outcome = pipeline::compile(Sources::from_texts(texts.iter().cloned()), 0, 1);
    assert!(outcome.snapshot.is_some(), "{:?}", outcome.diagnostics);
    outcome
}

fn texts() -> Vec<(&'static str, String)> {
    let texts = [
        ("application.yaml", APPLICATION),
        ("accounts.yaml", ACCOUNTS),
        ("north.yaml", NORTH),
        ("south.yaml", SOUTH),
    ];
    texts.map(|(path, text)| (path, text.to_owned())).to_vec()
}

fn side(outcome: &pipeline::Outcome) -> Side<'_> {
    let pipeline::Outcome { model, sources, .. } = outcome;
    Side { model, sources }
}

fn between(before: &pipeline::Outcome, after: &pipeline::Outcome) -> Changes {
    Changes::between(side(before), side(after))
}

/// What is said after some words were put in the place of others.
fn after(old: &str, new: &str) -> Changes {
    let mut texts = texts();
    let before = compiled(&texts);
    let mut names_it = texts.iter_mut().filter(|(_, text)| text.contains(old));
    let (_, text) = names_it.next().unwrap();
    *text = text.replacen(old, new, 1);
    between(&before, &compiled(&texts))
}

#[test]
fn each_change_is_counted_and_widenings_are_named() {
    let cases: &[(&str, &str, &str, &[&str])] = &[
        (
            "{account: ben, role: clerk, sub_accounts: [paris], status: suspended}",
            "{account: ben, role: clerk, sub_accounts: [paris]}",
            "tenants ~1, members ~1",
            &["`ben` has the role `clerk` in `north`, no longer suspended"],
        ),
        (
            "sub_accounts: [paris]}",
            "sub_accounts: [paris], status: suspended}",
            "tenants ~1, members ~1",
            &[],
        ),
        (
            "sub_accounts: [paris]}",
            "sub_accounts: [paris, lyon]}",
            "tenants ~1, members ~1",
            &["`ana` reaches the sub-accounts `lyon` with the role `lead` in `north`"],
        ),
        (
            "expires: 2040-01-01",
            "expires: 2041-01-01",
            "tenants ~1, members ~1",
            &["`cid` has the role `clerk` in `north` until 2041-01-02T00:00:00.000Z"],
        ),
        (
            ", expires: 2040-01-01",
            "",
            "tenants ~1, members ~1",
            &["`cid` has the role `clerk` in `north` without an end"],
        ),
        (
            "expires: 2040-01-01",
            "expires: 2039-01-01",
            "tenants ~1, members ~1",
            &[],
        ),
        (
            "{account: cid, role: clerk,",
            "{account: cid, role: lead,",
            "tenants ~1, members ~1",
            &["`cid` has the role `lead` in `north`"],
        ),
        (
            "  - {account: cid, role: clerk, sub_accounts: [paris], expires: 2040-01-01}\n",
            "",
            "tenants ~1, members -1",
            &[],
        ),
        (
            "members:\n",
            "members:\n  - {account: eve, role: clerk, sub_accounts: [lyon]}\n",
            "tenants ~1, members +1",
            &["`eve` has the role `clerk` in `north`"],
        ),
        (
            "members:\n",
            "members:\n  - {account: eve, role: clerk, sub_accounts: [lyon], status: invited}\n",
            "tenants ~1, members +1",
            &[],
        ),
        (
            "day: [ana]",
            "day: [ana, ben]",
            "tenants ~1",
            &["`ben` joined the team `day` of `north`"],
        ),
        (
            "paris: {}",
            "paris: {parent: lyon}",
            "tenants ~1",
            &["the sub-account `paris` of `north` lies below `lyon` now"],
        ),
        (
            "tenant: north\n",
            "tenant: north\npartners: [south]\n",
            "tenants ~1",
            &["`south` may have guests in `north`"],
        ),
        (
            "tenant: north\n",
            "tenant: north\n# a comment\n",
            "nothing that is declared",
            &[],
        ),
        (
            "actions: [read]}]",
            "actions: [read, close]}]",
            "applications ~1, roles ~1",
            &["the role `clerk` of `shop` may `close` `order` (scope `sub_account`)"],
        ),
        (
            "actions: [refund], when: 'resource has owner && resource.owner == \"ana\"'}",
            "actions: [refund]}",
            "applications ~1, roles ~1",
            &["the role `lead` of `shop` may `refund` `order` (scope `tenant`)"],
        ),
        (
            "owner == \"ana\"",
            "owner == \"ben\"",
            "applications ~1, roles ~1",
            &[
                "the role `lead` of `shop` may `refund` `order` (scope `tenant`) when `resource has owner && resource.owner == \"ben\"`",
            ],
        ),
        (
            "assigns: [clerk]",
            "assigns: [clerk, lead]",
            "applications ~1, roles ~1",
            &["the role `lead` of `shop` may give `lead`"],
        ),
        (
            "actions: [close, refund], except",
            "actions: [refund], except",
            "applications ~1",
            &["the application `shop` denies `close` of `order` no more"],
        ),
        (
            "except_roles: [lead]",
            "except_roles: [lead, clerk]",
            "applications ~1",
            &["the application `shop` denies `close`, `refund` of `order` under other terms"],
        ),
        (
            "level: 1",
            "level: 2",
            "applications ~1, accounts ~1",
            &["the account `ben` of `shop` has other attributes, which conditions may read"],
        ),
    ];
    for (old, new, summary, widenings) in cases {
        let changes = after(old, new);
        assert_eq!(changes.summary(), *summary, "{old} -> {new}");
        assert_eq!(changes.widenings.names, *widenings, "{old} -> {new}");
    }
}

#[test]
fn tenants_come_and_go() {
    let all = compiled(&texts());
    let north = compiled(&texts()[..3]);
    let came = between(&north, &all);
    assert_eq!(came.summary(), "tenants +1, members +1");
    assert_eq!(
        came.widenings.names,
        ["the tenant `south` is new, with 1 members"]
    );
    assert_eq!(came.members.added.names, ["south/dan"]);
    let gone = between(&all, &north);
    assert_eq!(gone.summary(), "tenants -1, members -1");
    assert_eq!(gone.widenings.count, 0);
    assert_eq!(gone.members.removed.names, ["south/dan"]);
}

#[test]
fn an_email_that_changed_its_id_is_told() {
    let moved = after(
        "ben: {email: ben@shop.example",
        "bob: {email: BEN@shop.example",
    );
    assert_eq!(
        moved.moved_emails.names,
        ["the e-mail `BEN@shop.example` belonged to the account `ben` of `shop`, and now to `bob`"]
    );
    assert_eq!(moved.summary(), "applications ~1, accounts +1 -1");
    let swapped = after("ana@shop.example", "ana2@shop.example");
    assert_eq!(swapped.moved_emails.count, 0);
}

#[test]
fn names_are_bounded_and_counts_are_not() {
    let mut texts = texts();
    let before = compiled(&texts);
    for member in 0..100 {
        let line = format!("  - {{account: m{member}, role: clerk, sub_accounts: [nice]}}\n");
        texts[3].1.push_str(&line);
    }
    let changes = between(&before, &compiled(&texts));
    assert_eq!(changes.members.added.count, 100);
    assert_eq!(changes.members.added.names.len(), NAMES_MAX);
    assert_eq!(changes.widenings.count, 100);
    assert!(changes.widenings.join("; ").ends_with("; and 80 more"));
}
