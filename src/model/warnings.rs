//! What the policies say that their author probably did not mean.

use std::collections::{HashMap, HashSet};

use crate::maps::IndexMap;

use super::{Application, Deny, Grant, Id, Model, Moment, Role, Target, Tenant};
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Name, Scope};
use crate::source::Span;
use crate::value::Json;

/// What grants under `*` with a condition cover, by place: the types that have what it reads.
pub type Narrowed = HashMap<Span, Vec<Target>>;

/// Reports every warning; `now` is in milliseconds since 1970. Beside errors only what a single entry says is
/// reported: what follows from the whole would be noise.
/// `narrowed` says what grants under `*` with a condition cover.
pub fn warn(
    model: &Model,
    narrowed: &Narrowed,
    now: i64,
    has_errors: bool,
    diagnostics: &mut Diagnostics,
) {
    for tenant in model.tenants.values() {
        past_expires(tenant, now, diagnostics);
        guests_without_partner(tenant, diagnostics);
        own_partner(tenant, diagnostics);
    }
    ignored_memberships(model, diagnostics);
    if has_errors {
        return;
    }
    for application in model.applications.values() {
        let roles = Roles {
            application,
            own: None,
            narrowed,
        };
        for role in application.roles.values() {
            escalation(role, &roles, diagnostics);
        }
        let tenants = || tenants_of(model, application);
        overridden(&roles, None, tenants(), diagnostics);
        if !application.membership_request {
            unused_roles(&application.roles, tenants(), diagnostics);
        }
    }
    for tenant in model.tenants.values() {
        let roles = Roles {
            application: &tenant.application,
            own: Some(&tenant.roles),
            narrowed,
        };
        for role in tenant.roles.values() {
            escalation(role, &roles, diagnostics);
        }
        if !tenant.roles.is_empty() {
            let only = || std::iter::once(&**tenant);
            overridden(&roles, Some(tenant), only(), diagnostics);
            if !tenant.application.membership_request {
                unused_roles(&tenant.roles, only(), diagnostics);
            }
        }
        nobody_updates(tenant, narrowed, now, diagnostics);
    }
}

fn tenants_of<'m>(
    model: &'m Model,
    application: &'m Application,
) -> impl Iterator<Item = &'m Tenant> + Clone {
    let tenants = model.tenants.values().map(|tenant| &**tenant);
    tenants.filter(move |tenant| tenant.application.id.value == application.id.value)
}

fn past_expires(tenant: &Tenant, now: i64, diagnostics: &mut Diagnostics) {
    if !tenant.summary.expires {
        return;
    }
    let entries = tenant.members.values().flatten();
    let entries = entries.map(|entry| (entry.expires, entry.expires_span));
    let delegations = tenant.delegations.iter();
    let delegations = delegations.map(|delegation| (delegation.expires, delegation.expires_span));
    for ends in entries.chain(delegations) {
        if let (Some(end), Some(span)) = ends
            && end <= now
        {
            diagnostics
                .report(Code::PastExpires, span, "this has expired")
                .help("remove it, or set a later end");
        }
    }
}

fn guests_without_partner(tenant: &Tenant, diagnostics: &mut Diagnostics) {
    if !tenant.summary.guests {
        return;
    }
    let guests = tenant.members.values().flatten();
    for guest in guests.filter_map(|entry| entry.guest.as_ref()) {
        if guest.tenant.value == tenant.id.value {
            let code = match guest.is_partner {
                true => Code::OwnTenant,
                false => Code::GuestWithoutPartner,
            };
            let message = format!(
                "`{}` is this tenant itself: a guest comes from another",
                *tenant.id
            );
            diagnostics
                .report(code, guest.tenant.span, message)
                .help("remove `guest_of`, or name the tenant that the guest comes from");
        } else if !guest.is_partner {
            let message = format!(
                "`{}` is no partner of `{}`, so this entry counts for nothing",
                *guest.tenant, *tenant.id
            );
            diagnostics
                .report(Code::GuestWithoutPartner, guest.tenant.span, message)
                .help(format!(
                    "add `{}` to `partners`, or remove the guest",
                    *guest.tenant
                ));
        }
    }
}

fn own_partner(tenant: &Tenant, diagnostics: &mut Diagnostics) {
    if tenant.partners.contains(&tenant.id.value) {
        let message = format!("`{}` names itself among its `partners`", *tenant.id);
        diagnostics
            .report(Code::OwnTenant, tenant.id.span, message)
            .help("remove it there: guests come from other tenants");
    }
}

/// Cases whose memberships nobody reads.
fn ignored_memberships(model: &Model, diagnostics: &mut Diagnostics) {
    for suite in model.suites.iter() {
        let tenant = model.tenants.get(&suite.tenant);
        if tenant.is_none_or(|tenant| tenant.application.membership_request) {
            continue;
        }
        let cases = suite.cases.iter();
        for case in cases.filter(|case| case.memberships != Json::Null) {
            diagnostics
                .report(
                    Code::IgnoredMemberships,
                    case.span,
                    "`memberships` counts for nothing here: the members of this tenant are in files",
                )
                .help("declare the member under `members`, or take `memberships` out");
        }
    }
}

/// The roles that a rule can name.
struct Roles<'m> {
    application: &'m Application,
    own: Option<&'m IndexMap<Id, Role>>,
    narrowed: &'m Narrowed,
}

impl<'m> Roles<'m> {
    fn get(&self, name: &str) -> Option<&'m Role> {
        let own = || self.own.and_then(|own| own.get(name));
        self.application.roles.get(name).or_else(own)
    }

    fn all(&self) -> impl Iterator<Item = &'m Role> {
        let own = self.own.into_iter().flat_map(|own| own.values());
        self.application.roles.values().chain(own)
    }

    /// What a grant covers.
    fn targets(&self, grant: &'m Grant) -> &'m [Target] {
        self.narrowed.get(&grant.span).unwrap_or(&grant.targets)
    }

    fn names(&self, grant: &'m Grant, kind: usize, action: &Id) -> bool {
        let mut targets = self.targets(grant).iter();
        targets.any(|target| target.kind == kind && target.actions.contains(action))
    }

    /// The grants of a role, inherited ones included.
    fn grants(&self, role: &'m Role) -> impl Iterator<Item = &'m Grant> {
        let closure = role.closure.iter().filter_map(|name| self.get(name));
        closure.flat_map(|role| &role.grants)
    }
}

/// A role that may give a role which holds more than it does itself lets its holders rise.
fn escalation(role: &Role, roles: &Roles<'_>, diagnostics: &mut Diagnostics) {
    let Some(role) = roles.get(&role.name) else {
        return;
    };
    for written in &role.assigns_written {
        let given: Vec<&Role> = match &*written.value {
            "*" => roles.all().collect(),
            name => roles.get(name).into_iter().collect(),
        };
        let more: Vec<(&Role, String)> = given
            .into_iter()
            .filter_map(|other| Some((other, surplus(other, role, roles)?)))
            .collect();
        if let Some((other, surplus)) = more.first() {
            report_escalation(role, written, other, surplus, diagnostics);
        }
    }
}

fn report_escalation(
    role: &Role,
    written: &Name,
    other: &Role,
    surplus: &str,
    diagnostics: &mut Diagnostics,
) {
    let message = format!(
        "`{}` may give the role `{}`, which allows {surplus}; `{}` does not allow that itself",
        *role.name, *other.name, *role.name
    );
    diagnostics
        .report(Code::Escalation, written.span, message)
        .help("its holders could give themselves more than they have; leave the role out if that is not meant");
}

/// The first thing that a role allows and another does not, in words.
fn surplus(other: &Role, role: &Role, roles: &Roles<'_>) -> Option<String> {
    let types = &roles.application.types;
    let (other, role) = (roles.get(&other.name)?, roles.get(&role.name)?);
    for grant in roles.grants(other) {
        for target in roles.targets(grant) {
            let lacking = target.actions.iter().find(|action| {
                !roles
                    .grants(role)
                    .any(|own| reaches_as_far(own, grant) && roles.names(own, target.kind, action))
            });
            if let Some(action) = lacking {
                let (kind, _) = types.get_index(target.kind)?;
                let scope = grant.scope.as_str();
                return Some(format!("`{action}` of `{kind}` in the scope `{scope}`"));
            }
        }
    }
    None
}

/// Whether a grant reaches wherever another does, as far as can be seen without asking: the same or the whole tenant,
/// without a condition or under the same.
fn reaches_as_far(grant: &Grant, other: &Grant) -> bool {
    let scope = grant.scope == Scope::Tenant || grant.scope == other.scope;
    let text = |grant: &Grant| grant.when.as_ref().map(|when| when.text.clone());
    let condition = grant.when.is_none() || text(grant) == text(other);
    scope && condition
}

/// Grants all of whose actions are denied to every holder, whatever the circumstances.
fn overridden<'m>(
    known: &Roles<'_>,
    tenant: Option<&Tenant>,
    tenants: impl Iterator<Item = &'m Tenant> + Clone,
    diagnostics: &mut Diagnostics,
) {
    let application = known.application;
    let roles = tenant.map_or(&application.roles, |tenant| &tenant.roles);
    for role in roles.values() {
        let is_inherited = roles
            .values()
            .chain(tenants.clone().flat_map(|tenant| tenant.roles.values()))
            .any(|other| {
                other.name.value != role.name.value && other.closure.contains(&role.name.value)
            });
        let own = role.denies.iter().filter(|_| !is_inherited);
        let of_tenant = tenant.into_iter().flat_map(|tenant| &tenant.denies);
        let denies: Vec<&Deny> = application
            .denies
            .iter()
            .chain(of_tenant)
            .chain(own)
            .filter(|deny| always_hits(deny, role))
            .collect();
        for grant in &role.grants {
            let is_denied = |target: &Target| {
                target.actions.iter().all(|action| {
                    denies.iter().any(|deny| {
                        let mut targets = deny.targets.iter();
                        targets.any(|other| {
                            other.kind == target.kind && other.actions.contains(action)
                        })
                    })
                })
            };
            let targets = known.targets(grant);
            if !targets.is_empty() && targets.iter().all(is_denied) {
                diagnostics
                    .report(
                        Code::OverriddenGrant,
                        grant.span,
                        format!(
                            "a deny rule always overrides this grant of `{}`",
                            *role.name
                        ),
                    )
                    .help("remove the grant, or narrow the deny rule");
            }
        }
    }
}

/// Whether a deny rule hits every holder of a role whatever the question.
fn always_hits(deny: &Deny, role: &Role) -> bool {
    let hits = deny
        .roles
        .as_ref()
        .is_none_or(|roles| roles.iter().any(|name| role.closure.contains(name)));
    hits && deny.except_roles.is_empty() && deny.when.is_none()
}

fn unused_roles<'m>(
    roles: &IndexMap<Id, Role>,
    tenants: impl Iterator<Item = &'m Tenant> + Clone,
    diagnostics: &mut Diagnostics,
) {
    let held: HashSet<&Id> = tenants
        .clone()
        .flat_map(|tenant| &tenant.summary.held)
        .collect();
    let own = tenants.flat_map(|tenant| tenant.roles.values());
    let others: Vec<&Role> = roles.values().chain(own).collect();
    for (name, role) in roles {
        let inherited = others
            .iter()
            .any(|other| other.name.value != *name && other.closure.contains(name));
        if !held.contains(name) && !inherited {
            let message = format!("nobody holds the role `{name}`, and no role inherits from it");
            diagnostics
                .report(Code::UnusedRole, role.name.span, message)
                .help("give it to somebody, or remove it");
        }
    }
}

/// A tenant that none of its active members may update can only be changed from outside.
fn nobody_updates(tenant: &Tenant, narrowed: &Narrowed, now: i64, diagnostics: &mut Diagnostics) {
    let kind = tenant.application.types.get_index_of("tenant");
    let Some(kind) = kind.filter(|_| !tenant.application.membership_request) else {
        return;
    };
    let update = Id::from("update");
    let roles = Roles {
        application: &tenant.application,
        own: Some(&tenant.roles),
        narrowed,
    };
    let may_update = |role: &Id| {
        roles.get(role).is_some_and(|role| {
            let mut grants = roles.grants(role);
            grants.any(|grant| grant.scope == Scope::Tenant && roles.names(grant, kind, &update))
        })
    };
    let mut entries = tenant.members.values().flatten();
    let now = Moment::new(now);
    if !entries.any(|entry| entry.counts(&now) && may_update(&entry.role)) {
        let message = format!("no active member of `{}` may update the tenant", *tenant.id);
        diagnostics
            .report(Code::NoActiveUpdater, tenant.id.span, message)
            .help("give one a role that allows `update` of `tenant` with the scope `tenant`");
    }
}
