//! Which tenant a question is about: LANGUAGE's section "Which tenant, and the order of reasons".

use std::borrow::Cow;

use super::Snapshot;
use super::decision::Reason;
use super::question::Question;
use super::tenant::CompiledTenant;
use crate::document::is_account_or_record_id;
use crate::model::BuiltIn;
use crate::value::Json;

/// The tenant that a question is about.
pub(crate) struct Found<'s> {
    /// The tenant, or what stands for it where no file names it.
    pub(crate) tenant: &'s CompiledTenant,
    /// Its id where no file names it, which the question alone knows.
    pub(crate) undeclared_id: Option<String>,
    /// Whether the question says which tenant it means, and a file names that: then no other tenant matters to it.
    pub(crate) is_named: bool,
}

/// The tenant that a question names, in up to three places that must agree.
pub(crate) fn which_tenant<'s>(
    snapshot: &'s Snapshot,
    question: &Question<'_>,
) -> Result<Found<'s>, Reason> {
    let itself = (question.resource.kind == BuiltIn::Tenant.as_str())
        .then(|| Json::Text(Cow::Borrowed(&*question.resource.id)));
    let named = [
        question.property("tenant"),
        question.context.get("tenant"),
        itself.as_ref(),
    ];
    let mut named = named.into_iter().flatten();
    let application = question.context.get("application");
    let Some(first) = named.next() else {
        let tenant = snapshot.only_tenant().ok_or(Reason::TenantRequired)?;
        return declared(tenant, application, false);
    };
    if named.any(|other| other != first) {
        return Err(Reason::TenantConflict);
    }
    let id = first.as_text().ok_or(Reason::UnknownTenant)?;
    if let Some(tenant) = snapshot.tenant(id) {
        return declared(tenant, application, true);
    }
    let tenant = match application {
        Some(name) => name.as_text().and_then(|name| snapshot.undeclared(name)),
        None => snapshot.only_undeclared(),
    };
    let tenant = tenant.filter(|_| is_account_or_record_id(id));
    let tenant = tenant.ok_or(Reason::UnknownTenant)?;
    Ok(Found {
        tenant,
        undeclared_id: Some(id.to_owned()),
        is_named: false,
    })
}

/// A declared tenant with another application in the context is a conflict.
fn declared<'s>(
    tenant: &'s CompiledTenant,
    application: Option<&Json<'_>>,
    is_named: bool,
) -> Result<Found<'s>, Reason> {
    let own = &*tenant.model.application.id.value;
    match application {
        Some(named) if named.as_text() != Some(own) => Err(Reason::TenantConflict),
        _ => Ok(Found {
            tenant,
            undeclared_id: None,
            is_named,
        }),
    }
}
