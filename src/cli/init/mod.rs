//! `octroi init`: a policy folder to start from, a small one or one of the shipped applications.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{Exit, message, print};

/// Files of a folder: paths and texts.
type Files = &'static [(&'static str, &'static str)];

/// The shipped applications, each with its files.
static SHIPPED: &[(&str, Files)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The small folder.
static TEMPLATE: Files = &[
    (
        "application.yaml",
        include_str!("template/application.yaml"),
    ),
    (
        "tenants/acme.yaml",
        include_str!("template/tenants/acme.yaml"),
    ),
    ("tests/acme.yaml", include_str!("template/tests/acme.yaml")),
];

/// Arguments of `octroi init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The folder to write, new or empty [default: ./policies]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The folder to write, where the place on the command line is taken
    #[arg(long = "policies", value_name = "DIR", env = "OCTROI_POLICIES")]
    option: Option<PathBuf>,
    /// Start from one of the shipped applications
    #[arg(long, value_name = "APPLICATION", value_parser = shipped_names())]
    from: Option<String>,
}

fn shipped_names() -> PossibleValuesParser {
    PossibleValuesParser::new(SHIPPED.iter().map(|(name, _)| *name))
}

/// Writes the folder.
pub(super) fn run(args: &InitArgs) -> Exit {
    let written = args.folder.clone().or_else(|| args.option.clone());
    let folder = written.unwrap_or_else(|| PathBuf::from("policies"));
    let chosen = SHIPPED
        .iter()
        .find(|(name, _)| args.from.as_deref() == Some(name));
    let files = chosen.map_or(TEMPLATE, |(_, files)| files);
    match write(&folder, files) {
        Ok(()) => {
            for (path, _) in files {
                print(&format!("{}\n", folder.join(path).display()));
            }
            let folder = folder.display();
            message(&format!(
                "next: `octroi check {folder}`, `octroi test {folder}`, `octroi serve {folder}`\n"
            ));
            Exit::Success
        }
        Err(error) => {
            let folder = folder.display();
            message(&format!(
                "octroi init: cannot write into `{folder}`: {error}\n"
            ));
            Exit::Failure
        }
    }
}

/// Writes files into a folder that is new or empty, names that begin with a dot apart. Nothing is ever overwritten.
fn write(folder: &Path, files: Files) -> io::Result<()> {
    if let Some(name) = occupant(folder)? {
        let name = name.display();
        return Err(io::Error::other(format!(
            "`{name}` is there already, and nothing is overwritten; name a new folder"
        )));
    }
    for (path, text) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// Something that lies in a folder already.
fn occupant(folder: &Path) -> io::Result<Option<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let name = entry?.file_name();
        if !is_hidden(&name) {
            return Ok(Some(PathBuf::from(name)));
        }
    }
    Ok(None)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
