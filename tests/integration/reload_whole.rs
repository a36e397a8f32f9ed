//! Whole or nothing: while the folder changes, no question sees half of a change, over all tenants.
//!
//! A batch is decided on one snapshot. Each batch here asks about the same account in many tenants, or about two accounts
//! of one, whose answers change together; one batch whose answers differ is a failure.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::{Client, Policies, Sidecar, has_component, wait_until};

const SOON: Duration = Duration::from_secs(20);
const ASKERS: usize = 4;

/// What the checkers saw.
#[derive(Debug, Default)]
struct Seen {
    batches: usize,
    /// How often the answer became another.
    turns: usize,
    slowest: Duration,
}

struct Checkers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Seen>>,
}

impl Checkers {
    /// Asks without a pause, from several connections, until told to stop.
    fn start(sidecar: &Sidecar, questions: &[(&str, &str)]) -> Self {
        let items: Vec<Value> = questions
            .iter()
            .map(|(account, tenant)| {
                json!({"subject": {"type": "user", "id": account}, "action": {"name": "read"},
                    "resource": {"type": "order", "id": "o1", "properties": {"tenant": tenant}}})
            })
            .collect();
        let body = json!({ "evaluations": items }).to_string();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = || {
            let (address, body, stop) = (sidecar.decision, body.clone(), Arc::clone(&stop));
            thread::spawn(move || check(&mut Client::connect(address), &body, &stop))
        };
        Self {
            threads: (0..ASKERS).map(|_| thread()).collect(),
            stop,
        }
    }

    fn stop(self, what: &str) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        for thread in self.threads {
            let seen = thread.join().unwrap();
            all.batches += seen.batches;
            all.turns += seen.turns;
            all.slowest = all.slowest.max(seen.slowest);
        }
        eprintln!("{what}: {all:?}, none of them mixed");
        all
    }
}

fn check(client: &mut Client, body: &str, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut last: Option<bool> = None;
    while !stop.load(Ordering::Relaxed) {
        let asked = Instant::now();
        let answer = client.post("/access/v1/evaluations", "", body.as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
        seen.slowest = seen.slowest.max(asked.elapsed());
        let answers = answer.json();
        let decisions = answers["evaluations"].as_array().unwrap().iter();
        let decisions: Vec<bool> = decisions
            .map(|answer| answer["decision"].as_bool().unwrap())
            .collect();
        let first = decisions[0];
        assert!(
            decisions.iter().all(|decision| *decision == first),
            "half of a change at {:?}: {decisions:?}",
            answer.header("octroi-revision")
        );
        seen.turns += usize::from(last.is_some_and(|last| last != first));
        seen.batches += 1;
        last = Some(first);
    }
    seen
}

fn tenants(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("t{number:03}")).collect()
}

fn write_tenants(folder: &Path, names: &[String], ben: bool) {
    fs::create_dir_all(folder).unwrap();
    for name in names {
        let text = Policies::tenant_called(name, ben);
        fs::write(folder.join(format!("{name}.yaml")), text).unwrap();
    }
}

/// One rename changes twenty tenants, and now and then breaks them all.
#[test]
fn a_swap_of_the_folder_is_seen_whole() {
    const SWAPS: usize = 12;
    let policies = Policies::new();
    let mount = policies.beside("mount");
    let names = tenants(20);
    for (version, ben) in [("..no", false), ("..yes", true), ("..broken", true)] {
        policies.copy_to(&mount.join(version));
        write_tenants(&mount.join(version).join("tenants"), &names, ben);
    }
    let broken = mount.join("..broken/tenants/t010.yaml");
    fs::write(broken, "tenant: t010\napplication: shop\nmembres: []\n").unwrap();
    let swap = |version: &str| {
        symlink(version, mount.join("..data_tmp")).unwrap();
        fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    };
    swap("..no");
    symlink("..data/tenants", mount.join("tenants")).unwrap();
    for file in ["application.yaml", "accounts.yaml"] {
        symlink(format!("..data/{file}"), mount.join(file)).unwrap();
    }
    let sidecar = Sidecar::start(&mount);
    let questions: Vec<(&str, &str)> = names.iter().map(|name| ("ben", &**name)).collect();
    let checkers = Checkers::start(&sidecar, &questions);
    let mut generation = sidecar.status()["generation"].clone();
    for turn in 0..SWAPS {
        swap("..broken");
        sidecar.expect_outcome("rejected");
        assert_eq!(sidecar.status()["generation"], generation);
        swap(if turn % 2 == 0 { "..yes" } else { "..no" });
        assert!(wait_until(SOON, || sidecar.status()["generation"] != generation));
        generation = sidecar.status()["generation"].clone();
    }
    let seen = checkers.stop("swaps of ..data");
    assert!(seen.batches > 200, "{seen:?}");
    // Each asker sees each change, unless it had no turn on a busy machine.
    assert!(
        seen.turns > SWAPS && seen.turns <= SWAPS * ASKERS,
        "{seen:?}"
    );
    assert_eq!(
        sidecar.metric("octroi_reloads_total{outcome=\"reloaded\"}"),
        SWAPS as f64
    );
}

/// git writes one file after the other, and says when it is done.
#[test]
fn a_checkout_is_seen_whole() {
    const CHECKOUTS: usize = 10;
    if !has_component("a_checkout_is_seen_whole", "git", "git") {
        return;
    }
    let policies = Policies::new();
    let folder = policies.folder();
    let names = tenants(400);
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@t.example"]);
        let output = command
            .args(arguments)
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    git(&["init", "--quiet"]);
    for (branch, ben) in [("no", false), ("yes", true)] {
        git(&["checkout", "--quiet", "-b", branch]);
        write_tenants(&folder.join("tenants"), &names, ben);
        git(&["add", "."]);
        git(&["commit", "--quiet", "-m", branch]);
    }
    let sidecar = Sidecar::start(&folder);
    let questions: Vec<(&str, &str)> = names
        .iter()
        .step_by(20)
        .map(|name| ("ben", &**name))
        .collect();
    let checkers = Checkers::start(&sidecar, &questions);
    for turn in 0..CHECKOUTS {
        let before = sidecar.status()["generation"].clone();
        let started = Instant::now();
        git(&[
            "checkout",
            "--quiet",
            if turn % 2 == 0 { "no" } else { "yes" },
        ]);
        let took = started.elapsed();
        assert!(wait_until(SOON, || sidecar.status()["generation"] != before));
        eprintln!(
            "a checkout of 400 files took {took:?}, live after {:?}",
            started.elapsed()
        );
    }
    let seen = checkers.stop("checkouts");
    assert!(
        seen.turns > CHECKOUTS && seen.turns <= CHECKOUTS * ASKERS,
        "{seen:?}"
    );
    assert_eq!(
        sidecar.metric("octroi_reloads_total{outcome=\"reloaded\"}"),
        CHECKOUTS as f64
    );
}

/// Two answers of one file, edited as fast as it goes.
#[test]
fn an_edit_is_seen_whole() {
    let policies = Policies::new();
    let both = |admitted: bool| {
        let bob = if admitted {
            "  - {account: bob, role: clerk}\n"
        } else {
            ""
        };
        format!("{}{bob}", Policies::tenant(admitted))
    };
    let sidecar = Sidecar::start(&policies.folder());
    let checkers = Checkers::start(&sidecar, &[("ben", "north"), ("bob", "north")]);
    for turn in 0..100 {
        policies.write("tenants/north.yaml", &both(turn % 2 == 0));
        thread::sleep(Duration::from_millis(20));
    }
    policies.write("tenants/north.yaml", &both(true));
    sidecar.expect_decision("bob", true);
    let seen = checkers.stop("edits every 20 ms");
    assert!(seen.turns > 10, "{seen:?}");
}
