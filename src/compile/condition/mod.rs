//! Conditions: parsed alone, so that no text can close the braces around it, and asked which attributes they read.

mod hints;
mod search;
mod walk;

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{Expression, ParseErrors, Policy};
use miette::Diagnostic as _;

use crate::diagnostic::{Code, Diagnostics};
use crate::document::{ConditionText, offsets};
pub use crate::engine::Root;
use crate::engine::{Fact, Formula};
use crate::source::{Sources, Span};
pub use hints::Paths;
pub(super) use hints::of_types;
pub(super) use search::nesting;
use search::{find_read, find_slot, find_word};
use walk::Walk;

/// Longest condition in bytes: the engine's parser recurses, and no person writes more.
const CONDITION_BYTES_MAX: usize = 4_096;
/// Deepest nesting of brackets in a condition.
pub(super) const NESTING_MAX: usize = 32;
/// Most `if`s in a condition.
pub(super) const IFS_MAX: usize = 8;

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
    /// The same over facts; nothing where it looks at more than attributes.
    pub formula: Option<Arc<Formula>>,
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

    /// What it reads, as facts.
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        let reads = self.reads.iter();
        reads.map(|read| Fact::new(read.root, &read.name))
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
        // What stands behind the last character, such as a line feed that YAML adds, is not in the file.
        end: defined.start + last.max(first).min(raw.len() as u32),
    }
}

/// Parses a condition; what is wrong with it is reported at its place in the YAML. `paths` says where an attribute can
/// be read that was named alone.
pub fn parse(
    written: &ConditionText,
    paths: Paths<'_>,
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
    let expression = match Expression::from_str(text) {
        Ok(expression) => expression,
        Err(errors) => {
            not_cedar(&errors, written, paths, sources, diagnostics);
            return None;
        }
    };
    let Some(body) = in_json(text) else {
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
    walk.expression(&body);
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
        formula: Formula::of(&expression).map(Arc::new),
    })
}

/// Reports what the engine's parser says of a condition, at its places in the YAML.
fn not_cedar(
    errors: &ParseErrors,
    written: &ConditionText,
    paths: Paths<'_>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    let text = &written.text;
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
        let hint = hints::of_syntax(&message, text, start, paths).unwrap_or_default();
        let own = || error.help().map(|help| help.to_string());
        let help = hint.help.or_else(own);
        let message = hint
            .message
            .unwrap_or_else(|| format!("the condition is no Cedar expression: {message}"));
        let finding = diagnostics.report(code, span, message);
        if let Some(help) = help {
            finding.help(help);
        }
    }
}

/// The same text for conditions that mean the same by their shape: spaces, comments and needless brackets are gone.
pub fn canonical(text: &str) -> String {
    in_json(text).map_or_else(|| text.to_owned(), |body| body.to_string())
}

/// An expression in Cedar's JSON form; nothing where no policy can have it as its condition.
fn in_json(text: &str) -> Option<serde_json::Value> {
    let probe = format!("permit (principal, action, resource) when {{\n{text}\n}};");
    let mut json = Policy::parse(None, &probe).ok()?.to_json().ok()?;
    json.pointer_mut("/conditions/0/body")
        .map(serde_json::Value::take)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    /// A condition that stands nowhere.
    fn written(text: &str) -> ConditionText {
        let defined = Span {
            source: SourceId::new(0),
            start: 0,
            end: 0,
        };
        ConditionText {
            text: text.into(),
            defined,
        }
    }

    fn reads(text: &str) -> (Vec<String>, Vec<String>) {
        let written = written(text);
        let mut diagnostics = Diagnostics::default();
        let condition = parse(
            &written,
            &|_| Vec::new(),
            &Sources::default(),
            &mut diagnostics,
        )
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
            let written = written(text);
            let mut diagnostics = Diagnostics::default();
            let parsed = parse(
                &written,
                &|_| Vec::new(),
                &Sources::default(),
                &mut diagnostics,
            );
            assert!(parsed.is_none() && diagnostics.has_errors(), "{text}");
        }
    }
}
