//! Where a resource stands: its sub-accounts, teams, owner and the chain of what it lies in. Scopes look at this;
//! conditions do not.

mod ancestors;
mod delegation;
mod member;

use super::attributes::{Typing, both_spellings, text};
use super::question::Question;
use super::tenant::CompiledTenant;
use crate::model::{BuiltIn, Entry, Moment, ResourceType};
use crate::value::Json;
use ancestors::ancestors;
use delegation::stand_between;
use member::member_place;

/// A text of the question or the policies.
type Text<'q> = &'q str;

/// Where a resource stands.
#[derive(Debug, Default)]
pub(super) struct Place<'q> {
    /// Its sub-accounts; none is absent, never empty.
    pub(super) sub_accounts: Option<Vec<Text<'q>>>,
    /// Its teams, and those that list its owner.
    pub(super) teams: Vec<Text<'q>>,
    /// Type and id of itself and of every ancestor known.
    pub(super) chain: Vec<(&'q str, &'q str)>,
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
    typing: &'q Typing<'q>,
    tenant: &'q CompiledTenant,
    kind: &'q ResourceType,
    subject: Subject<'q>,
    now: &Moment,
) -> Place<'q> {
    let id = &*question.resource.id;
    let values = &typing.resource;
    match kind.built_in {
        Some(BuiltIn::Member) => member_place(question, tenant),
        Some(BuiltIn::Role) => Place {
            sub_accounts: some(both_spellings(values, "sub_account", "sub_accounts")),
            teams: both_spellings(values, "team", "teams").unwrap_or_default(),
            chain: vec![(BuiltIn::Role.as_str(), id)],
            ..Place::default()
        },
        built_in => {
            let mut place = resource_place(question, typing, tenant, kind);
            match built_in {
                Some(BuiltIn::SubAccount) => {
                    place.sub_accounts = some(Some(sub_account_places(question)));
                }
                Some(BuiltIn::Team) => {
                    place.teams = vec![id];
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
    places.into_iter().flatten().collect()
}

fn resource_place<'q>(
    question: &'q Question<'_>,
    typing: &'q Typing<'q>,
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
    let mut chain = vec![(&*kind.name, &*question.resource.id)];
    chain.extend(ancestors.iter().map(|it| (it.kind, it.id)));
    let sub_accounts = some(both_spellings(values, "sub_account", "sub_accounts"))
        .or_else(|| from_ancestor("sub_account", "sub_accounts"));
    let teams = some(both_spellings(values, "team", "teams"))
        .or_else(|| from_ancestor("team", "teams"))
        .unwrap_or_default();
    let mut place = Place {
        sub_accounts,
        teams,
        chain,
        owner: text(values, "owner"),
        member: None,
        delegation: None,
    };
    if !matches!(kind.built_in, Some(BuiltIn::Team | BuiltIn::Delegation)) {
        add_owner_teams(&mut place, tenant);
    }
    place
}

fn add_owner_teams<'q>(place: &mut Place<'q>, tenant: &'q CompiledTenant) {
    if let Some(owner) = place.owner {
        add_teams_of(place, owner, tenant);
    }
}

fn add_teams_of<'q>(place: &mut Place<'q>, owner: &str, tenant: &'q CompiledTenant) {
    for team in tenant.teams_of(owner) {
        if !place.teams.iter().any(|known| **known == **team) {
            place.teams.push(team);
        }
    }
}
