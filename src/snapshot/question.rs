//! A question: who, what, on what, under which circumstances. Its parts are AuthZEN's (Authorization API 1.0,
//! section 5).

use std::borrow::Cow;

use crate::value::{Json, member};

/// Members of an object; `null` counts as absent.
pub type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// An access question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question<'a> {
    /// Who asks to act.
    pub subject: Entity<'a>,
    /// What it asks to do.
    pub action: Action<'a>,
    /// What it asks to act on.
    pub resource: Entity<'a>,
    /// The circumstances.
    pub context: Members<'a>,
}

/// A subject or resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity<'a> {
    /// Its type.
    pub kind: Cow<'a, str>,
    /// Its id.
    pub id: Cow<'a, str>,
    /// What the caller says of it.
    pub properties: Members<'a>,
}

/// An action.
#[derive(Debug, Clone, PartialEq)]
pub struct Action<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// What the caller says of it.
    pub properties: Members<'a>,
}

/// What is wrong with a request's shape: one line that says where and what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedQuestion(pub String);

impl<'a> Question<'a> {
    /// Reads the body of an evaluation request: `subject`, `action` and `resource` are required, `context` is not,
    /// and members that nobody knows are ignored (section 6.1 and 10.1.1).
    ///
    /// # Errors
    /// When the body is no JSON object, a required member is missing, or one is of the wrong type.
    pub fn from_body(body: &'a [u8]) -> Result<Self, MalformedQuestion> {
        let text = std::str::from_utf8(body).map_err(|error| {
            let at = error.valid_up_to();
            MalformedQuestion(format!("the body is not UTF-8 (at byte {at})"))
        })?;
        if text.trim().is_empty() {
            return Err(malformed(
                "the body is empty; an evaluation is a JSON object",
            ));
        }
        let json: Json<'a> = serde_json::from_str(text).map_err(|error| {
            let message = error.to_string();
            MalformedQuestion(format!("the body is not JSON: {message}"))
        })?;
        Self::from_json(json)
    }

    /// Reads an evaluation from parsed JSON.
    ///
    /// # Errors
    /// As [`Question::from_body`].
    pub fn from_json(json: Json<'a>) -> Result<Self, MalformedQuestion> {
        let Json::Object(members) = json else {
            return Err(malformed("an evaluation must be a JSON object"));
        };
        let (mut subject, mut action, mut resource, mut context) = (None, None, None, None);
        for (name, value) in members {
            match &*name {
                "subject" => subject = Some(value),
                "action" => action = Some(value),
                "resource" => resource = Some(value),
                "context" => context = Some(value),
                _ => {}
            }
        }
        Ok(Self {
            subject: entity(subject, "subject")?,
            action: read_action(action)?,
            resource: entity(resource, "resource")?,
            context: object(context, "context")?.unwrap_or_default(),
        })
    }
}

fn malformed(message: &str) -> MalformedQuestion {
    MalformedQuestion(message.to_owned())
}

fn entity<'a>(json: Option<Json<'a>>, what: &str) -> Result<Entity<'a>, MalformedQuestion> {
    let mut members = required(json, what)?;
    Ok(Entity {
        kind: text(&mut members, what, "type")?,
        id: text(&mut members, what, "id")?,
        properties: properties(&mut members, what)?,
    })
}

fn read_action<'a>(json: Option<Json<'a>>) -> Result<Action<'a>, MalformedQuestion> {
    let mut members = required(json, "action")?;
    Ok(Action {
        name: text(&mut members, "action", "name")?,
        properties: properties(&mut members, "action")?,
    })
}

fn required<'a>(json: Option<Json<'a>>, what: &str) -> Result<Members<'a>, MalformedQuestion> {
    object(json, what)?.ok_or_else(|| MalformedQuestion(format!("`{what}` is missing")))
}

fn object<'a>(
    json: Option<Json<'a>>,
    what: &str,
) -> Result<Option<Members<'a>>, MalformedQuestion> {
    match json {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Object(members)) => Ok(Some(members)),
        Some(_) => Err(MalformedQuestion(format!("`{what}` must be an object"))),
    }
}

fn take<'a>(members: &mut Members<'a>, name: &str) -> Option<Json<'a>> {
    let at = members.iter().position(|(key, _)| key == name)?;
    Some(members.swap_remove(at).1)
}

fn text<'a>(
    members: &mut Members<'a>,
    what: &str,
    name: &str,
) -> Result<Cow<'a, str>, MalformedQuestion> {
    match take(members, name) {
        Some(Json::Text(text)) => Ok(text),
        None | Some(Json::Null) => Err(MalformedQuestion(format!("`{what}.{name}` is missing"))),
        Some(_) => Err(MalformedQuestion(format!(
            "`{what}.{name}` must be a string"
        ))),
    }
}

fn properties<'a>(members: &mut Members<'a>, what: &str) -> Result<Members<'a>, MalformedQuestion> {
    let json = take(members, "properties");
    Ok(object(json, &format!("{what}.properties"))?.unwrap_or_default())
}

impl<'a> Question<'a> {
    /// A property of the resource; `null` counts as absent.
    pub fn property(&self, name: &str) -> Option<&Json<'a>> {
        member(&self.resource.properties, name)
    }
}
