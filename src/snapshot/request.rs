//! Memberships that come with the question, for applications that take them from the request. The caller is trusted
//! with them; what files would refuse is refused here too.

use super::question::Question;
use super::tenant::CompiledTenant;
use crate::document::{Status, end_of_date, instant, is_id};
use crate::model::{Entry, Id};
use crate::value::Json;

/// The entries that a question's subject brings. An error says what is wrong with them.
pub(super) fn entries(
    question: &Question<'_>,
    tenant: &CompiledTenant,
) -> Result<Vec<Entry>, String> {
    match question.subject.properties.get("memberships") {
        None => Ok(Vec::new()),
        Some(Json::List(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                entry(item, tenant)
                    .map_err(|why| format!("`subject.properties.memberships[{index}]`: {why}"))
            })
            .collect(),
        Some(_) => Err("`subject.properties.memberships` must be a list".into()),
    }
}

fn entry(item: &Json<'_>, tenant: &CompiledTenant) -> Result<Entry, String> {
    if !matches!(item, Json::Object(_)) {
        return Err("an entry must be an object".into());
    }
    let name = item
        .get("role")
        .and_then(Json::as_text)
        .ok_or("`role` is missing or no text")?;
    let role = tenant
        .model
        .role(name)
        .ok_or_else(|| format!("no role is called `{}`", name.escape_debug()))?;
    if item.get("guest_of").is_some() {
        return Err("`guest_of` is for files only".into());
    }
    let sub_accounts = texts(item.get("sub_accounts"), "sub_accounts")?.unwrap_or_default();
    if role.wants_sub_accounts == sub_accounts.is_empty() {
        return Err(match role.wants_sub_accounts {
            true => "the role wants `sub_accounts`".into(),
            false => "the role wants no `sub_accounts`".into(),
        });
    }
    if let Some(id) = sub_accounts.iter().find(|id| !is_id(id)) {
        return Err(format!(
            "`{}` cannot be a sub-account's id",
            id.escape_debug()
        ));
    }
    let unknown = sub_accounts
        .iter()
        .find(|id| tenant.model.declared && !tenant.model.sub_accounts.contains_key(*id));
    if let Some(id) = unknown {
        return Err(format!(
            "the tenant has no sub-account `{}`",
            id.escape_debug()
        ));
    }
    let assigned = assigned(item.get("assigned"), tenant)?;
    if !assigned.is_empty() && !role.wants_assigned {
        return Err("the role has no grant with the scope `assigned`".into());
    }
    Ok(Entry {
        span: None,
        role: role.name.value.clone(),
        sub_accounts: sub_accounts.into(),
        teams: texts(item.get("teams"), "teams")?.map(Into::into),
        assigned: assigned.into(),
        guest: None,
        status: status(item.get("status"))?,
        expires: expires(item.get("expires"))?,
        expires_span: None,
    })
}

fn texts(json: Option<&Json<'_>>, what: &str) -> Result<Option<Vec<Id>>, String> {
    let malformed = || format!("`{what}` must be a list of texts");
    match json {
        None => Ok(None),
        Some(Json::List(items)) => items
            .iter()
            .map(|item| item.as_text().map(Id::from).ok_or_else(malformed))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(malformed()),
    }
}

fn assigned(json: Option<&Json<'_>>, tenant: &CompiledTenant) -> Result<Vec<(usize, Id)>, String> {
    let types = &tenant.model.application.types;
    let members = match json {
        None => return Ok(Vec::new()),
        Some(Json::Object(members)) => members,
        Some(_) => return Err("`assigned` must be an object".into()),
    };
    let mut assigned = Vec::new();
    for (kind, ids) in members.iter() {
        let kind = types
            .get_index_of(kind)
            .ok_or_else(|| format!("no resource type is called `{}`", kind.escape_debug()))?;
        let ids = texts(Some(ids), "assigned")?.unwrap_or_default();
        assigned.extend(ids.into_iter().map(|id| (kind, id)));
    }
    Ok(assigned)
}

fn status(json: Option<&Json<'_>>) -> Result<Status, String> {
    match json.map(Json::as_text) {
        None | Some(Some("active")) => Ok(Status::Active),
        Some(Some("invited")) => Ok(Status::Invited),
        Some(Some("suspended")) => Ok(Status::Suspended),
        Some(_) => Err("`status` must be `active`, `invited` or `suspended`".into()),
    }
}

fn expires(json: Option<&Json<'_>>) -> Result<Option<i64>, String> {
    let Some(json) = json else { return Ok(None) };
    let moment = json
        .as_text()
        .and_then(|text| end_of_date(text).or_else(|| instant(text)));
    moment
        .map(Some)
        .ok_or_else(|| "`expires` must be a date or an instant with its zone".into())
}
