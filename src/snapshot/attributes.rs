//! The attributes of principal, resource and context: the question's, then the record's or the account's, each of its
//! declared type. A value that cannot be of its type denies the question, whether or not a rule reads it.

use std::borrow::Cow;

use super::question::Question;
use crate::document::AttributeType;
use crate::model::{BuiltIn, Id, Record, ResourceType, Tenant};
use crate::value::{Json, Members, Typed, Values};

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
pub(super) struct Typing {
    /// What the question says of the principal; the account says the rest.
    pub(super) principal: Values,
    /// What conditions read of the resource.
    pub(super) resource: Values,
    /// What conditions read as `context.x`.
    pub(super) context: Values,
    /// What conditions read as `context.action.x`.
    pub(super) action: Values,
}

/// Types a question's properties and adds what records and accounts say.
pub(super) fn typing(
    question: &Question<'_>,
    tenant: &Tenant,
    kind_index: usize,
    kind: &ResourceType,
) -> Result<Typing, IllTyped> {
    let application = &tenant.application;
    let record = tenant
        .records
        .get(&kind_index)
        .and_then(|records| records.get(&*question.resource.id));
    let keeps_empty = kind.built_in == Some(BuiltIn::Member) && question.action.name == "update";
    let mut resource = resource(question, kind, keeps_empty)?;
    if let Some(record) = record {
        add_record(&mut resource, record);
    }
    resource.insert("id".into(), Typed::String((*question.resource.id).into()));
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

fn typed<'a>(
    members: &Members<'_>,
    declared: impl IntoIterator<Item = (&'a Id, &'a AttributeType)>,
    what: &str,
) -> Result<Values, IllTyped> {
    let mut values = Values::new();
    for (name, kind) in declared {
        if let Some(json) = members.get(name) {
            values.insert(name.clone(), read(json, *kind, what, name)?);
        }
    }
    Ok(values)
}

fn read(json: &Json<'_>, kind: AttributeType, what: &str, name: &str) -> Result<Typed, IllTyped> {
    Typed::read(json, kind).ok_or_else(|| IllTyped {
        place: format!("{what}.{name}"),
        wanted: kind,
    })
}

fn resource(
    question: &Question<'_>,
    kind: &ResourceType,
    keeps_empty: bool,
) -> Result<Values, IllTyped> {
    let properties = &question.resource.properties;
    // A property `id` never stands for `resource.id`.
    let declared = kind.readable.iter().filter(|(name, _)| &***name != "id");
    let mut values = typed(properties, declared, "resource.properties")?;
    for place in ["sub_accounts", "teams"] {
        let is_empty = |value: &Typed| matches!(value, Typed::StringSet(items) if items.is_empty());
        if !keeps_empty && values.get(place).is_some_and(is_empty) {
            values.remove(place);
        }
    }
    for (name, of) in kind.built_in.map_or(&[][..], BuiltIn::properties) {
        if let Some(json) = properties.get(name)
            && !kind.readable.contains_key(*name)
        {
            read(json, *of, "resource.properties", name)?;
        }
    }
    Ok(values)
}

/// Adds a record's attributes where the question says nothing. `sub_account` and `sub_accounts` are one attribute in
/// two spellings, so either of the question's replaces both of the record's; likewise the teams.
fn add_record(values: &mut Values, record: &Record) {
    let says = |name: &str| values.contains_key(name);
    let says_sub_account = says("sub_account") || says("sub_accounts");
    let says_team = says("team") || says("teams");
    for (name, value) in record.iter() {
        let said = match &**name {
            "sub_account" | "sub_accounts" => says_sub_account,
            "team" | "teams" => says_team,
            _ => false,
        };
        let is_empty_place = matches!(&**name, "sub_accounts" | "teams")
            && matches!(value, Typed::StringSet(items) if items.is_empty());
        if !said && !is_empty_place && !values.contains_key(name) {
            values.insert(name.clone(), value.clone());
        }
    }
}

/// The text of an attribute.
pub(super) fn text<'v>(values: &'v Values, name: &str) -> Option<&'v str> {
    match values.get(name) {
        Some(Typed::String(text)) => Some(text),
        _ => None,
    }
}

/// The union of an attribute's two spellings; nothing where neither is there.
pub(super) fn both_spellings<'v>(
    values: &'v Values,
    one: &str,
    many: &str,
) -> Option<Vec<Cow<'v, str>>> {
    let single = text(values, one);
    let several = match values.get(many) {
        Some(Typed::StringSet(items)) => Some(items),
        _ => None,
    };
    if single.is_none() && several.is_none() {
        return None;
    }
    let mut all: Vec<Cow<'v, str>> = single.map(Cow::Borrowed).into_iter().collect();
    for item in several.into_iter().flatten() {
        if !all.iter().any(|known| **known == **item) {
            all.push(Cow::Borrowed(item));
        }
    }
    Some(all)
}
