//! Runs the authors' `tests` documents on a snapshot.

use std::borrow::Cow;

use crate::explain::{Explanation, explain};
use crate::model::{Case, Model, Suite};
use crate::snapshot::{Action, Entity, Question, Snapshot};
use crate::source::Span;
use crate::value::Json;

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
    let explanation = explain(snapshot, &question, case.at.unwrap_or(now));
    let reason = explanation.reason();
    let as_expected = reason.allows() == case.allow
        && case
            .reason
            .as_ref()
            .is_none_or(|expected| **expected == *reason.as_str());
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
    let members = |json: &Json<'c>| match json {
        Json::Object(members) => members.clone(),
        _ => Vec::new(),
    };
    let mut subject = members(&case.account_properties);
    if case.memberships != Json::Null {
        subject.retain(|(name, _)| name != "memberships");
        subject.push((Cow::Borrowed("memberships"), case.memberships.clone()));
    }
    let mut properties = case.resource_properties.clone();
    // A case may name another tenant, to show the conflict; then the suite's goes into the context.
    let mut context = members(&case.context);
    let tenant = (Cow::Borrowed("tenant"), Json::borrowed(&suite.tenant));
    if properties.iter().any(|(name, _)| name == "tenant") {
        context.push(tenant);
    } else {
        properties.push(tenant);
    }
    Question {
        subject: Entity {
            kind: Cow::Borrowed(&case.subject_type),
            id: Cow::Borrowed(&case.account),
            properties: subject,
        },
        action: Action {
            name: Cow::Borrowed(&case.action),
            properties: members(&case.action_properties),
        },
        resource: Entity {
            kind: Cow::Borrowed(&case.resource_type),
            id: Cow::Borrowed(&case.resource_id),
            properties,
        },
        context,
    }
}
