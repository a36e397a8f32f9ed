//! The smallest changes that would turn a deny: another place, a missing or other attribute, another role, an accepted
//! invitation. Each is tried before it is named, and nothing names another member.

use std::borrow::Cow;

use crate::compile::{Read, Root, Rule};
use crate::document::{AttributeType, Status};
use crate::model::{Application, BuiltIn, Entry, Id, Role};
use crate::snapshot::{
    Asking, CompiledTenant, Evaluation, Question, Reason, Snapshot, entries_of, evaluate,
};
use crate::value::{Json, Members};

/// Most suggestions that a deny gets.
const SUGGESTIONS_MAX: usize = 5;
/// Most changes of one kind that are tried.
const TRIED_MAX: usize = 12;
/// Most decisions made to find suggestions: an explanation may cost some milliseconds, not more.
const DECISIONS_MAX: usize = 200;

/// One change of a question or of its subject's membership.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The resource stands in this sub-account.
    SubAccount(Id),
    /// The resource is of this team.
    Team(Id),
    /// The subject owns the resource.
    Owner,
    /// An attribute that a condition reads has this value.
    Attribute(Read, Json<'static>),
    /// The subject has one more entry: this role, in these sub-accounts.
    Role(Id, Vec<Id>),
    /// The subject's entries are active.
    Active,
    /// The subject's entries have not expired.
    Renewed,
}

/// Changes that turn a deny together, and none of them alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    changes: Vec<Change>,
}

impl Suggestion {
    /// The changes.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The suggestion in words: `resource.sub_account in [paris]`, `role admin`.
    pub fn sentence(&self) -> String {
        let parts: Vec<String> = self.changes.iter().map(Change::in_words).collect();
        parts.join(" and ")
    }

    /// The reason that a question gets with some of the changes applied.
    pub fn reason_with(
        snapshot: &Snapshot,
        question: &Question<'_>,
        now: i64,
        changes: &[Change],
    ) -> Reason {
        let denied = crate::snapshot::evaluate(snapshot, question, now, Asking::PLAIN);
        let entries = match denied.tenant {
            Some(tenant) => entries_of(question, tenant),
            None => Vec::new(),
        };
        try_changes(snapshot, question, now, &entries, changes)
    }
}

impl Change {
    fn in_words(&self) -> String {
        match self {
            Self::SubAccount(id) => format!("resource.sub_account in [{id}]"),
            Self::Team(id) => format!("resource.team in [{id}]"),
            Self::Owner => "resource.owner is the subject".into(),
            Self::Attribute(read, value) => {
                format!(
                    "{}.{} == {}",
                    read.root.as_cedar(),
                    read.name,
                    literal(value)
                )
            }
            Self::Role(role, places) if places.is_empty() => format!("role {role}"),
            Self::Role(role, places) => format!("role {role} in [{}]", places.join(", ")),
            Self::Active => "membership active".into(),
            Self::Renewed => "membership not expired".into(),
        }
    }

    /// Whether two changes are about the same thing, so that they cannot be made together.
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Attribute(a, _), Self::Attribute(b, _)) => a == b,
            (Self::SubAccount(_), Self::SubAccount(_)) | (Self::Team(_), Self::Team(_)) => true,
            (Self::Role(..), Self::Role(..) | Self::Active | Self::Renewed)
            | (Self::Active | Self::Renewed, Self::Role(..)) => true,
            _ => self == other,
        }
    }

    fn apply(&self, question: &mut Question<'_>, entries: &mut Vec<Entry>) {
        match self {
            Self::SubAccount(id) => {
                let properties = properties(question);
                properties.set("sub_accounts", Json::Null);
                properties.set("sub_account", text(id));
            }
            Self::Team(id) => {
                let properties = properties(question);
                properties.set("teams", Json::Null);
                properties.set("team", text(id));
            }
            Self::Owner => {
                let owner = text(&question.subject.id);
                properties(question).set("owner", owner);
            }
            Self::Attribute(read, value) => {
                let members = match read.root {
                    Root::Principal => question.subject.own().properties.own(),
                    Root::Resource => properties(question),
                    Root::Context => question.context.own(),
                    Root::Action => question.action.own().properties.own(),
                };
                members.set(read.name.to_string(), value.clone());
            }
            Self::Role(role, places) => entries.push(Entry {
                span: None,
                role: role.clone(),
                sub_accounts: places.as_slice().into(),
                teams: None,
                assigned: Box::default(),
                guest: None,
                status: Status::Active,
                expires: None,
                expires_span: None,
            }),
            Self::Active => entries
                .iter_mut()
                .for_each(|entry| entry.status = Status::Active),
            Self::Renewed => entries.iter_mut().for_each(|entry| entry.expires = None),
        }
    }
}

fn text(value: &str) -> Json<'static> {
    Json::Text(Cow::Owned(value.to_owned()))
}

/// The properties of a question's resource, to be changed.
fn properties<'q, 'a>(question: &'q mut Question<'a>) -> &'q mut Members<'a> {
    question.resource.own().properties.own()
}

fn literal(value: &Json<'_>) -> String {
    match value {
        Json::Text(text) => format!("{text:?}"),
        Json::Integer(number) => number.to_string(),
        Json::Bool(flag) => flag.to_string(),
        _ => "?".into(),
    }
}

/// What would turn a deny; nothing for an allow, and nothing where the question itself is at fault.
pub(super) fn suggestions(
    snapshot: &Snapshot,
    question: &Question<'_>,
    now: i64,
    evaluation: &Evaluation<'_>,
) -> Vec<Suggestion> {
    let Some(tenant) = evaluation.tenant.filter(|_| may_turn(evaluation.reason)) else {
        return Vec::new();
    };
    let entries = entries_of(question, tenant);
    let candidates = candidates(question, evaluation, &entries);
    let mut decisions = 0;
    let mut turns = |changes: &[Change]| {
        decisions += 1;
        let affordable = decisions <= DECISIONS_MAX;
        affordable && try_changes(snapshot, question, now, &entries, changes).allows()
    };
    let mut found: Vec<Suggestion> = Vec::new();
    let mut left: Vec<&Change> = Vec::new();
    for change in &candidates {
        if found.len() >= SUGGESTIONS_MAX {
            break;
        }
        let changes = vec![change.clone()];
        match turns(&changes) {
            true => found.push(Suggestion { changes }),
            false => left.push(change),
        }
    }
    for (index, first) in left.iter().enumerate() {
        for second in left.iter().skip(index + 1) {
            if found.len() >= SUGGESTIONS_MAX {
                break;
            }
            let changes = vec![(*first).clone(), (*second).clone()];
            if !first.excludes(second) && turns(&changes) {
                found.push(Suggestion { changes });
            }
        }
    }
    found
}

fn may_turn(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::MembershipSuspended
            | Reason::MembershipInvited
            | Reason::MembershipExpired
            | Reason::GuestHomeLost
            | Reason::NotAMember
            | Reason::DeniedByRule
            | Reason::NotAssignable
            | Reason::ConditionNotMet
            | Reason::OutOfScope
            | Reason::NoGrant
    )
}

fn try_changes(
    snapshot: &Snapshot,
    question: &Question<'_>,
    now: i64,
    entries: &[Entry],
    changes: &[Change],
) -> Reason {
    let (mut question, mut entries) = (question.clone(), entries.to_vec());
    for change in changes {
        change.apply(&mut question, &mut entries);
    }
    let asking = Asking {
        assumed: Some(&entries),
        ..Asking::PLAIN
    };
    evaluate(snapshot, &question, now, asking).reason
}

/// Changes worth trying, the smallest first: the invitation, the place, attributes, another role.
fn candidates(
    question: &Question<'_>,
    evaluation: &Evaluation<'_>,
    entries: &[Entry],
) -> Vec<Change> {
    let mut candidates = Vec::new();
    match evaluation.reason {
        Reason::MembershipInvited | Reason::MembershipSuspended => {
            candidates.extend([Change::Active, Change::Renewed]);
        }
        Reason::MembershipExpired => candidates.extend([Change::Renewed, Change::Active]),
        _ => {}
    }
    let Some(tenant) = evaluation.tenant else {
        return candidates;
    };
    let places = entries.iter().flat_map(|entry| &entry.sub_accounts);
    candidates.extend(unique(places).map(Change::SubAccount));
    let teams = entries
        .iter()
        .flat_map(|entry| tenant.entry_teams(&question.subject.id, entry));
    candidates.extend(unique(teams).map(Change::Team));
    candidates.push(Change::Owner);
    let application = &tenant.model.application;
    for rule in &evaluation.rules {
        candidates.extend(attributes(rule, application, |id| {
            *id != *question.subject.id && tenant.model.members.contains_key(id)
        }));
    }
    if evaluation.reason == Reason::NotAssignable
        && question.resource.kind == BuiltIn::Member.as_str()
    {
        candidates.extend(roles_to_give(tenant, entries));
    }
    let stands_at = evaluation.stands_at.sub_accounts.first();
    let asked = stands_at.map(|id| Id::from(&**id));
    let asked = asked.or_else(|| asked_place(question));
    let names = tenant.model.role_names().take(TRIED_MAX);
    let roles = names.filter_map(|name| tenant.model.role(name));
    candidates.extend(roles.filter_map(|role| other_role(role, asked.as_ref(), entries)));
    candidates
}

/// The place that a question names itself.
fn asked_place(question: &Question<'_>) -> Option<Id> {
    let one = question.property("sub_account");
    let several = match question.property("sub_accounts") {
        Some(Json::List(items)) => items.first(),
        _ => None,
    };
    one.or(several)?.as_text().map(Id::from)
}

/// Other roles that the question could be about: those that an entry may give.
fn roles_to_give<'t>(
    tenant: &'t CompiledTenant,
    entries: &'t [Entry],
) -> impl Iterator<Item = Change> {
    let gives = |name: &&Id| {
        let mut roles = entries
            .iter()
            .filter_map(|entry| tenant.model.role(&entry.role));
        roles.any(|role| role.assigns.contains(name))
    };
    let names = tenant.model.role_names().filter(gives).take(TRIED_MAX);
    let role = || Read {
        root: Root::Resource,
        name: "role".to_owned(),
    };
    names.map(move |name| Change::Attribute(role(), text(name)))
}

fn unique<'a>(ids: impl Iterator<Item = &'a Id>) -> impl Iterator<Item = Id> {
    let mut seen: Vec<Id> = Vec::new();
    for id in ids {
        if !seen.contains(id) && seen.len() < TRIED_MAX {
            seen.push(id.clone());
        }
    }
    seen.into_iter()
}

/// Another role: where the resource stands if the role reaches places, else where the subject is already. Nothing where
/// that would be no entry, or one that it has.
fn other_role(role: &Role, asked: Option<&Id>, entries: &[Entry]) -> Option<Change> {
    let own = entries.iter().flat_map(|entry| &entry.sub_accounts).next();
    let place = asked.or(own).filter(|_| role.wants_sub_accounts);
    if role.wants_sub_accounts != place.is_some() {
        return None;
    }
    let places: Vec<Id> = place.into_iter().cloned().collect();
    let held = |entry: &Entry| entry.role == role.name.value && *entry.sub_accounts == *places;
    (!entries.iter().any(held)).then(|| Change::Role(role.name.value.clone(), places))
}

/// Values of the attributes that a rule's condition reads: its own constants and their neighbours.
fn attributes(
    rule: &Rule,
    application: &Application,
    is_other_member: impl Fn(&str) -> bool,
) -> Vec<Change> {
    let Some(condition) = &rule.condition else {
        return Vec::new();
    };
    let Some((_, kind)) = application.types.get_index(rule.kind) else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    for read in condition.reads.iter().filter(|read| !is_given(read)) {
        let declared = match read.root {
            Root::Principal => &application.account_attributes,
            Root::Resource => &kind.readable,
            Root::Context => &application.context,
            Root::Action => &application.context_action,
        };
        let Some(kind) = declared.get(read.name.as_str()) else {
            continue;
        };
        let values = values(*kind, &condition.text).into_iter();
        let values = values.filter(|value| !value.as_text().is_some_and(&is_other_member));
        changes.extend(values.map(|value| Change::Attribute(read.clone(), value)));
        changes.truncate(TRIED_MAX);
    }
    changes
}

/// What no question can say, or what another change says.
fn is_given(read: &Read) -> bool {
    matches!(
        read.name.as_str(),
        "id" | "now" | "action" | "owner" | "tenant"
    ) || matches!(
        read.name.as_str(),
        "sub_account" | "sub_accounts" | "team" | "teams"
    )
}

fn values(kind: AttributeType, condition: &str) -> Vec<Json<'static>> {
    match kind {
        AttributeType::Bool => vec![Json::Bool(true), Json::Bool(false)],
        AttributeType::String => {
            let constants = condition.split('"').skip(1).step_by(2);
            let constants = constants.filter(|text| !text.contains('\\'));
            constants.chain(["other"]).map(text).collect()
        }
        AttributeType::Long => {
            let words = condition.split(|c: char| !c.is_ascii_digit() && c != '-');
            let numbers = words.filter_map(|word| word.parse::<i64>().ok());
            let near = |number: i64| [number.checked_sub(1), Some(number), number.checked_add(1)];
            numbers
                .flat_map(near)
                .flatten()
                .map(Json::Integer)
                .collect()
        }
        AttributeType::Datetime
        | AttributeType::Decimal
        | AttributeType::Ipaddr
        | AttributeType::StringSet
        | AttributeType::LongSet => Vec::new(),
    }
}
