//! What a rule is called when somebody is told about it.

use std::fmt;

use crate::compile::Effect;
use crate::document::Scope;
use crate::model::Id;
use crate::snapshot::{Snapshot, WrittenRule};

/// A rule, in words that its author knows it by; its place says which one it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleName {
    /// Which part of the language it is.
    pub part: Part,
    /// The role that it belongs to.
    pub role: Option<Id>,
    /// The reach of a grant.
    pub scope: Option<Scope>,
    /// The application that it holds in.
    pub application: Id,
    /// The tenant whose own it is.
    pub tenant: Option<Id>,
}

/// Which part of the language a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A grant of a role.
    Grant,
    /// A deny rule.
    Deny,
    /// What a delegation hands on.
    Delegation,
    /// A policy of raw Cedar.
    Cedar,
}

impl Part {
    /// The word that people and JSON readers see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Deny => "deny",
            Self::Delegation => "delegation",
            Self::Cedar => "cedar",
        }
    }
}

impl RuleName {
    pub(super) fn of(rule: &WrittenRule, snapshot: &Snapshot) -> Self {
        let part = match rule.effect {
            _ if rule.is_raw => Part::Cedar,
            Effect::Forbid => Part::Deny,
            Effect::Permit if rule.is_handed_on => Part::Delegation,
            Effect::Permit => Part::Grant,
        };
        let mut applications = snapshot.application_ids();
        let application = applications.nth(rule.application).unwrap_or_default();
        Self {
            part,
            role: rule.role.clone(),
            scope: rule.scope,
            application: application.into(),
            tenant: rule.tenant.clone(),
        }
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.part, &self.role) {
            (Part::Grant, Some(role)) => write!(formatter, "grant of the role `{role}`")?,
            (Part::Grant, None) => formatter.write_str("grant")?,
            (Part::Deny, Some(role)) => write!(formatter, "deny rule of the role `{role}`")?,
            (Part::Deny, None) => formatter.write_str("deny rule")?,
            (Part::Delegation, _) => formatter.write_str("delegation")?,
            (Part::Cedar, _) => formatter.write_str("policy of raw Cedar")?,
        }
        match &self.tenant {
            Some(tenant) => write!(formatter, " of the tenant `{tenant}`"),
            None => write!(formatter, " of `{}`", self.application),
        }
    }
}
