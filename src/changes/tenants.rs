//! Tenants: places, teams, partners, own rules, records; their members are compared beside.

use std::sync::Arc;

use super::{Became, Changes, Fate, Side, each, members, quoted, rules, same_cedar};
use crate::model::{Delegation, Id, Tenant};

pub(super) fn compare(before: Side<'_>, after: Side<'_>, changes: &mut Changes) {
    let (then, now) = (&before.model.tenants, &after.model.tenants);
    let gone = then.keys().filter(|id| !now.contains_key(*id));
    each(
        |id: &Id| then.get(id),
        now.iter(),
        gone,
        |id, fate| match fate {
            Fate::Added(tenant) => {
                changes.tenants.added.add(|| id.to_string());
                for account in tenant.members.keys() {
                    changes.members.added.add(|| format!("{id}/{account}"));
                }
                let members = tenant.members.len();
                changes.widens(|| format!("the tenant `{id}` is new, with {members} members"));
            }
            Fate::Removed => {
                changes.tenants.removed.add(|| id.to_string());
                let members = then.get(id).into_iter();
                for account in members.flat_map(|tenant| tenant.members.keys()) {
                    changes.members.removed.add(|| format!("{id}/{account}"));
                }
            }
            Fate::Stayed(then, now) => {
                if !Arc::ptr_eq(then, now)
                    && tenant((before, then), (after, now), changes) == Became::Other
                {
                    changes.tenants.altered.add(|| id.to_string());
                }
            }
        },
    );
}

fn tenant(
    (before, then): (Side<'_>, &Tenant),
    (after, now): (Side<'_>, &Tenant),
    changes: &mut Changes,
) -> Became {
    let id = &*now.id.value;
    let (was, is) = (owner(then), owner(now));
    let of = format!("the tenant `{id}`");
    let parts = [
        members::compare(then, now, changes),
        rules::roles((was, &then.roles), (is, &now.roles), changes),
        rules::denies((was, &then.denies), (is, &now.denies), &of, changes),
        places(then, now, changes),
        teams(then, now, changes),
        partners(then, now, changes),
        delegations(then, now, changes),
    ];
    let mut is_other = parts.contains(&Became::Other);
    let (came_from, application) = (&then.application.id.value, &now.application.id.value);
    if came_from != application {
        is_other = true;
        changes.widens(|| {
            format!("{of} is of the application `{application}`, no more of `{came_from}`")
        });
    }
    if records(then) != records(now) {
        is_other = true;
        changes.widens(|| format!("{of} has other records, which stand where they say"));
    }
    if !same_cedar(before, &then.cedar, after, &now.cedar) {
        is_other = true;
        changes.widens(|| format!("{of} has other raw Cedar"));
    }
    match is_other {
        true => Became::Other,
        false => Became::Same,
    }
}

fn owner(tenant: &Tenant) -> rules::Owner<'_> {
    rules::Owner {
        id: &tenant.id.value,
        application: &tenant.application,
    }
}

fn places(then: &Tenant, now: &Tenant, changes: &mut Changes) -> Became {
    if then.sub_accounts == now.sub_accounts {
        return Became::Same;
    }
    let id = &now.id.value;
    for (place, parent) in &now.sub_accounts {
        let before = then.sub_accounts.get(place);
        if let (Some(parent), true) = (parent, before.is_some_and(|before| before != parent)) {
            changes.widens(|| {
                format!("the sub-account `{place}` of `{id}` lies below `{parent}` now")
            });
        }
    }
    Became::Other
}

fn teams(then: &Tenant, now: &Tenant, changes: &mut Changes) -> Became {
    if then.teams == now.teams {
        return Became::Same;
    }
    let id = &now.id.value;
    for (team, accounts) in &now.teams {
        let before = then.teams.get(team).map_or(&[] as &[Id], Vec::as_slice);
        let more = accounts.iter().filter(|account| !before.contains(account));
        let more: Vec<&str> = more.map(|account| &**account).collect();
        if !more.is_empty() {
            changes.widens(|| format!("{} joined the team `{team}` of `{id}`", quoted(more)));
        }
    }
    Became::Other
}

fn partners(then: &Tenant, now: &Tenant, changes: &mut Changes) -> Became {
    if then.partners == now.partners {
        return Became::Same;
    }
    let more = now.partners.iter().filter(|id| !then.partners.contains(id));
    let more: Vec<&str> = more.map(|id| &**id).collect();
    if !more.is_empty() {
        let id = &now.id.value;
        changes.widens(|| format!("{} may have guests in `{id}`", quoted(more)));
    }
    Became::Other
}

fn delegations(then: &Tenant, now: &Tenant, changes: &mut Changes) -> Became {
    let (was, is) = (owner(then), owner(now));
    let same = |one: &Delegation, other: &Delegation| {
        (&one.from, &one.to, one.expires) == (&other.from, &other.to, other.expires)
            && rules::reach(&was, &one.grants) == rules::reach(&is, &other.grants)
    };
    let in_both = then.delegations.len() == now.delegations.len();
    let new = now
        .delegations
        .iter()
        .filter(|new| !then.delegations.iter().any(|old| same(old, new)));
    let new: Vec<&Delegation> = new.collect();
    if in_both && new.is_empty() {
        return Became::Same;
    }
    for delegation in new {
        let (from, to, id) = (&delegation.from, &delegation.to, &now.id.value);
        changes.widens(|| format!("`{from}` hands something on to `{to}` in `{id}`"));
    }
    Became::Other
}

/// Records by the names of their types, in an order of their own.
fn records(tenant: &Tenant) -> Vec<(&str, &Id, &crate::model::Record)> {
    let kinds = tenant.records.iter().flat_map(|(kind, records)| {
        let kind = tenant.application.types.get_index(*kind);
        let kind = kind.map_or("", |(name, _)| &**name);
        records.iter().map(move |(id, record)| (kind, id, record))
    });
    let mut records: Vec<_> = kinds.collect();
    records.sort_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)));
    records
}
