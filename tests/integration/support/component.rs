//! Programs of the distribution, which some tests need and not every machine has.

use std::process::{Command, Stdio};

/// Whether the component is to be used; a component that is missing then is a failure.
pub(crate) fn has_component(test: &str, program: &str, package: &str) -> bool {
    if std::env::var_os("OCTROI_TEST_COMPONENTS").is_none_or(|value| value != "1") {
        eprintln!(
            "{test}: skipped, for OCTROI_TEST_COMPONENTS is not 1 (needs Debian's package `{package}`)"
        );
        return false;
    }
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(
        found.is_ok(),
        "`{program}` is missing: install Debian's package `{package}`"
    );
    true
}

/// What `curl` says: the version of HTTP and the status in front, then the body.
pub(crate) fn curl(options: &[&str], url: &str, body: &str) -> String {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20"])
        .args(["--write-out", "\nHTTP/%{http_version} %{http_code}"])
        .args(["--header", "Content-Type: application/json"])
        .args(["--data", body])
        .args(options)
        .arg(url)
        .output()
        .unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    match said.rsplit_once('\n') {
        Some((body, status)) if status.starts_with("HTTP/") => format!("{status} {body}"),
        _ => said,
    }
}
