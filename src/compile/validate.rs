//! Strict validation at level 1 of everything compiled; what it finds in a condition is shown in the author's text.

use cedar_policy::{Policy, PolicySet, ValidationMode, Validator};
use miette::Diagnostic as _;

use super::RuleBook;
use super::condition::of_types;
use super::rules::{Placed, Sourcing, Stage};
use crate::diagnostic::{Code, Diagnostics};
use crate::source::{Sources, Span};

/// Whether nothing at all is found in some policies.
pub(super) fn passes(policies: impl Iterator<Item = Policy>, validator: &Validator) -> bool {
    let Ok(policies) = PolicySet::from_policies(policies) else {
        return false;
    };
    let result = validator.validate_with_level(&policies, ValidationMode::Strict, 1);
    result.validation_passed_without_warnings()
}

/// Every policy of a book, as a set.
fn all(book: &RuleBook) -> Result<PolicySet, String> {
    let mut policies = PolicySet::new();
    for policy in &book.policies {
        let parsed = policy.policy();
        let parsed = parsed.ok_or_else(|| format!("`{}` does not parse", policy.id))?;
        let added = policies.add(parsed.clone());
        added.map_err(|error| error.to_string())?;
    }
    Ok(policies)
}

/// Whether every policy of a book is well-typed.
pub(super) fn whole(book: &RuleBook, validator: &Validator) -> Result<(), String> {
    let result = validator.validate_with_level(&all(book)?, ValidationMode::Strict, 1);
    match result.validation_errors().next() {
        Some(error) => Err(error.to_string()),
        None => Ok(()),
    }
}

/// Validates the policies of a book, and says what is found. What explains a deny is a part of what decides, so the
/// deciding policies stand for both.
pub(super) fn validate(
    book: &RuleBook,
    sourcing: &Sourcing,
    validator: &Validator,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    let policies = match all(book) {
        Ok(policies) => policies,
        Err(error) => return report_internal(&error, None, diagnostics),
    };
    let result = validator.validate_with_level(&policies, ValidationMode::Strict, 1);
    let index_of = |id: &cedar_policy::PolicyId| {
        let id: &str = id.as_ref();
        book.by_id.get(id).copied()
    };
    let mut refused = vec![false; book.policies.len()];
    for error in result.validation_errors() {
        let Some(index) = index_of(error.policy_id()) else {
            report_internal(&error.to_string(), None, diagnostics);
            continue;
        };
        if let Some(flag) = refused.get_mut(index) {
            *flag = true;
        }
        let label = error.labels().and_then(|mut labels| labels.next());
        let range = label.map(|label| (label.offset(), label.offset() + label.len()));
        let message = without_policy(&error.to_string());
        // The engine's nearest entity type or action is picked at random among equals, and seldom near.
        let is_unknown = matches!(
            error,
            cedar_policy::ValidationError::UnrecognizedEntityType(_)
                | cedar_policy::ValidationError::UnrecognizedActionId(_)
        );
        let help = match is_unknown {
            true => Some(
                "`octroi compile` prints the schema with every entity type and action".to_owned(),
            ),
            false => error.help().map(|help| help.to_string()),
        };
        place_error(
            book,
            sourcing,
            index,
            range,
            &message,
            help,
            sources,
            diagnostics,
        );
    }
    impossible(book, sourcing, &result, &refused, sources, diagnostics);
}

#[expect(
    clippy::too_many_arguments,
    reason = "one finding with all that places it"
)]
fn place_error(
    book: &RuleBook,
    sourcing: &Sourcing,
    index: usize,
    range: Option<(usize, usize)>,
    message: &str,
    help: Option<String>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    let (condition, lies) = match sourcing.placed.get(index) {
        Some(Placed::Condition(condition, lies)) => (condition, lies),
        Some(Placed::Raw(span)) => {
            let at = |offset: usize| (span.start + offset as u32).min(span.end);
            let place = range.map_or(*span, |(start, end)| Span {
                source: span.source,
                start: at(start),
                end: at(end),
            });
            let message = format!("this policy does not validate: {message}");
            let finding = diagnostics.report(Code::RawCedar, place, message);
            if let Some(help) = help {
                finding.help(without_policy(&help));
            }
            return;
        }
        Some(Placed::Compiled) | None => {
            let policy = book.policies.get(index);
            let span = policy.and_then(|policy| rule_span(book, policy.rule));
            report_internal(message, span, diagnostics);
            return;
        }
    };
    let (start, end) = match range {
        Some((start, end)) if start >= lies.start && end <= lies.end => {
            (start - lies.start, end - lies.start)
        }
        _ => (0, condition.text.trim_end().len()),
    };
    let hint = of_types(message, &condition.text, (start, end)).unwrap_or_default();
    let (start, end) = hint.range.unwrap_or((start, end));
    let span = condition.place(start, end, sources);
    let unguarded = message.contains("unable to guarantee safety of access to optional attribute");
    let message = match unguarded {
        true => "the attribute may be absent here: the condition tests it with `has`, but not so that this is guarded".to_owned(),
        false => hint.message.unwrap_or_else(|| {
            let message = message.replace("__cedar::internal::AnyEntity", "an entity");
            format!("the condition does not type-check: {message}")
        }),
    };
    let finding = diagnostics.report(Code::ConditionType, span, message);
    if unguarded {
        finding.help(
            "write the test and what it guards with `&&`: `resource has level && resource.level >= 10`; \
             its negation is `!(resource has level && resource.level >= 10)`",
        );
    } else if let Some(help) = hint.help.or(help) {
        finding.help(without_policy(&help));
    }
}

/// A rule whose condition can never hold for any of its types is a mistake.
fn impossible(
    book: &RuleBook,
    sourcing: &Sourcing,
    result: &cedar_policy::ValidationResult,
    refused: &[bool],
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    let impossible: Vec<&str> = result
        .validation_warnings()
        .filter(|warning| {
            matches!(
                warning,
                cedar_policy::ValidationWarning::ImpossiblePolicy(_)
            )
        })
        .map(|warning| warning.policy_id().as_ref())
        .collect();
    if impossible.is_empty() {
        return;
    }
    let is_impossible = |index: usize| {
        let id = book.policies.get(index).map(|policy| policy.id.as_str());
        id.is_some_and(|id| impossible.contains(&id))
    };
    for (index, policy) in book.policies.iter().enumerate() {
        if policy.stage != Stage::Whole
            || !is_impossible(index)
            || refused.get(index) == Some(&true)
        {
            continue;
        }
        let span = rule_span(book, policy.rule);
        let siblings = book.policies.iter().enumerate().filter(|(_, other)| {
            other.stage == Stage::Whole && rule_span(book, other.rule) == span
        });
        if siblings.into_iter().any(|(other, _)| !is_impossible(other)) {
            continue;
        }
        match sourcing.placed.get(index) {
            Some(Placed::Raw(span)) => {
                diagnostics
                    .report(Code::RawCedar, *span, "this policy can never apply")
                    .help("remove it, or mend its condition");
            }
            Some(Placed::Condition(condition, _)) => {
                let span = condition.place(0, condition.text.trim_end().len(), sources);
                diagnostics
                    .report(Code::ConditionType, span, "the condition can never be true")
                    .help("remove the rule, or mend the condition");
            }
            Some(Placed::Compiled) | None => report_internal(
                "a rule without a condition can never apply",
                span,
                diagnostics,
            ),
        }
    }
}

fn rule_span(book: &RuleBook, rule: usize) -> Option<Span> {
    book.rules.get(rule).map(|rule| rule.origin.span)
}

fn report_internal(message: &str, span: Option<Span>, diagnostics: &mut Diagnostics) {
    let message = format!("octroi compiled this rule wrongly, please report it: {message}");
    match span {
        Some(span) => diagnostics.report(Code::Internal, span, message),
        None => diagnostics.report_folder(Code::Internal, message),
    };
}

/// The engine begins messages with the policy's id, which no author knows.
fn without_policy(message: &str) -> String {
    match message.split_once("`, ") {
        Some((start, rest)) if start.starts_with("for policy `") => rest.to_owned(),
        _ => message.to_owned(),
    }
}
