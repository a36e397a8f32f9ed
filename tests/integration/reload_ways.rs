//! Every way that files change: each is noticed by the real program, and each says how.
//!
//! `git` and `rsync` are the real ones (`OCTROI_TEST_COMPONENTS=1`); mounts and inotify's limits are those of namespaces
//! of their own. Run with `--nocapture`, each test says what it saw.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::support::{Policies, Sidecar, has_component, wait_until};

const SOON: Duration = Duration::from_secs(20);
/// A walk through the folder, which comes every ten seconds, would find any change; events must be sooner.
const BY_EVENT: Duration = Duration::from_secs(4);
/// Somebody who owns nothing.
const NOBODY: u32 = 65_534;

fn run(program: &str, arguments: &[&str], folder: &Path) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}

fn git(arguments: &[&str], folder: &Path) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@t.example"];
    let quiet = [
        "-c",
        "init.defaultBranch=main",
        "-c",
        "advice.detachedHead=false",
    ];
    run("git", &[&identity[..], &quiet, arguments].concat(), folder);
}

/// How long until ben is answered about as expected.
fn noticed(sidecar: &Sidecar, ben: bool, since: Instant, way: &str) -> Duration {
    let mut client = sidecar.client();
    while client.ask("ben").decision() != ben {
        assert!(since.elapsed() < SOON, "{way}: {}", sidecar.log());
        thread::sleep(Duration::from_millis(1));
    }
    let took = since.elapsed();
    eprintln!("{way}: live after {took:?}");
    took
}

#[test]
fn however_an_editor_saves() {
    type Save = fn(&Path, &str);
    let ways: &[(&str, Save)] = &[
        ("written beside and renamed over", |path, text| {
            let beside = path.with_extension("tmp");
            fs::write(&beside, text).unwrap();
            fs::rename(beside, path).unwrap();
        }),
        ("written in place", |path, text| {
            fs::write(path, text).unwrap()
        }),
        (
            "the old one renamed, a new one written (vim)",
            |path, text| {
                let old = path.with_extension("yaml~");
                fs::rename(path, &old).unwrap();
                fs::write(path, text).unwrap();
                fs::remove_file(old).unwrap();
            },
        ),
        ("removed and written", |path, text| {
            fs::remove_file(path).unwrap();
            fs::write(path, text).unwrap();
        }),
        ("written elsewhere and linked over", |path, text| {
            let beside = path.with_extension("new");
            fs::write(&beside, text).unwrap();
            fs::remove_file(path).unwrap();
            fs::hard_link(&beside, path).unwrap();
            fs::remove_file(beside).unwrap();
        }),
        ("truncated, then written in pieces", |path, text| {
            let mut file = File::create(path).unwrap();
            for piece in text.as_bytes().chunks(16) {
                file.write_all(piece).unwrap();
                file.flush().unwrap();
            }
        }),
        ("renamed within the folder, then back", |path, text| {
            let other = path.with_file_name("other.yaml");
            fs::rename(path, &other).unwrap();
            fs::write(&other, text).unwrap();
            fs::rename(other, path).unwrap();
        }),
        ("sed -i", |path, text| {
            // Whatever is there becomes what shall be there.
            fs::write(path.with_extension("want"), text).unwrap();
            let script = format!("1r {}", path.with_extension("want").display());
            run(
                "sed",
                &["-i", "-e", &script, "-e", "d", &path.display().to_string()],
                Path::new("/"),
            );
        }),
    ];
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let north = policies.folder().join("tenants/north.yaml");
    for (name, save) in ways {
        for ben in [true, false] {
            let since = Instant::now();
            save(&north, &Policies::tenant(ben));
            let took = noticed(&sidecar, ben, since, name);
            assert!(took < BY_EVENT, "{name}: {took:?}");
        }
    }
    assert_eq!(sidecar.status()["watching"]["by"], "events");
    assert_eq!(sidecar.status()["refused"], serde_json::Value::Null);
    assert_eq!(sidecar.metric("octroi_policies_polled"), 0.0);
}

/// A half of a file may be valid, and mean something else: it is waited for while somebody writes.
#[test]
fn a_file_that_is_half_written_is_waited_for() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let generation = sidecar.status()["generation"].clone();
    let text = Policies::tenant(true);
    let half = text.find("members:").unwrap();
    let mut file = File::create(policies.folder().join("tenants/north.yaml")).unwrap();
    file.write_all(&text.as_bytes()[..half]).unwrap();
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(300) {
        assert!(sidecar.ask("ana").decision(), "half a file is served");
    }
    assert_eq!(sidecar.status()["generation"], generation);
    file.write_all(&text.as_bytes()[half..]).unwrap();
    let since = Instant::now();
    drop(file);
    noticed(&sidecar, true, since, "half of it, then the rest");
    assert_eq!(
        sidecar.metric("octroi_reloads_total{outcome=\"reloaded\"}"),
        1.0
    );
}

#[test]
fn git_checkout_and_pull() {
    if !has_component("git_checkout_and_pull", "git", "git") {
        return;
    }
    let policies = Policies::new();
    let (folder, remote) = (policies.folder(), policies.beside("remote"));
    git(&["init", "--quiet"], &folder);
    git(&["add", "."], &folder);
    git(&["commit", "--quiet", "-m", "without ben"], &folder);
    git(
        &["clone", "--quiet", ".", &remote.display().to_string()],
        &folder,
    );
    git(&["checkout", "--quiet", "-b", "ben"], &folder);
    policies.admit_ben(true);
    git(&["commit", "--quiet", "-am", "with ben"], &folder);
    git(&["checkout", "--quiet", "main"], &folder);
    let head = |folder: &Path| {
        let output = Command::new("git")
            .args(["rev-parse", "HEAD"])
            .current_dir(folder)
            .output();
        String::from_utf8(output.unwrap().stdout)
            .unwrap()
            .trim()
            .to_owned()
    };
    let sidecar = Sidecar::start(&folder);
    let expect = |ben: bool, since: Instant, way: &str| {
        assert!(noticed(&sidecar, ben, since, way) < BY_EVENT);
        let commit = &sidecar.status()["reloads"][0]["commit"];
        assert_eq!(*commit, head(&folder), "{way}");
    };
    let since = Instant::now();
    git(&["checkout", "--quiet", "ben"], &folder);
    expect(true, since, "git checkout ben");
    let since = Instant::now();
    git(&["checkout", "--quiet", "main"], &folder);
    expect(false, since, "git checkout main");

    fs::write(remote.join("tenants/north.yaml"), Policies::tenant(true)).unwrap();
    git(&["commit", "--quiet", "-am", "ben at the remote"], &remote);
    let since = Instant::now();
    git(
        &["pull", "--quiet", &remote.display().to_string(), "main"],
        &folder,
    );
    expect(true, since, "git pull");
    let log = sidecar.log();
    assert!(
        log.contains(&head(&folder)),
        "the log does not name the commit"
    );

    // A worktree of its own has a `.git` file.
    let tree = policies.beside("tree");
    git(
        &[
            "worktree",
            "add",
            "--quiet",
            "--detach",
            &tree.display().to_string(),
        ],
        &folder,
    );
    let other = Sidecar::start(&tree);
    git(&["checkout", "--quiet", "HEAD~1"], &tree);
    other.expect_decision("ben", false);
    assert_eq!(other.status()["reloads"][0]["commit"], head(&tree));
}

#[test]
fn rsync_from_elsewhere() {
    if !has_component("rsync_from_elsewhere", "rsync", "rsync") {
        return;
    }
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let source = policies.beside("source");
    policies.copy_to(&source);
    let from = format!("{}/", source.display());
    let to = policies.folder().display().to_string();
    for (options, ben) in [
        (vec!["-a"], true),
        (vec!["-a", "--delay-updates", "--delete"], false),
        (vec!["-a", "--inplace"], true),
        (vec!["-a", "--checksum", "--delete-before"], false),
    ] {
        fs::write(source.join("tenants/north.yaml"), Policies::tenant(ben)).unwrap();
        let since = Instant::now();
        run(
            "rsync",
            &[&options[..], &["--ignore-times", &from, &to]].concat(),
            &source,
        );
        let took = noticed(
            &sidecar,
            ben,
            since,
            &format!("rsync {}", options.join(" ")),
        );
        assert!(took < BY_EVENT);
    }
    // What rsync leaves alone is not reloaded.
    let generation = sidecar.status()["generation"].clone();
    run("rsync", &["-a", "--ignore-times", &from, &to], &source);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(sidecar.status()["generation"], generation);
}

/// Links whose other end is not below the folder, and comes to be somewhere else.
#[test]
fn links_are_followed_wherever_they_lead() {
    let policies = Policies::new();
    let [one, two] = ["v1", "v2"].map(|name| policies.beside(name));
    for (folder, ben) in [(&one, false), (&two, true)] {
        policies.copy_to(folder);
        fs::write(folder.join("tenants/north.yaml"), Policies::tenant(ben)).unwrap();
    }
    let retarget = |link: &Path, target: &Path| {
        let beside = policies.beside(".link");
        symlink(target, &beside).unwrap();
        fs::rename(beside, link).unwrap();
    };
    // The policy folder itself is such a link, behind another.
    let (outer, inner) = (policies.beside("outer"), policies.beside("inner"));
    symlink(&inner, &outer).unwrap();
    symlink(&one, &inner).unwrap();
    let sidecar = Sidecar::start(&outer);
    let step = |ben: bool, way: &str, change: &dyn Fn()| {
        let since = Instant::now();
        change();
        let took = noticed(&sidecar, ben, since, way);
        assert!(took < BY_EVENT, "{way}: {took:?}");
    };
    step(true, "the folder's link retargeted", &|| {
        retarget(&inner, &two)
    });
    step(false, "a file edited behind the new target", &|| {
        fs::write(two.join("tenants/north.yaml"), Policies::tenant(false)).unwrap();
    });
    // A folder in it.
    let elsewhere = policies.beside("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("north.yaml"), Policies::tenant(true)).unwrap();
    step(true, "a folder replaced by a link", &|| {
        fs::rename(two.join("tenants"), policies.beside("old")).unwrap();
        symlink(&elsewhere, two.join("tenants")).unwrap();
    });
    step(false, "a file edited behind that link", &|| {
        fs::write(elsewhere.join("north.yaml"), Policies::tenant(false)).unwrap();
    });
    // A file in it, through two links.
    let (file, middle) = (policies.beside("file.yaml"), policies.beside("middle"));
    fs::write(&file, Policies::tenant(true)).unwrap();
    symlink(&file, &middle).unwrap();
    step(true, "a file replaced by a link", &|| {
        retarget(&elsewhere.join("north.yaml"), &middle);
    });
    step(false, "the file at its end edited", &|| {
        fs::write(&file, Policies::tenant(false)).unwrap();
    });
    let other = policies.beside("other.yaml");
    fs::write(&other, Policies::tenant(true)).unwrap();
    step(true, "the link between retargeted", &|| {
        retarget(&middle, &other)
    });
    assert_eq!(sidecar.status()["watching"]["by"], "events");
}

#[test]
fn the_folder_removed_and_made_again() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let next = policies.beside("next");
    policies.copy_to(&next);
    fs::write(next.join("tenants/north.yaml"), Policies::tenant(true)).unwrap();
    for _ in 0..3 {
        fs::remove_dir_all(policies.folder()).unwrap();
        assert!(wait_until(SOON, || sidecar.status()["refused"].is_object()));
        assert!(sidecar.ask("ana").decision());
        assert_eq!(sidecar.admin("/readyz").status, 200);
        let since = Instant::now();
        run("cp", &["-r", "next", "policies"], &policies.beside(""));
        noticed(&sidecar, true, since, "the folder made again");
        assert!(wait_until(SOON, || sidecar.status()["refused"].is_null()));
        let since = Instant::now();
        policies.admit_ben(false);
        assert!(noticed(&sidecar, false, since, "and edited") < BY_EVENT);
    }
}

/// An emptied folder says nothing, and nothing is no policy.
#[test]
fn a_file_system_unmounted_and_mounted() {
    let policies = Policies::new();
    let folder = policies.folder().display().to_string();
    let can = Command::new("unshare").args(["--mount", "true"]).status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!(
            "a_file_system_unmounted_and_mounted: EMULATED, for mounting is not allowed here: an empty folder takes the \
             place of the policies, and gives it back"
        );
        let sidecar = Sidecar::start(&policies.folder());
        fs::rename(policies.folder(), policies.beside("away")).unwrap();
        fs::create_dir(policies.folder()).unwrap();
        sidecar.expect_outcome("rejected");
        assert!(sidecar.ask("ana").decision());
        fs::remove_dir(policies.folder()).unwrap();
        fs::rename(policies.beside("away"), policies.folder()).unwrap();
        sidecar.expect_outcome("restored");
        return;
    }
    let wrapper = ["unshare", "--mount", "--propagation", "private"];
    let sidecar = Sidecar::spawn(Sidecar::command_through(&wrapper, &policies.folder()));
    let pid = sidecar.pid().to_string();
    let inside = |command: &[&str]| {
        let enter = ["--target", &pid, "--mount", "--"];
        run("nsenter", &[&enter[..], command].concat(), Path::new("/"));
    };
    let mount = ["mount", "-t", "tmpfs", "tmpfs", &folder];
    for _ in 0..2 {
        inside(&mount);
        sidecar.expect_outcome("rejected");
        assert!(sidecar.ask("ana").decision(), "an empty mount is served");
        assert_eq!(sidecar.admin("/readyz").status, 200);
        let since = Instant::now();
        inside(&["umount", &folder]);
        sidecar.expect_outcome("restored");
        eprintln!("an empty mount went: restored after {:?}", since.elapsed());
    }
    // What is mounted is served and watched; unmounted, what lies below it is again.
    let source = policies.beside("source");
    policies.copy_to(&source);
    fs::write(source.join("tenants/north.yaml"), Policies::tenant(true)).unwrap();
    let fill = format!(
        "mount -t tmpfs tmpfs {folder} && cp -r {}/. {folder}",
        source.display()
    );
    let since = Instant::now();
    inside(&["sh", "-c", &fill]);
    noticed(&sidecar, true, since, "mounted");
    let edit = format!("sed -i '/ben/d' {folder}/tenants/north.yaml");
    let since = Instant::now();
    inside(&["sh", "-c", &edit]);
    assert!(noticed(&sidecar, false, since, "edited on the mount") < BY_EVENT);
    policies.admit_ben(true);
    let since = Instant::now();
    inside(&["umount", &folder]);
    noticed(&sidecar, true, since, "unmounted: what lies below it");
    let since = Instant::now();
    policies.admit_ben(false);
    assert!(noticed(&sidecar, false, since, "edited below") < BY_EVENT);
}

/// As on a network file system: what is changed by mounting over a folder below is no event to anybody.
#[test]
fn a_change_without_an_event_is_found_and_polled_for_from_then_on() {
    let policies = Policies::new();
    let can = Command::new("unshare").args(["--mount", "true"]).status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!(
            "a_change_without_an_event_is_found_and_polled_for_from_then_on: NOT TESTED, for mounting is not allowed \
             here, and nothing else changes a folder without an event"
        );
        return;
    }
    let wrapper = ["unshare", "--mount", "--propagation", "private"];
    let sidecar = Sidecar::spawn(Sidecar::command_through(&wrapper, &policies.folder()));
    let source = policies.beside("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("north.yaml"), Policies::tenant(true)).unwrap();
    let (pid, tenants) = (sidecar.pid().to_string(), policies.folder().join("tenants"));
    let (source, tenants) = (source.display().to_string(), tenants.display().to_string());
    let enter = [
        "--target", &pid, "--mount", "--", "mount", "--bind", &source, &tenants,
    ];
    let since = Instant::now();
    run("nsenter", &enter, Path::new("/"));
    noticed(&sidecar, true, since, "mounted over a folder below");
    let is_polled = || sidecar.status()["watching"]["by"] == "polling";
    assert!(wait_until(SOON, is_polled), "{}", sidecar.status());
    sidecar.expect_log("a change came without an event");
    assert_eq!(sidecar.metric("octroi_policies_polled"), 1.0);
    let since = Instant::now();
    fs::write(
        Path::new(&source).join("north.yaml"),
        Policies::tenant(false),
    )
    .unwrap();
    assert!(noticed(&sidecar, false, since, "edited there") < BY_EVENT);
}

/// Root may read everything, so somebody else follows the folder.
#[test]
fn a_file_without_permission() {
    let policies = Policies::new();
    let readable = |path: &Path, mode: u32| {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    let north = policies.folder().join("tenants/north.yaml");
    readable(&policies.beside(""), 0o755);
    let mut command = Sidecar::command(&policies.folder());
    if fs::metadata("/proc/self")
        .map(|own| std::os::unix::fs::MetadataExt::uid(&own))
        .unwrap()
        == 0
    {
        command.uid(NOBODY).gid(NOBODY);
    }
    let sidecar = Sidecar::spawn(command);
    for _ in 0..2 {
        readable(&north, 0o000);
        sidecar.expect_outcome("unreadable");
        let status = sidecar.status();
        let reason = status["refused"]["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains("north.yaml"), "{reason}");
        assert!(sidecar.ask("ana").decision());
        let since = Instant::now();
        readable(&north, 0o644);
        sidecar.expect_outcome("restored");
        eprintln!("readable again: restored after {:?}", since.elapsed());
        assert!(since.elapsed() < BY_EVENT);
    }
    // A folder as a whole.
    let tenants = policies.folder().join("tenants");
    readable(&tenants, 0o000);
    sidecar.expect_outcome("unreadable");
    readable(&tenants, 0o755);
    sidecar.expect_outcome("restored");
}

/// Whoever opened a pipe would wait for its other end, and whoever read a device to its end would never be done.
#[test]
fn a_pipe_and_a_device_keep_nobody_waiting() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let odd = policies.folder().join("odd.yaml");
    let pipe = || run("mkfifo", &["odd.yaml"], &policies.folder());
    let device = || symlink("/dev/zero", &odd).unwrap();
    for make in [&pipe as &dyn Fn(), &device] {
        make();
        let check = Command::new(env!("CARGO_BIN_EXE_octroi"))
            .arg("check")
            .arg(policies.folder())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&check.stdout).into_owned();
        assert_eq!(check.status.code(), Some(3), "{said}");
        assert!(said.contains("odd.yaml") && said.contains("a pipe, a socket or a device"));
        sidecar.expect_outcome("rejected");
        let refused = sidecar.status()["refused"]["reason"].to_string();
        assert!(refused.contains("odd.yaml"), "{refused}");
        assert!(sidecar.ask("ana").decision());
        fs::remove_file(&odd).unwrap();
        sidecar.expect_outcome("restored");
    }
}

#[test]
fn a_thousand_files_at_once() {
    const FILES: usize = 1_000;
    let policies = Policies::new();
    let names: Vec<String> = (0..FILES).map(|number| format!("south-{number}")).collect();
    let write = |ben: bool| {
        for name in &names {
            let path = format!("tenants/{name}.yaml");
            policies.overwrite(&path, &Policies::tenant_called(name, ben));
        }
        policies.overwrite("tenants/north.yaml", &Policies::tenant(ben));
    };
    write(false);
    let sidecar = Sidecar::start_with(&policies.folder(), &["--log-level", "debug"]);
    let reloads = || sidecar.metric("octroi_reloads_total{outcome=\"reloaded\"}");
    let looked = || {
        sidecar
            .log()
            .matches("the policies are what they were")
            .count()
    };
    run("sh", &["-c", "touch tenants/*.yaml"], &policies.folder());
    assert!(wait_until(SOON, || looked() > 0));
    assert_eq!(reloads(), 0.0, "nothing changed");
    let since = Instant::now();
    write(true);
    let wrote = since.elapsed();
    noticed(&sidecar, true, since, "a thousand files written");
    let members = || sidecar.metric("octroi_members") as usize;
    assert!(wait_until(SOON, || members() == 2 * (FILES + 1)));
    eprintln!(
        "{} reloads for {FILES} files, written in {wrote:?}",
        reloads()
    );
    // As many as the patience with a flood allows, and no more.
    let most = 3.0 + wrote.as_secs_f64() * 2.0;
    assert!(reloads() <= most, "{} reloads", reloads());
    let added = sidecar.metric("octroi_reload_changes_total{what=\"member\",change=\"added\"}");
    assert_eq!(added as usize, FILES + 1);
}

#[test]
fn what_is_polled_is_told_and_followed() {
    let policies = Policies::new();
    let sidecar = Sidecar::start_with(&policies.folder(), &["--watch", "poll"]);
    assert_eq!(sidecar.status()["watching"]["by"], "polling");
    polled(&policies, &sidecar, "asked for");
}

fn polled(policies: &Policies, sidecar: &Sidecar, why: &str) {
    let reason = sidecar.status()["watching"]["reason"].clone();
    assert!(reason.as_str().unwrap().contains(why), "{reason}");
    assert_eq!(sidecar.metric("octroi_policies_polled"), 1.0);
    assert!(sidecar.log().contains(why), "{}", sidecar.log());
    for ben in [true, false, true] {
        let since = Instant::now();
        policies.admit_ben(ben);
        noticed(sidecar, ben, since, "polled");
    }
    policies.break_tenant();
    sidecar.expect_outcome("rejected");
    policies.admit_ben(true);
    sidecar.expect_outcome("restored");
}

/// Children that are killed at the end.
struct Children(Vec<Child>);

impl Drop for Children {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The limits are those of a user namespace of its own, so nobody else runs out of anything.
#[test]
fn inotify_has_nothing_left() {
    for (limit, value, why) in [
        ("max_inotify_watches", "1", "no inotify watch is left"),
        ("max_inotify_instances", "0", "no inotify instance is left"),
    ] {
        let policies = Policies::new();
        let script = format!("echo {value} > /proc/sys/user/{limit} && exec \"$@\"");
        let wrapper = [
            "unshare",
            "--user",
            "--map-root-user",
            "sh",
            "-c",
            &script,
            "sh",
        ];
        let probe = Command::new("unshare")
            .args(["--user", "--map-root-user", "sh", "-c"])
            .arg(format!("echo {value} > /proc/sys/user/{limit}"))
            .status();
        if probe.is_ok_and(|status| status.success()) {
            let command = Sidecar::command_through(&wrapper, &policies.folder());
            polled(&policies, &Sidecar::spawn(command), why);
        } else {
            eprintln!(
                "inotify_has_nothing_left: no user namespaces here; another user takes every instance instead of {limit}"
            );
            all_instances_taken(&policies);
        }
    }
}

/// `tail -f` takes one each.
fn all_instances_taken(policies: &Policies) {
    const SOMEBODY: u32 = 54_321;
    let most = fs::read_to_string("/proc/sys/fs/inotify/max_user_instances").unwrap();
    let most: usize = most.trim().parse().unwrap();
    assert!(
        most <= 2_000,
        "{most} inotify instances are too many to take them all"
    );
    fs::set_permissions(policies.beside(""), Permissions::from_mode(0o755)).unwrap();
    let file = policies.folder().join("application.yaml");
    let tail = || {
        let mut command = Command::new("tail");
        command
            .arg("-f")
            .arg(&file)
            .uid(SOMEBODY)
            .stdout(Stdio::null());
        command.stderr(Stdio::null()).spawn().unwrap()
    };
    let _tails = Children((0..most).map(|_| tail()).collect());
    thread::sleep(Duration::from_secs(1));
    let mut command = Sidecar::command(&policies.folder());
    command.uid(SOMEBODY);
    polled(
        policies,
        &Sidecar::spawn(command),
        "no inotify instance is left",
    );
}
