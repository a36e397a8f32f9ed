//! Whose a file of raw Cedar is: that of the application or tenant whose document lies in the same folder or the
//! nearest above.

use std::collections::HashMap;

use super::Id;
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Documents, Name};
use crate::source::{SourceId, Sources, Span};

/// Files of raw Cedar by whom they belong to.
#[derive(Debug, Default)]
pub(super) struct Owners {
    applications: HashMap<Id, Vec<SourceId>>,
    tenants: HashMap<Id, Vec<SourceId>>,
}

impl Owners {
    pub(super) fn of_application(&self, id: &Id) -> Vec<SourceId> {
        self.applications.get(id).cloned().unwrap_or_default()
    }

    pub(super) fn of_tenant(&self, id: &Id) -> Vec<SourceId> {
        self.tenants.get(id).cloned().unwrap_or_default()
    }
}

/// The documents that lie in one folder.
#[derive(Default)]
struct Folder<'d> {
    applications: Vec<&'d Id>,
    /// Tenants with the application that each names.
    tenants: Vec<(&'d Id, Option<&'d Id>)>,
}

/// Finds the owner of each file of raw Cedar; one that has none, or several, is reported.
pub(super) fn owners(
    documents: &Documents,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Owners {
    let mut owners = Owners::default();
    if documents.cedar.is_empty() {
        return owners;
    }
    let folders = folders(documents, sources);
    for file in &documents.cedar {
        let path = sources.get(*file).map_or("", |file| file.path());
        let mut at = parent(path);
        let nearest = loop {
            match (at.and_then(|folder| folders.get(folder)), at) {
                (Some(found), _) => break Some(found),
                (None, Some(folder)) => at = parent(folder),
                (None, None) => break None,
            }
        };
        match owner(nearest) {
            Ok(Owner::Application(id)) => {
                owners
                    .applications
                    .entry(id.clone())
                    .or_default()
                    .push(*file);
            }
            Ok(Owner::Tenant(id)) => owners.tenants.entry(id.clone()).or_default().push(*file),
            Err(why) => {
                let span = Span {
                    source: *file,
                    start: 0,
                    end: 0,
                };
                diagnostics.report(Code::CedarPlace, span, why).help(
                    "put it into a folder with the one application or tenant that it belongs to",
                );
            }
        }
    }
    owners
}

fn folders<'d>(documents: &'d Documents, sources: &'d Sources) -> HashMap<&'d str, Folder<'d>> {
    let mut folders: HashMap<&str, Folder<'_>> = HashMap::new();
    let folder_of = |name: &Name| {
        let path = sources.get(name.span.source).map_or("", |file| file.path());
        parent(path).unwrap_or_default()
    };
    for application in &documents.applications {
        let folder = folders.entry(folder_of(&application.id)).or_default();
        folder.applications.push(&application.id.value);
    }
    for tenant in &documents.tenants {
        let folder = folders.entry(folder_of(&tenant.id)).or_default();
        let application = tenant.application.as_ref().map(|name| &name.value);
        folder.tenants.push((&tenant.id.value, application));
    }
    folders
}

/// The folder of a path; the policy folder itself is the empty path, and has none.
fn parent(path: &str) -> Option<&str> {
    if path.is_empty() {
        return None;
    }
    Some(path.rsplit_once('/').map_or("", |(folder, _)| folder))
}

enum Owner<'d> {
    Application(&'d Id),
    Tenant(&'d Id),
}

fn owner<'d>(folder: Option<&Folder<'d>>) -> Result<Owner<'d>, &'static str> {
    let Some(folder) = folder else {
        return Err("no application or tenant lies in this folder or above it");
    };
    match (folder.applications.as_slice(), folder.tenants.as_slice()) {
        ([application], tenants) => {
            let is_its = |(_, of): &(&Id, Option<&Id>)| *of == Some(*application);
            match tenants.iter().all(is_its) {
                true => Ok(Owner::Application(application)),
                false => Err("an application and a tenant of another lie in this folder"),
            }
        }
        ([], [(tenant, _)]) => Ok(Owner::Tenant(tenant)),
        ([], _) => Err("several tenants lie in this folder, and none of their applications"),
        (_, _) => Err("several applications lie in this folder"),
    }
}
