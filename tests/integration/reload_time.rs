//! Time: `expires` takes effect at its instant, under load and without a spike; the clock is stepped both ways.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::support::{Client, Policies, Sidecar, has_component, question};

const ASKERS: usize = 4;
/// So many members expire at once.
const MEMBERS: usize = 2_000;

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

fn in_rfc3339(ms: i64) -> String {
    octroi::document::to_text(ms).unwrap()
}

/// An answer, and when it was asked for and given, in milliseconds since 1970.
struct Answered {
    asked: i64,
    answered: i64,
    allowed: bool,
    took: Duration,
}

fn ask_until(client: &mut Client, accounts: &[String], stop: &AtomicBool) -> Vec<Answered> {
    let mut all = Vec::new();
    let mut accounts = accounts.iter().cycle();
    while !stop.load(Ordering::Relaxed) {
        let account = accounts.next().unwrap();
        let (asked, started) = (now_ms(), Instant::now());
        let answer = client.evaluate("", question(account).as_bytes());
        let took = started.elapsed();
        all.push(Answered {
            asked,
            answered: now_ms(),
            allowed: answer.decision(),
            took,
        });
    }
    all
}

fn percentile(mut times: Vec<Duration>, share: f64) -> Duration {
    times.sort_unstable();
    let index = (times.len() as f64 * share) as usize;
    times.get(index.min(times.len() - 1)).copied().unwrap()
}

#[test]
fn expires_takes_effect_at_its_instant_under_load() {
    let policies = Policies::new();
    let accounts: Vec<String> = (0..MEMBERS).map(|member| format!("m{member}")).collect();
    let write = |expires: i64| {
        let expires = in_rfc3339(expires);
        let mut text = Policies::tenant(true);
        for account in &accounts {
            text.push_str(&format!(
                "  - {{account: {account}, role: clerk, expires: \"{expires}\"}}\n"
            ));
        }
        policies.write("tenants/north.yaml", &text);
    };
    write(now_ms() + 1_000_000);
    let sidecar = Sidecar::start(&policies.folder());
    let expires = now_ms() + 4_000;
    write(expires);
    sidecar.expect_outcome("reloaded");
    let stop = Arc::new(AtomicBool::new(false));
    let askers: Vec<_> = (0..ASKERS)
        .map(|asker| {
            let (address, stop, mut accounts) =
                (sidecar.decision, Arc::clone(&stop), accounts.clone());
            accounts.rotate_left(asker * MEMBERS / ASKERS);
            thread::spawn(move || ask_until(&mut Client::connect(address), &accounts, &stop))
        })
        .collect();
    while now_ms() < expires + 2_000 {
        thread::sleep(Duration::from_millis(50));
    }
    stop.store(true, Ordering::Relaxed);
    let all: Vec<Answered> = askers
        .into_iter()
        .flat_map(|asker| asker.join().unwrap())
        .collect();
    let (mut before, mut after) = (0, 0);
    for answer in &all {
        if answer.answered < expires {
            before += 1;
            assert!(
                answer.allowed,
                "denied {} ms too early",
                expires - answer.answered
            );
        } else if answer.asked >= expires {
            after += 1;
            assert!(
                !answer.allowed,
                "allowed {} ms too late",
                answer.asked - expires
            );
        }
    }
    assert!(
        before > 200 && after > 200,
        "{before} before, {after} after"
    );
    let within = |from: i64, to: i64| {
        let window = all
            .iter()
            .filter(|answer| (from..to).contains(&answer.asked));
        let times: Vec<Duration> = window.map(|answer| answer.took).collect();
        [0.5, 0.99, 0.999].map(|share| percentile(times.clone(), share))
    };
    let calm = within(expires - 1_500, expires - 500);
    let around = within(expires - 100, expires + 900);
    eprintln!(
        "{before} allowed before, {after} denied after; median, p99, p99.9: {calm:?} in the second before, {around:?} around the instant"
    );
    let bearable = (calm[1] * 5).max(Duration::from_millis(60));
    assert!(around[1] < bearable, "a spike: {around:?} after {calm:?}");
    // Nothing was read anew for it.
    assert_eq!(
        sidecar.metric("octroi_reloads_total{outcome=\"reloaded\"}"),
        1.0
    );
}

/// Debian's package `faketime`, whose library stands between a program and its clock.
fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok);
    let libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let found = libraries.into_iter().find(|library| library.exists());
    found.expect("libfaketime is missing: install Debian's package `faketime`")
}

#[test]
fn the_clock_may_step_back_and_forth() {
    const HOUR: i64 = 3_600;
    if !has_component("the_clock_may_step_back_and_forth", "faketime", "faketime") {
        return;
    }
    let policies = Policies::new();
    let offset = policies.beside("offset");
    let step = |seconds: i64| {
        let beside = policies.beside("offset.new");
        fs::write(&beside, format!("{seconds:+}\n")).unwrap();
        fs::rename(beside, &offset).unwrap();
    };
    step(0);
    let ben = |expires: i64| {
        let expires = in_rfc3339(expires);
        format!(
            "{}  - {{account: ben, role: clerk, expires: \"{expires}\"}}\n",
            Policies::tenant(false)
        )
    };
    let start = now_ms();
    policies.write("tenants/north.yaml", &ben(start + HOUR * 1_000));
    let mut command = Sidecar::command(&policies.folder());
    command
        .env("LD_PRELOAD", faketime())
        .env("FAKETIME_TIMESTAMP_FILE", &offset)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let sidecar = Sidecar::spawn(command);
    let mut client = sidecar.client();
    let mut generation = sidecar.status()["generation"].as_u64().unwrap();
    // A day back, until just before the end, over it, over it by years, and all of that again.
    let steps = [
        0,
        -24 * HOUR,
        HOUR - 60,
        HOUR + 60,
        -HOUR,
        2 * HOUR,
        0,
        50_000 * HOUR,
        -50_000 * HOUR,
        0,
    ];
    for (turn, seconds) in (0..).zip(steps) {
        step(seconds);
        for _ in 0..50 {
            assert_eq!(
                client.ask("ben").decision(),
                seconds < HOUR,
                "at {seconds:+} s"
            );
            assert!(client.ask("ana").decision(), "at {seconds:+} s");
        }
        // Reloads go on, and generations rise, whatever the clock says.
        policies.write("tenants/north.yaml", &ben(start + HOUR * 1_000 + turn + 1));
        let published = super::support::wait_until(Duration::from_secs(20), || {
            sidecar.status()["generation"].as_u64().unwrap() > generation
        });
        assert!(published, "at {seconds:+} s: {}", sidecar.status());
        generation = sidecar.status()["generation"].as_u64().unwrap();
        assert_eq!(
            client.ask("ben").decision(),
            seconds < HOUR,
            "at {seconds:+} s, reloaded"
        );
    }
}
