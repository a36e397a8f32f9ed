//! TLS: with whom it speaks, and that certificates change while it does.

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use super::support::{
    Authority, Client, Http2, Issued, Policies, Sidecar, curl, has_component, question, refusal,
    wait_until,
};

const SOON: Duration = Duration::from_secs(10);

/// The options for a listener with TLS.
fn options(files: &(PathBuf, PathBuf)) -> Vec<&str> {
    let (certificate, key) = files;
    vec![
        "--listen",
        "tls:127.0.0.1:0",
        "--tls-cert",
        certificate.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ]
}

struct Served {
    policies: Policies,
    authority: Authority,
    sidecar: Sidecar,
}

fn served(more: &[&str]) -> Served {
    let (policies, authority) = (Policies::new(), Authority::new());
    let files = authority.issue().write(&policies.beside("tls"));
    let options = [&options(&files), more].concat();
    let sidecar = Sidecar::start_with(&policies.folder(), &options);
    Served {
        policies,
        authority,
        sidecar,
    }
}

#[test]
fn is_served_beside_plain_listeners() {
    let served = served(&[]);
    let address = served.sidecar.tls();
    let mut client = served.authority.client().connect(address).unwrap();
    for _ in 0..10 {
        assert!(client.ask("ana").decision());
        assert!(!client.ask("ben").decision());
    }
    assert!(served.sidecar.ask("ana").decision());
    let shown = format!("tls:{address}");
    assert_eq!(
        served.sidecar.status()["listeners"][1],
        serde_json::json!({"kind": "decision", "address": shown})
    );
    assert_eq!(served.sidecar.metric("octroi_connections"), 1.0);
}

#[test]
fn speaks_tls_1_2_and_1_3_and_agrees_on_the_protocol() {
    let served = served(&[]);
    let address = served.sidecar.tls();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for (offered, agreed) in [
            (&[][..], None),
            (&["http/1.1"][..], Some("http/1.1")),
            (&["http/1.1", "h2"][..], Some("h2")),
        ] {
            let client = served.authority.client_with(None, &[version]);
            let mut client = client.offering(offered).connect(address).unwrap();
            let connection = &client.stream().conn;
            assert_eq!(connection.protocol_version(), Some(version.version));
            assert_eq!(connection.alpn_protocol(), agreed.map(str::as_bytes));
            if agreed != Some("h2") {
                assert!(client.ask("ana").decision());
            }
        }
        let client = served.authority.client_with(None, &[version]);
        let mut http2 = Http2::connect_tls(address, &client);
        assert!(http2.ask("ana").decision());
        assert!(!http2.ask("ben").decision());
    }
    let other = served.authority.client().offering(&["spdy/1"]);
    assert!(other.ask(address, "ana").is_err());
    assert!(Authority::new().client().ask(address, "ana").is_err());
}

#[test]
fn what_is_no_handshake_disturbs_nobody() {
    let served = served(&[]);
    let address = served.sidecar.tls();
    for bytes in [
        b"POST /access/v1/evaluation HTTP/1.1\r\n\r\n".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\xff\xff",
        &[0; 4096],
        b"",
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(bytes).unwrap();
        drop(stream);
        assert!(served.authority.client().ask(address, "ana").unwrap());
    }
    assert!(wait_until(SOON, || {
        served.sidecar.metric("octroi_connections") == 0.0
    }));
}

#[test]
fn a_slow_handshake_keeps_nobody_waiting() {
    let served = served(&["--connections-max", "4"]);
    let address = served.sidecar.tls();
    let mut slow: Vec<_> = (0..3)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    slow[0].write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    let started = Instant::now();
    assert!(served.authority.client().ask(address, "ana").unwrap());
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn handshakes_count_as_connections_and_have_their_time() {
    let served = served(&["--connections-max", "2", "--idle-max", "1"]);
    let address = served.sidecar.tls();
    let stuck: Vec<_> = (0..2)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let counted = || served.sidecar.metric("octroi_connections") == 2.0;
    assert!(wait_until(SOON, counted));
    let started = Instant::now();
    assert!(served.authority.client().ask(address, "ana").unwrap());
    let took = started.elapsed();
    assert!(
        took > Duration::from_millis(300) && took < Duration::from_secs(8),
        "{took:?}"
    );
    for stream in stuck {
        assert!(Client::over(stream).is_closed());
    }
}

#[test]
fn a_stop_is_graceful_and_does_not_wait_for_handshakes() {
    let mut served = served(&[]);
    let address = served.sidecar.tls();
    let _stuck = TcpStream::connect(address).unwrap();
    let mut idle = served.authority.client().connect(address).unwrap();
    assert!(idle.ask("ana").decision());
    let request = super::support::evaluation("", question("ana").as_bytes());
    let mut under_way = served.authority.client().connect(address).unwrap();
    under_way.send(&request[..request.len() - 10]);
    thread::sleep(Duration::from_millis(200));
    let started = Instant::now();
    served.sidecar.signal("TERM");
    assert!(idle.is_closed(), "closed with a proper goodbye of TLS");
    under_way.send(&request[request.len() - 10..]);
    assert!(under_way.receive().decision());
    assert_eq!(served.sidecar.exit().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn clients_must_have_a_certificate_where_it_is_asked_for() {
    let (policies, authority) = (Policies::new(), Authority::new());
    let files = authority.issue().write(&policies.beside("tls"));
    let clients = Authority::new();
    let ca = clients.write(&policies.beside("tls"));
    let options = [
        &options(&files)[..],
        &["--tls-client-ca", ca.to_str().unwrap()],
    ]
    .concat();
    let sidecar = Sidecar::start_with(&policies.folder(), &options);
    let address = sidecar.tls();
    let known = clients.issue();
    let foreign = authority.issue();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client = |own| authority.client_with(own, &[version]);
        assert!(client(Some(&known)).ask(address, "ana").unwrap());
        assert!(client(Some(&foreign)).ask(address, "ana").is_err());
        assert!(client(None).ask(address, "ana").is_err());
        assert!(
            Http2::connect_tls(address, &client(Some(&known)))
                .ask("ana")
                .decision()
        );
    }
    // The plain listener asks for none.
    assert!(sidecar.ask("ana").decision());

    // Another authority from now on; what an old certificate agreed on is not resumed.
    let client = authority.client_with(Some(&known), rustls::ALL_VERSIONS);
    assert!(client.ask(address, "ana").unwrap());
    let others = Authority::new();
    others.write(&policies.beside("tls"));
    sidecar.expect_log("TLS certificates reloaded");
    assert!(client.ask(address, "ana").is_err());
    let new = others.issue();
    let client = authority.client_with(Some(&new), rustls::ALL_VERSIONS);
    assert!(client.ask(address, "ana").unwrap());
}

/// Asks on ever new connections until told to stop, and once more; the certificates that it met.
fn ask_on(
    served: &Served,
    stop: &Arc<AtomicBool>,
    begun: &Arc<Barrier>,
) -> thread::JoinHandle<(HashSet<Vec<u8>>, usize)> {
    let (client, address) = (served.authority.client(), served.sidecar.tls());
    let (stop, begun) = (Arc::clone(stop), Arc::clone(begun));
    thread::spawn(move || {
        let (mut seen, mut asked, mut is_last) = (HashSet::new(), 0, false);
        while !is_last {
            is_last = stop.load(Ordering::Relaxed);
            let mut client = client.connect(address).unwrap();
            let chain = client.stream().conn.peer_certificates().unwrap();
            seen.insert(chain[0].to_vec());
            for _ in 0..3 {
                assert!(client.ask("ana").decision());
                asked += 1;
            }
            if asked == 3 {
                begun.wait();
            }
        }
        (seen, asked)
    })
}

/// What the listener presents now.
fn presents(served: &Served, certificate: &Issued) -> bool {
    let client = served.authority.client();
    let client = client.connect(served.sidecar.tls()).unwrap();
    client.stream().conn.peer_certificates().unwrap()[0] == certificate.der()
}

#[test]
fn certificates_change_under_load() {
    let served = served(&[]);
    let folder = served.policies.beside("tls");
    let stop = Arc::new(AtomicBool::new(false));
    let mut kept = served
        .authority
        .client()
        .connect(served.sidecar.tls())
        .unwrap();
    let begun = Arc::new(Barrier::new(3));
    let askers: Vec<_> = (0..2).map(|_| ask_on(&served, &stop, &begun)).collect();
    begun.wait();
    for _ in 0..3 {
        let next = served.authority.issue();
        next.write(&folder);
        assert!(
            wait_until(SOON, || presents(&served, &next)),
            "{}",
            served.sidecar.log()
        );
    }
    stop.store(true, Ordering::Relaxed);
    for asker in askers {
        let (seen, asked) = asker.join().unwrap();
        assert_eq!(seen.len(), 4, "the first certificate and three more");
        assert!(asked > 30, "asked only {asked} questions");
    }
    assert!(kept.ask("ana").decision(), "an old connection goes on");
}

#[test]
fn a_bad_change_keeps_the_certificate_before() {
    let served = served(&[]);
    let folder = served.policies.beside("tls");
    let (first, second) = (served.authority.issue(), served.authority.issue());
    first.write(&folder);
    assert!(wait_until(SOON, || presents(&served, &first)));

    // The new certificate without its key.
    fs::write(folder.join("tls.crt"), &second.certificate).unwrap();
    served.sidecar.expect_log("does not match the private key");
    assert!(presents(&served, &first));
    let good = || {
        let series = "octroi_file_reload_successful{file=\"certificates\"}";
        served.sidecar.metric(series)
    };
    let files = || served.sidecar.status()["files"].clone();
    assert_eq!(good(), 0.0);
    assert_eq!(files()[0]["kind"], "certificates");
    let refused = files()[0]["refused"].clone();
    let error = refused["error"].as_str().unwrap();
    assert!(error.contains("does not match the private key"), "{error}");
    fs::write(folder.join("tls.crt"), "no PEM at all").unwrap();
    served.sidecar.expect_log("there is no certificate in it");
    fs::remove_file(folder.join("tls.key")).unwrap();
    served.sidecar.expect_log("there is no such file");
    assert!(presents(&served, &first));
    assert_eq!(files()[0]["refused"]["since"], refused["since"]);
    let said = served.sidecar.log();
    assert!(said.contains("the ones before stay"), "{said}");

    second.write(&folder);
    assert!(wait_until(SOON, || presents(&served, &second)), "{said}");
    assert!(wait_until(SOON, || good() == 1.0));
    assert!(files()[0]["refused"].is_null());
}

/// As Kubernetes mounts a Secret: files are links through `..data`, which is swapped whole.
#[test]
fn a_mounted_secret_is_followed() {
    let (policies, authority) = (Policies::new(), Authority::new());
    let mount = policies.beside("secret");
    let (first, second) = (authority.issue(), authority.issue());
    first.write(&mount.join("..v1"));
    second.write(&mount.join("..v2"));
    symlink("..v1", mount.join("..data")).unwrap();
    for file in ["tls.crt", "tls.key"] {
        symlink(format!("..data/{file}"), mount.join(file)).unwrap();
    }
    let files = (mount.join("tls.crt"), mount.join("tls.key"));
    let sidecar = Sidecar::start_with(&policies.folder(), &options(&files));
    let served = Served {
        policies,
        authority,
        sidecar,
    };
    assert!(presents(&served, &first));
    symlink("..v2", mount.join("..data_tmp")).unwrap();
    fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    assert!(wait_until(SOON, || presents(&served, &second)));
}

#[test]
fn what_cannot_be_meant_is_wrong_usage() {
    let (policies, authority) = (Policies::new(), Authority::new());
    let (certificate, key) = authority.issue().write(&policies.beside("tls"));
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    for (options, expected) in [
        (
            vec!["--listen", "tls:127.0.0.1:0"],
            "--tls-cert FILE and --tls-key FILE",
        ),
        (
            vec!["--tls-cert", certificate, "--tls-key", key],
            "no listener has TLS",
        ),
        (
            vec!["--listen", "tls:127.0.0.1:0", "--tls-cert", certificate],
            "--tls-key",
        ),
        (
            vec!["--listen", "tls:127.0.0.1:0", "--tls-key", key],
            "--tls-cert",
        ),
        (vec!["--tls-client-ca", certificate], "--tls-cert"),
        (vec!["--listen", "tls:localhost"], "such as 127.0.0.1:8181"),
        (vec!["--admin", "tls:127.0.0.1:0"], "--admin"),
    ] {
        let (code, said) = refusal(&policies.folder(), &options);
        assert_eq!(code, Some(2), "{options:?}: {said}");
        assert!(said.contains(expected), "{options:?}: {said}");
    }
}

/// Starts on files that are written, and expects to be told of `file`.
fn does_not_start(policies: &Policies, files: &(PathBuf, PathBuf), file: &Path, expected: &str) {
    let (code, said) = refusal(&policies.folder(), &options(files));
    assert_eq!(code, Some(1), "{said}");
    let file = file.to_str().unwrap();
    assert!(said.contains(file) && said.contains(expected), "{said}");
    assert!(!said.contains("PRIVATE KEY-----\\n"), "{said}");
}

#[test]
fn does_not_start_on_files_that_are_not_right() {
    let (policies, authority) = (Policies::new(), Authority::new());
    let folder = policies.beside("tls");
    let good = authority.issue();
    let files = good.write(&folder);
    let (certificate, key) = &files;

    fs::write(certificate, authority.issue().certificate).unwrap();
    for file in [certificate, key] {
        does_not_start(&policies, &files, file, "does not match the private key");
    }
    for (text, expected) in [
        ("", "there is no certificate in it"),
        (&good.key, "there is no certificate in it"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n", "breaks off"),
        (
            "-----BEGIN CERTIFICATE-----\n?!?!\n-----END CERTIFICATE-----\n",
            "is no base64",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "is damaged",
        ),
    ] {
        fs::write(certificate, text).unwrap();
        does_not_start(&policies, &files, certificate, expected);
    }
    good.write(&folder);
    for (text, expected) in [
        ("", "there is no private key in it"),
        (&good.certificate, "there is no private key in it"),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "the private key is damaged",
        ),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "the private key is encrypted",
        ),
    ] {
        fs::write(key, text).unwrap();
        does_not_start(&policies, &files, key, expected);
    }
    fs::remove_file(key).unwrap();
    does_not_start(&policies, &files, key, "there is no such file");

    good.write(&folder);
    let ca = folder.join("clients.pem");
    fs::write(&ca, "").unwrap();
    let more = ["--tls-client-ca", ca.to_str().unwrap()];
    let (code, said) = refusal(&policies.folder(), &[&options(&files)[..], &more].concat());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("clients.pem"), "{said}");
}

#[test]
fn a_key_that_others_may_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let (policies, authority) = (Policies::new(), Authority::new());
    let files = authority.issue().write(&policies.beside("tls"));
    for (mode, warned) in [(0o640, true), (0o604, true), (0o600, false)] {
        fs::set_permissions(&files.1, fs::Permissions::from_mode(mode)).unwrap();
        let sidecar = Sidecar::start_with(&policies.folder(), &options(&files));
        let log = sidecar.log();
        assert_eq!(log.contains("the private key can be read"), warned, "{log}");
    }
}

#[test]
fn curl_speaks_tls_with_us() {
    if !has_component("curl_speaks_tls_with_us", "curl", "curl") {
        return;
    }
    let served = served(&[]);
    let ca = served.authority.write(&served.policies.beside("tls"));
    let port = served.sidecar.tls().port();
    let url = format!("https://localhost:{port}/access/v1/evaluation");
    let resolve = format!("localhost:{port}:127.0.0.1");
    let common = ["--cacert", ca.to_str().unwrap(), "--resolve", &resolve];
    for (more, version) in [
        (&["--http1.1"][..], "1.1"),
        (&["--http2"], "2"),
        (&["--http2", "--tls-max", "1.2"], "2"),
        (&["--http1.1", "--tlsv1.3"], "1.1"),
    ] {
        let said = curl(&[&common[..], more].concat(), &url, &question("ana"));
        assert_eq!(
            said,
            format!("HTTP/{version} 200 {{\"decision\":true}}"),
            "{more:?}"
        );
    }
    let said = curl(&[&common[..], &["--tls-max", "1.1"]].concat(), &url, "{}");
    assert!(said.contains("HTTP/0 000"), "{said}");
}
