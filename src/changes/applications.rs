//! Applications: types, roles, deny rules, accounts.

use std::sync::Arc;

use super::{Became, Changes, Fate, Side, each, emails, rules, same_cedar};
use crate::model::{Account, Application, Id};

pub(super) fn compare(before: Side<'_>, after: Side<'_>, changes: &mut Changes) {
    let (then, now) = (&before.model.applications, &after.model.applications);
    let gone = then.keys().filter(|id| !now.contains_key(*id));
    each(
        |id: &Id| then.get(id),
        now.iter(),
        gone,
        |id, fate| match fate {
            Fate::Added(_) => changes.applications.added.add(|| id.to_string()),
            Fate::Removed => changes.applications.removed.add(|| id.to_string()),
            Fate::Stayed(then, now) => {
                if !Arc::ptr_eq(then, now)
                    && application((before, then), (after, now), changes) == Became::Other
                {
                    changes.applications.altered.add(|| id.to_string());
                }
            }
        },
    );
}

fn application(
    (before, then): (Side<'_>, &Application),
    (after, now): (Side<'_>, &Application),
    changes: &mut Changes,
) -> Became {
    let id = &*now.id.value;
    let of = format!("the application `{id}`");
    let owner = |application| rules::Owner { id, application };
    let mut parts = vec![
        rules::roles(
            (owner(then), &then.roles),
            (owner(now), &now.roles),
            changes,
        ),
        rules::denies(
            (owner(then), &then.denies),
            (owner(now), &now.denies),
            &of,
            changes,
        ),
        accounts(then, now, changes),
    ];
    emails::compare(then, now, changes);
    if !same_cedar(before, &then.cedar, after, &now.cedar) {
        parts.push(Became::Other);
        changes.widens(|| format!("{of} has other raw Cedar"));
    }
    if now.membership_request && !then.membership_request {
        parts.push(Became::Other);
        changes.widens(|| format!("{of} takes memberships from the request"));
    }
    if !same_words(then, now) {
        parts.push(Became::Other);
    }
    match parts.contains(&Became::Other) {
        true => Became::Other,
        false => Became::Same,
    }
}

/// Whether questions are read the same way.
fn same_words(then: &Application, now: &Application) -> bool {
    let types = |application: &Application| {
        let types = application.types.values();
        types
            .map(|kind| {
                (
                    kind.name.clone(),
                    kind.actions.clone(),
                    kind.attributes.clone(),
                    kind.ancestors.clone(),
                )
            })
            .collect::<Vec<_>>()
    };
    then.membership_request == now.membership_request
        && then.subject_types == now.subject_types
        && then.declared_required == now.declared_required
        && then.one_tenant == now.one_tenant
        && then.account_attributes == now.account_attributes
        && then.context == now.context
        && then.context_action == now.context_action
        && types(then) == types(now)
}

fn accounts(then: &Application, now: &Application, changes: &mut Changes) -> Became {
    let application = &*now.id.value;
    let mut became = Became::Same;
    // Maps are in no order, and names shall be: `each` would name others every time.
    let mut ids: Vec<&Id> = now.accounts.keys().collect();
    ids.extend(
        then.accounts
            .keys()
            .filter(|id| !now.accounts.contains_key(*id)),
    );
    ids.sort_unstable();
    for id in ids {
        let full = || format!("{application}/{id}");
        match (then.accounts.get(id), now.accounts.get(id)) {
            (None, _) => changes.accounts.added.add(full),
            (_, None) => changes.accounts.removed.add(full),
            (Some(then), Some(account)) => {
                if then.fields == account.fields && then.person == account.person {
                    continue;
                }
                changes.accounts.altered.add(full);
                if may_matter(then, account, now) {
                    changes.widens(|| {
                        format!("the account `{id}` of `{application}` has other attributes, which conditions may read")
                    });
                }
            }
        }
        became = Became::Other;
    }
    became
}

/// Whether what conditions are about is another: a declared attribute, or the person that guests are known by.
fn may_matter(then: &Account, now: &Account, application: &Application) -> bool {
    let mut declared = application.account_attributes.keys();
    then.person != now.person || declared.any(|name| then.fields.get(name) != now.fields.get(name))
}
