//! Policies of any size for the benches: tenants with members and sub-accounts of one application.

use std::fmt::Write as _;

/// The application: five types, three roles, conditions and a deny rule.
const APPLICATION: &str = r#"
application: bench
resources:
  conversation: {actions: [list, read, reply, close], attributes: {status: String}}
  message: {parent: conversation, actions: [read, delete]}
  dashboard: {actions: [read]}
  invoice: {actions: [crud, export], attributes: {amount: Long}}
roles:
  admin:
    allow: [{resources: ["*"], actions: ["*"]}]
    assigns: ["*"]
  manager:
    scope: sub_account
    allow:
      - {resources: [conversation], actions: [list, read, reply]}
      - {resources: [conversation], actions: [close], when: 'resource.status != "archived"'}
      - {resources: [dashboard], actions: ["*"]}
      - {resources: [tenant], actions: [enter]}
  author:
    scope: own
    allow:
      - {resources: [message], actions: ["*"]}
      - {resources: [invoice], actions: [read], when: 'resource.amount < 1000'}
deny:
  - {resources: [invoice], actions: [export], except_roles: [admin]}
"#;

/// A policy folder with so many tenants, each with `members` members and five sub-accounts.
pub fn folder(tenants: usize, members: usize) -> Vec<(String, String)> {
    let mut files = vec![("application.yaml".to_owned(), APPLICATION.to_owned())];
    for tenant in 0..tenants {
        files.push((
            format!("tenants/t{tenant}.yaml"),
            tenant_text(tenant, members),
        ));
    }
    files
}

fn tenant_text(tenant: usize, members: usize) -> String {
    let mut text = format!("tenant: t{tenant}\napplication: bench\nsub_accounts:\n");
    text.push_str(
        "  s0: {}\n  s1: {parent: s0}\n  s2: {parent: s0}\n  s3: {parent: s1}\n  s4: {}\n",
    );
    text.push_str("members:\n");
    for member in 0..members {
        let entry = match member % 3 {
            0 => "role: admin".to_owned(),
            1 => format!("role: manager, sub_accounts: [s{}]", member % 5),
            _ => "role: author".to_owned(),
        };
        let _ = writeln!(text, "  - {{account: m{member}, {entry}}}");
    }
    text
}

/// Questions about the tenants of [`folder`], about half of them allowed.
pub fn bodies(tenants: usize, members: usize, count: usize) -> Vec<String> {
    let asked = [
        ("read", "conversation", r#""sub_account":"s1","owner":"m2""#),
        (
            "close",
            "conversation",
            r#""sub_account":"s3","status":"open""#,
        ),
        ("delete", "message", r#""owner":"m2","conversation":"c1""#),
        ("read", "invoice", r#""owner":"m2","amount":12"#),
        ("export", "invoice", r#""sub_account":"s4""#),
        ("enter", "tenant", ""),
    ];
    (0..count)
        .map(|number| {
            let (action, kind, properties) = asked[number % asked.len()];
            let tenant = number * 7 % tenants;
            let member = number * 13 % members;
            let id = match kind {
                "tenant" => format!("t{tenant}"),
                _ => format!("r{number}"),
            };
            let comma = if properties.is_empty() { "" } else { "," };
            format!(
                r#"{{"subject":{{"type":"user","id":"m{member}"}},"action":{{"name":"{action}"}},"resource":{{"type":"{kind}","id":"{id}","properties":{{"tenant":"t{tenant}"{comma}{properties}}}}}}}"#
            )
        })
        .collect()
}
