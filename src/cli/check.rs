//! `octroi check`: every finding, each at its place.

use clap::Args;

use super::{Exit, OutputFormat, PolicyArgs, colour, load, message, print, summary};
use crate::diagnostic::{self, Severity, render};

/// Arguments of `octroi check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    policies: PolicyArgs,
    /// How to write the findings
    #[arg(long, value_enum, default_value = "human", env = "OCTROI_FORMAT")]
    format: OutputFormat,
    /// Fail on warnings too
    #[arg(long, env = "OCTROI_DENY_WARNINGS")]
    deny_warnings: bool,
}

/// Checks the policies.
pub(super) fn run(args: &CheckArgs) -> Exit {
    let outcome = match load(&args.policies.folder()) {
        Ok(outcome) => outcome,
        Err(exit) => return exit,
    };
    let format = match args.format {
        OutputFormat::Human => diagnostic::Format::Human {
            colour: colour(&std::io::stdout()),
        },
        OutputFormat::Json => diagnostic::Format::Json,
    };
    print(&render(&outcome.diagnostics, &outcome.sources, format));
    if args.format == OutputFormat::Human {
        message(&summary(&outcome));
    }
    let fails = outcome.count(Severity::Error) > 0
        || args.deny_warnings && outcome.count(Severity::Warning) > 0;
    if fails { Exit::Policies } else { Exit::Success }
}
