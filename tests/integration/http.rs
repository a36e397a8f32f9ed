//! The decision listener: what it answers, what it refuses, and that nothing takes it down.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::support::{Answer, Client, Policies, Sidecar, evaluation, question, wait_until};

#[test]
fn answers_a_question() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let answer = sidecar
        .client()
        .evaluate("X-Request-ID: r-1\r\n", question("ana").as_bytes());
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"decision":true}"#)
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-request-id"), Some("r-1"));
    assert_eq!(
        answer.header("octroi-revision"),
        sidecar.status()["revision"].as_str()
    );
    assert_eq!(sidecar.ask("ben").body, r#"{"decision":false}"#);
}

#[test]
fn what_is_wrong_about_the_domain_is_a_deny() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    for (from, to, reason, application) in [
        ("north", "south", "unknown_tenant", ""),
        (r#""id":"ana""#, r#""id":"zoe""#, "not_a_member", "shop"),
    ] {
        let question = question("ana").replace(from, to);
        let answer = sidecar
            .client()
            .evaluate("Octroi-Explain: true\r\n", question.as_bytes());
        assert!(!answer.decision());
        assert_eq!(answer.json()["context"]["reason"], reason);
        let counted = format!(
            "octroi_decisions_total{{decision=\"deny\",reason=\"{reason}\",application=\"{application}\"}}"
        );
        assert_eq!(sidecar.metric(&counted), 1.0, "{}", sidecar.metrics());
    }
}

#[test]
fn gives_its_reasons_when_asked_or_always() {
    let policies = Policies::new();
    let on_request = Sidecar::start(&policies.folder());
    for (headers, explained) in [
        ("", false),
        ("Octroi-Explain: false\r\n", false),
        ("Octroi-Explain: true\r\n", true),
        ("octroi-explain: True\r\n", true),
    ] {
        let answer = on_request
            .client()
            .evaluate(headers, question("ana").as_bytes());
        assert!(answer.decision());
        assert_eq!(
            answer.json().get("context").is_some(),
            explained,
            "{headers}"
        );
    }
    let always = Sidecar::start_with(&policies.folder(), &["--explain", "always"]);
    let answer = always.ask("ben");
    assert!(!answer.decision());
    let context = &answer.json()["context"];
    assert_eq!(context["reason"], "not_a_member");
    assert_eq!(
        context["revision"].as_str(),
        answer.header("octroi-revision")
    );
}

/// Every answer bears the revision and the request's id, and says where and what in one line of JSON.
fn assert_refused(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{what}"
    );
    assert_eq!(
        answer.header("octroi-revision").map(str::len),
        Some(64),
        "{what}"
    );
    assert_eq!(
        answer.header("x-request-id"),
        Some("r-2"),
        "{what}: {answer:?}"
    );
    let json = answer.json();
    let error = json["error"].as_str().unwrap();
    assert!(
        !error.is_empty() && !error.contains('\n'),
        "{what}: {error}"
    );
}

fn request(head: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{head}\r\nHost: localhost\r\nX-Request-ID: r-2\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn refuses_bad_bodies_and_lives() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let good = question("ana");
    let with = |from: &str, to: &str| good.replace(from, to).into_bytes();
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("white space", b" \r\n".to_vec()),
        ("truncated", good.as_bytes()[..good.len() / 2].to_vec()),
        ("text behind it", format!("{good} x").into_bytes()),
        ("two questions", format!("{good}{good}").into_bytes()),
        ("deep lists", b"[".repeat(10_000)),
        ("deep objects", br#"{"a":"#.repeat(10_000)),
        (
            "deep within a question",
            with(
                r#""o1""#,
                &format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)),
            ),
        ),
        ("not UTF-8", b"{\"subject\":\"\xff\xfe\"}".to_vec()),
        (
            "UTF-16",
            good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        ("a byte order mark", format!("\u{feff}{good}").into_bytes()),
        ("a lone surrogate", with(r#""o1""#, r#""\ud800""#)),
        ("a control character", with("o1", "o\u{1}")),
        ("NUL bytes", vec![0; 100]),
        ("a list", format!("[{good}]").into_bytes()),
        ("null", b"null".to_vec()),
        ("text", b"\"question\"".to_vec()),
        ("a number", b"17".to_vec()),
        ("no subject", with(r#""subject""#, r#""who""#)),
        ("no action", with(r#""action""#, r#""what""#)),
        ("no resource", with(r#""resource""#, r#""on""#)),
        ("no subject's type", with(r#""type":"user","#, "")),
        ("no resource's id", with(r#","id":"o1""#, "")),
        ("null as subject", br#"{"subject":null}"#.to_vec()),
        ("a number as name", with(r#""read""#, "17")),
        (
            "text as subject",
            with(r#"{"type":"user","id":"ana"}"#, r#""ana""#),
        ),
        ("a list as properties", with(r#"{"tenant":"north"}"#, "[]")),
        (
            "text as context",
            with(r#","resource""#, r#","context":"x","resource""#),
        ),
        (
            "a name twice",
            with(r#""action""#, r#""subject":{},"action""#),
        ),
        (
            "a name twice, within",
            with(
                r#""tenant":"north""#,
                r#""tenant":"north","tenant":"south""#,
            ),
        ),
        (
            "a number beyond numbers",
            with(r#""o1""#, &format!("1{}", "0".repeat(100_000))),
        ),
    ];
    for (what, body) in bodies {
        let head = "POST /access/v1/evaluation HTTP/1.1\r\nContent-Type: application/json";
        let mut client = sidecar.client();
        client.send(&request(head, &body));
        assert_refused(&client.receive(), 400, what);
        // On the same connection and on a new one, the next question is answered.
        assert!(client.ask("ana").decision(), "{what}");
        assert!(sidecar.ask("ana").decision(), "{what}");
    }
}

#[test]
fn refuses_what_it_does_not_serve() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let good = question("ana");
    let json = "Content-Type: application/json";
    for (status, head) in [
        (404, format!("POST / HTTP/1.1\r\n{json}")),
        (
            404,
            format!("POST /access/v1/evaluation/ HTTP/1.1\r\n{json}"),
        ),
        (404, format!("POST /access/v1/evaluatio HTTP/1.1\r\n{json}")),
        (
            404,
            format!("POST /ACCESS/v1/evaluation HTTP/1.1\r\n{json}"),
        ),
        (404, format!("GET /metrics HTTP/1.1\r\n{json}")),
        (
            404,
            format!("POST /../access/v1/evaluation HTTP/1.1\r\n{json}"),
        ),
        (405, format!("GET /access/v1/evaluation HTTP/1.1\r\n{json}")),
        (405, format!("PUT /access/v1/evaluation HTTP/1.1\r\n{json}")),
        (
            405,
            format!("OPTIONS /access/v1/evaluation HTTP/1.1\r\n{json}"),
        ),
        (
            405,
            format!("BREW /access/v1/evaluation HTTP/1.1\r\n{json}"),
        ),
        (400, "POST /access/v1/evaluation HTTP/1.1".to_owned()),
        (
            400,
            "POST /access/v1/evaluation HTTP/1.1\r\nContent-Type: text/plain".to_owned(),
        ),
        (
            400,
            format!("POST /access/v1/evaluation HTTP/1.1\r\n{json}p"),
        ),
        (
            400,
            format!("POST /access/v1/evaluation HTTP/1.1\r\n{json}\r\n{json}"),
        ),
        (
            400,
            format!("POST /access/v1/evaluation HTTP/1.1\r\n{json}\r\nOctroi-Min-Generation: soon"),
        ),
        (
            400,
            format!("POST /access/v1/evaluation HTTP/1.1\r\n{json}\r\nOctroi-Min-Generation: -1"),
        ),
        (
            400,
            format!(
                "POST /access/v1/evaluation HTTP/1.1\r\n{json}\r\nOctroi-Min-Generation: 1\r\nOctroi-Min-Generation: 9"
            ),
        ),
    ] {
        let mut client = sidecar.client();
        client.send(&request(&head, good.as_bytes()));
        let answer = client.receive();
        assert_refused(&answer, status, &head);
        let allow = (status == 405).then_some("POST");
        assert_eq!(answer.header("allow"), allow, "{head}");
        assert!(client.ask("ana").decision(), "{head}");
    }
    for kind in ["application/json; charset=utf-8", "APPLICATION/Json;x=y"] {
        let mut client = sidecar.client();
        let head = format!("POST /access/v1/evaluation?trace=1 HTTP/1.1\r\nContent-Type: {kind}");
        client.send(&request(&head, good.as_bytes()));
        assert!(client.receive().decision(), "{kind}");
    }
}

#[test]
fn refuses_what_is_too_large() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let head = "POST /access/v1/evaluation HTTP/1.1\r\nContent-Type: application/json";

    let largest = [question("ana").as_bytes(), &b" ".repeat(1 << 20)].concat();
    let mut client = sidecar.client();
    client.send(&request(head, &largest[..1 << 20]));
    assert!(client.receive().decision());

    let mut client = sidecar.client();
    client.send(&request(head, &b"[".repeat(8 << 20)));
    assert_refused(&client.receive(), 413, "declared");

    // Chunked, so that only the bytes themselves tell.
    let mut client = sidecar.client();
    client.send(
        format!(
            "{head}\r\nHost: localhost\r\nX-Request-ID: r-2\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        .as_bytes(),
    );
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    for _ in 0..40 {
        client.send(&chunk);
    }
    client.send(b"0\r\n\r\n");
    assert_refused(&client.receive(), 413, "chunked");

    // A client that asks first is told before it sends.
    let mut client = sidecar.client();
    client.send(format!("{head}\r\nHost: localhost\r\nX-Request-ID: r-2\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n").as_bytes());
    assert_refused(&client.receive(), 413, "expecting");

    // A head without end is hyper's own to refuse, with no more than a status.
    let mut client = sidecar.client();
    let _ = client.try_send(&[b"GET / HTTP/1.1\r\nX: ".as_slice(), &[b'x'; 200_000]].concat());
    let refused = client.try_receive().map(|answer| answer.status);
    assert!(matches!(refused, Ok(431) | Err(_)), "{refused:?}");
    assert!(sidecar.ask("ana").decision());
}

#[test]
fn survives_what_is_no_http() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"POST /access/v1/evaluation HTTP/9.9\r\n\r\n",
        b"POST /access/v1/evaluation HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /access/v1/evaluation HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /access/v1/evaluation HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        &[0; 4096],
    ] {
        let mut stream = TcpStream::connect(sidecar.decision).unwrap();
        stream.write_all(bytes).unwrap();
        let _ = stream.shutdown(Shutdown::Write);
        assert!(sidecar.ask("ana").decision());
    }
    assert!(wait_until(Duration::from_secs(5), || sidecar
        .metric("octroi_connections")
        == 0.0));
}

#[test]
fn keeps_connections_and_answers_in_order() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let mut client = sidecar.client();
    for turn in 0..100 {
        let account = if turn % 3 == 0 { "ben" } else { "ana" };
        assert_eq!(client.ask(account).decision(), account == "ana");
    }
    // Pipelined: all at once, answered in the order asked.
    let mut bytes = Vec::new();
    for turn in 0..100 {
        let account = if turn % 3 == 0 { "ben" } else { "ana" };
        let id = format!("X-Request-ID: {turn}\r\n");
        bytes.extend(evaluation(&id, question(account).as_bytes()));
    }
    client.send(&bytes);
    for turn in 0..100 {
        let answer = client.receive();
        assert_eq!(
            answer.header("x-request-id"),
            Some(turn.to_string().as_str())
        );
        assert_eq!(answer.decision(), turn % 3 != 0);
    }
}

#[test]
fn answers_a_client_that_closes_its_half() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let mut stream = TcpStream::connect(sidecar.decision).unwrap();
    stream
        .write_all(&evaluation("", question("ana").as_bytes()))
        .unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn waits_for_slow_clients_but_not_forever() {
    let policies = Policies::new();
    let sidecar = Sidecar::start_with(&policies.folder(), &["--idle-max", "1"]);
    // A byte at a time is slow, and answered.
    let mut client = sidecar.client();
    for byte in evaluation("", question("ana").as_bytes()).chunks(16) {
        client.send(byte);
        thread::sleep(Duration::from_millis(5));
    }
    assert!(client.receive().decision());
    // Idle, or stuck in a head: closed.
    let started = Instant::now();
    assert!(client.is_closed());
    let mut stuck = sidecar.client();
    stuck.send(b"POST /access/v1/evaluation HTTP/1.1\r\nHost: lo");
    let refused = stuck.try_receive().map(|answer| answer.status);
    assert!(!matches!(refused, Ok(200)), "{refused:?}");
    assert!(started.elapsed() < Duration::from_secs(8));
    assert!(sidecar.ask("ana").decision());
}

#[test]
fn more_connections_than_allowed_wait() {
    let policies = Policies::new();
    let sidecar = Sidecar::start_with(&policies.folder(), &["--connections-max", "2"]);
    let (mut first, mut second) = (sidecar.client(), sidecar.client());
    assert!(first.ask("ana").decision());
    assert!(second.ask("ana").decision());
    assert_eq!(sidecar.metric("octroi_connections"), 2.0);
    let address = sidecar.decision;
    let third = thread::spawn(move || {
        let decision = Client::connect(address).ask("ana").decision();
        (decision, Instant::now())
    });
    thread::sleep(Duration::from_millis(200));
    let freed = Instant::now();
    drop(first);
    let (decision, answered) = third.join().unwrap();
    assert!(decision && answered > freed);
    assert!(second.ask("ana").decision());
}

#[test]
fn asks_for_a_generation_are_kept() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let generation = sidecar.status()["generation"].as_u64().unwrap();
    let ask = |asked: &str| {
        let headers = format!("Octroi-Min-Generation: {asked}\r\n");
        sidecar
            .client()
            .evaluate(&headers, question("ana").as_bytes())
    };
    assert!(ask("0").decision());
    assert!(ask(&generation.to_string()).decision());
    for asked in [(generation + 1).to_string(), "9".repeat(30)] {
        let answer = ask(&asked);
        assert_eq!(answer.status, 503);
        assert!(answer.header("retry-after").is_some());
        assert!(answer.header("octroi-revision").is_some());
    }
}

#[test]
fn sigterm_lets_what_is_under_way_finish() {
    for signal in ["TERM", "INT"] {
        let policies = Policies::new();
        let mut sidecar = Sidecar::start(&policies.folder());
        let mut idle = sidecar.client();
        assert!(idle.ask("ana").decision());
        let request = evaluation("", question("ana").as_bytes());
        let mut under_way = sidecar.client();
        under_way.send(&request[..request.len() - 10]);
        let both = wait_until(Duration::from_secs(5), || {
            sidecar.metric("octroi_connections") == 2.0
        });
        assert!(both);
        // The rest of the body is yet to come, and the head has been read for sure.
        thread::sleep(Duration::from_millis(100));
        assert_eq!(sidecar.admin("/readyz").status, 200);
        sidecar.signal(signal);
        let draining = wait_until(Duration::from_secs(5), || {
            sidecar.admin("/readyz").status == 503
        });
        assert!(draining);
        assert_eq!(sidecar.status()["phase"], "draining");
        assert!(idle.is_closed());
        assert!(TcpStream::connect(sidecar.decision).is_err());
        under_way.send(&request[request.len() - 10..]);
        let answer = under_way.receive();
        assert!(answer.decision());
        assert_eq!(sidecar.exit().code(), Some(0), "{}", sidecar.log());
    }
}

#[test]
fn grace_is_bounded() {
    let policies = Policies::new();
    let mut sidecar = Sidecar::start_with(&policies.folder(), &["--grace", "0.5"]);
    let mut stuck = sidecar.client();
    stuck.send(b"POST /access/v1/evaluation HTTP/1.1\r\nContent-Type: application/json\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
    thread::sleep(Duration::from_millis(100));
    let started = Instant::now();
    sidecar.signal("TERM");
    assert_eq!(sidecar.exit().code(), Some(0));
    let took = started.elapsed();
    assert!(
        took >= Duration::from_millis(400) && took < Duration::from_secs(5),
        "{took:?}"
    );
}

#[test]
fn killed_and_started_again_it_has_lost_nothing() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    policies.admit_ben(true);
    sidecar.expect_outcome("reloaded");
    let before = sidecar.status();
    // Dropping kills with SIGKILL, in the middle of questions.
    let address = sidecar.decision;
    let asking = thread::spawn(move || {
        let mut client = Client::connect(address);
        while client
            .try_send(&evaluation("", question("ana").as_bytes()))
            .is_ok()
        {
            let Ok(answer) = client.try_receive() else {
                break;
            };
            assert!(answer.decision());
        }
    });
    thread::sleep(Duration::from_millis(100));
    drop(sidecar);
    asking.join().unwrap();

    let sidecar = Sidecar::start(&policies.folder());
    let after = sidecar.status();
    assert_eq!(before["revision"], after["revision"]);
    assert!(before["generation"].as_u64() < after["generation"].as_u64());
    assert!(sidecar.ask("ben").decision());
}

#[test]
fn a_port_that_is_taken_is_said() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let taken = sidecar.decision.to_string();
    let output = Sidecar::command(&policies.folder())
        .args(["--listen", &taken])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&taken), "{said}");
}

#[test]
fn listens_at_several_addresses() {
    let policies = Policies::new();
    let sidecar = Sidecar::start_with(&policies.folder(), &["--listen", "[::1]:0"]);
    let status = sidecar.status();
    let listeners = status["listeners"].as_array().unwrap();
    assert_eq!(listeners.len(), 3, "{status}");
    for listener in listeners
        .iter()
        .filter(|listener| listener["kind"] == "decision")
    {
        let address = listener["address"].as_str().unwrap().parse().unwrap();
        assert!(Client::connect(address).ask("ana").decision(), "{listener}");
    }
}

#[test]
fn memory_stays_flat_when_nobody_scrapes() {
    const BATCH: usize = 100;
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    // What is denied early is measured like everything else, and a debug build decides it fast.
    let question = question("ana").replace("north", "south");
    let batch = evaluation("", question.as_bytes()).repeat(BATCH);
    let mut client = sidecar.client();
    let mut ask = |batches: usize| {
        for _ in 0..batches {
            client.send(&batch);
            for _ in 0..BATCH {
                assert!(!client.receive().decision());
            }
        }
    };
    ask(500);
    thread::sleep(Duration::from_secs(2));
    let before = sidecar.resident_kib();
    ask(2_500);
    let after = sidecar.resident_kib();
    eprintln!("resident memory before 250,000 questions: {before} KiB, after: {after} KiB");
    assert!(after < before + 4 * 1024, "{before} KiB became {after} KiB");
    assert_eq!(
        sidecar.metric("octroi_decision_duration_seconds_count"),
        300_000.0
    );
}

#[test]
fn decisions_are_remembered_and_never_stale() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let count = |result: &str| {
        let series = format!("octroi_decision_cache_total{{result=\"{result}\"}}");
        sidecar.metric(&series)
    };
    let mut client = sidecar.client();
    for _ in 0..5 {
        assert!(client.ask("ana").decision());
        assert!(!client.ask("ben").decision());
    }
    // The first time a question is noted, the second time its decision is kept.
    assert_eq!((count("hit"), count("miss")), (6.0, 4.0));
    policies.admit_ben(true);
    sidecar.expect_outcome("reloaded");
    assert!(client.ask("ana").decision());
    assert!(client.ask("ben").decision());
    assert_eq!((count("hit"), count("miss")), (6.0, 6.0));
    policies.overwrite(
        "tenants/north.yaml",
        "tenant: north\napplication: shop\nmembers: [{account: ben, role: clerk}, {account: ana, role: clerk, status: suspended}]\n",
    );
    assert!(wait_until(Duration::from_secs(10), || !client
        .ask("ana")
        .decision()));

    let off = Sidecar::start_with(&policies.folder(), &["--decision-cache", "0"]);
    assert!(off.ask("ben").decision());
    assert_eq!(
        off.metric(r#"octroi_decision_cache_total{result="miss"}"#),
        0.0
    );
}
