//! Results of tests as JUnit's XML: a suite for each title of a `tests` document, and one each for what is not exercised
//! and for mutants, where these were asked for. Written by hand: it is four elements, and the crates that write it bring
//! clocks and random numbers along.

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::Report;
use crate::source::Span;
use crate::suite::{Fate, Outcome};

/// A test case as JUnit knows it.
struct TestCase {
    name: String,
    file: String,
    line: u32,
    result: Result<Option<String>, (String, String)>,
}

/// Everything that was found out, as one XML document.
pub(super) fn junit(report: &Report<'_>) -> String {
    let mut suites: IndexMap<&str, Vec<TestCase>> = IndexMap::new();
    for outcome in &report.outcomes {
        suites
            .entry(outcome.suite)
            .or_default()
            .push(case(outcome, report));
    }
    if report.coverage.is_some() {
        suites.insert("octroi: coverage", coverage(report));
    }
    if report.mutations.is_some() {
        suites.insert("octroi: mutants", mutants(report));
    }
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = || suites.values().flatten();
    let failures = all().filter(|case| case.result.is_err()).count();
    let _ = writeln!(
        text,
        "<testsuites name=\"octroi test\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">",
        all().count()
    );
    for (name, cases) in &suites {
        suite(&mut text, name, cases);
    }
    text.push_str("</testsuites>\n");
    text
}

fn suite(text: &mut String, name: &str, cases: &[TestCase]) {
    let failures = cases.iter().filter(|case| case.result.is_err()).count();
    let skipped = cases
        .iter()
        .filter(|case| matches!(case.result, Ok(Some(_))));
    let _ = writeln!(
        text,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{}\">",
        escaped(name),
        cases.len(),
        skipped.count()
    );
    for case in cases {
        let _ = write!(
            text,
            "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\"",
            escaped(&case.name),
            escaped(name),
            escaped(&case.file),
            case.line
        );
        let _ = match &case.result {
            Ok(None) => writeln!(text, "/>"),
            Ok(Some(why)) => {
                writeln!(text, "><skipped message=\"{}\"/></testcase>", escaped(why))
            }
            Err((summary, whole)) => writeln!(
                text,
                "><failure message=\"{}\">{}</failure></testcase>",
                escaped(summary),
                escaped(whole)
            ),
        };
    }
    text.push_str("  </testsuite>\n");
}

fn case(outcome: &Outcome<'_>, report: &Report<'_>) -> TestCase {
    let at = report.position(outcome.span);
    let reason = outcome.explanation.reason();
    let word = if reason.allows() { "allow" } else { "deny" };
    let summary = format!(
        "expected {}, got {word} ({})",
        outcome.expected,
        reason.as_str()
    );
    let rules = outcome.explanation.determining().iter();
    let rules = rules.map(|rule| format!("\nby {} at {}", rule.policy, rule.source));
    let whole = format!(
        "{}{}",
        outcome.explanation.sentence(),
        rules.collect::<String>()
    );
    TestCase {
        name: outcome.name.clone(),
        file: at.file,
        line: at.line,
        result: match outcome.passed {
            true => Ok(None),
            false => Err((summary, whole)),
        },
    }
}

/// What is not exercised fails where so much is wanted that it must be; else it is skipped.
fn coverage(report: &Report<'_>) -> Vec<TestCase> {
    let points = report.coverage.iter().flat_map(|coverage| &coverage.points);
    let named = points.map(|point| {
        let what = match point.is_condition {
            true => format!("the condition of the {}", point.rule),
            false => format!("the {}", point.rule),
        };
        let why = "no case exercises it".to_owned();
        let result = match (point.exercised, report.is_covered_too_little()) {
            (true, _) => Ok(None),
            (false, false) => Ok(Some(why)),
            (false, true) => Err((why, what.clone())),
        };
        placed(what, point.span, result, report)
    });
    named.collect()
}

fn mutants(report: &Report<'_>) -> Vec<TestCase> {
    let mutants = report.mutations.iter().flat_map(|found| &found.mutants);
    let named = mutants.map(|mutant| {
        let name = format!("{}: the {}", mutant.mutation.as_str(), mutant.rule);
        let result = match &mutant.fate {
            Fate::Noticed => Ok(None),
            Fate::Equivalent(reason) => Ok(Some(format!("equivalent: {reason}"))),
            Fate::Left => Err(("no case notices".to_owned(), name.clone())),
        };
        placed(name, mutant.span, result, report)
    });
    named.collect()
}

/// A case that is named by its place too: rules have no names of their own.
fn placed(
    name: String,
    span: Span,
    result: Result<Option<String>, (String, String)>,
    report: &Report<'_>,
) -> TestCase {
    let at = report.position(span);
    TestCase {
        name: format!("{name} at {}:{}:{}", at.file, at.line, at.column),
        file: at.file,
        line: at.line,
        result,
    }
}

/// Text as XML takes it, between tags and in quotes; characters that XML has no way to write become `\u{fffd}`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
