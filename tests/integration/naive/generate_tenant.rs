//! Random tenants.

use fastrand::Rng;
use serde_json::{Map, Value as Json, json};

use super::generate_app::{deny, few, role};
use super::generate_values::{
    ACCOUNTS, EXPIRES, OWN_ROLES, RECORDS, SUB_ACCOUNTS, TEAMS, count_of, percent, pick, pick_text,
    some_of, value,
};
use super::rules;
use super::world::{Application, Entry, Record, Scope, Status, SubAccount, Team, Tenant, World};

/// A random tenant of the application; `others` are there already.
pub fn tenant(rng: &mut Rng, app: &Application, id: &str, others: &[Tenant]) -> Tenant {
    let mut tenant = Tenant {
        id: id.to_owned(),
        application: app.id.clone(),
        ..Tenant::default()
    };
    tenant.sub_accounts = sub_accounts(rng);
    // "`members`, `teams` and `delegations` in files are then errors"
    if !app.request {
        tenant.teams = teams(rng);
    }
    let own_roles = if percent(rng, 50) { rng.usize(1..3) } else { 0 };
    let own_roles = count_of(rng, &OWN_ROLES, own_roles);
    let mut all: Vec<String> = app.roles.iter().map(|role| role.id.clone()).collect();
    all.extend(own_roles.iter().map(|name| (*name).to_owned()));
    for name in own_roles {
        let role = role(rng, app, &tenant, name, &all);
        tenant.roles.push(role);
    }
    for _ in 0..few(rng) {
        let deny = deny(rng, app, &all, true);
        tenant.denies.push(deny);
    }
    if !app.request {
        add_members(rng, app, &mut tenant, others);
    }
    tenant.records = records(rng, app, &tenant);
    tenant
}

fn add_members(rng: &mut Rng, app: &Application, tenant: &mut Tenant, others: &[Tenant]) {
    let mut accounts: Vec<&str> = ACCOUNTS.to_vec();
    if app.one_tenant {
        accounts.retain(|account| others.iter().all(|other| !has_entry(other, app, account)));
        let keep = accounts.len().div_ceil(2);
        accounts = count_of(rng, &accounts, keep);
    } else {
        accounts = count_of(rng, &accounts, 7);
    }
    for _ in 0..rng.usize(4..14) {
        let account = pick_text(rng, &accounts);
        if !account.is_empty() {
            add_entry(rng, app, tenant, account, None);
        }
    }
    fill_teams(rng, tenant);
}

fn has_entry(tenant: &Tenant, app: &Application, account: &str) -> bool {
    tenant.application == app.id && !tenant.entries(account).is_empty()
}

fn sub_accounts(rng: &mut Rng) -> Vec<SubAccount> {
    let count = if percent(rng, 15) { 0 } else { rng.usize(2..6) };
    let mut names = count_of(rng, &SUB_ACCOUNTS, count);
    rng.shuffle(&mut names);
    let mut all: Vec<SubAccount> = Vec::new();
    for name in names {
        let parent = if percent(rng, 60) {
            pick(rng, &all).map(|up| up.id.clone())
        } else {
            None
        };
        all.push(SubAccount {
            id: name.to_owned(),
            parent,
        });
    }
    rng.shuffle(&mut all);
    all
}

fn teams(rng: &mut Rng) -> Vec<Team> {
    some_of(rng, &TEAMS, 60)
        .into_iter()
        .map(|id| Team {
            id: id.to_owned(),
            accounts: Vec::new(),
        })
        .collect()
}

/// Adds an entry that is valid, unless the account has an equal one or the role can't be had here.
pub fn add_entry(
    rng: &mut Rng,
    app: &Application,
    tenant: &mut Tenant,
    account: String,
    guest_of: Option<String>,
) {
    let roles: Vec<String> = app
        .roles
        .iter()
        .chain(&tenant.roles)
        .map(|role| role.id.clone())
        .collect();
    let Some(role) = pick(rng, &roles).cloned() else {
        return;
    };
    let mut entry = Entry {
        account,
        role,
        guest_of,
        ..Entry::default()
    };
    if rules::wants_sub_accounts(app, tenant, &entry.role) {
        let ids: Vec<String> = tenant
            .sub_accounts
            .iter()
            .map(|one| one.id.clone())
            .collect();
        let count = rng.usize(1..3);
        entry.sub_accounts = count_of(rng, &ids, count);
        if entry.sub_accounts.is_empty() {
            return;
        }
    }
    let ids: Vec<String> = tenant.teams.iter().map(|team| team.id.clone()).collect();
    if percent(rng, 35) {
        let count = rng.usize(0..3);
        entry.teams = count_of(rng, &ids, count);
    }
    let scopes = rules::grants(app, tenant, &entry.role);
    if scopes.iter().any(|(_, scope)| *scope == Scope::Assigned) && percent(rng, 85) {
        entry.assigned = assigned(rng, app);
    }
    (entry.status, entry.expires) = validity(rng);
    if tenant.members.iter().any(|other| is_like(other, &entry)) {
        return;
    }
    for team in &mut tenant.teams {
        if entry.teams.contains(&team.id) && !team.accounts.contains(&entry.account) {
            team.accounts.push(entry.account.clone());
        }
    }
    tenant.members.push(entry);
}

fn is_like(one: &Entry, other: &Entry) -> bool {
    one.account == other.account
        && one.role == other.role
        && one.sub_accounts == other.sub_accounts
        && one.teams == other.teams
}

fn assigned(rng: &mut Rng, app: &Application) -> Vec<(String, Vec<String>)> {
    let kinds: Vec<&str> = own_kinds(app);
    let count = rng.usize(1..4);
    count_of(rng, &kinds, count)
        .into_iter()
        .map(|kind| {
            let count = rng.usize(1..3);
            let ids = count_of(rng, &RECORDS, count);
            (
                kind.to_owned(),
                ids.into_iter().map(str::to_owned).collect(),
            )
        })
        .collect()
}

/// The application's own types.
pub fn own_kinds(app: &Application) -> Vec<&str> {
    app.type_names()
        .into_iter()
        .filter(|name| {
            super::world::BUILT_IN
                .iter()
                .all(|(built_in, _)| built_in != name)
        })
        .collect()
}

fn validity(rng: &mut Rng) -> (Option<Status>, Option<String>) {
    let status = match rng.u32(0..100) {
        0..60 => None,
        60..76 => Some(Status::Active),
        76..88 => Some(Status::Invited),
        _ => Some(Status::Suspended),
    };
    (status, percent(rng, 25).then(|| pick_text(rng, &EXPIRES)))
}

/// Teams list members that no entry puts there, too.
fn fill_teams(rng: &mut Rng, tenant: &mut Tenant) {
    let mut accounts: Vec<String> = tenant
        .members
        .iter()
        .map(|entry| entry.account.clone())
        .collect();
    accounts.sort();
    accounts.dedup();
    for team in &mut tenant.teams {
        for account in some_of(rng, &accounts, 25) {
            if !team.accounts.contains(&account) {
                team.accounts.push(account);
            }
        }
    }
}

fn records(rng: &mut Rng, app: &Application, tenant: &Tenant) -> Vec<Record> {
    let mut records = Vec::new();
    for kind in own_kinds(app) {
        let count = if percent(rng, 70) { rng.usize(1..4) } else { 0 };
        for id in count_of(rng, &RECORDS, count) {
            let attributes = attributes_of_record(rng, app, tenant, kind);
            records.push(Record {
                kind: kind.to_owned(),
                id: id.to_owned(),
                attributes,
            });
        }
    }
    records
}

fn attributes_of_record(
    rng: &mut Rng,
    app: &Application,
    tenant: &Tenant,
    kind: &str,
) -> Map<String, Json> {
    let mut attributes = Map::new();
    let members = tenant.members.iter().map(|one| one.account.clone());
    let declared = app.accounts.iter().map(|account| account.id.clone());
    let accounts: Vec<String> = if app.request {
        declared.collect()
    } else {
        members.collect()
    };
    let sub_accounts: Vec<String> = tenant
        .sub_accounts
        .iter()
        .map(|one| one.id.clone())
        .collect();
    let teams: Vec<String> = tenant.teams.iter().map(|team| team.id.clone()).collect();
    if percent(rng, 30)
        && let Some(owner) = pick(rng, &accounts)
    {
        attributes.insert("owner".to_owned(), json!(owner));
    }
    add_spelling(
        rng,
        &mut attributes,
        ["sub_account", "sub_accounts"],
        &sub_accounts,
    );
    add_spelling(rng, &mut attributes, ["team", "teams"], &teams);
    for ancestor in app.ancestors(kind) {
        if percent(rng, 45) {
            attributes.insert(ancestor.to_owned(), json!(pick_text(rng, &RECORDS)));
        }
    }
    for attribute in app.attributes(kind) {
        if percent(rng, 50) {
            let value = value(rng, attribute.kind);
            attributes.insert(attribute.name.clone(), value);
        }
    }
    attributes
}

/// One of two spellings, or none, or both.
pub fn add_spelling(
    rng: &mut Rng,
    attributes: &mut Map<String, Json>,
    [one, many]: [&str; 2],
    ids: &[String],
) {
    let Some(id) = pick(rng, ids).cloned() else {
        return;
    };
    let way = rng.u32(0..10);
    if (0..3).contains(&way) || way == 5 {
        attributes.insert(one.to_owned(), json!(id));
    }
    if (3..6).contains(&way) {
        let count = rng.usize(1..3);
        attributes.insert(many.to_owned(), json!(count_of(rng, ids, count)));
    }
}

/// Makes members of some tenants guests in others of the same application.
pub fn add_guests(rng: &mut Rng, world: &mut World) {
    let homes = world.tenants.clone();
    for place in 0..world.tenants.len() {
        for home in &homes {
            let there = &world.tenants[place];
            if home.id == there.id || home.application != there.application || percent(rng, 35) {
                continue;
            }
            let Some(app) = world
                .applications
                .iter()
                .find(|app| app.id == home.application)
            else {
                continue;
            };
            for _ in 0..2 {
                if let Some(account) = guest(rng, app, home, &world.tenants) {
                    let home = Some(home.id.clone());
                    add_entry(rng, app, &mut world.tenants[place], account, home);
                }
            }
            if percent(rng, 75) {
                world.tenants[place].partners.push(home.id.clone());
            }
        }
    }
}

/// The account of someone who is at home there: the one that is a member there, or another of the
/// same person.
fn guest(rng: &mut Rng, app: &Application, home: &Tenant, tenants: &[Tenant]) -> Option<String> {
    let at_home: Vec<&Entry> = home
        .members
        .iter()
        .filter(|entry| entry.guest_of.is_none())
        .collect();
    let entry = pick(rng, &at_home)?;
    let person = |id: &str| app.account(id).and_then(|account| account.person.clone());
    let siblings: Vec<&str> = app
        .accounts
        .iter()
        .map(|account| account.id.as_str())
        .filter(|id| *id != entry.account && person(id).is_some())
        .filter(|id| person(id) == person(&entry.account))
        .filter(|id| {
            let is_taken = tenants.iter().any(|tenant| has_entry(tenant, app, id));
            !(app.one_tenant && is_taken)
        })
        .collect();
    if app.one_tenant || percent(rng, 50) {
        return pick(rng, &siblings).map(|id| (*id).to_owned());
    }
    Some(entry.account.clone())
}
