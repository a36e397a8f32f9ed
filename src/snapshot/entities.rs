//! What the engine is given for one question and one entry: principal, resource and context, with nothing in them that
//! the question cannot need.

use std::ops::Deref;

use cedar_policy::{Context, Entities, EntityUid, Request, RestrictedExpression};

use super::attributes::Typing;
use super::names::KindNames;
use super::place::Place;
use super::question::Question;
use super::slices::Slice;
use super::tenant::CompiledTenant;
use crate::compile::{ENTRY, Needs, PLACE, Root, expression};
use crate::document::to_text;
use crate::engine::{
    self, Attributes, Fact, Facts, Refused, Value, entity, flag, record, refused, text, texts,
    typed,
};
use crate::model::{BuiltIn, Entry, Moment, ResourceType};
use crate::value::{Said, Typed, Values};

/// The roles that some entries hold, what they inherit from among them.
pub(super) fn held_roles<'t>(
    entries: impl Iterator<Item = &'t Entry>,
    tenant: &'t CompiledTenant,
) -> impl Iterator<Item = &'t str> {
    let roles = entries.filter_map(|entry| tenant.model.role(&entry.role));
    roles.flat_map(|role| &role.closure).map(|id| &**id)
}

/// What is the same for every entry of the member.
pub(super) struct Asked<'a> {
    /// Who is asked about: the question's subject, or whoever delegated to it.
    pub(super) subject: &'a str,
    /// What the question says of it, if that is whom it asks about.
    pub(super) said: Option<&'a Said<'a>>,
    pub(super) question: &'a Question<'a>,
    pub(super) typing: &'a Typing<'a>,
    pub(super) place: &'a Place<'a>,
    pub(super) tenant: &'a CompiledTenant,
    /// The tenant's id, which the question alone knows where no file names it.
    pub(super) tenant_id: &'a str,
    pub(super) kind_index: usize,
    pub(super) kind: &'a ResourceType,
    /// Its entries that count.
    pub(super) entries: &'a [&'a Entry],
    pub(super) now: &'a Moment,
}

impl Asked<'_> {
    /// The engine's request; the same for every entry.
    pub(super) fn request(&self, needs: &Needs) -> Result<Request, Refused> {
        Request::new(
            self.principal_uid()?,
            self.action_uid()?.clone(),
            self.resource_uid()?,
            self.context(needs)?,
            None,
        )
        .map_err(refused)
    }

    fn context(&self, needs: &Needs) -> Result<Context, Refused> {
        if !needs.any(Root::Context) && !needs.any(Root::Action) {
            return Ok(Context::empty());
        }
        let mut context: Vec<(String, RestrictedExpression)> =
            expressions(&self.typing.context, needs, Root::Context).collect();
        if needs.attribute(Root::Context, "now") {
            let now = to_text(self.now.ms()).ok_or_else(|| refused("the clock is out of range"))?;
            context.push(("now".into(), RestrictedExpression::new_datetime(now)));
        }
        if needs.any(Root::Action) {
            let properties = expressions(&self.typing.action, needs, Root::Action);
            let properties = RestrictedExpression::new_record(properties).map_err(refused)?;
            context.push(("action".into(), properties));
        }
        Context::from_pairs(context).map_err(refused)
    }

    /// The facts that conditions read; what is not there, they find missing.
    pub(super) fn facts(&self, slice: &Slice) -> Result<Facts, Refused> {
        let mut found = Vec::with_capacity(slice.facts.len());
        for fact in &slice.facts {
            if let Some(value) = self.fact(fact)? {
                found.push((fact.clone(), value));
            }
        }
        Ok(Facts::new(&slice.constants, found))
    }

    fn fact(&self, fact: &Fact) -> Result<Option<Value>, Refused> {
        let name = &*fact.name;
        match fact.root {
            Root::Principal if name == "id" => Ok(Some(text(self.subject))),
            Root::Principal => match self.said.and_then(|said| said.get(name)) {
                Some(said) => typed(said).map(Some),
                None => self.account_value(name).map(typed).transpose(),
            },
            Root::Resource => self.typing.resource.get(name).map(typed).transpose(),
            Root::Context if name == "now" => engine::datetime(self.now.ms()).map(Some),
            Root::Context => self.typing.context.get(name).map(typed).transpose(),
            Root::Action => self.typing.action.get(name).map(typed).transpose(),
        }
    }

    /// Whether there is something to read.
    pub(super) fn has(&self, fact: &Fact) -> bool {
        let name = &*fact.name;
        match fact.root {
            Root::Principal if name == "id" => true,
            Root::Principal => {
                self.said.is_some_and(|said| said.contains_key(name))
                    || self.account_value(name).is_some()
            }
            Root::Resource => self.typing.resource.contains_key(name),
            Root::Context => name == "now" || self.typing.context.contains_key(name),
            Root::Action => self.typing.action.contains_key(name),
        }
    }

    /// What the account itself says.
    fn account_value(&self, name: &str) -> Option<&Typed> {
        let accounts = &self.tenant.model.application.accounts;
        accounts.get(self.subject)?.fields.get(name)
    }

    fn names(&self) -> Result<&KindNames, Refused> {
        let names = self.tenant.application.names.as_ref();
        let names = names.and_then(|names| names.kind(self.kind_index));
        names.ok_or_else(|| refused("the resource's type has no name in Cedar"))
    }

    fn principal_uid(&self) -> Result<EntityUid, Refused> {
        let names = self.tenant.application.names.as_ref();
        let names = names.ok_or_else(|| refused("accounts have no name in Cedar"))?;
        Ok(engine::uid(names.account(), self.subject))
    }

    fn action_uid(&self) -> Result<&EntityUid, Refused> {
        let action = self.names()?.action(&self.question.action.name);
        action.ok_or_else(|| refused("the action has no name in Cedar"))
    }

    fn resource_uid(&self) -> Result<EntityUid, Refused> {
        Ok(engine::uid(
            self.names()?.entity(),
            &self.question.resource.id,
        ))
    }

    /// Principal and resource, as one entry sees them. Both are always there: a policy that looks at a missing one
    /// would silently not apply.
    pub(super) fn entities(&self, entry: &Entry, needs: &Needs) -> Result<Entities, Refused> {
        let mut principal = self.principal(needs)?;
        principal.push((ENTRY.into(), self.entry(entry, needs)));
        let mut resource = Attributes::new();
        add_values(&mut resource, &self.typing.resource, needs, Root::Resource)?;
        resource.push((PLACE.into(), self.place(entry, needs)));
        let mut entities = vec![
            entity(self.principal_uid()?, principal, Vec::new()),
            entity(self.resource_uid()?, resource, Vec::new()),
        ];
        if self.tenant.has_raw {
            // The action within its type's group, which raw Cedar may name.
            let group = self.names()?.group().clone();
            entities.push(entity(
                self.action_uid()?.clone(),
                Attributes::new(),
                vec![group],
            ));
        }
        engine::entities(entities)
    }

    /// What conditions read of the principal: what the question says, else what the account says.
    fn principal(&self, needs: &Needs) -> Result<Attributes, Refused> {
        let mut attributes = Attributes::new();
        if needs.attribute(Root::Principal, "id") {
            attributes.push(("id".into(), text(self.subject)));
        }
        if !needs.any(Root::Principal) {
            return Ok(attributes);
        }
        let accounts = &self.tenant.model.application.accounts;
        let account = accounts.get(self.subject).map(|account| &account.fields);
        // The later of two counts.
        if let Some(account) = account {
            add_values(&mut attributes, account, needs, Root::Principal)?;
        }
        if let Some(said) = self.said {
            add_values(&mut attributes, said, needs, Root::Principal)?;
        }
        Ok(attributes)
    }

    /// What the entry gives, cut down to what the resource's place can meet.
    fn entry(&self, entry: &Entry, needs: &Needs) -> Value {
        let place = self.place;
        let account = self.subject;
        let roles = self.tenant.model.role(&entry.role);
        let closure = roles
            .into_iter()
            .flat_map(|role| &role.closure)
            .map(|id| &**id);
        let sub_accounts = place.sub_accounts.iter().flatten();
        let sub_accounts = sub_accounts
            .copied()
            .filter(|id| self.tenant.lies_within(id, &entry.sub_accounts));
        let entry_teams = self.tenant.entry_teams(account, entry);
        let asked_teams = place.member.iter().flat_map(|member| &member.asked_teams);
        let teams = place.teams.iter().chain(asked_teams).copied();
        let own = self.own_teams(entry);
        let teams = teams
            .filter(|id| entry_teams.iter().any(|team| **team == **id))
            .chain(own);
        let types = &self.tenant.model.application.types;
        let assigned = || {
            let named = entry.assigned.iter().filter_map(|(kind, id)| {
                let (name, _) = types.get_index(*kind)?;
                let lies_in_it = place.chain.contains(&(&**name, &**id));
                lies_in_it.then(|| format!("{name}.{id}"))
            });
            let named: Vec<String> = named.collect();
            texts(named.iter().map(String::as_str))
        };
        let mut fields = Fields::default();
        let is_read = |field: &str| needs.entry(field);
        fields.add("tenant", is_read, || text(self.tenant_id));
        fields.add("roles", is_read, || texts(closure));
        fields.add("held_roles", is_read, || {
            texts(held_roles(self.entries.iter().copied(), self.tenant))
        });
        fields.add("named_roles", is_read, || {
            texts(self.entries.iter().map(|entry| &*entry.role))
        });
        fields.add("sub_accounts", is_read, || texts(sub_accounts));
        fields.add("teams", is_read, || texts(teams));
        fields.add("assigned", is_read, assigned);
        fields.add("assigns", is_read, || texts(self.assignable(entry)));
        record(fields.0)
    }

    /// Of the roles that the question is about, those that the entry may give. Only roles that exist can be.
    fn assignable(&self, entry: &Entry) -> impl Iterator<Item = &str> {
        let model = &self.tenant.model;
        let assigns = model.role(&entry.role).map(|role| &role.assigns);
        let asked = self.place.member.iter().flat_map(|member| &member.roles);
        asked
            .copied()
            .chain(std::iter::once(&*self.question.resource.id))
            .filter(move |role| {
                model.role(role).is_some() && assigns.is_some_and(|assigns| assigns.contains(role))
            })
    }

    /// Where memberships come with the request, teams have no lists: a member's team covers what the member owns.
    pub(super) fn own_teams<'e>(
        &self,
        entry: &'e Entry,
    ) -> impl Iterator<Item = &'e str> + use<'e> {
        let mut owners = self.place.delegation.iter().flat_map(|place| &place.owners);
        let owned =
            self.place.owner == Some(self.subject) || owners.any(|owner| **owner == *self.subject);
        let is_request = self.tenant.model.application.membership_request;
        let is_resource = self
            .kind
            .built_in
            .is_none_or(|kind| !matches!(kind, BuiltIn::Member | BuiltIn::Role));
        let teams = entry.teams.iter().flatten();
        let counts = owned && is_request && is_resource;
        teams.filter(move |_| counts).map(|id| &**id)
    }

    fn place(&self, entry: &Entry, needs: &Needs) -> Value {
        let place = self.place;
        let all = |items: &[&str]| texts(items.iter().copied());
        let own = || self.own_teams(entry);
        let mut fields = Fields::default();
        let is_read = |field: &str| needs.place(field);
        fields.add("tenant", is_read, || text(self.tenant_id));
        fields.add("teams", is_read, || {
            texts(place.teams.iter().copied().chain(own()))
        });
        fields.add("chain", is_read, || {
            let links = place.chain.iter();
            let links: Vec<String> = links.map(|(kind, id)| format!("{kind}.{id}")).collect();
            texts(links.iter().map(String::as_str))
        });
        if let Some(sub_accounts) = &place.sub_accounts {
            fields.add("sub_accounts", is_read, || all(sub_accounts));
        }
        if let Some(owner) = &place.owner {
            fields.add("owner", is_read, || text(owner));
        }
        if let Some(member) = &place.member {
            fields.add("at_tenant", is_read, || flag(member.at_tenant));
            fields.add("asked_teams", is_read, || all(&member.asked_teams));
            fields.add("roles", is_read, || all(&member.roles));
            fields.add("legal", is_read, || flag(member.legal));
            fields.add("changes", is_read, || flag(member.changes));
        }
        if let Some(delegation) = &place.delegation {
            fields.add("owners", is_read, || all(&delegation.owners));
            fields.add("legal", is_read, || flag(delegation.legal));
        }
        record(fields.0)
    }
}

/// The fields of a record that are read.
#[derive(Default)]
struct Fields(Attributes);

impl Fields {
    fn add(&mut self, name: &str, is_read: impl Fn(&str) -> bool, value: impl FnOnce() -> Value) {
        if is_read(name) {
            self.0.push((name.to_owned(), value()));
        }
    }
}

/// Adds those of some attributes that are read.
fn add_values<N: Deref<Target = str>, S: AsRef<str>>(
    attributes: &mut Attributes,
    values: &Values<N, S>,
    needs: &Needs,
    root: Root,
) -> Result<(), Refused> {
    for (name, value) in values
        .iter()
        .filter(|(name, _)| needs.attribute(root, name))
    {
        attributes.push((name.to_owned(), typed(value)?));
    }
    Ok(())
}

/// Those of some attributes that are read, for the context.
fn expressions<'v>(
    values: &'v Said<'_>,
    needs: &'v Needs,
    root: Root,
) -> impl Iterator<Item = (String, RestrictedExpression)> + 'v {
    values
        .iter()
        .filter(move |(name, _)| needs.attribute(root, name))
        .map(|(name, value)| (name.to_owned(), expression(&value.owned())))
}

/// The entities of a tenant's members in Cedar's JSON form. A member with several entries comes once for each, the
/// later ones under `account#2`, `account#3`: each entry is asked about on its own.
pub(super) fn listed(tenant: &CompiledTenant) -> Vec<serde_json::Value> {
    let mut entities = Vec::new();
    for (account, entries) in &tenant.model.members {
        let held: Vec<&str> = held_roles(entries.iter(), tenant).collect();
        let named: Vec<&str> = entries.iter().map(|entry| &*entry.role).collect();
        for (index, entry) in entries.iter().enumerate() {
            let id = match index {
                0 => account.to_string(),
                _ => format!("{account}#{}", index + 1),
            };
            entities.push(listed_entry(account, &id, entry, (&held, &named), tenant));
        }
    }
    entities
}

fn listed_entry(
    account: &str,
    id: &str,
    entry: &Entry,
    (held, named): (&[&str], &[&str]),
    tenant: &CompiledTenant,
) -> serde_json::Value {
    let model = &tenant.model;
    let role = model.role(&entry.role);
    let closure: Vec<&str> = role
        .iter()
        .flat_map(|role| &role.closure)
        .map(|id| &**id)
        .collect();
    let sub_accounts = model.sub_accounts.keys().map(|id| &**id);
    let sub_accounts: Vec<&str> = sub_accounts
        .filter(|id| tenant.lies_within(id, &entry.sub_accounts))
        .collect();
    let teams: Vec<&str> = tenant
        .entry_teams(account, entry)
        .iter()
        .map(|id| &**id)
        .collect();
    let types = &model.application.types;
    let assigned: Vec<String> = entry
        .assigned
        .iter()
        .filter_map(|(kind, id)| Some(format!("{}.{id}", types.get_index(*kind)?.0)))
        .collect();
    let assigns: Vec<&str> = model
        .role_names()
        .map(|name| &**name)
        .filter(|name| role.is_some_and(|role| role.assigns.contains(name)))
        .collect();
    let mut attributes = serde_json::Map::new();
    let known = model.application.accounts.get(account);
    for (name, value) in known.into_iter().flat_map(|account| account.fields.iter()) {
        attributes.insert(name.to_string(), cedar_json(value));
    }
    attributes.insert("id".into(), account.into());
    attributes.insert(
        ENTRY.into(),
        serde_json::json!({
            "tenant": &*model.id.value,
            "roles": closure,
            "held_roles": held,
            "named_roles": named,
            "sub_accounts": sub_accounts,
            "teams": teams,
            "assigned": assigned,
            "assigns": assigns,
        }),
    );
    serde_json::json!({
        "uid": {"type": "Account", "id": id},
        "attrs": attributes,
        "parents": [],
    })
}

fn cedar_json(value: &Typed) -> serde_json::Value {
    let extension =
        |function: &str, text: &str| serde_json::json!({"__extn": {"fn": function, "arg": text}});
    match value {
        Typed::String(text) => (**text).into(),
        Typed::Long(number) => (*number).into(),
        Typed::Bool(flag) => (*flag).into(),
        Typed::Datetime(millis) => extension("datetime", &to_text(*millis).unwrap_or_default()),
        Typed::Decimal(text) => extension("decimal", text),
        Typed::Ipaddr(text) => extension("ip", text),
        Typed::StringSet(items) => items.iter().map(|item| item.to_string()).collect(),
        Typed::LongSet(items) => items.iter().copied().collect(),
    }
}
