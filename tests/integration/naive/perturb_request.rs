//! What may be wrong with memberships that come with the question, or merely odd.

use fastrand::Rng;
use serde_json::{Map, Value as Json, json};

use super::generate_values::{EXPIRES, ROLES, SUB_ACCOUNTS, TEAMS, count_of, pick, pick_text};
use super::question::Question;
use super::world::BUILT_IN;

/// Changes one thing about the subject's memberships; gives it some where it has none.
pub fn perturb_memberships(rng: &mut Rng, question: &mut Question) {
    let kind = question.resource_type.clone();
    let given = question.subject.entry("memberships");
    let memberships = given.or_insert_with(|| json!([{"role": pick_text(rng, &ROLES)}]));
    let Some(list) = memberships.as_array_mut() else {
        return;
    };
    let whole = match rng.u32(0..20) {
        0 => Some(one_of(
            rng,
            &[json!("x"), json!({}), json!(7), json!(true), Json::Null],
        )),
        1 => Some(json!([])),
        _ => None,
    };
    if let Some(whole) = whole {
        *memberships = whole;
        return;
    }
    if rng.u32(0..20) == 0 {
        list.push(one_of(
            rng,
            &[Json::Null, json!("admin"), json!(5), json!([]), json!({})],
        ));
        return;
    }
    let Some(place) = (!list.is_empty()).then(|| rng.usize(0..list.len())) else {
        return;
    };
    if rng.u32(0..20) == 0 {
        let again = list[place].clone();
        list.push(again);
    } else if let Some(fields) = list[place].as_object_mut() {
        perturb_entry(rng, fields, &kind);
    }
}

fn one_of(rng: &mut Rng, values: &[Json]) -> Json {
    pick(rng, values).cloned().unwrap_or(Json::Null)
}

fn perturb_entry(rng: &mut Rng, fields: &mut Map<String, Json>, kind: &str) {
    let (key, value) = match rng.u32(0..16) {
        0..2 => ("role", json!(pick_text(rng, &ROLES))),
        2 => (
            "role",
            one_of(rng, &[json!("unknown"), json!(7), Json::Null, json!("")]),
        ),
        3..5 => (
            "status",
            json!(pick_text(rng, &["suspended", "invited", "active"])),
        ),
        5 => {
            let odd = [
                json!("Active"),
                json!("pending"),
                json!(3),
                Json::Null,
                json!(""),
            ];
            ("status", one_of(rng, &odd))
        }
        6..8 => ("expires", json!(pick_text(rng, &EXPIRES))),
        8 => {
            let odd = [
                json!("soon"),
                json!(5),
                json!("2026-02-30"),
                json!("2026-06-01T00:00:00"),
                Json::Null,
            ];
            ("expires", one_of(rng, &odd))
        }
        9 => (
            "guest_of",
            one_of(rng, &[json!("acme"), json!(7), Json::Null]),
        ),
        10 => ("sub_accounts", json!(count_of(rng, &SUB_ACCOUNTS, 2))),
        11 => {
            let odd = [
                json!(["unknown"]),
                json!("paris"),
                json!([]),
                json!([1]),
                json!(["FR!"]),
            ];
            ("sub_accounts", one_of(rng, &odd))
        }
        12 => ("teams", json!(count_of(rng, &TEAMS, 2))),
        13 => (
            "teams",
            one_of(
                rng,
                &[json!("red"), json!(["red", null]), json!([]), Json::Null],
            ),
        ),
        14 if BUILT_IN.iter().all(|(name, _)| *name != kind) => {
            let odd = [
                json!({kind: ["r1", "7"]}),
                json!({kind: "r1"}),
                json!([]),
                json!({}),
            ];
            ("assigned", one_of(rng, &odd))
        }
        _ => {
            let key = pick_text(rng, &["account", "sub_account", "x"]);
            fields.insert(key, one_of(rng, &[json!("paris"), json!(1.5)]));
            return;
        }
    };
    fields.insert(key.to_owned(), value);
}
