//! What a member may do because another lets it.

use serde_json::Map;

use super::conditions::{self, Verdict};
use super::decide::{Case, Permits, decide_by_own_entries};
use super::membership;
use super::question::Question;
use super::rules;
use super::world::{Delegation, Scope};

/// The scopes of the grants by which a delegation allows the question, or nothing.
///
/// "A delegation gives `to` (a member, not `from`) what `from` may do itself, never more: it allows
/// a question that its `allow` (`resources`, `actions`, `when`; no scope) covers **and** that
/// `from` would be allowed now by its own entries."
pub fn allow(case: &Case) -> Option<Vec<Scope>> {
    let in_force: Vec<&Delegation> = case
        .tenant
        .delegations
        .iter()
        .filter(|delegation| is_in_force(case, delegation))
        .collect();
    let verdicts: Vec<(&Delegation, Verdict)> = in_force
        .into_iter()
        .flat_map(|delegation| verdicts(case, delegation))
        .collect();
    // "an error in one that is evaluated (an overflow), of an `allow` too, denies"
    if verdicts
        .iter()
        .any(|(_, verdict)| *verdict == Verdict::Error)
    {
        return None;
    }
    verdicts
        .into_iter()
        .filter(|(_, verdict)| *verdict == Verdict::True)
        .find_map(|(delegation, _)| from_is_allowed(case, delegation))
}

/// "It ends with `expires`, or when `from` or `to` has no entry left that counts."
fn is_in_force(case: &Case, delegation: &Delegation) -> bool {
    let has_entries = |account: &str| membership::entries_that_count(case, account).is_ok();
    delegation.to == case.question.subject_id
        && !membership::is_over(case, delegation.expires.as_deref())
        && has_entries(&delegation.from)
        && has_entries(&delegation.to)
}

/// What comes of each part of its `allow` that is about the type and the action. "In its `when`,
/// `principal` is `to`".
fn verdicts<'a>(case: &Case, delegation: &'a Delegation) -> Vec<(&'a Delegation, Verdict)> {
    let question = case.question;
    delegation
        .allow
        .iter()
        .filter(|grant| {
            rules::grant_names(
                case.app,
                grant,
                &question.resource_type,
                &question.action_name,
            )
        })
        .map(|grant| (delegation, conditions::verdict(case, grant.when.as_ref())))
        .collect()
}

/// "in the grants of `from`, it [`principal`] is `from`"; "Delegations do not chain; denies that hit
/// either win." The subject's properties are those of `to`, not of `from`.
fn from_is_allowed(case: &Case, delegation: &Delegation) -> Option<Vec<Scope>> {
    let question = Question {
        subject_id: delegation.from.clone(),
        subject: Map::new(),
        ..case.question.clone()
    };
    let case = Case {
        question: &question,
        ..*case
    };
    let entries = membership::entries_that_count(&case, &delegation.from).ok()?;
    let decision = decide_by_own_entries(&case, &entries, Permits::LeftAside);
    decision.allow.then_some(decision.scopes)
}
