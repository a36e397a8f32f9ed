//! Bearer tokens: nobody asks without one, and nobody learns one.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::support::{
    Answer, Client, Http2, Policies, Sidecar, evaluation, question, refusal, wait_until,
};

const FIRST: &str = "first-token-0123456789";
const SECOND: &str = "second/token+0123456789==";
const CHALLENGE: &str = r#"Bearer realm="octroi""#;

fn write(policies: &Policies, text: &str) -> PathBuf {
    let (path, beside) = (policies.beside("tokens"), policies.beside("tokens.new"));
    fs::write(&beside, text).unwrap();
    fs::set_permissions(&beside, Permissions::from_mode(0o600)).unwrap();
    fs::rename(beside, &path).unwrap();
    path
}

fn guarded(policies: &Policies) -> Sidecar {
    let path = write(policies, &format!("# the app\n{FIRST}\n\n  {SECOND}\r\n"));
    let options = ["--tokens-file", path.to_str().unwrap()];
    Sidecar::start_with(&policies.folder(), &options)
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

fn basic(user: &str, password: &str) -> String {
    let pair = STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {pair}\r\n")
}

/// In JSON, with the challenge, and like every answer with revision and request id.
fn assert_unauthorized(answer: &Answer, wrong: bool) {
    assert_eq!(answer.status, 401, "{answer:?}");
    let challenge = answer.header("www-authenticate").unwrap();
    match wrong {
        true => assert!(
            challenge.starts_with(&format!("{CHALLENGE}, error=\"invalid_token\"")),
            "{challenge}"
        ),
        false => assert_eq!(challenge, CHALLENGE),
    }
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("octroi-revision").map(str::len), Some(64));
    assert_eq!(answer.header("x-request-id"), Some("r-3"));
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(!error.contains("token-"), "{error}");
}

#[test]
fn only_who_bears_a_token_is_answered() {
    let policies = Policies::new();
    let sidecar = guarded(&policies);
    // All on one connection: a refusal does not cost it.
    let mut client = sidecar.client();
    let mut ask = |credentials: &str| {
        let headers = format!("X-Request-ID: r-3\r\n{credentials}");
        client.evaluate(&headers, question("ana").as_bytes())
    };
    for good in [
        bearer(FIRST),
        bearer(SECOND),
        format!("authorization: bEaReR   {FIRST}\r\n"),
        basic("conformance", FIRST),
        basic("", SECOND),
    ] {
        assert!(ask(&good).decision(), "{good}");
    }
    for (credentials, wrong) in [
        (String::new(), false),
        ("Authorization: \r\n".to_owned(), false),
        ("Authorization: Bearer\r\n".to_owned(), false),
        (format!("Authorization: {FIRST}\r\n"), false),
        (format!("Authorization: Digest {FIRST}\r\n"), false),
        (format!("Authorization: Token {FIRST}\r\n"), false),
        (format!("X-Token: {FIRST}\r\n"), false),
        ("Authorization: Basic ???\r\n".to_owned(), false),
        (bearer(FIRST).repeat(2), false),
        (bearer("wrong-token-0123456789"), true),
        (bearer(&FIRST[..FIRST.len() - 1]), true),
        (bearer(&format!("{FIRST}x")), true),
        (bearer(&FIRST.to_uppercase()), true),
        (bearer(&format!("{FIRST} {SECOND}")), true),
        (bearer("#"), true),
        (bearer(&"x".repeat(30_000)), true),
        (basic("conformance", "wrong-token-0123456789"), true),
        (basic(FIRST, ""), true),
    ] {
        let answer = ask(&credentials);
        assert_unauthorized(&answer, wrong);
        assert!(ask(&bearer(FIRST)).decision(), "after {credentials}");
    }
    let refused = "octroi_http_requests_total{endpoint=\"evaluation\",code=\"401\"}";
    assert_eq!(sidecar.metric(refused), 18.0, "{}", sidecar.metrics());
}

#[test]
fn nothing_of_the_refused_is_read() {
    let policies = Policies::new();
    let sidecar = guarded(&policies);
    let head = "POST /access/v1/evaluation HTTP/1.1\r\nHost: a\r\nX-Request-ID: r-3\r\nContent-Type: application/json\r\n";
    for (more, body) in [
        ("Content-Length: 3145728\r\n\r\n", "[".repeat(3 << 20)),
        ("Content-Length: 3\r\n\r\n", "{{{".to_owned()),
        (
            "Transfer-Encoding: chunked\r\n\r\n",
            "3\r\n{{{\r\n0\r\n\r\n".to_owned(),
        ),
    ] {
        let mut client = sidecar.client();
        client.send(format!("{head}{more}{body}").as_bytes());
        assert_unauthorized(&client.receive(), false);
        let answer = client.evaluate(&bearer(FIRST), question("ana").as_bytes());
        assert!(answer.decision(), "{more}");
    }
    // Who asks first is not told to send.
    let mut client = sidecar.client();
    client.send(format!("{head}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n").as_bytes());
    assert_unauthorized(&client.receive(), false);
}

#[test]
fn every_path_but_the_metadata_is_guarded() {
    let policies = Policies::new();
    let sidecar = guarded(&policies);
    let get = |path: &str, credentials: &str| {
        let mut client = sidecar.client();
        let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\n{credentials}\r\n");
        client.send(head.as_bytes());
        client.receive().status
    };
    for path in [
        "/",
        "/access/v1/evaluation",
        "/access/v1/evaluations",
        "/access/v1/search/subject",
        "/nowhere",
        "//.well-known/authzen-configuration",
        "/.well-known",
    ] {
        assert_eq!(get(path, ""), 401, "{path}");
        assert_ne!(get(path, &bearer(SECOND)), 401, "{path}");
    }
    assert_ne!(get("/.well-known/authzen-configuration", ""), 401);
    // The admin listener needs none.
    assert_eq!(sidecar.admin("/readyz").status, 200);
}

#[test]
fn guards_every_listener_and_protocol() {
    let policies = Policies::new();
    let path = write(&policies, FIRST);
    let socket = format!("unix:{}", policies.beside("s").display());
    let options = ["--tokens-file", path.to_str().unwrap(), "--listen", &socket];
    let sidecar = Sidecar::start_with(&policies.folder(), &options);
    let mut unix =
        Client::over(std::os::unix::net::UnixStream::connect(policies.beside("s")).unwrap());
    let request_id = "X-Request-ID: r-3\r\n";
    assert_unauthorized(
        &unix.evaluate(request_id, question("ana").as_bytes()),
        false,
    );
    assert!(
        unix.evaluate(&bearer(FIRST), question("ana").as_bytes())
            .decision()
    );

    let mut http2 = Http2::connect(sidecar.decision);
    let mut ask = |credentials: &str| {
        let headers = [("x-request-id", "r-3"), ("authorization", credentials)];
        http2.send(Http2::evaluation("ana", &headers))
    };
    assert_unauthorized(&ask(&format!("Bearer {FIRST}x")), true);
    assert_unauthorized(&ask("Digest"), false);
    assert!(ask(&format!("Bearer {FIRST}")).decision());
}

#[test]
fn without_the_option_credentials_are_ignored() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    for credentials in [
        "Authorization: undefined\r\n".to_owned(),
        bearer("x"),
        bearer("y").repeat(2),
    ] {
        let answer = sidecar
            .client()
            .evaluate(&credentials, question("ana").as_bytes());
        assert!(answer.decision(), "{credentials}");
    }
}

#[test]
fn changes_are_taken_and_mistakes_are_not() {
    const THIRD: &str = "third-token-0123456789";
    let policies = Policies::new();
    let sidecar = guarded(&policies);
    let status = |token: &str| {
        let mut client = sidecar.client();
        client
            .evaluate(&bearer(token), question("ana").as_bytes())
            .status
    };
    let becomes = |token: &str, expected: u16| {
        let came = wait_until(Duration::from_secs(10), || status(token) == expected);
        assert!(came, "{token}: {}", sidecar.log());
    };
    assert_eq!((status(FIRST), status(THIRD)), (200, 401));
    write(&policies, &format!("{THIRD}\n{SECOND}\n"));
    becomes(THIRD, 200);
    assert_eq!((status(FIRST), status(SECOND)), (401, 200));
    sidecar.expect_log("tokens reloaded");
    for (mistake, said) in [
        ("", "there is no token in it"),
        (
            "fourth-token-0123456789\nshort\n",
            ":2: the token is shorter than 16 bytes",
        ),
        ("two words-0123456789\n", ":1: a token is one word"),
    ] {
        write(&policies, mistake);
        sidecar.expect_log(said);
        assert_eq!((status(THIRD), status(FIRST)), (200, 401), "{mistake}");
        assert_eq!(status("fourth-token-0123456789"), 401);
    }
    fs::remove_file(policies.beside("tokens")).unwrap();
    sidecar.expect_log("there is no such file");
    assert_eq!(status(THIRD), 200);
    write(&policies, FIRST);
    becomes(FIRST, 200);
    assert_eq!(status(THIRD), 401);
}

#[test]
fn no_token_is_ever_shown() {
    let policies = Policies::new();
    let path = write(&policies, FIRST);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let options = [
        "--tokens-file",
        path.to_str().unwrap(),
        "--log-level",
        "trace",
    ];
    let sidecar = Sidecar::start_with(&policies.folder(), &options);
    sidecar.expect_log("can be read by the file's group or by everybody");
    sidecar
        .client()
        .evaluate(&bearer(FIRST), question("ana").as_bytes());
    sidecar
        .client()
        .evaluate(&bearer(SECOND), question("ana").as_bytes());
    Http2::connect(sidecar.decision).send(Http2::evaluation(
        "ana",
        &[("authorization", &format!("Bearer {FIRST}"))],
    ));
    write(&policies, "short-secret");
    sidecar.expect_log("tokens not reloaded");
    let shown = [
        sidecar.log(),
        sidecar.status().to_string(),
        sidecar.metrics(),
    ]
    .concat();
    for secret in [FIRST, SECOND, "short-secret"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_file_of_its_owner_alone_is_no_warning() {
    let policies = Policies::new();
    let sidecar = guarded(&policies);
    assert!(!sidecar.log().contains("can be read"), "{}", sidecar.log());
}

#[test]
fn does_not_start_without_good_tokens() {
    let policies = Policies::new();
    let missing = policies.beside("nowhere");
    let (code, said) = refusal(
        &policies.folder(),
        &["--tokens-file", missing.to_str().unwrap()],
    );
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("nowhere") && said.contains("there is no such file"),
        "{said}"
    );
    for (text, expected) in [
        ("", "there is no token in it"),
        ("# a comment\n \n", "there is no token in it"),
        (
            "# a comment\n0123456789abcde\n",
            ":2: the token is shorter than 16 bytes",
        ),
    ] {
        let path = write(&policies, text);
        let (code, said) = refusal(
            &policies.folder(),
            &["--tokens-file", path.to_str().unwrap()],
        );
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(expected) && said.contains("tokens"), "{said}");
        assert!(!said.contains("0123456789"), "{said}");
    }
    let folder = policies.folder();
    let (code, _) = refusal(&folder, &["--tokens-file", folder.to_str().unwrap()]);
    assert_eq!(code, Some(1));
}

#[test]
fn the_environment_says_it_as_well() {
    let policies = Policies::new();
    let path = write(&policies, "short");
    let mut command = Sidecar::command(&policies.folder());
    let output = command.env("OCTROI_TOKENS_FILE", path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

/// The raw request without credentials, as a client that knows nothing of them sends it.
#[test]
fn a_pipeline_is_refused_one_by_one() {
    let policies = Policies::new();
    let sidecar = guarded(&policies);
    let (with, without) = (
        evaluation(&bearer(FIRST), question("ana").as_bytes()),
        evaluation("", question("ana").as_bytes()),
    );
    let mut client = sidecar.client();
    client.send(&[without.clone(), with.clone(), without, with].concat());
    let statuses: Vec<_> = (0..4).map(|_| client.receive().status).collect();
    assert_eq!(statuses, [401, 200, 401, 200]);
}
