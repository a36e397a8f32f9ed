//! Raw Cedar: what a `*.cedar` file says.

use super::cond::{Cond, Path, Root, quoted};
use super::conditions::{self, Verdict};
use super::decide::Case;
use super::delegation_type;
use super::members;
use super::rules;
use super::world::{Application, Entry, Scope};

/// A policy of a `*.cedar` file.
#[derive(Clone, Debug)]
pub struct RawPolicy {
    /// `permit`, not `forbid`.
    pub permit: bool,
    /// The account that it is about; nothing: any.
    pub principal: Option<String>,
    /// The actions that it is about.
    pub actions: RawActions,
    /// The resource type that it is about.
    pub kind: String,
    /// Its condition, in which each attribute that may be missing is tested before it is read.
    pub when: Option<Cond>,
}

/// The actions of a policy, all of them of its resource type.
#[derive(Clone, Debug)]
pub enum RawActions {
    /// `action == Action::"type.act"`
    One(String),
    /// `action in [Action::"type.act", ..]`
    Some(Vec<String>),
    /// `action in Action::"type"`
    All,
}

/// What comes of the policies of that effect, of the application and of the tenant.
///
/// "It belongs to the application or tenant whose document lies in the same folder or the nearest
/// above".
pub fn verdicts(case: &Case, permit: bool) -> Vec<Verdict> {
    let all = case.app.raw.iter().chain(&case.tenant.raw);
    all.filter(|policy| policy.permit == permit && fits(case, policy))
        .map(|policy| conditions::evaluated(case, policy.when.as_ref()))
        .collect()
}

fn fits(case: &Case, policy: &RawPolicy) -> bool {
    let question = case.question;
    let fits_principal = policy
        .principal
        .as_ref()
        .is_none_or(|account| *account == question.subject_id);
    let fits_action = match &policy.actions {
        RawActions::One(action) => *action == question.action_name,
        RawActions::Some(actions) => actions.contains(&question.action_name),
        RawActions::All => true,
    };
    fits_principal && fits_action && policy.kind == question.resource_type
}

/// True where a permit that applies allows.
///
/// "permits add [...]; a permit never stands in for `assigns`": where `assigns` must name a role,
/// that of one entry that counts must. It stands in for a grant of no particular scope.
pub fn permit_may_allow(case: &Case, entries: &[Entry]) -> bool {
    let question = case.question;
    match (
        question.resource_type.as_str(),
        question.action_name.as_str(),
    ) {
        ("member", _) => entries
            .iter()
            .any(|entry| members::rest_is_in_order(case, entry, Scope::Tenant)),
        ("role", "assign") => entries.iter().any(|entry| {
            rules::may_give(case.app, case.tenant, &entry.role, &question.resource_id)
        }),
        // "`from` to be the subject unless the grant has `tenant` scope": a permit has none.
        ("delegation", "create") => delegation_type::may_be_created(case, Scope::Own),
        _ => true,
    }
}

/// The name of the type in Cedar.
///
/// "resource types in UpperCamelCase (other characters drop out; [...] `cedar_name` on the type
/// sets it)"
pub fn cedar_type(app: &Application, kind: &str) -> String {
    let set = app
        .declared_type(kind)
        .and_then(|kind| kind.cedar_name.clone());
    set.unwrap_or_else(|| upper_camel_case(kind))
}

fn upper_camel_case(name: &str) -> String {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]))
        .collect()
}

impl RawPolicy {
    /// The policy's text.
    ///
    /// "Conventions: principal `Account::"marc"`, actions `Action::"conversation.read"` in the group
    /// `Action::"conversation"`, resource types in UpperCamelCase"
    pub fn cedar(&self, app: &Application) -> String {
        let effect = if self.permit { "permit" } else { "forbid" };
        let principal = match &self.principal {
            Some(account) => format!("principal == Account::{}", quoted(account)),
            None => "principal".to_owned(),
        };
        let name =
            |action: &String| format!("Action::{}", quoted(&format!("{}.{action}", self.kind)));
        let action = match &self.actions {
            RawActions::One(action) => format!("action == {}", name(action)),
            RawActions::Some(actions) => {
                let names: Vec<String> = actions.iter().map(name).collect();
                format!("action in [{}]", names.join(", "))
            }
            RawActions::All => format!("action in Action::{}", quoted(&self.kind)),
        };
        let kind = cedar_type(app, &self.kind);
        let when = self
            .when
            .as_ref()
            .map(|when| format!("\nwhen {{ {} }}", with_action_test(when)));
        let when = when.unwrap_or_default();
        format!("{effect} ({principal}, {action}, resource is {kind}){when};\n")
    }
}

/// `context.action` itself may be an optional attribute in Cedar's schema; it is always there.
fn with_action_test(when: &Cond) -> String {
    let reads_it = |path: &&Path| path.root == Root::Action;
    if when.names().iter().any(reads_it) {
        format!("context has action && ({})", when.cedar())
    } else {
        when.cedar()
    }
}

/// The condition behind a test of each attribute that it reads without one and that may be missing.
pub fn guarded(when: Cond) -> Cond {
    let tested: Vec<Path> = when.tests().into_iter().cloned().collect();
    let mut missing: Vec<Path> = Vec::new();
    for path in when.reads() {
        let is_always_there =
            path.name == "id" || (path.root == Root::Context && path.name == "now");
        if !is_always_there && !tested.contains(path) && !missing.contains(path) {
            missing.push(path.clone());
        }
    }
    missing.into_iter().rev().fold(when, |rest, path| {
        Cond::And(Box::new(Cond::Has(path)), Box::new(rest))
    })
}
