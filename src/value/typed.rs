//! Values of the declared types, read from JSON as LANGUAGE's section on types says. Everything else is ill-typed.

use super::Json;
use crate::document::{AttributeType, instant, start_of_date, to_text};

/// A value of a declared type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Typed {
    /// Text.
    String(Box<str>),
    /// A 64-bit integer.
    Long(i64),
    /// True or false.
    Bool(bool),
    /// A moment, as Cedar's constructor takes it.
    Datetime(Box<str>),
    /// A decimal number, as Cedar's constructor takes it.
    Decimal(Box<str>),
    /// An IP address or range, as Cedar's constructor takes it.
    Ipaddr(Box<str>),
    /// A set of texts.
    StringSet(Vec<Box<str>>),
    /// A set of integers.
    LongSet(Vec<i64>),
}

impl Typed {
    /// The value that JSON stands for under a type, or nothing if it cannot be of that type.
    pub fn read(json: &Json<'_>, kind: AttributeType) -> Option<Self> {
        match (kind, json) {
            (AttributeType::String, Json::Text(text)) => Some(Self::String((**text).into())),
            (AttributeType::Long, Json::Integer(value)) => Some(Self::Long(*value)),
            (AttributeType::Bool, Json::Bool(value)) => Some(Self::Bool(*value)),
            (AttributeType::Datetime, Json::Text(text)) => datetime(text),
            (AttributeType::Decimal, Json::Text(text)) => decimal(text),
            (AttributeType::Ipaddr, Json::Text(text)) => ipaddr(text),
            (AttributeType::StringSet, Json::List(items)) => items
                .iter()
                .map(|item| item.as_text().map(Box::from))
                .collect::<Option<_>>()
                .map(Self::StringSet),
            (AttributeType::LongSet, Json::List(items)) => items
                .iter()
                .map(|item| match item {
                    Json::Integer(value) => Some(*value),
                    _ => None,
                })
                .collect::<Option<_>>()
                .map(Self::LongSet),
            _ => None,
        }
    }
}

/// `YYYY-MM-DD` or RFC 3339.
fn datetime(text: &str) -> Option<Typed> {
    let millis = start_of_date(text).or_else(|| instant(text))?;
    to_text(millis).map(|text| Typed::Datetime(text.into()))
}

/// Digits, a point, one to four digits; the ten-thousandths must fit 64 bits (Cedar's decimal).
fn decimal(text: &str) -> Option<Typed> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    if !digits(unsigned) || !digits(fraction) || fraction.len() > 4 {
        return None;
    }
    let scaled = format!("{whole}{fraction:0<4}");
    scaled.parse::<i64>().ok()?;
    Some(Typed::Decimal(text.into()))
}

/// An address, alone or with a prefix length; no IPv4 inside IPv6 (Cedar's ipaddr).
fn ipaddr(text: &str) -> Option<Typed> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    if address.contains(':') && address.contains('.') {
        return None;
    }
    let parsed: std::net::IpAddr = address.parse().ok()?;
    let bits_max = if parsed.is_ipv4() { 32 } else { 128 };
    let valid = prefix.is_none_or(|prefix| {
        let plain = prefix.bytes().all(|byte| byte.is_ascii_digit())
            && (prefix == "0" || !prefix.starts_with('0'));
        plain && prefix.parse::<u32>().is_ok_and(|bits| bits <= bits_max)
    });
    valid.then(|| Typed::Ipaddr(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_cedar_takes() {
        for (kind, text, accepted) in [
            (AttributeType::Decimal, "1.5", true),
            (AttributeType::Decimal, "-922337203685477.5808", true),
            (AttributeType::Decimal, "922337203685477.5808", false),
            (AttributeType::Decimal, "1", false),
            (AttributeType::Decimal, "1.23456", false),
            (AttributeType::Decimal, "+1.0", false),
            (AttributeType::Ipaddr, "10.0.0.1", true),
            (AttributeType::Ipaddr, "10.0.0.0/8", true),
            (AttributeType::Ipaddr, "10.0.0.0/08", false),
            (AttributeType::Ipaddr, "10.0.0.0/33", false),
            (AttributeType::Ipaddr, "::ffff:10.0.0.1", false),
            (AttributeType::Ipaddr, "fe80::/64", true),
            (AttributeType::Datetime, "2026-12-01", true),
            (AttributeType::Datetime, "2026-12-01T09:00:00+01:00", true),
            (AttributeType::Datetime, "2026-12-01T09:00:00", false),
        ] {
            let read = Typed::read(&Json::borrowed(text), kind);
            assert_eq!(read.is_some(), accepted, "{text}");
            if let Some(typed) = read {
                let expression = crate::compile::expression(&typed);
                let uid = "A::\"a\"".parse().unwrap();
                let attributes = [("x".to_owned(), expression)].into();
                let entity = cedar_policy::Entity::new(uid, attributes, Default::default());
                assert!(entity.is_ok(), "Cedar refuses {text}");
            }
        }
    }
}
