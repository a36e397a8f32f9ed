//! `octroi matrix`: what each role may do as a table, or each member of a tenant; and whether that is what a checked-in
//! table says.

mod csv;
mod difference;
mod html;
mod human;
mod markdown;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use super::{Exit, complete, load_place, message, moment, print};
use crate::rights::{Lens, Table, by_member, by_role, tables};
use crate::snapshot::Snapshot;

/// Arguments of `octroi matrix`.
#[derive(Debug, Args)]
pub(super) struct MatrixArgs {
    /// The policies: a folder, or a git revision (`main:policies`) [default: ./policies]
    #[arg(value_name = "POLICIES")]
    folder: Option<String>,
    /// The policies, where the place on the command line is taken
    #[arg(long = "policies", value_name = "DIR", env = "OCTROI_POLICIES")]
    option: Option<String>,
    /// The members of this tenant instead of roles
    #[arg(long, env = "OCTROI_TENANT", add = ArgValueCompleter::new(complete::tenants))]
    tenant: Option<String>,
    /// The moment that members' entries are looked at, `2026-12-01T09:00:00Z`; now
    #[arg(long, env = "OCTROI_AT")]
    at: Option<String>,
    /// How to write it [default: human, or what the name of the file to check ends with]
    #[arg(long, value_enum, env = "OCTROI_FORMAT")]
    format: Option<Format>,
    /// Compare with a table that was written to this file before
    #[arg(long, value_name = "FILE", env = "OCTROI_CHECK")]
    check: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people at a terminal
    Human,
    /// For a review: a row for each action, the scopes in full
    Markdown,
    /// For a spreadsheet
    Csv,
    /// For a browser, one file
    Html,
}

/// Prints or checks.
pub(super) fn run(args: &MatrixArgs) -> Exit {
    match matrix(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn matrix(args: &MatrixArgs) -> Result<Exit, Exit> {
    let now = moment(args.at.as_deref(), "matrix")?;
    let place = args.folder.as_deref().or(args.option.as_deref());
    let loaded = load_place(place.unwrap_or("policies"), Path::new("policies"), None)?;
    let Some(snapshot) = &loaded.snapshot else {
        return Err(Exit::Policies);
    };
    let tables = match &args.tenant {
        None => tables(snapshot),
        Some(id) => vec![of_tenant(id, snapshot, now)?],
    };
    let format = args
        .format
        .unwrap_or_else(|| format_of(args.check.as_deref()));
    let text = match format {
        Format::Human => human::write(&tables, human::width()),
        Format::Markdown => markdown::write(&tables),
        Format::Csv => csv::write(&tables),
        Format::Html => html::write(&tables),
    };
    let Some(file) = &args.check else {
        print(&text);
        return Ok(Exit::Success);
    };
    let checked_in = std::fs::read_to_string(file).map_err(|error| {
        message(&format!(
            "octroi matrix: cannot read `{}`: {error}\n",
            file.display()
        ));
        Exit::Failure
    })?;
    if checked_in == text {
        return Ok(Exit::Success);
    }
    print(&difference::of(&checked_in, &text, format));
    message(&format!(
        "octroi matrix: `{}` says something else; if this is meant, write the table anew\n",
        file.display()
    ));
    Ok(Exit::Differences)
}

fn of_tenant(id: &str, snapshot: &Snapshot, now: i64) -> Result<Table, Exit> {
    let Some(tenant) = snapshot.tenant(id) else {
        message(&format!("octroi matrix: no tenant is called `{id}`\n"));
        return Err(Exit::Usage);
    };
    let by_request = tenant.model.application.membership_request;
    if by_request {
        message("members come with the question there; these are the roles\n");
    }
    let lens = Lens::new(snapshot);
    let table = lens.look(tenant, |scene| match by_request {
        true => by_role(scene),
        false => by_member(scene, now),
    });
    table.ok_or(Exit::Failure)
}

/// The format of a file by its name.
fn format_of(file: Option<&Path>) -> Format {
    let extension = file.and_then(Path::extension);
    match extension.and_then(|extension| extension.to_str()) {
        Some("md") => Format::Markdown,
        Some("csv") => Format::Csv,
        Some("html" | "htm") => Format::Html,
        _ => Format::Human,
    }
}

/// What a table is about.
fn title(table: &Table) -> String {
    match &table.tenant {
        None => table.application.to_string(),
        Some(tenant) => format!("{tenant} ({})", table.application),
    }
}
