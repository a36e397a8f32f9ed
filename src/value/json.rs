//! JSON as it arrives: borrowed from the body where it can be, integers apart from other numbers, and no member name
//! twice (I-JSON, RFC 7493 section 2.3).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`, which everywhere means the same as leaving the member out.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number within 64 bits.
    Integer(i64),
    /// Any other number; no type takes it, so its value is not kept.
    Number,
    /// Text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object, in the order written; no name twice.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Text that is borrowed for as long as asked.
    pub fn borrowed(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// The member of an object; `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        match self {
            Self::Object(members) => member(members, name),
            _ => None,
        }
    }
}

/// The member of that name; `null` counts as absent.
pub fn member<'j, 'a>(members: &'j [(Cow<'a, str>, Json<'a>)], name: &str) -> Option<&'j Json<'a>> {
    members
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
        .filter(|value| **value != Json::Null)
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor(std::marker::PhantomData))
    }
}

struct JsonVisitor<'a>(std::marker::PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for JsonVisitor<'a> {
    type Value = Json<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Json::Number, Json::Integer))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Json::Number)
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        let mut seen = Names::default();
        while let Some(Key(key)) = pairs.next_key()? {
            if seen.repeated(&members, &key) {
                let key = key.escape_debug();
                return Err(A::Error::custom(format_args!(
                    "the name `{key}` comes twice"
                )));
            }
            members.push((key, pairs.next_value()?));
        }
        Ok(Json::Object(members))
    }
}

/// A member's name, borrowed where it needs no unescaping.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::Text(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("a member's name must be text")),
        }
    }
}

/// The names seen so far: small objects are scanned, large ones hashed, so that no object costs quadratic time.
#[derive(Default)]
struct Names {
    hashed: std::collections::HashSet<String>,
}

impl Names {
    const SCANNED_MAX: usize = 16;

    fn repeated(&mut self, members: &[(Cow<'_, str>, Json<'_>)], key: &str) -> bool {
        if members.len() < Self::SCANNED_MAX {
            return members.iter().any(|(name, _)| name == key);
        }
        if self.hashed.is_empty() {
            let names = members.iter().map(|(name, _)| name.clone().into_owned());
            self.hashed.extend(names);
        }
        !self.hashed.insert(key.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_json_has() {
        let json: Json<'_> =
            serde_json::from_str(r#"{"a":[1,1.0,1e3,9223372036854775808,null,true,"\u0041b"]}"#)
                .unwrap();
        let list = vec![
            Json::Integer(1),
            Json::Number,
            Json::Number,
            Json::Number,
            Json::Null,
            Json::Bool(true),
            Json::borrowed("Ab"),
        ];
        assert_eq!(json.get("a"), Some(&Json::List(list)));
    }

    #[test]
    fn refuses_a_name_that_comes_twice() {
        assert!(serde_json::from_str::<Json<'_>>(r#"{"a":1,"\u0061":2}"#).is_err());
        let many: String = (0..40).map(|i| format!("\"k{i}\":1,")).collect();
        assert!(serde_json::from_str::<Json<'_>>(&format!("{{{many}\"z\":1}}")).is_ok());
        assert!(serde_json::from_str::<Json<'_>>(&format!("{{{many}\"k39\":1}}")).is_err());
    }
}
