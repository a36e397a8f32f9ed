//! Names and values to draw from.

use fastrand::Rng;
use serde_json::{Value as Json, json};

use super::value::Type;

/// 2026-06-01T00:00:00Z, around which everything happens.
pub const BASE_MS: i64 = 1_780_272_000_000;

/// Applications.
pub const APPLICATIONS: [&str; 2] = ["chat", "shop-2"];
/// Tenants.
pub const TENANTS: [&str; 4] = ["acme", "beta", "corp-9", "0dura"];
/// Resource types, whose names need brackets in conditions, and would collide in Cedar, some.
pub const TYPES: [&str; 9] = [
    "conversation",
    "message",
    "attachment",
    "folder",
    "document",
    "http:route",
    "http-route",
    "Report",
    "creator",
];
/// Actions.
pub const ACTIONS: [&str; 8] = [
    "crud", "list", "read", "update", "close", "export", "GET", "a/b:c",
];
/// Roles of applications.
pub const ROLES: [&str; 6] = ["admin", "manager", "agent", "viewer", "editor", "no"];
/// Roles of tenants.
pub const OWN_ROLES: [&str; 2] = ["local", "desk_1"];
/// Accounts.
pub const ACCOUNTS: [&str; 10] = [
    "claire", "marc", "Marc", "nina", "no", "12", "Zoë", "o'brien", "a \"b\"", "true",
];
/// Persons.
pub const PERSONS: [&str; 3] = ["p1", "p2", "p3"];
/// Sub-accounts.
pub const SUB_ACCOUNTS: [&str; 6] = ["france", "paris", "lyon", "75", "nord", "sud"];
/// Teams.
pub const TEAMS: [&str; 3] = ["red", "blue", "green"];
/// Ids of records.
pub const RECORDS: [&str; 6] = ["r1", "r2", "r3", "C1", "7", "x y"];
/// Texts.
pub const TEXTS: [&str; 7] = ["open", "archived", "a*b", "sales", "", "Été", "q\"\\"];

/// The declared attributes that resource types choose from.
pub const OF_RESOURCES: [(&str, Type); 10] = [
    ("status", Type::String),
    ("title", Type::String),
    ("level", Type::Long),
    ("score", Type::Long),
    ("open", Type::Bool),
    ("due", Type::Datetime),
    ("price", Type::Decimal),
    ("addr", Type::Ipaddr),
    ("tags", Type::Strings),
    ("nums", Type::Longs),
];
/// The declared attributes of accounts.
pub const OF_ACCOUNTS: [(&str, Type); 8] = [
    ("department", Type::String),
    ("level", Type::Long),
    ("vip", Type::Bool),
    ("since", Type::Datetime),
    ("budget", Type::Decimal),
    ("desk", Type::Ipaddr),
    ("tags", Type::Strings),
    ("codes", Type::Longs),
];
/// What the context may declare.
pub const OF_CONTEXT: [(&str, Type); 8] = [
    ("mfa", Type::Bool),
    ("risk", Type::Long),
    ("channel", Type::String),
    ("ip", Type::Ipaddr),
    ("at", Type::Datetime),
    ("amount", Type::Decimal),
    ("flags", Type::Strings),
    ("nums", Type::Longs),
];
/// What the action may declare.
pub const OF_ACTION: [(&str, Type); 4] = [
    ("soft", Type::Bool),
    ("level", Type::Long),
    ("note", Type::String),
    ("until", Type::Datetime),
];

/// Ends of entries.
pub const EXPIRES: [&str; 9] = [
    "2026-01-01",
    "2026-05-31",
    "2026-06-01",
    "2026-06-02",
    "2026-06-01T00:00:00Z",
    "2026-06-01T02:00:00+02:00",
    "2026-05-31T18:30:00.500-05:30",
    "2026-06-01T12:00:00Z",
    "2027-01-01T00:00:00Z",
];

/// Moments.
pub const DATETIMES: [&str; 6] = [
    "2026-01-01",
    "2026-06-01",
    "2026-06-01T00:00:00Z",
    "2026-06-01T12:00:00Z",
    "2027-03-04T05:06:07.089Z",
    "1999-12-31T23:59:59Z",
];
const ZONED: [&str; 3] = [
    "2026-06-01T02:00:00+02:00",
    "2026-05-31T18:30:00-05:30",
    "2026-06-01T14:00:00.000+02:00",
];
const DECIMALS: [&str; 6] = [
    "0.0",
    "1.5",
    "1.50",
    "-2.25",
    "10.0001",
    "922337203685477.5807",
];
const ADDRESSES: [&str; 8] = [
    "10.0.0.1",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "192.168.1.7",
    "0.0.0.0/0",
    "10.0.0.1/32",
    "::1",
    "2001:db8::/32",
];

/// True in that many of a hundred cases.
pub fn percent(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(0..100) < percent
}

/// One of the items.
pub fn pick<'a, T>(rng: &mut Rng, items: &'a [T]) -> Option<&'a T> {
    rng.choice(items)
}

/// One of the names.
pub fn pick_text(rng: &mut Rng, items: &[&str]) -> String {
    pick(rng, items).map_or_else(String::new, |item| (*item).to_owned())
}

/// Some of the items, in order.
pub fn some_of<T: Clone>(rng: &mut Rng, items: &[T], of_hundred: u32) -> Vec<T> {
    items
        .iter()
        .filter(|_| percent(rng, of_hundred))
        .cloned()
        .collect()
}

/// That many of the items, in order.
pub fn count_of<T: Clone>(rng: &mut Rng, items: &[T], count: usize) -> Vec<T> {
    let mut places: Vec<usize> = (0..items.len()).collect();
    rng.shuffle(&mut places);
    places.truncate(count);
    places.sort_unstable();
    places
        .into_iter()
        .map(|place| items[place].clone())
        .collect()
}

/// A Long.
pub fn long(rng: &mut Rng) -> i64 {
    match rng.u32(0..100) {
        0..4 => i64::MAX,
        4..6 => i64::MAX - 1,
        6..8 => i64::MIN,
        _ => rng.i64(-3..12),
    }
}

/// A value of the type, as it is in JSON.
pub fn value(rng: &mut Rng, kind: Type) -> Json {
    if kind == Type::Datetime && percent(rng, 25) {
        return json!(pick_text(rng, &ZONED));
    }
    literal(rng, kind)
}

/// A value of the type that Cedar accepts as a literal; sets are not empty.
pub fn literal(rng: &mut Rng, kind: Type) -> Json {
    match kind {
        Type::String => json!(pick_text(rng, &TEXTS)),
        Type::Long => json!(long(rng)),
        Type::Bool => json!(rng.bool()),
        Type::Datetime => json!(pick_text(rng, &DATETIMES)),
        Type::Decimal => json!(pick_text(rng, &DECIMALS)),
        Type::Ipaddr => json!(pick_text(rng, &ADDRESSES)),
        Type::Strings => {
            let count = rng.usize(1..4);
            json!(count_of(rng, &TEXTS, count))
        }
        Type::Longs => {
            let count = rng.usize(1..4);
            json!(count_of(rng, &[-2, -1, 0, 1, 2, 3, 5], count))
        }
    }
}

/// A value that can't be of the type.
pub fn wrong_value(rng: &mut Rng, kind: Type) -> Json {
    let wrong: Vec<Json> = match kind {
        Type::String => vec![json!(5), json!(["x"]), json!({}), json!(true), json!([])],
        Type::Long => {
            vec![
                json!("5"),
                json!(1.5),
                json!(9_223_372_036_854_775_808_u64),
                json!(true),
            ]
        }
        Type::Bool => vec![json!("true"), json!(1), json!([true])],
        Type::Datetime => vec![
            json!("yesterday"),
            json!(1_780_272_000),
            json!("2026-13-01"),
            json!("2026-06-01T00:00:00"),
            json!(""),
        ],
        Type::Decimal => vec![json!(1.5), json!("abc"), json!("1.23456"), json!("")],
        Type::Ipaddr => vec![
            json!("10.0.0.300"),
            json!(7),
            json!("10.0.0.0/33"),
            json!(""),
        ],
        Type::Strings => vec![json!("x"), json!([1]), json!([null]), json!({"a": "b"})],
        Type::Longs => vec![json!(["1"]), json!([1.5]), json!(3), json!([null])],
    };
    pick(rng, &wrong).cloned().unwrap_or(Json::Null)
}
