//! Which tenant a question is about.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::question::Question;
use super::typing::is_id;
use super::value::given;
use super::world::{Tenant, World};

/// The tenant, or the reason why there is none.
///
/// "`resource.properties.tenant`, `context.tenant`, the id of a resource of type `tenant`: any two
/// that differ are `tenant_conflict`. None: the only tenant loaded, provided no application takes
/// memberships from the request; else `tenant_required`."
pub fn which_tenant<'a>(
    world: &'a World,
    question: &Question,
) -> Result<Cow<'a, Tenant>, &'static str> {
    let id_of_tenant = Json::String(question.resource_id.clone());
    let mut named: Vec<&Json> = Vec::new();
    named.extend(given(&question.resource, "tenant"));
    named.extend(given(&question.context, "tenant"));
    if question.resource_type == "tenant" {
        named.push(&id_of_tenant);
    }
    if named
        .iter()
        .any(|one| named.iter().any(|other| one != other))
    {
        return Err("tenant_conflict");
    }
    let application = given(&question.context, "application");
    let declared = match named.first() {
        Some(id) => {
            // "such a tenant [an id that is none], or one that is no string, `unknown_tenant`"
            let id = id.as_str().ok_or("unknown_tenant")?;
            match world.tenant(id) {
                Some(tenant) => tenant,
                None => return undeclared(world, id, application).map(Cow::Owned),
            }
        }
        None => match world.tenants.as_slice() {
            [only] if !world.applications.iter().any(|app| app.request) => only,
            _ => return Err("tenant_required"),
        },
    };
    // "A declared tenant with another `context.application`: `tenant_conflict`."
    match application {
        Some(application) if application.as_str() != Some(&declared.application) => {
            Err("tenant_conflict")
        }
        _ => Ok(Cow::Borrowed(declared)),
    }
}

/// "Tenants need not be declared [...]. Such a tenant is accepted when `context.application` names
/// a request-mode application, or when one request-mode application is all that is loaded and the
/// question names no other; else `unknown_tenant`."
fn undeclared(world: &World, id: &str, application: Option<&Json>) -> Result<Tenant, &'static str> {
    let found = match (application, world.applications.as_slice()) {
        (Some(named), _) => named.as_str().and_then(|named| world.application(named)),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let found = found.filter(|app| app.request && is_id(id));
    let app = found.ok_or("unknown_tenant")?;
    Ok(Tenant {
        id: id.to_owned(),
        application: app.id.clone(),
        undeclared: true,
        ..Tenant::default()
    })
}
