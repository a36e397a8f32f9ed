//! The policy author's verbs on a folder of many tenants, each with tests of its own, by the real program: how long each
//! takes.
//!
//! `cargo bench --bench verbs`, `cargo bench --bench verbs -- --tenants 1000`
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints its table, and fails by panicking"
)]

#[path = "support/world.rs"]
mod world;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use world::World;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = arguments
        .iter()
        .position(|argument| argument == "--tenants");
    let tenants = after
        .and_then(|at| arguments.get(at + 1))
        .map_or(10_000, |text| {
            text.parse().expect("--tenants takes a number")
        });
    let world = World {
        tenants,
        members: 50,
        sub_accounts: 5,
    };
    let root = tempfile::TempDir::new().expect("a temporary folder");
    let root = root.path();
    let unchanged = |_: &str, text: String| text;
    write(&world, &root.join("policies"), unchanged);
    write(&world, &root.join("same"), unchanged);
    write(&world, &root.join("member"), |path, text| {
        match path == World::path(7) {
            true => text.replacen("role: agent", "role: admin", 1),
            false => text,
        }
    });
    write(&world, &root.join("role"), |_, text| {
        text.replacen(
            "actions: [list, read, reply]}",
            "actions: [list, read, reply], scope: tenant}",
            1,
        )
    });
    let has_git = commit(root);
    println!(
        "{tenants} tenants with {} members and {} sub-accounts each\n",
        world.members, world.sub_accounts
    );
    println!("| command | seconds | exit code |\n|---|---|---|");
    let revision: &[&[&str]] = match has_git {
        true => &[
            &["diff", "HEAD", "member"],
            &["diff", "HEAD", "role", "--format", "json"],
        ],
        false => &[],
    };
    let verbs: &[&[&str]] = &[
        &["check", "policies"],
        &["check", "policies", "--format", "sarif"],
        &["test", "policies"],
        &["test", "policies", "--coverage"],
        // The world's cases are not written to notice everything.
        &["test", "policies", "--mutate"],
        &["diff", "policies", "same"],
        &["diff", "policies", "member"],
        &["diff", "policies", "role"],
        &["diff", "policies", "role", "--format", "markdown"],
        &["ask", "m0.t7", "read", "conversation", "--tenant", "t7"],
        &["what", "m1.t7"],
        &["who", "read", "conversation", "--tenant", "t7"],
        &["who", "approve", "refund"],
        &["matrix"],
        &["matrix", "--tenant", "t7"],
    ];
    for verb in verbs.iter().chain(revision) {
        let begin = Instant::now();
        let status = Command::new(env!("CARGO_BIN_EXE_octroi"))
            .args(*verb)
            .current_dir(root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the program runs");
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "| `octroi {}` | {seconds:.2} | {} |",
            verb.join(" "),
            status.code().unwrap_or(-1)
        );
    }
}

fn write(world: &World, folder: &Path, edit: impl Fn(&str, String) -> String) {
    let tests = (0..world.tenants).map(|tenant| {
        let path = World::path(tenant).replace("tenants/", "tests/");
        (path, tests(world, tenant))
    });
    for (path, text) in world.files().chain(tests) {
        let file = folder.join(&path);
        fs::create_dir_all(file.parent().unwrap_or(folder)).expect("a folder");
        fs::write(&file, edit(&path, text)).expect("a file");
    }
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

/// Commits the policies, if there is git.
fn commit(root: &Path) -> bool {
    let git = |arguments: &[&str]| {
        let git = Command::new("git")
            .args([
                "-c",
                "user.name=bench",
                "-c",
                "user.email=bench@example.org",
            ])
            .args(arguments)
            .current_dir(root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        git.is_ok_and(|status| status.success())
    };
    git(&["init", "--quiet"])
        && git(&["add", "policies"])
        && git(&["commit", "--quiet", "--message", "policies"])
}
