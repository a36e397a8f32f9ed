//! The attributes of principal, resource and context: the question's, then the record's or the account's, each of its
//! declared type. A value that cannot be of its type denies the question, whether or not a rule reads it.

use std::ops::Deref;

use super::question::Question;
use crate::document::AttributeType;
use crate::model::{Attributes, BuiltIn, Record, ResourceType, Tenant};
use crate::value::{Json, Members, Said, Typed, Values};

/// A property holds a value that cannot be of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IllTyped {
    /// Where the property is: `resource.properties.sub_account`.
    pub(super) place: String,
    /// The type that it should have.
    pub(super) wanted: AttributeType,
}

/// Everything typed that a question says and that files add to it.
#[derive(Debug)]
pub(super) struct Typing<'q> {
    /// What the question says of the principal; the account says the rest.
    pub(super) principal: Said<'q>,
    /// What conditions read of the resource.
    pub(super) resource: Said<'q>,
    /// What conditions read as `context.x`.
    pub(super) context: Said<'q>,
    /// What conditions read as `context.action.x`.
    pub(super) action: Said<'q>,
}

/// Types a question's properties and adds what records and accounts say.
pub(super) fn typing<'q>(
    question: &'q Question<'_>,
    tenant: &'q Tenant,
    kind_index: usize,
    kind: &'q ResourceType,
) -> Result<Typing<'q>, IllTyped> {
    let application = &tenant.application;
    let keeps_empty = kind.built_in == Some(BuiltIn::Member) && question.action.name == "update";
    let mut resource = resource(question, kind, keeps_empty)?;
    if let Some(records) = tenant.records.get(&kind_index)
        && let Some(record) = records.get(&*question.resource.id)
    {
        add_record(&mut resource, record);
    }
    resource.insert("id", Typed::String(&question.resource.id));
    Ok(Typing {
        principal: typed(
            &question.subject.properties,
            &application.account_attributes,
            "subject.properties",
        )?,
        resource,
        context: typed(&question.context, &application.context, "context")?,
        action: typed(
            &question.action.properties,
            &application.context_action,
            "action.properties",
        )?,
    })
}

/// Those members of an object that are declared, typed; nobody looks at the others.
fn typed<'q>(
    members: &'q Members<'_>,
    declared: &'q Attributes,
    what: &str,
) -> Result<Said<'q>, IllTyped> {
    let mut values = Said::new();
    for (name, json) in members.iter() {
        if let Some((name, kind)) = declared.get_key_value(name)
            && *json != Json::Null
        {
            values.insert(name, read(json, *kind, what, name)?);
        }
    }
    Ok(values)
}

fn read<'q>(
    json: &'q Json<'_>,
    kind: AttributeType,
    what: &str,
    name: &str,
) -> Result<Typed<&'q str>, IllTyped> {
    Typed::read(json, kind).ok_or_else(|| IllTyped {
        place: format!("{what}.{name}"),
        wanted: kind,
    })
}

fn resource<'q>(
    question: &'q Question<'_>,
    kind: &'q ResourceType,
    keeps_empty: bool,
) -> Result<Said<'q>, IllTyped> {
    let what = "resource.properties";
    let standard = kind.built_in.map_or(&[][..], BuiltIn::properties);
    let mut values = Said::with_capacity(kind.readable.len());
    for (name, json) in question.resource.properties.iter() {
        if *json == Json::Null {
            continue;
        }
        // A property `id` never stands for `resource.id`.
        if let Some((name, kind)) = kind.readable.get_key_value(name).filter(|_| name != "id") {
            let value = read(json, *kind, what, name)?;
            let is_empty_place = matches!(&**name, "sub_accounts" | "teams")
                && matches!(&value, Typed::StringSet(items) if items.is_empty());
            if keeps_empty || !is_empty_place {
                values.insert(name, value);
            }
        } else if let Some((_, of)) = standard.iter().find(|(known, _)| *known == name) {
            read(json, *of, what, name)?;
        }
    }
    Ok(values)
}

/// Adds a record's attributes where the question says nothing. `sub_account` and `sub_accounts` are one attribute in
/// two spellings, so either of the question's replaces both of the record's; likewise the teams.
fn add_record<'q>(values: &mut Said<'q>, record: &'q Record) {
    let says = |name: &str| values.contains_key(name);
    let says_sub_account = says("sub_account") || says("sub_accounts");
    let says_team = says("team") || says("teams");
    for (name, value) in record.iter() {
        let said = match name {
            "sub_account" | "sub_accounts" => says_sub_account,
            "team" | "teams" => says_team,
            _ => false,
        };
        let is_empty_place = matches!(name, "sub_accounts" | "teams")
            && matches!(value, Typed::StringSet(items) if items.is_empty());
        if !said && !is_empty_place && !values.contains_key(name) {
            values.insert(name, value.lent());
        }
    }
}

/// The text of an attribute.
pub(super) fn text<'q>(values: &Said<'q>, name: &str) -> Option<&'q str> {
    match values.get(name) {
        Some(Typed::String(text)) => Some(text),
        _ => None,
    }
}

/// The union of an attribute's two spellings; nothing where neither is there.
pub(super) fn both_spellings<'v, N: Deref<Target = str>, S: AsRef<str>>(
    values: &'v Values<N, S>,
    one: &str,
    many: &str,
) -> Option<Vec<&'v str>> {
    let single = match values.get(one) {
        Some(Typed::String(text)) => Some(text.as_ref()),
        _ => None,
    };
    let several = match values.get(many) {
        Some(Typed::StringSet(items)) => Some(items),
        _ => None,
    };
    if single.is_none() && several.is_none() {
        return None;
    }
    let mut all: Vec<&'v str> = single.into_iter().collect();
    for item in several.into_iter().flatten() {
        let item = item.as_ref();
        if !all.contains(&item) {
            all.push(item);
        }
    }
    Some(all)
}
