//! What a scope covers.

use super::decide::Case;
use super::delegation_type;
use super::members;
use super::places::{self, Ids, SUB_ACCOUNTS, TEAMS, lies_below};
use super::value::given;
use super::world::{Entry, Scope, Team, Tenant};

/// True where the scope of a grant of the entry covers the resource, for the action asked.
pub fn covers(case: &Case, entry: &Entry, scope: Scope) -> bool {
    let action = case.question.action_name.as_str();
    match case.question.resource_type.as_str() {
        // "`tenant`: `enter` and `read` are covered by any scope, the rest by `tenant` alone."
        "tenant" => scope == Scope::Tenant || ["enter", "read"].contains(&action),
        // "`role`: `tenant` scope alone, but for `assign`"
        "role" => scope == Scope::Tenant,
        "sub_account" => covers_sub_account(case, entry, scope),
        "team" => covers_team(case, entry, scope),
        "member" => members::covers(case, entry, scope),
        kind => {
            let at = Standing {
                sub_accounts: places::ids_for_scopes(case, SUB_ACCOUNTS),
                teams: places::ids_for_scopes(case, TEAMS),
                owners: match kind {
                    "delegation" => delegation_type::owners(case),
                    _ => owner(case),
                },
            };
            covers_standing(case, entry, scope, &at)
        }
    }
}

/// Where a resource stands.
struct Standing {
    sub_accounts: Ids,
    teams: Ids,
    owners: Ids,
}

fn owner(case: &Case) -> Ids {
    places::owner(case).into_iter().collect()
}

/// "What a scope covers, for a resource of the same tenant" that stands there. "A resource that
/// lacks the attribute is not covered"
fn covers_standing(case: &Case, entry: &Entry, scope: Scope, at: &Standing) -> bool {
    match scope {
        // "always"
        Scope::Tenant => true,
        // "each of its sub-accounts is one of the entry's `sub_accounts` or lies below one (unknown
        // ones are not)"
        Scope::SubAccount => {
            !at.sub_accounts.is_empty()
                && at
                    .sub_accounts
                    .iter()
                    .all(|id| lies_below(case.tenant, id, &entry.sub_accounts))
        }
        // "one of its teams is one of the entry's teams, or its `owner` is in one of them"
        Scope::Team => {
            let own = teams_of(case.tenant, entry);
            at.teams.iter().any(|team| own.contains(team))
                || at
                    .owners
                    .iter()
                    .any(|owner| is_in_one(case, entry, &own, owner))
        }
        Scope::Assigned => is_assigned(case, entry),
        // "its `owner` is the member"
        Scope::Own => at.owners.contains(&case.question.subject_id),
    }
}

fn is_in_one(case: &Case, entry: &Entry, teams: &Ids, account: &str) -> bool {
    if case.app.request {
        // "Teams have no lists then, so a member's team covers what names it and what the member
        // owns."
        return !teams.is_empty() && account == entry.account;
    }
    let lists = |team: &&Team| team.accounts.iter().any(|one| one == account);
    let own = case
        .tenant
        .teams
        .iter()
        .filter(|team| teams.contains(&team.id));
    own.filter(lists).count() > 0
}

/// "(the entry's `teams`, else all teams that list the member)"
pub fn teams_of(tenant: &Tenant, entry: &Entry) -> Ids {
    if !entry.teams.is_empty() {
        return entry.teams.iter().cloned().collect();
    }
    tenant
        .teams
        .iter()
        .filter(|team| team.accounts.contains(&entry.account))
        .map(|team| team.id.clone())
        .collect()
}

/// "it, or an ancestor that the question or a record names, is in the entry's `assigned`"
pub fn is_assigned(case: &Case, entry: &Entry) -> bool {
    let is_in = |kind: &str, id: &str| {
        entry
            .assigned
            .iter()
            .any(|(of_kind, ids)| of_kind == kind && ids.iter().any(|one| one == id))
    };
    is_in(&case.question.resource_type, &case.question.resource_id)
        || places::ancestors(case)
            .iter()
            .any(|ancestor| is_in(&ancestor.kind, &ancestor.id))
}

/// "`sub_account`: stands at itself; for create and list, at the property `parent` (none: `tenant`
/// scope alone); for update with a property `parent`, both places must be covered."
fn covers_sub_account(case: &Case, entry: &Entry, scope: Scope) -> bool {
    let question = case.question;
    let itself = question.resource_id.clone();
    let parent = given(&question.resource, "parent")
        .and_then(|parent| parent.as_str())
        .map(str::to_owned);
    let places: Ids = match (question.action_name.as_str(), parent) {
        ("create" | "list", None) => return scope == Scope::Tenant,
        ("create" | "list", Some(parent)) => [parent].into(),
        ("update", Some(parent)) => [itself, parent].into(),
        _ => [itself].into(),
    };
    let at = Standing {
        sub_accounts: places,
        teams: places::ids_for_scopes(case, TEAMS),
        owners: owner(case),
    };
    covers_standing(case, entry, scope, &at)
}

/// "`team`: its own id is its team."
fn covers_team(case: &Case, entry: &Entry, scope: Scope) -> bool {
    let at = Standing {
        sub_accounts: places::ids_for_scopes(case, SUB_ACCOUNTS),
        teams: [case.question.resource_id.clone()].into(),
        owners: owner(case),
    };
    covers_standing(case, entry, scope, &at)
}
