//! Roles, and what grants and denies name.

use super::cond::{Cond, Root};
use super::world::{Application, CRUD, Grant, Role, Scope, Tenant};

/// The role of that name, of the application or of the tenant itself.
pub fn role<'a>(app: &'a Application, tenant: &'a Tenant, id: &str) -> Option<&'a Role> {
    app.roles
        .iter()
        .chain(&tenant.roles)
        .find(|role| role.id == id)
}

/// The role and all that it inherits from, at any remove.
pub fn with_inherited<'a>(app: &'a Application, tenant: &'a Tenant, id: &str) -> Vec<&'a Role> {
    let Some(role) = role(app, tenant, id) else {
        return Vec::new();
    };
    let mut all = vec![role];
    for parent in &role.inherits {
        all.extend(with_inherited(app, tenant, parent));
    }
    all
}

/// Every grant of the role with its effective scope.
///
/// "`inherits` gives each inherited grant with its own scope"; "`scope` (default reach of its own
/// grants: `tenant` (default), [...])"; "`scope` (instead of the role's)"
pub fn grants<'a>(app: &'a Application, tenant: &'a Tenant, id: &str) -> Vec<(&'a Grant, Scope)> {
    let mut all = Vec::new();
    for role in with_inherited(app, tenant, id) {
        for grant in &role.allow {
            all.push((grant, grant.scope.or(role.scope).unwrap_or(Scope::Tenant)));
        }
    }
    all
}

/// "`assigns` (roles that its holders may give)"; "`inherits` gives [...] the inherited `assigns`";
/// "`assigns: ["*"]` is every role of the application and of the tenant itself"
pub fn may_give(app: &Application, tenant: &Tenant, holder: &str, given: &str) -> bool {
    let exists = role(app, tenant, given).is_some();
    with_inherited(app, tenant, holder).iter().any(|role| {
        role.assigns
            .iter()
            .any(|named| exists && (named == given || named == "*"))
    })
}

/// "An entry whose role has a grant of effective scope `sub_account` (inherited ones too) must name
/// `sub_accounts`; any other must not."
pub fn wants_sub_accounts(app: &Application, tenant: &Tenant, id: &str) -> bool {
    grants(app, tenant, id)
        .iter()
        .any(|(_, scope)| *scope == Scope::SubAccount)
}

/// True where the grant is about that action on that type.
pub fn grant_names(app: &Application, grant: &Grant, kind: &str, action: &str) -> bool {
    names_type(app, &grant.resources, grant.when.as_ref(), kind)
        && names_action(&grant.actions, action)
}

/// "`resources: ["*"]` is every type, built-in ones too"; "resource_groups: name -> types; usable
/// wherever `resources:` is written"; "Each named type must declare what the condition reads; under
/// `"*"` the rule covers only types that do."
pub fn names_type(
    app: &Application,
    resources: &[String],
    when: Option<&Cond>,
    kind: &str,
) -> bool {
    resources.iter().any(|named| {
        let is_in_group = app
            .groups
            .iter()
            .any(|group| group.name == *named && group.types.iter().any(|one| one == kind));
        let is_in_all = named == "*" && when.is_none_or(|when| declares(app, kind, when));
        named == kind || is_in_group || is_in_all
    })
}

/// "`actions: ["*"]` every action of each named type"; "`crud` stands for create, read, update,
/// delete"
pub fn names_action(actions: &[String], action: &str) -> bool {
    actions
        .iter()
        .any(|named| named == "*" || named == action || (named == "crud" && CRUD.contains(&action)))
}

/// True where the type has every attribute of `resource` that the condition names.
pub fn declares(app: &Application, kind: &str, when: &Cond) -> bool {
    let standard = [
        "id",
        "owner",
        "sub_account",
        "sub_accounts",
        "team",
        "teams",
    ];
    when.names()
        .iter()
        .filter(|path| path.root == Root::Resource)
        .all(|path| {
            let name = path.name.as_str();
            standard.contains(&name)
                || app.ancestors(kind).contains(&name)
                || app
                    .attributes(kind)
                    .iter()
                    .any(|attribute| attribute.name == name)
        })
}
