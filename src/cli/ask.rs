//! `octroi ask`: one question, with its explanation.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use hyper::Uri;
use serde_json::json;

use super::{Exit, complete, hints, load_place, message, moment, print, remote};
use crate::document::AttributeType;
use crate::explain::{Effort, Explanation, explain};
use crate::model::{Application, Attributes, BuiltIn, Model, ResourceType};
use crate::pipeline;
use crate::snapshot::{Action, Entity, Question};
use crate::value::{Json, Members};

/// Arguments of `octroi ask`.
#[derive(Debug, Args)]
pub(super) struct AskArgs {
    /// Who asks
    #[arg(add = ArgValueCompleter::new(complete::accounts))]
    account: String,
    #[command(flatten)]
    rest: QuestionArgs,
    /// Ask the sidecar that runs there instead, `http://127.0.0.1:8181`
    #[arg(long, env = "OCTROI_URL", value_name = "URL", conflicts_with = "at")]
    url: Option<Uri>,
    /// The token that the sidecar wants; better kept in the environment than on the command line
    #[arg(
        long,
        env = "OCTROI_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
}

/// A question but for who asks.
#[derive(Debug, Args)]
pub(super) struct QuestionArgs {
    /// What is to be done
    #[arg(add = ArgValueCompleter::new(complete::actions))]
    pub(super) action: String,
    /// What it is to be done with: `TYPE` or `TYPE:ID`
    #[arg(value_name = "TYPE[:ID]", add = ArgValueCompleter::new(complete::types))]
    pub(super) resource: String,
    /// The policies: a folder, or a git revision (`main:policies`)
    #[arg(
        long,
        value_name = "DIR",
        env = "OCTROI_POLICIES",
        default_value = "policies"
    )]
    pub(super) policies: String,
    /// A property of the resource, `key=value`; a list is written `a,b`, or as JSON: `["a","b"]`
    #[arg(short = 'p', value_name = "KEY=VALUE")]
    pub(super) property: Vec<String>,
    /// A property of the subject; memberships as JSON: `memberships=[{"role":"technician"}]`
    #[arg(short = 's', value_name = "KEY=VALUE")]
    pub(super) subject: Vec<String>,
    /// A property of the action
    #[arg(short = 'a', value_name = "KEY=VALUE")]
    pub(super) action_property: Vec<String>,
    /// A value of the context
    #[arg(short = 'c', value_name = "KEY=VALUE")]
    pub(super) context: Vec<String>,
    /// The tenant; may be left out where there is only one
    #[arg(long, env = "OCTROI_TENANT", add = ArgValueCompleter::new(complete::tenants))]
    pub(super) tenant: Option<String>,
    /// The moment asked about, `2026-12-01T09:00:00Z`
    #[arg(long, env = "OCTROI_AT")]
    pub(super) at: Option<String>,
    /// Print the answer as JSON instead
    #[arg(long, env = "OCTROI_JSON")]
    pub(super) json: bool,
}

impl QuestionArgs {
    /// Whether it says anything of what is asked about beside its type and tenant.
    pub(super) fn is_about_one(&self, id: Option<&str>) -> bool {
        let is_tenant = |pair: &&String| !pair.starts_with("tenant=");
        id.is_some()
            || self.property.iter().any(|pair| is_tenant(&pair))
            || !self.subject.is_empty()
            || !self.action_property.is_empty()
            || !self.context.is_empty()
    }
}

/// Asks the question.
pub(super) fn run(args: &AskArgs) -> Exit {
    let asked = match &args.url {
        Some(url) => ask_sidecar(args, url),
        None => ask_policies(args),
    };
    match asked {
        Ok(exit) | Err(exit) => exit,
    }
}

fn ask_policies(args: &AskArgs) -> Result<Exit, Exit> {
    let now = moment(args.rest.at.as_deref(), "ask")?;
    let loaded = load_place(&args.rest.policies, Path::new("policies"), None)?;
    let Some(snapshot) = &loaded.snapshot else {
        return Err(Exit::Policies);
    };
    let question = question(&args.account, &args.rest, &loaded.model).map_err(usage)?;
    let explanation = explain(snapshot, &question, now, Effort::WithSuggestions);
    let allowed = explanation.reason().allows();
    if args.rest.json {
        let answer = json!({"decision": allowed, "context": explanation});
        print(&format!("{answer:#}\n"));
    } else {
        print(&human(&explanation));
    }
    for hint in hints::hints(&args.account, &args.rest, allowed, &loaded.model) {
        message(&format!("{hint}\n"));
    }
    Ok(ended(allowed))
}

fn usage(problem: String) -> Exit {
    message(&format!("octroi ask: {problem}\n"));
    Exit::Usage
}

fn ended(allowed: bool) -> Exit {
    if allowed { Exit::Success } else { Exit::Denied }
}

/// Asks a running sidecar. What it has loaded is not known here: values are read as the types that a policy folder of
/// ours declares, if there is one, else as what they look like.
fn ask_sidecar(args: &AskArgs, url: &Uri) -> Result<Exit, Exit> {
    let folder = Path::new(&args.rest.policies);
    let known = folder
        .is_dir()
        .then(|| pipeline::load(folder, 0, 0).ok())
        .flatten();
    let body = match &known {
        Some(loaded) => {
            remote::body(&question(&args.account, &args.rest, &loaded.model).map_err(usage)?)
        }
        None => {
            remote::body(&question(&args.account, &args.rest, &Model::default()).map_err(usage)?)
        }
    };
    let answer = remote::ask(url, args.token.as_deref(), &body).map_err(|error| {
        message(&format!("octroi ask: {error}\n"));
        match error {
            remote::RemoteError::Url => Exit::Usage,
            _ => Exit::Failure,
        }
    })?;
    if args.rest.json {
        print(&format!("{:#}\n", answer.whole));
    } else {
        print(&answer.human());
    }
    Ok(ended(answer.decision))
}

fn human(explanation: &Explanation) -> String {
    let reason = explanation.reason();
    let word = if reason.allows() { "allow" } else { "deny" };
    let mut text = format!(
        "{word} ({})\n  {}\n",
        reason.as_str(),
        explanation.sentence()
    );
    for rule in explanation.determining() {
        let _ = writeln!(text, "  by {} at {}", rule.policy, rule.source);
    }
    for change in explanation.would_allow() {
        let _ = writeln!(text, "  would allow: {change}");
    }
    text
}

/// The tenant that the command line names: by option, in a property or the context, or as the resource itself; else
/// the only one there is.
pub(super) fn tenant<'a>(args: &'a QuestionArgs, model: &'a Model) -> Option<&'a str> {
    let named = |pairs: &'a [String]| pairs.iter().find_map(|pair| pair.strip_prefix("tenant="));
    let only = || match model.tenants.len() {
        1 => model.tenants.keys().next().map(|id| &**id),
        _ => None,
    };
    args.tenant
        .as_deref()
        .or_else(|| named(&args.property))
        .or_else(|| named(&args.context))
        .or_else(|| args.resource.strip_prefix("tenant:"))
        .or_else(only)
}

/// The application that a question is about: the tenant's, the one that the context names, or the only one.
pub(super) fn application<'m>(
    args: &'m QuestionArgs,
    tenant: Option<&str>,
    model: &'m Model,
) -> Option<&'m Application> {
    if let Some(tenant) = tenant.and_then(|id| model.tenants.get(id)) {
        return Some(&tenant.application);
    }
    let mut pairs = args.context.iter();
    let named = pairs.find_map(|pair| pair.strip_prefix("application="));
    let application = match named {
        Some(name) => model.applications.get(name),
        None if model.applications.len() == 1 => model.applications.values().next(),
        None => None,
    };
    application.map(|application| &**application)
}

/// The question that the command line asks.
pub(super) fn question<'a>(
    account: &'a str,
    args: &'a QuestionArgs,
    model: &Model,
) -> Result<Question<'a>, String> {
    let tenant = tenant(args, model);
    let application = application(args, tenant, model);
    let (kind, id) = split_resource(&args.resource, application);
    let tenant_id = tenant
        .filter(|_| kind == BuiltIn::Tenant.as_str())
        .unwrap_or("*");
    let declared = application
        .and_then(|application| application.types.get(kind))
        .map(properties)
        .unwrap_or_default();
    let none = Attributes::default();
    let of = |pick: fn(&Application) -> &Attributes| application.map_or(&none, pick);
    let of_resource = members(&args.property, &declared)?;
    let mut context = members(&args.context, of(|application| &application.context))?;
    if let Some(tenant) = &args.tenant {
        // Beside a tenant in the properties it stays, so that two which differ are a conflict.
        let named = context.get("tenant");
        if named.is_some_and(|named| named.as_text() != Some(tenant)) {
            return Err("`--tenant` and `-c tenant=` name two tenants".into());
        }
        context.set("tenant", Json::borrowed(tenant));
    }
    let subject_type = application
        .and_then(|application| application.subject_types.first())
        .map_or_else(|| "user".to_owned(), |kind| kind.to_string());
    Ok(Question {
        subject: Entity {
            kind: Cow::Owned(subject_type),
            id: Cow::Borrowed(account),
            properties: members(
                &args.subject,
                of(|application| &application.account_attributes),
            )?
            .into(),
        }
        .into(),
        action: Action {
            name: Cow::Borrowed(&args.action),
            properties: members(
                &args.action_property,
                of(|application| &application.context_action),
            )?
            .into(),
        }
        .into(),
        resource: Entity {
            kind: Cow::Borrowed(kind),
            id: Cow::Owned(id.unwrap_or(tenant_id).to_owned()),
            properties: of_resource.into(),
        }
        .into(),
        context: context.into(),
    })
}

/// What a question can say of a resource of a type.
pub(super) fn properties(kind: &ResourceType) -> Attributes {
    let mut declared = kind.readable.clone();
    for (name, of) in kind.built_in.map_or(&[][..], BuiltIn::properties) {
        declared.entry((*name).into()).or_insert(*of);
    }
    declared
}

/// The longest known type that is the whole, or is followed by `:`, is the type.
pub(super) fn split_resource<'a>(
    text: &'a str,
    application: Option<&Application>,
) -> (&'a str, Option<&'a str>) {
    let known = application
        .into_iter()
        .flat_map(|application| application.types.keys());
    let longest = known
        .filter_map(|name| {
            let rest = text.strip_prefix(&**name)?;
            (rest.is_empty() || rest.starts_with(':')).then_some(name.len())
        })
        .max();
    match longest.and_then(|length| text.split_at_checked(length)) {
        Some((kind, rest)) => (kind, rest.strip_prefix(':')),
        None => match text.split_once(':') {
            Some((kind, id)) => (kind, Some(id)),
            None => (text, None),
        },
    }
}

/// Reads `key=value` pairs as their declared types; what is not declared is text, or JSON that begins as a list or an
/// object does.
fn members<'a>(pairs: &'a [String], declared: &Attributes) -> Result<Members<'a>, String> {
    let mut members = Members::default();
    for pair in pairs {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| format!("`{pair}` must be written `key=value`"))?;
        let kind = match (declared.get(key), key) {
            (Some(kind), _) => Some(*kind),
            (None, "sub_accounts" | "teams") => Some(AttributeType::StringSet),
            (None, _) => None,
        };
        if members.get(key).is_some() {
            return Err(format!("`{key}` is given twice; a list is written `a,b`"));
        }
        let value = match kind {
            Some(AttributeType::StringSet | AttributeType::LongSet) | None if is_json(value) => {
                match (serde_json::from_str(value), key) {
                    (Ok(json), _) => json,
                    (Err(error), "memberships") => {
                        return Err(format!("`{key}` is no JSON: {error}"));
                    }
                    (Err(_), _) => read(value, kind.unwrap_or(AttributeType::String)),
                }
            }
            _ => read(value, kind.unwrap_or(AttributeType::String)),
        };
        members.set(key, value);
    }
    Ok(members)
}

/// Whether a value is meant as JSON: as a list or an object.
fn is_json(value: &str) -> bool {
    value.starts_with(['[', '{'])
}

fn read(value: &str, kind: AttributeType) -> Json<'_> {
    let number = |text: &str| text.trim().parse().map_or(Json::Number, Json::Integer);
    let items = || value.split(',').filter(|item| !item.is_empty());
    match kind {
        AttributeType::Long => value.parse().map_or(Json::borrowed(value), Json::Integer),
        AttributeType::Bool => match value {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ => Json::borrowed(value),
        },
        AttributeType::StringSet => Json::List(items().map(Json::borrowed).collect()),
        AttributeType::LongSet => Json::List(items().map(number).collect()),
        AttributeType::String
        | AttributeType::Datetime
        | AttributeType::Decimal
        | AttributeType::Ipaddr => Json::borrowed(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_objects_are_read_as_json_where_no_text_is_declared() {
        let mut declared = Attributes::default();
        declared.insert("title".into(), AttributeType::String);
        declared.insert("tags".into(), AttributeType::StringSet);
        let list = |items: &[&'static str]| {
            Json::List(items.iter().map(|item| Json::borrowed(item)).collect())
        };
        for (pair, expected) in [
            (r#"tags=["a,b","c"]"#, list(&["a,b", "c"])),
            ("tags=[a,b", list(&["[a", "b"])),
            (r#"title=["a"]"#, Json::borrowed(r#"["a"]"#)),
            ("other=[x", Json::borrowed("[x")),
            (r#"other=["x"]"#, list(&["x"])),
            ("other=7", Json::borrowed("7")),
        ] {
            let pairs = [pair.to_owned()];
            let read = members(&pairs, &declared).unwrap();
            let key = pair.split_once('=').unwrap().0;
            assert_eq!(read.get(key), Some(&expected), "{pair}");
        }
        let pairs = [r#"memberships=[{"role":"technician"}]"#.to_owned()];
        let read = members(&pairs, &declared).unwrap();
        let Some(Json::List(entries)) = read.get("memberships") else {
            panic!("{read:?}");
        };
        assert_eq!(entries[0].get("role"), Some(&Json::borrowed("technician")));
        let broken = ["memberships=[{role: technician}]".to_owned()];
        let error = members(&broken, &declared).unwrap_err();
        assert!(error.contains("`memberships` is no JSON"), "{error}");
    }

    #[test]
    fn values_are_read_as_their_types() {
        for (value, kind, json) in [
            ("5", AttributeType::String, Json::borrowed("5")),
            ("5", AttributeType::Long, Json::Integer(5)),
            ("x", AttributeType::Long, Json::borrowed("x")),
            ("true", AttributeType::Bool, Json::Bool(true)),
            ("", AttributeType::StringSet, Json::List(vec![])),
            (
                "a,b",
                AttributeType::StringSet,
                Json::List(vec![Json::borrowed("a"), Json::borrowed("b")]),
            ),
            (
                "1,x",
                AttributeType::LongSet,
                Json::List(vec![Json::Integer(1), Json::Number]),
            ),
        ] {
            assert_eq!(read(value, kind), json, "{value}");
        }
    }
}
