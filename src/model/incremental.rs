//! Resolving again after an edit: only the tenants that it can have changed.
//!
//! What a tenant means depends on its own documents, its application with the accounts, the names of all tenants, and
//! the home tenants of its guests. Here applications and accounts stay; tenants may change, come, and go where nothing
//! else names them. Whatever else changes, and whatever turns out to be an error, is for [`resolve`](super::resolve) to
//! say, so that findings never depend on what was edited.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::maps::IndexMap;

use super::members::{self, Tenants};
use super::tenant::{self, Written};
use super::{Application, Id, Model, Tenant, suites};
use crate::diagnostic::Diagnostics;
use crate::document::Documents;
use crate::source::{Difference, SourceId};

/// What documents say whose they are: enough to know what an edit touches.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outline {
    files: BTreeMap<SourceId, FileOutline>,
    /// The files of each tenant: its own, those that add members, those that test it.
    of_tenant: HashMap<Id, Vec<SourceId>>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
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

    /// This outline after an edit, where `documents` are those of all files that changed or came. Nothing where it is
    /// the same as before.
    pub fn after(&self, difference: &Difference, documents: &Documents) -> Option<Self> {
        let newer = Self::of(documents);
        let touched = || {
            let Difference {
                changed,
                came,
                went,
            } = difference;
            changed.iter().chain(came).chain(went)
        };
        if touched().all(|file| self.files.get(file) == newer.files.get(file)) {
            return None;
        }
        let mut outline = self.clone();
        for file in touched() {
            for tenant in outline.files.remove(file).iter().flat_map(FileOutline::ids) {
                if let Some(files) = outline.of_tenant.get_mut(tenant) {
                    files.retain(|other| other != file);
                }
            }
        }
        for (file, said) in newer.files {
            for tenant in said.ids() {
                outline.belongs(tenant, file);
            }
            outline.files.insert(file, said);
        }
        outline.of_tenant.retain(|_, files| !files.is_empty());
        Some(outline)
    }

    /// Whether there are files about a tenant.
    fn names(&self, tenant: &Id) -> bool {
        self.of_tenant.contains_key(tenant)
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

impl FileOutline {
    /// The tenants that the file is about.
    fn ids(&self) -> impl Iterator<Item = &Id> {
        let declared = self.tenants.iter().map(|(id, _)| id);
        declared.chain(&self.members_of).chain(&self.tested)
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
    names: &'a HashSet<Id>,
}

impl Tenants for Newer<'_> {
    fn tenant(&self, id: &Id) -> Option<&Tenant> {
        let older = || self.model.tenants.get(id).map(|tenant| &**tenant);
        let found = self.newer.get(id).or_else(older);
        found.filter(|_| self.names.contains(id))
    }

    fn ids(&self) -> impl Iterator<Item = &Id> {
        self.names.iter()
    }
}

/// The tenants that come and go with an edit.
#[derive(Debug, Default)]
struct Moves {
    came: Vec<Id>,
    gone: HashSet<Id>,
}

impl Moves {
    fn of(model: &Model, written: &IndexMap<Id, Written<'_>>, affected: &HashSet<Id>) -> Self {
        let came = written.keys().filter(|id| !model.tenants.contains_key(*id));
        let is_gone = |id: &&Id| model.tenants.contains_key(*id) && !written.contains_key(*id);
        Self {
            came: came.cloned().collect(),
            gone: affected.iter().filter(is_gone).cloned().collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.came.is_empty() && self.gone.is_empty()
    }

    /// Whether they concern nobody but the tenants that are resolved again.
    fn stay_alone(&self, model: &Model, affected: &HashSet<Id>, outline: &Outline) -> bool {
        if self.is_empty() {
            return true;
        }
        // Whose a file of raw Cedar is depends on what lies beside it.
        let raw = |tenant: &Arc<Tenant>| !tenant.cedar.is_empty();
        let mut applications = model.applications.values();
        if applications.any(|application| !application.cedar.is_empty())
            || model.tenants.values().any(raw)
        {
            return false;
        }
        // Cases may name any tenant.
        if !self.gone.is_empty()
            && (!model.suites.is_empty() || self.gone.iter().any(|id| outline.names(id)))
        {
            return false;
        }
        let names_gone = |(id, tenant): (&Id, &Arc<Tenant>)| {
            !affected.contains(id) && tenant.partners.iter().any(|id| self.gone.contains(id))
        };
        !model.tenants.iter().any(names_gone)
    }
}

/// Resolves some tenants of a model again, from all documents that are about them; the others stay. `outline` is that
/// of the folder now. Nothing where that cannot be done alone: then, or if anything is reported, the whole is to be
/// resolved.
pub fn resolve_again(
    model: &Model,
    mut documents: Documents,
    affected: &HashSet<Id>,
    outline: &Outline,
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
    let moves = Moves::of(model, &written, affected);
    if !moves.stay_alone(model, affected, outline) {
        return None;
    }
    let known = model.tenants.keys().filter(|id| !moves.gone.contains(*id));
    let names: HashSet<Id> = known.chain(&moves.came).cloned().collect();
    let mut newer = IndexMap::default();
    for (id, written) in &written {
        let application = application_of(model, id, written)?;
        let mut tenant = tenant::tenant(written, application, &names, diagnostics);
        if let Some(before) = model.tenants.get(id) {
            tenant.cedar.clone_from(&before.cedar);
        }
        newer.insert(id.clone(), tenant);
    }
    let homes = Newer {
        newer: &newer,
        model,
        names: &names,
    };
    let links = members::guests(&written, &newer, &homes, diagnostics);
    members::link_guests(links, &mut newer);
    if newer.len() + moves.gone.len() != affected.len() || takes_members_of_others(model, &newer) {
        return None;
    }
    let mut next = model.clone();
    let is_moved = |(id, tenant): (&Id, &Tenant)| {
        let before = model.tenants.get(id);
        before.is_none_or(|before| before.id.span != tenant.id.span)
    };
    let moved = !moves.is_empty() || newer.iter().any(is_moved);
    next.tenants.retain(|id, _| !moves.gone.contains(id));
    for (id, tenant) in newer {
        next.tenants.insert(id, tenant::finished(tenant));
    }
    if moved {
        // In the order of files, as if all were read for the first time.
        next.tenants
            .sort_by(|_, one, _, other| one.id.span.cmp(&other.id.span));
    }
    if next.tenants.is_empty() {
        return None;
    }
    // Suites stay as they are; whether what they name is still there is another matter.
    suites::resolve(&documents, &next, diagnostics);
    Some(next)
}

/// The application of a tenant that stays in its application, or comes into one that has its members in files.
fn application_of(model: &Model, id: &Id, written: &Written<'_>) -> Option<Arc<Application>> {
    let name = written.document.application.as_ref()?;
    match model.tenants.get(id) {
        Some(before) => {
            let application = &before.application;
            (application.id.value == name.value).then(|| application.clone())
        }
        None => {
            let application = model.applications.get(&name.value)?;
            (!application.membership_request).then(|| application.clone())
        }
    }
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
