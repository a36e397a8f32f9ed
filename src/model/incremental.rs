//! Resolving again after an edit: only the tenants that it can have changed.
//!
//! What a tenant means depends on its own documents, its application with the accounts, the names of all tenants, and
//! the home tenants of its guests. Here only the first and the last may change; whatever else does, and whatever turns
//! out to be an error, is for [`resolve`](super::resolve) to say, so that findings never depend on what was edited.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::maps::IndexMap;

use super::members::{self, Tenants};
use super::tenant;
use super::{Id, Model, Tenant, suites};
use crate::diagnostic::Diagnostics;
use crate::document::Documents;
use crate::source::SourceId;

/// What documents say whose they are: enough to know what an edit touches.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outline {
    files: BTreeMap<SourceId, FileOutline>,
    /// The files of each tenant: its own, those that add members, those that test it.
    of_tenant: HashMap<Id, Vec<SourceId>>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct FileOutline {
    /// Tenants declared here, with their applications.
    tenants: Vec<(Id, Option<Id>)>,
    /// Tenants that get members from here.
    members_of: Vec<Id>,
    /// Tenants tested here.
    tested: Vec<Id>,
    /// Whether there is something that many tenants read: an application, accounts, raw Cedar.
    is_shared: bool,
}

impl Outline {
    /// The outline of documents.
    pub fn of(documents: &Documents) -> Self {
        let mut outline = Self::default();
        for document in &documents.applications {
            outline.file(document.id.span.source).is_shared = true;
        }
        for document in &documents.accounts {
            outline.file(document.application.span.source).is_shared = true;
        }
        for file in &documents.cedar {
            outline.file(*file).is_shared = true;
        }
        for document in &documents.tenants {
            let id = &document.id;
            let application = document.application.as_ref().map(|name| name.value.clone());
            let file = outline.file(id.span.source);
            file.tenants.push((id.value.clone(), application));
            outline.belongs(&id.value, id.span.source);
        }
        for document in &documents.members {
            let id = &document.tenant;
            let file = outline.file(id.span.source);
            file.members_of.push(id.value.clone());
            outline.belongs(&id.value, id.span.source);
        }
        for document in &documents.tests {
            let id = &document.tenant;
            let file = outline.file(id.span.source);
            file.tested.push(id.value.clone());
            outline.belongs(&id.value, id.span.source);
        }
        outline
    }

    fn file(&mut self, file: SourceId) -> &mut FileOutline {
        self.files.entry(file).or_default()
    }

    fn belongs(&mut self, tenant: &Id, file: SourceId) {
        let files = self.of_tenant.entry(tenant.clone()).or_default();
        if !files.contains(&file) {
            files.push(file);
        }
    }

    /// The tenants that files are about; nothing if they hold what cannot be taken up alone.
    pub fn tenants_of(&self, files: &[SourceId]) -> Option<HashSet<Id>> {
        let mut tenants = HashSet::new();
        for file in files {
            // A file without documents says nothing, and its neighbours are not asked.
            let Some(file) = self.files.get(file) else {
                continue;
            };
            if file.is_shared || !file.tested.is_empty() {
                return None;
            }
            tenants.extend(file.tenants.iter().map(|(id, _)| id.clone()));
            tenants.extend(file.members_of.iter().cloned());
        }
        Some(tenants)
    }

    /// Whether other documents declare the same in the same files.
    pub fn is_same_in(&self, files: &[SourceId], other: &Self) -> bool {
        files
            .iter()
            .all(|file| self.files.get(file) == other.files.get(file))
    }

    /// Every file that says something about some tenants, in order.
    pub fn files_of(&self, tenants: &HashSet<Id>) -> Vec<SourceId> {
        let files = tenants.iter().filter_map(|id| self.of_tenant.get(id));
        let mut files: Vec<SourceId> = files.flatten().copied().collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}

impl Model {
    /// Some tenants, and those that have guests from them.
    pub fn with_hosts(&self, tenants: HashSet<Id>) -> HashSet<Id> {
        let has_guests = |tenant: &Tenant| {
            let entries = tenant.members.values().flatten();
            let mut guests = entries.filter_map(|entry| entry.guest.as_ref());
            guests.any(|guest| tenants.contains(&guest.tenant.value))
        };
        let all = self.tenants.iter();
        let hosts = all.filter(|(_, tenant)| tenant.summary.guests && has_guests(tenant));
        let hosts: Vec<Id> = hosts.map(|(id, _)| id.clone()).collect();
        tenants.into_iter().chain(hosts).collect()
    }
}

/// Tenants resolved anew before those of a model.
struct Newer<'a> {
    newer: &'a IndexMap<Id, Tenant>,
    model: &'a Model,
}

impl Tenants for Newer<'_> {
    fn tenant(&self, id: &Id) -> Option<&Tenant> {
        let older = || self.model.tenants.get(id).map(|tenant| &**tenant);
        self.newer.get(id).or_else(older)
    }

    fn ids(&self) -> impl Iterator<Item = &Id> {
        self.model.tenants.keys()
    }
}

/// Resolves some tenants of a model again, from all documents that are about them; the others stay. Nothing where
/// that cannot be done alone: then, or if anything is reported, the whole is to be resolved.
pub fn resolve_again(
    model: &Model,
    mut documents: Documents,
    affected: &HashSet<Id>,
    diagnostics: &mut Diagnostics,
) -> Option<Model> {
    documents
        .tenants
        .retain(|document| affected.contains(&document.id.value));
    documents
        .members
        .retain(|document| affected.contains(&document.tenant.value));
    documents
        .tests
        .retain(|document| affected.contains(&document.tenant.value));
    let written = tenant::collect(&documents, diagnostics);
    let names: HashSet<Id> = model.tenants.keys().cloned().collect();
    let mut newer = IndexMap::default();
    for (id, written) in &written {
        let before = model.tenants.get(id)?;
        let application = before.application.clone();
        let mut tenant = tenant::tenant(written, application, &names, diagnostics);
        tenant.cedar.clone_from(&before.cedar);
        newer.insert(id.clone(), tenant);
    }
    let homes = Newer {
        newer: &newer,
        model,
    };
    let links = members::guests(&written, &newer, &homes, diagnostics);
    members::link_guests(links, &mut newer);
    if newer.len() != affected.len() || takes_members_of_others(model, &newer) {
        return None;
    }
    let mut next = model.clone();
    for (id, tenant) in newer {
        next.tenants.insert(id, tenant::finished(tenant));
    }
    // Suites stay as they are; whether what they name is still there is another matter.
    suites::resolve(&documents, &next, diagnostics);
    Some(next)
}

/// Whether an account that came into one of the newer tenants is elsewhere already, where an application forbids it.
fn takes_members_of_others(model: &Model, newer: &IndexMap<Id, Tenant>) -> bool {
    newer.iter().any(|(id, tenant)| {
        if !tenant.application.one_tenant {
            return false;
        }
        let before = model.tenants.get(id);
        let is_new = |account: &&Id| {
            before.is_none_or(|before: &Arc<Tenant>| !before.members.contains_key(*account))
        };
        let mut came = tenant.members.keys().filter(is_new);
        came.any(|account| {
            let in_newer = newer
                .iter()
                .any(|(other, tenant)| other != id && tenant.members.contains_key(account));
            let mut others = model.tenants.iter();
            in_newer
                || others.any(|(other, tenant)| {
                    other != id
                        && !newer.contains_key(other)
                        && tenant.members.contains_key(account)
                })
        })
    })
}
