//! Members: their entries, teams, and where guests come from.

use std::collections::{HashMap, HashSet};

use crate::maps::IndexMap;

use super::tenant::Written;
use super::unknown::{self, Kind};
use super::{Entry, Guest, Id, Role, Tenant};
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{EntryDoc, Name};
use crate::source::Span;

/// Fills in the tenant's teams and members; guests' homes are linked once every tenant is known.
pub(super) fn resolve(written: &Written<'_>, tenant: &mut Tenant, diagnostics: &mut Diagnostics) {
    let accounts: HashSet<Id> = entries(written)
        .filter_map(|entry| Some(entry.account.as_ref()?.value.clone()))
        .collect();
    tenant.teams = teams(written, &accounts, diagnostics);
    tenant.members.reserve_exact(accounts.len());
    // Only entries of one account can be equal, and most accounts have one.
    let mut seen: HashMap<&str, Vec<&EntryDoc>> = HashMap::with_capacity(accounts.len());
    for document in entries(written) {
        let Some(account) = &document.account else {
            continue;
        };
        if tenant.application.declared_required
            && !tenant.application.accounts.contains_key(&account.value)
        {
            undeclared(account, tenant, diagnostics);
        }
        let entry = entry(document, account, tenant, diagnostics);
        let Some(entry) = entry else {
            // The member is known, though not what it may do.
            tenant.members.entry(account.value.clone()).or_default();
            continue;
        };
        let others = seen.entry(account).or_default();
        let equal = || {
            let written = fingerprint(document);
            others.iter().find(|other| fingerprint(other) == written)
        };
        let first = match others.is_empty() {
            true => None,
            false => equal(),
        };
        if let Some(first) = first {
            let message = format!("the account `{}` has an equal entry already", **account);
            diagnostics
                .report(Code::DuplicateEntry, document.span, message)
                .first(first.span)
                .help("remove one of them");
            continue;
        }
        others.push(document);
        tenant
            .members
            .entry(account.value.clone())
            .or_insert_with(|| Vec::with_capacity(1))
            .push(entry);
    }
    tenant.members.shrink_to_fit();
    for entries in tenant.members.values_mut() {
        entries.shrink_to_fit();
    }
}

fn entries<'w>(written: &'w Written<'_>) -> impl Iterator<Item = &'w EntryDoc> {
    let more = written.more.iter().flat_map(|document| &document.members);
    written.document.members.iter().chain(more)
}

fn undeclared(account: &Name, tenant: &Tenant, diagnostics: &mut Diagnostics) {
    let message = format!(
        "the account `{}` is not declared, and the application asks that every member is",
        **account
    );
    diagnostics
        .report(Code::UndeclaredAccount, account.span, message)
        .suggest_id(account, tenant.application.accounts.keys().map(|id| &**id));
}

fn teams(
    written: &Written<'_>,
    accounts: &HashSet<Id>,
    diagnostics: &mut Diagnostics,
) -> IndexMap<Id, Vec<Id>> {
    let mut teams: IndexMap<Id, Vec<Id>> = IndexMap::default();
    let all = || {
        let more = written.more.iter().flat_map(|document| &document.teams);
        written.document.teams.iter().chain(more)
    };
    for (name, listed) in all() {
        if teams.contains_key(&name.value) {
            let message = format!("the team `{}` is declared twice", **name);
            let finding = diagnostics.report(Code::DuplicateId, name.span, message);
            let first = all().find(|(first, _)| first.value == name.value);
            finding.first = first.map(|(first, _)| first.span);
            continue;
        }
        for account in listed {
            if !accounts.contains(&account.value) {
                unknown::report(Kind::Member, account, accounts, diagnostics);
            }
        }
        let listed = listed.iter().map(|account| account.value.clone()).collect();
        teams.insert(name.value.clone(), listed);
    }
    teams
}

fn entry(
    document: &EntryDoc,
    account: &Name,
    tenant: &Tenant,
    diagnostics: &mut Diagnostics,
) -> Option<Entry> {
    let name = document.role.as_ref()?;
    let Some(role) = tenant.role(name) else {
        unknown::report(Kind::Role, name, tenant.role_names(), diagnostics);
        return None;
    };
    Some(Entry {
        span: Some(document.span),
        role: role.name.value.clone(),
        sub_accounts: sub_accounts(document, role, tenant, diagnostics),
        teams: entry_teams(document, account, tenant, diagnostics),
        assigned: assigned(document, role, tenant, diagnostics),
        guest: document.guest_of.as_deref().map(|home| {
            Box::new(Guest {
                tenant: home.clone(),
                is_partner: tenant.partners.contains(&home.value),
                homes: Vec::new(),
            })
        }),
        status: document.status,
        expires: document.expires.as_ref().map(|expires| expires.value),
        expires_span: document.expires.as_ref().map(|expires| expires.span),
    })
}

fn sub_accounts(
    document: &EntryDoc,
    role: &Role,
    tenant: &Tenant,
    diagnostics: &mut Diagnostics,
) -> Box<[Id]> {
    let Some(written) = &document.sub_accounts else {
        if role.wants_sub_accounts && !role.incomplete {
            let message = format!(
                "the role `{}` reaches sub-accounts, so the entry must say which",
                *role.name
            );
            diagnostics
                .report(Code::ScopeMismatch, document.span, message)
                .help("add `sub_accounts: [...]`");
        }
        return Box::default();
    };
    if role.wants_sub_accounts && document.no_sub_accounts {
        diagnostics.report(Code::EmptyList, written.span, "`sub_accounts` is empty");
    }
    if !role.wants_sub_accounts && !role.incomplete && !written.value.is_empty() {
        let message = format!(
            "the role `{}` has no grant with the scope `sub_account`, so the entry must not name any",
            *role.name
        );
        diagnostics
            .report(Code::ScopeMismatch, written.span, message)
            .help("remove `sub_accounts`, or choose a role that reaches sub-accounts");
    }
    let known = |name: &&Name| {
        let exists = tenant.sub_accounts.contains_key(&name.value);
        if !exists {
            unknown::report(
                Kind::SubAccount,
                name,
                tenant.sub_accounts.keys(),
                diagnostics,
            );
        }
        exists
    };
    let named = written.value.iter().filter(known);
    let ids: Box<[Id]> = named.map(|name| name.value.clone()).collect();
    if role.wants_sub_accounts {
        ids
    } else {
        Box::default()
    }
}

fn entry_teams(
    document: &EntryDoc,
    account: &Name,
    tenant: &Tenant,
    diagnostics: &mut Diagnostics,
) -> Option<Box<[Id]>> {
    let written = document.teams.as_ref()?;
    let mut teams = Vec::new();
    for name in &written.value {
        match tenant.teams.get(&name.value) {
            None => {
                unknown::report(Kind::Team, name, tenant.teams.keys(), diagnostics);
            }
            Some(listed) if !listed.contains(&account.value) => {
                let message = format!("the team `{}` does not list `{}`", **name, **account);
                diagnostics
                    .report(Code::ScopeMismatch, name.span, message)
                    .help(format!(
                        "add `{}` to the team, or remove the team here",
                        **account
                    ));
            }
            Some(_) => teams.push(name.value.clone()),
        }
    }
    Some(teams.into())
}

fn assigned(
    document: &EntryDoc,
    role: &Role,
    tenant: &Tenant,
    diagnostics: &mut Diagnostics,
) -> Box<[(usize, Id)]> {
    let Some(written) = &document.assigned else {
        return Box::default();
    };
    if role.incomplete && !role.wants_assigned {
        return Box::default();
    }
    if !role.wants_assigned {
        let message = format!(
            "the role `{}` has no grant with the scope `assigned`, so the entry must not name records",
            *role.name
        );
        diagnostics
            .report(Code::ScopeMismatch, written.span, message)
            .help("remove `assigned`, or choose a role that reaches assigned records");
        return Box::default();
    }
    let types = &tenant.application.types;
    let mut assigned = Vec::new();
    for (kind, ids) in &written.value {
        match types.get_index_of(&kind.value) {
            Some(index) => assigned.extend(ids.iter().map(|id| (index, id.value.clone()))),
            None => {
                unknown::report(Kind::ResourceType, kind, types.keys(), diagnostics);
            }
        }
    }
    assigned.into()
}

/// What makes two entries of an account equal: everything they say, whatever the order.
fn fingerprint(document: &EntryDoc) -> String {
    let sorted = |names: &[Name]| {
        let mut ids: Vec<&str> = names.iter().map(|name| &*name.value).collect();
        ids.sort_unstable();
        ids.dedup();
        format!("{ids:?}")
    };
    let assigned = document.assigned.as_ref().map(|assigned| {
        let mut rows: Vec<String> = assigned
            .value
            .iter()
            .map(|(kind, ids)| format!("{}{}", **kind, sorted(ids)))
            .collect();
        rows.sort_unstable();
        rows
    });
    format!(
        "{:?}",
        (
            document.role.as_ref().map(|role| &*role.value),
            document
                .sub_accounts
                .as_ref()
                .map(|names| sorted(&names.value)),
            document.teams.as_ref().map(|names| sorted(&names.value)),
            assigned,
            document.guest_of.as_ref().map(|home| &*home.value),
            document.status,
            document.expires.as_ref().map(|expires| expires.value),
        )
    )
}

/// Where a guest's entry stands, and its home.
pub(super) struct Link {
    tenant: Id,
    account: Id,
    span: Span,
    homes: Homes,
}

/// Looks tenants up.
pub(super) trait Tenants {
    fn tenant(&self, id: &Id) -> Option<&Tenant>;
    fn ids(&self) -> impl Iterator<Item = &Id>;
}

impl Tenants for IndexMap<Id, Tenant> {
    fn tenant(&self, id: &Id) -> Option<&Tenant> {
        self.get(id)
    }

    fn ids(&self) -> impl Iterator<Item = &Id> {
        self.keys()
    }
}

/// Finds the entries at `home` of each guest of `tenants`: under the same account or another of the same person.
pub(super) fn guests(
    written: &IndexMap<Id, Written<'_>>,
    tenants: &IndexMap<Id, Tenant>,
    home: &impl Tenants,
    diagnostics: &mut Diagnostics,
) -> Vec<Link> {
    let mut links = Vec::new();
    for (id, written) in written {
        let Some(tenant) = tenants.get(id) else {
            continue;
        };
        for document in entries(written) {
            let (Some(account), Some(guest_of)) = (&document.account, &document.guest_of) else {
                continue;
            };
            if document
                .role
                .as_ref()
                .is_none_or(|role| tenant.role(role).is_none())
            {
                continue;
            }
            let Some(home) = home.tenant(&guest_of.value) else {
                unknown::report(Kind::Tenant, guest_of, home.ids(), diagnostics);
                continue;
            };
            let homes = homes(account, tenant, home);
            let is_unread = home.members.get(&account.value).is_some_and(Vec::is_empty);
            if homes.is_empty() && !is_unread {
                no_home(account, guest_of, diagnostics);
            }
            links.push(Link {
                tenant: id.clone(),
                account: account.value.clone(),
                span: document.span,
                homes,
            });
        }
    }
    links
}

/// Gives each guest the entries at home of which one must count.
pub(super) fn link_guests(links: Vec<Link>, tenants: &mut IndexMap<Id, Tenant>) {
    for link in links {
        let entries = tenants
            .get_mut(&link.tenant)
            .and_then(|tenant| tenant.members.get_mut(&link.account));
        let guests = entries
            .into_iter()
            .flatten()
            .filter(|entry| entry.span == Some(link.span))
            .filter_map(|entry| entry.guest.as_mut());
        for guest in guests {
            guest.homes.clone_from(&link.homes);
        }
    }
}

type Homes = Vec<(crate::document::Status, Option<i64>)>;

fn homes(account: &Name, tenant: &Tenant, home: &Tenant) -> Homes {
    if home.application.id.value != tenant.application.id.value {
        return Vec::new();
    }
    let accounts = &tenant.application.accounts;
    let person = accounts
        .get(&account.value)
        .and_then(|account| account.person.as_ref());
    let is_same = |other: &Id| {
        *other == account.value
            || person.is_some_and(|person| {
                accounts
                    .get(other)
                    .and_then(|account| account.person.as_ref())
                    == Some(person)
            })
    };
    home.members
        .iter()
        .filter(|(other, _)| is_same(other))
        .flat_map(|(_, entries)| entries)
        .filter(|entry| entry.guest.is_none())
        .map(|entry| (entry.status, entry.expires))
        .collect()
}

fn no_home(account: &Name, guest_of: &Name, diagnostics: &mut Diagnostics) {
    let message = format!(
        "`{}` has no entry in `{}`, neither under this account nor under another of the same person",
        **account, **guest_of
    );
    diagnostics
        .report(Code::NoHomeEntry, guest_of.span, message)
        .help("add the entry at home, or link the accounts with the same `person` under `accounts_of`");
}

/// Where an application wants accounts to be in one tenant only, reports the second tenant.
pub(super) fn one_tenant(
    written: &IndexMap<Id, Written<'_>>,
    tenants: &IndexMap<Id, Tenant>,
    diagnostics: &mut Diagnostics,
) {
    let mut first: HashMap<(Id, Id), Id> = HashMap::new();
    for (id, written) in written {
        let Some(tenant) = tenants.get(id) else {
            continue;
        };
        if !tenant.application.one_tenant {
            continue;
        }
        let mut reported: HashSet<Id> = HashSet::new();
        for account in entries(written).filter_map(|entry| entry.account.as_ref()) {
            let key = (tenant.application.id.value.clone(), account.value.clone());
            let home = first.entry(key).or_insert_with(|| id.clone());
            if home != id && reported.insert(account.value.clone()) {
                let message = format!(
                    "the account `{}` is a member of `{home}` already",
                    **account
                );
                diagnostics
                    .report(Code::AccountInTwoTenants, account.span, message)
                    .help(
                        "the application says `tenants: one`: give the person another account here",
                    );
            }
        }
    }
}
