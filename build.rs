//! Tells the program which commit it was built from.

use std::process::Command;

fn main() {
    for file in [".git/HEAD", ".git/logs/HEAD"] {
        if std::path::Path::new(file).exists() {
            println!("cargo:rerun-if-changed={file}");
        }
    }
    println!("cargo:rerun-if-env-changed=OCTROI_COMMIT");
    let commit = std::env::var("OCTROI_COMMIT").ok().or_else(from_git);
    println!(
        "cargo:rustc-env=OCTROI_COMMIT={}",
        commit.as_deref().unwrap_or("unknown commit")
    );
}

fn from_git() -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success()).then(|| text.trim().to_owned())
}
