//! The names that the open part of a question can have, as far as the snapshot knows them.

use super::{Search, Sought};
use crate::model::{BuiltIn, Tenant};
use crate::snapshot::{CompiledTenant, Snapshot, which_tenant};

/// Every name that could complete the question to an allow, in no order, some twice.
pub(super) fn of<'s>(search: &Search<'_>, snapshot: &'s Snapshot) -> Vec<&'s str> {
    let question = &search.question;
    let kind = &*question.resource.kind;
    if search.sought == Sought::Resources && kind == BuiltIn::Tenant.as_str() {
        return snapshot
            .tenants()
            .map(|tenant| &*tenant.model.id.value)
            .collect();
    }
    let Ok(found) = which_tenant(snapshot, question) else {
        return Vec::new();
    };
    let tenant = found.tenant;
    match search.sought {
        Sought::Subjects => tenant.model.members.keys().map(|id| &**id).collect(),
        Sought::Resources => resources(&tenant.model, kind),
        Sought::Actions => actions(tenant, kind),
    }
}

/// Declared records, and what a built-in type knows of itself. Delegations have no ids.
fn resources<'s>(tenant: &'s Tenant, kind: &str) -> Vec<&'s str> {
    let Some((index, _, kind)) = tenant.application.types.get_full(kind) else {
        return Vec::new();
    };
    let records = tenant.records.get(&index);
    let records = records.into_iter().flat_map(|records| records.keys());
    let mut ids: Vec<&str> = records.map(|id| &**id).collect();
    match kind.built_in {
        Some(BuiltIn::SubAccount) => ids.extend(tenant.sub_accounts.keys().map(|id| &**id)),
        Some(BuiltIn::Team) => ids.extend(tenant.teams.keys().map(|id| &**id)),
        Some(BuiltIn::Role) => ids.extend(tenant.role_names().map(|id| &**id)),
        Some(BuiltIn::Member) => ids.extend(tenant.members.keys().map(|id| &**id)),
        Some(BuiltIn::Tenant | BuiltIn::Delegation) | None => {}
    }
    ids
}

fn actions<'s>(tenant: &'s CompiledTenant, kind: &str) -> Vec<&'s str> {
    let kind = tenant.model.application.types.get(kind);
    let actions = kind.into_iter().flat_map(|kind| &kind.actions);
    actions.map(|action| &**action).collect()
}
