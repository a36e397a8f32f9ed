//! The words of each question of a batch: the bytes that say all of it, by which its decision may be remembered without
//! reading it.
//!
//! Whatever is not as expected is nothing here: reading the batch knows what to say about it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::evaluations::{ITEMS_MAX, Semantic, semantic};
use super::utf8;
use crate::value::Json;

/// Most bytes of words that are made for one batch, where its items share what stands at the top.
const MADE_MAX: usize = 1 << 20;
/// Ends a part that items share, and begins the words of an item that shares some; JSON has it nowhere.
const END: u8 = 1;

/// What a batch asks, unread.
#[derive(Debug)]
pub struct BatchWords<'a> {
    /// When it ends.
    pub semantic: Semantic,
    /// The words of each question. Those of an item that shares nothing are its own: the same question alone has them
    /// too.
    pub items: Vec<Cow<'a, [u8]>>,
}

impl<'a> BatchWords<'a> {
    /// The words in a body, if it is a batch that needs no second look.
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let top: Top<'a> = serde_json::from_str(utf8(body).ok()?).ok()?;
        let items = top
            .items
            .filter(|items| (1..=ITEMS_MAX).contains(&items.len()))?;
        let shared = shared(&top.shared);
        let own: usize = items.iter().map(|item| item.get().len()).sum();
        if shared.len().saturating_mul(items.len()) + own > MADE_MAX {
            return None;
        }
        let words = |item: &'a RawValue| match shared.is_empty() {
            true => Cow::Borrowed(item.get().as_bytes()),
            false => Cow::Owned([&shared, item.get().as_bytes()].concat()),
        };
        Some(Self {
            semantic: semantic(top.options).ok()?,
            items: items.into_iter().map(words).collect(),
        })
    }
}

/// What stands at the top, as one text, each part by its name.
fn shared(parts: &[Option<&RawValue>; SHARED.len()]) -> Vec<u8> {
    let mut shared = Vec::new();
    for (name, part) in SHARED.iter().zip(parts) {
        if let Some(part) = part {
            shared.push(END);
            shared.extend_from_slice(name.as_bytes());
            shared.extend_from_slice(part.get().as_bytes());
        }
    }
    if !shared.is_empty() {
        shared.push(END);
    }
    shared
}

/// What items may share.
const SHARED: [&str; 4] = ["subject", "action", "resource", "context"];

#[derive(Default)]
struct Top<'a> {
    shared: [Option<&'a RawValue>; SHARED.len()],
    items: Option<Vec<&'a RawValue>>,
    options: Option<Json<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Top<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TopVisitor(std::marker::PhantomData))
    }
}

struct TopVisitor<'a>(std::marker::PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for TopVisitor<'a> {
    type Value = Top<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a batch")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut top = Top::default();
        while let Some(name) = members.next_key::<&str>()? {
            let repeated = match name {
                "evaluations" => top.items.replace(members.next_value()?).is_some(),
                "options" => top.options.replace(members.next_value()?).is_some(),
                _ => {
                    let known = SHARED.iter().zip(&mut top.shared);
                    let mut named = known.filter(|(known, _)| **known == name);
                    let (_, part) = named.next().ok_or_else(|| A::Error::custom("unexpected"))?;
                    part.replace(members.next_value()?).is_some()
                }
            };
            if repeated {
                return Err(A::Error::custom("unexpected"));
            }
        }
        Ok(top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(body: &str) -> Option<Vec<String>> {
        let read = BatchWords::read(body.as_bytes())?;
        let text = |item: &Cow<'_, [u8]>| String::from_utf8_lossy(item).into_owned();
        Some(read.items.iter().map(text).collect())
    }

    #[test]
    fn words_say_all_of_a_question() {
        for (body, expected) in [
            (
                r#"{"evaluations":[{"a":1},{"b":2}]}"#,
                Some(vec![r#"{"a":1}"#, r#"{"b":2}"#]),
            ),
            (
                r#"{"context":{},"evaluations":[{"a":1}],"subject":{"id":"x"}}"#,
                Some(vec![
                    "\u{1}subject{\"id\":\"x\"}\u{1}context{}\u{1}{\"a\":1}",
                ]),
            ),
            (
                r#"{"evaluations":[1],"options":{"other":true}}"#,
                Some(vec!["1"]),
            ),
            (r#"{"evaluations":[]}"#, None),
            (r#"{"evaluations":[1],"evaluations":[2]}"#, None),
            (r#"{"evaluations":[1],"other":2}"#, None),
            (
                r#"{"evaluations":[1],"options":{"evaluations_semantic":"x"}}"#,
                None,
            ),
            (r#"{"subject":{}}"#, None),
            ("[]", None),
        ] {
            let expected = expected.map(|items| items.into_iter().map(str::to_owned).collect());
            assert_eq!(words(body), expected, "{body}");
        }
        let large = format!(
            r#"{{"subject":"{}","evaluations":[{}1]}}"#,
            "x".repeat(500),
            "1,".repeat(5_000)
        );
        assert_eq!(words(&large), None);
    }
}
