//! `role` `assign`: which roles one may give.

use super::conditions::{self, Verdict};
use super::decide::{Case, Fit};
use super::places::{SUB_ACCOUNTS, TEAMS, lies_below, union};
use super::rules;
use super::scopes::teams_of;
use super::world::{Entry, Grant, Scope};

/// How far a grant goes towards allowing its holder to give the role asked about.
///
/// "`role`: `tenant` scope alone, but for `assign`: allowed where an entry that counts assigns this
/// role and may invite into the places that the question names (`sub_account(s)`, `team(s)`),
/// whether or not a grant names it"
pub fn fit(case: &Case, entry: &Entry, grant: &Grant, scope: Scope) -> Fit {
    let as_invite = fit_of_invite(case, entry, grant, scope);
    let as_assign = fit_of_assign(case, grant, scope);
    further(as_invite, as_assign)
}

/// A grant to invite members: it may allow.
fn fit_of_invite(case: &Case, entry: &Entry, grant: &Grant, scope: Scope) -> Fit {
    if !rules::grant_names(case.app, grant, "member", "invite") {
        return Fit::NoGrant;
    }
    if !covers_places(case, entry, scope) {
        return Fit::OutOfScope;
    }
    // A condition that reads what a role does not declare never fits.
    if grant
        .when
        .as_ref()
        .is_some_and(|when| !rules::declares(case.app, "role", when))
    {
        return Fit::ConditionNotMet;
    }
    match conditions::verdict(case, grant.when.as_ref()) {
        Verdict::Missing | Verdict::False => Fit::ConditionNotMet,
        Verdict::Error => Fit::EvaluationError,
        Verdict::True => {
            let asked = &case.question.resource_id;
            if rules::may_give(case.app, case.tenant, &entry.role, asked) {
                Fit::Granted(scope)
            } else {
                Fit::NotAssignable
            }
        }
    }
}

/// A grant that names `assign` on `role`: it does not suffice.
fn fit_of_assign(case: &Case, grant: &Grant, scope: Scope) -> Fit {
    if !rules::grant_names(case.app, grant, "role", "assign") {
        return Fit::NoGrant;
    }
    if scope != Scope::Tenant {
        return Fit::OutOfScope;
    }
    match conditions::verdict(case, grant.when.as_ref()) {
        Verdict::Missing | Verdict::False => Fit::ConditionNotMet,
        Verdict::Error => Fit::EvaluationError,
        Verdict::True => Fit::NotAssignable,
    }
}

/// The places are the sub-accounts and the teams that the question names; where it names none,
/// tenant scope alone covers. "Scope `sub_account` looks at the sub-accounts [...], scope `team` at
/// the teams."
fn covers_places(case: &Case, entry: &Entry, scope: Scope) -> bool {
    let sub_accounts = union(&case.question.resource, SUB_ACCOUNTS);
    let teams = union(&case.question.resource, TEAMS);
    let own_teams = teams_of(case.tenant, entry);
    match scope {
        Scope::Tenant => true,
        Scope::SubAccount => {
            !sub_accounts.is_empty()
                && sub_accounts
                    .iter()
                    .all(|id| lies_below(case.tenant, id, &entry.sub_accounts))
        }
        Scope::Team => !teams.is_empty() && teams.iter().all(|team| own_teams.contains(team)),
        Scope::Assigned | Scope::Own => false,
    }
}

/// An error counts even beside an allow; else the one that goes further.
fn further(one: Fit, other: Fit) -> Fit {
    let rank = |fit: Fit| match fit {
        Fit::NoGrant => 0,
        Fit::OutOfScope => 1,
        Fit::ConditionNotMet => 2,
        Fit::NotAssignable => 3,
        Fit::Granted(_) => 4,
        Fit::EvaluationError => 5,
    };
    if rank(one) >= rank(other) { one } else { other }
}
