//! The built-in type `member`: where a member stands, and which roles may be given or taken.

use super::decide::Case;
use super::places::{Ids, SUB_ACCOUNTS, TEAMS, lies_below, union};
use super::rules;
use super::scopes::{is_assigned, teams_of};
use super::value::given;
use super::world::{Entry, Scope};

/// What of an entry counts here: its role and its places.
#[derive(Clone)]
struct State {
    role: Option<String>,
    sub_accounts: Ids,
    teams: Ids,
}

/// Where a member stands.
struct Standing {
    /// "an entry without sub-accounts puts it at the tenant"
    at_tenant: bool,
    sub_accounts: Ids,
    teams: Ids,
}

/// True where the scope covers the member, for the action asked.
pub fn covers(case: &Case, entry: &Entry, scope: Scope) -> bool {
    match scope {
        Scope::Tenant => true,
        // "is its own owner (for scope `own`)"
        Scope::Own => case.question.resource_id == case.question.subject_id,
        Scope::Assigned => is_assigned(case, entry),
        Scope::SubAccount | Scope::Team => {
            // "list, read | one of its places"
            let one_is_enough = ["list", "read"].contains(&case.question.action_name.as_str());
            standings(case).iter().all(|standing| {
                if scope == Scope::SubAccount {
                    covers_sub_accounts(case, entry, standing, one_is_enough)
                } else {
                    covers_teams(case, entry, standing, one_is_enough)
                }
            })
        }
    }
}

/// "Scope `sub_account` looks at the sub-accounts (and the tenant)"; the tenant is what "only
/// `tenant` scope covers".
fn covers_sub_accounts(case: &Case, entry: &Entry, at: &Standing, one_is_enough: bool) -> bool {
    let is_covered = |id: &String| lies_below(case.tenant, id, &entry.sub_accounts);
    if one_is_enough {
        at.sub_accounts.iter().any(is_covered)
    } else {
        !at.at_tenant && !at.sub_accounts.is_empty() && at.sub_accounts.iter().all(is_covered)
    }
}

/// "scope `team` at the teams"
fn covers_teams(case: &Case, entry: &Entry, at: &Standing, one_is_enough: bool) -> bool {
    let own = teams_of(case.tenant, entry);
    if one_is_enough {
        at.teams.iter().any(|team| own.contains(team))
    } else {
        !at.teams.is_empty() && at.teams.iter().all(|team| own.contains(team))
    }
}

/// What must be covered, each of them.
fn standings(case: &Case) -> Vec<Standing> {
    let now = standing(&states_now(case));
    match case.question.action_name.as_str() {
        // "invite | the entry asked for, alone"
        "invite" => vec![standing(&[state_of_question(case)])],
        // "update, known | where it stands, and the state asked for"
        // "update, unknown | where the question says it stands"
        "update" if is_known(case) => vec![now, standing(&states_asked_for(case))],
        // "remove | where it stands"
        _ => vec![now],
    }
}

/// "It stands at the sub-accounts and teams of all its entries, whatever their status; an entry
/// without sub-accounts puts it at the tenant"
fn standing(states: &[State]) -> Standing {
    Standing {
        at_tenant: states.iter().any(|state| state.sub_accounts.is_empty()),
        sub_accounts: states
            .iter()
            .flat_map(|state| state.sub_accounts.clone())
            .collect(),
        teams: states
            .iter()
            .flat_map(|state| state.teams.clone())
            .collect(),
    }
}

fn is_known(case: &Case) -> bool {
    !case.tenant.entries(&case.question.resource_id).is_empty()
}

/// "Of a member whom the files know they say where it stands and which roles it has; of another,
/// the question's properties do."
fn states_now(case: &Case) -> Vec<State> {
    if !is_known(case) {
        return vec![state_of_question(case)];
    }
    let entries = case.tenant.entries(&case.question.resource_id);
    entries
        .iter()
        .map(|entry| State {
            role: Some(entry.role.clone()),
            sub_accounts: entry.sub_accounts.iter().cloned().collect(),
            // "(the entry's `teams`, else all teams that list the member)"
            teams: teams_of(case.tenant, entry),
        })
        .collect()
}

fn state_of_question(case: &Case) -> State {
    State {
        role: text(case, "role"),
        sub_accounts: union(&case.question.resource, SUB_ACCOUNTS),
        teams: union(&case.question.resource, TEAMS),
    }
}

fn text(case: &Case, name: &str) -> Option<String> {
    given(&case.question.resource, name)
        .and_then(|value| value.as_str())
        .map(str::to_owned)
}

fn mentions(case: &Case, names: &[&str]) -> bool {
    names
        .iter()
        .any(|name| given(&case.question.resource, name).is_some())
}

/// "all its entries, with what the question mentions (`role`, or `new_role`, `sub_account(s)`,
/// `team(s)`, `guest_of`) replaced in each; `[]` asks for none"
fn states_asked_for(case: &Case) -> Vec<State> {
    let asked = state_of_question(case);
    let mut states = states_now(case);
    for state in &mut states {
        if let Some(role) = role_asked_for(case) {
            state.role = Some(role);
        }
        if mentions(case, &SUB_ACCOUNTS) {
            state.sub_accounts = asked.sub_accounts.clone();
        }
        if mentions(case, &TEAMS) {
            state.teams = asked.teams.clone();
        }
    }
    states
}

fn role_asked_for(case: &Case) -> Option<String> {
    text(case, "role").or_else(|| text(case, "new_role"))
}

/// What remains to be asked once type, action, scope and condition fit: the state asked for, and
/// the roles that `assigns` must name. "What fails of this or of `assigns` is `not_assignable`"
pub fn rest_is_in_order(case: &Case, entry: &Entry, scope: Scope) -> bool {
    if case.question.resource_type != "member" {
        return true;
    }
    let may_give =
        |role: &String| rules::may_give(case.app, case.tenant, &entry.role, role.as_str());
    match case.question.action_name.as_str() {
        // "invite | [...] `role` (required) [...] | the role"
        "invite" => {
            text(case, "role").is_some_and(|role| may_give(&role))
                && is_possible(case, &[state_of_question(case)])
        }
        // "update, known | [...] | all its roles now, and the role asked for"
        "update" if is_known(case) => {
            let roles_are_given = roles_now(case).iter().all(may_give)
                && role_asked_for(case).is_none_or(|role| may_give(&role));
            is_possible(case, &states_asked_for(case))
                && (roles_are_given || needs_no_assigns(case, scope))
        }
        // "update, unknown | [...] | `role` (required: what it has now), and `new_role`"
        "update" => {
            text(case, "role").is_some_and(|role| may_give(&role))
                && text(case, "new_role").is_none_or(|role| may_give(&role))
        }
        // "remove | [...] | all its roles now (unknown: `role`, required)"
        "remove" if is_known(case) => roles_now(case).iter().all(may_give),
        "remove" => text(case, "role").is_some_and(|role| may_give(&role)),
        // "list, read | [...] | nothing"
        _ => true,
    }
}

fn roles_now(case: &Case) -> Vec<String> {
    states_now(case)
        .into_iter()
        .filter_map(|state| state.role)
        .collect()
}

/// "`assigns` is not needed when members update themselves under scope `own` and mention no role,
/// sub-account, team or `guest_of`."
fn needs_no_assigns(case: &Case, scope: Scope) -> bool {
    let names = [
        "role",
        "new_role",
        "sub_account",
        "sub_accounts",
        "team",
        "teams",
        "guest_of",
    ];
    scope == Scope::Own
        && case.question.resource_id == case.question.subject_id
        && !mentions(case, &names)
}

/// "A state asked for must be one that an entry may have: sub-accounts that exist, as the role
/// wants them; a `guest_of` asked for that is a partner."
fn is_possible(case: &Case, states: &[State]) -> bool {
    let guest_is_possible =
        text(case, "guest_of").is_none_or(|home| case.tenant.partners.contains(&home));
    guest_is_possible && states.iter().all(|state| state_is_possible(case, state))
}

fn state_is_possible(case: &Case, state: &State) -> bool {
    let exist = state
        .sub_accounts
        .iter()
        .all(|id| case.tenant.has_sub_account(id));
    let wanted = state
        .role
        .as_ref()
        .is_some_and(|role| rules::wants_sub_accounts(case.app, case.tenant, role));
    exist && wanted != state.sub_accounts.is_empty()
}
