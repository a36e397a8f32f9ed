//! The `octroi` program: arguments, a verb, an exit code.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    octroi::cli::complete();
    octroi::cli::run(octroi::cli::Cli::parse()).into()
}
