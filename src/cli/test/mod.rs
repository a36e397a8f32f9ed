//! `octroi test`: the policies' own questions, the explanation of each answer that is not as expected, and how much the
//! questions hold the rules to.

mod human;
mod json;
mod junit;

use clap::{Args, ValueEnum};

use super::progress::Progress;
use super::{Exit, PolicyArgs, load_or_report, message, print};
use crate::clock::now_ms;
use crate::model::{Case, Suite};
use crate::pipeline;
use crate::snapshot::Snapshot;
use crate::source::{Sources, Span};
use crate::suite::{self, Coverage, Mutations, Outcome};

/// Arguments of `octroi test`.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    #[command(flatten)]
    policies: PolicyArgs,
    /// How to write the results
    #[arg(long, value_enum, default_value = "human", env = "OCTROI_FORMAT")]
    format: Format,
    /// Run only the cases whose suite, name or file contains this text; repeatable, any of them. Cases that share a
    /// name, or have none, are told apart by their questions
    #[arg(long, value_name = "TEXT", env = "OCTROI_FILTER")]
    filter: Vec<String>,
    /// List each grant, deny rule and condition that no case exercises
    #[arg(long, env = "OCTROI_COVERAGE")]
    coverage: bool,
    /// Fail if less than this much of them is exercised, of a hundred; with what --coverage lists
    #[arg(long, value_name = "PERCENT", value_parser = percent, env = "OCTROI_MIN_COVERAGE")]
    min_coverage: Option<f64>,
    /// Change each rule in turn, and fail if no case notices
    #[arg(long, env = "OCTROI_MUTATE")]
    mutate: bool,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
    /// JUnit's XML, which CI systems show
    Junit,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("a number from 0 to 100 is wanted".to_owned()),
    }
}

/// All that was found out.
struct Report<'a> {
    sources: &'a Sources,
    outcomes: Vec<Outcome<'a>>,
    coverage: Option<Coverage>,
    mutations: Option<Mutations>,
    min_coverage: Option<f64>,
}

impl Report<'_> {
    fn failed(&self) -> usize {
        let outcomes = self.outcomes.iter();
        outcomes.filter(|outcome| !outcome.passed).count()
    }

    fn passed(&self) -> usize {
        self.outcomes.len() - self.failed()
    }

    fn is_covered_too_little(&self) -> bool {
        let covered = self.coverage.as_ref().map(Coverage::percent);
        matches!((covered, self.min_coverage), (Some(covered), Some(wanted)) if covered < wanted)
    }

    fn exit(&self) -> Exit {
        let left = self.mutations.iter().flat_map(Mutations::left).count();
        match self.failed() > 0 || self.is_covered_too_little() || left > 0 {
            true => Exit::Tests,
            false => Exit::Success,
        }
    }

    fn position(&self, span: Span) -> Position {
        let Some(file) = self.sources.get(span.source) else {
            return Position::default();
        };
        let position = file.position(span.start);
        let text = file.text().get(span.start as usize..).unwrap_or_default();
        Position {
            file: file.path().to_owned(),
            line: position.line,
            column: position.column,
            text: text.lines().next().unwrap_or_default().to_owned(),
        }
    }
}

/// A place, and the line from there.
#[derive(Default)]
struct Position {
    file: String,
    line: u32,
    column: u32,
    text: String,
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
    let report = match report(args, &loaded, snapshot) {
        Ok(report) => report,
        Err(exit) => return exit,
    };
    match args.format {
        Format::Human => human::write(&report),
        Format::Json => print(&json::json(&report)),
        Format::Junit => print(&junit::junit(&report)),
    }
    if args.format != Format::Human {
        human::brief(&report);
    }
    report.exit()
}

fn report<'a>(
    args: &TestArgs,
    loaded: &'a pipeline::Outcome,
    snapshot: &Snapshot,
) -> Result<Report<'a>, Exit> {
    let (model, sources, now) = (&loaded.model, &loaded.sources, now_ms());
    let mut titles = suite::titles(model, sources);
    let wanted = |suite: &Suite, case: &Case| {
        let title = titles.get(&case.span).map_or("", String::as_str);
        is_wanted(&args.filter, suite, case, title, sources)
    };
    let outcomes = {
        let _progress = Progress::of("asking the questions");
        suite::run_some(model, snapshot, now, wanted)
    };
    if outcomes.is_empty() && !args.filter.is_empty() {
        let cases: usize = model.suites.iter().map(|suite| suite.cases.len()).sum();
        let filters = args.filter.join("`, `");
        message(&format!(
            "octroi test: none of the {cases} cases has `{filters}` in its suite, name or file\n"
        ));
        return Err(Exit::Usage);
    }
    let mut report = Report {
        sources,
        outcomes,
        coverage: None,
        mutations: None,
        min_coverage: args.min_coverage,
    };
    if args.coverage || args.min_coverage.is_some() {
        let _progress = Progress::of("looking for what no case exercises");
        report.coverage = Some(suite::coverage(model, snapshot, sources, now, wanted));
    }
    // What a case that fails would notice says nothing.
    if args.mutate && report.failed() == 0 {
        let (_progress, tell) = Progress::counting("changing each rule");
        report.mutations = Some(suite::mutate(model, snapshot, sources, now, wanted, tell));
    } else if args.mutate {
        message("no rule is changed as long as cases fail\n");
    }
    for outcome in &mut report.outcomes {
        if let Some(title) = titles.remove(&outcome.span) {
            outcome.name = title;
        }
    }
    Ok(report)
}

fn is_wanted(
    filters: &[String],
    suite: &Suite,
    case: &Case,
    title: &str,
    sources: &Sources,
) -> bool {
    if filters.is_empty() {
        return true;
    }
    let file = sources.get(case.span.source).map_or("", |file| file.path());
    let name = format!("{} - {title}", suite.title);
    let mut filters = filters.iter();
    filters.any(|text| name.contains(text.as_str()) || file.contains(text.as_str()))
}
