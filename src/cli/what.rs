//! `octroi what`: what an account may do in each tenant that it is a member of, and which roles it may give.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use serde_json::{Value, json};

use super::{Exit, complete, load_place, message, moment, print};
use crate::diagnostic::nearest;
use crate::diff::{entry_words, rows_json};
use crate::model::{Application, Id};
use crate::rights::{Lens, Rights, Who, in_words, lines, of_member};
use crate::snapshot::{CompiledTenant, Snapshot};

/// Arguments of `octroi what`.
#[derive(Debug, Args)]
pub(super) struct WhatArgs {
    /// Whose rights
    #[arg(add = ArgValueCompleter::new(complete::accounts))]
    account: String,
    /// The policies: a folder, or a git revision (`main:policies`)
    #[arg(
        long,
        value_name = "DIR",
        env = "OCTROI_POLICIES",
        default_value = "policies"
    )]
    policies: String,
    /// In this tenant alone
    #[arg(long, env = "OCTROI_TENANT", add = ArgValueCompleter::new(complete::tenants))]
    tenant: Option<String>,
    /// The moment that entries and delegations are looked at, `2026-12-01T09:00:00Z`; now
    #[arg(long, env = "OCTROI_AT")]
    at: Option<String>,
    /// Print it as JSON instead
    #[arg(long, env = "OCTROI_JSON")]
    json: bool,
}

/// An account in one tenant.
struct Found<'s> {
    tenant: &'s CompiledTenant,
    entries: Vec<String>,
    rights: Rights,
}

impl Found<'_> {
    fn application(&self) -> &Application {
        &self.tenant.model.application
    }

    /// The roles that it may give, each with where.
    fn gives(&self) -> Vec<(Id, String)> {
        let key = (Id::from("role"), Id::from("assign"));
        let rows = self.rights.get(&key).map_or(&[][..], Vec::as_slice);
        let roles: BTreeSet<&Id> = rows
            .iter()
            .flat_map(|row| row.assigns.iter().flatten())
            .collect();
        let gives = |role: &Id| {
            let by = rows
                .iter()
                .filter(|row| row.assigns.as_ref().is_some_and(|all| all.contains(role)));
            let by: Vec<_> = by
                .map(|row| crate::rights::Row {
                    assigns: None,
                    ..row.clone()
                })
                .collect();
            (role.clone(), in_words(&by))
        };
        roles.into_iter().map(gives).collect()
    }
}

/// Looks.
pub(super) fn run(args: &WhatArgs) -> Exit {
    match look(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn look(args: &WhatArgs) -> Result<Exit, Exit> {
    let now = moment(args.at.as_deref(), "what")?;
    let loaded = load_place(&args.policies, Path::new("policies"), None)?;
    let Some(snapshot) = &loaded.snapshot else {
        return Err(Exit::Policies);
    };
    let mut tenants: Vec<&CompiledTenant> = match &args.tenant {
        None => snapshot.tenants().collect(),
        Some(id) => match snapshot.tenant(id) {
            Some(tenant) => vec![tenant],
            None => {
                message(&format!("octroi what: no tenant is called `{id}`\n"));
                return Err(Exit::Usage);
            }
        },
    };
    tenants.retain(|tenant| tenant.model.members.contains_key(args.account.as_str()));
    tenants.sort_by(|a, b| a.model.id.value.cmp(&b.model.id.value));
    let lens = Lens::new(snapshot);
    let found = tenants.into_iter().filter_map(|tenant| {
        let who = Who {
            account: &args.account,
            now,
            only: None,
        };
        let rights = lens.look(tenant, |scene| of_member(scene, who))?;
        let entries = tenant
            .model
            .members
            .get(args.account.as_str())
            .into_iter()
            .flatten();
        let entries = entries.map(|entry| entry_words(&tenant.model, entry, now));
        Some(Found {
            tenant,
            entries: entries.collect(),
            rights,
        })
    });
    let found: Vec<Found<'_>> = found.collect();
    print(&match args.json {
        true => as_json(&args.account, &found),
        false => human(&found),
    });
    if found.is_empty() {
        message(&nobody(&args.account, snapshot));
    }
    Ok(Exit::Success)
}

fn nobody(account: &str, snapshot: &Snapshot) -> String {
    let names: BTreeSet<&str> = snapshot
        .tenants()
        .flat_map(|tenant| tenant.model.members.keys().map(|id| &**id))
        .collect();
    let meant =
        nearest(account, names).map_or(String::new(), |name| format!("; did you mean `{name}`?"));
    format!(
        "`{}` is a member of no tenant here{meant}\n",
        account.escape_debug()
    )
}

fn human(found: &[Found<'_>]) -> String {
    let mut text = String::new();
    for found in found {
        if !text.is_empty() {
            text.push('\n');
        }
        let model = &found.tenant.model;
        let _ = writeln!(text, "{} ({})", *model.id, *found.application().id);
        for entry in &found.entries {
            let _ = writeln!(text, "  as {entry}");
        }
        let lines = lines(&found.rights, found.application());
        if lines.is_empty() {
            text.push_str("  may do nothing\n");
        }
        for line in lines {
            let _ = writeln!(text, "  {}: {}  [{}]", line.types, line.actions, line.how);
        }
        for (role, how) in found.gives() {
            let _ = writeln!(text, "  may give the role {role}  [{how}]");
        }
    }
    text
}

fn as_json(account: &str, found: &[Found<'_>]) -> String {
    let tenants = found.iter().map(|found| {
        let rights = found.rights.iter().map(|((kind, action), rows)| {
            json!({"type": &**kind, "action": &**action, "rows": rows_json(rows)})
        });
        let gives = found.gives();
        let gives = gives
            .iter()
            .map(|(role, how)| json!({"role": &**role, "where": how}));
        json!({
            "tenant": &*found.tenant.model.id.value,
            "application": &*found.application().id.value,
            "entries": found.entries,
            "rights": rights.collect::<Value>(),
            "gives": gives.collect::<Value>(),
        })
    });
    let whole = json!({"account": account, "tenants": tenants.collect::<Value>()});
    format!("{whole:#}\n")
}
