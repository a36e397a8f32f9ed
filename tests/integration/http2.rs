//! HTTP/2 on plain listeners: the same answers, and limits of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Channel};

use super::support::{Http2, Policies, Sidecar, answer, curl, has_component, question, wait_until};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const EVALUATION: &str = "/access/v1/evaluation";

#[test]
fn answers_like_http1_does() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let mut client = Http2::connect(sidecar.decision);
    let headers = [("x-request-id", "r-4"), ("octroi-explain", "true")];
    let explained = client.send(Http2::evaluation("ben", &headers));
    assert!(!explained.decision());
    assert_eq!(explained.json()["context"]["reason"], "not_a_member");
    assert_eq!(explained.header("x-request-id"), Some("r-4"));
    let revision = sidecar.status()["revision"].clone();
    assert_eq!(explained.header("octroi-revision"), revision.as_str());
    let large = "[".repeat(2 << 20);
    for (method, path, body, status) in [
        ("POST", "/nowhere", "{}", 404),
        ("GET", EVALUATION, "", 405),
        ("POST", EVALUATION, "{", 400),
        ("POST", EVALUATION, "", 400),
        ("POST", EVALUATION, &large, 413),
    ] {
        let answer = client.send(Http2::request(method, path, &[], body.to_owned()));
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.json()["error"].is_string());
        assert_eq!(answer.header("connection"), None);
        assert!(client.ask("ana").decision(), "on the same connection");
    }
    assert!(sidecar.ask("ana").decision(), "beside HTTP/1");
}

#[test]
fn answers_many_at_once_on_one_connection() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let mut client = Http2::connect(sidecar.decision);
    let sent: Vec<_> = (0..500)
        .map(|turn| {
            let account = if turn % 3 == 0 { "ben" } else { "ana" };
            let id = turn.to_string();
            let request = Http2::evaluation(account, &[("x-request-id", &id)]);
            (turn, client.sender.send_request(request))
        })
        .collect();
    client.runtime.block_on(async {
        for (turn, sent) in sent {
            let answer = answer(sent.await.unwrap()).await;
            let id = turn.to_string();
            assert_eq!(answer.header("x-request-id"), Some(id.as_str()));
            assert_eq!(answer.decision(), turn % 3 != 0);
        }
    });
    assert_eq!(sidecar.metric("octroi_connections"), 1.0);
    drop(client);
    assert!(wait_until(Duration::from_secs(5), || {
        sidecar.metric("octroi_connections") == 0.0
    }));
}

#[test]
fn an_idle_connection_ends_and_a_busy_one_does_not() {
    let policies = Policies::new();
    let sidecar = Sidecar::start_with(&policies.folder(), &["--idle-max", "1"]);
    let mut client = Http2::connect(sidecar.decision);
    for _ in 0..8 {
        assert!(client.ask("ana").decision());
        thread::sleep(Duration::from_millis(300));
    }
    let started = Instant::now();
    assert!(client.ends_within(Duration::from_secs(5)));
    assert!(started.elapsed() > Duration::from_millis(400));
    // One that never asked, ones that stopped in the middle of their first words, and one that sends nothing.
    let mut silent = Http2::connect(sidecar.decision);
    assert!(silent.ends_within(Duration::from_secs(5)));
    for bytes in [PREFACE, &PREFACE[..20], b""] {
        let mut stream = TcpStream::connect(sidecar.decision).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(15)))
            .unwrap();
        stream.write_all(bytes).unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).unwrap();
    }
    assert!(wait_until(Duration::from_secs(15), || {
        sidecar.metric("octroi_connections") == 0.0
    }));
}

#[test]
fn a_stop_lets_what_is_under_way_finish() {
    let policies = Policies::new();
    let mut sidecar = Sidecar::start(&policies.folder());
    let mut idle = Http2::connect(sidecar.decision);
    assert!(idle.ask("ana").decision());
    let mut client = Http2::connect(sidecar.decision);
    assert!(client.ask("ana").decision());
    let (mut parts, body) = Channel::new(8);
    let request = Http2::evaluation("ana", &[]).map(|_| body.boxed());
    let question = Bytes::from(question("ana"));
    let under_way = client.sender.send_request(request);
    let sent = parts.send_data(question.slice(..20));
    client.runtime.block_on(sent).unwrap();
    thread::sleep(Duration::from_millis(200));
    sidecar.signal("TERM");
    assert!(idle.ends_within(Duration::from_secs(5)));
    assert!(TcpStream::connect(sidecar.decision).is_err());
    let answer = client.runtime.block_on(async {
        parts.send_data(question.slice(20..)).await.unwrap();
        drop(parts);
        answer(under_way.await.unwrap()).await
    });
    assert!(answer.decision());
    assert!(client.ends_within(Duration::from_secs(5)));
    assert_eq!(sidecar.exit().code(), Some(0), "{}", sidecar.log());
}

/// A frame by hand.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head[..], payload].concat()
}

const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GO_AWAY: u8 = 7;
const END_HEADERS: u8 = 4;
const ENHANCE_YOUR_CALM: u8 = 11;
/// `POST / HTTP/2` to `http://a`, compressed.
const HEAD: &[u8] = &[0x83, 0x86, 0x84, 0x41, 1, b'a'];

/// The error code with which the connection is ended, if it is with one.
fn gone_away(mut bytes: &[u8]) -> Option<u8> {
    while let Some((head, rest)) = bytes.split_at_checked(9) {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let (payload, rest) = rest.split_at_checked(length)?;
        if head[3] == GO_AWAY && payload[7] != 0 {
            return Some(payload[7]);
        }
        bytes = rest;
    }
    None
}

#[test]
fn streams_that_are_reset_at_once_end_the_connection() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let mut stream = TcpStream::connect(sidecar.decision).unwrap();
    let mut bytes = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    for id in (1..20_000).step_by(2) {
        bytes.extend(frame(HEADERS, END_HEADERS, id, HEAD));
        bytes.extend(frame(RESET, 0, id, &8_u32.to_be_bytes()));
    }
    let _ = stream.write_all(&bytes);
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let (mut read, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut part) {
        read.extend_from_slice(&part[..length]);
    }
    assert!(
        matches!(gone_away(&read), Some(ENHANCE_YOUR_CALM)),
        "{read:?}"
    );
    assert!(Http2::connect(sidecar.decision).ask("ana").decision());
}

#[test]
fn heads_are_bounded() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let mut client = Http2::connect(sidecar.decision);
    let long = "x".repeat(1_000);
    let names: Vec<_> = (0..40).map(|number| format!("x-{number}")).collect();
    let headers: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), long.as_str()))
        .collect();
    assert!(
        client
            .send(Http2::evaluation("ana", &headers[..8]))
            .decision()
    );
    let refused = client.try_send(Http2::evaluation("ana", &headers));
    let refused = refused.map(|answer| answer.status);
    assert!(matches!(refused, Ok(431) | Err(_)), "{refused:?}");
    assert!(Http2::connect(sidecar.decision).ask("ana").decision());
}

#[test]
fn the_admin_listener_stays_with_http1() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let mut stream = TcpStream::connect(sidecar.admin).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.write_all(PREFACE).unwrap();
    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read);
    assert!(
        read.is_empty() || read.starts_with(b"HTTP/1.1 "),
        "{read:?}"
    );
    assert_eq!(sidecar.admin("/readyz").status, 200);
}

#[test]
fn curl_knows_beforehand() {
    if !has_component("curl_knows_beforehand", "curl", "curl") {
        return;
    }
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let url = format!("http://{}{EVALUATION}", sidecar.decision);
    for (options, version) in [
        (&["--http2-prior-knowledge"][..], "2"),
        (&["--http1.1"], "1.1"),
        (&["--http1.0"], "1"),
    ] {
        let said = curl(options, &url, &question("ana"));
        assert_eq!(said, format!("HTTP/{version} 200 {{\"decision\":true}}"));
    }
}
