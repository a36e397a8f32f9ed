//! Subject, action, resource and context (section 5).

use std::borrow::Cow;
use std::fmt;

use super::{Malformed, malformed};
use crate::snapshot::{Action, Entity};
use crate::value::{Json, Members};

/// A subject or resource, whole.
pub(super) fn entity<'a>(json: Option<Json<'a>>, what: &str) -> Result<Entity<'a>, Malformed> {
    let mut members = required(json, what)?;
    let kind = text(&mut members, what, "type")?;
    let id = text(&mut members, what, "id")?;
    entity_of(members, kind, id, what)
}

/// A subject or resource that is searched: its id is ignored, whatever it is (sections 8.4.1 and 8.5.1).
pub(super) fn sought<'a>(json: Option<Json<'a>>, what: &str) -> Result<Entity<'a>, Malformed> {
    let mut members = required(json, what)?;
    let kind = text(&mut members, what, "type")?;
    entity_of(members, kind, Cow::Borrowed(""), what)
}

fn entity_of<'a>(
    mut members: Members<'a>,
    kind: Cow<'a, str>,
    id: Cow<'a, str>,
    what: &str,
) -> Result<Entity<'a>, Malformed> {
    Ok(Entity {
        kind,
        id,
        properties: properties(&mut members, what)?.into(),
    })
}

/// An action.
pub(super) fn action<'a>(json: Option<Json<'a>>) -> Result<Action<'a>, Malformed> {
    let mut members = required(json, "action")?;
    Ok(Action {
        name: text(&mut members, "action", "name")?,
        properties: properties(&mut members, "action")?.into(),
    })
}

/// The context, which may be left out.
pub(super) fn context<'a>(json: Option<Json<'a>>) -> Result<Members<'a>, Malformed> {
    Ok(object(json, "context")?.unwrap_or_default())
}

/// An object that may be left out.
pub(super) fn object<'a>(
    json: Option<Json<'a>>,
    what: impl fmt::Display,
) -> Result<Option<Members<'a>>, Malformed> {
    match json {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Object(members)) => Ok(Some(members)),
        Some(_) => Err(malformed(format!("`{what}` must be an object"))),
    }
}

fn required<'a>(json: Option<Json<'a>>, what: &str) -> Result<Members<'a>, Malformed> {
    object(json, what)?.ok_or_else(|| malformed(format!("`{what}` is missing")))
}

fn text<'a>(members: &mut Members<'a>, what: &str, name: &str) -> Result<Cow<'a, str>, Malformed> {
    match members.take(name) {
        Some(Json::Text(text)) => Ok(text),
        None | Some(Json::Null) => Err(malformed(format!("`{what}.{name}` is missing"))),
        Some(_) => Err(malformed(format!("`{what}.{name}` must be a string"))),
    }
}

fn properties<'a>(members: &mut Members<'a>, what: &str) -> Result<Members<'a>, Malformed> {
    let json = members.take("properties");
    Ok(object(json, format_args!("{what}.properties"))?.unwrap_or_default())
}
