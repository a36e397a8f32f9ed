//! The attributes of the resource asked about, and where it stands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::decide::Case;
use super::typing::standard_attributes;
use super::value::{Type, Value, given};
use super::world::{Record, Tenant};

/// A set of sub-accounts or teams.
pub type Ids = BTreeSet<String>;

/// The two spellings of the sub-accounts.
pub const SUB_ACCOUNTS: [&str; 2] = ["sub_account", "sub_accounts"];

/// The two spellings of the teams.
pub const TEAMS: [&str; 2] = ["team", "teams"];

/// What conditions read of the resource, `resource.id` left aside.
///
/// "Each attribute is first the question's, then the record's." "Conditions read them as String and
/// Set<String>, in the spelling that was used"
pub fn resource_attributes(case: &Case) -> BTreeMap<String, Value> {
    let mut types = standard_attributes(case);
    for attribute in case.app.attributes(&case.question.resource_type) {
        types.push((attribute.name.clone(), attribute.kind));
    }
    let mut values = BTreeMap::new();
    for (name, kind) in types {
        if let Some(value) = property(case, &name).and_then(|json| kind.read(json)) {
            values.insert(name, value);
        }
    }
    values
}

/// One property of the resource: the question's, else the record's.
fn property<'a>(case: &'a Case, name: &str) -> Option<&'a Json> {
    for spellings in [SUB_ACCOUNTS, TEAMS] {
        if spellings.contains(&name) {
            return spelling(case, spellings, name);
        }
    }
    given(&case.question.resource, name)
        .or_else(|| record(case).and_then(|record| given(&record.attributes, name)))
}

/// "one attribute in two spellings, so either replaces a record's other"
fn spelling<'a>(case: &'a Case, spellings: [&str; 2], name: &str) -> Option<&'a Json> {
    if spellings
        .iter()
        .any(|one| counted(case, &case.question.resource, one).is_some())
    {
        counted(case, &case.question.resource, name)
    } else {
        record(case).and_then(|record| counted(case, &record.attributes, name))
    }
}

/// "`[]` is absent, but for `member` update"
fn counted<'a>(case: &Case, properties: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    let is_member_update =
        case.question.resource_type == "member" && case.question.action_name == "update";
    let is_empty = |value: &Json| value.as_array().is_some_and(Vec::is_empty);
    given(properties, name).filter(|value| is_member_update || !is_empty(value))
}

/// The record of the resource itself.
fn record<'a>(case: &Case<'a>) -> Option<&'a Record> {
    case.tenant
        .record(&case.question.resource_type, &case.question.resource_id)
}

/// The owner of the resource.
pub fn owner(case: &Case) -> Option<String> {
    property(case, "owner")
        .and_then(Json::as_str)
        .map(str::to_owned)
}

/// "both: their union; `[]` is absent"
pub fn union(properties: &Map<String, Json>, spellings: [&str; 2]) -> Ids {
    let [one, many] = spellings;
    let mut ids = Ids::new();
    if let Some(Value::String(id)) = given(properties, one).and_then(|id| Type::String.read(id)) {
        ids.insert(id);
    }
    if let Some(Value::Strings(set)) =
        given(properties, many).and_then(|set| Type::Strings.read(set))
    {
        ids.extend(set);
    }
    ids
}

/// The sub-accounts (or teams) of the resource, for scopes.
///
/// "Sub-accounts and teams that both leave out come, each by itself, from the nearest ancestor
/// record that has them (ancestors named by the question first, then those that records name); this
/// counts for scopes, not for conditions."
pub fn ids_for_scopes(case: &Case, spellings: [&str; 2]) -> Ids {
    let of_question = union(&case.question.resource, spellings);
    if !of_question.is_empty() {
        return of_question;
    }
    let of_record = record(case).map(|record| union(&record.attributes, spellings));
    if let Some(ids) = of_record
        && !ids.is_empty()
    {
        return ids;
    }
    let ancestors = ancestors(case);
    let named_by_question = ancestors
        .iter()
        .filter(|ancestor| ancestor.named_by_question);
    let named_by_records = ancestors
        .iter()
        .filter(|ancestor| !ancestor.named_by_question);
    named_by_question
        .chain(named_by_records)
        .filter_map(|ancestor| case.tenant.record(&ancestor.kind, &ancestor.id))
        .map(|record| union(&record.attributes, spellings))
        .find(|ids| !ids.is_empty())
        .unwrap_or_default()
}

/// An ancestor of the resource.
pub struct Ancestor {
    /// Its type.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Named by the question, not by a record.
    pub named_by_question: bool,
}

/// "an ancestor that the question or a record names", the nearest first: of each type the one that
/// the question names, else the one that the resource's own record names, else the one that the
/// record of the nearest ancestor below it names.
pub fn ancestors(case: &Case) -> Vec<Ancestor> {
    let mut found: Vec<Ancestor> = Vec::new();
    for kind in case.app.ancestors(&case.question.resource_type) {
        let asked = given(&case.question.resource, kind).and_then(Json::as_str);
        let id = match asked {
            Some(id) => Some(id.to_owned()),
            None => named_by_records(case, &found, kind),
        };
        if let Some(id) = id {
            found.push(Ancestor {
                kind: kind.to_owned(),
                id,
                named_by_question: asked.is_some(),
            });
        }
    }
    found
}

fn named_by_records(case: &Case, below: &[Ancestor], kind: &str) -> Option<String> {
    let own = record(case);
    let of_ancestors = below
        .iter()
        .filter_map(|ancestor| case.tenant.record(&ancestor.kind, &ancestor.id));
    own.into_iter()
        .chain(of_ancestors)
        .find_map(|record| given(&record.attributes, kind).and_then(Json::as_str))
        .map(str::to_owned)
}

/// "is one of the entry's `sub_accounts` or lies below one (unknown ones are not)"
pub fn lies_below(tenant: &Tenant, id: &str, tops: &[String]) -> bool {
    // "in one that no file names [...] each sub-account stands alone"
    if tenant.undeclared {
        return tops.iter().any(|top| top == id);
    }
    let Some(sub_account) = tenant.sub_account(id) else {
        return false;
    };
    let parent_does = || {
        sub_account
            .parent
            .as_ref()
            .is_some_and(|up| lies_below(tenant, up, tops))
    };
    tops.contains(&sub_account.id) || parent_does()
}
