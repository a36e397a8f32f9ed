//! `octroi compile`: what the policies become, for the `cedar` command line and for curious readers.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Exit, PolicyArgs, load_or_report, message, print};
use crate::compile::{CompiledPolicy, Stage};
use crate::snapshot::{Compiled, Snapshot};

/// Arguments of `octroi compile`.
#[derive(Debug, Args)]
pub(super) struct CompileArgs {
    #[command(flatten)]
    policies: PolicyArgs,
    /// Write files into this folder instead of printing
    #[arg(long, value_name = "DIR", env = "OCTROI_OUT")]
    out: Option<PathBuf>,
}

/// Prints or writes what was compiled.
pub(super) fn run(args: &CompileArgs) -> Exit {
    let loaded = match load_or_report(&args.policies.folder()) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let Some(snapshot) = &loaded.snapshot else {
        return Exit::Policies;
    };
    let files = files(snapshot);
    match &args.out {
        None => {
            for (name, text) in &files {
                print(&format!("// ---- {name}\n{text}\n"));
            }
        }
        Some(folder) => {
            for (name, text) in &files {
                if let Err(error) = write(&folder.join(name), text) {
                    message(&format!("octroi compile: cannot write `{name}`: {error}\n"));
                    return Exit::Failure;
                }
            }
            message(&format!(
                "{} files written to `{}`\n",
                files.len(),
                folder.display()
            ));
        }
    }
    Exit::Success
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// Files by name: a schema and policies for each application, policies and entities for each tenant.
fn files(snapshot: &Snapshot) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for Compiled {
        id,
        schema,
        policies,
        tenants,
    } in snapshot.compiled()
    {
        files.push((format!("{id}/schema.cedarschema"), schema.to_owned()));
        files.push((format!("{id}/policies.cedar"), deciding(policies)));
        for (tenant, own) in tenants {
            let folder = format!("{id}/{}", *tenant.id);
            if !own.is_empty() {
                files.push((format!("{folder}/policies.cedar"), deciding(own)));
            }
            files.push((
                format!("{folder}/entities.json"),
                snapshot.entities_json(&tenant.id),
            ));
        }
    }
    files
}

/// The policies that decide; those that only explain a deny are left out.
fn deciding(policies: &[CompiledPolicy]) -> String {
    let deciding = policies
        .iter()
        .filter(|policy| policy.stage == Stage::Whole);
    let texts: Vec<&str> = deciding.map(|policy| policy.text.as_str()).collect();
    texts.join("\n\n") + "\n"
}
