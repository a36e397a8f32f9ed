//! Real programs beside ours, where `OCTROI_TEST_COMPONENTS=1` says that they are there: from Debian's packages, and from
//! PyPI in the environment that `.ci/run` makes beside the build.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whether the component is to be used; a component that is missing then is a failure.
pub(crate) fn has_component(test: &str, program: &str, package: &str) -> bool {
    if !are_wanted(test, &format!("Debian's package `{package}`")) {
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

/// A program of `tests/requirements.txt`, if it is to be used; it is a failure then if it is missing.
pub(crate) fn python_program(test: &str, program: &str) -> Option<PathBuf> {
    if !are_wanted(test, "the packages of tests/requirements.txt") {
        return None;
    }
    let target = Path::new(env!("CARGO_BIN_EXE_octroi")).parent()?.parent()?;
    let program = target.join("python/bin").join(program);
    assert!(
        program.exists(),
        "{} is missing: make that environment of tests/requirements.txt, as .ci/run does",
        program.display()
    );
    Some(program)
}

/// A program of `tests/editor/package.json`, if it is to be used; it is a failure then if it is missing.
pub(crate) fn node_program(test: &str, program: &str) -> Option<PathBuf> {
    if !are_wanted(test, "the packages of tests/editor/package.json") {
        return None;
    }
    let target = Path::new(env!("CARGO_BIN_EXE_octroi")).parent()?.parent()?;
    let program = target.join("editor/node_modules/.bin").join(program);
    assert!(
        program.exists(),
        "{} is missing: install what tests/editor/package-lock.json names, as .ci/run does",
        program.display()
    );
    Some(program)
}

fn are_wanted(test: &str, needs: &str) -> bool {
    let wanted = std::env::var_os("OCTROI_TEST_COMPONENTS").is_some_and(|value| value == "1");
    if !wanted {
        eprintln!("{test}: skipped, for OCTROI_TEST_COMPONENTS is not 1 (needs {needs})");
    }
    wanted
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
