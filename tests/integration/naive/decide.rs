//! The decision, and the order of its reasons.

use super::conditions::{self, Verdict};
use super::delegation_type;
use super::delegations;
use super::members;
use super::membership;
use super::question::Question;
use super::raw;
use super::role_assign;
use super::rules;
use super::scopes;
use super::typing;
use super::which_tenant::which_tenant;
use super::world::{Application, Deny, Entry, Grant, Scope, Tenant, World};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Allowed or not.
    pub allow: bool,
    /// The reason code.
    pub reason: &'static str,
    /// The scopes of the grants that allow, where grants do: those of the one who delegates, too.
    pub scopes: Vec<Scope>,
}

/// A question, and all that it is asked of.
pub struct Case<'a> {
    /// Everything declared.
    pub world: &'a World,
    /// The tenant's application.
    pub app: &'a Application,
    /// The tenant asked about.
    pub tenant: &'a Tenant,
    /// The question.
    pub question: &'a Question,
    /// The moment asked about, in milliseconds since 1970.
    pub now_ms: i64,
}

/// How far one grant of one entry goes towards allowing the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is about another type or action.
    NoGrant,
    /// "out_of_scope (type and action fit)"
    OutOfScope,
    /// "condition_not_met (type, action, scope fit)"
    ConditionNotMet,
    /// Its condition fails with an error.
    EvaluationError,
    /// "not_assignable (type, action, scope and condition fit, the rest does not)"
    NotAssignable,
    /// It allows, with this scope.
    Granted(Scope),
}

/// Decides a question at a moment (milliseconds since 1970).
///
/// "The first that fits is the reason: tenant_conflict, tenant_required, unknown_tenant,
/// unknown_subject_type, unknown_resource_type, unknown_action, invalid_value; then of the
/// membership [...]; then denied_by_rule, evaluation_error, granted, granted_by_delegation; else
/// the first of these that some grant of an entry that counts fits: not_assignable [...],
/// condition_not_met [...], out_of_scope [...], no_grant."
pub fn decide(world: &World, question: &Question, now_ms: i64) -> Decision {
    let tenant = match which_tenant(world, question) {
        Ok(tenant) => tenant,
        Err(reason) => return denied(reason),
    };
    let Some(app) = world.application(&tenant.application) else {
        return denied("unknown_tenant");
    };
    let case = Case {
        world,
        app,
        tenant: &tenant,
        question,
        now_ms,
    };
    if !app.accepts_subject_type(&question.subject_type) {
        return denied("unknown_subject_type");
    }
    if !app.type_names().contains(&question.resource_type.as_str()) {
        return denied("unknown_resource_type");
    }
    if !app
        .actions(&question.resource_type)
        .contains(&question.action_name.as_str())
    {
        return denied("unknown_action");
    }
    if typing::has_invalid_value(&case) {
        return denied("invalid_value");
    }
    match membership::entries_that_count(&case, &question.subject_id) {
        Ok(entries) => decide_member(&case, &entries),
        Err(reason) => denied(reason),
    }
}

/// "then denied_by_rule, evaluation_error, granted, granted_by_delegation"; "A delegation does not
/// change the reason of a deny."
fn decide_member(case: &Case, entries: &[Entry]) -> Decision {
    let own = decide_by_own_entries(case, entries, Permits::Count);
    if own.allow || ["denied_by_rule", "evaluation_error"].contains(&own.reason) {
        return own;
    }
    match delegations::allow(case) {
        Some(scopes) => Decision {
            allow: true,
            reason: "granted_by_delegation",
            scopes,
        },
        None => own,
    }
}

/// Whether permits of raw Cedar allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permits {
    /// "permits add"
    Count,
    /// "would be allowed now by its own entries": a permit is none.
    LeftAside,
}

/// Decides without regard for delegations.
pub fn decide_by_own_entries(case: &Case, entries: &[Entry], permits: Permits) -> Decision {
    let denies = deny_verdicts(case, entries);
    let raw_forbids = raw::verdicts(case, false);
    // "A deny that applies wins over every allow." "missing: [...] a `deny` does [apply]";
    // "forbids win"
    let applies = |verdict: &Verdict| matches!(verdict, Verdict::Missing | Verdict::True);
    if denies.iter().chain(&raw_forbids).any(applies) {
        return denied("denied_by_rule");
    }
    let fits = grant_fits(case, entries);
    let raw_permits = raw::verdicts(case, true);
    // "an error in one that is evaluated (an overflow), of an `allow` too, denies with
    // `evaluation_error`"
    let mut all = denies.iter().chain(&raw_forbids).chain(&raw_permits);
    if all.any(|verdict| *verdict == Verdict::Error) || fits.contains(&Fit::EvaluationError) {
        return denied("evaluation_error");
    }
    let is_permitted = permits == Permits::Count
        && raw_permits.contains(&Verdict::True)
        && raw::permit_may_allow(case, entries);
    let scopes: Vec<Scope> = fits
        .iter()
        .filter_map(|fit| match fit {
            Fit::Granted(scope) => Some(*scope),
            _ => None,
        })
        .collect();
    if is_permitted || !scopes.is_empty() {
        Decision {
            allow: true,
            reason: "granted",
            scopes,
        }
    } else if fits.contains(&Fit::NotAssignable) {
        denied("not_assignable")
    } else if fits.contains(&Fit::ConditionNotMet) {
        denied("condition_not_met")
    } else if fits.contains(&Fit::OutOfScope) {
        denied("out_of_scope")
    } else {
        denied("no_grant")
    }
}

fn denied(reason: &'static str) -> Decision {
    Decision {
        allow: false,
        reason,
        scopes: Vec::new(),
    }
}

/// "In an application it holds for every tenant of it, in a tenant for that tenant, in a role for
/// those whose entry names that role." "Only a role's own `deny` stays with it: it applies to
/// those with an entry that names this very role." "Denies look at all entries that count."
fn deny_verdicts(case: &Case, entries: &[Entry]) -> Vec<Verdict> {
    let mut denies: Vec<&Deny> = Vec::new();
    denies.extend(&case.app.denies);
    denies.extend(&case.tenant.denies);
    for entry in entries {
        if let Some(role) = rules::role(case.app, case.tenant, &entry.role) {
            denies.extend(&role.deny);
        }
    }
    denies
        .into_iter()
        .filter_map(|deny| deny_verdict(case, entries, deny))
        .collect()
}

/// "A condition is evaluated only where type, action, role and scope of its rule already fit"
fn deny_verdict(case: &Case, entries: &[Entry], deny: &Deny) -> Option<Verdict> {
    let question = case.question;
    let fits_type = rules::names_type(
        case.app,
        &deny.resources,
        deny.when.as_ref(),
        &question.resource_type,
    );
    let fits_action = rules::names_action(&deny.actions, &question.action_name);
    // "roles: [...] only for holders of these; omitted: everyone"
    let fits_roles = deny.roles.is_empty() || is_holder(case, entries, &deny.roles);
    // "except_roles: [...] not for holders of these"
    let excepted = is_holder(case, entries, &deny.except_roles);
    if fits_type && fits_action && fits_roles && !excepted {
        Some(conditions::verdict(case, deny.when.as_ref()))
    } else {
        None
    }
}

/// "**Who holds a role holds what it inherits from too**: an heir counts as a holder wherever
/// `roles` and `except_roles` speak of holders."
fn is_holder(case: &Case, entries: &[Entry], roles: &[String]) -> bool {
    entries.iter().any(|entry| {
        rules::with_inherited(case.app, case.tenant, &entry.role)
            .iter()
            .any(|held| roles.contains(&held.id))
    })
}

/// "**A question is allowed by one entry alone**: grant, scope and role given come from the same
/// entry (with all that its role inherits)."
fn grant_fits(case: &Case, entries: &[Entry]) -> Vec<Fit> {
    let mut fits = Vec::new();
    for entry in entries {
        for (grant, scope) in rules::grants(case.app, case.tenant, &entry.role) {
            fits.push(grant_fit(case, entry, grant, scope));
        }
    }
    fits
}

fn grant_fit(case: &Case, entry: &Entry, grant: &Grant, scope: Scope) -> Fit {
    let question = case.question;
    if question.resource_type == "role" && question.action_name == "assign" {
        return role_assign::fit(case, entry, grant, scope);
    }
    if !rules::grant_names(
        case.app,
        grant,
        &question.resource_type,
        &question.action_name,
    ) {
        return Fit::NoGrant;
    }
    if !scopes::covers(case, entry, scope) {
        return Fit::OutOfScope;
    }
    match conditions::verdict(case, grant.when.as_ref()) {
        Verdict::Missing | Verdict::False => Fit::ConditionNotMet,
        Verdict::Error => Fit::EvaluationError,
        Verdict::True if rest_is_in_order(case, entry, scope) => Fit::Granted(scope),
        Verdict::True => Fit::NotAssignable,
    }
}

/// "not_assignable (type, action, scope and condition fit, the rest does not)"
fn rest_is_in_order(case: &Case, entry: &Entry, scope: Scope) -> bool {
    let question = case.question;
    match (
        question.resource_type.as_str(),
        question.action_name.as_str(),
    ) {
        ("delegation", "create") => delegation_type::may_be_created(case, scope),
        _ => members::rest_is_in_order(case, entry, scope),
    }
}
