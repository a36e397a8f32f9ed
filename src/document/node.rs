//! The tree of one YAML document, with the place of every key and value and what kind of scalar was written.

use std::sync::Arc;

use crate::source::Span;

/// A value in a YAML document.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where the document uses it; for an alias, the alias.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// The three shapes of YAML.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text, number, boolean or null.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order written; aliases and merge keys are resolved, duplicates are still there.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar: its text after YAML's escapes, and what YAML 1.2's core schema takes it for.
#[derive(Debug, Clone)]
pub struct Scalar {
    /// The text after folding and unescaping.
    pub text: Arc<str>,
    /// What the core schema makes of it.
    pub kind: ScalarKind,
    /// Where the text stands, quotes and all; differs from the node's span behind an alias.
    pub defined: Span,
}

/// What the core schema of YAML 1.2 (section 10.3) takes a scalar for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarKind {
    /// Quoted, block, or plain text that is nothing else.
    Text,
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number in decimal, octal or hexadecimal.
    Integer,
    /// A number with a fraction or exponent, `.inf`, `.nan`.
    Float,
}

impl ScalarKind {
    /// What a plain (unquoted) scalar is.
    pub fn of_plain(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Self::Bool,
            _ if is_integer(text) => Self::Integer,
            _ if is_float(text) => Self::Float,
            _ => Self::Text,
        }
    }

    /// The kind in words, for messages.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Null => "nothing (null)",
            Self::Bool => "true or false",
            Self::Integer => "a whole number",
            Self::Float => "a number",
        }
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

fn all_in(text: &str, accept: fn(&u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(|byte| accept(&byte))
}

fn is_integer(text: &str) -> bool {
    if let Some(octal) = text.strip_prefix("0o") {
        return all_in(octal, |byte| (b'0'..=b'7').contains(byte));
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return all_in(hexadecimal, u8::is_ascii_hexdigit);
    }
    all_in(unsigned(text), u8::is_ascii_digit)
}

fn is_float(text: &str) -> bool {
    let body = unsigned(text);
    if matches!(body, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    if exponent.is_some_and(|digits| !all_in(unsigned(digits), u8::is_ascii_digit)) {
        return false;
    }
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => all_in(mantissa, u8::is_ascii_digit),
    }
}

impl Scalar {
    /// The integer that an [`ScalarKind::Integer`] stands for, if 64 bits hold it.
    pub fn integer(&self) -> Option<i64> {
        if self.kind != ScalarKind::Integer {
            return None;
        }
        if let Some(octal) = self.text.strip_prefix("0o") {
            return i64::from_str_radix(octal, 8).ok();
        }
        if let Some(hexadecimal) = self.text.strip_prefix("0x") {
            return i64::from_str_radix(hexadecimal, 16).ok();
        }
        self.text.parse().ok()
    }

    /// The boolean that a [`ScalarKind::Bool`] stands for.
    pub fn boolean(&self) -> Option<bool> {
        (self.kind == ScalarKind::Bool).then(|| self.text.eq_ignore_ascii_case("true"))
    }
}

impl Node {
    /// The scalar, if it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Whether nothing was written: `key:` or `key: null`.
    pub fn is_null(&self) -> bool {
        self.scalar()
            .is_some_and(|scalar| scalar.kind == ScalarKind::Null)
    }

    /// What the node is, for messages.
    pub fn in_words(&self) -> &'static str {
        match &self.value {
            Value::Scalar(scalar) => scalar.kind.in_words(),
            Value::List(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ScalarKind::{self, Bool, Float, Integer, Null, Text};

    #[test]
    fn core_schema() {
        for (text, kind) in [
            ("", Null),
            ("~", Null),
            ("NULL", Null),
            ("no", Text),
            ("yes", Text),
            ("on", Text),
            ("True", Bool),
            ("tRue", Text),
            ("12", Integer),
            ("-0", Integer),
            ("0o17", Integer),
            ("0o8", Text),
            ("0xfF", Integer),
            ("1_000", Text),
            ("1.", Float),
            (".5", Float),
            (".", Text),
            ("1e3", Float),
            ("e3", Text),
            ("-.INF", Float),
            (".nan", Float),
            ("2026-12-01", Text),
            ("12:30", Text),
        ] {
            assert_eq!(ScalarKind::of_plain(text), kind, "{text}");
        }
    }
}
