//! Random applications.

use fastrand::Rng;

use super::generate_cond::condition;
use super::generate_raw::cedar_name;
use super::generate_values::{
    ACCOUNTS, ACTIONS, OF_ACCOUNTS, OF_ACTION, OF_CONTEXT, OF_RESOURCES, PERSONS, ROLES, TYPES,
    count_of, percent, pick, pick_text, some_of, value,
};
use super::value::Type;
use super::world::{
    Account, Application, Attribute, BUILT_IN, CRUD, Deny, Grant, Group, ResourceType, Role, Scope,
    Tenant,
};

/// A random application, without tenants, that takes memberships from the request or not.
pub fn application(rng: &mut Rng, id: &str, request: bool) -> Application {
    let mut app = Application {
        id: id.to_owned(),
        request,
        subject_types: if percent(rng, 70) {
            None
        } else {
            Some(vec!["user".to_owned(), "svc".to_owned()])
        },
        declared_required: !request && percent(rng, 15),
        one_tenant: !request && percent(rng, 15),
        required_fields: if percent(rng, 15) {
            vec!["email".to_owned()]
        } else {
            Vec::new()
        },
        account_attributes: attributes(rng, &OF_ACCOUNTS, 35),
        context: attributes(rng, &OF_CONTEXT, 35),
        action_context: attributes(rng, &OF_ACTION, 30),
        ..Application::default()
    };
    app.types = types(rng);
    app.groups = groups(rng, &app);
    app.accounts = accounts(rng, &app);
    let count = rng.usize(2..7);
    let names = count_of(rng, &ROLES, count);
    for name in &names {
        let role = role(rng, &app, &Tenant::default(), name, &names);
        app.roles.push(role);
    }
    for _ in 0..few(rng) {
        let deny = deny(rng, &app, &names, true);
        app.denies.push(deny);
    }
    app
}

/// None, more often than one or two.
pub fn few(rng: &mut Rng) -> usize {
    *pick(rng, &[0, 0, 0, 1, 1, 2]).unwrap_or(&0)
}

fn attributes(rng: &mut Rng, from: &[(&str, Type)], of_hundred: u32) -> Vec<Attribute> {
    some_of(rng, from, of_hundred)
        .into_iter()
        .map(|(name, kind)| Attribute {
            name: name.to_owned(),
            kind,
        })
        .collect()
}

fn types(rng: &mut Rng) -> Vec<ResourceType> {
    let count = rng.usize(3..7);
    let mut names = count_of(rng, &TYPES, count);
    rng.shuffle(&mut names);
    let mut types: Vec<ResourceType> = Vec::new();
    for name in names {
        let mut actions: Vec<String> = Vec::new();
        for action in some_of(rng, &ACTIONS, 35) {
            // `read` and `update` are in `crud` already.
            let is_there = CRUD.contains(&action) && actions.iter().any(|other| other == "crud");
            if !is_there {
                actions.push(action.to_owned());
            }
        }
        if actions.is_empty() {
            actions.push("read".to_owned());
        }
        let parent = if percent(rng, 65) {
            types.last().map(|other| other.name.clone())
        } else {
            pick(rng, &types)
                .filter(|other| other.parent.is_none())
                .map(|other| other.name.clone())
        };
        types.push(ResourceType {
            name: name.to_owned(),
            actions,
            attributes: attributes(rng, &OF_RESOURCES, 25),
            parent,
            cedar_name: cedar_name(rng, name),
        });
    }
    for (name, _) in BUILT_IN {
        if percent(rng, 15) {
            let actions = if rng.bool() {
                vec![pick_text(rng, &["export", "archive"])]
            } else {
                Vec::new()
            };
            let attributes = attributes(rng, &OF_RESOURCES, 25);
            if actions.is_empty() && attributes.is_empty() {
                continue;
            }
            types.push(ResourceType {
                name: name.to_owned(),
                actions,
                attributes,
                parent: None,
                cedar_name: None,
            });
        }
    }
    types
}

fn groups(rng: &mut Rng, app: &Application) -> Vec<Group> {
    let names: Vec<String> = app.type_names().into_iter().map(str::to_owned).collect();
    let mut groups = Vec::new();
    for name in ["things", "rooms"] {
        if percent(rng, 40) {
            let count = rng.usize(1..4);
            groups.push(Group {
                name: name.to_owned(),
                types: count_of(rng, &names, count),
            });
        }
    }
    groups
}

fn accounts(rng: &mut Rng, app: &Application) -> Vec<Account> {
    let mut accounts = Vec::new();
    for (number, id) in ACCOUNTS.iter().enumerate() {
        if !app.declared_required && percent(rng, 25) {
            continue;
        }
        let must_have_email = !app.required_fields.is_empty();
        let mut account = Account {
            id: (*id).to_owned(),
            email: (must_have_email || rng.bool()).then(|| format!("u{number}@Example.org")),
            first_name: percent(rng, 40).then(|| pick_text(rng, &["open", "Marc", "Zoë"])),
            person: percent(rng, 55).then(|| pick_text(rng, &PERSONS)),
            ..Account::default()
        };
        for attribute in &app.account_attributes {
            if percent(rng, 60) {
                let value = value(rng, attribute.kind);
                account.attributes.insert(attribute.name.clone(), value);
            }
        }
        accounts.push(account);
    }
    accounts
}

/// A random role, of the application, or of the tenant where that has an id; it inherits from roles
/// that are there already, and may give any of `all`.
pub fn role(
    rng: &mut Rng,
    app: &Application,
    tenant: &Tenant,
    id: &str,
    all: &[impl AsRef<str>],
) -> Role {
    let earlier: Vec<String> = app
        .roles
        .iter()
        .chain(&tenant.roles)
        .map(|role| role.id.clone())
        .collect();
    let mut role = Role {
        id: id.to_owned(),
        ..Role::default()
    };
    if percent(rng, 70) {
        role.scope = Some(scope(rng));
    }
    role.inherits = some_of(rng, &earlier, 25);
    if app.roles.is_empty() && percent(rng, 35) {
        role.allow.push(everything());
    }
    for _ in 0..rng.usize(2..7) {
        role.allow.push(grant(rng, app));
    }
    let must_assign = role.allow.iter().any(|grant| is_about_members(app, grant));
    if must_assign || percent(rng, 25) {
        let named = |role: &&str| (*role).to_owned();
        let names: Vec<&str> = all.iter().map(AsRef::as_ref).collect();
        role.assigns = some_of(rng, &names, 60).iter().map(named).collect();
        if role.assigns.is_empty() || percent(rng, 25) {
            role.assigns = vec!["*".to_owned()];
        }
    }
    if percent(rng, 12) {
        role.deny.push(deny(rng, app, all, false));
    }
    role
}

fn everything() -> Grant {
    let all = || vec!["*".to_owned()];
    Grant {
        resources: all(),
        actions: all(),
        scope: None,
        when: None,
    }
}

/// "a role that grants member invite or remove and assigns nothing" is an error.
fn is_about_members(app: &Application, grant: &Grant) -> bool {
    kinds_of(app, &grant.resources).contains(&"member")
}

fn scope(rng: &mut Rng) -> Scope {
    *pick(rng, &Scope::ALL).unwrap_or(&Scope::Tenant)
}

/// The types that `resources` names, without regard for conditions.
pub fn kinds_of<'a>(app: &'a Application, resources: &[String]) -> Vec<&'a str> {
    let types = app.type_names();
    types
        .into_iter()
        .filter(|kind| super::rules::names_type(app, resources, None, kind))
        .collect()
}

fn grant(rng: &mut Rng, app: &Application) -> Grant {
    let resources = resources(rng, app);
    let is_about_members = resources.iter().any(|name| name == "member");
    let scope = if is_about_members && percent(rng, 50) {
        pick(
            rng,
            &[
                Scope::SubAccount,
                Scope::SubAccount,
                Scope::Team,
                Scope::Team,
                Scope::Own,
            ],
        )
        .copied()
    } else {
        percent(rng, 40).then(|| scope(rng))
    };
    Grant {
        actions: actions(rng, app, &resources),
        scope,
        when: when(rng, app, &resources, 45),
        resources,
    }
}

/// A deny; in a role it names no holders.
pub fn deny(
    rng: &mut Rng,
    app: &Application,
    roles: &[impl AsRef<str>],
    names_holders: bool,
) -> Deny {
    let resources = resources(rng, app);
    let names: Vec<String> = roles.iter().map(|role| role.as_ref().to_owned()).collect();
    let mut deny = Deny {
        actions: actions(rng, app, &resources),
        when: when(rng, app, &resources, 70),
        resources,
        roles: Vec::new(),
        except_roles: Vec::new(),
    };
    if names_holders && percent(rng, 55) {
        deny.roles = count_of(rng, &names, 1 + few_more(names.len()));
    }
    if names_holders && percent(rng, 35) {
        deny.except_roles = count_of(rng, &names, 1);
        deny.except_roles.retain(|role| !deny.roles.contains(role));
    }
    deny
}

fn few_more(length: usize) -> usize {
    usize::from(length > 3)
}

fn resources(rng: &mut Rng, app: &Application) -> Vec<String> {
    let built_in: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let own: Vec<&str> = app
        .type_names()
        .into_iter()
        .filter(|name| !built_in.contains(name))
        .collect();
    let text = |name: &str| name.to_owned();
    match rng.u32(0..100) {
        0..12 => vec![text("*")],
        12..20 if !app.groups.is_empty() => pick(rng, &app.groups)
            .map(|group| group.name.clone())
            .into_iter()
            .collect(),
        20..46 => vec![pick_text(rng, &built_in)],
        46..58 => vec![text("member")],
        58..62 => vec![text("member"), pick_text(rng, &own)],
        62..74 => count_of(rng, &own, 2).into_iter().map(text).collect(),
        _ => vec![pick_text(rng, &own)],
    }
}

fn actions(rng: &mut Rng, app: &Application, resources: &[String]) -> Vec<String> {
    let kinds = kinds_of(app, resources);
    let of = |kind: &&str| app.actions(kind);
    let mut possible: Vec<String> = if resources.iter().any(|name| name == "*") {
        kinds.iter().flat_map(of).map(str::to_owned).collect()
    } else {
        let first = kinds.iter().take(1).flat_map(of);
        first
            .filter(|action| kinds.iter().all(|kind| app.actions(kind).contains(action)))
            .map(str::to_owned)
            .collect()
    };
    possible.sort();
    possible.dedup();
    if possible.is_empty() || percent(rng, 30) {
        return vec!["*".to_owned()];
    }
    let has_crud = CRUD
        .iter()
        .all(|action| possible.iter().any(|one| one == action));
    if has_crud && percent(rng, 25) {
        return vec!["crud".to_owned()];
    }
    let count = rng.usize(1..4);
    count_of(rng, &possible, count)
}

/// A condition on a rule about these resources, in that many of a hundred cases.
pub fn when(
    rng: &mut Rng,
    app: &Application,
    resources: &[String],
    of_hundred: u32,
) -> Option<super::cond::Cond> {
    if !percent(rng, of_hundred) {
        return None;
    }
    let kinds = kinds_of(app, resources);
    if resources.iter().any(|name| name == "*") {
        let one = pick(rng, &kinds).copied().into_iter().collect::<Vec<_>>();
        return Some(condition(rng, app, &one));
    }
    Some(condition(rng, app, &kinds))
}
