//! Asking the questions of `tests` documents, and comparing the answers.

use std::borrow::Cow;

use crate::explain::{Effort, Explanation, explain};
use crate::model::{Case, Model, Suite};
use crate::parallel;
use crate::snapshot::{Action, Entity, Part, Question, Reason, Snapshot};
use crate::source::Span;
use crate::value::{Json, Members};

/// What came of one case.
#[derive(Debug)]
pub struct Outcome<'m> {
    /// The suite's title.
    pub suite: &'m str,
    /// The case's name, or the question in words.
    pub name: String,
    /// Where the case was written.
    pub span: Span,
    /// Whether it got the answer that it expects.
    pub passed: bool,
    /// What it expects: `allow`, or `deny (reason)`.
    pub expected: String,
    /// The answer that it got.
    pub explanation: Explanation,
}

/// Runs every case of a model's suites; those without a moment of their own ask about `now`, in milliseconds since
/// 1970.
pub fn run<'m>(model: &'m Model, snapshot: &Snapshot, now: i64) -> Vec<Outcome<'m>> {
    run_some(model, snapshot, now, |_, _| true)
}

/// Cases that one thread runs at a time.
const CASES_AT_ONCE: usize = 64;

/// Runs the cases that are wanted, by suite and name.
pub fn run_some<'m>(
    model: &'m Model,
    snapshot: &Snapshot,
    now: i64,
    wanted: impl Fn(&Suite, &Case) -> bool,
) -> Vec<Outcome<'m>> {
    let all = model.suites.iter();
    let cases: Vec<(&Suite, &Case)> = all
        .flat_map(|suite| suite.cases.iter().map(move |case| (suite, case)))
        .filter(|(suite, case)| wanted(suite, case))
        .collect();
    let outcomes = parallel::map(&cases, CASES_AT_ONCE, |cases| {
        let run = |(suite, case): &(&'m Suite, &'m Case)| run_case(suite, case, snapshot, now);
        cases.iter().map(run).collect::<Vec<_>>()
    });
    outcomes.into_iter().flatten().collect()
}

/// Asks one case.
pub(super) fn run_case<'m>(
    suite: &'m Suite,
    case: &'m Case,
    snapshot: &Snapshot,
    now: i64,
) -> Outcome<'m> {
    let question = question(suite, case);
    let explanation = explain(
        snapshot,
        &question,
        case.at.unwrap_or(now),
        Effort::WithSuggestions,
    );
    Outcome {
        suite: &suite.title,
        name: case.title(),
        span: case.span,
        passed: is_as_expected(case, explanation.reason()),
        expected: expected(case),
        explanation,
    }
}

/// Whether a case gets the answer that it expects.
pub(super) fn is_as_expected(case: &Case, reason: Reason) -> bool {
    let mut expected = case.reason.iter();
    reason.allows() == case.allow && expected.all(|expected| **expected == *reason.as_str())
}

/// `allow`, `deny`, or either with the reason code that the case expects.
fn expected(case: &Case) -> String {
    let word = if case.allow { "allow" } else { "deny" };
    match &case.reason {
        Some(reason) => format!("{word} ({reason})"),
        None => word.to_owned(),
    }
}

/// The question that a case asks.
pub fn question<'c>(suite: &'c Suite, case: &'c Case) -> Question<'c> {
    let mut subject: Part<'c, Members<'c>> = Part::Lent(&case.account_properties);
    if case.memberships != Json::Null {
        subject.own().set("memberships", case.memberships.clone());
    }
    let mut properties: Part<'c, Members<'c>> = Part::Lent(&case.resource_properties);
    let mut context: Part<'c, Members<'c>> = Part::Lent(&case.context);
    // A case may name another tenant, to show the conflict; then the suite's goes into the context.
    let tenant = Json::borrowed(&suite.tenant);
    if properties.get("tenant").is_none() {
        properties.own().set("tenant", tenant);
    } else if context.get("tenant").is_none() {
        context.own().set("tenant", tenant);
    }
    Question {
        subject: Part::Own(Entity {
            kind: Cow::Borrowed(&case.subject_type),
            id: Cow::Borrowed(&case.account),
            properties: subject,
        }),
        action: Part::Own(Action {
            name: Cow::Borrowed(&case.action),
            properties: Part::Lent(&case.action_properties),
        }),
        resource: Part::Own(Entity {
            kind: Cow::Borrowed(&case.resource_type),
            id: Cow::Borrowed(&case.resource_id),
            properties,
        }),
        context,
    }
}
