//! Roles and deny rules: what they cover, compared without where they were written.

use std::collections::{BTreeMap, BTreeSet};

use crate::maps::IndexMap;

use super::{Became, Changes, Fate, each, quoted};
use crate::document::{ConditionText, Scope};
use crate::model::{Application, Deny, Grant, Id, Role, Target};

/// Whose rules these are.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    /// The id of the application or tenant.
    pub(super) id: &'a str,
    /// The types that targets are indices into.
    pub(super) application: &'a Application,
}

impl Owner<'_> {
    fn covers<'r>(&'r self, targets: &'r [Target]) -> impl Iterator<Item = (&'r str, &'r str)> {
        targets.iter().flat_map(|target| {
            let kind = self.application.types.get_index(target.kind);
            let kind = kind.map_or("", |(name, _)| &**name);
            target.actions.iter().map(move |action| (kind, &**action))
        })
    }
}

/// Type, scope and condition, and the actions under them.
type Reach<'r> = BTreeMap<(&'r str, Scope, Option<&'r str>), BTreeSet<&'r str>>;

fn text(when: Option<&ConditionText>) -> Option<&str> {
    when.map(|when| &*when.text)
}

pub(super) fn reach<'r>(owner: &'r Owner<'r>, grants: &'r [Grant]) -> Reach<'r> {
    let mut reach = Reach::new();
    for grant in grants {
        for (kind, action) in owner.covers(&grant.targets) {
            let key = (kind, grant.scope, text(grant.when.as_ref()));
            reach.entry(key).or_default().insert(action);
        }
    }
    reach
}

/// Who is denied what: type, action, condition, the roles named, the roles spared.
type Denied<'r> = BTreeSet<(
    &'r str,
    &'r str,
    Option<&'r str>,
    Option<Vec<&'r str>>,
    Vec<&'r str>,
)>;

fn denied<'r>(owner: &'r Owner<'r>, denies: &'r [Deny]) -> Denied<'r> {
    fn names(ids: &[Id]) -> Vec<&str> {
        let mut names: Vec<&str> = ids.iter().map(|id| &**id).collect();
        names.sort_unstable();
        names
    }
    let mut denied = Denied::new();
    for deny in denies {
        for (kind, action) in owner.covers(&deny.targets) {
            denied.insert((
                kind,
                action,
                text(deny.when.as_ref()),
                deny.roles.as_deref().map(names),
                names(&deny.except_roles),
            ));
        }
    }
    denied
}

/// Compares deny rules; what is denied no more, or under other terms, may widen.
pub(super) fn denies(
    (was, then): (Owner<'_>, &[Deny]),
    (is, now): (Owner<'_>, &[Deny]),
    of: &str,
    changes: &mut Changes,
) -> Became {
    let (then, now) = (denied(&was, then), denied(&is, now));
    if then == now {
        return Became::Same;
    }
    let mut kinds: BTreeMap<(&str, bool), BTreeSet<&str>> = BTreeMap::new();
    for rule in then.difference(&now) {
        let (kind, action) = (rule.0, rule.1);
        let still = now.iter().any(|rule| (rule.0, rule.1) == (kind, action));
        kinds.entry((kind, still)).or_default().insert(action);
    }
    for ((kind, still), actions) in kinds {
        let actions = quoted(actions);
        changes.widens(|| match still {
            true => format!("{of} denies {actions} of `{kind}` under other terms"),
            false => format!("{of} denies {actions} of `{kind}` no more"),
        });
    }
    Became::Other
}

/// Compares the roles of an application or a tenant.
pub(super) fn roles(
    (was, then): (Owner<'_>, &IndexMap<Id, Role>),
    (is, now): (Owner<'_>, &IndexMap<Id, Role>),
    changes: &mut Changes,
) -> Became {
    let mut became = Became::Same;
    let gone = then.keys().filter(|name| !now.contains_key(*name));
    each(
        |name: &Id| then.get(name),
        now.iter(),
        gone,
        |name, fate| {
            let full = || format!("{}/{name}", is.id);
            match fate {
                Fate::Added(_) => changes.roles.added.add(full),
                Fate::Removed => changes.roles.removed.add(full),
                Fate::Stayed(then, now) => match role((was, then), (is, now), changes) {
                    Became::Same => return,
                    Became::Other => changes.roles.altered.add(full),
                },
            }
            became = Became::Other;
        },
    );
    became
}

fn role(
    (was, then): (Owner<'_>, &Role),
    (is, now): (Owner<'_>, &Role),
    changes: &mut Changes,
) -> Became {
    let name = format!("the role `{}` of `{}`", *now.name, is.id);
    let mut became = denies((was, &then.denies), (is, &now.denies), &name, changes);
    let (reached, reaches) = (reach(&was, &then.grants), reach(&is, &now.grants));
    if reached != reaches {
        became = Became::Other;
        wider(&name, &reached, &reaches, changes);
    }
    if then.assigns != now.assigns {
        became = Became::Other;
        let more = now.assigns.named.difference(&then.assigns.named);
        let more: Vec<&str> = more.map(|role| &**role).collect();
        if now.assigns.all && !then.assigns.all {
            changes.widens(|| format!("{name} may give every role"));
        } else if !then.assigns.all && !more.is_empty() {
            changes.widens(|| format!("{name} may give {}", quoted(more)));
        }
    }
    if then.closure != now.closure {
        became = Became::Other;
        let more = now
            .closure
            .iter()
            .filter(|role| !then.closure.contains(role));
        let more: Vec<&str> = more.map(|role| &**role).collect();
        if !more.is_empty() {
            changes.widens(|| format!("{name} inherits from {}", quoted(more)));
        }
    }
    became
}

fn wider(name: &str, reached: &Reach<'_>, reaches: &Reach<'_>, changes: &mut Changes) {
    for ((kind, scope, when), actions) in reaches {
        let known = reached.get(&(*kind, *scope, *when));
        // Under no condition is more than under one.
        let free = reached.get(&(*kind, *scope, None));
        let is_new = |action: &&&str| {
            let had =
                |actions: Option<&BTreeSet<&str>>| actions.is_some_and(|had| had.contains(*action));
            !had(known) && !had(free)
        };
        let more: Vec<&str> = actions.iter().filter(is_new).copied().collect();
        if !more.is_empty() {
            let condition = when.map_or_else(String::new, |when| format!(" when `{when}`"));
            changes.widens(|| {
                let (actions, scope) = (quoted(more), scope.as_str());
                format!("{name} may {actions} `{kind}` (scope `{scope}`){condition}")
            });
        }
    }
}
