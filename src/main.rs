//! The `octroi` program: arguments, a verb, an exit code.

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    octroi::cli::complete();
    octroi::cli::run(octroi::cli::Cli::parse()).into()
}
