//! `schemas/openapi.yaml` says what the program does: its examples are asked and compared, and schemathesis asks whatever
//! it allows and forbids. That its paths are those of the router is tested beside the router.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use octroi::snapshot::Reason;
use serde_json::Value;
use tempfile::TempDir;

use super::support::{Sidecar, python_program};

const DESCRIPTION: &str = include_str!("../../schemas/openapi.yaml");

fn description() -> Value {
    serde_yaml::from_str(DESCRIPTION).unwrap()
}

/// A file or folder of the repository.
fn at(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn sidecar() -> Sidecar {
    let identifier = ["--identifier", "https://pdp.example.com"];
    Sidecar::start_with(Path::new(&at("policies")), &identifier)
}

#[test]
fn the_reasons_and_the_version_are_the_programs() {
    let description = description();
    assert_eq!(description["info"]["version"], env!("CARGO_PKG_VERSION"));
    let described = &description["components"]["schemas"]["Reason"]["enum"];
    let described: BTreeSet<&str> = described
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason.as_str().unwrap())
        .collect();
    let known: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(described, known);
}

/// Takes out what differs with every change of the policies.
fn settled(mut answer: Value) -> Value {
    if let Some(token) = answer.pointer_mut("/page/next_token") {
        let is_last = token.as_str().is_some_and(str::is_empty);
        *token = Value::Bool(!is_last);
    }
    answer
}

/// Every example of a request has one of its answer, under the same name, and that is what comes.
#[test]
fn the_examples_are_answered_as_they_say() {
    let description = description();
    let sidecar = sidecar();
    let mut client = sidecar.client();
    let mut asked = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let (method, operation) = match &methods["post"] {
            Value::Null => ("GET", &methods["get"]),
            operation => ("POST", operation),
        };
        let json = "/content/application~1json/examples";
        let requests = operation["requestBody"].pointer(json);
        let answers = operation["responses"]["200"].pointer(json).unwrap();
        for (name, answer) in answers.as_object().unwrap() {
            let body = match requests {
                Some(requests) => requests[name]["value"].to_string(),
                None => String::new(),
            };
            let length = body.len();
            client.send(
                format!(
                    "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                     Content-Length: {length}\r\n\r\n{body}"
                )
                .as_bytes(),
            );
            let came = client.receive();
            let expected = settled(answer["value"].clone());
            assert_eq!(settled(came.json()), expected, "{path} {name}");
            asked += 1;
        }
        let examples = answers.as_object().unwrap().len();
        let requests = requests.map_or(1, |requests| requests.as_object().unwrap().len());
        assert_eq!(examples, requests, "{path}");
    }
    assert!(asked >= 10, "{asked} examples");
}

/// Runs a program in a folder of its own, for what it leaves behind; files of `tests/openapi` are beside it.
fn run(program: &PathBuf, arguments: &[&str], files: &[&str]) {
    let folder = TempDir::new().unwrap();
    for file in files {
        fs::copy(
            at(&format!("tests/openapi/{file}")),
            folder.path().join(file),
        )
        .unwrap();
    }
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder.path())
        .env("PYTHONPATH", folder.path())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    println!("{said}");
}

#[test]
fn it_is_openapi() {
    if let Some(program) = python_program("it_is_openapi", "openapi-spec-validator") {
        run(&program, &[&at("schemas/openapi.yaml")], &[]);
    }
}

/// What it asks is chosen by a seed, so that a run can be repeated; `OCTROI_OPENAPI_SEED` is another one, and
/// `OCTROI_OPENAPI_EXAMPLES` how much it asks of each endpoint.
#[test]
fn schemathesis_finds_nothing() {
    let Some(program) = python_program("schemathesis_finds_nothing", "schemathesis") else {
        return;
    };
    let env = |name: &str, otherwise: &str| std::env::var(name).unwrap_or(otherwise.to_owned());
    let sidecar = sidecar();
    let arguments = [
        "--config-file=schemathesis.toml",
        "run",
        &at("schemas/openapi.yaml"),
        &format!("--url=http://{}", sidecar.decision),
        &format!("--seed={}", env("OCTROI_OPENAPI_SEED", "1")),
        &format!("--max-examples={}", env("OCTROI_OPENAPI_EXAMPLES", "100")),
        "--continue-on-failure",
    ];
    run(&program, &arguments, &["schemathesis.toml", "hooks.py"]);
}
