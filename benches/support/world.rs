//! Policy folders of any size: one application, as a support desk with many customers would write it, and tenants with
//! members and nested sub-accounts.

use std::fmt::Write as _;

/// The application: close to the shipped `chat-console`, and with conditions whose values hardly ever repeat (amounts,
/// moments, addresses), so that a question can be new in what decides it.
const APPLICATION: &str = r#"
application: desk
description: Live chat shared by an administrator, the managers of its sub-accounts, and agents.
resources:
  conversation:
    actions: [list, read, reply, close, export]
    attributes: {status: String, opened: datetime}
  message: {parent: conversation, actions: [list, read, edit], attributes: {bytes: Long}}
  refund: {actions: [list, read, approve], attributes: {micros: Long}}
  dashboard: {actions: [read]}
  statistics: {actions: [read]}
  messaging: {actions: [read, configure]}
context: {mfa: Bool, ip: ipaddr}
roles:
  admin:
    allow: [{resources: ["*"], actions: ["*"]}]
    assigns: ["*"]
  manager:
    scope: sub_account
    allow:
      - {resources: [tenant], actions: [enter, read]}
      - {resources: [sub_account], actions: [read]}
      - {resources: [dashboard, statistics], actions: [read]}
      - {resources: [conversation], actions: [list, read, reply]}
      - {resources: [conversation], actions: [close], when: 'resource.status == "open"'}
      - {resources: [message], actions: [list, read]}
      - {resources: [refund], actions: [read]}
      - {resources: [refund], actions: [approve], when: 'resource.micros <= 700000000'}
      - {resources: [messaging], actions: [read, configure]}
      - {resources: [member], actions: [invite, list, read]}
    assigns: [manager, agent]
  agent:
    scope: own
    allow:
      - {resources: [tenant], actions: [enter]}
      - {resources: [conversation], actions: [list, read]}
      - {resources: [conversation], actions: [reply], when: 'resource.opened >= datetime("2024-01-01")'}
      - {resources: [message], actions: [read]}
      - {resources: [message], actions: [edit], when: 'resource.bytes < 500000000'}
      - {resources: [refund], actions: [approve], when: 'resource.micros <= 300000000'}
deny:
  - {resources: [conversation], actions: [export], when: '!context.mfa', reason: Exports take a second factor.}
  - resources: [conversation]
    actions: [export]
    when: '!context.ip.isInRange(ip("10.0.0.0/8"))'
    reason: Exports leave from the office alone.
  - {resources: [refund], actions: [approve], when: 'resource.micros > 900000000', reason: The bank asks first.}
"#;

/// A policy folder by its measures; the same measures are always the same folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct World {
    /// Tenants, each in a file of its own.
    pub tenants: usize,
    /// Members of each tenant, with one entry each.
    pub members: usize,
    /// Sub-accounts of each tenant, some below others.
    pub sub_accounts: usize,
}

/// What a member is by its number: of ten, one administers, four manage, five are agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything in the tenant.
    Admin,
    /// Some sub-accounts.
    Manager,
    /// What is the member's own.
    Agent,
}

impl Role {
    /// The role of a tenant's member.
    pub fn of(member: usize) -> Self {
        match member % 10 {
            0 => Self::Admin,
            1..=4 => Self::Manager,
            _ => Self::Agent,
        }
    }
}

impl World {
    /// The files, paths and texts.
    pub fn files(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let application = ("application.yaml".to_owned(), APPLICATION.to_owned());
        let tenants = (0..self.tenants).map(|tenant| (Self::path(tenant), self.tenant(tenant, "")));
        std::iter::once(application).chain(tenants)
    }

    /// The file of a tenant, a hundred in a folder.
    pub fn path(tenant: usize) -> String {
        format!("tenants/{}/t{tenant}.yaml", tenant / 100)
    }

    /// An account of a tenant.
    pub fn account(tenant: usize, member: usize) -> String {
        format!("m{member}.t{tenant}")
    }

    /// A tenant's document, with more lines for its list of members.
    pub fn tenant(&self, tenant: usize, more_members: &str) -> String {
        let mut text = format!("tenant: t{tenant}\napplication: desk\nsub_accounts:\n");
        for number in 0..self.sub_accounts {
            let _ = match Self::parent(number) {
                Some(parent) => writeln!(text, "  s{number}: {{parent: s{parent}}}"),
                None => writeln!(text, "  s{number}: {{}}"),
            };
        }
        text.push_str("members:\n");
        for member in 0..self.members {
            let account = Self::account(tenant, member);
            let entry = match Role::of(member) {
                Role::Admin => "role: admin".to_owned(),
                Role::Manager => format!(
                    "role: manager, sub_accounts: [s{}]",
                    self.home(tenant, member)
                ),
                Role::Agent => "role: agent".to_owned(),
            };
            // One in fifty does not count.
            let status = match (tenant + member) % 50 {
                49 => ", status: suspended",
                _ => "",
            };
            let _ = writeln!(text, "  - {{account: {account}, {entry}{status}}}");
        }
        text.push_str(more_members);
        text
    }

    /// The sub-account that a manager's entry names.
    pub fn home(&self, tenant: usize, member: usize) -> usize {
        (tenant + member) % self.sub_accounts
    }

    /// The sub-account that another lies below: two of five stand alone.
    fn parent(number: usize) -> Option<usize> {
        (!matches!(number % 5, 0 | 4)).then(|| (number - 1) / 2)
    }
}
