//! Tenants: sub-accounts, teams, partners, records, own roles and deny rules.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::maps::{IndexMap, IndexSet};

use super::accounts::typed;
use super::raw::Owners;
use super::rules;
use super::unknown::{self, Kind};
use super::{Application, Id, Record, Summary, Tenant, delegations, members};
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Documents, MembersDoc, Name, Node, TenantDoc, Value};
use crate::value::Typed;

/// A tenant's documents: its own and those that add members to it.
pub(super) struct Written<'d> {
    pub(super) document: &'d TenantDoc,
    pub(super) more: Vec<&'d MembersDoc>,
}

/// Resolves every tenant.
pub(super) fn resolve(
    documents: &Documents,
    applications: &IndexMap<Id, Arc<Application>>,
    raw: &Owners,
    diagnostics: &mut Diagnostics,
) -> IndexMap<Id, Arc<Tenant>> {
    let written = collect(documents, diagnostics);
    let names: HashSet<Id> = written.keys().cloned().collect();
    let mut tenants = IndexMap::default();
    for (id, written) in &written {
        let Some(application) = application(written.document, applications, diagnostics) else {
            continue;
        };
        let mut tenant = tenant(written, application, &names, diagnostics);
        tenant.cedar = raw.of_tenant(id);
        tenants.insert(id.clone(), tenant);
    }
    let links = members::guests(&written, &tenants, &tenants, diagnostics);
    members::link_guests(links, &mut tenants);
    members::one_tenant(&written, &tenants, diagnostics);
    tenants
        .into_iter()
        .map(|(id, tenant)| (id, finished(tenant)))
        .collect()
}

/// A tenant with everything known.
pub(super) fn finished(mut tenant: Tenant) -> Arc<Tenant> {
    tenant.summary = Summary::of(&tenant);
    Arc::new(tenant)
}

pub(super) fn collect<'d>(
    documents: &'d Documents,
    diagnostics: &mut Diagnostics,
) -> IndexMap<Id, Written<'d>> {
    let mut written: IndexMap<Id, Written<'d>> = IndexMap::default();
    for document in &documents.tenants {
        let id = &document.id;
        if let Some(first) = written.get(&id.value) {
            let message = format!("the tenant `{}` is declared twice", **id);
            diagnostics
                .report(Code::DuplicateId, id.span, message)
                .first(first.document.id.span)
                .help("tenant ids are unique in the whole folder, over all applications");
            continue;
        }
        let more = Vec::new();
        written.insert(id.value.clone(), Written { document, more });
    }
    for document in &documents.members {
        let name = &document.tenant;
        match written.get_mut(&name.value) {
            Some(tenant) => tenant.more.push(document),
            None => unknown::report(Kind::Tenant, name, written.keys(), diagnostics),
        }
    }
    written
}

fn application(
    document: &TenantDoc,
    applications: &IndexMap<Id, Arc<Application>>,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<Application>> {
    let name = document.application.as_ref()?;
    let found = applications.get(&name.value).cloned();
    if found.is_none() {
        unknown::report(Kind::Application, name, applications.keys(), diagnostics);
    }
    found
}

fn partners(document: &TenantDoc, names: &HashSet<Id>, diagnostics: &mut Diagnostics) {
    for partner in &document.partners {
        if !names.contains(&partner.value) {
            unknown::report(Kind::Tenant, partner, names, diagnostics);
        }
    }
}

/// Resolves a tenant; `names` are those of all tenants.
pub(super) fn tenant(
    written: &Written<'_>,
    application: Arc<Application>,
    names: &HashSet<Id>,
    diagnostics: &mut Diagnostics,
) -> Tenant {
    let document = written.document;
    partners(document, names, diagnostics);
    let sub_accounts = sub_accounts(document, diagnostics);
    for (name, _) in &document.roles {
        if let Some(first) = application.roles.get(&name.value) {
            let message = format!("the application has a role `{}` already", **name);
            diagnostics
                .report(Code::DuplicateId, name.span, message)
                .first(first.name.span)
                .help("choose another name; it may inherit from the application's role");
        }
    }
    let vocabulary = application.vocabulary();
    let mut roles = rules::roles(
        &document.roles,
        &vocabulary,
        &application.roles,
        diagnostics,
    );
    roles.retain(|name, _| !application.roles.contains_key(name));
    let known: Vec<Id> = application
        .roles
        .keys()
        .chain(roles.keys())
        .cloned()
        .collect();
    let knows = |name: &str| known.iter().any(|id| &**id == name);
    let denies = rules::denies(&document.deny, &vocabulary, &knows, &known, diagnostics);
    let mut tenant = Tenant {
        id: document.id.clone(),
        sub_accounts,
        teams: IndexMap::default(),
        partners: document
            .partners
            .iter()
            .map(|name| name.value.clone())
            .collect(),
        roles,
        denies,
        records: HashMap::new(),
        members: IndexMap::default(),
        delegations: Vec::new(),
        cedar: Vec::new(),
        declared: true,
        summary: Summary::default(),
        application: application.clone(),
    };
    if application.membership_request {
        no_members_in_files(written, diagnostics);
    } else {
        members::resolve(written, &mut tenant, diagnostics);
        tenant.delegations = delegations::resolve(written, &tenant, diagnostics);
    }
    tenant.records = records(document, &tenant, diagnostics);
    tenant
}

/// Where memberships come with the request, files that declared some would only seem to count.
fn no_members_in_files(written: &Written<'_>, diagnostics: &mut Diagnostics) {
    let document = written.document;
    let keys = [
        ("members", document.members_key),
        ("teams", document.teams_key),
        ("delegations", document.delegations_key),
    ];
    let written_keys = keys
        .into_iter()
        .filter_map(|(key, span)| Some((format!("`{key}`"), span?)));
    let more = written
        .more
        .iter()
        .map(|more| ("`members_of`".to_owned(), more.tenant.span));
    for (what, span) in written_keys.chain(more) {
        diagnostics
            .report(
                Code::MembershipRequest,
                span,
                format!("{what} cannot be declared: the application says `membership: request`"),
            )
            .help("the app sends who its members are, in `subject.properties.memberships`");
    }
}

fn sub_accounts(document: &TenantDoc, diagnostics: &mut Diagnostics) -> IndexMap<Id, Option<Id>> {
    let names: HashSet<Id> = document
        .sub_accounts
        .iter()
        .map(|(name, _)| name.value.clone())
        .collect();
    let mut parents: IndexMap<Id, Option<Id>> = IndexMap::default();
    for (name, written) in &document.sub_accounts {
        let parent = written.parent.as_ref().filter(|parent| {
            let known = names.contains(&parent.value);
            if !known {
                unknown::report(Kind::SubAccount, parent, &names, diagnostics);
            }
            known
        });
        parents.insert(
            name.value.clone(),
            parent.map(|parent| parent.value.clone()),
        );
    }
    cut_circles(document, &mut parents, diagnostics);
    parents
}

/// Reports each circle of parents once, at the sub-account declared first, and cuts it there.
fn cut_circles(
    document: &TenantDoc,
    parents: &mut IndexMap<Id, Option<Id>>,
    diagnostics: &mut Diagnostics,
) {
    let mut settled: HashSet<Id> = HashSet::new();
    for (name, _) in &document.sub_accounts {
        let mut path: IndexSet<Id> = IndexSet::default();
        let mut at = Some(name.value.clone());
        while let Some(id) = at.filter(|id| !settled.contains(id)) {
            at = parents.get(&id).cloned().flatten();
            if let Some(start) = path.get_index_of(&id) {
                let circle: Vec<Id> = path.iter().skip(start).cloned().collect();
                cut_circle(circle, document, parents, diagnostics);
                break;
            }
            path.insert(id);
        }
        settled.extend(path);
    }
}

fn cut_circle(
    mut circle: Vec<Id>,
    document: &TenantDoc,
    parents: &mut IndexMap<Id, Option<Id>>,
    diagnostics: &mut Diagnostics,
) {
    let declared = |id: &Id| parents.get_index_of(id).unwrap_or(usize::MAX);
    let first = (0..circle.len()).min_by_key(|at| circle.get(*at).map(declared));
    circle.rotate_left(first.unwrap_or(0));
    let Some(id) = circle.first() else { return };
    let mut written = document.sub_accounts.iter();
    let found = written.find(|(name, _)| name.value == *id);
    if let Some(parent) = found.and_then(|(_, written)| written.parent.as_ref()) {
        let message = format!(
            "`parent` goes round in a circle: {}",
            rules::circle(&circle)
        );
        diagnostics.report(Code::Cycle, parent.span, message);
    }
    parents.insert(id.clone(), None);
}

fn records(
    document: &TenantDoc,
    tenant: &Tenant,
    diagnostics: &mut Diagnostics,
) -> HashMap<usize, IndexMap<Id, Record>> {
    let types = &tenant.application.types;
    let mut records: HashMap<usize, IndexMap<Id, Record>> = HashMap::new();
    for (kind, written) in &document.records {
        let Some((index, _, resource_type)) = types.get_full(&kind.value) else {
            unknown::report(Kind::ResourceType, kind, types.keys(), diagnostics);
            continue;
        };
        let of_type = records.entry(index).or_default();
        for (id, node) in written {
            let record = record(node, resource_type, tenant, diagnostics);
            of_type.insert(id.value.clone(), record);
        }
    }
    records
}

fn record(
    node: &Node,
    resource_type: &super::ResourceType,
    tenant: &Tenant,
    diagnostics: &mut Diagnostics,
) -> Record {
    let attributes = &resource_type.readable;
    let mut record = Record::new();
    let pairs = match &node.value {
        Value::Mapping(pairs) => pairs.as_slice(),
        _ if node.is_null() => &[],
        _ => {
            let message = format!(
                "a record must be a mapping of attributes, not {}",
                node.in_words()
            );
            diagnostics.report(Code::WrongType, node.span, message);
            &[]
        }
    };
    for (key, value) in pairs {
        let Some(scalar) = key.scalar() else { continue };
        let name = Name::new(scalar.text.clone(), key.span);
        let Some(kind) = attributes.get(&name.value).filter(|_| &*name.value != "id") else {
            diagnostics
                .report(
                    Code::UnknownAttribute,
                    name.span,
                    format!("a record of this type has no attribute `{}`", *name),
                )
                .suggest(&name, attributes.keys().map(|id| &**id));
            continue;
        };
        let is_id = !resource_type.attributes.contains_key(&name.value);
        if let Some(value_typed) = typed(value, *kind, &name, is_id, diagnostics) {
            check_places(&name, &value_typed, value, tenant, diagnostics);
            record.insert(name.value.clone(), value_typed);
        }
    }
    record
}

/// A record that names a sub-account or team must name one that exists.
fn check_places(
    name: &Name,
    value: &Typed,
    node: &Node,
    tenant: &Tenant,
    diagnostics: &mut Diagnostics,
) {
    let is_sub_account = match &*name.value {
        "sub_account" | "sub_accounts" => true,
        // Where memberships come with the request, no file declares teams.
        "team" | "teams" if !tenant.application.membership_request => false,
        _ => return,
    };
    let named: Vec<Name> = match (value, &node.value) {
        (Typed::StringSet(_), Value::List(items)) => items
            .iter()
            .filter_map(|item| Some(Name::new(item.scalar()?.text.clone(), item.span)))
            .collect(),
        (Typed::String(text), _) => vec![Name::new((**text).into(), node.span)],
        _ => Vec::new(),
    };
    for place in named {
        if is_sub_account && !tenant.sub_accounts.contains_key(&place.value) {
            unknown::report(
                Kind::SubAccount,
                &place,
                tenant.sub_accounts.keys(),
                diagnostics,
            );
        } else if !is_sub_account && !tenant.teams.contains_key(&place.value) {
            unknown::report(Kind::Team, &place, tenant.teams.keys(), diagnostics);
        }
    }
}
