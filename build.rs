//! Tells the program which commit it was built from, and gives it the shipped applications.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn Error>> {
    for file in [".git/HEAD", ".git/logs/HEAD"] {
        if Path::new(file).exists() {
            println!("cargo:rerun-if-changed={file}");
        }
    }
    println!("cargo:rerun-if-env-changed=OCTROI_COMMIT");
    let commit = env::var("OCTROI_COMMIT").ok().or_else(from_git);
    println!(
        "cargo:rustc-env=OCTROI_COMMIT={}",
        commit.as_deref().unwrap_or("unknown commit")
    );
    shipped()
}

fn from_git() -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success()).then(|| text.trim().to_owned())
}

/// Writes a table of the files below `policies/` for `octroi init --from`: each application with its files.
fn shipped() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=policies");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut table = String::from("&[\n");
    for application in entries(&root.join("policies"))? {
        let mut files = Vec::new();
        collect(&application, &mut files)?;
        writeln!(table, "({:?}, &[", name(&application))?;
        for file in files {
            let relative = file.strip_prefix(&application)?.to_string_lossy();
            writeln!(table, "({relative:?}, include_str!({file:?})),")?;
        }
        table.push_str("]),\n");
    }
    table.push(']');
    fs::write(
        PathBuf::from(env::var("OUT_DIR")?).join("shipped.rs"),
        table,
    )?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for path in entries(folder)? {
        match path.is_dir() {
            true => collect(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

/// What lies in a folder, sorted, but for names that begin with a dot.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: Result<Vec<_>, _> = fs::read_dir(folder)?.collect();
    let mut paths: Vec<PathBuf> = entries?.iter().map(fs::DirEntry::path).collect();
    paths.retain(|path| !name(path).starts_with('.'));
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
