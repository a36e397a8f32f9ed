//! Reading an evaluation in one pass, straight into a question: nearly every body is well formed.
//!
//! Whatever is not as expected is nothing here, and is read again by the careful reader, which knows what to say about
//! it. So this one has to be right about what it takes, and about nothing else.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::snapshot::{Action, Entity, Question};
use crate::value::{Json, Members};

/// The question in a body, if it is one that needs no second look.
pub(super) fn read(text: &str) -> Option<Question<'_>> {
    let Body(question) = serde_json::from_str(text).ok()?;
    Some(question)
}

struct Body<'a>(Question<'a>);

/// A subject, a resource, or an action, whose name stands for the id.
#[derive(Default)]
struct Part<'a> {
    kind: Option<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    properties: Option<Members<'a>>,
}

/// Why the body needs a second look; nobody reads it.
const UNEXPECTED: &str = "unexpected";

/// Sets a member that must not have come before.
fn once<T, E: Error>(slot: &mut Option<T>, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom(UNEXPECTED)),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Body<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(BodyVisitor(PhantomData))
    }
}

struct BodyVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for BodyVisitor<'a> {
    type Value = Body<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an evaluation")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let (mut subject, mut action, mut resource, mut context) = (None, None, None, None);
        while let Some(name) = members.next_key::<&str>()? {
            match name {
                "subject" => once(&mut subject, members.next_value::<Part<'_>>()?)?,
                "action" => once(&mut action, members.next_value::<Part<'_>>()?)?,
                "resource" => once(&mut resource, members.next_value::<Part<'_>>()?)?,
                "context" => once(&mut context, object(members.next_value()?)?)?,
                _ => return Err(A::Error::custom(UNEXPECTED)),
            }
        }
        let question = (|| {
            Some(Question {
                subject: subject?.entity()?.into(),
                action: action?.action()?.into(),
                resource: resource?.entity()?.into(),
                context: context.unwrap_or_default().into(),
            })
        })();
        question
            .map(Body)
            .ok_or_else(|| A::Error::custom(UNEXPECTED))
    }
}

fn object<'a, E: Error>(json: Json<'a>) -> Result<Members<'a>, E> {
    match json {
        Json::Object(members) => Ok(members),
        _ => Err(E::custom(UNEXPECTED)),
    }
}

impl<'a> Part<'a> {
    fn entity(self) -> Option<Entity<'a>> {
        Some(Entity {
            kind: self.kind?,
            id: self.id?,
            properties: self.properties.unwrap_or_default().into(),
        })
    }

    /// An action's name is kept as its id; it has no type.
    fn action(self) -> Option<Action<'a>> {
        match self.kind {
            None => Some(Action {
                name: self.id?,
                properties: self.properties.unwrap_or_default().into(),
            }),
            Some(_) => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Part<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PartVisitor(PhantomData))
    }
}

struct PartVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for PartVisitor<'a> {
    type Value = Part<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a part of an evaluation")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut part = Part::default();
        let mut named = false;
        while let Some(name) = members.next_key::<&str>()? {
            match name {
                "type" => once(&mut part.kind, Cow::Borrowed(members.next_value()?))?,
                "id" => once(&mut part.id, Cow::Borrowed(members.next_value()?))?,
                "name" => {
                    named = true;
                    once(&mut part.id, Cow::Borrowed(members.next_value()?))?;
                }
                "properties" => once(&mut part.properties, object(members.next_value()?)?)?,
                _ => return Err(A::Error::custom(UNEXPECTED)),
            }
        }
        // An action has a name and no type, an entity both a type and an id.
        match named == part.kind.is_none() {
            true => Ok(part),
            false => Err(A::Error::custom(UNEXPECTED)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_evaluation_carefully;
    use super::*;

    #[test]
    fn reads_what_the_careful_reader_reads_or_nothing() {
        let whole = r#"{"subject":{"type":"user","id":"a"},"action":{"name":"read"},"resource":{"type":"t","id":"r"}}"#;
        for (body, quick) in [
            (whole.to_owned(), true),
            (format!(" {whole}\n"), true),
            (
                whole.replace("\"r\"}", r#""r","properties":{"x":[1,null],"owner":"b"}}"#),
                true,
            ),
            (
                whole.replace("{\"subject", r#"{"context":{"b":1,"a":"x"},"subject"#),
                true,
            ),
            (whole.replace("\"a\"", r#""\u0061""#), false),
            (
                whole.replace("\"type\":\"user\"", r#""type":"user","other":1"#),
                false,
            ),
            (whole.replace("{\"subject", r#"{"other":1,"subject"#), false),
            (
                whole.replace("{\"subject", r#"{"context":null,"subject"#),
                false,
            ),
            (whole.replace("\"name\":\"read\"", r#""id":"read""#), false),
            (
                whole.replace("\"name\":\"read\"", r#""name":"read","id":"x""#),
                false,
            ),
            (whole.replace("\"type\":\"t\",", ""), false),
            (whole.replace("\"id\":\"r\"", r#""id":"r","id":"r""#), false),
            (
                whole.replace("\"id\":\"r\"", r#""id":"r","name":"r""#),
                false,
            ),
            (
                whole.replace("\"id\":\"r\"", r#""id":"r","properties":{"x":1,"x":1}"#),
                false,
            ),
            (format!("{whole}x"), false),
            ("[]".to_owned(), false),
        ] {
            let question = read(&body);
            assert_eq!(question.is_some(), quick, "{body}");
            if question.is_some() {
                assert_eq!(question, read_evaluation_carefully(&body).ok(), "{body}");
            }
        }
    }
}
