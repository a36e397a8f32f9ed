//! How long the author's verbs take on a folder of 10,000 tenants, each with tests of its own:
//!
//! ```text
//! cargo bench --bench verbs
//! ```
//!
//! The folder is written anew, the program is the one that this was built with, and each verb runs three times; the
//! median counts. `-- 100` takes 100 tenants.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "support/world.rs"]
mod world;

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use world::World;

/// The verbs, and how they end.
const VERBS: &[(&[&str], i32)] = &[
    (&["check"], 0),
    (&["check", "--format", "sarif"], 0),
    (&["test"], 0),
    (&["test", "--coverage"], 0),
    // The world's cases are not written to notice everything.
    (&["test", "--mutate"], 4),
];

const RUNS: usize = 3;

fn main() -> io::Result<()> {
    let tenants = std::env::args().find_map(|argument| argument.parse().ok());
    let world = World {
        tenants: tenants.unwrap_or(10_000),
        members: 10,
        sub_accounts: 5,
    };
    let folder = tempfile::tempdir()?;
    write(&world, folder.path())?;
    println!(
        "{} tenants with {} members and 3 cases each\n\n| verb | seconds |\n|---|---|",
        world.tenants, world.members
    );
    for (arguments, code) in VERBS {
        let mut times = Vec::new();
        for _ in 0..RUNS {
            times.push(run(arguments, *code, folder.path())?);
        }
        times.sort_unstable();
        let median = times.get(RUNS / 2).copied().unwrap_or_default();
        println!(
            "| `octroi {}` | {:.2} |",
            arguments.join(" "),
            median.as_secs_f64()
        );
    }
    Ok(())
}

fn run(arguments: &[&str], code: i32, folder: &Path) -> io::Result<Duration> {
    let start = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_octroi"))
        .args(arguments)
        .arg("--policies")
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    let elapsed = start.elapsed();
    match status.code() == Some(code) {
        true => Ok(elapsed),
        false => Err(io::Error::other(format!(
            "{arguments:?} ended with {status}"
        ))),
    }
}

/// Writes the folder, and tests for each tenant.
fn write(world: &World, folder: &Path) -> io::Result<()> {
    let tests = (0..world.tenants).map(|tenant| {
        let path = World::path(tenant).replace("tenants/", "tests/");
        (path, tests(world, tenant))
    });
    for (path, text) in world.files().chain(tests) {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// What the administrator, a manager and an agent of a tenant may do.
fn tests(world: &World, tenant: usize) -> String {
    let [admin, manager, agent] = [0, 1, 5].map(|member| World::account(tenant, member));
    let home = world.home(tenant, 1);
    // One in fifty is suspended, and not every moment is asked about: an answer without a reason will do.
    let is_suspended = |member: usize| (tenant + member) % 50 == 49;
    let expect = |member: usize| {
        if is_suspended(member) {
            "deny"
        } else {
            "allow"
        }
    };
    format!(
        "tests: Who does what in t{tenant}\ntenant: t{tenant}\ncases:\n  \
         - {{account: {admin}, action: configure, resource: {{type: messaging}}, expect: {}}}\n  \
         - {{account: {manager}, action: close, resource: {{type: conversation, sub_account: s{home}, status: open}}, expect: {}}}\n  \
         - {{account: {agent}, action: read, resource: {{type: conversation, owner: {agent}}}, expect: {}}}\n",
        expect(0),
        expect(1),
        expect(5),
    )
}
