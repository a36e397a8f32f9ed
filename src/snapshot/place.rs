//! Where a resource stands: its sub-accounts, teams, owner and the chain of what it lies in. Scopes look at this;
//! conditions do not.

use std::borrow::Cow;

use super::attributes::{Typing, both_spellings, text};
use super::question::Question;
use super::tenant::{CompiledTenant, counting};
use crate::document::AttributeType;
use crate::model::{BuiltIn, CRUD, Entry, Record, ResourceType};
use crate::value::{Json, Typed, member};

/// A text of the question or the policies.
type Text<'q> = Cow<'q, str>;

/// Where a resource stands.
#[derive(Debug, Default)]
pub(super) struct Place<'q> {
    /// Its sub-accounts; none is absent, never empty.
    pub(super) sub_accounts: Option<Vec<Text<'q>>>,
    /// Its teams, and those that list its owner.
    pub(super) teams: Vec<Text<'q>>,
    /// `type.id` of itself and of every ancestor known.
    pub(super) chain: Vec<String>,
    /// Its owner.
    pub(super) owner: Option<Text<'q>>,
    /// What only members have.
    pub(super) member: Option<MemberPlace<'q>>,
    /// What only delegations have.
    pub(super) delegation: Option<DelegationPlace<'q>>,
}

/// Between whom a delegation stands, and whether it could be made.
#[derive(Debug, Default)]
pub(super) struct DelegationPlace<'q> {
    /// `from`, for read also `to`.
    pub(super) owners: Vec<Text<'q>>,
    /// Both are members, and `from` holds what is to be handed on.
    pub(super) legal: bool,
}

/// Where a member stands, and what a change of it asks for.
#[derive(Debug, Default)]
pub(super) struct MemberPlace<'q> {
    /// One of its entries names no sub-account.
    pub(super) at_tenant: bool,
    /// Teams of the state asked for.
    pub(super) asked_teams: Vec<Text<'q>>,
    /// Roles that `assigns` must name.
    pub(super) roles: Vec<Text<'q>>,
    /// Whether the state asked for is one that entries may have.
    pub(super) legal: bool,
    /// Whether the question mentions role, sub-account, team or home.
    pub(super) changes: bool,
}

/// Who asks, and its entries, which may have come with the question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'q> {
    pub(super) id: &'q str,
    pub(super) entries: &'q [Entry],
}

impl<'q> Subject<'q> {
    /// The entries of an account: the subject's own, or those of the files.
    fn entries_of(self, account: &str, tenant: &'q CompiledTenant) -> &'q [Entry] {
        match account == self.id {
            true => self.entries,
            false => tenant.entries(account),
        }
    }
}

/// Finds where the question's resource stands.
pub(super) fn place<'q>(
    question: &'q Question<'_>,
    typing: &'q Typing,
    tenant: &'q CompiledTenant,
    kind: &'q ResourceType,
    subject: Subject<'q>,
    now: i64,
) -> Place<'q> {
    let id = &*question.resource.id;
    let values = &typing.resource;
    match kind.built_in {
        Some(BuiltIn::Member) => member_place(question, tenant),
        Some(BuiltIn::Role) => Place {
            sub_accounts: some(both_spellings(values, "sub_account", "sub_accounts")),
            teams: both_spellings(values, "team", "teams").unwrap_or_default(),
            chain: vec![format!("role.{id}")],
            ..Place::default()
        },
        built_in => {
            let mut place = resource_place(question, typing, tenant, kind);
            match built_in {
                Some(BuiltIn::SubAccount) => {
                    place.sub_accounts = some(Some(sub_account_places(question)));
                }
                Some(BuiltIn::Team) => {
                    place.teams = vec![Cow::Borrowed(id)];
                    add_owner_teams(&mut place, tenant);
                }
                Some(BuiltIn::Delegation) => {
                    stand_between(&mut place, question, tenant, subject, now);
                }
                _ => {}
            }
            place
        }
    }
}

fn some<T>(list: Option<Vec<T>>) -> Option<Vec<T>> {
    list.filter(|items| !items.is_empty())
}

/// A sub-account stands at itself; a new one, and the list of those below, at its parent; one that moves, at both.
fn sub_account_places<'q>(question: &'q Question<'_>) -> Vec<Text<'q>> {
    let parent = question.property("parent").and_then(Json::as_text);
    let itself = &*question.resource.id;
    let places = match &*question.action.name {
        "create" | "list" => [None, parent],
        "update" => [Some(itself), parent],
        _ => [Some(itself), None],
    };
    places.into_iter().flatten().map(Cow::Borrowed).collect()
}

fn resource_place<'q>(
    question: &'q Question<'_>,
    typing: &'q Typing,
    tenant: &'q CompiledTenant,
    kind: &'q ResourceType,
) -> Place<'q> {
    let values = &typing.resource;
    let ancestors = ancestors(question, typing, tenant, kind);
    let from_ancestor = |one, many| {
        let records = ancestors.iter().filter_map(|ancestor| ancestor.record);
        let mut places = records.filter_map(|record| some(both_spellings(record, one, many)));
        places.next()
    };
    let mut chain = vec![format!("{}.{}", kind.name, question.resource.id)];
    chain.extend(ancestors.iter().map(|it| format!("{}.{}", it.kind, it.id)));
    let sub_accounts = some(both_spellings(values, "sub_account", "sub_accounts"))
        .or_else(|| from_ancestor("sub_account", "sub_accounts"));
    let teams = some(both_spellings(values, "team", "teams"))
        .or_else(|| from_ancestor("team", "teams"))
        .unwrap_or_default();
    let mut place = Place {
        sub_accounts,
        teams,
        chain,
        owner: text(values, "owner").map(Cow::Borrowed),
        member: None,
        delegation: None,
    };
    if !matches!(kind.built_in, Some(BuiltIn::Team | BuiltIn::Delegation)) {
        add_owner_teams(&mut place, tenant);
    }
    place
}

fn add_owner_teams<'q>(place: &mut Place<'q>, tenant: &'q CompiledTenant) {
    if let Some(owner) = place.owner.clone() {
        add_teams_of(place, &owner, tenant);
    }
}

/// A delegation is owned by its `from`, for read also by its `to`.
fn stand_between<'q>(
    place: &mut Place<'q>,
    question: &'q Question<'_>,
    tenant: &'q CompiledTenant,
    subject: Subject<'q>,
    now: i64,
) {
    let account = |name| question.property(name).and_then(Json::as_text);
    let (from, to) = (account("from"), account("to"));
    let reader = to.filter(|_| question.action.name == "read");
    let owners: Vec<Text<'q>> = from.into_iter().chain(reader).map(Cow::Borrowed).collect();
    for owner in &owners {
        add_teams_of(place, owner, tenant);
    }
    place.owner = from.map(Cow::Borrowed);
    let members = match (from, to) {
        (Some(from), Some(to)) => [from, to]
            .iter()
            .all(|account| !subject.entries_of(account, tenant).is_empty()),
        _ => false,
    };
    let legal = members
        && from.is_some_and(|from| {
            let entries = counting(subject.entries_of(from, tenant), now).unwrap_or_default();
            hands_on_what_it_holds(&entries, question, tenant)
        });
    place.delegation = Some(DelegationPlace { owners, legal });
}

/// Whether each action of each resource that the question names is in some grant of an entry of `from` that counts,
/// whatever its scope and condition.
fn hands_on_what_it_holds(
    entries: &[&Entry],
    question: &Question<'_>,
    tenant: &CompiledTenant,
) -> bool {
    let named = |name: &str| {
        let json = question.property(name);
        json.and_then(|json| Typed::read(json, AttributeType::StringSet))
    };
    let (Some(Typed::StringSet(resources)), Some(Typed::StringSet(actions))) =
        (named("resources"), named("actions"))
    else {
        return true;
    };
    let kinds = resources
        .iter()
        .flat_map(|name| tenant.model.application.type_names(name));
    let kinds: Vec<&str> = kinds.collect();
    kinds.iter().all(|resource| {
        let words = actions.iter().flat_map(|action| match &**action {
            "crud" => CRUD.to_vec(),
            action => vec![action],
        });
        words.into_iter().all(|action| {
            let anything = *resource == "*" && action == "*";
            let mut entries = entries.iter();
            anything || entries.any(|entry| tenant.grants(entry, resource, action))
        })
    })
}

fn add_teams_of<'q>(place: &mut Place<'q>, owner: &str, tenant: &'q CompiledTenant) {
    for team in tenant.teams_of(owner) {
        if !place.teams.iter().any(|known| **known == **team) {
            place.teams.push(Cow::Borrowed(team));
        }
    }
}

/// An ancestor that the question or a record names.
struct Ancestor<'q> {
    kind: &'q str,
    id: &'q str,
    record: Option<&'q Record>,
}

/// The ancestors: those that the question names first, nearest first, then those that records name.
fn ancestors<'q>(
    question: &'q Question<'_>,
    typing: &'q Typing,
    tenant: &'q CompiledTenant,
    kind: &'q ResourceType,
) -> Vec<Ancestor<'q>> {
    let types = &tenant.model.application.types;
    let named: Vec<(usize, &'q str)> = kind
        .ancestors
        .iter()
        .filter_map(|index| Some((*index, &**types.get_index(*index)?.0)))
        .collect();
    let find = |index: usize, name: &'q str, id: &'q str| Ancestor {
        kind: name,
        id,
        record: tenant
            .model
            .records
            .get(&index)
            .and_then(|records| records.get(id)),
    };
    let mut ancestors = Vec::new();
    let mut by_level: Vec<Option<&'q str>> = Vec::new();
    for (index, name) in &named {
        let said = question.property(name).and_then(Json::as_text);
        by_level.push(said);
        ancestors.extend(said.map(|id| find(*index, name, id)));
    }
    for level in 0..named.len() {
        if by_level.get(level).copied().flatten().is_some() {
            continue;
        }
        let Some((index, name)) = named.get(level).copied() else {
            continue;
        };
        let own = text(&typing.resource, name);
        let below = || {
            let lower = named.iter().zip(&by_level).take(level);
            let mut records =
                lower.filter_map(|((index, name), id)| find(*index, name, (*id)?).record);
            records.find_map(|record| match record.get(name) {
                Some(Typed::String(id)) => Some(&**id),
                _ => None,
            })
        };
        if let Some(id) = own.or_else(below) {
            if let Some(slot) = by_level.get_mut(level) {
                *slot = Some(id);
            }
            ancestors.push(find(index, name, id));
        }
    }
    ancestors
}

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
        let json = member(properties, name)?;
        Typed::read(json, kind)
    };
    let mut all: Vec<Text<'q>> = Vec::new();
    let mut any = false;
    if let Some(Typed::String(text)) = typed(one, AttributeType::String) {
        any = true;
        all.push(Cow::Owned(text.into()));
    }
    if let Some(Typed::StringSet(items)) = typed(many, AttributeType::StringSet) {
        any = true;
        for item in items {
            if !all.iter().any(|known| **known == *item) {
                all.push(Cow::Owned(item.into()));
            }
        }
    }
    any.then_some(all)
}

fn member_place<'q>(question: &'q Question<'_>, tenant: &'q CompiledTenant) -> Place<'q> {
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
        chain: vec![format!("member.{id}")],
        owner: Some(Cow::Borrowed(id)),
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
            all.push(item.clone());
        }
    }
}

fn texts<'q>(ids: &'q [crate::model::Id]) -> Vec<Text<'q>> {
    ids.iter().map(|id| Cow::Borrowed(&**id)).collect()
}

/// Where a known member stands, and the roles that it has.
fn standing<'q>(account: &str, entries: &'q [Entry], tenant: &'q CompiledTenant) -> State<'q> {
    let mut state = State::default();
    state.member.legal = true;
    for entry in entries {
        state.stand_at(&texts(&entry.sub_accounts));
        add(&mut state.teams, &texts(tenant.entry_teams(account, entry)));
        add(&mut state.member.roles, &[Cow::Borrowed(&*entry.role)]);
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
        add(&mut state.member.roles, &[Cow::Borrowed(role)]);
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
        state.member.roles.push(Cow::Borrowed(role));
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
        state.member.roles = roles.chain(new).map(Cow::Borrowed).collect();
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
