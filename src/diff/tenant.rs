//! What changes in one tenant: by the roles that are different there, and by member.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::{
    Comparison, Effect, Fact, MemberChange, Presence, Reached, RoleChange, RoleItems, Shared,
    World, declared, presence, role_items,
};
use crate::document::{Scope, Status};
use crate::model::{Entry, Id, Moment, Tenant};
use crate::rights::{self, Book, Item, Reach, Rights, Scene, Who};
use crate::snapshot::CompiledTenant;

/// What is different in a tenant.
#[derive(Debug, Default)]
pub(super) struct TenantDiff {
    /// Application and tenant.
    pub(super) whose: Option<(Id, Id)>,
    pub(super) facts: Vec<Fact>,
    /// Roles that are the tenant's own, or different there.
    pub(super) roles: Vec<RoleChange>,
    pub(super) members: Vec<MemberChange>,
    pub(super) reached: Vec<Reached>,
    /// Members for whom just that changes what changes for one of the application's roles.
    pub(super) holders: Vec<(Id, Id)>,
}

/// A tenant on one side.
struct Seen<'s> {
    compiled: &'s CompiledTenant,
    shared: &'s Shared<'s>,
    own: Option<Book<'s>>,
}

impl<'s> Seen<'s> {
    fn of(world: &'s World<'s>, id: &str) -> Option<Self> {
        let compiled = world.tenants.get(id).copied()?;
        let tenant = &compiled.model;
        let shared = world.applications.get(&*tenant.application.id.value)?;
        let adds = !compiled.book.rules.is_empty() || !tenant.roles.is_empty();
        Some(Self {
            compiled,
            shared,
            own: adds.then(|| Book::of_tenant(tenant, &compiled.book)),
        })
    }

    fn tenant(&self) -> &'s Tenant {
        &self.compiled.model
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            application: &self.compiled.model.application,
            tenant: Some(self.tenant()),
            shared: &self.shared.book,
            own: self.own.as_ref(),
        }
    }

    fn rights(&self, who: Who<'_>) -> Rights {
        rights::of_member(self.scene(), who)
    }
}

impl Comparison<'_> {
    pub(super) fn tenant(&self, id: &str) -> TenantDiff {
        let (old, new) = (Seen::of(&self.old, id), Seen::of(&self.new, id));
        let mut found = TenantDiff::default();
        let Some(either) = new.as_ref().or(old.as_ref()) else {
            return found;
        };
        let tenant = either.tenant();
        let application = tenant.application.id.value.clone();
        found.whose = Some((application.clone(), tenant.id.value.clone()));
        match (&old, &new) {
            (Some(old), Some(new)) => self.both(old, new, &mut found),
            _ => {
                let word = match presence(old.is_some(), new.is_some()) {
                    Presence::Removed => "is gone",
                    _ => "is new",
                };
                let by_request = tenant.application.membership_request;
                found.facts.push(Fact {
                    application,
                    tenant: Some(tenant.id.value.clone()),
                    text: format!("the tenant {word}, with {} members", tenant.members.len()),
                    effect: match by_request {
                        true => Effect::Either,
                        false => Effect::Neutral,
                    },
                });
                for account in tenant.members.keys() {
                    found
                        .members
                        .extend(self.member(old.as_ref(), new.as_ref(), account));
                }
            }
        }
        found
    }

    fn both(&self, old: &Seen<'_>, new: &Seen<'_>, found: &mut TenantDiff) {
        let (before, after) = (old.tenant(), new.tenant());
        declared::tenant(
            self.old.side,
            self.new.side,
            before,
            after,
            &mut found.facts,
        );
        let items = self.role_items(old, new, found);
        let is_same_frame = before.application.id.value == after.application.id.value
            && before.sub_accounts == after.sub_accounts
            && before.teams == after.teams;
        let delegated: HashSet<&Id> = [before, after]
            .into_iter()
            .flat_map(|tenant| tenant.delegations.iter().map(|delegation| &delegation.to))
            .collect();
        let accounts = before.members.keys();
        let came = after
            .members
            .keys()
            .filter(|id| !before.members.contains_key(*id));
        for account in accounts.chain(came) {
            let stays = is_same_frame
                && !delegated.contains(account)
                && has_same_entries(before, after, account, self.now);
            if !stays {
                found
                    .members
                    .extend(self.member(Some(old), Some(new), account));
                continue;
            }
            match self.staying(old, new, account, &items) {
                Staying::Same => {}
                Staying::AsHolder(role) => hold(found, role, account),
                Staying::Otherwise(change) => found.members.push(change),
            }
        }
        self.fold(&items, found);
        if !before.application.membership_request && !after.application.membership_request {
            let said = Said::new(found, &items);
            let reached = self.reached(
                old.compiled,
                new.compiled,
                |account, kind, action, gained| said.says(account, kind, action, gained),
            );
            found.reached = reached;
        }
    }

    /// What changes by role here: what does in the whole application, or what is special here, which is told apart.
    fn role_items(&self, old: &Seen<'_>, new: &Seen<'_>, found: &mut TenantDiff) -> RoleItems {
        let (before, after) = (old.tenant(), new.tenant());
        let application = &after.application.id.value;
        let shared = self.roles.get(application).cloned().unwrap_or_default();
        let is_special =
            old.own.is_some() || new.own.is_some() || before.application.id.value != *application;
        if !is_special {
            return shared;
        }
        let mut all = RoleItems::new();
        let names: BTreeSet<&Id> = before.role_names().chain(after.role_names()).collect();
        for role in names {
            let items = role_items(Some(old.scene()), Some(new.scene()), role);
            let presence = presence(before.role(role).is_some(), after.role(role).is_some());
            let everywhere = shared.get(role);
            let is_own = before.roles.contains_key(role) || after.roles.contains_key(role);
            let none = Vec::new();
            let is_alike = alike(&items, everywhere.map_or(&none, |items| items));
            if (is_own || !is_alike) && (!items.is_empty() || is_own && presence != Presence::Kept)
            {
                found.roles.push(RoleChange {
                    application: application.clone(),
                    tenant: Some(after.id.value.clone()),
                    role: role.clone(),
                    presence,
                    items: items.clone(),
                    holders: Vec::new(),
                });
            }
            if !items.is_empty() {
                let items = match everywhere {
                    Some(shared) if is_alike => shared.clone(),
                    _ => Arc::new(items),
                };
                all.insert(role.clone(), items);
            }
        }
        all
    }

    /// A member whose entries, and all that they name, are what they were: only rules can have changed.
    fn staying(&self, old: &Seen<'_>, new: &Seen<'_>, account: &Id, items: &RoleItems) -> Staying {
        let tenant = new.tenant();
        let entries = tenant.members.get(account).into_iter().flatten();
        let counting: Vec<&Entry> = entries
            .filter(|entry| entry.counts(&Moment::new(self.now)))
            .collect();
        let of_role = |entry: &Entry| items.get(&entry.role);
        match counting.as_slice() {
            [] => return Staying::Same,
            [entry] => match of_role(entry) {
                None => return Staying::Same,
                Some(items) if items.iter().all(is_the_same_for_all) => {
                    return Staying::AsHolder(entry.role.clone());
                }
                Some(_) => {}
            },
            _ if Arc::ptr_eq(&old.tenant().application, &tenant.application)
                && old.own.is_none()
                && new.own.is_none() =>
            {
                return Staying::Same;
            }
            _ => {}
        }
        let Some(change) = self.member(Some(old), Some(new), account) else {
            return Staying::Same;
        };
        let as_role = counting
            .iter()
            .find(|entry| of_role(entry).is_some_and(|items| alike(items, &change.items)));
        match as_role {
            Some(entry) => Staying::AsHolder(entry.role.clone()),
            None => Staying::Otherwise(change),
        }
    }

    /// What changes for a member, looked at on its own; nothing if nothing does.
    fn member(
        &self,
        old: Option<&Seen<'_>>,
        new: Option<&Seen<'_>>,
        account: &Id,
    ) -> Option<MemberChange> {
        let who = Who {
            account,
            now: self.now,
            only: None,
        };
        let rights =
            |seen: Option<&Seen<'_>>| seen.map(|seen| seen.rights(who)).unwrap_or_default();
        let items = rights::compare(&rights(old), &rights(new));
        let in_words = |seen: Option<&Seen<'_>>| {
            let entries = seen.and_then(|seen| seen.tenant().members.get(account));
            let tenant = seen.map(Seen::tenant);
            let entries = entries.into_iter().flatten().zip(std::iter::repeat(tenant));
            let words =
                entries.filter_map(|(entry, tenant)| Some(entry_words(tenant?, entry, self.now)));
            words.collect::<Vec<String>>()
        };
        let (before, after) = (in_words(old), in_words(new));
        let roles = [old, new].into_iter().flatten().flat_map(|seen| {
            let entries = seen.tenant().members.get(account).into_iter().flatten();
            entries.map(|entry| entry.role.clone())
        });
        let whose = new.or(old)?.tenant();
        (!items.is_empty() || before != after).then(|| MemberChange {
            application: whose.application.id.value.clone(),
            tenant: whose.id.value.clone(),
            account: account.clone(),
            roles: roles.collect(),
            before,
            after,
            items,
        })
    }

    /// Members that hold a role which is different here belong to what is said of it.
    fn fold(&self, items: &RoleItems, found: &mut TenantDiff) {
        let Some((application, tenant)) = found.whose.clone() else {
            return;
        };
        let shared = self.roles.get(&application);
        let is_shared = |role: &Id| {
            let (here, everywhere) = (items.get(role), shared.and_then(|shared| shared.get(role)));
            matches!((here, everywhere), (Some(here), Some(everywhere)) if Arc::ptr_eq(here, everywhere))
        };
        let (shared, special): (Vec<_>, Vec<_>) = std::mem::take(&mut found.holders)
            .into_iter()
            .partition(|(role, _)| is_shared(role));
        found.holders = shared;
        for (role, account) in special {
            let mut changes = found.roles.iter_mut();
            if let Some(change) = changes.find(|change| change.role == role) {
                change.holders.push((tenant.clone(), account));
            }
        }
    }
}

/// What becomes of a member whose entries stay.
enum Staying {
    /// Nothing changes.
    Same,
    /// Just what changes for holders of a role.
    AsHolder(Id),
    /// Something else.
    Otherwise(MemberChange),
}

fn hold(found: &mut TenantDiff, role: Id, account: &Id) {
    found.holders.push((role, account.clone()));
}

/// Whether what changes for a made-up holder changes for every member with such an entry: teams and assigned records may
/// be none, or cover what is one's own.
fn is_the_same_for_all(item: &Item) -> bool {
    let mut rows = item.before.iter().chain(&item.after);
    rows.all(|row| {
        matches!(
            row.reach,
            Reach::Tenant | Reach::Entry(Scope::SubAccount | Scope::Own)
        )
    })
}

/// Whether the same changes, but for the words in which places are named.
fn alike(one: &[Item], other: &[Item]) -> bool {
    let is_alike = |(one, other): (&Item, &Item)| {
        one.key() == other.key()
            && (one.gained, one.lost) == (other.gained, other.lost)
            && one.before.is_empty() == other.before.is_empty()
            && one.after.is_empty() == other.after.is_empty()
    };
    one.len() == other.len() && one.iter().zip(other).all(is_alike)
}

/// What of a member is said already.
struct Said {
    by_member: HashMap<Id, HashSet<(Id, Id, bool)>>,
}

impl Said {
    fn new(found: &TenantDiff, items: &RoleItems) -> Self {
        let mut by_member: HashMap<Id, HashSet<(Id, Id, bool)>> = HashMap::new();
        let mut say = |account: &Id, items: &[Item]| {
            let said = by_member.entry(account.clone()).or_default();
            for item in items {
                for (is, gained) in [(item.gained, true), (item.lost, false)] {
                    if is {
                        said.insert((item.kind.clone(), item.action.clone(), gained));
                    }
                }
            }
        };
        for change in &found.members {
            say(&change.account, &change.items);
        }
        let special = found.roles.iter().flat_map(|change| {
            let holders = change.holders.iter();
            holders.map(|(_, account)| (&change.role, account))
        });
        let shared = found.holders.iter().map(|(role, account)| (role, account));
        for (role, account) in shared.chain(special) {
            if let Some(items) = items.get(role) {
                say(account, items);
            }
        }
        Self { by_member }
    }

    fn says(&self, account: &Id, kind: &Id, action: &Id, gained: bool) -> bool {
        let said = self.by_member.get(account);
        said.is_some_and(|said| said.contains(&(kind.clone(), action.clone(), gained)))
    }
}

/// Whether a member's entries say the same on both sides, and count alike.
fn has_same_entries(before: &Tenant, after: &Tenant, account: &Id, now: i64) -> bool {
    let (Some(old), Some(new)) = (before.members.get(account), after.members.get(account)) else {
        return false;
    };
    let is_same = |(old, new): (&Entry, &Entry)| {
        old.role == new.role
            && old.sub_accounts == new.sub_accounts
            && old.teams == new.teams
            && old.status == new.status
            && old.expires == new.expires
            && old.guest.as_ref().map(|guest| &guest.tenant.value)
                == new.guest.as_ref().map(|guest| &guest.tenant.value)
            && old.counts(&Moment::new(now)) == new.counts(&Moment::new(now))
            && rights::until(old, now) == rights::until(new, now)
            && assigned(before, old).eq(assigned(after, new))
    };
    old.len() == new.len() && old.iter().zip(new).all(is_same)
}

fn assigned<'t>(tenant: &'t Tenant, entry: &'t Entry) -> impl Iterator<Item = (&'t Id, &'t Id)> {
    entry.assigned.iter().filter_map(|(kind, id)| {
        let (kind, _) = tenant.application.types.get_index(*kind)?;
        Some((kind, id))
    })
}

/// An entry in words: `manager in paris, lyon (suspended)`.
pub(crate) fn entry_words(tenant: &Tenant, entry: &Entry, now: i64) -> String {
    let mut text = entry.role.to_string();
    let list = |ids: &[Id]| {
        let ids: Vec<&str> = ids.iter().map(|id| &**id).collect();
        ids.join(", ")
    };
    if !entry.sub_accounts.is_empty() {
        text.push_str(&format!(" in {}", list(&entry.sub_accounts)));
    }
    if let Some(teams) = &entry.teams {
        text.push_str(&format!(" with the teams {}", list(teams)));
    }
    let records: Vec<String> = assigned(tenant, entry)
        .map(|(kind, id)| format!("{kind} {id}"))
        .collect();
    if !records.is_empty() {
        text.push_str(&format!(" assigned to {}", records.join(", ")));
    }
    if let Some(guest) = &entry.guest {
        text.push_str(&format!(", guest of {}", *guest.tenant));
        if !guest.is_partner {
            text.push_str(", which is no partner");
        } else if !guest.home_counts(&Moment::new(now)) {
            text.push_str(", where no entry counts");
        }
    }
    match entry.status {
        Status::Active => {}
        Status::Invited => text.push_str(", invited"),
        Status::Suspended => text.push_str(", suspended"),
    }
    if let Some(end) = entry.expires {
        let words = rights::end_in_words(end);
        text.push_str(&match end <= now {
            true => format!(", expired: {words}"),
            false => format!(", {words}"),
        });
    }
    text
}
