//! Changes of the policy folder: good ones are live at once, bad ones change nothing.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::support::{Client, Policies, Sidecar, exits_within, wait_until};

const SOON: Duration = Duration::from_secs(10);

/// Decisions about `ben` by the revision that took them.
type Seen = HashMap<String, bool>;

/// Asks without a pause until told to stop; every answer must be one that some revision gives whole.
fn ask_on(sidecar: &Sidecar, stop: &Arc<AtomicBool>) -> JoinHandle<(Seen, usize)> {
    let (address, stop) = (sidecar.decision, Arc::clone(stop));
    thread::spawn(move || {
        let (mut seen, mut asked) = (Seen::new(), 0);
        let mut client = Client::connect(address);
        while !stop.load(Ordering::Relaxed) {
            assert!(client.ask("ana").decision(), "ana was denied");
            let answer = client.ask("ben");
            let revision = answer.header("octroi-revision").unwrap().to_owned();
            let before = seen.insert(revision, answer.decision());
            assert!(
                before.is_none_or(|before| before == answer.decision()),
                "one revision, two answers"
            );
            asked += 2;
        }
        (seen, asked)
    })
}

#[test]
fn good_bad_good_under_load() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let stop = Arc::new(AtomicBool::new(false));
    let askers: Vec<_> = (0..4).map(|_| ask_on(&sidecar, &stop)).collect();
    let mut expected = Seen::new();
    let mut remember = |ben: bool| {
        let revision = sidecar.status()["revision"].as_str().unwrap().to_owned();
        expected.insert(revision, ben);
    };
    remember(false);
    let mut generation = sidecar.status()["generation"].as_u64();
    for _ in 0..3 {
        for ben in [true, false] {
            policies.admit_ben(ben);
            assert!(wait_until(SOON, || sidecar.status()["generation"].as_u64()
                > generation));
            generation = sidecar.status()["generation"].as_u64();
            remember(ben);
            policies.break_tenant();
            sidecar.expect_outcome("rejected");
            assert_eq!(sidecar.status()["generation"].as_u64(), generation);
            assert_eq!(sidecar.ask("ben").decision(), ben);
        }
    }
    stop.store(true, Ordering::Relaxed);
    for asker in askers {
        let (seen, asked) = asker.join().unwrap();
        assert!(asked > 100, "asked only {asked} questions");
        for (revision, ben) in seen {
            assert_eq!(expected.get(&revision), Some(&ben), "{revision}");
        }
    }
    assert_eq!(
        sidecar.metric("octroi_reloads_total{outcome=\"reloaded\"}"),
        6.0
    );
    assert_eq!(
        sidecar.metric("octroi_reloads_total{outcome=\"rejected\"}"),
        6.0
    );
}

#[test]
fn a_change_is_live_within_200_ms() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let mut client = sidecar.client();
    let mut took: Vec<Duration> = (0..9)
        .map(|turn| {
            let ben = turn % 2 == 0;
            let started = Instant::now();
            policies.admit_ben(ben);
            while client.ask("ben").decision() != ben {
                assert!(started.elapsed() < SOON);
            }
            started.elapsed()
        })
        .collect();
    took.sort();
    eprintln!("a change was live after {took:?}");
    assert!(
        took[took.len() / 2] < Duration::from_millis(200),
        "{took:?}"
    );
}

#[test]
fn a_bad_change_is_reported_and_changes_nothing() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let before = sidecar.status();
    assert_eq!(before["last_reload"]["outcome"], "loaded");
    assert_eq!(sidecar.metric("octroi_last_reload_successful"), 1.0);

    policies.break_tenant();
    sidecar.expect_outcome("rejected");
    let after = sidecar.status();
    assert_eq!(after["generation"], before["generation"]);
    assert_eq!(after["revision"], before["revision"]);
    let diagnostic = &after["last_reload"]["diagnostics"][0];
    assert_eq!(diagnostic["severity"], "error");
    assert_eq!(diagnostic["file"], "tenants/north.yaml");
    assert_eq!(diagnostic["line"], 3);
    assert_eq!(sidecar.metric("octroi_last_reload_successful"), 0.0);
    assert_eq!(
        sidecar.metric("octroi_reloads_total{outcome=\"rejected\"}"),
        1.0
    );
    // The log shows the line itself, as `check` does.
    let errors = || {
        let events = sidecar.events();
        events.into_iter().find(|event| event["level"] == "ERROR")
    };
    assert!(wait_until(SOON, || errors().is_some()), "nothing logged");
    let said = errors().unwrap();
    let said = said["message"].as_str().unwrap();
    assert!(
        said.contains("tenants/north.yaml:3") && said.contains("membres:"),
        "{said}"
    );
    assert!(sidecar.ask("ana").decision());

    // What was there before is no new snapshot, but no refused one either.
    policies.admit_ben(false);
    sidecar.expect_outcome("restored");
    assert_eq!(sidecar.status()["generation"], before["generation"]);
    assert_eq!(sidecar.metric("octroi_last_reload_successful"), 1.0);
    assert_eq!(
        sidecar.status()["last_reload"]["diagnostics"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn the_same_again_is_no_reload() {
    let policies = Policies::new();
    let sidecar = Sidecar::start_with(&policies.folder(), &["--log-level", "debug"]);
    let before = sidecar.status();
    for _ in 0..3 {
        policies.overwrite("tenants/north.yaml", &Policies::tenant(false));
        fs::write(policies.folder().join("README.md"), "no policy").unwrap();
        thread::sleep(Duration::from_millis(200));
    }
    let after = sidecar.status();
    assert_eq!(after["generation"], before["generation"]);
    assert_eq!(after["last_reload"], before["last_reload"]);
    for outcome in ["reloaded", "restored", "rejected", "unreadable", "failed"] {
        let series = format!("octroi_reloads_total{{outcome=\"{outcome}\"}}");
        assert_eq!(sidecar.metric(&series), 0.0, "{outcome}");
    }
    let looked = || {
        let same =
            |event: &&serde_json::Value| event["message"] == "the policies are what they were";
        sidecar.events().iter().filter(same).count()
    };
    let idle = looked();
    assert!((3..=6).contains(&idle), "{idle}");
    thread::sleep(Duration::from_millis(500));
    assert_eq!(looked(), idle, "reading wakes itself up");
}

#[test]
fn follows_files_and_folders_that_come_and_go() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let south = Policies::tenant(false).replace("north", "south");
    let tenants = |count: u64| wait_until(SOON, || sidecar.status()["tenants"] == count);
    assert!(tenants(1));
    policies.write("new/and/deep/south.yaml", &south);
    assert!(tenants(2), "{}", sidecar.status());
    // The new folders are watched too.
    policies.write("new/and/deep/east.yaml", &south.replace("south", "east"));
    assert!(tenants(3));
    fs::rename(policies.folder().join("new"), policies.beside("away")).unwrap();
    assert!(tenants(1));
    fs::rename(policies.beside("away"), policies.folder().join("back")).unwrap();
    assert!(tenants(3));
    fs::remove_dir_all(policies.folder().join("back")).unwrap();
    assert!(tenants(1));
}

#[test]
fn a_file_that_cannot_be_read_changes_nothing() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let dangling = policies.folder().join("gone.yaml");
    symlink("nowhere.yaml", &dangling).unwrap();
    sidecar.expect_outcome("unreadable");
    let error = sidecar.status()["last_reload"]["error"].clone();
    assert!(error.as_str().unwrap().contains("gone.yaml"), "{error}");
    assert!(sidecar.ask("ana").decision());
    fs::remove_file(&dangling).unwrap();
    sidecar.expect_outcome("restored");
    fs::write(policies.folder().join("bytes.yaml"), b"tenant: \xff\n").unwrap();
    sidecar.expect_outcome("rejected");
    assert!(sidecar.ask("ana").decision());
}

#[test]
fn the_folder_may_be_replaced_as_a_whole() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    policies.copy_to(&policies.beside("next"));
    let next = policies.beside("next/tenants/north.yaml");
    fs::write(next, Policies::tenant(true)).unwrap();
    fs::rename(policies.folder(), policies.beside("old")).unwrap();
    thread::sleep(Duration::from_millis(300));
    assert!(
        sidecar.ask("ana").decision(),
        "without a folder the last snapshot stays"
    );
    fs::rename(policies.beside("next"), policies.folder()).unwrap();
    assert!(
        wait_until(SOON, || sidecar.ask("ben").decision()),
        "{}",
        sidecar.status()
    );
    policies.admit_ben(false);
    assert!(
        wait_until(SOON, || !sidecar.ask("ben").decision()),
        "the new folder is not watched"
    );
}

#[test]
fn a_folder_behind_a_link_is_served_and_watched() {
    let policies = Policies::new();
    let link = policies.beside("link");
    symlink(policies.folder(), &link).unwrap();
    let sidecar = Sidecar::start(&link);
    assert!(!sidecar.ask("ben").decision());
    policies.admit_ben(true);
    assert!(wait_until(SOON, || sidecar.ask("ben").decision()));
}

/// As Kubernetes mounts a ConfigMap: files are links through `..data`, which is swapped whole.
#[test]
fn a_config_map_is_followed() {
    let policies = Policies::new();
    let mount = policies.beside("mount");
    for (version, ben) in [("..v1", false), ("..v2", true)] {
        policies.copy_to(&mount.join(version));
        let north = mount.join(version).join("tenants/north.yaml");
        fs::write(&north, Policies::tenant(ben)).unwrap();
        fs::rename(&north, mount.join(version).join("north.yaml")).unwrap();
    }
    symlink("..v1", mount.join("..data")).unwrap();
    for file in ["application.yaml", "accounts.yaml", "north.yaml"] {
        symlink(format!("..data/{file}"), mount.join(file)).unwrap();
    }
    let sidecar = Sidecar::start(&mount);
    assert!(!sidecar.ask("ben").decision());
    symlink("..v2", mount.join("..data_tmp")).unwrap();
    fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    assert!(
        wait_until(SOON, || sidecar.ask("ben").decision()),
        "{}",
        sidecar.status()
    );
}

#[test]
fn a_burst_of_changes_is_one_or_two_reloads() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    for turn in 0..20 {
        let south = Policies::tenant(false).replace("north", &format!("south-{turn}"));
        policies.write(&format!("tenants/south-{turn}.yaml"), &south);
    }
    assert!(wait_until(SOON, || sidecar.status()["tenants"] == 21));
    let reloads = sidecar.metric("octroi_reloads_total{outcome=\"reloaded\"}");
    assert!(reloads <= 3.0, "{reloads} reloads");
}

#[test]
fn policies_that_do_not_compile_are_not_started_on() {
    let policies = Policies::new();
    policies.break_tenant();
    let output = Sidecar::command(&policies.folder()).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("tenants/north.yaml:3") && said.contains("membres:"),
        "{said}"
    );
}

#[test]
fn a_folder_that_cannot_be_read_is_not_started_on() {
    let policies = Policies::new();
    let mut child = Sidecar::command(&policies.beside("nowhere"))
        .spawn()
        .unwrap();
    assert_eq!(exits_within(&mut child, SOON).code(), Some(1));
    // Bytes that are no text are the policies' own fault.
    fs::write(policies.folder().join("bytes.yaml"), b"tenant: \xff\n").unwrap();
    let mut child = Sidecar::command(&policies.folder()).spawn().unwrap();
    assert_eq!(exits_within(&mut child, SOON).code(), Some(3));
}
