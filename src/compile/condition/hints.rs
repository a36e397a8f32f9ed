//! How Cedar writes what people bring from other languages: what to do about an error of its parser or validator.

use super::search::{find_word, without_strings};

/// Where attributes of a bare name can be read: `resource.status` for `status`.
pub type Paths<'a> = &'a dyn Fn(&str) -> Vec<String>;

const VARIABLES: &str = "what can be read begins with `principal.`, `resource.` or `context.`";

/// What takes the place of an error's message, help, or place.
#[derive(Debug, Default)]
pub struct Hint {
    /// What is wrong, where Cedar's own words lead astray.
    pub message: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// The bytes of the condition that it is about, where they are others than Cedar's.
    pub range: Option<(usize, usize)>,
}

impl Hint {
    fn help(help: impl Into<String>) -> Option<Self> {
        Some(Self {
            help: Some(help.into()),
            ..Self::default()
        })
    }

    fn say(message: impl Into<String>, help: impl Into<String>) -> Option<Self> {
        Some(Self {
            message: Some(message.into()),
            help: Some(help.into()),
            range: None,
        })
    }
}

/// The hint for an error of the parser, at a place in a condition.
pub(super) fn of_syntax(message: &str, text: &str, start: usize, paths: Paths<'_>) -> Option<Hint> {
    if let Some(token) = quoted(message, "unexpected token `") {
        return of_token(token, text, start);
    }
    if let Some(name) = message.strip_prefix("invalid variable: ") {
        return of_name(name, paths);
    }
    if message.starts_with("invalid member access") {
        return Hint::help(format!("{VARIABLES}; who asks is `principal`"));
    }
    if message.ends_with("is not a valid method") {
        return of_method(quoted(message, "`")?, text.get(start..)?);
    }
    let is_question = text.get(start..).is_some_and(|rest| rest.starts_with('?'));
    if is_question {
        return Hint::help("write a choice as `if ... then ... else ...`");
    }
    None
}

/// What stands between a beginning of a message and the next backtick.
fn quoted<'m>(message: &'m str, beginning: &str) -> Option<&'m str> {
    message.strip_prefix(beginning)?.split('`').next()
}

fn of_token(token: &str, text: &str, start: usize) -> Option<Hint> {
    let ahead = text.get(..start).unwrap_or_default();
    let word = last_word(ahead);
    if word.eq_ignore_ascii_case("not") {
        return Hint::help(format!("Cedar writes `{word}` as `!`"));
    }
    if let Some(whole) = ahead.strip_suffix('.').map(last_word)
        && token.bytes().all(|byte| byte.is_ascii_digit())
        && !whole.is_empty()
        && whole.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Hint::help(format!(
            "write a decimal as `decimal(\"{whole}.{token}\")`; decimals are compared with `.lessThan(...)` and \
             `.greaterThan(...)`"
        ));
    }
    match token {
        ";" | "}" => return Hint::help("`when` is one expression, not a policy"),
        "=" => return Hint::help("Cedar compares with `==`"),
        "contains" | "containsAll" | "containsAny" => {
            return Hint::help(format!("write `x.{token}(...)`: it is a method of a set"));
        }
        _ => {}
    }
    let operator = match token.to_ascii_lowercase().as_str() {
        "and" => "&&",
        "or" => "||",
        "not" => "!",
        _ => return None,
    };
    Hint::help(format!("Cedar writes `{token}` as `{operator}`"))
}

fn last_word(text: &str) -> &str {
    let text = text.trim_end();
    let is_part = |each: char| each.is_ascii_alphanumeric() || each == '_';
    let rest = text.trim_end_matches(is_part);
    text.get(rest.len()..).unwrap_or_default()
}

/// A name that stands alone: an attribute of something, a word of another language, or a text without quotes.
fn of_name(name: &str, paths: Paths<'_>) -> Option<Hint> {
    if matches!(
        name.to_ascii_lowercase().as_str(),
        "null" | "nil" | "none" | "undefined"
    ) {
        return Hint::say(
            format!("Cedar has no `{name}`"),
            "`has` asks whether an attribute is there: `resource has owner`, `!(resource has owner)`",
        );
    }
    if matches!(name, "True" | "TRUE" | "False" | "FALSE") {
        let word = name.to_ascii_lowercase();
        return Hint::say(
            format!("`{name}` is no name that a condition knows"),
            format!("Cedar writes `{name}` as `{word}`"),
        );
    }
    let message = format!("`{name}` is no name that a condition knows");
    let paths = paths(name);
    if paths.is_empty() {
        return Hint::say(
            message,
            format!("put a text into double quotes, `\"{name}\"`; {VARIABLES}"),
        );
    }
    let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    Hint::say(message, format!("did you mean {}?", paths.join(" or ")))
}

/// Methods of texts in other languages; Cedar has patterns for some.
fn of_method(method: &str, from: &str) -> Option<Hint> {
    let of = from.split_once(&format!(".{method}"));
    let of = of.map_or("resource.name", |(of, _)| of.trim());
    let pattern = match method.to_ascii_lowercase().replace('_', "").as_str() {
        "startswith" | "hasprefix" | "beginswith" => "x*",
        "endswith" | "hassuffix" => "*x",
        "includes" | "matches" | "match" | "test" => "*x*",
        _ => return None,
    };
    Hint::help(format!(
        "a text is compared with a pattern: `{of} like \"{pattern}\"`"
    ))
}

/// The hint for an error of the validator, at a range of a condition.
pub(in crate::compile) fn of_types(
    message: &str,
    text: &str,
    range: (usize, usize),
) -> Option<Hint> {
    if message.contains("__cedar::internal::AnyEntity") {
        return of_entities(text, range);
    }
    let (expected, saw) = types(message)?;
    let is =
        |one: &str, other: &str| expected == one && saw == other || expected == other && saw == one;
    let literal = |function: &str, example: &str| {
        let found = text.get(range.0..range.1).unwrap_or_default();
        let is_literal = found.len() > 1 && found.starts_with('"') && found.ends_with('"');
        let value = match is_literal && !found.contains("==") && !found.contains("!=") {
            true => found,
            false => example,
        };
        Hint::help(format!("write the value as `{function}({value})`"))
    };
    if is("datetime", "String") || expected.contains("datetime") && saw == "String" {
        return literal("datetime", "\"2026-12-31\"");
    }
    if is("decimal", "String") {
        return literal("decimal", "\"1.50\"");
    }
    if is("ipaddr", "String") {
        return literal("ip", "\"10.0.0.0/8\"");
    }
    if expected.contains("Long") && saw == "decimal" {
        return Hint::help(
            "decimals are compared with `.lessThan(...)`, `.lessThanOrEqual(...)`, `.greaterThan(...)` and \
             `.greaterThanOrEqual(...)`",
        );
    }
    if is("Account", "String") {
        return Hint::help("compare ids: `resource.owner == principal.id`");
    }
    None
}

/// The type that was wanted, and the one that is there; of two that do not go together, both.
fn types(message: &str) -> Option<(&str, &str)> {
    if let Some(rest) = message.strip_prefix("unexpected type: expected ") {
        return rest.split_once(" but saw ");
    }
    let rest = message.strip_prefix("the types ")?;
    let (both, _) = rest.split_once(" are not compatible")?;
    both.split_once(" and ")
}

/// `in` and `is` of what is no entity. What stands on either side is the same mistake: it is told at the operator.
fn of_entities(text: &str, range: (usize, usize)) -> Option<Hint> {
    let code = without_strings(text);
    let after = code.get(range.1..).unwrap_or_default();
    let skipped = after.len() - after.trim_start().len();
    let word = |at: usize, word: &str| find_word(&code, word, at).filter(|found| found.0 == at);
    if word(range.1 + skipped, "is").is_some() {
        return Hint::say(
            "`is` asks of what type an entity is, and this is none",
            "an attribute has the type that its declaration says",
        );
    }
    let ahead = code.get(..range.0)?.trim_end();
    let at = match word(range.1 + skipped, "in") {
        Some((start, _)) => start,
        None => ahead.strip_suffix("in")?.len(),
    };
    let (left, right) = (operand_before(text, at), operand_after(text, at + 2));
    let help = match (left, right) {
        (Some(left), Some(right)) => format!("write `{right}.contains({left})`"),
        _ => "write `[\"a\", \"b\"].contains(resource.status)`".to_owned(),
    };
    Some(Hint {
        message: Some(
            "`in` is for entities; whether a set has a value, `contains` says".to_owned(),
        ),
        help: Some(help),
        range: Some((at, at + 2)),
    })
}

/// The path or text that ends before an operator.
fn operand_before(text: &str, at: usize) -> Option<&str> {
    let ahead = text.get(..at)?.trim_end();
    let start = match ahead.strip_suffix('"') {
        Some(inner) => inner.rfind('"')?,
        None => {
            let is_part = |each: char| each.is_ascii_alphanumeric() || "_.".contains(each);
            ahead.trim_end_matches(is_part).len()
        }
    };
    ahead.get(start..).filter(|operand| !operand.is_empty())
}

/// The list or path that begins behind an operator.
fn operand_after(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at..)?.trim_start();
    let end = match rest.starts_with('[') {
        true => without_strings(rest).find(']')? + 1,
        false => {
            let is_part = |each: char| each.is_ascii_alphanumeric() || "_.".contains(each);
            rest.len() - rest.trim_start_matches(is_part).len()
        }
    };
    rest.get(..end).filter(|operand| !operand.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_both_sides_of_in() {
        for (text, left, right) in [
            (
                "resource.status in [\"a\", \"]\"] && x",
                Some("resource.status"),
                Some("[\"a\", \"]\"]"),
            ),
            (
                "!(\"a b\" in resource.tags)",
                Some("\"a b\""),
                Some("resource.tags"),
            ),
            ("f(x) in {a: 1}", None, None),
        ] {
            let at = text.find(" in ").unwrap() + 1;
            assert_eq!(operand_before(text, at), left, "{text}");
            assert_eq!(operand_after(text, at + 2), right, "{text}");
        }
    }
}
