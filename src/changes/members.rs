//! Members: who came and went, whose entries are others, and which of these reach further.

use super::{Became, Changes, Fate, each, quoted};
use crate::document::{Status, to_text};
use crate::model::{Entry, Id, Tenant};

pub(super) fn compare(then: &Tenant, now: &Tenant, changes: &mut Changes) -> Became {
    let tenant = &*now.id.value;
    let mut became = Became::Same;
    let gone = then
        .members
        .keys()
        .filter(|id| !now.members.contains_key(*id));
    each(
        |account: &Id| then.members.get(account),
        now.members.iter(),
        gone,
        |account, fate| {
            let full = || format!("{tenant}/{account}");
            match fate {
                Fate::Added(entries) => {
                    changes.members.added.add(full);
                    widen(tenant, account, &[], entries, changes);
                }
                Fate::Removed => changes.members.removed.add(full),
                Fate::Stayed(then, now) if same(then, now) => return,
                Fate::Stayed(then, now) => {
                    changes.members.altered.add(full);
                    widen(tenant, account, then, now, changes);
                }
            }
            became = Became::Other;
        },
    );
    became
}

fn same(then: &[Entry], now: &[Entry]) -> bool {
    then.len() == now.len()
        && then
            .iter()
            .zip(now)
            .all(|(then, now)| reaches_the_same(then, now) && ends(then) == ends(now))
}

fn reaches_the_same(then: &Entry, now: &Entry) -> bool {
    then.role == now.role
        && then.sub_accounts == now.sub_accounts
        && then.teams == now.teams
        && then.assigned == now.assigned
        && home(then) == home(now)
}

fn ends(entry: &Entry) -> (Status, Option<i64>) {
    (entry.status, entry.expires)
}

fn home(entry: &Entry) -> Option<&Id> {
    entry.guest.as_ref().map(|guest| &guest.tenant.value)
}

/// Names what the entries of now reach that those of then did not. An entry that grants nothing widens nothing.
fn widen(tenant: &str, account: &str, then: &[Entry], now: &[Entry], changes: &mut Changes) {
    for entry in now.iter().filter(|entry| entry.status == Status::Active) {
        let role = &entry.role;
        let of_role = || then.iter().filter(|other| other.role == *role);
        // At best there is one that reaches the same.
        let nearest = of_role().find(|other| reaches_the_same(other, entry));
        let Some(other) = nearest.or_else(|| of_role().next()) else {
            changes.widens(|| format!("`{account}` has the role `{role}` in `{tenant}`"));
            continue;
        };
        if other.status != Status::Active {
            let was = match other.status {
                Status::Suspended => "suspended",
                Status::Invited | Status::Active => "invited",
            };
            changes.widens(|| {
                format!("`{account}` has the role `{role}` in `{tenant}`, no longer {was}")
            });
        }
        let is_later = |end: i64| entry.expires.is_none_or(|now| now > end);
        if other.expires.is_some_and(is_later) {
            let end = entry.expires.map_or_else(
                || "without an end".to_owned(),
                |end| format!("until {}", to_text(end).unwrap_or_default()),
            );
            changes.widens(|| format!("`{account}` has the role `{role}` in `{tenant}` {end}"));
        }
        further(tenant, account, other, entry, changes);
    }
}

fn further(tenant: &str, account: &str, other: &Entry, entry: &Entry, changes: &mut Changes) {
    let role = &entry.role;
    let more = |now: &[Id], then: &[Id]| -> Vec<String> {
        let more = now.iter().filter(|id| !then.contains(id));
        more.map(ToString::to_string).collect()
    };
    let mut say = |what: &str, names: Vec<String>| {
        if !names.is_empty() {
            let names = quoted(names.iter().map(String::as_str));
            changes.widens(|| {
                format!("`{account}` reaches {what} {names} with the role `{role}` in `{tenant}`")
            });
        }
    };
    say(
        "the sub-accounts",
        more(&entry.sub_accounts, &other.sub_accounts),
    );
    match (&entry.teams, &other.teams) {
        // Without a list, an entry reaches every team that lists the member.
        (None, Some(_)) => say("the teams", vec!["*".to_owned()]),
        (Some(now), Some(then)) => say("the teams", more(now, then)),
        (_, None) => {}
    }
    let assigned = entry
        .assigned
        .iter()
        .filter(|it| !other.assigned.contains(it));
    say(
        "the records",
        assigned.map(|(_, id)| id.to_string()).collect(),
    );
    if home(entry) != home(other) {
        changes.widens(|| match home(entry) {
            Some(home) => format!("`{account}` is a guest of `{home}` in `{tenant}`"),
            None => format!("`{account}` is no guest any more in `{tenant}`"),
        });
    }
}
