//! Raw Cedar beside the YAML: parsed policy by policy, so that every error has its place in the `.cedar` file, and
//! sliced by what its scope names.

use std::ops::Range;
use std::sync::Arc;

use cedar_policy::{
    ActionConstraint, EntityTypeName, EntityUid, Policy, PolicyId, ResourceConstraint,
};
use miette::Diagnostic as _;

use super::condition::{IFS_MAX, NESTING_MAX, nesting};
use super::coverage::{Assignment, Coverage};
use super::needs::Needs;
use super::rules::{Compiler, Effect, Holders, Placed, Rule};
use super::{CompiledPolicy, Origin};
use crate::diagnostic::Code;
use crate::model::{Id, ResourceType};
use crate::source::{SourceFile, SourceId, Span};

/// Longest policy in bytes: the engine recurses over what it has parsed.
const STATEMENT_BYTES_MAX: usize = 4_096;

impl Compiler<'_> {
    /// Compiles a file of raw Cedar.
    pub(super) fn cedar(&mut self, id: SourceId) {
        let Some(file) = self.sources.get(id) else {
            return;
        };
        for (number, range) in statements(file.text()).into_iter().enumerate() {
            self.statement(id, file, number + 1, range);
        }
    }

    fn statement(
        &mut self,
        source: SourceId,
        file: &SourceFile,
        number: usize,
        range: Range<usize>,
    ) {
        let text = file.text().get(range.clone()).unwrap_or_default();
        let span = |start: usize, end: usize| Span {
            source,
            start: (range.start + start) as u32,
            end: (range.start + end).min(range.end) as u32,
        };
        if text.len() > STATEMENT_BYTES_MAX || nesting(text) > NESTING_MAX {
            self.diagnostics
                .report(
                    Code::RawCedar,
                    span(0, text.len()),
                    "the policy is too long or nested too deeply",
                )
                .help(format!(
                    "at most {STATEMENT_BYTES_MAX} bytes, {NESTING_MAX} brackets within brackets and {IFS_MAX} `if`s; split the policy"
                ));
            return;
        }
        let id = format!("{}/{}#{number}", self.prefix(), file.path());
        match Policy::parse(Some(PolicyId::new(&id)), text) {
            Ok(policy) => {
                let whole = span(0, text.len());
                self.place_raw(policy, id, text, whole);
            }
            Err(errors) => {
                for error in errors.iter() {
                    let label = error.labels().and_then(|mut labels| labels.next());
                    let (start, end) = label.map_or((0, text.len()), |label| {
                        (label.offset(), label.offset() + label.len().max(1))
                    });
                    let finding = self.diagnostics.report(
                        Code::RawCedar,
                        span(start, end),
                        format!("not a Cedar policy: {error}"),
                    );
                    if let Some(help) = error.help() {
                        finding.help(help.to_string());
                    }
                }
            }
        }
    }

    fn place_raw(&mut self, policy: Policy, id: String, text: &str, span: Span) {
        if policy.to_json().is_ok_and(|json| reads_own(&json)) {
            self.diagnostics
                .report(
                    Code::RawCedar,
                    span,
                    "attributes that begin with `octroi.` are the compiler's own",
                )
                .help("read the attributes that conditions read");
            return;
        }
        let effect = match policy.effect() {
            cedar_policy::Effect::Permit => Effect::Permit,
            cedar_policy::Effect::Forbid => Effect::Forbid,
        };
        let origin = Origin {
            span,
            place: self.sources.place(span),
            role: None,
            scope: None,
            reason: policy.annotation("reason").map(Id::from),
        };
        let index = self.book.policies.len();
        let first_rule = self.book.rules.len();
        for (kind, resource_type) in self.application.types.values().enumerate() {
            let actions = named_actions(&policy, resource_type);
            if !actions.is_empty() {
                self.book.rules.push(Arc::new(Rule {
                    id: id.clone(),
                    origin: origin.clone(),
                    effect,
                    kind,
                    actions,
                    raw: Some(index),
                    delegation: None,
                    holders: Holders::default(),
                    coverage: Coverage::Always,
                    never_met: false,
                    assignment: Assignment::None,
                    remainder: None,
                    needs: Needs::everything(),
                    condition: None,
                }));
            }
        }
        self.book.by_id.insert(id.clone(), index);
        self.book
            .policies
            .push(CompiledPolicy::raw(policy, id, text.to_owned(), first_rule));
        self.sourcing.placed.push(Placed::Raw(span));
    }
}

/// Whether a policy, in Cedar's JSON form, reads an attribute of the compiler's own.
fn reads_own(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::Array(items) => items.iter().any(reads_own),
        serde_json::Value::Object(members) => members.iter().any(|(name, value)| {
            let attribute = value.get("attr").and_then(serde_json::Value::as_str);
            let own = attribute.is_some_and(|attribute| attribute.starts_with("octroi."));
            matches!(name.as_str(), "." | "has") && own || reads_own(value)
        }),
        _ => false,
    }
}

/// The actions of a type that a policy's scope lets through.
fn named_actions(policy: &Policy, kind: &ResourceType) -> Vec<Id> {
    let of_type = |name: &EntityTypeName| name.to_string() == kind.cedar_name;
    let fits = match policy.resource_constraint() {
        ResourceConstraint::Any => true,
        ResourceConstraint::In(uid) | ResourceConstraint::Eq(uid) => of_type(uid.type_name()),
        ResourceConstraint::Is(name) | ResourceConstraint::IsIn(name, _) => of_type(&name),
    };
    if !fits {
        return Vec::new();
    }
    let constraint = policy.action_constraint();
    let names = |uid: &EntityUid, action: &str| {
        let id: &str = uid.id().as_ref();
        id == kind.name.as_ref() || *id == *format!("{}.{action}", kind.name)
    };
    let actions = kind.actions.iter().filter(|action| match &constraint {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => names(uid, action),
        ActionConstraint::In(uids) => uids.iter().any(|uid| names(uid, action)),
    });
    actions.cloned().collect()
}

/// The ranges of a file's policies: each ends with its semicolon; comments and blanks around them are left out.
fn statements(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut ranges = Vec::new();
    let (mut at, mut start) = (0, None);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = text
                    .get(at..)
                    .and_then(|rest| rest.find('\n'))
                    .map_or(bytes.len(), |end| at + end);
                continue;
            }
            b'"' => {
                start.get_or_insert(at);
                at = end_of_string(bytes, at);
                continue;
            }
            b';' => {
                let from = start.take().unwrap_or(at);
                ranges.push(from..at + 1);
            }
            // A byte order mark.
            0xEF if at == 0 && text.starts_with('\u{feff}') => at = 2,
            byte if byte.is_ascii_whitespace() => {}
            _ => {
                start.get_or_insert(at);
            }
        }
        at += 1;
    }
    ranges.extend(start.map(|start| start..text.trim_end().len().max(start + 1)));
    ranges
}

/// The offset behind a string that begins at an offset.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn finds_statements_between_comments_and_strings() {
        let text = "// a; b\npermit(principal, action, resource) when { \"x;\\\"//\" == \"\" }; // c\n\nforbid(p);\n  // end";
        let found: Vec<&str> = statements(text)
            .into_iter()
            .filter_map(|range| text.get(range))
            .collect();
        assert_eq!(
            found,
            [
                "permit(principal, action, resource) when { \"x;\\\"//\" == \"\" };",
                "forbid(p);"
            ]
        );
        assert_eq!(statements("permit(").len(), 1);
        assert!(statements(" // nothing\n").is_empty());
    }
}
