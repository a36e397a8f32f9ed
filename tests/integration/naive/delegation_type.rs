//! The built-in type `delegation`: who owns one, and who may create one.

use serde_json::Value as Json;

use super::decide::Case;
use super::membership;
use super::places::Ids;
use super::rules;
use super::value::{Type, Value, given};
use super::world::{Application, Entry, Grant, Scope, Tenant};

/// "`delegation`: its properties `from` and `to` are account ids; owned by its `from`, for read
/// also by its `to`."
pub fn owners(case: &Case) -> Ids {
    let mut owners: Ids = account(case, "from").into_iter().collect();
    if case.question.action_name == "read" {
        owners.extend(account(case, "to"));
    }
    owners
}

fn account(case: &Case, name: &str) -> Option<String> {
    given(&case.question.resource, name)
        .and_then(Json::as_str)
        .map(str::to_owned)
}

/// "`create` needs `from` and `to` to be members, `from` to be the subject unless the grant has
/// `tenant` scope, and each of `actions` of each of `resources`, where the question gives them
/// (Set<String>), to be in some grant of an entry of `from` that counts, whatever its scope and
/// condition [...]; else `not_assignable`."
pub fn may_be_created(case: &Case, scope: Scope) -> bool {
    let (Some(from), Some(to)) = (account(case, "from"), account(case, "to")) else {
        return false;
    };
    let entries = membership::entries_that_count(case, &from).unwrap_or_default();
    let actions = set(case, "actions");
    let each_is_held = set(case, "resources").iter().all(|kind| {
        actions
            .iter()
            .all(|action| is_held(case.app, case.tenant, &entries, kind, action))
    });
    membership::is_member(case, &from)
        && membership::is_member(case, &to)
        && (scope == Scope::Tenant || from == case.question.subject_id)
        && each_is_held
}

fn set(case: &Case, name: &str) -> Ids {
    let set = given(&case.question.resource, name).and_then(|json| Type::Strings.read(json));
    match set {
        Some(Value::Strings(set)) => set,
        _ => Ids::new(),
    }
}

/// True where some grant of the entries is about what is named; of a group about each of its types,
/// of `crud` about each of its four. "(`"*"`: whatever it holds)"
pub fn is_held(
    app: &Application,
    tenant: &Tenant,
    entries: &[Entry],
    resource: &str,
    action: &str,
) -> bool {
    if resource == "*" && action == "*" {
        return true;
    }
    let group = app.groups.iter().find(|group| group.name == resource);
    let kinds = group.map_or(vec![resource.to_owned()], |group| group.types.clone());
    let actions = match action {
        "crud" => super::world::CRUD.to_vec(),
        other => vec![other],
    };
    let held = held(app, tenant, entries);
    kinds.iter().all(|kind| {
        actions.iter().all(|action| {
            held.iter().any(|(held_kind, held_action)| {
                (kind == "*" || kind == held_kind) && (*action == "*" || action == held_action)
            })
        })
    })
}

/// Each type and action that some grant of the entries is about.
pub fn held<'a>(
    app: &'a Application,
    tenant: &Tenant,
    entries: &[Entry],
) -> Vec<(&'a str, &'a str)> {
    let grants: Vec<&Grant> = entries
        .iter()
        .flat_map(|entry| rules::grants(app, tenant, &entry.role))
        .map(|(grant, _)| grant)
        .collect();
    let mut all = Vec::new();
    for kind in app.type_names() {
        for action in app.actions(kind) {
            if grants
                .iter()
                .any(|grant| rules::grant_names(app, grant, kind, action))
            {
                all.push((kind, action));
            }
        }
    }
    all
}
