//! Roles, grants and deny rules: which types and actions they cover, who inherits from whom, who may give what.

use std::collections::{BTreeSet, HashMap};

use crate::maps::IndexMap;

use super::unknown::{self, Kind};
use super::{Assigns, Deny, Grant, Id, ResourceType, Role, Target};
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{DenyDoc, GrantDoc, Name, RoleDoc, Scope};

/// The four actions that `crud` stands for.
pub const CRUD: [&str; 4] = ["create", "read", "update", "delete"];

/// The words that rules are written in.
pub(super) struct Vocabulary<'a> {
    pub(super) types: &'a IndexMap<Id, ResourceType>,
    pub(super) groups: &'a IndexMap<Id, Vec<usize>>,
}

impl Vocabulary<'_> {
    /// The types that a name stands for: itself, or those of a group.
    pub(super) fn kinds(&self, name: &str) -> Vec<usize> {
        match self.types.get_index_of(name) {
            Some(kind) => vec![kind],
            None => self.groups.get(name).cloned().unwrap_or_default(),
        }
    }
}

/// Resolves roles; `inherited` are the application's roles when these are a tenant's.
pub(super) fn roles(
    documents: &[(Name, RoleDoc)],
    vocabulary: &Vocabulary<'_>,
    inherited: &IndexMap<Id, Role>,
    diagnostics: &mut Diagnostics,
) -> IndexMap<Id, Role> {
    let written: HashMap<&str, &RoleDoc> = documents
        .iter()
        .map(|(name, document)| (&*name.value, document))
        .collect();
    let known = |name: &str| written.contains_key(name) || inherited.contains_key(name);
    let names: Vec<Id> = documents
        .iter()
        .map(|(name, _)| name.value.clone())
        .chain(inherited.keys().cloned())
        .collect();
    let mut roles = IndexMap::default();
    for (name, document) in documents {
        let mut incomplete = document.incomplete;
        for other in document.inherits.iter().chain(&document.assigns) {
            if &*other.value != "*" && !known(other) {
                unknown::report(Kind::Role, other, &names, diagnostics);
                incomplete = true;
            }
        }
        let grants = grants(document, vocabulary, diagnostics);
        let role = Role {
            name: name.clone(),
            closure: Vec::new(),
            grants,
            denies: denies(&document.deny, vocabulary, &known, &names, diagnostics),
            assigns: own_assigns(document),
            assigns_written: document.assigns.clone(),
            wants_sub_accounts: false,
            wants_assigned: false,
            incomplete,
        };
        roles.insert(name.value.clone(), role);
    }
    let closures = closures(documents, inherited, diagnostics);
    for (name, closure) in closures {
        finish(&name, closure, &mut roles, inherited);
    }
    roles
}

fn own_assigns(document: &RoleDoc) -> Assigns {
    let mut assigns = Assigns::default();
    for name in &document.assigns {
        match &*name.value {
            "*" => assigns.all = true,
            _ => {
                assigns.named.insert(name.value.clone());
            }
        }
    }
    assigns
}

/// Each role with itself and what it inherits from, itself first; circles are reported once and cut.
fn closures(
    documents: &[(Name, RoleDoc)],
    inherited: &IndexMap<Id, Role>,
    diagnostics: &mut Diagnostics,
) -> Vec<(Id, Vec<Id>)> {
    let parents: HashMap<&str, &[Name]> = documents
        .iter()
        .map(|(name, document)| (&*name.value, document.inherits.as_slice()))
        .collect();
    report_cycles(documents, &parents, diagnostics);
    documents
        .iter()
        .map(|(name, _)| {
            let mut closure: Vec<Id> = vec![name.value.clone()];
            let mut next = 0;
            while let Some(current) = closure.get(next).cloned() {
                next += 1;
                let own = parents.get(&*current).copied().unwrap_or_default();
                let more = own.iter().map(|name| name.value.clone());
                let above = inherited.get(&current).into_iter();
                let above = above.flat_map(|role| role.closure.iter().cloned());
                for id in more.chain(above) {
                    let exists = parents.contains_key(&*id) || inherited.contains_key(&id);
                    if exists && !closure.contains(&id) {
                        closure.push(id);
                    }
                }
            }
            (name.value.clone(), closure)
        })
        .collect()
}

fn report_cycles(
    documents: &[(Name, RoleDoc)],
    parents: &HashMap<&str, &[Name]>,
    diagnostics: &mut Diagnostics,
) {
    let mut in_a_circle: BTreeSet<&str> = BTreeSet::new();
    for (name, document) in documents {
        if in_a_circle.contains(&*name.value) {
            continue;
        }
        for first in &document.inherits {
            if let Some(path) = path_to(first, name, parents) {
                let mut members: Vec<Id> = vec![name.value.clone()];
                members.extend(path.iter().map(|id| Id::from(*id)));
                members.pop();
                in_a_circle.insert(name);
                in_a_circle.extend(path);
                let message = format!("`inherits` goes round in a circle: {}", circle(&members));
                diagnostics.report(Code::Cycle, first.span, message);
                break;
            }
        }
    }
}

/// The roles from `from` to `to` along `inherits`, both included.
fn path_to<'a>(
    from: &'a str,
    to: &str,
    parents: &HashMap<&'a str, &'a [Name]>,
) -> Option<Vec<&'a str>> {
    let mut came_from: HashMap<&str, &str> = HashMap::new();
    let mut queue = vec![from];
    let mut next = 0;
    while let Some(current) = queue.get(next).copied() {
        next += 1;
        if current == to {
            let mut path = vec![current];
            let mut at = current;
            while at != from {
                at = came_from.get(at).copied()?;
                path.push(at);
            }
            path.reverse();
            return Some(path);
        }
        for parent in parents.get(current).copied().unwrap_or_default() {
            let parent: &str = &parent.value;
            if parent != from && !came_from.contains_key(parent) {
                came_from.insert(parent, current);
                queue.push(parent);
            }
        }
    }
    None
}

/// `a > b > a`, for messages.
pub(super) fn circle(members: &[Id]) -> String {
    let mut names: Vec<String> = members.iter().map(|id| format!("`{id}`")).collect();
    names.extend(names.first().cloned());
    names.join(" > ")
}

/// Adds what a role has from others: closure, `assigns`, and which places its entries must name.
fn finish(
    name: &Id,
    closure: Vec<Id>,
    roles: &mut IndexMap<Id, Role>,
    inherited: &IndexMap<Id, Role>,
) {
    let mut assigns = Assigns::default();
    let (mut wants_sub_accounts, mut wants_assigned) = (false, false);
    let mut incomplete = false;
    for id in &closure {
        let Some(role) = roles.get(id).or_else(|| inherited.get(id)) else {
            continue;
        };
        assigns.all |= role.assigns.all;
        assigns.named.extend(role.assigns.named.iter().cloned());
        let reaches = |scope| role.grants.iter().any(|grant| grant.scope == scope);
        wants_sub_accounts |= reaches(Scope::SubAccount);
        wants_assigned |= reaches(Scope::Assigned);
        incomplete |= role.incomplete;
    }
    if let Some(role) = roles.get_mut(name) {
        role.closure = closure;
        role.assigns = assigns;
        role.wants_sub_accounts = wants_sub_accounts;
        role.wants_assigned = wants_assigned;
        role.incomplete = incomplete;
    }
}

fn grants(
    document: &RoleDoc,
    vocabulary: &Vocabulary<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<Grant> {
    let resolve = |(index, grant): (usize, &GrantDoc)| {
        let covered = targets(&grant.resources, &grant.actions, vocabulary, diagnostics);
        Grant {
            span: grant.span,
            index,
            targets: covered.targets,
            scope: grant.scope.or(document.scope).unwrap_or(Scope::Tenant),
            when: grant.when.clone(),
            every_type: covered.every_type,
            named_types: covered.named_types,
        }
    };
    document.allow.iter().enumerate().map(resolve).collect()
}

/// Resolves deny rules; `knows_role` says which roles there are.
pub(super) fn denies(
    documents: &[DenyDoc],
    vocabulary: &Vocabulary<'_>,
    knows_role: &dyn Fn(&str) -> bool,
    names: &[Id],
    diagnostics: &mut Diagnostics,
) -> Vec<Deny> {
    let mut denies = Vec::new();
    for (index, deny) in documents.iter().enumerate() {
        let covered = targets(&deny.resources, &deny.actions, vocabulary, diagnostics);
        for name in deny.roles.iter().flatten().chain(&deny.except_roles) {
            if !knows_role(name) {
                unknown::report(Kind::Role, name, names, diagnostics);
            }
        }
        let ids = |names: &[Name]| names.iter().map(|name| name.value.clone()).collect();
        denies.push(Deny {
            span: deny.span,
            index,
            targets: covered.targets,
            roles: deny.roles.as_deref().map(ids),
            except_roles: ids(&deny.except_roles),
            when: deny.when.clone(),
            every_type: covered.every_type,
            named_types: covered.named_types,
            reason: deny.reason.as_ref().map(|reason| reason.value.clone()),
        });
    }
    denies
}

/// What `resources` and `actions` name.
pub(super) struct Covered {
    /// Types and actions.
    pub(super) targets: Vec<Target>,
    /// Whether `*` is among the types.
    pub(super) every_type: bool,
    /// The types named beside it.
    pub(super) named_types: Vec<usize>,
}

/// Looks up what `resources` and `actions` name.
pub(super) fn targets(
    resources: &[Name],
    actions: &[Name],
    vocabulary: &Vocabulary<'_>,
    diagnostics: &mut Diagnostics,
) -> Covered {
    let every_type = resources.iter().any(|name| &*name.value == "*");
    let mut named = Vec::new();
    for name in resources.iter().filter(|name| &*name.value != "*") {
        for kind in types_named(name, vocabulary, diagnostics) {
            if !named.contains(&kind) {
                named.push(kind);
            }
        }
    }
    check_actions(actions, &named, every_type, vocabulary, diagnostics);
    let kinds = match every_type {
        true => (0..vocabulary.types.len()).collect(),
        false => named.clone(),
    };
    let targets = kinds
        .into_iter()
        .filter_map(|kind| target(kind, actions, vocabulary))
        .collect();
    Covered {
        targets,
        every_type,
        named_types: named,
    }
}

fn types_named(
    name: &Name,
    vocabulary: &Vocabulary<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<usize> {
    if vocabulary.types.contains_key(&name.value) || vocabulary.groups.contains_key(&name.value) {
        return vocabulary.kinds(&name.value);
    }
    let types = vocabulary.types.keys().map(|id| &**id);
    let groups = vocabulary.groups.keys().map(|id| &**id);
    diagnostics
        .report(
            Code::UnknownType,
            name.span,
            format!("no resource type or group is called `{}`", **name),
        )
        .suggest(name, types.chain(groups));
    Vec::new()
}

/// Every action named must exist in each type named; with `*`, in some type.
fn check_actions(
    actions: &[Name],
    named: &[usize],
    every_type: bool,
    vocabulary: &Vocabulary<'_>,
    diagnostics: &mut Diagnostics,
) {
    for action in actions.iter().filter(|action| &*action.value != "*") {
        let wanted: &[&str] = match &*action.value {
            "crud" => &CRUD,
            other => &[other],
        };
        for word in wanted {
            let lacking = named
                .iter()
                .filter_map(|kind| vocabulary.types.get_index(*kind))
                .find(|(_, kind)| !kind.incomplete && !kind.actions.contains(*word));
            let nowhere = every_type
                && !vocabulary
                    .types
                    .values()
                    .any(|kind| kind.incomplete || kind.actions.contains(*word));
            let (message, known): (String, Vec<&str>) = match lacking {
                Some((name, kind)) => (
                    format!("`{name}` has no action `{word}`"),
                    kind.actions.iter().map(|id| &**id).collect(),
                ),
                None if nowhere => (
                    format!("no resource type has an action `{word}`"),
                    vocabulary
                        .types
                        .values()
                        .flat_map(|kind| kind.actions.iter().map(|id| &**id))
                        .collect(),
                ),
                None => continue,
            };
            diagnostics
                .report(Code::UnknownAction, action.span, message)
                .suggest(word, known);
            break;
        }
    }
}

fn target(kind: usize, actions: &[Name], vocabulary: &Vocabulary<'_>) -> Option<Target> {
    let (_, resource_type) = vocabulary.types.get_index(kind)?;
    let all = actions.iter().any(|action| &*action.value == "*");
    let named = |action: &&Id| {
        all || actions.iter().any(|name| {
            name.value == **action || &*name.value == "crud" && CRUD.contains(&&***action)
        })
    };
    let actions: Vec<Id> = resource_type
        .actions
        .iter()
        .filter(named)
        .cloned()
        .collect();
    (!actions.is_empty()).then_some(Target { kind, actions })
}
