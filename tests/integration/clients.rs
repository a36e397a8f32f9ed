//! The examples in `deploy/clients`: each compiled by its distribution's toolchain and run, against the real sidecar and
//! against servers that fail in every way a caller must bear. They run where `OCTROI_TEST_COMPONENTS=1` says that the
//! toolchains are there.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use super::support::{Act, Authority, Sidecar, Stub, has_component, python_program};

const ALLOW: &str = r#"{"decision":true}"#;
/// Where marc may.
const PARIS: &str = "sub_account=paris-marais";
const DENY: &str = r#"{"decision":false}"#;
/// How long a client is told to wait for an answer that does not come, and by when it must have given up. The second is
/// generous: starting a virtual machine on a busy computer is part of it.
const IMPATIENT: Duration = Duration::from_millis(700);
const GIVEN_UP: Duration = Duration::from_secs(10);
/// For all other answers: nothing is said here about how fast a client is.
const PATIENT: Duration = Duration::from_secs(10);

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy/clients")
        .join(name)
}

/// A client that is ready to run; what was compiled goes when it is dropped.
struct Example {
    program: PathBuf,
    arguments: Vec<String>,
    /// Whether it shows how to ask about several actions at once.
    batches: bool,
    _compiled: TempDir,
}

/// What came of asking.
struct Outcome {
    code: Option<i32>,
    printed: String,
    said: String,
    took: Duration,
}

impl Example {
    fn new(program: impl Into<PathBuf>, arguments: &[&str], compiled: TempDir) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
            batches: true,
            _compiled: compiled,
        }
    }

    fn run(&self, address: SocketAddr, timeout: Duration, question: &[&str]) -> Outcome {
        let started = Instant::now();
        let output = Command::new(&self.program)
            .args(&self.arguments)
            .args(question)
            .env("OCTROI_URL", format!("http://{address}"))
            .env("OCTROI_TIMEOUT_MS", timeout.as_millis().to_string())
            .env("OCTROI_TOKEN", "a-token")
            // A neighbour is not asked through a proxy.
            .env("http_proxy", "http://127.0.0.1:9")
            .env("HTTP_PROXY", "http://127.0.0.1:9")
            .env_remove("REQUEST_ID")
            .output()
            .unwrap();
        Outcome {
            code: output.status.code(),
            printed: String::from_utf8(output.stdout).unwrap(),
            said: String::from_utf8(output.stderr).unwrap(),
            took: started.elapsed(),
        }
    }

    /// May marc read a conversation of a boutique? He manages `paris-marais`.
    fn ask(&self, address: SocketAddr, timeout: Duration) -> Outcome {
        self.run(address, timeout, &question("read", PARIS))
    }

    fn check(&self) {
        self.asks_the_sidecar();
        self.sends_what_is_asked();
        self.takes_only_a_decision_for_one();
        self.asks_again_where_that_can_help();
        self.gives_up_in_time();
        if self.batches {
            self.asks_about_several_actions();
        }
    }

    fn asks_the_sidecar(&self) {
        let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let sidecar = Sidecar::start(&policies);
        let ask = |place| self.run(sidecar.decision, PATIENT, &question("read", place));
        ask(PARIS).expect(0, "allow\n");
        ask("sub_account=lyon").expect(5, "deny\n");
        let denied_in_doubt = self.run(
            sidecar.decision,
            PATIENT,
            &["", "read", "conversation", "c-1"],
        );
        denied_in_doubt.expect(5, "deny\n");
    }

    fn sends_what_is_asked(&self) {
        let stub = Stub::acting(&[
            Act::status(503, "Retry-After: 0\r\n", r#"{"error":"behind"}"#),
            Act::ok(ALLOW),
        ]);
        let question = ["zoé", "read", "conversation", "c 1", "tenant=t=1"];
        let outcome = self.run(stub.address, PATIENT, &question);
        outcome.expect(0, "allow\n");
        let received = stub.received();
        let expected = json!({
            "subject": {"type": "user", "id": "zoé"},
            "action": {"name": "read"},
            "resource": {"type": "conversation", "id": "c 1", "properties": {"tenant": "t=1"}},
        });
        for request in &received {
            assert_eq!(request.line, "POST /access/v1/evaluation HTTP/1.1");
            assert_eq!(request.header("Content-Type"), Some("application/json"));
            assert_eq!(request.header("Authorization"), Some("Bearer a-token"));
            let mut body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
            // To send no properties, or none in an object, is the same.
            if body["subject"]["properties"] == json!({}) {
                body["subject"]
                    .as_object_mut()
                    .unwrap()
                    .remove("properties");
            }
            assert_eq!(body, expected);
        }
        let ids: Vec<_> = received.iter().map(|r| r.header("X-Request-ID")).collect();
        assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
        assert!(ids[0].is_some_and(|id| id.len() > 8), "{ids:?}");
    }

    fn takes_only_a_decision_for_one(&self) {
        for body in [ALLOW, r#"{"decision":true,"context":{"reason":"granted"}}"#] {
            self.after(&[Act::ok(body)], 1).expect(0, "allow\n");
        }
        for body in [
            DENY,
            r#"{"decision":false,"context":{"reason":"no_grant"}}"#,
        ] {
            self.after(&[Act::ok(body)], 1).expect(5, "deny\n");
        }
        for body in [
            r#"{"decision":"true"}"#,
            r#"{"decision":1}"#,
            r#"{"Decision":true}"#,
            r#"{"decision":null}"#,
            r#"{"decision":true"#,
            r#"[{"decision":true}]"#,
            "true",
            "<html>true</html>",
            "",
        ] {
            self.after(&[Act::ok(body)], 1).expect_doubt(body);
        }
        for status in [400, 401, 403, 404, 413, 429, 500, 502] {
            let act = Act::status(status, "Retry-After: 0\r\n", ALLOW);
            self.after(&[act], 1).expect_doubt(&status.to_string());
        }
        let elsewhere = Act::status(307, "Location: /elsewhere\r\n", "");
        self.after(&[elsewhere, Act::ok(ALLOW)], 1)
            .expect_doubt("307");
    }

    fn asks_again_where_that_can_help(&self) {
        let behind = |headers| Act::status(503, headers, r#"{"error":"behind"}"#);
        let waited = self.after(&[behind("Retry-After: 1\r\n"), Act::ok(ALLOW)], 2);
        waited.expect(0, "allow\n");
        assert!(waited.took >= Duration::from_secs(1), "{:?}", waited.took);
        self.after(&[behind(""), Act::ok(DENY)], 2)
            .expect(5, "deny\n");
        // With a body that would allow.
        let for_ever = Act::status(503, "Retry-After: 0\r\n", ALLOW);
        self.after(&[for_ever], 3).expect_doubt("503");
        let long = self.after(&[behind("Retry-After: 3600\r\n")], 1);
        long.expect_doubt("503");

        self.after(&[Act::Close, Act::ok(ALLOW)], 2)
            .expect(0, "allow\n");
        self.after(&[Act::BreakOff, Act::ok(DENY)], 2)
            .expect(5, "deny\n");
        self.after(&[Act::Close], 2).expect_doubt("Close");
        self.after(&[Act::BreakOff], 2).expect_doubt("BreakOff");
    }

    fn gives_up_in_time(&self) {
        for act in [Act::Hang, Act::Drip] {
            let stub = Stub::acting(std::slice::from_ref(&act));
            let outcome = self.ask(stub.address, IMPATIENT);
            outcome.expect_doubt(&format!("{act:?}"));
            let took = outcome.took;
            assert!((IMPATIENT..GIVEN_UP).contains(&took), "{act:?}: {took:?}");
            assert_eq!(stub.received().len(), 1, "{act:?} is asked again");
        }
        self.ask(unused(), PATIENT).expect_doubt("refused");
    }

    fn asks_about_several_actions(&self) {
        let several = question("read,close", PARIS);
        let sidecar = Sidecar::start(&Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"));
        let outcome = self.run(sidecar.decision, PATIENT, &several);
        outcome.expect(5, "read allow\nclose deny\n");
        let both = question("read,reply", PARIS);
        let outcome = self.run(sidecar.decision, PATIENT, &both);
        outcome.expect(0, "read allow\nreply allow\n");
        let stub = Stub::acting(&[Act::ok(
            r#"{"evaluations":[{"decision":true},{"decision":false}]}"#,
        )]);
        let outcome = self.run(stub.address, PATIENT, &several);
        outcome.expect(5, "read allow\nclose deny\n");
        let received = stub.received();
        assert_eq!(received[0].line, "POST /access/v1/evaluations HTTP/1.1");
        for body in [
            r#"{"evaluations":[{"decision":true}]}"#,
            r#"{"evaluations":[{"decision":true},{"decision":1}]}"#,
            r#"{"evaluations":[{"decision":true},{"decision":true},{"decision":true}]}"#,
            r#"{"evaluations":true}"#,
            ALLOW,
        ] {
            let stub = Stub::acting(&[Act::ok(body)]);
            let outcome = self.run(stub.address, PATIENT, &several);
            assert!(outcome.said.contains("in doubt, so denied"), "{body}");
            outcome.expect(1, "read deny\nclose deny\n");
        }
    }

    /// Asks a server that acts so, which must be asked as often as that.
    fn after(&self, acts: &[Act], requests: usize) -> Outcome {
        let stub = Stub::acting(acts);
        let outcome = self.ask(stub.address, PATIENT);
        let received = stub.received().len();
        assert_eq!(received, requests, "{acts:?}: {}", outcome.said);
        outcome
    }
}

impl Outcome {
    fn expect(&self, code: i32, printed: &str) {
        let came = (self.code, self.printed.as_str());
        assert_eq!(came, (Some(code), printed), "{}", self.said);
    }

    fn expect_doubt(&self, after: &str) {
        let came = (self.code, self.printed.as_str());
        assert_eq!(came, (Some(1), "deny\n"), "{after}: {}", self.said);
        assert!(self.said.contains("in doubt, so denied: "), "{}", self.said);
    }
}

fn question(actions: &'static str, place: &'static str) -> [&'static str; 6] {
    let tenant = "tenant=boutiques-durand";
    ["marc", actions, "conversation", "c-1", tenant, place]
}

/// An address at which nobody listens.
fn unused() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Runs a compiler, which must have nothing to say.
fn compile(compiler: &mut Command) {
    let output = compiler.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn curl() {
    if has_component("curl", "curl", "curl") {
        let mut example = Example::new(example("ask.sh"), &[], TempDir::new().unwrap());
        example.batches = false;
        example.check();
    }
}

#[test]
fn python() {
    if has_component("python", "python3", "python3") {
        let file = example("ask.py");
        let file = file.to_str().unwrap();
        Example::new("python3", &[file], TempDir::new().unwrap()).check();
    }
}

#[test]
fn typescript() {
    if has_component("typescript", "tsc", "node-typescript")
        && has_component("typescript", "node", "nodejs")
    {
        let compiled = TempDir::new().unwrap();
        compile(
            Command::new("tsc")
                .args(["--strict", "--noUnusedLocals", "--noImplicitReturns"])
                .args(["--target", "es2022", "--lib", "es2022,dom"])
                .args(["--module", "commonjs", "--outDir"])
                .arg(compiled.path())
                .arg(example("ask.ts")),
        );
        let script = compiled.path().join("ask.js");
        let script = script.to_str().unwrap().to_owned();
        Example::new("node", &[&script], compiled).check();
    }
}

#[test]
fn go() {
    if has_component("go", "go", "golang-go") {
        let compiled = TempDir::new().unwrap();
        let program = compiled.path().join("ask");
        for verb in [&["vet"][..], &["build", "-o", program.to_str().unwrap()]] {
            compile(
                Command::new("go")
                    .args(verb)
                    .arg(example("ask.go"))
                    .env("GOCACHE", compiled.path().join("cache")),
            );
        }
        Example::new(program, &[], compiled).check();
    }
}

#[test]
fn java() {
    if has_component("java", "javac", "default-jdk-headless") {
        let compiled = TempDir::new().unwrap();
        compile(
            Command::new("javac")
                .args(["-Xlint:all", "-Werror", "--release", "17", "-d"])
                .arg(compiled.path())
                .arg(example("Ask.java")),
        );
        let classes = compiled.path().to_str().unwrap().to_owned();
        // The second option makes it start faster.
        let arguments = ["-cp", &classes, "-XX:TieredStopAtLevel=1", "Ask"];
        Example::new("java", &arguments, compiled).check();
    }
}

/// A client of another PDP, as it comes from PyPI.
#[test]
fn decern() {
    let Some(python) = python_program("decern", "python") else {
        return;
    };
    let ask = |options: &[&str]| {
        let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let sidecar = Sidecar::start_with(&policies, options);
        let output = Command::new(&python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/decern_client.py"))
            .arg(format!("http://{}", sidecar.decision))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(
        ask(&[]),
        "allow None\ndeny None\nallow None\ndeny None\nallow None\ndeny None\n\
         error 400 {\"error\":\"`resource.id` is missing\"}\n"
    );
    assert_eq!(
        ask(&["--explain", "always"]),
        "allow granted\ndeny out_of_scope\nallow granted\ndeny condition_not_met\nallow granted\n\
         deny denied_by_rule\nerror 400 {\"error\":\"`resource.id` is missing\"}\n"
    );
}

/// A client of AuthZEN that asks all of it, over TLS only, as it comes from crates.io. Nothing of Debian's is needed.
#[test]
fn authzen_rs() {
    if !has_component("authzen_rs", "cargo", "cargo") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = Path::new(env!("CARGO_BIN_EXE_octroi")).ancestors().nth(2);
    let target = target.unwrap().join("authzen-rs");
    let built = Command::new("cargo")
        .args(["build", "--locked", "--manifest-path"])
        .arg(root.join("tests/clients/authzen-rs/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");

    let (beside, authority) = (TempDir::new().unwrap(), Authority::new());
    let (certificate, key) = authority.issue().write(&beside.path().join("tls"));
    let tokens = beside.path().join("tokens");
    let token = "0123456789abcdef0123456789abcdef";
    fs::write(&tokens, token).unwrap();
    // The identifier is part of what is served, so the port is chosen before.
    let port = unused().port();
    let url = format!("https://localhost:{port}");
    let sidecar = Sidecar::start_with(
        &root.join("policies"),
        &[
            "--listen",
            &format!("tls:127.0.0.1:{port}"),
            "--tls-cert",
            certificate.to_str().unwrap(),
            "--tls-key",
            key.to_str().unwrap(),
            "--tokens-file",
            tokens.to_str().unwrap(),
            "--identifier",
            &url,
        ],
    );
    let asked = Command::new(target.join("debug/authzen-rs-client"))
        .arg(&url)
        .arg(authority.write(beside.path()))
        .arg(token)
        .output()
        .unwrap();
    drop(sidecar);
    let said = String::from_utf8_lossy(&asked.stderr);
    assert!(asked.status.success(), "{said}");
    let all = r#"evaluation: paris-marais true
evaluation: lyon false
evaluations: ExecuteAll [true, false, true]
evaluations: DenyOnFirstDeny [true, false]
evaluations: PermitOnFirstPermit [true]
evaluations: of none Some(true)
subjects: ["claire", "leila"] of Some(3)
subjects: ["yves"] of None
resources: ["bruxelles", "france"] of Some(6)
resources: ["ile-de-france", "lyon"] of None
resources: ["paris-bastille", "paris-marais"] of None
actions: ["list", "read"] of Some(3)
actions: ["reply"] of None
nowhere: []
"#;
    let refused = "another token: PDP returned HTTP 401: \
         {\"error\":\"the token in `Authorization` is none that is accepted\"}\n";
    assert_eq!(
        String::from_utf8_lossy(&asked.stdout),
        format!("{all}{all}{refused}")
    );
}
