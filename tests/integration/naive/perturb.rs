//! What may be wrong with a question, or merely odd.

use fastrand::Rng;
use serde_json::{Map, Value as Json, json};

use super::generate_values::{
    ACCOUNTS, RECORDS, SUB_ACCOUNTS, TEAMS, count_of, percent, pick, pick_text, value, wrong_value,
};
use super::membership::end_of;
use super::perturb_request::perturb_memberships;
use super::question::Question;
use super::value::Type;
use super::world::{Attribute, World};

/// Changes one thing about a question.
pub fn perturb(world: &World, rng: &mut Rng, question: &mut Question, now_ms: &mut i64) {
    match rng.u32(0..29) {
        0 => question.subject_type = pick_text(rng, &["svc", "user", "User", ""]),
        1 => question.subject_id = pick_text(rng, &["nobody", "", "a\u{7}b", "MARC"]),
        2..4 => question.subject_id = pick_text(rng, &ACCOUNTS),
        4 => question.action_name = pick_text(rng, &["crud", "*", "READ", "invite", "read"]),
        5 => {
            let others = ["nothing", "*", "things", "message", "role", "member"];
            question.resource_type = pick_text(rng, &others);
        }
        6 => question.resource_id = bad_id(rng),
        7 => question.resource_id = pick_text(rng, &RECORDS),
        8..10 => perturb_tenant(world, rng, question),
        10..14 => misplace(rng, question),
        14..16 => drop_one(rng, question),
        16..19 => mistype(world, rng, question),
        19 => add_odd(rng, question),
        20 => redeclare(world, rng, question),
        21..24 => perturb_member(world, rng, question),
        24..27 => perturb_memberships(rng, question),
        27 => *now_ms += rng.i64(-1000..1000) * 60 * 60 * 1000,
        _ => ask_at_end(world, rng, question, now_ms),
    }
}

fn bad_id(rng: &mut Rng) -> String {
    match rng.u32(0..5) {
        0 => String::new(),
        1 => "x".repeat(257),
        2 => "é".repeat(256),
        3 => "line\nbreak".to_owned(),
        _ => "del\u{7f}".to_owned(),
    }
}

fn perturb_tenant(world: &World, rng: &mut Rng, question: &mut Question) {
    let ids: Vec<&str> = world
        .tenants
        .iter()
        .map(|tenant| tenant.id.as_str())
        .collect();
    let some = match rng.u32(0..12) {
        0..6 => json!(pick_text(rng, &ids)),
        6 => json!("nowhere"),
        10 => json!("Elsewhere 2"),
        11 => json!(bad_id(rng)),
        7 => json!(7),
        8 => json!([]),
        _ => Json::Null,
    };
    match rng.u32(0..6) {
        0..2 => {
            question.resource.insert("tenant".to_owned(), some);
        }
        2 => {
            question.context.insert("tenant".to_owned(), some);
        }
        3 => {
            question.resource.remove("tenant");
            question.context.remove("tenant");
            if percent(rng, 50) {
                question.resource.insert("tenant".to_owned(), some);
            }
        }
        4 => {
            question.resource.insert("tenant".to_owned(), some.clone());
            question.context.insert("tenant".to_owned(), some.clone());
            if let (Some(id), "tenant") = (some.as_str(), question.resource_type.as_str()) {
                question.resource_id = id.to_owned();
            }
        }
        _ => {
            let name = pick_text(rng, &["chat", "shop-2", "other"]);
            question
                .context
                .insert("application".to_owned(), json!(name));
        }
    }
}

/// Other places, other spellings, none.
fn misplace(rng: &mut Rng, question: &mut Question) {
    let pairs: [([&str; 2], &[&str]); 2] = [
        (["sub_account", "sub_accounts"], &SUB_ACCOUNTS),
        (["team", "teams"], &TEAMS),
    ];
    let ([one, many], ids) = pairs[rng.usize(0..2)];
    let resource = &mut question.resource;
    match rng.u32(0..9) {
        0 => {
            resource.insert(one.to_owned(), json!(pick_text(rng, ids)));
        }
        1 => {
            resource.insert(many.to_owned(), json!(count_of(rng, ids, 2)));
        }
        2 => {
            resource.insert(many.to_owned(), json!([]));
        }
        3 => {
            resource.insert(one.to_owned(), json!("unknown"));
        }
        4 => {
            resource.insert(many.to_owned(), json!([pick_text(rng, ids), "unknown"]));
        }
        5 => {
            if let Some(value) = resource.remove(one) {
                resource.insert(many.to_owned(), json!([value]));
            }
        }
        6 => {
            resource.insert("parent".to_owned(), json!(pick_text(rng, &SUB_ACCOUNTS)));
        }
        7 => {
            resource.insert("owner".to_owned(), json!(pick_text(rng, &ACCOUNTS)));
        }
        _ => {
            resource.remove(one);
            resource.remove(many);
        }
    }
}

fn all_properties(question: &mut Question) -> [&mut Map<String, Json>; 4] {
    [
        &mut question.resource,
        &mut question.context,
        &mut question.subject,
        &mut question.action,
    ]
}

/// Leaves a property out, or sets it to null.
fn drop_one(rng: &mut Rng, question: &mut Question) {
    let place = rng.usize(0..4);
    let properties = &mut *all_properties(question)[place];
    let names: Vec<String> = properties.keys().cloned().collect();
    if let Some(name) = pick(rng, &names) {
        if rng.bool() {
            properties.remove(name);
        } else {
            properties.insert(name.clone(), Json::Null);
        }
    }
}

/// Gives a declared or standard property a value that can't be of its type.
fn mistype(world: &World, rng: &mut Rng, question: &mut Question) {
    let (place, attribute) = match rng.u32(0..2) {
        0 => {
            let all = declared(world, &question.resource_type);
            match pick(rng, &all).cloned() {
                Some(found) => found,
                None => return,
            }
        }
        _ => {
            let texts = [
                "from",
                "to",
                "owner",
                "sub_account",
                "team",
                "parent",
                "role",
                "new_role",
                "guest_of",
            ];
            let sets = ["sub_accounts", "teams", "actions", "resources"];
            let (name, kind) = if percent(rng, 75) {
                (pick_text(rng, &texts), Type::String)
            } else {
                (pick_text(rng, &sets), Type::Strings)
            };
            (0, Attribute { name, kind })
        }
    };
    let value = wrong_value(rng, attribute.kind);
    all_properties(question)[place].insert(attribute.name, value);
}

/// The declared properties, with the place in [`all_properties`] that each belongs in.
fn declared(world: &World, kind: &str) -> Vec<(usize, Attribute)> {
    let mut all = Vec::new();
    for app in &world.applications {
        let mut add = |place: usize, attributes: &[Attribute]| {
            all.extend(
                attributes
                    .iter()
                    .cloned()
                    .map(|attribute| (place, attribute)),
            );
        };
        add(0, app.attributes(kind));
        add(1, &app.context);
        add(2, &app.account_attributes);
        add(3, &app.action_context);
        for ancestor in app.ancestors(kind) {
            add(
                0,
                &[Attribute {
                    name: ancestor.to_owned(),
                    kind: Type::String,
                }],
            );
        }
    }
    all
}

/// What never matters.
fn add_odd(rng: &mut Rng, question: &mut Question) {
    let odd = [
        json!(1.5),
        json!({"__entity": {"type": "Account", "id": "marc"}}),
        json!([[null]]),
        json!("x"),
        json!(true),
    ];
    let value = pick(rng, &odd).cloned().unwrap_or(Json::Null);
    let names = [
        "__entity",
        "id",
        "type",
        "extra",
        "memberships",
        "email",
        "person",
        "action",
        "now",
    ];
    let name = pick_text(rng, &names);
    let place = rng.usize(0..4);
    all_properties(question)[place].insert(name, value);
}

/// Gives a declared property another value.
fn redeclare(world: &World, rng: &mut Rng, question: &mut Question) {
    let all = declared(world, &question.resource_type);
    if let Some((place, attribute)) = pick(rng, &all).cloned() {
        let value = value(rng, attribute.kind);
        all_properties(question)[place].insert(attribute.name, value);
    }
}

/// Another role or home for a member.
fn perturb_member(world: &World, rng: &mut Rng, question: &mut Question) {
    let apps = world.applications.iter().flat_map(|app| &app.roles);
    let own = world.tenants.iter().flat_map(|tenant| &tenant.roles);
    let roles: Vec<&str> = apps.chain(own).map(|role| role.id.as_str()).collect();
    if question.resource_type == "role" {
        question.resource_id = if percent(rng, 80) {
            pick_text(rng, &roles)
        } else {
            "unknown".to_owned()
        };
    }
    if question.resource_type != "member" {
        return;
    }
    let names = ["role", "role", "new_role", "guest_of"];
    let name = pick_text(rng, &names);
    let tenants: Vec<&str> = world
        .tenants
        .iter()
        .map(|tenant| tenant.id.as_str())
        .collect();
    let value = match rng.u32(0..10) {
        0 => json!("unknown"),
        1 => Json::Null,
        _ if name == "guest_of" => json!(pick_text(rng, &tenants)),
        _ => json!(pick_text(rng, &roles)),
    };
    question.resource.insert(name, value);
}

/// Asks at the moment at which an entry of the subject or a delegation to it ends.
fn ask_at_end(world: &World, rng: &mut Rng, question: &Question, now_ms: &mut i64) {
    let subject = &question.subject_id;
    let mut all: Vec<String> = Vec::new();
    for tenant in &world.tenants {
        let entries = tenant.entries(subject).into_iter();
        all.extend(entries.filter_map(|entry| entry.expires.clone()));
        let delegations = tenant.delegations.iter().filter(|one| one.to == *subject);
        all.extend(delegations.filter_map(|one| one.expires.clone()));
    }
    let memberships = question.subject.get("memberships");
    for entry in memberships.and_then(Json::as_array).into_iter().flatten() {
        all.extend(entry["expires"].as_str().map(str::to_owned));
    }
    let ends: Vec<i64> = all.iter().filter_map(|expires| end_of(expires)).collect();
    if let Some(end) = pick(rng, &ends) {
        *now_ms = end + rng.i64(-1..=1);
    }
}
