//! A tenant, compiled: who is a member, and the slices that its questions need.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use smallvec::SmallVec;

use super::Reason;
use super::names::Names;
use super::slices::{Slicer, Slices};
use crate::compile::{CompiledApplication, RuleBook};
use crate::document::Status;
use crate::maps::HashMap;
use crate::model::{Entry, Grant, Id, Moment, Target, Tenant};

static NEXT_IDENTITY: AtomicU64 = AtomicU64::new(0);

/// An application with the slices of its roles.
#[derive(Debug)]
pub(crate) struct SlicedApplication {
    pub(crate) compiled: CompiledApplication,
    /// What its types and actions are called in Cedar; nothing only if a name that was made is none.
    pub(super) names: Option<Names>,
    roles: HashMap<Id, Arc<Slices>>,
}

impl SlicedApplication {
    pub(super) fn new(compiled: CompiledApplication) -> Self {
        let mut slicer = Slicer::new(&compiled.model, vec![&compiled.book]);
        let roles = compiled
            .model
            .roles
            .iter()
            .map(|(name, role)| (name.clone(), Arc::new(slicer.role(role))))
            .collect();
        let names = Names::of(&compiled.model);
        Self {
            compiled,
            names,
            roles,
        }
    }
}

/// A tenant, ready to be asked about.
#[derive(Debug)]
pub(crate) struct CompiledTenant {
    /// Its own, in the whole process: what is compiled anew has another.
    pub(super) identity: u64,
    pub(crate) model: Arc<Tenant>,
    /// Index of its application in the snapshot.
    pub(super) application_index: usize,
    pub(crate) application: Arc<SlicedApplication>,
    /// What the tenant adds to the application's rules.
    pub(crate) book: RuleBook,
    /// Slices of its own roles.
    own_roles: HashMap<Id, Arc<Slices>>,
    /// Slices of its own deny rules and raw Cedar, where it has any.
    pub(super) own_roleless: Option<Slices>,
    /// Whether raw Cedar holds here, which may name groups of actions.
    pub(super) has_raw: bool,
    /// Teams by the accounts that they list.
    teams_of: HashMap<Id, Vec<Id>>,
    /// What each delegation hands on, in the order of the model's.
    pub(super) handed_on: Vec<Slices>,
    /// Delegations by whom they go to, as indices.
    delegations_to: HashMap<Id, Vec<usize>>,
}

impl CompiledTenant {
    pub(super) fn new(
        model: Arc<Tenant>,
        application_index: usize,
        application: Arc<SlicedApplication>,
        book: RuleBook,
    ) -> Self {
        let types = &application.compiled.model;
        let own_roles = {
            let mut slicer = Slicer::new(types, vec![&application.compiled.book, &book]);
            let roles = model.roles.iter();
            roles
                .map(|(name, role)| (name.clone(), Arc::new(slicer.role(role))))
                .collect()
        };
        let own_roleless =
            (!book.rules.is_empty()).then(|| Slicer::new(types, vec![&book]).roleless());
        let has_raw = book.has_raw() || application.compiled.book.has_raw();
        let handed_on = {
            let mut slicer = Slicer::new(types, vec![&book]);
            let delegations = 0..model.delegations.len();
            delegations.map(|index| slicer.delegation(index)).collect()
        };
        let mut delegations_to: HashMap<Id, Vec<usize>> = HashMap::default();
        for (index, delegation) in model.delegations.iter().enumerate() {
            delegations_to
                .entry(delegation.to.clone())
                .or_default()
                .push(index);
        }
        let mut teams_of: HashMap<Id, Vec<Id>> = HashMap::default();
        for (team, accounts) in &model.teams {
            for account in accounts {
                let teams = teams_of.entry(account.clone()).or_default();
                if !teams.contains(team) {
                    teams.push(team.clone());
                }
            }
        }
        Self {
            identity: NEXT_IDENTITY.fetch_add(1, Ordering::Relaxed),
            model,
            application_index,
            application,
            book,
            own_roles,
            own_roleless,
            has_raw,
            teams_of,
            handed_on,
            delegations_to,
        }
    }

    /// Its application, as an index into [`Snapshot::application_ids`](super::Snapshot::application_ids).
    pub(crate) fn application_index(&self) -> usize {
        self.application_index
    }

    /// The entries of a member whom the files know.
    pub(super) fn entries(&self, account: &str) -> &[Entry] {
        self.model.members.get(account).map_or(&[], Vec::as_slice)
    }

    /// What a grant covers: under `*` with a condition, the types that have what it reads.
    fn covered<'t>(&'t self, grant: &'t Grant) -> &'t [Target] {
        let books = [&self.application.compiled.book, &self.book];
        let mut narrowed = books
            .into_iter()
            .filter_map(|book| book.narrowed.get(&grant.span));
        narrowed.next().unwrap_or(&grant.targets)
    }

    /// Whether some grant of an entry names a type and an action; `*` is any.
    pub(super) fn grants(&self, entry: &Entry, kind: &str, action: &str) -> bool {
        let types = &self.model.application.types;
        let role = self.model.role(&entry.role);
        let closure = role.into_iter().flat_map(|role| &role.closure);
        let roles = closure.filter_map(|name| self.model.role(name));
        let mut targets = roles
            .flat_map(|role| &role.grants)
            .flat_map(|grant| self.covered(grant));
        let named =
            |index: usize, kind: &str| kind == "*" || types.get_index_of(kind) == Some(index);
        let has = |actions: &[Id], action: &str| {
            action == "*" || actions.iter().any(|known| **known == *action)
        };
        targets.any(|target| named(target.kind, kind) && has(&target.actions, action))
    }

    /// The slices of a role of the application or the tenant.
    pub(super) fn slices(&self, role: &str) -> Option<&Slices> {
        let own = || self.own_roles.get(role);
        let found = self.application.roles.get(role).or_else(own)?;
        Some(found)
    }

    /// The delegations that go to a member, as indices.
    pub(super) fn delegations_to(&self, account: &str) -> &[usize] {
        self.delegations_to.get(account).map_or(&[], Vec::as_slice)
    }

    /// The teams that list an account.
    pub(super) fn teams_of(&self, account: &str) -> &[Id] {
        self.teams_of.get(account).map_or(&[], Vec::as_slice)
    }

    /// The teams of an entry: those that it names, else all that list the member.
    pub(crate) fn entry_teams<'t>(&'t self, account: &str, entry: &'t Entry) -> &'t [Id] {
        match &entry.teams {
            Some(teams) => teams,
            None => self.teams_of(account),
        }
    }

    /// Whether a sub-account is one of those named, or lies below one. Unknown ones do not.
    /// In a tenant that no file names each stands alone.
    pub(super) fn lies_within(&self, sub_account: &str, named: &[Id]) -> bool {
        if !self.model.declared {
            return named.iter().any(|id| **id == *sub_account);
        }
        let parents = &self.model.sub_accounts;
        let mut at = parents.get_key_value(sub_account).map(|(id, _)| id);
        while let Some(id) = at {
            if named.contains(id) {
                return true;
            }
            at = parents.get(id).and_then(Option::as_ref);
        }
        false
    }
}

/// Entries of one member: few have more than two.
pub(super) type Entries<'e> = SmallVec<[&'e Entry; 2]>;

/// The entries of a member that count at an instant, or why none does.
pub(super) fn counting<'e>(entries: &'e [Entry], now: &Moment) -> Result<Entries<'e>, Reason> {
    let mut counting = Entries::new();
    let mut why_not = Reason::NotAMember;
    for entry in entries {
        match why_nothing(entry, now) {
            None => counting.push(entry),
            Some(reason) => why_not = why_not.min(reason),
        }
    }
    if counting.is_empty() {
        Err(why_not)
    } else {
        Ok(counting)
    }
}

/// Why an entry counts for nothing: the first of the reasons in their order.
fn why_nothing(entry: &Entry, now: &Moment) -> Option<Reason> {
    if entry.status == Status::Suspended {
        return Some(Reason::MembershipSuspended);
    }
    if entry.expires.is_some_and(|end| now.has_reached(end)) {
        return Some(Reason::MembershipExpired);
    }
    if entry.status == Status::Invited {
        return Some(Reason::MembershipInvited);
    }
    let guest = entry.guest.as_ref();
    (!guest.is_none_or(|guest| guest.home_counts(now))).then_some(Reason::GuestHomeLost)
}
