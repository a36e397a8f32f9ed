//! Where a member stands, and the state that a question asks for: LANGUAGE's table of `member` actions.

use super::{MemberPlace, Place, Text, some};
use crate::document::AttributeType;
use crate::model::{BuiltIn, Entry};
use crate::snapshot::question::Question;
use crate::snapshot::tenant::CompiledTenant;
use crate::value::{Json, Typed};

/// What a question about a member mentions of a state.
struct Mentions<'q> {
    role: Option<&'q str>,
    new_role: Option<&'q str>,
    sub_accounts: Option<Vec<Text<'q>>>,
    teams: Option<Vec<Text<'q>>>,
    guest_of: Option<&'q str>,
}

impl<'q> Mentions<'q> {
    fn read(question: &'q Question<'_>) -> Self {
        let text = |name| question.property(name).and_then(Json::as_text);
        Self {
            role: text("role"),
            new_role: text("new_role"),
            sub_accounts: mentioned(question, "sub_account", "sub_accounts"),
            teams: mentioned(question, "team", "teams"),
            guest_of: text("guest_of"),
        }
    }

    fn anything(&self) -> bool {
        self.role.is_some()
            || self.new_role.is_some()
            || self.sub_accounts.is_some()
            || self.teams.is_some()
            || self.guest_of.is_some()
    }
}

/// The union of a property's two spellings as the question has them, `[]` included.
fn mentioned<'q>(question: &'q Question<'_>, one: &str, many: &str) -> Option<Vec<Text<'q>>> {
    let properties = &question.resource.properties;
    let typed = |name: &str, kind| {
        let json = properties.get(name)?;
        Typed::read(json, kind)
    };
    let mut all: Vec<Text<'q>> = Vec::new();
    let mut any = false;
    if let Some(Typed::String(text)) = typed(one, AttributeType::String) {
        any = true;
        all.push(text);
    }
    if let Some(Typed::StringSet(items)) = typed(many, AttributeType::StringSet) {
        any = true;
        for item in items {
            if !all.iter().any(|known| **known == *item) {
                all.push(item);
            }
        }
    }
    any.then_some(all)
}

pub(super) fn member_place<'q>(
    question: &'q Question<'_>,
    tenant: &'q CompiledTenant,
) -> Place<'q> {
    let id = &*question.resource.id;
    let mentions = Mentions::read(question);
    let known = tenant.model.members.get(id);
    let state = match (&*question.action.name, known) {
        ("invite", _) => invited(&mentions, tenant),
        ("update", Some(entries)) => updated(id, entries, mentions, tenant),
        (action, Some(entries)) => {
            let mut state = standing(id, entries, tenant);
            if action != "remove" {
                state.member.roles.clear();
            }
            state
        }
        (action, None) => unknown(action, &mentions),
    };
    Place {
        sub_accounts: some(Some(state.sub_accounts)),
        teams: state.teams,
        chain: vec![(BuiltIn::Member.as_str(), id)],
        owner: Some(id),
        member: Some(state.member),
        delegation: None,
    }
}

/// Where a member stands, before it is a [`Place`].
#[derive(Default)]
struct State<'q> {
    sub_accounts: Vec<Text<'q>>,
    teams: Vec<Text<'q>>,
    member: MemberPlace<'q>,
}

impl<'q> State<'q> {
    fn stand_at(&mut self, sub_accounts: &[Text<'q>]) {
        if sub_accounts.is_empty() {
            self.member.at_tenant = true;
        }
        add(&mut self.sub_accounts, sub_accounts);
    }
}

fn add<'q>(all: &mut Vec<Text<'q>>, more: &[Text<'q>]) {
    for item in more {
        if !all.contains(item) {
            all.push(item);
        }
    }
}

fn texts<'q>(ids: &'q [crate::model::Id]) -> Vec<Text<'q>> {
    ids.iter().map(|id| &**id).collect()
}

/// Where a known member stands, and the roles that it has.
fn standing<'q>(account: &str, entries: &'q [Entry], tenant: &'q CompiledTenant) -> State<'q> {
    let mut state = State::default();
    state.member.legal = true;
    for entry in entries {
        state.stand_at(&texts(&entry.sub_accounts));
        add(&mut state.teams, &texts(tenant.entry_teams(account, entry)));
        add(&mut state.member.roles, &[&*entry.role]);
    }
    state
}

/// The state of a known member, and the one asked for: all its entries with what the question mentions replaced.
fn updated<'q>(
    account: &str,
    entries: &'q [Entry],
    mentions: Mentions<'q>,
    tenant: &'q CompiledTenant,
) -> State<'q> {
    let mut state = standing(account, entries, tenant);
    state.member.changes = mentions.anything();
    let role_asked = mentions.new_role.or(mentions.role);
    for entry in entries {
        let role = role_asked.unwrap_or(&entry.role);
        let sub_accounts = match &mentions.sub_accounts {
            Some(asked) => asked.clone(),
            None => texts(&entry.sub_accounts),
        };
        let teams = match &mentions.teams {
            Some(asked) => asked.clone(),
            None => texts(tenant.entry_teams(account, entry)),
        };
        if state.member.changes {
            state.member.legal &= is_legal(role, &sub_accounts, mentions.guest_of, tenant);
        }
        state.stand_at(&sub_accounts);
        add(&mut state.member.asked_teams, &teams);
    }
    if let Some(role) = role_asked {
        add(&mut state.member.roles, &[role]);
    }
    state
}

/// The entry that an invitation asks for.
fn invited<'q>(mentions: &Mentions<'q>, tenant: &'q CompiledTenant) -> State<'q> {
    let mut state = State::default();
    let sub_accounts = mentions.sub_accounts.clone().unwrap_or_default();
    state.stand_at(&sub_accounts);
    state.teams = mentions.teams.clone().unwrap_or_default();
    state.member.changes = true;
    if let Some(role) = mentions.role {
        state.member.roles.push(role);
        state.member.legal = is_legal(role, &sub_accounts, mentions.guest_of, tenant);
    }
    state
}

/// A member whom the files do not know stands where the question says; `role` is what it has now.
fn unknown<'q>(action: &str, mentions: &Mentions<'q>) -> State<'q> {
    let mut state = State::default();
    state.stand_at(&mentions.sub_accounts.clone().unwrap_or_default());
    state.teams = mentions.teams.clone().unwrap_or_default();
    state.member.asked_teams = state.teams.clone();
    state.member.changes = true;
    state.member.legal = mentions.role.is_some();
    if matches!(action, "update" | "remove") {
        let roles = mentions.role.into_iter();
        let new = mentions.new_role.filter(|_| action == "update");
        state.member.roles = roles.chain(new).collect();
    }
    state
}

/// Whether an entry may be so: sub-accounts that exist, as the role wants them, and a home that is a partner.
fn is_legal(
    role: &str,
    sub_accounts: &[Text<'_>],
    guest_of: Option<&str>,
    tenant: &CompiledTenant,
) -> bool {
    let model = &tenant.model;
    let exist = sub_accounts
        .iter()
        .all(|id| !model.declared || model.sub_accounts.contains_key(&**id));
    let as_wanted = model
        .role(role)
        .is_some_and(|role| role.wants_sub_accounts != sub_accounts.is_empty());
    let partner = guest_of.is_none_or(|home| model.partners.iter().any(|id| **id == *home));
    exist && as_wanted && partner
}
