//! Results of tests for programs.

use serde::Serialize;

use super::Report;
use crate::explain::Explanation;
use crate::source::Span;
use crate::suite::{Fate, RuleName};

#[derive(Serialize)]
struct Document<'a> {
    passed: usize,
    failed: usize,
    cases: Vec<Row<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<CoverageRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutants: Option<MutantsRow<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    suite: &'a str,
    name: &'a str,
    file: String,
    line: u32,
    passed: bool,
    expected: &'a str,
    decision: bool,
    context: &'a Explanation,
}

#[derive(Serialize)]
struct CoverageRow {
    percent: f64,
    exercised: usize,
    all: usize,
    not_exercised: Vec<PointRow>,
}

#[derive(Serialize)]
struct PointRow {
    what: &'static str,
    rule: RuleRow,
}

#[derive(Serialize)]
struct MutantsRow<'a> {
    all: usize,
    noticed: usize,
    equivalent: Vec<MutantRow<'a>>,
    left: Vec<MutantRow<'a>>,
}

#[derive(Serialize)]
struct MutantRow<'a> {
    mutation: &'static str,
    rule: RuleRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// A rule and where it was written.
#[derive(Serialize)]
struct RuleRow {
    kind: &'static str,
    role: Option<String>,
    application: String,
    tenant: Option<String>,
    file: String,
    line: u32,
    column: u32,
}

/// Everything that was found out, as one JSON object.
pub(super) fn json(report: &Report<'_>) -> String {
    let document = Document {
        passed: report.passed(),
        failed: report.failed(),
        cases: cases(report),
        coverage: coverage(report),
        mutants: mutants(report),
    };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn cases<'a>(report: &'a Report<'_>) -> Vec<Row<'a>> {
    let outcomes = report.outcomes.iter();
    outcomes
        .map(|outcome| {
            let at = report.position(outcome.span);
            Row {
                suite: outcome.suite,
                name: &outcome.name,
                file: at.file,
                line: at.line,
                passed: outcome.passed,
                expected: &outcome.expected,
                decision: outcome.explanation.reason().allows(),
                context: &outcome.explanation,
            }
        })
        .collect()
}

fn coverage(report: &Report<'_>) -> Option<CoverageRow> {
    let coverage = report.coverage.as_ref()?;
    let points = coverage.points.iter();
    let points = points.filter(|point| !point.exercised).map(|point| {
        let what = match point.is_condition {
            true => "condition",
            false => "rule",
        };
        PointRow {
            what,
            rule: rule(report, &point.rule, point.span),
        }
    });
    Some(CoverageRow {
        percent: coverage.percent(),
        exercised: coverage.exercised(),
        all: coverage.points.len(),
        not_exercised: points.collect(),
    })
}

fn mutants<'a>(report: &'a Report<'_>) -> Option<MutantsRow<'a>> {
    let mutants = &report.mutations.as_ref()?.mutants;
    let mut row = MutantsRow {
        all: mutants.len(),
        noticed: 0,
        equivalent: Vec::new(),
        left: Vec::new(),
    };
    for mutant in mutants {
        let found = |reason| MutantRow {
            mutation: mutant.mutation.as_str(),
            rule: rule(report, &mutant.rule, mutant.span),
            reason,
        };
        match &mutant.fate {
            Fate::Noticed => row.noticed += 1,
            Fate::Equivalent(reason) => row.equivalent.push(found(Some(reason.as_str()))),
            Fate::Left => row.left.push(found(None)),
        }
    }
    Some(row)
}

fn rule(report: &Report<'_>, name: &RuleName, span: Span) -> RuleRow {
    let at = report.position(span);
    RuleRow {
        kind: name.part.as_str(),
        role: name.role.as_deref().map(str::to_owned),
        application: name.application.to_string(),
        tenant: name.tenant.as_deref().map(str::to_owned),
        file: at.file,
        line: at.line,
        column: at.column,
    }
}
