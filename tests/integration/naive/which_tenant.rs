//! Which tenant a question is about.

use serde_json::Value as Json;

use super::question::Question;
use super::value::given;
use super::world::{Tenant, World};

/// The tenant, or the reason why there is none.
///
/// "`resource.properties.tenant`, `context.tenant`, the id of a resource of type `tenant`: any two
/// that differ are `tenant_conflict`. None: the only tenant loaded [...]; else `tenant_required`."
pub fn which_tenant<'a>(world: &'a World, question: &Question) -> Result<&'a Tenant, &'static str> {
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
    let tenant = match named.first() {
        // "such a tenant [an id that is none], or one that is no string, `unknown_tenant`"
        Some(id) => id
            .as_str()
            .and_then(|id| world.tenant(id))
            .ok_or("unknown_tenant")?,
        None => match world.tenants.as_slice() {
            [only] => only,
            _ => return Err("tenant_required"),
        },
    };
    // "A declared tenant with another `context.application`: `tenant_conflict`."
    match given(&question.context, "application") {
        Some(application) if application.as_str() != Some(&tenant.application) => {
            Err("tenant_conflict")
        }
        _ => Ok(tenant),
    }
}
