//! The command line: one file a verb, each a caller of the same pipeline. Results go to stdout, messages for people to
//! stderr.

mod ask;
mod check;
mod compile;
mod complete;
mod diff;
mod exit;
mod health;
mod hints;
mod init;
mod logging;
mod matrix;
mod progress;
mod remote;
mod schema;
mod serve;
mod test;
mod transport;
mod what;
mod who;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use complete::complete;
pub use exit::Exit;

use crate::clock::now_ms;
use crate::diagnostic::{self, Severity, render};
use crate::document::{instant, start_of_date};
use crate::pipeline::{self, Outcome};

/// The authorization sidecar for accounts inside accounts.
#[derive(Debug, Parser)]
#[command(name = "octroi", version = VERSION, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "Completion in bash and zsh: source <(COMPLETE=bash octroi), COMPLETE=zsh\n\
                          in fish:                    COMPLETE=fish octroi | source";

/// Version and commit, as `--version` prints them.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("OCTROI_COMMIT"), ")");

#[derive(Debug, Subcommand)]
enum Verb {
    /// Answer questions over HTTP, and reload when the policies change
    Serve(serve::ServeArgs),
    /// Ask a running sidecar whether it is ready
    Health(health::HealthArgs),
    /// Report every error and warning of the policies, each at its line
    Check(check::CheckArgs),
    /// Run the policies' own `tests` documents
    Test(test::TestArgs),
    /// Ask one question and say why the answer is what it is
    Ask(ask::AskArgs),
    /// Say who may do something, and where
    Who(who::WhoArgs),
    /// Say what an account may do, and which roles it may give
    What(what::WhatArgs),
    /// Print what each role may do, or each member of a tenant, as a table
    Matrix(matrix::MatrixArgs),
    /// Say who gains and who loses what between two states of the policies
    Diff(diff::DiffArgs),
    /// Print the Cedar schema, policies and entities that the policies are compiled into
    Compile(compile::CompileArgs),
    /// Write a small policy folder to start from, tests included
    Init(init::InitArgs),
    /// Print the JSON Schema of the YAML, for editors
    Schema(schema::SchemaArgs),
}

/// Which policies; the same for every verb.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// The policy folder [default: ./policies]
    #[arg(value_name = "POLICIES")]
    folder: Option<PathBuf>,
    /// The policy folder, where the place on the command line is taken
    #[arg(long = "policies", value_name = "DIR", env = "OCTROI_POLICIES")]
    option: Option<PathBuf>,
}

impl PolicyArgs {
    /// The folder meant.
    pub fn folder(&self) -> PathBuf {
        let written = self.folder.clone().or_else(|| self.option.clone());
        written.unwrap_or_else(|| PathBuf::from("policies"))
    }
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For people
    Human,
    /// For programs
    Json,
}

/// Runs the verb of a command line.
pub fn run(cli: Cli) -> Exit {
    match cli.verb {
        Verb::Serve(args) => serve::run(args),
        Verb::Health(args) => health::run(&args),
        Verb::Check(args) => check::run(&args),
        Verb::Test(args) => test::run(&args),
        Verb::Ask(args) => ask::run(&args),
        Verb::Who(args) => who::run(&args),
        Verb::What(args) => what::run(&args),
        Verb::Matrix(args) => matrix::run(&args),
        Verb::Diff(args) => diff::run(&args),
        Verb::Compile(args) => compile::run(&args),
        Verb::Init(args) => init::run(&args),
        Verb::Schema(_) => schema::run(),
    }
}

/// Loads the policies; findings that keep them from being published go to stderr.
fn load_or_report(folder: &std::path::Path) -> Result<Outcome, Exit> {
    let outcome = load(folder)?;
    if outcome.snapshot.is_none() {
        report(&outcome);
        return Err(Exit::Policies);
    }
    Ok(outcome)
}

/// Writes what was found to stderr.
fn report(outcome: &Outcome) {
    let format = diagnostic::Format::Human {
        colour: colour(&std::io::stderr()),
    };
    message(&render(&outcome.diagnostics, &outcome.sources, format));
    message(&summary(outcome));
}

/// Loads policies of a folder or a git revision; findings that keep them from being published go to stderr.
/// `folder` is where a revision that names none has them, `before` what is known of most of them already.
fn load_place(
    place: &str,
    folder: &std::path::Path,
    before: Option<&pipeline::Kept>,
) -> Result<Outcome, Exit> {
    let shown = progress::Progress::of(format!("compiling {place}"));
    let loaded = pipeline::load_from(place, folder, now_ms(), before);
    drop(shown);
    let outcome = loaded.map_err(|error| {
        message(&format!("octroi: {error}\n"));
        Exit::Failure
    })?;
    if outcome.snapshot.is_none() {
        message(&format!("the policies of `{place}` do not compile\n\n"));
        report(&outcome);
        return Err(Exit::Policies);
    }
    Ok(outcome)
}

/// The moment that `--at` names, else now.
fn moment(at: Option<&str>, verb: &str) -> Result<i64, Exit> {
    let Some(text) = at else {
        return Ok(now_ms());
    };
    instant(text)
        .or_else(|| start_of_date(text))
        .ok_or_else(|| {
            message(&format!(
                "octroi {verb}: `--at {text}` is no instant; write it as `2026-12-01T09:00:00Z`\n"
            ));
            Exit::Usage
        })
}

fn load(folder: &std::path::Path) -> Result<Outcome, Exit> {
    let now = now_ms();
    let _progress = progress::Progress::of("reading the policies");
    pipeline::load(folder, now, now.unsigned_abs()).map_err(|error| {
        message(&format!("octroi: {error}\n"));
        Exit::Failure
    })
}

/// "2 errors, 1 warning in 5 files".
fn summary(outcome: &Outcome) -> String {
    let count = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    };
    let errors = outcome.count(Severity::Error);
    let warnings = outcome.count(Severity::Warning);
    let files = outcome.sources.files().count();
    format!(
        "{}, {} in {}\n",
        count(errors, "error"),
        count(warnings, "warning"),
        count(files, "file")
    )
}

/// Whether a stream wants colour: a terminal does, unless `NO_COLOR` is set.
fn colour(stream: &impl IsTerminal) -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !no_color
}

/// Writes a result to stdout. A closed pipe is no failure of ours.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Writes a message for people to stderr.
fn message(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
