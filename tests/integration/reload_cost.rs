//! What a reload of everything costs in memory: at most twice what is resident, and that only while it lasts.

use std::fs;
use std::time::Duration;

use super::support::{Policies, Sidecar, wait_until};

const TENANTS: usize = 600;
const MEMBERS: usize = 50;
const RELOADS: usize = 5;
/// What threads, requests and the log take up besides, in KiB.
const BESIDES: u64 = 12 << 10;

/// Most that was resident since this was last asked, in KiB.
fn peak_kib(sidecar: &Sidecar) -> u64 {
    let path = format!("/proc/{}/status", sidecar.pid());
    let status = fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    fs::write(format!("/proc/{}/clear_refs", sidecar.pid()), "5").unwrap();
    peak
}

#[test]
fn a_reload_of_everything_takes_twice_the_memory_at_most_and_gives_it_back() {
    let policies = Policies::new();
    for tenant in 0..TENANTS {
        let mut text = Policies::tenant_called(&format!("t{tenant}"), false);
        for member in 0..MEMBERS {
            text.push_str(&format!(
                "  - {{account: m{member}.t{tenant}, role: clerk}}\n"
            ));
        }
        policies.overwrite(&format!("tenants/t{tenant}.yaml"), &text);
    }
    let sidecar = Sidecar::start(&policies.folder());
    let application = fs::read_to_string(policies.folder().join("application.yaml")).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let resident = sidecar.resident_kib();
    peak_kib(&sidecar);
    let mut peaks = Vec::new();
    for reload in 0..RELOADS {
        let generation = sidecar.status()["generation"].clone();
        policies.write(
            "application.yaml",
            &format!("{application}description: Number {reload}\n"),
        );
        let published = || sidecar.status()["generation"] != generation;
        assert!(
            wait_until(Duration::from_secs(60), published),
            "{}",
            sidecar.log()
        );
        // What was replaced is kept for a second, and memory goes back when the next is asked for.
        let calm = || {
            sidecar.ask("ana");
            sidecar.status();
            sidecar.resident_kib() < resident * 5 / 4 + BESIDES
        };
        let is_back = wait_until(Duration::from_secs(10), calm);
        peaks.push(peak_kib(&sidecar));
        let now = sidecar.resident_kib();
        assert!(
            is_back,
            "{resident} KiB before reload {reload}, {now} KiB after it"
        );
    }
    eprintln!(
        "{resident} KiB with {TENANTS} tenants; at most {peaks:?} KiB during reloads of everything, then {} KiB",
        sidecar.resident_kib()
    );
    let most = peaks.into_iter().max().unwrap();
    assert!(most <= resident * 2 + BESIDES, "{most} of {resident}");
}
