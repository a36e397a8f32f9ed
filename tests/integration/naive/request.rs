//! `membership: request`: the subject's entries come with the question.

use serde_json::{Map, Value as Json};

use super::decide::Case;
use super::membership::end_of;
use super::rules;
use super::value::given;
use super::world::{Entry, Scope, Status};

/// There is an entry that can't be taken, or no list of entries.
#[derive(Debug)]
pub struct Malformed;

/// "The application sends who the subject is: `subject.properties.memberships`, a list of entries
/// as above (`role`, `sub_accounts`, `teams`, `assigned`, `status`, `expires`; [...] a malformed
/// list [...]: `invalid_value`)." Left out, there are none.
pub fn memberships(case: &Case) -> Result<Vec<Entry>, Malformed> {
    let Some(list) = given(&case.question.subject, "memberships") else {
        return Ok(Vec::new());
    };
    let items = list.as_array().ok_or(Malformed)?;
    items.iter().map(|item| entry(case, item)).collect()
}

/// "unknown keys ignored, an unknown role, a `status` that is none, an `expires` that is no time, a
/// malformed list, an entry that files would refuse for its role or sub-accounts, or one with
/// `guest_of`: `invalid_value`"
fn entry(case: &Case, item: &Json) -> Result<Entry, Malformed> {
    let fields = item.as_object().ok_or(Malformed)?;
    let entry = Entry {
        account: case.question.subject_id.clone(),
        role: text(fields, "role")?.ok_or(Malformed)?,
        sub_accounts: texts(fields, "sub_accounts")?,
        teams: texts(fields, "teams")?,
        assigned: assigned(fields)?,
        guest_of: None,
        status: status(fields)?,
        expires: text(fields, "expires")?,
    };
    let is_no_time = |expires: &String| end_of(expires).is_none();
    let is_refused = given(fields, "guest_of").is_some()
        || entry.expires.as_ref().is_some_and(is_no_time)
        || files_would_refuse(case, &entry);
    if is_refused {
        Err(Malformed)
    } else {
        Ok(entry)
    }
}

/// "An entry whose role has a grant of effective scope `sub_account` (inherited ones too) must name
/// `sub_accounts`; any other must not. `assigned` likewise goes with `assigned` grants, but may be
/// absent." "Errors: unknown [...] role, [...] sub-account"
fn files_would_refuse(case: &Case, entry: &Entry) -> bool {
    let role_is_known = rules::role(case.app, case.tenant, &entry.role).is_some();
    let wants = rules::wants_sub_accounts(case.app, case.tenant, &entry.role);
    let has_assigned_grants = rules::grants(case.app, case.tenant, &entry.role)
        .iter()
        .any(|(_, scope)| *scope == Scope::Assigned);
    let are_known = entry
        .sub_accounts
        .iter()
        .all(|id| case.tenant.has_sub_account(id) && is_name(id));
    !role_is_known
        || !are_known
        || wants == entry.sub_accounts.is_empty()
        || (!entry.assigned.is_empty() && !has_assigned_grants)
}

/// "Ids of applications, tenants, roles, sub-accounts, teams: `[a-z0-9][a-z0-9_-]{0,63}`."
fn is_name(id: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=64).contains(&id.len())
        && id.starts_with(is_plain)
        && id.chars().all(|c| is_plain(c) || c == '_' || c == '-')
}

fn text(fields: &Map<String, Json>, key: &str) -> Result<Option<String>, Malformed> {
    match given(fields, key) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Malformed),
    }
}

fn texts(fields: &Map<String, Json>, key: &str) -> Result<Vec<String>, Malformed> {
    given(fields, key).map_or(Ok(Vec::new()), list)
}

fn list(json: &Json) -> Result<Vec<String>, Malformed> {
    let items = json.as_array().ok_or(Malformed)?;
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned).ok_or(Malformed))
        .collect()
}

/// "`assigned` (`{creator: [luna]}`)"
fn assigned(fields: &Map<String, Json>) -> Result<Vec<(String, Vec<String>)>, Malformed> {
    let Some(assigned) = given(fields, "assigned") else {
        return Ok(Vec::new());
    };
    let kinds = assigned.as_object().ok_or(Malformed)?;
    kinds
        .iter()
        .map(|(kind, ids)| Ok((kind.clone(), list(ids)?)))
        .collect()
}

/// "`status`: `active` (default), `invited` [...], `suspended`"
fn status(fields: &Map<String, Json>) -> Result<Option<Status>, Malformed> {
    match text(fields, "status")?.as_deref() {
        None => Ok(None),
        Some("active") => Ok(Some(Status::Active)),
        Some("invited") => Ok(Some(Status::Invited)),
        Some("suspended") => Ok(Some(Status::Suspended)),
        Some(_) => Err(Malformed),
    }
}

/// The entry as it stands in `memberships`.
pub fn to_json(entry: &Entry) -> Json {
    let mut fields = Map::new();
    let mut set = |key: &str, value: Json| fields.insert(key.to_owned(), value);
    set("role", entry.role.clone().into());
    for (key, ids) in [
        ("sub_accounts", &entry.sub_accounts),
        ("teams", &entry.teams),
    ] {
        if !ids.is_empty() {
            set(key, ids.clone().into());
        }
    }
    if !entry.assigned.is_empty() {
        let kinds = entry.assigned.iter();
        let kinds: Map<String, Json> = kinds
            .map(|(kind, ids)| (kind.clone(), ids.clone().into()))
            .collect();
        set("assigned", kinds.into());
    }
    if let Some(status) = entry.status {
        set("status", status.name().into());
    }
    if let Some(expires) = &entry.expires {
        set("expires", expires.clone().into());
    }
    Json::Object(fields)
}
