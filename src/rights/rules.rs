//! The compiled rules by the role that they belong to.

use std::collections::HashMap;
use std::sync::Arc;

use super::row::Words;
use crate::compile::{Effect, Rule, RuleBook, canonical};
use crate::model::{Application, Deny, Id, Role, Tenant};
use crate::source::Span;

/// A rule, and the words of its condition.
pub(super) struct Known<'s> {
    pub(super) rule: &'s Rule,
    pub(super) condition: Option<Words>,
}

/// A deny rule, and whom it is about.
pub(super) struct Forbid<'s> {
    pub(super) known: Known<'s>,
    pub(super) deny: &'s Deny,
    /// The role whose own it is.
    pub(super) of_role: Option<&'s Id>,
}

/// The rules of an application, or those that a tenant adds.
#[derive(Default)]
pub struct Book<'s> {
    pub(super) grants: HashMap<&'s str, Vec<Known<'s>>>,
    pub(super) forbids: Vec<Forbid<'s>>,
    pub(super) delegated: HashMap<usize, Vec<Known<'s>>>,
}

impl<'s> Book<'s> {
    /// The rules of an application.
    pub fn of_application(application: &'s Application, book: &'s RuleBook) -> Self {
        Self::new(book, application.roles.values(), &application.denies)
    }

    /// The rules that a tenant adds.
    pub fn of_tenant(tenant: &'s Tenant, book: &'s RuleBook) -> Self {
        Self::new(book, tenant.roles.values(), &tenant.denies)
    }

    fn new(rules: &'s RuleBook, roles: impl Iterator<Item = &'s Role>, denies: &'s [Deny]) -> Self {
        let mut by_place: HashMap<Span, (&Deny, Option<&Id>)> = denies
            .iter()
            .map(|deny| (deny.span, (deny, None)))
            .collect();
        for role in roles {
            let own = role.denies.iter();
            by_place.extend(own.map(|deny| (deny.span, (deny, Some(&role.name.value)))));
        }
        let mut book = Self::default();
        for rule in &rules.rules {
            let rule: &Rule = rule;
            if rule.raw.is_some() || !rule.decides() {
                continue;
            }
            let condition = rule
                .condition
                .as_ref()
                .map(|condition| words(&condition.text));
            let known = Known { rule, condition };
            match (rule.effect, rule.delegation, &rule.origin.role) {
                (Effect::Permit, Some(index), _) => {
                    book.delegated.entry(index).or_default().push(known);
                }
                (Effect::Permit, None, Some(role)) => {
                    book.grants.entry(role).or_default().push(known);
                }
                (Effect::Permit, None, None) => {}
                (Effect::Forbid, _, _) => {
                    if let Some((deny, of_role)) = by_place.get(&rule.origin.span) {
                        book.forbids.push(Forbid {
                            known,
                            deny,
                            of_role: *of_role,
                        });
                    }
                }
            }
        }
        book
    }
}

fn words(text: &str) -> Words {
    let lines: Vec<&str> = text.split_whitespace().collect();
    Words {
        written: Arc::from(lines.join(" ")),
        canonical: Arc::from(canonical(text)),
    }
}

/// Where somebody is looked at: an application, or one of its tenants.
#[derive(Clone, Copy)]
pub struct Scene<'s> {
    /// The application.
    pub application: &'s Application,
    /// The tenant; nothing for what holds in all of them.
    pub tenant: Option<&'s Tenant>,
    /// The application's rules.
    pub shared: &'s Book<'s>,
    /// What the tenant adds, if it adds anything.
    pub own: Option<&'s Book<'s>>,
}

impl<'s> Scene<'s> {
    pub(super) fn books(&self) -> impl Iterator<Item = &'s Book<'s>> {
        std::iter::once(self.shared).chain(self.own)
    }

    pub(super) fn role(&self, name: &str) -> Option<&'s Role> {
        let own = || self.tenant.and_then(|tenant| tenant.roles.get(name));
        self.application.roles.get(name).or_else(own)
    }

    pub(super) fn role_names(&self) -> impl Iterator<Item = &'s Id> {
        let own = self
            .tenant
            .into_iter()
            .flat_map(|tenant| tenant.roles.keys());
        self.application.roles.keys().chain(own)
    }
}
