//! Accounts: who they are, and what the application asks of them.

use std::collections::HashMap;

use super::builtin::PRINCIPAL_ATTRIBUTES;
use super::unknown::{self, Kind};
use super::{Account, Attributes, Id, Model};
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{
    AccountDoc, ApplicationDoc, AttributeType, Documents, Name, Node, ScalarKind, Value,
};
use crate::source::Span;
use crate::value::{Json, Typed};

/// An account as it was written.
pub(super) type Declared<'d> = (&'d Name, &'d AccountDoc);

/// The declared accounts of each application; a repeated id is reported at the later one.
pub(super) fn by_application<'d>(
    documents: &'d Documents,
    diagnostics: &mut Diagnostics,
) -> HashMap<Id, Vec<Declared<'d>>> {
    let mut by_application: HashMap<Id, Vec<Declared<'d>>> = HashMap::new();
    let mut seen: HashMap<(&str, &str), Span> = HashMap::new();
    for document in &documents.accounts {
        let declared = by_application
            .entry(document.application.value.clone())
            .or_default();
        for (id, account) in &document.accounts {
            let key = (&**document.application, &***id);
            if let Some(first) = seen.get(&key) {
                let message = format!("the account `{}` is declared twice", **id);
                diagnostics
                    .report(Code::DuplicateId, id.span, message)
                    .first(*first);
            } else {
                seen.insert(key, id.span);
                declared.push((id, account));
            }
        }
    }
    by_application
}

/// Reports `accounts_of` an application that does not exist.
pub(super) fn unknown_applications(
    documents: &Documents,
    model: &Model,
    diagnostics: &mut Diagnostics,
) {
    for document in &documents.accounts {
        let name = &document.application;
        if !model.applications.contains_key(&name.value) {
            unknown::report(
                Kind::Application,
                name,
                model.applications.keys(),
                diagnostics,
            );
        }
    }
}

/// Types the accounts' fields and checks what the application asks of them.
pub(super) fn resolve(
    document: &ApplicationDoc,
    declared: &[Declared<'_>],
    attributes: &Attributes,
    diagnostics: &mut Diagnostics,
) -> HashMap<Id, Account> {
    let known = |name: &str| is_standard_field(name) || attributes.contains_key(name);
    for name in &document.accounts.required {
        if !known(name) {
            diagnostics
                .report(
                    Code::UnknownAttribute,
                    name.span,
                    format!("accounts have no field `{}`", **name),
                )
                .suggest(name, field_names(attributes));
        }
    }
    let mut emails: HashMap<String, Id> = HashMap::new();
    let mut accounts = HashMap::new();
    for (id, written) in declared {
        let account = account(written, attributes, &mut emails, id, diagnostics);
        for name in &document.accounts.required {
            let has = written
                .fields
                .iter()
                .any(|(field, _)| field.value == name.value);
            if known(name) && !has {
                let message = format!("the account `{}` lacks `{}`", ***id, **name);
                diagnostics
                    .report(Code::MissingField, written.span, message)
                    .help(format!(
                        "the application requires `{}` of every account",
                        **name
                    ));
            }
        }
        accounts.insert(id.value.clone(), account);
    }
    accounts
}

fn is_standard_field(name: &str) -> bool {
    name != "id" && PRINCIPAL_ATTRIBUTES.contains(&name)
}

fn field_names(attributes: &Attributes) -> impl Iterator<Item = &str> {
    let standard = PRINCIPAL_ATTRIBUTES.into_iter().skip(1);
    standard.chain(attributes.keys().map(|name| &**name))
}

fn account(
    written: &AccountDoc,
    attributes: &Attributes,
    emails: &mut HashMap<String, Id>,
    id: &Name,
    diagnostics: &mut Diagnostics,
) -> Account {
    let mut account = Account::default();
    for (name, node) in &written.fields {
        let kind = match attributes.get(&name.value) {
            Some(kind) => *kind,
            None if is_standard_field(name) => AttributeType::String,
            None => {
                diagnostics
                    .report(
                        Code::UnknownAttribute,
                        name.span,
                        format!("an account has no field `{}`", **name),
                    )
                    .suggest(name, field_names(attributes));
                continue;
            }
        };
        let is_id = !attributes.contains_key(&name.value);
        let Some(value) = typed(node, kind, name, is_id, diagnostics) else {
            continue;
        };
        if let Typed::String(text) = &value {
            match &*name.value {
                "email" => unique_email(text, id, node, emails, diagnostics),
                "person" => account.person = Some((**text).into()),
                _ => {}
            }
        }
        account.fields.insert(name.value.clone(), value);
    }
    account
}

fn unique_email(
    email: &str,
    id: &Name,
    node: &Node,
    emails: &mut HashMap<String, Id>,
    diagnostics: &mut Diagnostics,
) {
    let other = emails.insert(email.to_ascii_lowercase(), id.value.clone());
    if let Some(other) = other {
        let message = format!("the e-mail `{email}` is that of the account `{other}` already");
        diagnostics
            .report(Code::DuplicateId, node.span, message)
            .help(
                "an e-mail belongs to one account; link the accounts of one person with `person`",
            );
    }
}

/// The typed value of a field or attribute in a file, or a report of why it has none. `is_id` says that it is one of
/// the standard ones, which hold ids and names.
pub(super) fn typed(
    node: &Node,
    kind: AttributeType,
    name: &Name,
    is_id: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Typed> {
    let json = node.to_json();
    let value = Typed::read(&json, kind).map(|value| value.owned());
    // `null` is the same as leaving the attribute out.
    if value.is_some() || json == Json::Null {
        return value;
    }
    if let (AttributeType::StringSet, Value::List(items)) = (kind, &node.value) {
        let items = items.iter();
        for item in items.filter(|item| item.scalar().is_none_or(|s| s.kind != ScalarKind::Text)) {
            typed(item, AttributeType::String, name, is_id, diagnostics);
        }
        return None;
    }
    let mut code = Code::InvalidValue;
    let help = match node.scalar() {
        Some(scalar) if kind == AttributeType::String && scalar.kind != ScalarKind::Null => {
            if is_id {
                code = Code::QuoteIt;
            }
            format!(
                "YAML takes it for {}; quote it: `\"{}\"`",
                scalar.kind.in_words(),
                scalar.text
            )
        }
        _ => example(kind).to_owned(),
    };
    let message = format!("`{}` must be of the type {}", **name, kind.as_str());
    diagnostics.report(code, node.span, message).help(help);
    None
}

/// How a value of a type is written.
fn example(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::String => "write text",
        AttributeType::Long => "write a whole number, without quotes",
        AttributeType::Bool => "write `true` or `false`",
        AttributeType::Datetime => {
            "write a date (`2026-12-31`) or an instant (`2026-12-31T18:00:00Z`)"
        }
        AttributeType::Decimal => {
            "write a number with one to four digits after the point, in quotes: `\"1.50\"`"
        }
        AttributeType::Ipaddr => "write an address or a range in quotes: `\"10.0.0.0/8\"`",
        AttributeType::StringSet => "write a list of texts: `[a, b]`",
        AttributeType::LongSet => "write a list of whole numbers: `[1, 2]`",
    }
}
