//! Delegations: from whom, to whom, and that nothing is handed on which nobody holds.

use super::rules::{self, Vocabulary};
use super::tenant::Written;
use super::unknown::{self, Kind};
use super::{Delegation, Grant, Tenant};
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{DelegationDoc, GrantDoc, Name, Scope};

/// Resolves what the members of a tenant hand on.
pub(super) fn resolve(
    written: &Written<'_>,
    tenant: &Tenant,
    diagnostics: &mut Diagnostics,
) -> Vec<Delegation> {
    let more = written
        .more
        .iter()
        .flat_map(|document| &document.delegations);
    let documents = written.document.delegations.iter().chain(more);
    documents
        .filter_map(|document| delegation(document, tenant, diagnostics))
        .collect()
}

fn delegation(
    document: &DelegationDoc,
    tenant: &Tenant,
    diagnostics: &mut Diagnostics,
) -> Option<Delegation> {
    let vocabulary = tenant.application.vocabulary();
    let mut resolve = |(index, grant): (usize, &GrantDoc)| {
        let covered = rules::targets(&grant.resources, &grant.actions, &vocabulary, diagnostics);
        Grant {
            span: grant.span,
            index,
            targets: covered.targets,
            scope: Scope::Tenant,
            when: grant.when.clone(),
            every_type: covered.every_type,
            named_types: covered.named_types,
        }
    };
    let grants: Vec<Grant> = document
        .allow
        .iter()
        .enumerate()
        .map(&mut resolve)
        .collect();
    let (from, to) = (document.from.as_ref()?, document.to.as_ref()?);
    for account in [from, to] {
        if !tenant.members.contains_key(&account.value) {
            unknown::report(Kind::Member, account, tenant.members.keys(), diagnostics);
            return None;
        }
    }
    // Of a member without entries, what it holds could not be read.
    if tenant.members.get(&from.value).is_some_and(Vec::is_empty) {
        return None;
    }
    if from.value == to.value {
        diagnostics
            .report(
                Code::NotHeld,
                to.span,
                "a delegation to oneself gives nothing",
            )
            .help("name another member in `to`");
        return None;
    }
    for grant in &document.allow {
        not_held(grant, from, tenant, &vocabulary, diagnostics);
    }
    Some(Delegation {
        span: document.span,
        from: from.value.clone(),
        to: to.value.clone(),
        grants,
        expires: document.expires.as_ref().map(|expires| expires.value),
        expires_span: document.expires.as_ref().map(|expires| expires.span),
    })
}

/// Reports what is named and no entry of `from` grants at all, whatever its status; `*` is whatever it holds.
fn not_held(
    grant: &GrantDoc,
    from: &Name,
    tenant: &Tenant,
    vocabulary: &Vocabulary<'_>,
    diagnostics: &mut Diagnostics,
) {
    let every_type = grant.resources.iter().any(|name| &*name.value == "*");
    let every_action = grant.actions.iter().any(|name| &*name.value == "*");
    let named: Vec<(&Name, usize)> = grant
        .resources
        .iter()
        .flat_map(|name| {
            vocabulary
                .kinds(&name.value)
                .into_iter()
                .map(move |kind| (name, kind))
        })
        .collect();
    if every_action {
        let nothing = |kind: usize| !holds(tenant, from, Some(kind), None);
        for (name, _) in named.iter().filter(|(_, kind)| nothing(*kind)) {
            report(from, name, "anything", diagnostics);
        }
        return;
    }
    for action in &grant.actions {
        let words: &[&str] = match &*action.value {
            "crud" => &rules::CRUD,
            word => &[word],
        };
        for word in words {
            let known = |kind: usize| {
                let kind = vocabulary.types.get_index(kind);
                kind.is_some_and(|(_, kind)| kind.actions.contains(*word))
            };
            let lacking = named
                .iter()
                .any(|(_, kind)| known(*kind) && !holds(tenant, from, Some(*kind), Some(word)));
            let mut kinds = vocabulary.types.values();
            let exists = kinds.any(|kind| kind.actions.contains(*word));
            if lacking || every_type && exists && !holds(tenant, from, None, Some(word)) {
                report(from, action, word, diagnostics);
                break;
            }
        }
    }
}

fn report(from: &Name, name: &Name, what: &str, diagnostics: &mut Diagnostics) {
    let message = match what {
        "anything" => format!("no role of `{}` grants anything on `{}`", **from, **name),
        _ => format!("no role of `{}` grants `{what}` here", **from),
    };
    diagnostics
        .report(Code::NotHeld, name.span, message)
        .help("a member can hand on only what it may do itself");
}

/// Whether some grant of some entry of a member names a type and an action; `None` is any.
fn holds(tenant: &Tenant, account: &Name, kind: Option<usize>, action: Option<&str>) -> bool {
    let entries = tenant.members.get(&account.value).into_iter().flatten();
    let roles = entries.filter_map(|entry| tenant.role(&entry.role));
    let all = roles
        .flat_map(|role| &role.closure)
        .filter_map(|name| tenant.role(name));
    all.flat_map(|role| &role.grants).any(|grant| {
        grant.targets.iter().any(|target| {
            let invites = || target.is_of(tenant, "member") && target.has("invite");
            let assigns = kind.is_none_or(|kind| is_kind(tenant, kind, "role"))
                && action.is_none_or(|action| action == "assign");
            let named = kind.is_none_or(|kind| target.kind == kind)
                && action.is_none_or(|action| target.has(action));
            named || assigns && invites()
        })
    })
}

fn is_kind(tenant: &Tenant, kind: usize, name: &str) -> bool {
    let found = tenant.application.types.get_index(kind);
    found.is_some_and(|(id, _)| **id == *name)
}

impl super::Target {
    fn has(&self, action: &str) -> bool {
        self.actions.iter().any(|known| **known == *action)
    }

    fn is_of(&self, tenant: &Tenant, name: &str) -> bool {
        is_kind(tenant, self.kind, name)
    }
}
