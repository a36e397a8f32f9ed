//! A `tests` document as it was written.

use std::sync::Arc;

use super::decode::{Alphabet, Decoder, Fields};
use super::node::{Node, ScalarKind, Value};
use super::{Name, keys, time};
use crate::diagnostic::Code;
use crate::source::{Span, Spanned};

/// A suite of questions and the answers that they must get.
#[derive(Debug)]
pub struct TestsDoc {
    /// What the suite is about.
    pub title: Name,
    /// The tenant that it asks about.
    pub tenant: Name,
    /// Its cases.
    pub cases: Vec<CaseDoc>,
}

/// One question and its answer.
#[derive(Debug)]
pub struct CaseDoc {
    /// The whole case.
    pub span: Span,
    /// What it shows.
    pub name: Option<Name>,
    /// Who asks.
    pub account: Name,
    /// Properties of the subject, a mapping.
    pub account_properties: Option<Node>,
    /// The subject's memberships, a list.
    pub memberships: Option<Node>,
    /// The action's name.
    pub action: Name,
    /// Properties of the action, a mapping.
    pub action_properties: Option<Node>,
    /// The resource's type.
    pub resource_type: Name,
    /// The resource's id, if one was written.
    pub resource_id: Option<Name>,
    /// The resource's properties, in the order written.
    pub resource_properties: Vec<(Name, Node)>,
    /// The question's context, a mapping.
    pub context: Option<Node>,
    /// The moment asked about, in milliseconds since 1970.
    pub at: Option<i64>,
    /// The answer.
    pub expected: ExpectedDoc,
}

/// The answer that a case expects.
#[derive(Debug)]
pub struct ExpectedDoc {
    /// Whether it is an allow.
    pub allow: bool,
    /// The reason code, if the case says it.
    pub reason: Option<Spanned<Arc<str>>>,
}

pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Option<TestsDoc> {
    let fields = decoder.table(node, "a `tests` document", keys::TESTS)?;
    let title = decoder.text(fields.get("tests")?, "`tests`");
    let tenant = fields
        .get("tenant")
        .and_then(|node| decoder.id(node, "`tenant`", Alphabet::Any));
    let cases = fields
        .get("cases")
        .and_then(|node| decoder.list_of_some(node, "`cases`"))
        .unwrap_or_default();
    let cases = cases
        .iter()
        .filter_map(|node| case(decoder, node))
        .collect();
    Some(TestsDoc {
        title: title?,
        tenant: tenant?,
        cases,
    })
}

fn case(decoder: &mut Decoder<'_>, node: &Node) -> Option<CaseDoc> {
    let fields = decoder.table(node, "a case", keys::CASE)?;
    let name = fields
        .get("name")
        .and_then(|node| decoder.text(node, "`name`"));
    let mut id = |key: &str, alphabet| {
        fields
            .get(key)
            .and_then(|node| decoder.id(node, &format!("`{key}`"), alphabet))
    };
    let account = id("account", Alphabet::Any);
    let action = id("action", Alphabet::Any);
    let account_properties = properties(decoder, &fields, "account_properties");
    let action_properties = properties(decoder, &fields, "action_properties");
    let context = properties(decoder, &fields, "context");
    let resource = fields
        .get("resource")
        .and_then(|node| resource(decoder, node));
    let at = fields.get("at").and_then(|node| instant(decoder, node));
    let expected = expected(decoder, &fields);
    let (resource_type, resource_id, resource_properties) = resource?;
    Some(CaseDoc {
        span: fields.span(),
        name,
        account: account?,
        account_properties,
        memberships: fields.get("memberships").cloned(),
        action: action?,
        action_properties,
        resource_type,
        resource_id,
        resource_properties,
        context,
        at,
        expected: expected?,
    })
}

fn properties(decoder: &mut Decoder<'_>, fields: &Fields<'_>, key: &str) -> Option<Node> {
    let node = fields.get(key)?;
    decoder.mapping(node, &format!("`{key}`"))?;
    Some(node.clone())
}

type ResourceDoc = (Name, Option<Name>, Vec<(Name, Node)>);

fn resource(decoder: &mut Decoder<'_>, node: &Node) -> Option<ResourceDoc> {
    let pairs = decoder.mapping(node, "`resource`")?;
    let (mut kind, mut id, mut has_type) = (None, None, false);
    let mut properties = Vec::new();
    for (key, value) in pairs {
        let Some(scalar) = key.scalar() else { continue };
        match &*scalar.text {
            "type" => {
                has_type = true;
                kind = decoder.id(value, "a resource's `type`", Alphabet::Any);
            }
            "id" => id = decoder.id(value, "a resource's `id`", Alphabet::Any),
            _ => properties.push((Spanned::new(scalar.text.clone(), key.span), value.clone())),
        }
    }
    if !has_type {
        decoder.missing(node.span, "a resource", "type");
    }
    Some((kind?, id, properties))
}

fn instant(decoder: &mut Decoder<'_>, node: &Node) -> Option<i64> {
    let millis = match &node.value {
        Value::Scalar(scalar) if scalar.kind == ScalarKind::Text => {
            time::instant(&scalar.text).or_else(|| time::start_of_date(&scalar.text))
        }
        _ => None,
    };
    if millis.is_none() {
        let text = node.scalar().map_or("", |scalar| &*scalar.text);
        let message = match time::advice(text) {
            Some(_) => time::refusal("`at`", text),
            None => "`at` must be an instant with its zone".to_owned(),
        };
        decoder
            .diagnostics
            .report(Code::InvalidTime, node.span, message)
            .help(time::advice(text).unwrap_or("write it as `2026-12-01T09:00:00Z`"));
    }
    millis
}

fn expected(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<ExpectedDoc> {
    let choices = [("allow", true), ("deny", false)];
    let reasons: Vec<(&'static str, &'static str)> = keys::REASONS
        .iter()
        .map(|reason| (*reason, *reason))
        .collect();
    let reason = fields.get("reason").and_then(|node| {
        let word = decoder.choice(node, "`reason`", &reasons)?;
        Some(Spanned::new(Arc::<str>::from(word), node.span))
    });
    let allow = decoder.choice(fields.get("expect")?, "`expect`", &choices)?;
    if let Some(word) = &reason {
        let grants = word.value.starts_with("granted");
        if grants != allow {
            let expected = if allow { "allow" } else { "deny" };
            let message = format!("`reason: {}` is never that of an `{expected}`", word.value);
            decoder
                .diagnostics
                .report(Code::InvalidChoice, word.span, message)
                .help("`granted` and `granted_by_delegation` are reasons of an allow, the others of a deny");
        }
    }
    Some(ExpectedDoc { allow, reason })
}
