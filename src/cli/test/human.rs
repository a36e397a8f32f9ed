//! Results of tests for people.

use std::fmt::Write as _;

use super::Report;
use crate::cli::{message, print};
use crate::suite::{Coverage, Fate, Mutant, Mutation, Mutations, Outcome, Part, Point};

/// Writes what failed, is not exercised or was not noticed, and how much of each there is.
pub(super) fn write(report: &Report<'_>) {
    let mut text = String::new();
    for outcome in report.outcomes.iter().filter(|outcome| !outcome.passed) {
        failure(&mut text, outcome, report);
    }
    if let Some(coverage) = &report.coverage {
        for point in coverage.points.iter().filter(|point| !point.exercised) {
            uncovered(&mut text, point, report);
        }
    }
    if let Some(mutations) = &report.mutations {
        for mutant in mutations.left() {
            left(&mut text, mutant, report);
        }
    }
    print(&text);
    summary(report);
}

/// What a step of a pipeline shows that keeps the results in a file: which cases failed, and the same numbers.
pub(super) fn brief(report: &Report<'_>) {
    for outcome in report.outcomes.iter().filter(|outcome| !outcome.passed) {
        let at = report.position(outcome.span);
        message(&format!(
            "FAILED {} - {} at {}:{}\n",
            outcome.suite, outcome.name, at.file, at.line
        ));
    }
    summary(report);
}

fn summary(report: &Report<'_>) {
    let (passed, failed) = (report.passed(), report.failed());
    message(&format!("{passed} passed, {failed} failed\n"));
    if report.outcomes.is_empty() {
        message("there are no `tests` documents in these policies\n");
    }
    if let Some(coverage) = &report.coverage {
        message(&covered(coverage, report));
    }
    if let Some(mutations) = &report.mutations {
        for stale in &mutations.stale {
            let at = report.position(stale.span);
            message(&format!(
                "warning: `# equivalent {}` at {}:{} is not needed: a case notices, or there is no such mutant\n",
                stale.mutation, at.file, at.line
            ));
        }
        message(&noticed(mutations));
    }
}

fn failure(text: &mut String, outcome: &Outcome<'_>, report: &Report<'_>) {
    let at = report.position(outcome.span);
    let reason = outcome.explanation.reason();
    let word = if reason.allows() { "allow" } else { "deny" };
    let _ = writeln!(text, "FAILED {} - {}", outcome.suite, outcome.name);
    let _ = writeln!(text, "  --> {}:{}", at.file, at.line);
    let _ = writeln!(
        text,
        "  expected {}, got {word} ({})",
        outcome.expected,
        reason.as_str()
    );
    let _ = writeln!(text, "  {}", outcome.explanation.sentence());
    for rule in outcome.explanation.determining() {
        let _ = writeln!(text, "  by {} at {}", rule.policy, rule.source);
    }
    text.push('\n');
}

fn uncovered(text: &mut String, point: &Point, report: &Report<'_>) {
    let what = match (point.is_condition, point.rule.part) {
        (true, _) => "no case fails the condition of this",
        (false, Part::Deny) => "no case is denied by this",
        (false, Part::Cedar) => "no case is decided by this",
        (false, _) => "no case is allowed by this",
    };
    let _ = writeln!(text, "NOT EXERCISED {what} {}", point.rule);
    place(text, point.span, report);
}

fn left(text: &mut String, mutant: &Mutant, report: &Report<'_>) {
    let name = mutant.mutation.as_str();
    let rule = &mutant.rule;
    let _ = match (mutant.mutation, rule.scope) {
        (Mutation::Remove, _) => {
            writeln!(text, "LEFT {name}: no case needs this {rule}")
        }
        (Mutation::WidenScope, Some(scope)) => writeln!(
            text,
            "LEFT {name}: no case notices if the scope of this {rule} is `tenant`, not `{}`",
            scope.as_str()
        ),
        (Mutation::WidenScope, None) => writeln!(text, "LEFT {name}: {rule}"),
        (Mutation::DropWhen, _) => writeln!(
            text,
            "LEFT {name}: no case notices if this {rule} has no condition"
        ),
    };
    place(text, mutant.span, report);
}

fn place(text: &mut String, span: crate::source::Span, report: &Report<'_>) {
    let at = report.position(span);
    let _ = writeln!(text, "  --> {}:{}:{}", at.file, at.line, at.column);
    let _ = writeln!(text, "  {}\n", at.text.trim_end());
}

/// "coverage 97.5 %: 39 of 40 ...".
fn covered(coverage: &Coverage, report: &Report<'_>) -> String {
    // Rounded down, so that what is not everything never says 100.
    let tenths = (coverage.percent() * 10.0).floor() / 10.0;
    let wanted = match (report.is_covered_too_little(), report.min_coverage) {
        (true, Some(wanted)) => format!("; at least {wanted} % are wanted"),
        _ => String::new(),
    };
    format!(
        "coverage {tenths} %: {} of {} grants, deny rules and conditions are exercised{wanted}\n",
        coverage.exercised(),
        coverage.points.len()
    )
}

/// "120 mutants: 118 noticed, 2 equivalent, 0 left".
fn noticed(mutations: &Mutations) -> String {
    let count = |wanted: fn(&Fate) -> bool| {
        let mutants = mutations.mutants.iter();
        mutants.filter(|mutant| wanted(&mutant.fate)).count()
    };
    format!(
        "{} mutants: {} noticed, {} equivalent, {} left\n",
        mutations.mutants.len(),
        count(|fate| *fate == Fate::Noticed),
        count(|fate| matches!(fate, Fate::Equivalent(_))),
        count(|fate| *fate == Fate::Left),
    )
}
