//! Between whom a delegation stands, and whether it could be made.

use super::{DelegationPlace, Place, Subject, Text, add_teams_of};
use crate::document::AttributeType;
use crate::model::{CRUD, Entry, Moment};
use crate::snapshot::question::Question;
use crate::snapshot::tenant::{CompiledTenant, counting};
use crate::value::{Json, Typed};

/// A delegation is owned by its `from`, for read also by its `to`.
pub(super) fn stand_between<'q>(
    place: &mut Place<'q>,
    question: &'q Question<'_>,
    tenant: &'q CompiledTenant,
    subject: Subject<'q>,
    now: &Moment,
) {
    let account = |name| question.property(name).and_then(Json::as_text);
    let (from, to) = (account("from"), account("to"));
    let reader = to.filter(|_| question.action.name == "read");
    let owners: Vec<Text<'q>> = from.into_iter().chain(reader).collect();
    for owner in &owners {
        add_teams_of(place, owner, tenant);
    }
    place.owner = from;
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
