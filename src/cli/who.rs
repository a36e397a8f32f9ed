//! `octroi who`: which members may do something; of what is not said, where and on which conditions.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::ask::{QuestionArgs, question, split_resource, tenant};
use super::progress::Progress;
use super::{Exit, load_place, message, moment, print};
use crate::diff::rows_json;
use crate::model::{Id, Model};
use crate::rights::{Key, Lens, Row, Who, in_words, of_member};
use crate::snapshot::{CompiledTenant, Snapshot};
use crate::value::Json;

/// Arguments of `octroi who`.
#[derive(Debug, Args)]
pub(super) struct WhoArgs {
    #[command(flatten)]
    asked: QuestionArgs,
}

/// Somebody who may.
struct Found {
    tenant: Id,
    account: Id,
    /// Whether just what was asked is allowed, nothing more being said of it.
    is_as_asked: bool,
    rows: Vec<Row>,
}

/// Looks for them.
pub(super) fn run(args: &WhoArgs) -> Exit {
    match look(&args.asked) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn usage(problem: &str) -> Exit {
    message(&format!("octroi who: {problem}\n"));
    Exit::Usage
}

fn look(args: &QuestionArgs) -> Result<Exit, Exit> {
    let now = moment(args.at.as_deref(), "who")?;
    let loaded = load_place(&args.policies, Path::new("policies"), None)?;
    let Some(snapshot) = &loaded.snapshot else {
        return Err(Exit::Policies);
    };
    let shown = Progress::of("asking about every member");
    let tenants = tenants(args, &loaded.model, snapshot)?;
    let lens = Lens::new(snapshot);
    let mut found = Vec::new();
    for tenant in &tenants {
        found.extend(members(args, &loaded.model, snapshot, &lens, tenant, now)?);
    }
    drop(shown);
    if args.json {
        let subjects: Vec<Value> = found
            .iter()
            .map(|found| {
                json!({
                    "tenant": &*found.tenant,
                    "id": &*found.account,
                    // Nobody else is listed; a script finds here whom the text lists.
                    "allowed": true,
                    "as_asked": found.is_as_asked,
                    "rows": rows_json(&found.rows),
                })
            })
            .collect();
        print(&format!("{:#}\n", json!({"subjects": subjects})));
    } else {
        print(&human(&found, tenants.len() > 1));
    }
    if found.is_empty() {
        let by_request = |tenant: &&CompiledTenant| tenant.model.application.membership_request;
        message(match tenants.iter().any(by_request) {
            true => "nobody that the files know: members come with the question there\n",
            false => "nobody\n",
        });
    }
    Ok(Exit::Success)
}

/// The tenants whose members are asked about: the one named, else all that know the type and the action.
fn tenants<'s>(
    args: &QuestionArgs,
    model: &Model,
    snapshot: &'s Snapshot,
) -> Result<Vec<&'s CompiledTenant>, Exit> {
    let mut tenants: Vec<&CompiledTenant> = match tenant(args, model) {
        Some(id) => {
            let found = snapshot.tenant(id);
            vec![found.ok_or_else(|| usage(&format!("no tenant is called `{id}`")))?]
        }
        None => snapshot.tenants().collect(),
    };
    let knows = |tenant: &&CompiledTenant| {
        let application = &tenant.model.application;
        let (kind, _) = split_resource(&args.resource, Some(application));
        let kind = application.types.get(kind);
        kind.is_some_and(|kind| kind.actions.contains(&*args.action))
    };
    tenants.retain(knows);
    if tenants.is_empty() {
        let (action, resource) = (&args.action, &args.resource);
        return Err(usage(&format!(
            "there is no type with the action `{action}` that `{resource}` could be"
        )));
    }
    tenants.sort_by(|a, b| a.model.id.value.cmp(&b.model.id.value));
    Ok(tenants)
}

fn members(
    args: &QuestionArgs,
    model: &Model,
    snapshot: &Snapshot,
    lens: &Lens<'_>,
    tenant: &CompiledTenant,
    now: i64,
) -> Result<Vec<Found>, Exit> {
    let id = &tenant.model.id.value;
    let (kind, resource) = split_resource(&args.resource, Some(&tenant.model.application));
    let key: Key = (kind.into(), args.action.as_str().into());
    let only = BTreeSet::from([key.clone()]);
    let is_about_one = args.is_about_one(resource);
    // Rows say it all where no place is asked about and nothing but them allows; each answer is wanted in JSON alone.
    let is_asked = is_about_one
        || args.json
        || tenant.book.has_raw()
        || tenant.application.compiled.book.has_raw();
    let mut found = Vec::new();
    let mut problem = None;
    lens.look(tenant, |scene| {
        for account in tenant.model.members.keys() {
            let who = Who {
                account,
                now,
                only: Some(&only),
            };
            let rows = of_member(scene, who).remove(&key).unwrap_or_default();
            if !is_asked {
                if !rows.is_empty() {
                    found.push(Found {
                        tenant: id.clone(),
                        account: account.clone(),
                        is_as_asked: false,
                        rows,
                    });
                }
                continue;
            }
            let mut asked = match question(account, args, model) {
                Ok(asked) => asked,
                Err(why) => {
                    problem = Some(why);
                    return;
                }
            };
            if asked.context.get("tenant").is_none() && asked.property("tenant").is_none() {
                asked.context.own().set("tenant", Json::borrowed(id));
            }
            if &*asked.resource.kind == "tenant" && resource.is_none() {
                asked.resource.own().id = id.to_string().into();
            }
            let subject_type = tenant.model.application.subject_types.first();
            if let Some(subject_type) = subject_type {
                asked.subject.own().kind = subject_type.to_string().into();
            }
            let is_as_asked = snapshot.decide(&asked, now).reason.allows();
            if is_as_asked || !is_about_one && !rows.is_empty() {
                found.push(Found {
                    tenant: id.clone(),
                    account: account.clone(),
                    is_as_asked,
                    rows,
                });
            }
        }
    });
    match problem {
        Some(problem) => Err(usage(&problem)),
        None => Ok(found),
    }
}

fn human(found: &[Found], several: bool) -> String {
    let longest =
        |name: fn(&Found) -> &Id| found.iter().map(|found| name(found).chars().count()).max();
    let tenants = longest(|found| &found.tenant).unwrap_or(0);
    let accounts = longest(|found| &found.account).unwrap_or(0);
    let mut text = String::new();
    for found in found {
        if several {
            let _ = write!(text, "{:tenants$}  ", found.tenant);
        }
        let how = match found.rows.is_empty() {
            true => "by raw Cedar".to_owned(),
            false => in_words(&found.rows),
        };
        let roles: BTreeSet<&str> = found.rows.iter().map(|row| &*row.role).collect();
        let roles: Vec<&str> = roles.into_iter().collect();
        let _ = writeln!(
            text,
            "{:accounts$}  {how}  [{}]",
            found.account,
            roles.join(", ")
        );
    }
    text
}
