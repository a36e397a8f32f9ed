//! What a rule would be if it had been written a little differently: a model with some rules edited, for tests of
//! tests. Entries, records and all else stay as they are, so that only decisions can change.

use std::collections::HashSet;

use super::{Application, Deny, Grant, Role, Tenant};
use crate::document::Scope;
use crate::source::Span;

/// A small change of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edit {
    /// The rule is not there.
    Remove,
    /// The grant reaches the whole tenant.
    WidenScope,
    /// The rule has no condition.
    DropWhen,
}

impl Application {
    /// Edits the rules that were written at some places.
    pub(crate) fn edit(&mut self, spans: &HashSet<Span>, edit: Edit) {
        self.roles
            .values_mut()
            .for_each(|role| edit_role(role, spans, edit));
        edit_denies(&mut self.denies, spans, edit);
    }
}

impl Tenant {
    /// Edits the rules of its own that were written at some places, delegations among them.
    pub(crate) fn edit(&mut self, spans: &HashSet<Span>, edit: Edit) {
        self.roles
            .values_mut()
            .for_each(|role| edit_role(role, spans, edit));
        edit_denies(&mut self.denies, spans, edit);
        for delegation in &mut self.delegations {
            edit_grants(&mut delegation.grants, spans, edit);
        }
    }
}

fn edit_role(role: &mut Role, spans: &HashSet<Span>, edit: Edit) {
    edit_grants(&mut role.grants, spans, edit);
    edit_denies(&mut role.denies, spans, edit);
}

fn edit_grants(grants: &mut Vec<Grant>, spans: &HashSet<Span>, edit: Edit) {
    if edit == Edit::Remove {
        grants.retain(|grant| !spans.contains(&grant.span));
        return;
    }
    for grant in grants
        .iter_mut()
        .filter(|grant| spans.contains(&grant.span))
    {
        match edit {
            Edit::WidenScope => grant.scope = Scope::Tenant,
            Edit::DropWhen => grant.when = None,
            Edit::Remove => {}
        }
    }
}

fn edit_denies(denies: &mut Vec<Deny>, spans: &HashSet<Span>, edit: Edit) {
    if edit == Edit::Remove {
        denies.retain(|deny| !spans.contains(&deny.span));
        return;
    }
    for deny in denies.iter_mut().filter(|deny| spans.contains(&deny.span)) {
        if edit == Edit::DropWhen {
            deny.when = None;
        }
    }
}
