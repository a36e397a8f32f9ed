//! `octroi check`: every finding, each at its place; what a code means; misspelt names put right.

mod explain;
mod fix;
mod watch;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Exit, PolicyArgs, colour, load, message, print, summary};
use crate::diagnostic::{self, Code, Severity, github, render, sarif};
use crate::pipeline::Outcome;

/// Arguments of `octroi check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    policies: PolicyArgs,
    /// How to write the findings
    #[arg(long, value_enum, default_value = "human", env = "OCTROI_FORMAT")]
    format: Format,
    /// Fail on warnings too
    #[arg(long, env = "OCTROI_DENY_WARNINGS")]
    deny_warnings: bool,
    /// Say what a code means, with an example, and read no policies; without CODE, list all
    #[arg(long, value_name = "CODE", num_args = 0..=1, value_parser = explain::code, conflicts_with_all = ["watch", "fix"])]
    explain: Option<Option<Code>>,
    /// Write the one name that can be meant where a name is misspelt, and change nothing else
    #[arg(long)]
    fix: bool,
    /// Go on checking when a file changes, until interrupted
    #[arg(long, conflicts_with = "fix")]
    watch: bool,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
}

/// Checks the policies.
pub(super) fn run(args: &CheckArgs) -> Exit {
    if let Some(code) = args.explain {
        print(&code.map_or_else(explain::list, Code::reference));
        return Exit::Success;
    }
    let folder = args.policies.folder();
    if args.watch {
        return watch::run(args, &folder);
    }
    let outcome = match args.fix {
        true => fix::run(&folder),
        false => load(&folder),
    };
    match outcome {
        Ok(outcome) => report(args, &folder, &outcome.validated_whole()),
        Err(exit) => exit,
    }
}

/// Writes what was found.
fn report(args: &CheckArgs, folder: &Path, outcome: &Outcome) -> Exit {
    let (found, sources) = (&outcome.diagnostics, &outcome.sources);
    let text = match args.format {
        Format::Human => {
            let colour = colour(&std::io::stdout());
            render(found, sources, diagnostic::Format::Human { colour })
        }
        Format::Json => render(found, sources, diagnostic::Format::Json),
        Format::Sarif => sarif(found, sources, &seen_from_here(folder)),
        Format::Github => github(found, sources, &seen_from_here(folder)),
    };
    print(&text);
    if args.format == Format::Human {
        message(&summary(outcome));
    }
    let fails = outcome.count(Severity::Error) > 0
        || args.deny_warnings && outcome.count(Severity::Warning) > 0;
    if fails { Exit::Policies } else { Exit::Success }
}

/// The folder as code hosts want it: relative to the folder that one is in, the repository's, where it lies in that.
fn seen_from_here(folder: &Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let whole = folder.canonicalize();
    let relative = match (here, whole) {
        (Ok(here), Ok(whole)) => whole.strip_prefix(&here).map(Path::to_path_buf).ok(),
        _ => None,
    };
    let seen: PathBuf = relative.unwrap_or_else(|| folder.to_path_buf());
    seen.to_string_lossy().into_owned()
}
