//! The types of attributes and their values.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value as Json;

/// The type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `String`
    String,
    /// `Long`
    Long,
    /// `Bool`
    Bool,
    /// `datetime`
    Datetime,
    /// `decimal`
    Decimal,
    /// `ipaddr`
    Ipaddr,
    /// `Set<String>`
    Strings,
    /// `Set<Long>`
    Longs,
}

/// A value of one of the types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string.
    String(String),
    /// A 64 bit integer.
    Long(i64),
    /// True or false.
    Bool(bool),
    /// Milliseconds since 1970.
    Datetime(i64),
    /// In ten-thousandths.
    Decimal(i64),
    /// An address, or a range of addresses that share a prefix.
    Ip(IpAddr, u8),
    /// A set of strings.
    Strings(BTreeSet<String>),
    /// A set of integers.
    Longs(BTreeSet<i64>),
}

impl Type {
    /// The type's name in a policy.
    pub fn name(self) -> &'static str {
        match self {
            Type::String => "String",
            Type::Long => "Long",
            Type::Bool => "Bool",
            Type::Datetime => "datetime",
            Type::Decimal => "decimal",
            Type::Ipaddr => "ipaddr",
            Type::Strings => "Set<String>",
            Type::Longs => "Set<Long>",
        }
    }

    /// The JSON value as one of this type, or nothing where it can't be.
    ///
    /// "In JSON: Long an integer within 64 bits; datetime an RFC 3339 string or `YYYY-MM-DD`;
    /// decimal and ipaddr strings."
    pub fn read(self, json: &Json) -> Option<Value> {
        match self {
            Type::String => json.as_str().map(|text| Value::String(text.to_owned())),
            Type::Long => json.as_i64().map(Value::Long),
            Type::Bool => json.as_bool().map(Value::Bool),
            Type::Datetime => datetime(json.as_str()?).map(Value::Datetime),
            Type::Decimal => decimal(json.as_str()?).map(Value::Decimal),
            Type::Ipaddr => ip(json.as_str()?),
            Type::Strings => {
                let items = json.as_array()?.iter();
                let texts: Option<_> = items.map(|item| item.as_str().map(str::to_owned)).collect();
                texts.map(Value::Strings)
            }
            Type::Longs => {
                let longs: Option<_> = json.as_array()?.iter().map(Json::as_i64).collect();
                longs.map(Value::Longs)
            }
        }
    }
}

/// A property's value, unless it is left out.
///
/// "`null` is the same as leaving the property out."
pub fn given<'a>(properties: &'a serde_json::Map<String, Json>, name: &str) -> Option<&'a Json> {
    properties.get(name).filter(|value| !value.is_null())
}

/// True for `YYYY-MM-DD`, whether or not there is such a day.
pub fn looks_like_date(text: &str) -> bool {
    matches_shape(text, "dddd-dd-dd")
}

/// Milliseconds since 1970 of an RFC 3339 string or a date (its first moment, UTC).
pub fn datetime(text: &str) -> Option<i64> {
    if looks_like_date(text) {
        return instant(&format!("{text}T00:00:00Z"));
    }
    let (start, rest) = text.split_at_checked(19)?;
    if !matches_shape(start, "dddd-dd-ddTdd:dd:dd") {
        return None;
    }
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|digit: char| digit.is_ascii_digit()),
        None => rest,
    };
    let zone_is_well_formed =
        zone == "Z" || matches_shape(zone, "+dd:dd") || matches_shape(zone, "-dd:dd");
    if zone_is_well_formed {
        instant(text)
    } else {
        None
    }
}

fn instant(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(|moment| moment.as_millisecond())
}

/// In the shape, `d` stands for a digit and any other character for itself.
fn matches_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.chars().zip(shape.chars()).all(|(have, want)| {
            if want == 'd' {
                have.is_ascii_digit()
            } else {
                have == want
            }
        })
}

/// Ten-thousandths, of digits, a point and one to four digits.
fn decimal(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.')?;
    let all_digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 4 {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    format!("{sign}{whole}{fraction:0<4}").parse().ok()
}

fn ip(text: &str) -> Option<Value> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        Some(prefix) => prefix.parse().ok().filter(|bits| *bits <= longest)?,
        None => longest,
    };
    Some(Value::Ip(address, prefix))
}
