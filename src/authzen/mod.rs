//! What the bodies of AuthZEN requests say (Authorization API 1.0, sections 5 to 8), read once and borrowed from.
//!
//! A body becomes questions; how they are decided and answered is not known here. Members that nobody knows are
//! ignored at every level, `null` is the same as absent (section 10.1.1), and no name comes twice in an object.

mod batch_words;
mod evaluations;
mod page;
mod parts;
mod quick;
mod search;

use std::str;

pub use batch_words::BatchWords;
pub use evaluations::{Batch, Evaluations, ITEMS_MAX, Semantic};
pub use page::{Page, next_token};
pub use search::{SearchRequest, read_search};

use crate::snapshot::Question;
use crate::value::{Json, Members};

/// What is wrong with a body: one line that says where and what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Its shape.
    #[error("{0}")]
    Shape(String),
    /// It asks for more than is answered at once.
    #[error("{0}")]
    TooMany(String),
}

fn malformed(message: impl Into<String>) -> Malformed {
    Malformed::Shape(message.into())
}

/// Reads the body of an evaluation: `subject`, `action` and `resource` are required, `context` is not (section 6.1).
///
/// # Errors
/// When the body is no JSON object, a required member is missing, or one is of the wrong type.
pub fn read_evaluation(body: &[u8]) -> Result<Question<'_>, Malformed> {
    let text = utf8(body)?;
    quick::read(text).map_or_else(|| read_evaluation_carefully(text), Ok)
}

/// Reads an evaluation and says what is wrong with it.
fn read_evaluation_carefully(text: &str) -> Result<Question<'_>, Malformed> {
    evaluation(&mut read_object(text)?)
}

fn evaluation<'a>(members: &mut Members<'a>) -> Result<Question<'a>, Malformed> {
    Ok(Question {
        subject: parts::entity(members.take("subject"), "subject")?.into(),
        action: parts::action(members.take("action"))?.into(),
        resource: parts::entity(members.take("resource"), "resource")?.into(),
        context: parts::context(members.take("context"))?.into(),
    })
}

fn utf8(body: &[u8]) -> Result<&str, Malformed> {
    str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        malformed(format!("the body is not UTF-8 (at byte {at})"))
    })
}

/// Reads a body as the JSON object that every request is.
fn read_object(text: &str) -> Result<Members<'_>, Malformed> {
    if text.trim().is_empty() {
        return Err(malformed("the body is empty; a request is a JSON object"));
    }
    let json: Json<'_> = serde_json::from_str(text)
        .map_err(|error| malformed(format!("the body is not JSON: {error}")))?;
    match json {
        Json::Object(members) => Ok(members),
        _ => Err(malformed("the body must be a JSON object")),
    }
}
