//! Conditions: parsed alone, so that no text can close the braces around it, and asked which attributes they read.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{Expression, Policy};
use miette::Diagnostic as _;
use serde_json::Value;

use crate::diagnostic::{Code, Diagnostics};
use crate::document::{ConditionText, offsets};
use crate::source::{Sources, Span};

/// Longest condition in bytes: the engine's parser recurses, and no person writes more.
const CONDITION_BYTES_MAX: usize = 4_096;
/// Deepest nesting of brackets in a condition.
const NESTING_MAX: usize = 32;
/// Most `if`s in a condition.
const IFS_MAX: usize = 8;

/// Where an attribute is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// `principal.x`
    Principal,
    /// `resource.x`
    Resource,
    /// `context.x`
    Context,
    /// `context.action.x`
    Action,
}

impl Root {
    /// The expression that stands for it.
    pub fn as_cedar(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Resource => "resource",
            Self::Context => "context",
            Self::Action => "context.action",
        }
    }
}

/// An attribute that a condition reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    /// Of what.
    pub root: Root,
    /// Its name.
    pub name: String,
}

/// A condition that parses.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The author's text.
    pub text: Arc<str>,
    /// Where it stands.
    pub defined: Span,
    /// Every attribute that it names.
    pub reads: BTreeSet<Read>,
    /// Those of them that it tests with `has` itself.
    pub tested: BTreeSet<Read>,
}

impl Condition {
    /// The attributes that must be present before the condition is evaluated.
    pub fn guarded(&self) -> impl Iterator<Item = &Read> {
        self.reads.iter().filter(|read| {
            let always = matches!(
                (read.root, read.name.as_str()),
                (Root::Principal | Root::Resource, "id") | (Root::Context, "now" | "action")
            );
            !always && !self.tested.contains(*read)
        })
    }

    /// Where a range of the condition's text stands in the file.
    pub fn place(&self, start: usize, end: usize, sources: &Sources) -> Span {
        place(&self.text, self.defined, start, end, sources)
    }

    /// Where the condition first reads an attribute.
    pub fn place_of(&self, read: &Read, sources: &Sources) -> Span {
        let (start, end) = find_read(&self.text, read).unwrap_or((0, self.text.len()));
        self.place(start, end, sources)
    }
}

fn place(text: &str, defined: Span, start: usize, end: usize, sources: &Sources) -> Span {
    let raw = sources.get(defined.source).and_then(|file| {
        file.text()
            .get(defined.start as usize..defined.end as usize)
    });
    let Some(raw) = raw else { return defined };
    let offsets = offsets(raw, text);
    let at = |index: usize| offsets.get(index).copied();
    let first = at(start).or_else(|| offsets.last().copied()).unwrap_or(0);
    let last = end
        .checked_sub(1)
        .and_then(at)
        .map_or(first, |last| last + 1);
    Span {
        source: defined.source,
        start: defined.start + first,
        end: defined.start + last.max(first),
    }
}

/// Parses a condition; what is wrong with it is reported at its place in the YAML.
pub fn parse(
    written: &ConditionText,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Condition> {
    let text = &written.text;
    let whole = || place(text, written.defined, 0, text.trim_end().len(), sources);
    if text.trim().is_empty() {
        diagnostics
            .report(
                Code::ConditionSyntax,
                written.defined,
                "the condition is empty",
            )
            .help("leave `when` out where nothing is to be asked");
        return None;
    }
    if text.len() > CONDITION_BYTES_MAX || nesting(text) > NESTING_MAX {
        diagnostics
            .report(Code::ConditionSyntax, whole(), "the condition is too long or nested too deeply")
            .help(format!(
                "at most {CONDITION_BYTES_MAX} bytes, {NESTING_MAX} brackets within brackets and {IFS_MAX} `if`s; split the rule"
            ));
        return None;
    }
    if let Err(errors) = Expression::from_str(text) {
        for error in errors.iter() {
            let label = error.labels().and_then(|mut labels| labels.next());
            let (start, end) = label.map_or((0, text.len()), |label| {
                (label.offset(), label.offset() + label.len().max(1))
            });
            let span = place(text, written.defined, start, end, sources);
            let message = error.to_string();
            let unknown = ["is not a valid function", "is not a valid method"];
            let code = match unknown.iter().any(|words| message.contains(words)) {
                true => Code::ConditionType,
                false => Code::ConditionSyntax,
            };
            let help = in_cedar(&message)
                .map(str::to_owned)
                .or_else(|| error.help().map(|help| help.to_string()));
            let message = format!("the condition is no Cedar expression: {message}");
            let finding = diagnostics.report(code, span, message);
            if let Some(help) = help {
                finding.help(help);
            }
        }
        return None;
    }
    let probe = format!("permit (principal, action, resource) when {{\n{text}\n}};");
    let json = Policy::parse(None, &probe)
        .ok()
        .and_then(|policy| policy.to_json().ok());
    let body = json
        .as_ref()
        .and_then(|json| json.pointer("/conditions/0/body"));
    let Some(body) = body else {
        let (start, end) = find_slot(text).unwrap_or((0, text.trim_end().len()));
        let span = place(text, written.defined, start, end, sources);
        diagnostics
            .report(
                Code::ConditionSyntax,
                span,
                "a condition cannot have slots (`?principal`, `?resource`)",
            )
            .help("write `principal` and `resource`");
        return None;
    };
    let mut walk = Walk::default();
    walk.expression(body);
    if let Some(problem) = walk.problem {
        let (start, end) = problem
            .word()
            .and_then(|word| find_word(text, word, 0))
            .unwrap_or((0, text.len()));
        let span = place(text, written.defined, start, end, sources);
        diagnostics
            .report(Code::ConditionType, span, problem.message())
            .help("a condition reads `principal`, `resource` and `context`");
        return None;
    }
    Some(Condition {
        text: text.clone(),
        defined: written.defined,
        reads: walk.reads,
        tested: walk.tested,
    })
}

/// How Cedar writes what people bring from other languages.
fn in_cedar(message: &str) -> Option<&'static str> {
    let token = message
        .strip_prefix("unexpected token `")?
        .strip_suffix('`')?;
    match token {
        "and" => Some("Cedar writes `and` as `&&`"),
        "or" => Some("Cedar writes `or` as `||`"),
        "not" => Some("Cedar writes `not` as `!`"),
        "=" => Some("Cedar compares with `==`"),
        ";" | "}" => Some("`when` is one expression, not a policy"),
        _ => None,
    }
}

/// The range of a template's slot.
fn find_slot(text: &str) -> Option<(usize, usize)> {
    let masked = without_strings(text);
    let start = masked.find('?')?;
    let rest = masked.get(start + 1..)?;
    let length = rest
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    Some((start, start + 1 + length))
}

/// The text with the contents of its strings blanked, but for those that name an attribute (`x["name"]`, `has "name"`),
/// so that a search finds code and no data. Lengths stay.
fn without_strings(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        masked.push(character);
        if character != '"' {
            continue;
        }
        let before = masked.trim_end_matches('"').trim_end();
        let names = before.ends_with('[') || before.ends_with("has");
        while let Some(inner) = characters.next() {
            let escaped = (inner == '\\').then(|| characters.next()).flatten();
            for part in [Some(inner), escaped].into_iter().flatten() {
                match names || inner == '"' {
                    true => masked.push(part),
                    false => masked.extend(std::iter::repeat_n(' ', part.len_utf8())),
                }
            }
            if inner == '"' {
                break;
            }
        }
    }
    masked
}

/// How deep brackets and `if`s are nested at most; the engine's work doubles with each `if` in an `if`.
fn nesting(text: &str) -> usize {
    let code = without_strings(text);
    let mut words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ifs = words.by_ref().filter(|word| *word == "if").count();
    let brackets = brackets(&code);
    match ifs > IFS_MAX {
        true => usize::MAX,
        false => brackets,
    }
}

fn brackets(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// What a condition may not do although Cedar could.
#[derive(Debug, Clone, Copy)]
enum Problem {
    Action,
    IndirectRead,
}

impl Problem {
    fn word(self) -> Option<&'static str> {
        match self {
            Self::Action => Some("action"),
            Self::IndirectRead => None,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::Action => {
                "a condition cannot read `action`; the rule's `actions` name it, and its properties are `context.action`"
            }
            Self::IndirectRead => {
                "a condition can read attributes of `principal`, `resource` and `context` only"
            }
        }
    }
}

/// Collects what an expression (in Cedar's JSON form) reads.
#[derive(Default)]
struct Walk {
    reads: BTreeSet<Read>,
    tested: BTreeSet<Read>,
    problem: Option<Problem>,
}

impl Walk {
    fn expression(&mut self, node: &Value) {
        let Some((operator, operand)) = node.as_object().and_then(|object| object.iter().next())
        else {
            return;
        };
        match operator.as_str() {
            "Value" => {}
            "Var" => {
                if operand.as_str() == Some("action") {
                    self.problem = Some(Problem::Action);
                }
            }
            "." => self.attribute(operand, false),
            "has" => self.attribute(operand, true),
            "Record" => {
                let values = operand
                    .as_object()
                    .into_iter()
                    .flat_map(|record| record.values());
                values.for_each(|value| self.expression(value));
            }
            "Set" => self.all(operand),
            _ => match operand {
                Value::Array(_) => self.all(operand),
                Value::Object(parts) => {
                    for (name, part) in parts {
                        if !matches!(name.as_str(), "pattern" | "entity_type") {
                            self.expression(part);
                        }
                    }
                }
                _ => {}
            },
        }
    }

    fn all(&mut self, list: &Value) {
        let items = list.as_array().into_iter().flatten();
        items.for_each(|item| self.expression(item));
    }

    fn attribute(&mut self, operand: &Value, is_test: bool) {
        let (Some(left), Some(name)) = (operand.get("left"), operand.get("attr")) else {
            self.problem = Some(Problem::IndirectRead);
            return;
        };
        // `x has a.b` tests `x has a` and `x.a has b`.
        let path: Vec<&str> = match name {
            Value::String(name) => vec![name],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut root = root_of(left);
        if root.is_none() {
            if !is_record(left) {
                self.problem = Some(Problem::IndirectRead);
            }
            self.expression(left);
            return;
        }
        if root == Some(Root::Action) {
            self.expression(left);
        }
        for name in path {
            let Some(at) = root else {
                self.problem = Some(Problem::IndirectRead);
                return;
            };
            let read = Read {
                root: at,
                name: name.to_owned(),
            };
            if is_test {
                self.tested.insert(read.clone());
            }
            self.reads.insert(read);
            root = (at == Root::Context && name == "action").then_some(Root::Action);
        }
    }
}

/// Whether an expression is a record that the condition writes itself, or a part of one.
fn is_record(node: &Value) -> bool {
    let part = |node: &Value| node.get("left").is_some_and(is_record);
    node.get("Record").is_some() || node.get(".").is_some_and(part)
}

fn root_of(node: &Value) -> Option<Root> {
    if let Some(variable) = node.get("Var").and_then(Value::as_str) {
        return match variable {
            "principal" => Some(Root::Principal),
            "resource" => Some(Root::Resource),
            "context" => Some(Root::Context),
            _ => None,
        };
    }
    let access = node.get(".")?;
    let is_action = access.get("attr").and_then(Value::as_str) == Some("action");
    (is_action && root_of(access.get("left")?) == Some(Root::Context)).then_some(Root::Action)
}

/// The range of `root.name`, `root["name"]` or `root has name` in a condition's text.
fn find_read(text: &str, read: &Read) -> Option<(usize, usize)> {
    let text = &without_strings(text);
    let mut from = 0;
    while let Some((start, end)) = find_word(text, &read.name, from) {
        let before = text
            .get(..start)?
            .trim_end_matches(['"', '[', ' ', '\n', '\t', '\r']);
        let before = before.strip_suffix("has").unwrap_or(before);
        let before = before.trim_end_matches(['.', ' ', '\n', '\t', '\r']);
        let root = read.root.as_cedar();
        if before.ends_with(root) {
            return Some((before.len() - root.len(), end));
        }
        from = end;
    }
    None
}

/// The range of a word that is no part of a longer one, from an offset on.
fn find_word(text: &str, word: &str, from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    while let Some(found) = text.get(at..)?.find(word) {
        let start = at + found;
        let end = start + word.len();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let before = text.get(..start)?.chars().next_back();
        let after = text.get(end..)?.chars().next();
        if !before.is_some_and(is_part) && !after.is_some_and(is_part) {
            return Some((start, end));
        }
        at = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    fn reads(text: &str) -> (Vec<String>, Vec<String>) {
        let written = ConditionText {
            text: text.into(),
            defined: Span {
                source: SourceId::new(0),
                start: 0,
                end: 0,
            },
        };
        let mut diagnostics = Diagnostics::default();
        let condition = parse(&written, &Sources::default(), &mut diagnostics)
            .unwrap_or_else(|| panic!("{text}: {diagnostics:?}"));
        let names = |read: &Read| format!("{}.{}", read.root.as_cedar(), read.name);
        (
            condition.reads.iter().map(names).collect(),
            condition.guarded().map(names).collect(),
        )
    }

    #[test]
    fn finds_what_is_read_and_what_is_guarded() {
        for (text, all, guarded) in [
            ("true", "", ""),
            ("resource.a == 1", "resource.a", "resource.a"),
            ("resource[\"a\"] == 1", "resource.a", "resource.a"),
            ("resource has a && resource.a == 1", "resource.a", ""),
            (
                "resource.id == principal.id",
                "principal.id resource.id",
                "",
            ),
            ("context.now < datetime(\"2027-01-01\")", "context.now", ""),
            (
                "context.action.soft",
                "context.action context.action.soft",
                "context.action.soft",
            ),
            (
                "context.action has soft && context.action.soft",
                "context.action context.action.soft",
                "",
            ),
            (
                "context has action.soft && context.action.soft",
                "context.action context.action.soft",
                "",
            ),
            ("{a: {b: resource.id}}.a.b == \"1\"", "resource.id", ""),
            (
                "if principal.x then [resource.y].contains(1) else {a: context.z}.a",
                "principal.x resource.y context.z",
                "principal.x resource.y context.z",
            ),
            (
                "resource.s like \"*has resource.q\"",
                "resource.s",
                "resource.s",
            ),
            (
                "{resource: {\".\": resource.b}} == {resource: {\".\": 1}}",
                "resource.b",
                "resource.b",
            ),
            (
                "ip(\"1.1.1.1\").isInRange(context.net)",
                "context.net",
                "context.net",
            ),
        ] {
            let (found, needed) = reads(text);
            assert_eq!(found.join(" "), all, "{text}");
            assert_eq!(needed.join(" "), guarded, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_condition() {
        for text in [
            "",
            "true }; permit(principal, action, resource) when { true",
            "action == Action::\"a\"",
            "(if true then principal else resource).id == \"x\"",
            "resource.a ==",
            "resource == ?resource",
            "?principal == principal || true",
            &format!(
                "{}true{}",
                "if true then ".repeat(40),
                " else true".repeat(40)
            ),
        ] {
            let written = ConditionText {
                text: text.into(),
                defined: Span {
                    source: SourceId::new(0),
                    start: 0,
                    end: 0,
                },
            };
            let mut diagnostics = Diagnostics::default();
            let parsed = parse(&written, &Sources::default(), &mut diagnostics);
            assert!(parsed.is_none() && diagnostics.has_errors(), "{text}");
        }
    }
}
