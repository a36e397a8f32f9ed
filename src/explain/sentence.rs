//! One sentence for the operator: role, scope and what was missing.

use std::collections::BTreeSet;

use crate::compile::Rule;
use crate::document::Scope;
use crate::snapshot::{Counting, Evaluation, Question, Reason};

/// The sentence of an evaluation.
pub(super) fn sentence(question: &Question<'_>, evaluation: &Evaluation<'_>) -> String {
    let subject = quoted(&question.subject.id);
    let wish = format!(
        "{} {} {}",
        quoted(&question.action.name),
        quoted(&question.resource.kind),
        quoted(&question.resource.id)
    );
    let tenant = quoted(evaluation.tenant_id());
    match evaluation.reason {
        Reason::TenantConflict => {
            "the question names two different tenants, or another application than the tenant's"
                .into()
        }
        Reason::TenantRequired => {
            "the question names no tenant, and which one is meant does not follow from the policies: set `resource.properties.tenant`"
                .into()
        }
        Reason::UnknownTenant => match named_tenant(question) {
            Some(id) => format!("no tenant {} is loaded", quoted(id)),
            None => "the tenant that the question names is no text".into(),
        },
        Reason::UnknownSubjectType => format!(
            "the application accepts no subjects of type {}",
            quoted(&question.subject.kind)
        ),
        Reason::UnknownResourceType => format!(
            "the application has no resource type {}",
            quoted(&question.resource.kind)
        ),
        Reason::UnknownAction => format!(
            "{} has no action {}",
            quoted(&question.resource.kind),
            quoted(&question.action.name)
        ),
        Reason::InvalidValue => evaluation.detail.clone().unwrap_or_default(),
        Reason::MembershipSuspended => {
            format!("every entry of {subject} in {tenant} is suspended or does not count")
        }
        Reason::MembershipExpired => {
            format!("the entries of {subject} in {tenant} have expired or do not count")
        }
        Reason::MembershipInvited => {
            format!("{subject} has not accepted the invitation to {tenant}")
        }
        Reason::GuestHomeLost => format!(
            "{subject} is a guest in {tenant}, and its home no longer counts or is no partner"
        ),
        Reason::NotAMember => format!("{subject} is no member of {tenant}"),
        Reason::DeniedByRule => denied(evaluation),
        Reason::EvaluationError => format!(
            "a condition failed while it was evaluated, so the answer is no: {}",
            evaluation
                .detail
                .as_deref()
                .unwrap_or("the engine refused the question")
        ),
        Reason::Granted => {
            format!("{subject} may {wish}: {}", by_roles(&evaluation.rules))
        }
        Reason::GrantedByDelegation => {
            format!("{subject} may {wish}, which a member who may do so delegated to it")
        }
        Reason::NotAssignable => format!(
            "{} covers {wish}, but what is asked for is not its to give: `assigns` does not name the role, or the entry or delegation asked for could not be",
            by_roles(&evaluation.rules)
        ),
        Reason::ConditionNotMet => format!(
            "{} covers {wish}, but its condition does not hold or reads an attribute that is missing",
            by_roles(&evaluation.rules)
        ),
        Reason::OutOfScope => out_of_scope(&wish, evaluation),
        Reason::NoGrant => format!(
            "no grant of {} names {} of {}",
            roles_of(&evaluation.entries),
            quoted(&question.action.name),
            quoted(&question.resource.kind)
        ),
        Reason::InvalidQuestion => "the question is malformed".into(),
    }
}

/// The tenant that a question names first.
fn named_tenant<'q>(question: &'q Question<'_>) -> Option<&'q str> {
    let itself = || match &*question.resource.kind {
        "tenant" => Some(&*question.resource.id),
        _ => None,
    };
    match question
        .property("tenant")
        .or_else(|| question.context.get("tenant"))
    {
        Some(named) => named.as_text(),
        None => itself(),
    }
}

fn quoted(text: &str) -> String {
    format!("`{}`", text.escape_debug())
}

fn listed(items: &[String]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    quoted.join(", ")
}

/// "the role `manager` (scope `sub_account`)", for each role once.
fn by_roles(rules: &[&Rule]) -> String {
    let roles: BTreeSet<String> = rules
        .iter()
        .map(|rule| {
            let Some(role) = rule.origin.role.as_deref() else {
                return format!("the Cedar policy at `{}`", rule.origin.place);
            };
            let scope = rule.origin.scope.map_or("tenant", Scope::as_str);
            format!("the role {} (scope `{scope}`)", quoted(role))
        })
        .collect();
    roles.into_iter().collect::<Vec<_>>().join(" and ")
}

fn roles_of(entries: &[Counting]) -> String {
    let roles: BTreeSet<String> = entries.iter().map(|entry| quoted(&entry.role)).collect();
    let word = if roles.len() == 1 {
        "the role"
    } else {
        "the roles"
    };
    format!(
        "{word} {}",
        roles.into_iter().collect::<Vec<_>>().join(", ")
    )
}

fn denied(evaluation: &Evaluation<'_>) -> String {
    let why = evaluation
        .rules
        .iter()
        .find_map(|rule| rule.origin.reason.as_deref());
    match why {
        Some(reason) => format!("a deny rule applies: {reason}"),
        None => "a deny rule applies".into(),
    }
}

fn out_of_scope(wish: &str, evaluation: &Evaluation<'_>) -> String {
    let scopes: BTreeSet<Scope> = evaluation
        .rules
        .iter()
        .filter_map(|rule| rule.origin.scope)
        .collect();
    let parts: Vec<String> = scopes
        .into_iter()
        .map(|scope| missing(scope, evaluation))
        .collect();
    format!(
        "{} names {wish}, but not there: {}",
        by_roles(&evaluation.rules),
        parts.join("; ")
    )
}

/// What a scope wanted and what the resource has.
fn missing(scope: Scope, evaluation: &Evaluation<'_>) -> String {
    let stands = &evaluation.stands_at;
    let entries = &evaluation.entries;
    let reach = |ids: Vec<String>| match ids.is_empty() {
        true => "none".to_owned(),
        false => listed(&ids),
    };
    match scope {
        Scope::Tenant => "the whole tenant".into(),
        Scope::SubAccount => {
            let own = entries.iter().flat_map(|entry| &entry.sub_accounts);
            let own = reach(own.map(|id| id.to_string()).collect());
            match stands.sub_accounts.is_empty() {
                true if stands.is_member => format!(
                    "the entry reaches the sub-accounts {own}, and the member stands, or would stand, not only there"
                ),
                true => format!(
                    "the entry reaches the sub-accounts {own}, and the question names no sub-account"
                ),
                false => format!(
                    "the entry reaches the sub-accounts {own}, and the resource stands at {}",
                    listed(&stands.sub_accounts)
                ),
            }
        }
        Scope::Team => "it reaches the entry's teams, and the resource is of none of them".into(),
        Scope::Assigned => "it reaches the records that the entry is assigned to".into(),
        Scope::Own => match &stands.owner {
            None => "it reaches what the member owns, and the question names no owner".into(),
            Some(_) => "it reaches what the member owns, and the owner is another".into(),
        },
    }
}
