//! What is declared otherwise, beside roles and members: vocabulary, accounts, partners, teams, records, raw Cedar.

use std::collections::{BTreeMap, BTreeSet};

use super::{Effect, Fact, Shared, Side};
use crate::document::{ConditionText, to_text};
use crate::model::{Account, Application, Attributes, Delegation, Id, Tenant};
use crate::source::SourceId;
use crate::value::Typed;

/// Collects facts about one application or tenant.
struct Facts<'f> {
    application: Id,
    tenant: Option<Id>,
    found: &'f mut Vec<Fact>,
}

impl Facts<'_> {
    fn add(&mut self, effect: Effect, text: String) {
        self.found.push(Fact {
            application: self.application.clone(),
            tenant: self.tenant.clone(),
            text,
            effect,
        });
    }

    /// What came to a set of names, and what went.
    fn names(
        &mut self,
        what: &str,
        before: impl Iterator<Item = Id>,
        after: impl Iterator<Item = Id>,
        effects: [Effect; 2],
    ) {
        let (before, after): (BTreeSet<Id>, BTreeSet<Id>) = (before.collect(), after.collect());
        let [came, went] = effects;
        for name in after.difference(&before) {
            self.add(came, format!("{what} `{name}` is new"));
        }
        for name in before.difference(&after) {
            self.add(went, format!("{what} `{name}` is gone"));
        }
    }

    fn attributes(&mut self, whose: &str, before: &Attributes, after: &Attributes) {
        let names: BTreeSet<&Id> = before.keys().chain(after.keys()).collect();
        for name in names {
            match (before.get(name), after.get(name)) {
                (None, Some(kind)) => {
                    let kind = kind.as_str();
                    self.add(
                        Effect::Loss,
                        format!("{whose} has a new attribute `{name}` ({kind})"),
                    );
                }
                (Some(_), None) => {
                    self.add(
                        Effect::Either,
                        format!("{whose} has no attribute `{name}` any more"),
                    );
                }
                (Some(old), Some(new)) if old != new => {
                    let (old, new) = (old.as_str(), new.as_str());
                    self.add(
                        Effect::Either,
                        format!("the attribute `{name}` of {whose} is {new}, and was {old}"),
                    );
                }
                _ => {}
            }
        }
    }
}

/// What is declared otherwise for a whole application.
pub(super) fn application(
    before: Side<'_>,
    after: Side<'_>,
    old: Option<&Shared<'_>>,
    new: Option<&Shared<'_>>,
    found: &mut Vec<Fact>,
) {
    let Some(either) = new.or(old) else { return };
    let mut facts = Facts {
        application: either.compiled.model.id.value.clone(),
        tenant: None,
        found,
    };
    let (Some(old), Some(new)) = (old, new) else {
        let word = if new.is_some() { "new" } else { "gone" };
        let effect = match (new.is_some(), either.compiled.model.membership_request) {
            (true, true) => Effect::Gain,
            (false, true) => Effect::Loss,
            _ => Effect::Neutral,
        };
        facts.add(effect, format!("the application is {word}"));
        return;
    };
    let (old, new): (&Application, &Application) = (&old.compiled.model, &new.compiled.model);
    settings(old, new, &mut facts);
    vocabulary(old, new, &mut facts);
    let texts =
        [(before, old), (after, new)].map(|(side, application)| conditions(side, application));
    accounts(old, new, &texts.concat(), &mut facts);
    raw(before, after, &old.cedar, &new.cedar, &mut facts);
}

fn settings(old: &Application, new: &Application, facts: &mut Facts<'_>) {
    if old.membership_request != new.membership_request {
        let word = |by_request| if by_request { "request" } else { "files" };
        let (was, is) = (word(old.membership_request), word(new.membership_request));
        facts.add(
            Effect::Either,
            format!("`membership` is {is}, and was {was}"),
        );
    }
    facts.names(
        "the subject type",
        old.subject_types.iter().cloned(),
        new.subject_types.iter().cloned(),
        [Effect::Gain, Effect::Loss],
    );
    facts.attributes(
        "an account",
        &old.account_attributes,
        &new.account_attributes,
    );
    facts.attributes("the context", &old.context, &new.context);
    facts.attributes("the action", &old.context_action, &new.context_action);
}

fn vocabulary(old: &Application, new: &Application, facts: &mut Facts<'_>) {
    let neutral = [Effect::Neutral; 2];
    facts.names(
        "the resource type",
        old.types.keys().cloned(),
        new.types.keys().cloned(),
        neutral,
    );
    for (name, kind) in &new.types {
        let Some(was) = old.types.get(name) else {
            continue;
        };
        facts.names(
            &format!("of `{name}` the action"),
            was.actions.iter().cloned(),
            kind.actions.iter().cloned(),
            neutral,
        );
        facts.attributes(&format!("`{name}`"), &was.attributes, &kind.attributes);
        let lies_in = |application: &Application, ancestors: &[usize]| -> Vec<Id> {
            let names = ancestors
                .iter()
                .filter_map(|index| application.types.get_index(*index));
            names.map(|(name, _)| name.clone()).collect()
        };
        let (below, was_below) = (lies_in(new, &kind.ancestors), lies_in(old, &was.ancestors));
        if below != was_below {
            let words = |names: &[Id]| match names {
                [] => "nothing".to_owned(),
                names => names.join(", "),
            };
            let (below, was_below) = (words(&below), words(&was_below));
            facts.add(
                Effect::Either,
                format!("`{name}` lies in {below}, and lay in {was_below}"),
            );
        }
    }
}

/// Accounts of which conditions may read something else, and e-mails that are somebody else's now.
fn accounts(old: &Application, new: &Application, texts: &str, facts: &mut Facts<'_>) {
    let nothing = Account::default();
    let ids: BTreeSet<&Id> = old.accounts.keys().chain(new.accounts.keys()).collect();
    for id in ids {
        let (was, is) = (old.accounts.get(id), new.accounts.get(id));
        let stays = was.is_some() && is.is_some();
        let (was, is) = (was.unwrap_or(&nothing), is.unwrap_or(&nothing));
        for (field, before, after) in changed_fields(was, is) {
            let is_read = texts.contains("principal") && texts.contains(field.as_str());
            let effect = if is_read {
                Effect::Either
            } else {
                Effect::Neutral
            };
            // An account that comes or goes is news only where a condition can read it.
            if stays || is_read {
                facts.add(
                    effect,
                    format!("the account `{id}` has {field} {after}, and had {before}"),
                );
            }
        }
    }
    let (was, is) = (emails(old), emails(new));
    for (email, id) in &is {
        if let Some(before) = was.get(email).filter(|before| *before != id) {
            facts.add(
                Effect::Either,
                format!(
                    "the e-mail {email} is that of `{id}`, and was that of `{before}`: an account's id never changes"
                ),
            );
        }
    }
}

/// The text of every condition of an application and its tenants.
fn conditions(side: Side<'_>, application: &Application) -> String {
    let tenants = side.model.tenants.values();
    let tenants = tenants.filter(|tenant| tenant.application.id.value == application.id.value);
    let mut text = String::new();
    let mut add = |condition: &Option<ConditionText>| {
        if let Some(condition) = condition {
            text.push_str(&condition.text);
            text.push('\n');
        }
    };
    for role in application.roles.values() {
        role.grants.iter().for_each(|grant| add(&grant.when));
        role.denies.iter().for_each(|deny| add(&deny.when));
    }
    application.denies.iter().for_each(|deny| add(&deny.when));
    for tenant in tenants {
        for role in tenant.roles.values() {
            role.grants.iter().for_each(|grant| add(&grant.when));
            role.denies.iter().for_each(|deny| add(&deny.when));
        }
        tenant.denies.iter().for_each(|deny| add(&deny.when));
        for delegation in &tenant.delegations {
            delegation.grants.iter().for_each(|grant| add(&grant.when));
        }
    }
    text
}

fn changed_fields(was: &Account, is: &Account) -> Vec<(String, String, String)> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for account in [was, is] {
        names.extend(account.fields.iter().map(|(name, _)| name));
    }
    let changed = names.into_iter().filter_map(|name| {
        let (before, after) = (was.fields.get(name), is.fields.get(name));
        (before != after).then(|| (name.to_owned(), in_words(before), in_words(after)))
    });
    let mut changed: Vec<_> = changed.collect();
    let is_listed = changed.iter().any(|(name, _, _)| name == "person");
    if was.person != is.person && !is_listed {
        let words = |person: &Option<Id>| match person {
            Some(person) => format!("`{person}`"),
            None => "none".to_owned(),
        };
        changed.push(("person".to_owned(), words(&was.person), words(&is.person)));
    }
    changed
}

fn in_words(value: Option<&Typed>) -> String {
    match value {
        None => "none".to_owned(),
        Some(Typed::String(text) | Typed::Decimal(text) | Typed::Ipaddr(text)) => {
            format!("`{text}`")
        }
        Some(Typed::Datetime(millis)) => format!("`{}`", to_text(*millis).unwrap_or_default()),
        Some(Typed::Long(number)) => number.to_string(),
        Some(Typed::Bool(flag)) => flag.to_string(),
        Some(Typed::StringSet(items)) => {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            format!("[{}]", items.join(", "))
        }
        Some(Typed::LongSet(items)) => {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

/// Accounts by e-mail, which is compared without case.
fn emails(application: &Application) -> BTreeMap<String, Id> {
    let accounts = application.accounts.iter();
    let emails = accounts.filter_map(|(id, account)| match account.fields.get("email") {
        Some(Typed::String(email)) => Some((email.to_ascii_lowercase(), id.clone())),
        _ => None,
    });
    emails.collect()
}

/// Raw Cedar is compared by its text.
fn raw(
    before: Side<'_>,
    after: Side<'_>,
    old: &[SourceId],
    new: &[SourceId],
    facts: &mut Facts<'_>,
) {
    let texts = |side: Side<'_>, files: &[SourceId]| -> BTreeMap<String, String> {
        let files = files.iter().filter_map(|id| side.sources.get(*id));
        files
            .map(|file| (file.path().to_owned(), file.text().to_owned()))
            .collect()
    };
    let (old, new) = (texts(before, old), texts(after, new));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for path in paths {
        let what = match (old.get(path), new.get(path)) {
            (None, Some(_)) => "is new",
            (Some(_), None) => "is gone",
            (Some(was), Some(is)) if was != is => "is different",
            _ => continue,
        };
        facts.add(
            Effect::Either,
            format!(
                "the raw Cedar of `{path}` {what}; what it permits and forbids is not taken apart"
            ),
        );
    }
}

/// What is declared otherwise in a tenant.
pub(super) fn tenant(
    before: Side<'_>,
    after: Side<'_>,
    old: &Tenant,
    new: &Tenant,
    found: &mut Vec<Fact>,
) {
    let mut facts = Facts {
        application: new.application.id.value.clone(),
        tenant: Some(new.id.value.clone()),
        found,
    };
    let (was, is) = (&old.application.id.value, &new.application.id.value);
    if was != is {
        facts.add(
            Effect::Either,
            format!("the tenant is of `{is}`, and was of `{was}`"),
        );
    }
    let by_request = new.application.membership_request;
    let places = match by_request {
        true => [Effect::Either; 2],
        false => [Effect::Neutral; 2],
    };
    facts.names(
        "the sub-account",
        old.sub_accounts.keys().cloned(),
        new.sub_accounts.keys().cloned(),
        places,
    );
    for (id, parent) in &new.sub_accounts {
        let Some(before) = old.sub_accounts.get(id).filter(|before| *before != parent) else {
            continue;
        };
        let words = |parent: &Option<Id>| match parent {
            Some(parent) => format!("below `{parent}`"),
            None => "below none".to_owned(),
        };
        let [effect, _] = places;
        facts.add(
            effect,
            format!(
                "the sub-account `{id}` lies {}, and lay {}",
                words(parent),
                words(before)
            ),
        );
    }
    teams(old, new, &mut facts);
    facts.names(
        "the partner",
        old.partners.iter().cloned(),
        new.partners.iter().cloned(),
        [Effect::Gain, Effect::Loss],
    );
    facts.names(
        "the delegation",
        old.delegations.iter().map(delegation),
        new.delegations.iter().map(delegation),
        [Effect::Neutral; 2],
    );
    records(old, new, &mut facts);
    raw(before, after, &old.cedar, &new.cedar, &mut facts);
}

fn teams(old: &Tenant, new: &Tenant, facts: &mut Facts<'_>) {
    let neutral = [Effect::Neutral; 2];
    facts.names(
        "the team",
        old.teams.keys().cloned(),
        new.teams.keys().cloned(),
        neutral,
    );
    for (id, accounts) in &new.teams {
        if let Some(before) = old.teams.get(id) {
            facts.names(
                &format!("in the team `{id}` the member"),
                before.iter().cloned(),
                accounts.iter().cloned(),
                neutral,
            );
        }
    }
}

/// A delegation in words; what it hands on in its own.
fn delegation(delegation: &Delegation) -> Id {
    let end = delegation.expires.and_then(to_text);
    let end = end.map_or(String::new(), |end| {
        format!(", until {}", end.replace(".000Z", "Z"))
    });
    let (from, to) = (&delegation.from, &delegation.to);
    format!("{from} to {to}{end}").into()
}

fn records(old: &Tenant, new: &Tenant, facts: &mut Facts<'_>) {
    let all = |tenant: &Tenant| -> BTreeMap<(Id, Id), BTreeMap<Id, String>> {
        let kinds = tenant.records.iter().filter_map(|(index, records)| {
            let (kind, _) = tenant.application.types.get_index(*index)?;
            Some((kind, records))
        });
        kinds
            .flat_map(|(kind, records)| {
                records.iter().map(move |(id, record)| {
                    let fields = record.iter();
                    let fields =
                        fields.map(|(name, value)| (Id::from(name), in_words(Some(value))));
                    ((kind.clone(), id.clone()), fields.collect())
                })
            })
            .collect()
    };
    let (was, is) = (all(old), all(new));
    let keys: BTreeSet<&(Id, Id)> = was.keys().chain(is.keys()).collect();
    for key in keys {
        let what = match (was.get(key), is.get(key)) {
            (None, Some(_)) => "is new".to_owned(),
            (Some(_), None) => "is gone".to_owned(),
            (Some(was), Some(is)) if was != is => {
                let names: BTreeSet<&Id> = was.keys().chain(is.keys()).collect();
                let none = "none".to_owned();
                let changed = names
                    .into_iter()
                    .filter(|name| was.get(*name) != is.get(*name));
                let changed: Vec<String> = changed
                    .map(|name| {
                        let (before, after) = (was.get(name), is.get(name));
                        let (before, after) = (before.unwrap_or(&none), after.unwrap_or(&none));
                        format!("{name} {after}, and had {before}")
                    })
                    .collect();
                format!("has {}", changed.join("; "))
            }
            _ => continue,
        };
        let (kind, id) = key;
        facts.add(
            Effect::Either,
            format!("the record `{id}` of `{kind}` {what}"),
        );
    }
}
