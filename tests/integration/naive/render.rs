//! Writes a world as the files of a policy folder.

use fastrand::Rng;
use serde_json::{Map, Value as Json};

use super::render_raw;
use super::world::{
    Account, Application, Attribute, Delegation, Deny, Entry, Grant, Record, ResourceType, Role,
    Team, Tenant, World,
};
use super::yaml::{Fields, Yaml, document, of_json};

/// The files of the policy folder: relative names and texts. The layout, the order and the quoting
/// follow from the world's `style`.
pub fn render(world: &World) -> Vec<(String, String)> {
    let mut rng = Rng::with_seed(world.style);
    let documents = documents(world, &mut rng);
    let in_one_file = rng.u32(0..100) < 30 && render_raw::may_be_one_file(world);
    let mut files: Vec<(String, String)> = Vec::new();
    for (name, node) in documents {
        let name = if in_one_file {
            "policies.yaml".to_owned()
        } else {
            name
        };
        let text = document(&node, &mut rng);
        match files.iter_mut().find(|(other, _)| *other == name) {
            Some((_, whole)) => {
                whole.push_str(if rng.u32(0..100) < 10 {
                    "---\n---\n"
                } else {
                    "---\n"
                });
                whole.push_str(&text);
            }
            None => {
                let comment = if rng.bool() {
                    "# Made at random.\n"
                } else {
                    ""
                };
                files.push((name, format!("{comment}{text}")));
            }
        }
    }
    files.extend(render_raw::files(world, in_one_file, &mut rng));
    files
}

/// The documents of the policy folder, each with the name of the file that it lies in.
pub fn documents(world: &World, rng: &mut Rng) -> Vec<(String, Yaml)> {
    let mut documents: Vec<(String, Yaml)> = Vec::new();
    for app in &world.applications {
        documents.push((format!("{}/application.yaml", app.id), application(app)));
        for node in accounts(app, rng) {
            documents.push((format!("{}/accounts.yml", app.id), node));
        }
    }
    let is_flat = rng.u32(0..100) < 20;
    for one in &world.tenants {
        let home = render_raw::home_of(one, is_flat);
        let (tenant, rest) = tenant(one, rng);
        documents.push((home, tenant));
        if let Some(rest) = rest {
            documents.push((format!("{}/members-{}.yaml", one.application, one.id), rest));
        }
    }
    if rng.bool() {
        rng.shuffle(&mut documents);
    }
    documents
}

fn application(app: &Application) -> Yaml {
    let mut fields = Fields::default();
    fields.text("application", &app.id);
    if let Some(types) = &app.subject_types {
        fields.texts("subject_types", types);
    }
    if app.request {
        fields.text("membership", "request");
    }
    let mut accounts = Fields::default();
    if app.declared_required {
        accounts.text("declared", "required");
    }
    if app.one_tenant {
        accounts.text("tenants", "one");
    }
    accounts.texts("required", &app.required_fields);
    accounts.map("attributes", attributes(&app.account_attributes));
    add_map(&mut fields, "accounts", accounts);
    fields.map("resources", app.types.iter().map(resource_type).collect());
    let groups = app.groups.iter();
    fields.map(
        "resource_groups",
        groups.map(|g| (g.name.clone(), texts(&g.types))).collect(),
    );
    let mut context = attributes(&app.context);
    if !app.action_context.is_empty() {
        context.push((
            "action".to_owned(),
            Yaml::Map(attributes(&app.action_context)),
        ));
    }
    fields.map("context", context);
    fields.map("roles", app.roles.iter().map(role).collect());
    fields.list("deny", app.denies.iter().map(deny).collect());
    fields.done()
}

fn add_map(to: &mut Fields, key: &str, fields: Fields) {
    if let Yaml::Map(entries) = fields.done() {
        to.map(key, entries);
    }
}

fn texts(items: &[String]) -> Yaml {
    Yaml::List(items.iter().cloned().map(Yaml::Text).collect())
}

fn attributes(attributes: &[Attribute]) -> Vec<(String, Yaml)> {
    attributes
        .iter()
        .map(|attribute| {
            (
                attribute.name.clone(),
                Yaml::Text(attribute.kind.name().to_owned()),
            )
        })
        .collect()
}

fn resource_type(kind: &ResourceType) -> (String, Yaml) {
    let mut fields = Fields::default();
    fields.texts("actions", &kind.actions);
    fields.map("attributes", attributes(&kind.attributes));
    fields.maybe("parent", kind.parent.as_deref());
    fields.maybe("cedar_name", kind.cedar_name.as_deref());
    (kind.name.clone(), fields.done())
}

fn role(role: &Role) -> (String, Yaml) {
    let mut fields = Fields::default();
    fields.maybe("scope", role.scope.map(|scope| scope.name()));
    fields.texts("inherits", &role.inherits);
    fields.list("allow", role.allow.iter().map(grant).collect());
    fields.list("deny", role.deny.iter().map(deny).collect());
    fields.texts("assigns", &role.assigns);
    (role.id.clone(), fields.done())
}

fn grant(grant: &Grant) -> Yaml {
    let mut fields = Fields::default();
    fields.texts("resources", &grant.resources);
    fields.texts("actions", &grant.actions);
    fields.maybe("scope", grant.scope.map(|scope| scope.name()));
    fields.maybe(
        "when",
        grant.when.as_ref().map(|when| when.cedar()).as_deref(),
    );
    fields.done()
}

fn deny(deny: &Deny) -> Yaml {
    let mut fields = Fields::default();
    fields.texts("resources", &deny.resources);
    fields.texts("actions", &deny.actions);
    fields.texts("roles", &deny.roles);
    fields.texts("except_roles", &deny.except_roles);
    fields.maybe(
        "when",
        deny.when.as_ref().map(|when| when.cedar()).as_deref(),
    );
    fields.text("reason", "Made at random.");
    fields.done()
}

/// The documents that declare the accounts, one or two.
fn accounts(app: &Application, rng: &mut Rng) -> Vec<Yaml> {
    let middle = if rng.bool() {
        app.accounts.len()
    } else {
        app.accounts.len() / 2
    };
    let (first, second) = app.accounts.split_at(middle);
    [first, second]
        .into_iter()
        .filter(|accounts| !accounts.is_empty())
        .map(|accounts| {
            let mut fields = Fields::default();
            fields.text("accounts_of", &app.id);
            fields.map("accounts", accounts.iter().map(account).collect());
            fields.done()
        })
        .collect()
}

fn account(account: &Account) -> (String, Yaml) {
    let mut fields = Fields::default();
    fields.maybe("email", account.email.as_deref());
    fields.maybe("first_name", account.first_name.as_deref());
    fields.maybe("last_name", account.last_name.as_deref());
    fields.maybe("person", account.person.as_deref());
    add_json(&mut fields, &account.attributes);
    (account.id.clone(), fields.done())
}

fn add_json(to: &mut Fields, attributes: &Map<String, Json>) {
    for (name, value) in attributes {
        to.node(name, of_json(value));
    }
}

/// The tenant's document and, sometimes, another with some of its members and teams.
fn tenant(tenant: &Tenant, rng: &mut Rng) -> (Yaml, Option<Yaml>) {
    let share = |length: usize, rng: &mut Rng| match rng.u32(0..4) {
        0 => 0,
        1 => length / 2,
        _ => length,
    };
    let (members, more_members) = tenant.members.split_at(share(tenant.members.len(), rng));
    let (delegations, more_delegations) = tenant
        .delegations
        .split_at(share(tenant.delegations.len(), rng));
    let (teams, more_teams) = tenant.teams.split_at(share(tenant.teams.len(), rng));

    let mut fields = Fields::default();
    fields.text("tenant", &tenant.id);
    fields.text("application", &tenant.application);
    let sub_accounts = tenant.sub_accounts.iter().map(|sub_account| {
        let mut fields = Fields::default();
        fields.maybe("parent", sub_account.parent.as_deref());
        (sub_account.id.clone(), fields.done())
    });
    fields.map("sub_accounts", sub_accounts.collect());
    add_teams(&mut fields, teams);
    fields.texts("partners", &tenant.partners);
    fields.map("roles", tenant.roles.iter().map(role).collect());
    fields.list("deny", tenant.denies.iter().map(deny).collect());
    fields.map("records", records(&tenant.records));
    fields.list("members", members.iter().map(entry).collect());
    fields.list("delegations", delegations.iter().map(delegation).collect());

    let mut rest = Fields::default();
    rest.text("members_of", &tenant.id);
    add_teams(&mut rest, more_teams);
    rest.list("members", more_members.iter().map(entry).collect());
    rest.list(
        "delegations",
        more_delegations.iter().map(delegation).collect(),
    );
    let has_rest =
        !more_members.is_empty() || !more_teams.is_empty() || !more_delegations.is_empty();
    (fields.done(), has_rest.then(|| rest.done()))
}

fn add_teams(to: &mut Fields, teams: &[Team]) {
    to.map(
        "teams",
        teams
            .iter()
            .map(|team| (team.id.clone(), texts(&team.accounts)))
            .collect(),
    );
}

fn records(records: &[Record]) -> Vec<(String, Yaml)> {
    let mut kinds: Vec<&str> = records.iter().map(|record| record.kind.as_str()).collect();
    kinds.dedup();
    kinds
        .into_iter()
        .map(|kind| {
            let of_kind = records.iter().filter(|record| record.kind == kind);
            let ids = of_kind.map(|record| {
                let mut fields = Fields::default();
                add_json(&mut fields, &record.attributes);
                (record.id.clone(), fields.done())
            });
            (kind.to_owned(), Yaml::Map(ids.collect()))
        })
        .collect()
}

fn entry(entry: &Entry) -> Yaml {
    let mut fields = Fields::default();
    fields.text("account", &entry.account);
    fields.text("role", &entry.role);
    fields.texts("sub_accounts", &entry.sub_accounts);
    fields.texts("teams", &entry.teams);
    let assigned = entry
        .assigned
        .iter()
        .map(|(kind, ids)| (kind.clone(), texts(ids)));
    fields.map("assigned", assigned.collect());
    fields.maybe("guest_of", entry.guest_of.as_deref());
    fields.maybe("status", entry.status.map(|status| status.name()));
    fields.maybe("expires", entry.expires.as_deref());
    fields.done()
}

/// "`delegations` | `from`, `to`, `allow`, `expires`, `reason`"
fn delegation(delegation: &Delegation) -> Yaml {
    let mut fields = Fields::default();
    fields.text("from", &delegation.from);
    fields.text("to", &delegation.to);
    fields.list("allow", delegation.allow.iter().map(grant).collect());
    fields.maybe("expires", delegation.expires.as_deref());
    fields.text("reason", "Made at random.");
    fields.done()
}
