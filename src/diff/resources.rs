//! Members and records that stand elsewhere now: who reaches them is asked of both snapshots.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Comparison, Reached};
use crate::model::{BuiltIn, Entry, Id, Tenant};
use crate::rights;
use crate::snapshot::{Action, CompiledTenant, Entity, Question, Snapshot};
use crate::value::{Json, Members};

/// Resources that moved: types with ids.
type Moved = BTreeSet<(Id, Id)>;

impl Comparison<'_> {
    /// Who reaches what moved differently, but for what `is_said` already: account, type, action, whether it is allowed.
    pub(super) fn reached(
        &self,
        old: &CompiledTenant,
        new: &CompiledTenant,
        is_said: impl Fn(&Id, &Id, &Id, bool) -> bool,
    ) -> Vec<Reached> {
        let mut reached = Vec::new();
        let (before, after) = (&*old.model, &*new.model);
        let mut moved = moved_members(before, after);
        moved.extend(moved_records(before, after));
        let staying = || {
            before
                .members
                .keys()
                .filter(|id| after.members.contains_key(*id))
        };
        for (kind, id) in moved {
            let actions = |tenant: &Tenant| -> BTreeSet<Id> {
                let declared = tenant.application.types.get(&kind);
                let actions = declared.into_iter().flat_map(|kind| &kind.actions);
                actions.cloned().collect()
            };
            let is_member = &*kind == BuiltIn::Member.as_str();
            for action in actions(before).intersection(&actions(after)) {
                if is_member && &**action == "invite" {
                    continue;
                }
                for account in staying() {
                    let ask = |snapshot: &Snapshot, tenant: &Tenant| {
                        let question = question(tenant, account, action, &kind, &id);
                        snapshot.decide(&question, self.now).reason.allows()
                    };
                    let was = ask(self.old.side.snapshot, before);
                    let allowed = ask(self.new.side.snapshot, after);
                    if was != allowed && !is_said(account, &kind, action, allowed) {
                        reached.push(Reached {
                            application: after.application.id.value.clone(),
                            tenant: after.id.value.clone(),
                            kind: kind.clone(),
                            id: id.clone(),
                            account: account.clone(),
                            action: action.clone(),
                            allowed,
                        });
                    }
                }
            }
        }
        reached
    }
}

/// A question that says nothing of the resource but its id.
fn question<'q>(
    tenant: &'q Tenant,
    account: &'q str,
    action: &'q str,
    kind: &'q str,
    id: &'q str,
) -> Question<'q> {
    let subject_type = tenant.application.subject_types.first();
    let mut properties = Members::default();
    properties.set("tenant", Json::borrowed(&tenant.id.value));
    Question {
        subject: Entity {
            kind: Cow::Borrowed(subject_type.map_or("user", |kind| kind)),
            id: Cow::Borrowed(account),
            properties: Members::default().into(),
        }
        .into(),
        action: Action {
            name: Cow::Borrowed(action),
            properties: Members::default().into(),
        }
        .into(),
        resource: Entity {
            kind: Cow::Borrowed(kind),
            id: Cow::Borrowed(id),
            properties: properties.into(),
        }
        .into(),
        context: Members::default().into(),
    }
}

/// An entry's role, sub-accounts and teams.
type Standing = (Id, Vec<Id>, Vec<Id>);

/// Members of both sides whose roles or places are not what they were, whether their entries count or not.
fn moved_members(before: &Tenant, after: &Tenant) -> Moved {
    let stands = |tenant: &Tenant, account: &Id| -> Option<BTreeSet<Standing>> {
        let entries = tenant.members.get(account)?;
        let places = entries.iter().map(|entry| {
            let teams = rights::teams(tenant, account, entry);
            let teams = teams.into_iter().cloned().collect();
            (entry.role.clone(), entry.sub_accounts.to_vec(), teams)
        });
        Some(places.collect())
    };
    let kind = Id::from(BuiltIn::Member.as_str());
    let has_same_teams = before.teams == after.teams;
    let accounts = before.members.keys();
    let moved = accounts.filter(|account| {
        if has_same_teams && has_same_places(before, after, account) {
            return false;
        }
        let after = stands(after, account);
        after.is_some() && after != stands(before, account)
    });
    moved
        .map(|account| (kind.clone(), account.clone()))
        .collect()
}

/// Whether a member's entries name the same roles and places one by one: most do, and it is soon found out.
fn has_same_places(before: &Tenant, after: &Tenant, account: &Id) -> bool {
    let (Some(old), Some(new)) = (before.members.get(account), after.members.get(account)) else {
        return false;
    };
    let is_same = |(old, new): (&Entry, &Entry)| {
        old.role == new.role && old.sub_accounts == new.sub_accounts && old.teams == new.teams
    };
    old.len() == new.len() && old.iter().zip(new).all(is_same)
}

/// Records that are declared otherwise, on one side alone, or not where they were.
fn moved_records(before: &Tenant, after: &Tenant) -> Moved {
    let mut moved = Moved::new();
    for (tenant, other) in [(before, after), (after, before)] {
        for (index, records) in &tenant.records {
            let Some((kind, _)) = tenant.application.types.get_index(*index) else {
                continue;
            };
            let index = other.application.types.get_index_of(kind);
            let others = index.and_then(|index| other.records.get(&index));
            for (id, record) in records {
                if others.and_then(|others| others.get(id)) != Some(record) {
                    moved.insert((kind.clone(), id.clone()));
                }
            }
        }
    }
    moved
}
