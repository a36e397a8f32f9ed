//! Whether the policies pass their own tests, as a condition of being served.

use std::fmt::Write as _;

use super::run::{is_as_expected, question, run_case};
use crate::diagnostic::{Code, Diagnostic};
use crate::explain::Explanation;
use crate::model::{Case, Model, Suite};
use crate::parallel;
use crate::snapshot::Snapshot;

/// Cases that one thread takes at a time.
const CASES_AT_ONCE: usize = 256;

/// A finding for every case that gets another answer than it expects; those without a moment of their own ask about
/// `now`, in milliseconds since 1970. What passes is only decided, and not explained.
pub fn failures(model: &Model, snapshot: &Snapshot, now: i64) -> Vec<Diagnostic> {
    let suites = model.suites.iter();
    let cases: Vec<(&Suite, &Case)> = suites
        .flat_map(|suite| suite.cases.iter().map(move |case| (suite, case)))
        .collect();
    let found = parallel::map(&cases, CASES_AT_ONCE, |cases| {
        let failed = cases.iter().filter(|(suite, case)| {
            let decision = snapshot.decide(&question(suite, case), case.at.unwrap_or(now));
            !is_as_expected(case, decision.reason)
        });
        failed
            .map(|(suite, case)| finding(suite, case, snapshot, now))
            .collect::<Vec<_>>()
    });
    found.into_iter().flatten().collect()
}

fn finding(suite: &Suite, case: &Case, snapshot: &Snapshot, now: i64) -> Diagnostic {
    let outcome = run_case(suite, case, snapshot, now);
    let reason = outcome.explanation.reason();
    let word = if reason.allows() { "allow" } else { "deny" };
    Diagnostic {
        code: Code::TestFailed,
        message: format!(
            "the test `{} - {}` expects {}, and gets {word} ({})",
            outcome.suite,
            outcome.name,
            outcome.expected,
            reason.as_str()
        ),
        span: Some(outcome.span),
        help: Some(help(&outcome.explanation)),
        fix: None,
        first: None,
    }
}

/// Why it is decided so, and by which rules: what is to be looked at is there, more often than in the test.
fn help(explanation: &Explanation) -> String {
    let mut text = explanation.sentence().to_owned();
    for rule in explanation.determining() {
        let _ = write!(text, "; by {} at {}", rule.policy, rule.source);
    }
    text
}
