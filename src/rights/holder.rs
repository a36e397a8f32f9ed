//! Whoever holds roles: a member by its entries, or somebody made up who holds one role and no more.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::row::{Atom, Clause, Reach, Row, Words, reduced};
use super::rules::{Forbid, Known, Scene};
use super::{Key, Rights};
use crate::compile::Coverage;
use crate::document::{Scope, Status};
use crate::model::{BuiltIn, Entry, Guest, Id, Moment, Tenant, is_active};

/// Whose rights are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// The account.
    pub account: &'a str,
    /// Milliseconds since 1970: the moment that entries and delegations must count at.
    pub now: i64,
    /// The only actions of interest; nothing for all.
    pub only: Option<&'a BTreeSet<Key>>,
}

impl Who<'_> {
    fn wants(&self, key: &Key) -> bool {
        self.only.is_none_or(|only| only.contains(key))
    }
}

/// A role held, by an entry or by nobody in particular.
struct Held<'a> {
    role: &'a str,
    entry: Option<&'a Entry>,
    until: Option<i64>,
}

/// What a role gives to somebody who holds it and nothing else; scopes stay words.
pub fn of_role(scene: Scene<'_>, role: &str) -> Rights {
    let held = [Held {
        role,
        entry: None,
        until: None,
    }];
    let who = Who {
        account: "",
        now: 0,
        only: None,
    };
    let mut rights = own(scene, who, &held);
    apply_denies(scene, &held, who, None, &mut rights);
    finished(rights)
}

/// What a member may do at a moment, by its entries and by what is delegated to it.
pub fn of_member(scene: Scene<'_>, who: Who<'_>) -> Rights {
    let Some(tenant) = scene.tenant else {
        return Rights::new();
    };
    let held = held(tenant, who);
    if held.is_empty() {
        return Rights::new();
    }
    let mut rights = own(scene, who, &held);
    delegated(scene, tenant, who, &held, &mut rights);
    apply_denies(scene, &held, who, None, &mut rights);
    finished(rights)
}

/// The roles that a role may give; `*` among them is every role there will ever be.
pub fn assignable(scene: Scene<'_>, role: &str) -> BTreeSet<Id> {
    let Some(role) = scene.role(role) else {
        return BTreeSet::new();
    };
    let existing = scene.role_names();
    let may = existing.filter(|name| role.assigns.contains(name));
    let mut names: BTreeSet<Id> = may.cloned().collect();
    if role.assigns.all && scene.tenant.is_none() {
        names.insert("*".into());
    }
    names
}

fn held<'a>(tenant: &'a Tenant, who: Who<'_>) -> Vec<Held<'a>> {
    let entries = tenant.members.get(who.account).into_iter().flatten();
    let counting = entries.filter(|entry| entry.counts(&Moment::new(who.now)));
    counting
        .map(|entry| Held {
            role: &entry.role,
            entry: Some(entry),
            until: until(entry, who.now),
        })
        .collect()
}

/// When an entry ends that counts now: by itself, or with the last of its homes.
pub(crate) fn until(entry: &Entry, now: i64) -> Option<i64> {
    let home = entry
        .guest
        .as_deref()
        .and_then(|guest| home_until(guest, now));
    earlier(entry.expires, home)
}

fn home_until(guest: &Guest, now: i64) -> Option<i64> {
    let counting = guest.homes.iter();
    let counting =
        counting.filter(|(status, expires)| is_active(*status, *expires, &Moment::new(now)));
    latest(counting.map(|(_, expires)| *expires))
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The latest of some ends, of which one without an end is the latest.
fn latest(ends: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    let mut latest = Some(i64::MIN);
    for end in ends {
        latest = match (latest, end) {
            (Some(known), Some(end)) => Some(known.max(end)),
            _ => None,
        };
    }
    latest
}

/// The rows of the roles held, deny rules aside.
fn own(scene: Scene<'_>, who: Who<'_>, held: &[Held<'_>]) -> Rights {
    let mut rights = Rights::new();
    for held in held {
        let Some(role) = scene.role(held.role) else {
            continue;
        };
        let assigns = assignable(scene, held.role);
        for book in scene.books() {
            for name in &role.closure {
                for known in book.grants.get(&**name).into_iter().flatten() {
                    add_rows(scene, who, held, known, &assigns, &mut rights);
                }
            }
        }
    }
    rights
}

fn add_rows(
    scene: Scene<'_>,
    who: Who<'_>,
    held: &Held<'_>,
    known: &Known<'_>,
    assigns: &BTreeSet<Id>,
    rights: &mut Rights,
) {
    let rule = known.rule;
    let Some((kind, declared)) = scene.application.types.get_index(rule.kind) else {
        return;
    };
    let keys = rule
        .actions
        .iter()
        .map(|action| (kind.clone(), action.clone()));
    let keys: Vec<Key> = keys.filter(|key| who.wants(key)).collect();
    if keys.is_empty() {
        return;
    }
    let scope = rule.origin.scope.unwrap_or(Scope::Tenant);
    let Some((reach, label)) = reach(scene, who, held, rule.coverage, scope, declared.built_in)
    else {
        return;
    };
    for key in keys {
        let gives = gives_roles(declared.built_in, &key.1);
        let row = Row {
            reach: reach.clone(),
            clauses: known
                .condition
                .iter()
                .map(|words| clause(words, false, None))
                .collect(),
            assigns: gives.then(|| assigns.clone()),
            until: held.until,
            from: None,
            role: held.role.into(),
            label: label.clone(),
        };
        rights.entry(key).or_default().push(row);
    }
}

fn gives_roles(built_in: Option<BuiltIn>, action: &str) -> bool {
    matches!(
        (built_in, action),
        (Some(BuiltIn::Member), "invite" | "update" | "remove") | (Some(BuiltIn::Role), "assign")
    )
}

fn clause(words: &Words, denies: bool, principal: Option<&str>) -> Clause {
    Clause {
        principal: principal.map(Id::from),
        denies,
        words: words.clone(),
    }
}

/// Where a grant reaches by an entry; nothing if nowhere.
fn reach(
    scene: Scene<'_>,
    who: Who<'_>,
    held: &Held<'_>,
    coverage: Coverage,
    scope: Scope,
    kind: Option<BuiltIn>,
) -> Option<(Reach, Arc<str>)> {
    match coverage {
        Coverage::Always => return Some((Reach::Tenant, "tenant".into())),
        Coverage::Never => return None,
        _ => {}
    }
    let (Some(tenant), Some(entry)) = (scene.tenant, held.entry) else {
        return Some((Reach::Entry(scope), scope.as_str().into()));
    };
    let listed = |what: &str, names: Vec<&str>| Arc::from(format!("{what} {}", names.join(", ")));
    let in_sub_accounts = || {
        let names = entry.sub_accounts.iter().map(|id| &**id).collect();
        (within(tenant, entry), listed("sub_account", names))
    };
    let in_teams = || {
        let teams = teams(tenant, who.account, entry);
        let names = teams.iter().map(|id| &***id).collect();
        let atoms: BTreeSet<Atom> = teams.iter().map(|id| Atom::Team((*id).clone())).collect();
        (teams, atoms, listed("team", names))
    };
    let (reach, label) = match coverage {
        Coverage::Always | Coverage::Never => return None,
        Coverage::EverySubAccount | Coverage::EverySubAccountOfMember => {
            let (atoms, label) = in_sub_accounts();
            (Reach::Every(atoms), label)
        }
        Coverage::AnySubAccount => {
            let (atoms, label) = in_sub_accounts();
            (Reach::Any(atoms), label)
        }
        Coverage::AnyTeam | Coverage::AnyTeamBelow => {
            let (teams, mut atoms, label) = in_teams();
            if kind != Some(BuiltIn::Member) {
                let lists = teams.iter().filter_map(|team| tenant.teams.get(*team));
                atoms.extend(lists.flatten().map(|account| Atom::Owner(account.clone())));
            }
            (Reach::Any(atoms), label)
        }
        Coverage::EveryTeam | Coverage::EveryTeamBeforeAndAfter => {
            let (_, atoms, label) = in_teams();
            (Reach::Every(atoms), label)
        }
        Coverage::Assigned | Coverage::AssignedBelow => {
            let types = &scene.application.types;
            let named = entry.assigned.iter().filter_map(|(kind, id)| {
                let (kind, _) = types.get_index(*kind)?;
                Some(Atom::Record(kind.clone(), id.clone()))
            });
            let names = entry.assigned.iter().map(|(_, id)| &**id).collect();
            (Reach::Any(named.collect()), listed("assigned", names))
        }
        Coverage::Own | Coverage::OwnDelegation | Coverage::OwnBelow => {
            let own = BTreeSet::from([Atom::Owner(who.account.into())]);
            (Reach::Any(own), "own".into())
        }
    };
    match &reach {
        Reach::Every(atoms) | Reach::Any(atoms) if atoms.is_empty() => None,
        _ => Some((reach, label)),
    }
}

/// The sub-accounts that an entry names, and all below them.
fn within(tenant: &Tenant, entry: &Entry) -> BTreeSet<Atom> {
    let lies_within = |id: &&Id| {
        let mut at = Some(*id);
        while let Some(id) = at {
            if entry.sub_accounts.contains(id) {
                return true;
            }
            at = tenant.sub_accounts.get(id).and_then(Option::as_ref);
        }
        false
    };
    let all = tenant.sub_accounts.keys().filter(lies_within);
    all.map(|id| Atom::SubAccount(id.clone())).collect()
}

/// The teams of an entry: those that it names, else all that list the member.
pub(crate) fn teams<'t>(tenant: &'t Tenant, account: &str, entry: &'t Entry) -> Vec<&'t Id> {
    match &entry.teams {
        Some(teams) => teams.iter().collect(),
        None => {
            let lists = tenant.teams.iter();
            let lists = lists.filter(|(_, accounts)| accounts.iter().any(|id| **id == *account));
            lists.map(|(team, _)| team).collect()
        }
    }
}

/// Adds what others hand on: what the delegation names and whoever hands it on may do by its own entries.
fn delegated(
    scene: Scene<'_>,
    tenant: &Tenant,
    who: Who<'_>,
    to: &[Held<'_>],
    rights: &mut Rights,
) {
    let Some(book) = scene.own else { return };
    let to_ends = latest(to.iter().map(|held| held.until));
    for (index, delegation) in tenant.delegations.iter().enumerate() {
        let counts = is_active(Status::Active, delegation.expires, &Moment::new(who.now));
        if !counts || *delegation.to != *who.account {
            continue;
        }
        let from = Who {
            account: &delegation.from,
            ..who
        };
        let from_held = held(tenant, from);
        let mut held_by = own(scene, from, &from_held);
        apply_denies(
            scene,
            &from_held,
            from,
            Some(&delegation.from),
            &mut held_by,
        );
        for known in book.delegated.get(&index).into_iter().flatten() {
            let Some((kind, _)) = scene.application.types.get_index(known.rule.kind) else {
                continue;
            };
            for action in &known.rule.actions {
                let key = (kind.clone(), action.clone());
                for row in held_by.get(&key).into_iter().flatten() {
                    let mut row = row.clone();
                    let of_from = row.clauses.into_iter().map(|clause| Clause {
                        principal: Some(delegation.from.clone()),
                        ..clause
                    });
                    let handed_on = known.condition.iter();
                    let handed_on = handed_on.map(|words| clause(words, false, None));
                    row.clauses = of_from.chain(handed_on).collect();
                    row.until = earlier(earlier(row.until, delegation.expires), to_ends);
                    row.from = Some(delegation.from.clone());
                    rights.entry(key.clone()).or_default().push(row);
                }
            }
        }
    }
}

/// Takes out what deny rules without a condition forbid, and adds the conditions of the others.
fn apply_denies(
    scene: Scene<'_>,
    held: &[Held<'_>],
    who: Who<'_>,
    principal: Option<&str>,
    rights: &mut Rights,
) {
    let named: HashSet<&str> = held.iter().map(|held| held.role).collect();
    let roles = held.iter().filter_map(|held| scene.role(held.role));
    let all: HashSet<&str> = roles
        .flat_map(|role| &role.closure)
        .map(|id| &**id)
        .collect();
    let forbids = scene.books().flat_map(|book| &book.forbids);
    for forbid in forbids.filter(|forbid| hits(forbid, &named, &all)) {
        let rule = forbid.known.rule;
        let Some((kind, _)) = scene.application.types.get_index(rule.kind) else {
            continue;
        };
        for action in &rule.actions {
            let key = (kind.clone(), action.clone());
            if !who.wants(&key) {
                continue;
            }
            let Some(words) = &forbid.known.condition else {
                rights.remove(&key);
                continue;
            };
            for row in rights.get_mut(&key).into_iter().flatten() {
                row.clauses.insert(clause(words, true, principal));
            }
        }
    }
}

fn hits(forbid: &Forbid<'_>, named: &HashSet<&str>, held: &HashSet<&str>) -> bool {
    let holds = |roles: &[Id]| roles.iter().any(|role| held.contains(&**role));
    let deny = forbid.deny;
    forbid.of_role.is_none_or(|role| named.contains(&**role))
        && deny
            .roles
            .as_deref()
            .is_none_or(|roles| roles.is_empty() || holds(roles))
        && !holds(&deny.except_roles)
}

fn finished(rights: Rights) -> Rights {
    let reduced = rights.into_iter().map(|(key, rows)| (key, reduced(rows)));
    reduced.filter(|(_, rows)| !rows.is_empty()).collect()
}
