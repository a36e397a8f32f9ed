//! Test suites: questions with every name looked up.

use std::borrow::Cow;
use std::sync::Arc;

use super::unknown::{self, Kind};
use super::{BuiltIn, Id, Model, ResourceType, Tenant, builtin};
use crate::diagnostic::{Code, Diagnostics, nearest};
use crate::document::{CaseDoc, Documents, Name, Node, TestsDoc, Value};
use crate::source::Span;
use crate::value::Json;

/// Questions about one tenant and the answers that they must get.
#[derive(Debug)]
pub struct Suite {
    /// What it is about.
    pub title: Id,
    /// The tenant that it asks about.
    pub tenant: Id,
    /// The subject type of its questions.
    pub subject_type: Id,
    /// Its cases.
    pub cases: Vec<Case>,
}

/// One question and its answer.
#[derive(Debug)]
pub struct Case {
    /// Where it was written.
    pub span: Span,
    /// What it shows, in the author's words.
    pub name: Option<Id>,
    /// Who asks.
    pub account: Id,
    /// Properties of the subject.
    pub account_properties: Json<'static>,
    /// The action.
    pub action: Id,
    /// Properties of the action.
    pub action_properties: Json<'static>,
    /// The resource's type.
    pub resource_type: Id,
    /// The resource's id, `*` or the tenant when none was written.
    pub resource_id: Id,
    /// Properties of the resource, the tenant not among them.
    pub resource_properties: Vec<(Cow<'static, str>, Json<'static>)>,
    /// The question's context.
    pub context: Json<'static>,
    /// The moment asked about, in milliseconds since 1970.
    pub at: Option<i64>,
    /// Whether it must be allowed.
    pub allow: bool,
    /// The reason code that it must get, if the case says so.
    pub reason: Option<Arc<str>>,
}

/// Resolves every suite of a tenant that exists.
pub(super) fn resolve(
    documents: &Documents,
    model: &Model,
    diagnostics: &mut Diagnostics,
) -> Vec<Suite> {
    documents
        .tests
        .iter()
        .filter_map(|document| suite(document, model, documents, diagnostics))
        .collect()
}

fn suite(
    document: &TestsDoc,
    model: &Model,
    documents: &Documents,
    diagnostics: &mut Diagnostics,
) -> Option<Suite> {
    let tenant = model.tenants.get(&document.tenant.value);
    if tenant.is_none() {
        let expected = |case: &CaseDoc| expects(case, &["unknown_tenant"]);
        // A tenant that is declared, but wrongly, has been reported already.
        let declared = documents
            .tenants
            .iter()
            .any(|tenant| tenant.id.value == document.tenant.value);
        if declared {
            return None;
        }
        if document.cases.is_empty() || !document.cases.iter().all(expected) {
            unknown::report(
                Kind::Tenant,
                &document.tenant,
                model.tenants.keys(),
                diagnostics,
            );
            return None;
        }
    }
    if let Some(tenant) = tenant {
        for case in &document.cases {
            check_names(case, tenant, diagnostics);
        }
    }
    let subject_type = tenant
        .and_then(|tenant| tenant.application.subject_types.first().cloned())
        .unwrap_or_else(|| "user".into());
    Some(Suite {
        title: document.title.value.clone(),
        tenant: document.tenant.value.clone(),
        subject_type,
        cases: document
            .cases
            .iter()
            .map(|case| resolve_case(case, &document.tenant.value))
            .collect(),
    })
}

fn resolve_case(document: &CaseDoc, tenant: &Id) -> Case {
    let json = |node: &Option<Node>| node.as_ref().map_or(Json::Null, Node::to_json);
    let no_id: Id = match &*document.resource_type.value {
        "tenant" => tenant.clone(),
        _ => "*".into(),
    };
    Case {
        span: document.span,
        name: document.name.as_ref().map(|name| name.value.clone()),
        account: document.account.value.clone(),
        account_properties: json(&document.account_properties),
        action: document.action.value.clone(),
        action_properties: json(&document.action_properties),
        resource_type: document.resource_type.value.clone(),
        resource_id: document
            .resource_id
            .as_ref()
            .map_or(no_id, |id| id.value.clone()),
        resource_properties: document
            .resource_properties
            .iter()
            .map(|(name, node)| (Cow::Owned(name.value.to_string()), node.to_json()))
            .collect(),
        context: json(&document.context),
        at: document.at,
        allow: document.expected.allow,
        reason: document
            .expected
            .reason
            .as_ref()
            .map(|reason| reason.value.clone()),
    }
}

fn expects(case: &CaseDoc, reasons: &[&str]) -> bool {
    case.expected
        .reason
        .as_ref()
        .is_some_and(|reason| reasons.contains(&&*reason.value))
}

/// An unknown name in a case is an error, unless the case expects the reason that it produces.
fn check_names(case: &CaseDoc, tenant: &Tenant, diagnostics: &mut Diagnostics) {
    let application = &tenant.application;
    if !tenant.members.contains_key(&case.account.value) && !expects(case, &["not_a_member"]) {
        unknown::report(
            Kind::Member,
            &case.account,
            tenant.members.keys(),
            diagnostics,
        );
    }
    let Some(kind) = application.types.get(&case.resource_type.value) else {
        if !expects(case, &["unknown_resource_type"]) {
            unknown::report(
                Kind::ResourceType,
                &case.resource_type,
                application.types.keys(),
                diagnostics,
            );
        }
        return;
    };
    let is_known = kind.incomplete || kind.actions.contains(&case.action.value);
    if !is_known && !expects(case, &["unknown_action"]) {
        let message = format!("`{}` has no action `{}`", kind.name, *case.action);
        diagnostics
            .report(Code::UnknownAction, case.action.span, message)
            .suggest(&case.action, kind.actions.iter().map(|id| &**id));
    }
    for (name, node) in &case.resource_properties {
        check_property(case, name, node, kind, tenant, diagnostics);
    }
}

fn check_property(
    case: &CaseDoc,
    name: &Name,
    node: &Node,
    kind: &ResourceType,
    tenant: &Tenant,
    diagnostics: &mut Diagnostics,
) {
    let elsewhere = expects(
        case,
        &[
            "out_of_scope",
            "not_assignable",
            "invalid_value",
            "no_grant",
            "denied_by_rule",
        ],
    );
    match &*name.value {
        "sub_account" | "sub_accounts" if !elsewhere => {
            for place in texts(node) {
                if !tenant.sub_accounts.contains_key(&place.value) {
                    unknown::report(
                        Kind::SubAccount,
                        &place,
                        tenant.sub_accounts.keys(),
                        diagnostics,
                    );
                }
            }
        }
        "team" | "teams" if !elsewhere => {
            for place in texts(node) {
                if !tenant.teams.contains_key(&place.value) {
                    unknown::report(Kind::Team, &place, tenant.teams.keys(), diagnostics);
                }
            }
        }
        "role" | "new_role" if kind.built_in == Some(BuiltIn::Member) && !elsewhere => {
            for role in texts(node) {
                if tenant.role(&role).is_none() {
                    unknown::report(Kind::Role, &role, tenant.role_names(), diagnostics);
                }
            }
        }
        _ => check_name(name, kind, tenant, diagnostics),
    }
}

/// An undeclared property never matters; one whose name is nearly a declared one was meant to.
fn check_name(name: &Name, kind: &ResourceType, tenant: &Tenant, diagnostics: &mut Diagnostics) {
    let attributes = builtin::readable(kind, &tenant.application.types);
    let own = kind.built_in.map_or(&[][..], BuiltIn::properties);
    let is_known = &*name.value == "tenant"
        || attributes.contains_key(&name.value)
        || own.contains(&&*name.value);
    let known = attributes.keys().map(|id| &**id).chain(own.iter().copied());
    if let Some(near) = (!is_known).then(|| nearest(name, known)).flatten() {
        let message = format!("`{}` has no property `{}`", kind.name, **name);
        diagnostics
            .report(Code::UnknownAttribute, name.span, message)
            .help(format!("did you mean `{near}`?"));
    }
}

/// The texts of a value or of the list that it is.
fn texts(node: &Node) -> Vec<Name> {
    let text = |node: &Node| {
        let scalar = node.scalar()?;
        let is_text = scalar.kind == crate::document::ScalarKind::Text;
        is_text.then(|| Name::new(scalar.text.clone(), node.span))
    };
    match &node.value {
        Value::List(items) => items.iter().filter_map(text).collect(),
        _ => text(node).into_iter().collect(),
    }
}
