//! `octroi test`: the policies' own questions, and the explanation of each answer that is not as expected.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::{Exit, OutputFormat, PolicyArgs, load_or_report, message, print};
use crate::clock::now_ms;
use crate::explain::Explanation;
use crate::pipeline;
use crate::suite::{self, Outcome};

/// Arguments of `octroi test`.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    #[command(flatten)]
    policies: PolicyArgs,
    /// How to write the results
    #[arg(long, value_enum, default_value = "human", env = "OCTROI_FORMAT")]
    format: OutputFormat,
}

#[derive(Serialize)]
struct Report<'a> {
    passed: usize,
    failed: usize,
    cases: Vec<Row<'a>>,
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

/// Runs the tests.
pub(super) fn run(args: &TestArgs) -> Exit {
    let loaded = match load_or_report(&args.policies.folder()) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let Some(snapshot) = &loaded.snapshot else {
        return Exit::Policies;
    };
    let outcomes = suite::run(&loaded.model, snapshot, now_ms());
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    match args.format {
        OutputFormat::Json => print(&json(&outcomes, failed, &loaded)),
        OutputFormat::Human => {
            print(&human(&outcomes, &loaded));
            message(&format!(
                "{} passed, {failed} failed\n",
                outcomes.len() - failed
            ));
            if outcomes.is_empty() {
                message("there are no `tests` documents in these policies\n");
            }
        }
    }
    if failed > 0 {
        Exit::Tests
    } else {
        Exit::Success
    }
}

fn json(outcomes: &[Outcome<'_>], failed: usize, loaded: &pipeline::Outcome) -> String {
    let cases = outcomes.iter().map(|outcome| {
        let (file, line, _) = position(outcome, loaded);
        Row {
            suite: outcome.suite,
            name: &outcome.name,
            file,
            line,
            passed: outcome.passed,
            expected: &outcome.expected,
            decision: outcome.explanation.reason().allows(),
            context: &outcome.explanation,
        }
    });
    let report = Report {
        passed: outcomes.len() - failed,
        failed,
        cases: cases.collect(),
    };
    serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
}

fn position(outcome: &Outcome<'_>, loaded: &pipeline::Outcome) -> (String, u32, u32) {
    let located = loaded.sources.get(outcome.span.source);
    located.map_or((String::new(), 0, 0), |file| {
        let position = file.position(outcome.span.start);
        (file.path().to_owned(), position.line, position.column)
    })
}

fn human(outcomes: &[Outcome<'_>], loaded: &pipeline::Outcome) -> String {
    let mut text = String::new();
    for outcome in outcomes.iter().filter(|outcome| !outcome.passed) {
        let (file, line, _) = position(outcome, loaded);
        let reason = outcome.explanation.reason();
        let word = if reason.allows() { "allow" } else { "deny" };
        let _ = writeln!(text, "FAILED {} - {}", outcome.suite, outcome.name);
        let _ = writeln!(text, "  --> {file}:{line}");
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
    text
}
