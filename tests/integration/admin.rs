//! The admin listener.

use super::support::{Answer, Client, Policies, Sidecar};

fn with(sidecar: &Sidecar, path: &str, headers: &str) -> Answer {
    let mut client = Client::connect(sidecar.admin);
    client.send(format!("GET {path} HTTP/1.1\r\n{headers}\r\n").as_bytes());
    client.receive()
}

#[test]
fn shows_what_is_served() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    assert_eq!(sidecar.admin("/livez").status, 200);
    assert_eq!(sidecar.admin("/readyz").status, 200);
    let status = sidecar.status();
    for (member, expected) in [("applications", 1), ("tenants", 1), ("members", 1)] {
        assert_eq!(status[member], expected, "{status}");
    }
    assert_eq!(status["phase"], "ready");
    assert_eq!(status["revision"].as_str().unwrap().len(), 64);
    assert!(status["generation"].as_u64().unwrap() > 1_700_000_000_000);
    assert!(status["loaded_at"].as_str().unwrap().ends_with('Z'));
    let address = sidecar.decision.to_string();
    assert_eq!(
        status["listeners"][0],
        serde_json::json!({"kind": "decision", "address": address})
    );
}

#[test]
fn counts_what_happens() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    for account in ["ana", "ana", "ben"] {
        sidecar.ask(account);
    }
    sidecar.client().evaluate("", b"{");
    sidecar.client().get("/nowhere");
    for (series, expected) in [
        (
            "octroi_decisions_total{decision=\"allow\",reason=\"granted\",application=\"shop\"}",
            2.0,
        ),
        (
            "octroi_decisions_total{decision=\"deny\",reason=\"not_a_member\",application=\"shop\"}",
            1.0,
        ),
        ("octroi_decision_duration_seconds_count", 3.0),
        (
            "octroi_http_requests_total{endpoint=\"evaluation\",code=\"200\"}",
            3.0,
        ),
        (
            "octroi_http_requests_total{endpoint=\"evaluation\",code=\"400\"}",
            1.0,
        ),
        (
            "octroi_http_requests_total{endpoint=\"other\",code=\"404\"}",
            1.0,
        ),
        (
            "octroi_http_request_duration_seconds_count{endpoint=\"evaluation\"}",
            4.0,
        ),
        ("octroi_reloads_total{outcome=\"reloaded\"}", 0.0),
        ("octroi_last_reload_successful", 1.0),
        ("octroi_tenants", 1.0),
        ("octroi_members", 1.0),
    ] {
        assert_eq!(
            sidecar.metric(series),
            expected,
            "{series} in\n{}",
            sidecar.metrics()
        );
    }
    let status = sidecar.status();
    let generation = status["generation"].as_u64().unwrap();
    assert_eq!(
        sidecar.metric("octroi_snapshot_generation"),
        generation as f64
    );
    for name in [
        "octroi_snapshot_loaded_timestamp_seconds",
        "octroi_policies",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
    ] {
        assert!(
            sidecar.metric(name) > 0.0,
            "{name} in\n{}",
            sidecar.metrics()
        );
    }
    assert!(sidecar.metrics().contains("octroi_build_info{version=\""));
    assert!(
        sidecar
            .metrics()
            .contains("octroi_decision_duration_seconds_bucket{le=\"0.0000005\"}")
    );
    let answer = sidecar.admin("/metrics");
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
}

#[test]
fn a_question_creates_no_series() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let count = || {
        sidecar
            .metrics()
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .count()
    };
    let mut client = sidecar.client();
    let mut ask = |turn: usize| {
        for (from, to) in [("north", format!("t{turn}")), ("ana", format!("u{turn}"))] {
            let question = super::support::question("ana").replace(from, &to);
            client.evaluate(&format!("X-Request-ID: {turn}\r\n"), question.as_bytes());
        }
        client.get(&format!("/path/{turn}"));
    };
    ask(0);
    // The first scrape is counted in the second.
    count();
    let before = count();
    (1..200).for_each(&mut ask);
    assert_eq!(count(), before);
}

#[test]
fn an_old_revision_leaves_no_series_behind() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    for ben in [true, false, true] {
        let before = sidecar.status()["generation"].as_u64();
        policies.admit_ben(ben);
        assert!(super::support::wait_until(
            std::time::Duration::from_secs(10),
            || { sidecar.status()["generation"].as_u64() > before }
        ));
    }
    let metrics = sidecar.metrics();
    let info: Vec<_> = metrics
        .lines()
        .filter(|line| line.starts_with("octroi_snapshot_info{"))
        .collect();
    let revision = sidecar.status()["revision"].as_str().unwrap().to_owned();
    assert_eq!(
        info,
        [format!("octroi_snapshot_info{{revision=\"{revision}\"}} 1")]
    );
}

#[test]
fn answers_its_own_names_only() {
    let policies = Policies::new();
    let sidecar = Sidecar::start_with(
        &policies.folder(),
        &[
            "--admin-host",
            "octroi.internal",
            "--admin-host",
            "10.1.2.3",
        ],
    );
    let port = sidecar.admin.port();
    for (headers, expected) in [
        (format!("Host: 127.0.0.1:{port}\r\n"), 200),
        (format!("Host: localhost:{port}\r\n"), 200),
        (format!("Host: [::1]:{port}\r\n"), 200),
        (format!("Host: octroi.internal:{port}\r\n"), 200),
        ("Host: 10.1.2.3\r\n".to_owned(), 200),
        ("Host: evil.example\r\n".to_owned(), 403),
        ("Host: 10.1.2.4\r\n".to_owned(), 403),
        (String::new(), 403),
        (
            format!("Host: localhost:{port}\r\nHost: evil.example\r\n"),
            403,
        ),
        (
            format!("Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n"),
            200,
        ),
        (
            format!("Host: localhost:{port}\r\nOrigin: http://evil.example\r\n"),
            403,
        ),
        (format!("Host: localhost:{port}\r\nOrigin: null\r\n"), 403),
    ] {
        for path in ["/livez", "/readyz", "/metrics", "/status", "/nowhere"] {
            let expected = if expected == 200 && path == "/nowhere" {
                404
            } else {
                expected
            };
            let answer = with(&sidecar, path, &headers);
            assert_eq!(answer.status, expected, "{path} {headers}: {answer:?}");
        }
    }
    let absolute = with(
        &sidecar,
        "http://evil.example/status",
        &format!("Host: localhost:{port}\r\n"),
    );
    assert_eq!(absolute.status, 403);
}

#[test]
fn takes_reading_methods_only() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let mut client = Client::connect(sidecar.admin);
    for path in ["/livez", "/readyz", "/metrics", "/status"] {
        client.send(
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}")
                .as_bytes(),
        );
        let answer = client.receive();
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("GET, HEAD"))
        );
    }
    assert_eq!(client.get("/access/v1/evaluation").status, 404);
}
