//! `octroi health`.

use std::net::TcpListener;
use std::process::Command;

use super::support::{Policies, Sidecar};

fn health() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_octroi"));
    command.env_clear().arg("health");
    command
}

#[test]
fn tells_a_ready_sidecar_from_none() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let url = format!("http://{}", sidecar.admin);
    assert_eq!(
        health().args(["--url", &url]).status().unwrap().code(),
        Some(0)
    );
    let admin = sidecar.admin.to_string();
    assert_eq!(
        health()
            .env("OCTROI_ADMIN", &admin)
            .status()
            .unwrap()
            .code(),
        Some(0)
    );
    let decision = format!("http://{}", sidecar.decision);
    let output = health().args(["--url", &decision]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("404"));

    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let output = health()
        .args(["--url", &format!("http://{free}")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains(&free.to_string())
    );
    assert_eq!(
        health()
            .args(["--url", "https://localhost"])
            .status()
            .unwrap()
            .code(),
        Some(1)
    );
}
