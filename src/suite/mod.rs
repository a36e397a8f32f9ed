//! Runs the authors' `tests` documents on a snapshot.

mod failures;

pub use failures::failures;

use std::borrow::Cow;

use crate::explain::{Effort, Explanation, explain};
use crate::model::{Case, Model, Suite};
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
    model
        .suites
        .iter()
        .flat_map(|suite| suite.cases.iter().map(move |case| (suite, case)))
        .map(|(suite, case)| run_case(suite, case, snapshot, now))
        .collect()
}

fn run_case<'m>(suite: &'m Suite, case: &'m Case, snapshot: &Snapshot, now: i64) -> Outcome<'m> {
    let question = question(suite, case);
    let explanation = explain(
        snapshot,
        &question,
        case.at.unwrap_or(now),
        Effort::WithSuggestions,
    );
    let as_expected = as_expected(case, explanation.reason());
    Outcome {
        suite: &suite.title,
        name: case
            .name
            .as_deref()
            .map_or_else(|| in_words(case), str::to_owned),
        span: case.span,
        passed: as_expected,
        expected: expected(case),
        explanation,
    }
}

fn as_expected(case: &Case, reason: Reason) -> bool {
    let mut codes = case.reason.iter();
    reason.allows() == case.allow && codes.all(|expected| **expected == *reason.as_str())
}

/// `allow`, `deny`, or either with the reason code that the case expects.
fn expected(case: &Case) -> String {
    let word = if case.allow { "allow" } else { "deny" };
    match &case.reason {
        Some(reason) => format!("{word} ({reason})"),
        None => word.to_owned(),
    }
}

fn in_words(case: &Case) -> String {
    let mut words = format!("{} {} {}", case.account, case.action, case.resource_type);
    if &*case.resource_id != "*" {
        words.push(':');
        words.push_str(&case.resource_id);
    }
    words
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
