//! Real programs beside ours, where `OCTROI_TEST_COMPONENTS=1` says that they are there.

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
