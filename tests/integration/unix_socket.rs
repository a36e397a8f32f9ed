//! Unix sockets: who may connect, and what happens to the file.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::support::{
    Client, Http2, Policies, Sidecar, curl, has_component, question, refusal, wait_until,
};

fn client(path: &Path) -> Client<UnixStream> {
    let stream = UnixStream::connect(path).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    Client::over(stream)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A folder for sockets, with one of that name asked for.
fn socket(policies: &Policies) -> (PathBuf, String) {
    let folder = policies.beside("run");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("octroi.sock");
    let listen = format!("unix:{}", path.display());
    (path, listen)
}

#[test]
fn is_served_in_both_protocols_and_removed_at_a_stop() {
    let policies = Policies::new();
    let (path, listen) = socket(&policies);
    let mut sidecar = Sidecar::start_with(&policies.folder(), &["--listen", &listen]);
    assert_eq!(mode(&path), 0o600);
    let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "something is left beside the socket");
    let mut http1 = client(&path);
    assert!(http1.ask("ana").decision());
    assert!(!http1.ask("ben").decision());
    assert!(Http2::connect_unix(&path).ask("ana").decision());
    assert!(sidecar.ask("ana").decision());
    assert_eq!(sidecar.listeners()[1], listen);
    assert_eq!(
        sidecar.status()["listeners"][1],
        serde_json::json!({"kind": "decision", "address": listen})
    );
    assert!(wait_until(Duration::from_secs(5), || {
        sidecar.metric("octroi_connections") == 1.0
    }));
    sidecar.signal("TERM");
    assert!(http1.is_closed());
    assert_eq!(sidecar.exit().code(), Some(0), "{}", sidecar.log());
    assert!(!path.exists());
}

#[test]
fn a_request_under_way_is_finished_at_a_stop() {
    let policies = Policies::new();
    let (path, listen) = socket(&policies);
    let mut sidecar = Sidecar::start_with(&policies.folder(), &["--listen", &listen]);
    let request = super::support::evaluation("", question("ana").as_bytes());
    let mut client = client(&path);
    client.send(&request[..request.len() - 10]);
    thread::sleep(Duration::from_millis(200));
    sidecar.signal("TERM");
    assert!(wait_until(Duration::from_secs(5), || !path.exists()));
    client.send(&request[request.len() - 10..]);
    assert!(client.receive().decision());
    assert_eq!(sidecar.exit().code(), Some(0));
}

#[test]
fn has_the_mode_that_is_asked_for() {
    let policies = Policies::new();
    let (path, listen) = socket(&policies);
    for (text, expected) in [("0660", 0o660), ("666", 0o666), ("0600", 0o600)] {
        let options = ["--listen", &listen, "--unix-mode", text];
        let _sidecar = Sidecar::start_with(&policies.folder(), &options);
        assert_eq!(mode(&path), expected);
    }
    for text in ["0888", "1777", "rw", ""] {
        let options = ["--listen", &listen, "--unix-mode", text];
        let (code, said) = refusal(&policies.folder(), &options);
        assert_eq!(code, Some(2), "{text}: {said}");
    }
}

/// The umask of the process opens everything; the socket is closed all the same, from its first moment on.
#[test]
fn is_never_open_wider_than_its_mode() {
    let policies = Policies::new();
    let (path, listen) = socket(&policies);
    let stop = Arc::new(AtomicBool::new(false));
    let (watched, stopped) = (path.clone(), Arc::clone(&stop));
    let watcher = thread::spawn(move || {
        let mut seen = 0;
        while !stopped.load(Ordering::Relaxed) {
            if let Ok(metadata) = fs::symlink_metadata(&watched) {
                assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
                seen += 1;
            }
        }
        seen
    });
    for _ in 0..3 {
        let mut child = Command::new("sh")
            .args([
                "-c",
                r#"umask 0; exec "$0" "$@""#,
                env!("CARGO_BIN_EXE_octroi"),
                "serve",
            ])
            .arg(policies.folder())
            .args(["--listen", &listen, "--admin", "127.0.0.1:0"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let listens = || UnixStream::connect(&path).is_ok();
        assert!(wait_until(Duration::from_secs(20), listens));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    assert!(watcher.join().unwrap() > 0);
}

#[test]
fn a_dead_socket_is_replaced_and_a_live_one_is_not() {
    let policies = Policies::new();
    let (path, listen) = socket(&policies);
    let options = ["--listen", listen.as_str()];
    // Dropped is killed: the file stays behind.
    drop(Sidecar::start_with(&policies.folder(), &options));
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    let sidecar = Sidecar::start_with(&policies.folder(), &options);
    let mut before = client(&path);
    assert!(before.ask("ana").decision());

    let (code, said) = refusal(&policies.folder(), &options);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&listen) && said.contains("another process listens there"),
        "{said}"
    );
    assert!(before.ask("ana").decision());
    assert!(client(&path).ask("ana").decision());
    drop(sidecar);
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let policies = Policies::new();
    let (path, listen) = socket(&policies);
    let options = ["--listen", listen.as_str()];
    let refused = || {
        let (code, said) = refusal(&policies.folder(), &options);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("is no socket"), "{said}");
    };
    fs::write(&path, "precious").unwrap();
    refused();
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused();
    fs::remove_dir(&path).unwrap();
    symlink("elsewhere", &path).unwrap();
    refused();
    assert_eq!(fs::read_link(&path).unwrap(), Path::new("elsewhere"));
}

#[test]
fn says_where_it_cannot_be() {
    let policies = Policies::new();
    let long = policies.beside(&"x".repeat(200));
    for (path, expected) in [
        (
            policies.beside("nowhere/octroi.sock"),
            "folder does not exist",
        ),
        (long, "the path is too long"),
    ] {
        let listen = format!("unix:{}", path.display());
        let (code, said) = refusal(&policies.folder(), &["--listen", &listen]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(&listen) && said.contains(expected), "{said}");
    }
    let (code, said) = refusal(&policies.folder(), &["--listen", "unix:"]);
    assert_eq!(code, Some(2), "{said}");
}

#[test]
fn is_removed_where_there_is_nothing_to_serve() {
    let policies = Policies::new();
    policies.break_tenant();
    let (path, listen) = socket(&policies);
    let (code, said) = refusal(&policies.folder(), &["--listen", &listen]);
    assert_eq!(code, Some(3), "{said}");
    assert!(!path.exists());
}

#[test]
fn curl_asks_at_a_socket() {
    if !has_component("curl_asks_at_a_socket", "curl", "curl") {
        return;
    }
    let policies = Policies::new();
    let (path, listen) = socket(&policies);
    let _sidecar = Sidecar::start_with(&policies.folder(), &["--listen", &listen]);
    let path = path.to_str().unwrap();
    let url = "http://localhost/access/v1/evaluation";
    for (options, version) in [
        (vec!["--unix-socket", path], "1.1"),
        (vec!["--unix-socket", path, "--http2-prior-knowledge"], "2"),
    ] {
        let expected = format!("HTTP/{version} 200 {{\"decision\":true}}");
        assert_eq!(curl(&options, url, &question("ana")), expected);
    }
}
