//! Who gains and who loses what, from one snapshot to another.
//!
//! Exact over all that is finite: members, types, actions, and the places that a tenant has. Each member's
//! [rights](crate::rights) before are compared with those after; what is the same for everybody who holds a role is said
//! once. What conditions read is not finite: a condition that is written otherwise is shown as changed, with the cases
//! of the `tests` documents that it turns.
//!
//! Little is looked at that did not change: tenants that an incremental compilation took over are skipped, members
//! whose entries are what they were are looked at as holders of their role.

mod declared;
mod render;
mod resources;
mod tenant;
mod turned;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use render::{code, rows_json};
pub use render::{human, json, markdown};
pub(crate) use tenant::entry_words;
pub use turned::Turned;

use crate::compile::CompiledApplication;
use crate::model::{Id, Model};
use crate::parallel;
use crate::pipeline::Outcome;
use crate::rights::{self, Book, Item, Scene};
use crate::snapshot::{CompiledTenant, Snapshot};
use crate::source::Sources;

/// Tenants that one thread compares at a time.
const TENANTS_AT_ONCE: usize = 64;

/// Which way a difference goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Something may be allowed that was not.
    Gain,
    /// Something is denied that was not.
    Loss,
    /// That depends on the questions.
    Either,
    /// By itself nothing is allowed or denied by it.
    Neutral,
}

/// A difference in what is declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The application.
    pub application: Id,
    /// The tenant, if it is about one.
    pub tenant: Option<Id>,
    /// What is different, in a sentence.
    pub text: String,
    /// Which way it goes.
    pub effect: Effect,
}

/// Whether something is there on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// After alone.
    Added,
    /// Before alone.
    Removed,
    /// On both sides.
    Kept,
}

/// What changes for whoever holds a role.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleChange {
    /// The application.
    pub application: Id,
    /// The tenant, if the role is its own or is different there.
    pub tenant: Option<Id>,
    /// The role.
    pub role: Id,
    /// Whether it is new or gone.
    pub presence: Presence,
    /// What changes; scopes are words.
    pub items: Vec<Item>,
    /// Members for whom just this changes, by tenant and account.
    pub holders: Vec<(Id, Id)>,
}

/// What changes for a member whose entries, places or delegations changed, or who holds several roles.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberChange {
    /// The application.
    pub application: Id,
    /// The tenant.
    pub tenant: Id,
    /// The account.
    pub account: Id,
    /// The roles that its entries name, before or after.
    pub roles: BTreeSet<Id>,
    /// Its entries before, in words.
    pub before: Vec<String>,
    /// Its entries after.
    pub after: Vec<String>,
    /// What changes.
    pub items: Vec<Item>,
}

/// A member that may do something to a record or another member, or no longer, because that stands elsewhere now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reached {
    /// The application.
    pub application: Id,
    /// The tenant.
    pub tenant: Id,
    /// The type of what moved.
    pub kind: Id,
    /// Its id.
    pub id: Id,
    /// Who reaches it differently.
    pub account: Id,
    /// Doing what.
    pub action: Id,
    /// Whether it is allowed now.
    pub allowed: bool,
}

/// Everything that is different.
#[derive(Debug, Default)]
pub struct Diff {
    /// Revision and number of files before and after.
    pub revisions: [String; 2],
    /// The moment that entries and delegations are looked at, in milliseconds since 1970.
    pub at: i64,
    /// What is declared otherwise.
    pub facts: Vec<Fact>,
    /// What changes by role.
    pub roles: Vec<RoleChange>,
    /// What changes by member.
    pub members: Vec<MemberChange>,
    /// What members and records that moved are reached by.
    pub reached: Vec<Reached>,
    /// Cases of the tests that are answered otherwise.
    pub cases: Vec<Turned>,
    /// For what is written by type: every action of each, by application, type and on which side it is known.
    vocabulary: HashMap<(Id, Id), BTreeSet<Id>>,
}

impl Diff {
    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
            && self.roles.is_empty()
            && self.members.is_empty()
            && self.reached.is_empty()
            && self.cases.is_empty()
    }

    /// Whether anybody may gain something: a condition that is written otherwise may be a wider one.
    pub fn widens(&self) -> bool {
        let gains = |items: &[Item]| items.iter().any(|item| item.gained);
        self.facts
            .iter()
            .any(|fact| matches!(fact.effect, Effect::Gain | Effect::Either))
            || self.roles.iter().any(|role| gains(&role.items))
            || self.members.iter().any(|member| gains(&member.items))
            || self.reached.iter().any(|reached| reached.allowed)
            || self.cases.iter().any(|case| case.allowed)
    }

    /// What is said to change of an action of a type for a member.
    pub fn says(&self, tenant: &str, account: &str, kind: &str, action: &str) -> Vec<&Item> {
        let members = self.members.iter();
        let members = members
            .filter(|member| *member.tenant == *tenant && *member.account == *account)
            .flat_map(|member| &member.items);
        let holds = |role: &&RoleChange| {
            let mut holders = role.holders.iter();
            holders.any(|(in_tenant, holder)| **in_tenant == *tenant && **holder == *account)
        };
        let roles = self.roles.iter().filter(holds).flat_map(|role| &role.items);
        members
            .chain(roles)
            .filter(|item| *item.kind == *kind && *item.action == *action)
            .collect()
    }
}

/// One of the two that are compared: policies that compile.
#[derive(Debug, Clone, Copy)]
pub struct Side<'s> {
    pub(crate) model: &'s Model,
    pub(crate) snapshot: &'s Snapshot,
    pub(crate) sources: &'s Sources,
}

impl<'s> Side<'s> {
    /// What came of a folder; nothing if it does not compile.
    pub fn of(outcome: &'s Outcome) -> Option<Self> {
        Some(Self {
            model: &outcome.model,
            snapshot: outcome.snapshot.as_ref()?,
            sources: &outcome.sources,
        })
    }
}

/// An application on one side.
struct Shared<'s> {
    compiled: &'s CompiledApplication,
    book: Book<'s>,
}

impl<'s> Shared<'s> {
    fn scene<'a>(&'a self) -> Scene<'a> {
        Scene {
            application: &self.compiled.model,
            tenant: None,
            shared: &self.book,
            own: None,
        }
    }
}

/// A side, ready to be looked things up in.
struct World<'s> {
    side: Side<'s>,
    applications: HashMap<&'s str, Shared<'s>>,
    tenants: HashMap<&'s str, &'s CompiledTenant>,
}

impl<'s> World<'s> {
    fn new(side: Side<'s>) -> Self {
        let applications = side.snapshot.compiled_applications().map(|compiled| {
            let book = Book::of_application(&compiled.model, &compiled.book);
            (&*compiled.model.id.value, Shared { compiled, book })
        });
        let tenants = side.snapshot.tenants();
        Self {
            side,
            applications: applications.collect(),
            tenants: tenants
                .map(|tenant| (&*tenant.model.id.value, tenant))
                .collect(),
        }
    }
}

/// What changes by role in the tenants of an application that add nothing of their own.
type RoleItems = HashMap<Id, Arc<Vec<Item>>>;

/// The comparison under way.
struct Comparison<'s> {
    old: World<'s>,
    new: World<'s>,
    now: i64,
    /// By application.
    roles: HashMap<Id, RoleItems>,
}

/// How far a comparison is.
#[derive(Debug, Default)]
pub struct Progress {
    /// Tenants compared.
    pub done: AtomicUsize,
    /// Tenants in all.
    pub total: AtomicUsize,
}

/// Compares two sides at a moment, in milliseconds since 1970.
pub fn diff(before: Side<'_>, after: Side<'_>, now: i64, progress: &Progress) -> Diff {
    let mut comparison = Comparison {
        old: World::new(before),
        new: World::new(after),
        now,
        roles: HashMap::new(),
    };
    let mut diff = Diff {
        at: now,
        revisions: [before, after].map(|side| side.snapshot.revision().to_owned()),
        ..Diff::default()
    };
    comparison.applications(&mut diff);
    let ids: BTreeSet<&str> = [before, after]
        .iter()
        .flat_map(|side| side.model.tenants.keys().map(|id| &**id))
        .collect();
    let ids: Vec<&str> = ids
        .into_iter()
        .filter(|id| comparison.may_differ(id))
        .collect();
    progress.total.store(ids.len(), Ordering::Relaxed);
    let found = parallel::map(&ids, TENANTS_AT_ONCE, |ids| {
        let compare = |id: &&str| {
            progress.done.fetch_add(1, Ordering::Relaxed);
            comparison.tenant(id)
        };
        ids.iter().map(compare).collect::<Vec<_>>()
    });
    for of_tenant in found.into_iter().flatten() {
        diff.add(of_tenant);
    }
    diff.cases = turned::turned(before, after, now);
    diff.roles
        .retain(|role| role.presence != Presence::Kept || !role.items.is_empty());
    diff.roles.sort_by(|a, b| {
        (&a.application, &a.tenant, &a.role).cmp(&(&b.application, &b.tenant, &b.role))
    });
    diff
}

impl Diff {
    fn add(&mut self, of_tenant: tenant::TenantDiff) {
        self.facts.extend(of_tenant.facts);
        self.members.extend(of_tenant.members);
        self.reached.extend(of_tenant.reached);
        self.roles.extend(of_tenant.roles);
        let Some((application, tenant)) = of_tenant.whose else {
            return;
        };
        for (role, account) in of_tenant.holders {
            let mut shared = self.roles.iter_mut();
            let found = shared.find(|change| {
                change.tenant.is_none() && change.application == application && change.role == role
            });
            if let Some(change) = found {
                change.holders.push((tenant.clone(), account));
            }
        }
    }
}

impl<'s> Comparison<'s> {
    /// Compares what all tenants of each application share.
    fn applications(&mut self, diff: &mut Diff) {
        let ids: BTreeSet<&str> = [&self.old, &self.new]
            .iter()
            .flat_map(|world| world.applications.keys().copied())
            .collect();
        for id in ids {
            let (old, new) = (self.old.applications.get(id), self.new.applications.get(id));
            for shared in [old, new].into_iter().flatten() {
                let application = &shared.compiled.model;
                for (kind, declared) in &application.types {
                    let key = (application.id.value.clone(), kind.clone());
                    let known = diff.vocabulary.entry(key).or_default();
                    known.extend(declared.actions.iter().cloned());
                }
            }
            declared::application(self.old.side, self.new.side, old, new, &mut diff.facts);
            let roles = role_changes(id, old.map(Shared::scene), new.map(Shared::scene));
            let items = roles
                .iter()
                .filter(|change| !change.items.is_empty())
                .map(|change| (change.role.clone(), Arc::new(change.items.clone())));
            self.roles.insert(id.into(), items.collect());
            diff.roles.extend(roles);
        }
    }

    /// Whether a tenant can have changed: what was taken over from one compilation to the other has not.
    fn may_differ(&self, id: &str) -> bool {
        match (self.old.tenants.get(id), self.new.tenants.get(id)) {
            (Some(old), Some(new)) => !Arc::ptr_eq(&old.model, &new.model),
            _ => true,
        }
    }
}

/// What changes for those who hold one of an application's roles and no other.
fn role_changes(
    application: &str,
    old: Option<Scene<'_>>,
    new: Option<Scene<'_>>,
) -> Vec<RoleChange> {
    let names = |scene: Option<Scene<'_>>| -> BTreeSet<Id> {
        let roles = scene
            .into_iter()
            .flat_map(|scene| scene.application.roles.keys());
        roles.cloned().collect()
    };
    let (before, after) = (names(old), names(new));
    before
        .union(&after)
        .map(|role| RoleChange {
            application: application.into(),
            tenant: None,
            role: role.clone(),
            presence: presence(before.contains(role), after.contains(role)),
            items: role_items(old, new, role),
            holders: Vec::new(),
        })
        .collect()
}

/// What changes for those who hold one role and no other.
fn role_items(old: Option<Scene<'_>>, new: Option<Scene<'_>>, role: &str) -> Vec<Item> {
    let of = |scene: Option<Scene<'_>>| {
        scene
            .map(|scene| rights::of_role(scene, role))
            .unwrap_or_default()
    };
    rights::compare(&of(old), &of(new))
}

fn presence(before: bool, after: bool) -> Presence {
    match (before, after) {
        (false, true) => Presence::Added,
        (true, false) => Presence::Removed,
        _ => Presence::Kept,
    }
}
