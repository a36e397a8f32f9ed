//! The sidecar beside a bare hyper server, over HTTP: `cargo bench --bench http [-- OPTIONS]`, a table as its output.
//!
//! What is compared is always measured in the same run, in alternating rounds, and stated as a ratio: a machine that is
//! busy with other things slows both. The *floor* ([`floor`]) is this program in another role: a hyper server with the
//! sidecar's builder, runtime and socket options that reads each body whole and answers `{"decision":true}`. Both run
//! as processes of their own, restricted to the first core that the bench may use; the load ([`load`]) runs on the
//! last. The answers that the load checks, every one, come from the library in this process, never from the server.
//!
//! | module | |
//! |---|---|
//! | [`args`] | what to measure |
//! | [`cores`] | who runs where, and how much processor time it took |
//! | [`servers`] | the sidecar, built for release, and the floor as child processes |
//! | [`floor`] | the floor itself |
//! | [`load`] | the client: closed loop, open loop, every answer checked |
//! | [`worlds`] | policy folders on disk with questions about them |
//! | [`rows`] | one file a group of the table's rows |
//! | [`table`], [`svg`] | the output |
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench says what it measured, and ends where it cannot measure"
)]

mod args;
mod cores;
mod floor;
mod load;
mod rows;
mod servers;
mod svg;
mod table;
mod worlds;

#[path = "../support/mod.rs"]
mod support;

use args::Args;
use clap::Parser as _;

fn main() {
    if std::env::args().nth(1).as_deref() == Some(floor::ROLE) {
        floor::serve();
        return;
    }
    let args = Args::parse().settled();
    let table = rows::measure(&args);
    println!("\n{table}");
}
