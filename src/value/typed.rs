//! Values of the declared types, read from JSON as LANGUAGE's section on types says. Everything else is ill-typed.

use super::Json;
use crate::document::{AttributeType, instant, is_within_years, start_of_date};

/// A value of a declared type. Files own their texts; a question's are borrowed from its body.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Typed<S = Box<str>> {
    /// Text.
    String(S),
    /// A 64-bit integer.
    Long(i64),
    /// True or false.
    Bool(bool),
    /// A moment, in milliseconds since 1970, of the years 0000 to 9999.
    Datetime(i64),
    /// A decimal number, as Cedar's constructor takes it.
    Decimal(S),
    /// An IP address or range, as Cedar's constructor takes it.
    Ipaddr(S),
    /// A set of texts.
    StringSet(Vec<S>),
    /// A set of integers.
    LongSet(Vec<i64>),
}

impl<'j> Typed<&'j str> {
    /// The value that JSON stands for under a type, or nothing if it cannot be of that type.
    pub fn read(json: &'j Json<'_>, kind: AttributeType) -> Option<Self> {
        match (kind, json) {
            (AttributeType::String, Json::Text(text)) => Some(Self::String(text)),
            (AttributeType::Long, Json::Integer(value)) => Some(Self::Long(*value)),
            (AttributeType::Bool, Json::Bool(value)) => Some(Self::Bool(*value)),
            (AttributeType::Datetime, Json::Text(text)) => datetime(text).map(Self::Datetime),
            (AttributeType::Decimal, Json::Text(text)) => {
                is_decimal(text).then_some(Self::Decimal(text))
            }
            (AttributeType::Ipaddr, Json::Text(text)) => {
                is_ipaddr(text).then_some(Self::Ipaddr(text))
            }
            (AttributeType::StringSet, Json::List(items)) => items
                .iter()
                .map(Json::as_text)
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

impl<S: AsRef<str>> Typed<S> {
    /// The same value with texts of its own.
    pub fn owned(&self) -> Typed {
        self.map(Box::from)
    }

    /// The same value with its texts lent.
    pub fn lent(&self) -> Typed<&str> {
        self.map(|text| text)
    }

    fn map<'s, T>(&'s self, text: impl Fn(&'s str) -> T) -> Typed<T> {
        match self {
            Self::String(value) => Typed::String(text(value.as_ref())),
            Self::Long(value) => Typed::Long(*value),
            Self::Bool(value) => Typed::Bool(*value),
            Self::Datetime(value) => Typed::Datetime(*value),
            Self::Decimal(value) => Typed::Decimal(text(value.as_ref())),
            Self::Ipaddr(value) => Typed::Ipaddr(text(value.as_ref())),
            Self::StringSet(items) => {
                Typed::StringSet(items.iter().map(|item| text(item.as_ref())).collect())
            }
            Self::LongSet(items) => Typed::LongSet(items.clone()),
        }
    }
}

/// `YYYY-MM-DD` or RFC 3339.
fn datetime(text: &str) -> Option<i64> {
    let millis = start_of_date(text).or_else(|| instant(text));
    millis.filter(|millis| is_within_years(*millis))
}

/// Digits, a point, one to four digits; the ten-thousandths must fit 64 bits (Cedar's decimal).
fn is_decimal(text: &str) -> bool {
    let Some((whole, fraction)) = text.split_once('.') else {
        return false;
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    let is_plain = digits(unsigned) && digits(fraction) && fraction.len() <= 4;
    is_plain && format!("{whole}{fraction:0<4}").parse::<i64>().is_ok()
}

/// An address, alone or with a prefix length; no IPv4 inside IPv6 (Cedar's ipaddr).
fn is_ipaddr(text: &str) -> bool {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    if address.contains(':') && address.contains('.') {
        return false;
    }
    let Ok(parsed) = address.parse::<std::net::IpAddr>() else {
        return false;
    };
    let bits_max = if parsed.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| {
        let plain = prefix.bytes().all(|byte| byte.is_ascii_digit())
            && (prefix == "0" || !prefix.starts_with('0'));
        plain && prefix.parse::<u32>().is_ok_and(|bits| bits <= bits_max)
    })
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
            let json = Json::borrowed(text);
            let read = Typed::read(&json, kind);
            assert_eq!(read.is_some(), accepted, "{text}");
            if let Some(typed) = read {
                let expression = crate::compile::expression(&typed.owned());
                let uid = "A::\"a\"".parse().unwrap();
                let attributes = [("x".to_owned(), expression)].into();
                let entity = cedar_policy::Entity::new(uid, attributes, Default::default());
                assert!(entity.is_ok(), "Cedar refuses {text}");
            }
        }
    }
}
