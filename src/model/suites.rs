//! Test suites: questions with every name looked up.

use std::sync::Arc;

use super::unknown::{self, Kind};
use super::{Application, Attributes, BuiltIn, Id, Model, ResourceType, Tenant};
use crate::diagnostic::{Code, Diagnostics, nearest};
use crate::document::{CaseDoc, Documents, Name, Node, TestsDoc, Value, is_account_or_record_id};
use crate::source::Span;
use crate::value::{Json, Members};

/// Questions about one tenant and the answers that they must get.
#[derive(Debug)]
pub struct Suite {
    /// What it is about.
    pub title: Id,
    /// The tenant that it asks about.
    pub tenant: Id,
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
    /// The subject's type.
    pub subject_type: Id,
    /// Who asks.
    pub account: Id,
    /// Properties of the subject.
    pub account_properties: Members<'static>,
    /// Memberships that come with the question.
    pub memberships: Json<'static>,
    /// The action.
    pub action: Id,
    /// Properties of the action.
    pub action_properties: Members<'static>,
    /// The resource's type.
    pub resource_type: Id,
    /// The resource's id, `*` or the tenant when none was written.
    pub resource_id: Id,
    /// Properties of the resource, the tenant not among them.
    pub resource_properties: Members<'static>,
    /// The question's context.
    pub context: Members<'static>,
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
    let declared = model.tenants.get(&document.tenant.value);
    // A tenant that is declared, but wrongly, has been reported already.
    let mut written = documents.tenants.iter();
    if declared.is_none() && written.any(|tenant| tenant.id.value == document.tenant.value) {
        return None;
    }
    let mut cases = Vec::new();
    for case in &document.cases {
        let tenant = declared.cloned().or_else(|| undeclared(case, model));
        match &tenant {
            Some(tenant) => check_names(case, tenant, diagnostics),
            None if expects(case, &["unknown_tenant"]) => {}
            None => {
                let known = model.tenants.keys();
                unknown::report(Kind::Tenant, &document.tenant, known, diagnostics);
                return None;
            }
        }
        cases.push(resolve_case(
            case,
            &document.tenant.value,
            tenant.as_deref(),
        ));
    }
    if cases.is_empty() && declared.is_none() {
        unknown::report(
            Kind::Tenant,
            &document.tenant,
            model.tenants.keys(),
            diagnostics,
        );
        return None;
    }
    Some(Suite {
        title: document.title.value.clone(),
        tenant: document.tenant.value.clone(),
        cases,
    })
}

/// The tenant that no file names and that needs no declaration: its application takes memberships from the request,
/// and the case's context names it, or it is all that is loaded.
fn undeclared(case: &CaseDoc, model: &Model) -> Option<Arc<Tenant>> {
    let context = case.context.as_ref().map_or(Json::Null, Node::to_json);
    let application = match context.get("application") {
        Some(name) => model.applications.get(name.as_text()?)?,
        None if model.applications.len() == 1 => model.applications.values().next()?,
        None => return None,
    };
    let takes_requests = application.membership_request;
    takes_requests.then(|| Arc::new(Tenant::undeclared(application)))
}

fn resolve_case(document: &CaseDoc, tenant: &Id, resolved: Option<&Tenant>) -> Case {
    let json = |node: &Option<Node>| node.as_ref().map_or(Json::Null, Node::to_json);
    let members = |node: &Option<Node>| match json(node) {
        Json::Object(members) => members,
        _ => Members::default(),
    };
    let mut resource_properties = Members::default();
    for (name, node) in &document.resource_properties {
        resource_properties.set(name.value.to_string(), node.to_json());
    }
    let no_id: Id = match &*document.resource_type.value {
        "tenant" => tenant.clone(),
        _ => "*".into(),
    };
    Case {
        span: document.span,
        name: document.name.as_ref().map(|name| name.value.clone()),
        subject_type: resolved
            .and_then(|tenant| tenant.application.subject_types.first().cloned())
            .unwrap_or_else(|| "user".into()),
        account: document.account.value.clone(),
        account_properties: members(&document.account_properties),
        memberships: json(&document.memberships),
        action: document.action.value.clone(),
        action_properties: members(&document.action_properties),
        resource_type: document.resource_type.value.clone(),
        resource_id: document
            .resource_id
            .as_ref()
            .map_or(no_id, |id| id.value.clone()),
        resource_properties,
        context: members(&document.context),
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
    let is_known =
        application.membership_request || tenant.members.contains_key(&case.account.value);
    if !is_known && !expects(case, &["not_a_member"]) {
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
    let id = case.resource_id.as_ref();
    let bad_id = id.filter(|id| !is_account_or_record_id(id) && !expects(case, &["invalid_value"]));
    if let Some(id) = bad_id {
        let message = format!("`{}` cannot be an id", id.escape_debug());
        diagnostics
            .report(Code::InvalidId, id.span, message)
            .help("use 1 to 256 characters, none of them a control character");
    }
    near_names(case, application, diagnostics);
    check_memberships(case, tenant, diagnostics);
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
    // What a place or role that is not there produces.
    let elsewhere = expects(case, &["out_of_scope", "not_assignable", "invalid_value"]);
    let of = |built_in| kind.built_in == Some(built_in);
    let by_request = tenant.application.membership_request;
    match &*name.value {
        _ if elsewhere => check_name(name, kind, diagnostics),
        "sub_account" | "sub_accounts" if tenant.declared => {
            unknown_sub_accounts(node, tenant, diagnostics);
        }
        "parent" if of(BuiltIn::SubAccount) && tenant.declared => {
            unknown_sub_accounts(node, tenant, diagnostics);
        }
        "from" | "to" if of(BuiltIn::Delegation) && !by_request => {
            let known = |id: &str| tenant.members.contains_key(id);
            unknown_texts(
                Kind::Member,
                node,
                known,
                tenant.members.keys(),
                diagnostics,
            );
        }
        "guest_of" if of(BuiltIn::Member) => {
            let known = |id: &str| tenant.partners.iter().any(|partner| **partner == *id);
            unknown_texts(Kind::Tenant, node, known, &tenant.partners, diagnostics);
        }
        "team" | "teams" if !by_request => {
            let known = |id: &str| tenant.teams.contains_key(id);
            unknown_texts(Kind::Team, node, known, tenant.teams.keys(), diagnostics);
        }
        "role" | "new_role" if of(BuiltIn::Member) => unknown_roles(node, tenant, diagnostics),
        _ => check_name(name, kind, diagnostics),
    }
}

fn unknown_sub_accounts(node: &Node, tenant: &Tenant, diagnostics: &mut Diagnostics) {
    let known = |id: &str| tenant.sub_accounts.contains_key(id);
    let names = tenant.sub_accounts.keys();
    unknown_texts(Kind::SubAccount, node, known, names, diagnostics);
}

fn unknown_roles(node: &Node, tenant: &Tenant, diagnostics: &mut Diagnostics) {
    let known = |name: &str| tenant.role(name).is_some();
    unknown_texts(Kind::Role, node, known, tenant.role_names(), diagnostics);
}

/// Reports each text of a value, or of the list that it is, that is not known.
fn unknown_texts<'a>(
    kind: Kind,
    node: &Node,
    known: impl Fn(&str) -> bool,
    names: impl IntoIterator<Item = &'a Id> + Clone,
    diagnostics: &mut Diagnostics,
) {
    for text in texts(node).iter().filter(|text| !known(text)) {
        unknown::report(kind, text, names.clone(), diagnostics);
    }
}

/// Roles and sub-accounts of the memberships that come with a case.
fn check_memberships(case: &CaseDoc, tenant: &Tenant, diagnostics: &mut Diagnostics) {
    let Some(Value::List(items)) = case.memberships.as_ref().map(|node| &node.value) else {
        return;
    };
    if expects(case, &["invalid_value"]) {
        return;
    }
    let mappings = items.iter().filter_map(|item| match &item.value {
        Value::Mapping(pairs) => Some(pairs),
        _ => None,
    });
    for (key, value) in mappings.flatten() {
        match key.scalar().map(|scalar| &*scalar.text) {
            Some("role") => unknown_roles(value, tenant, diagnostics),
            Some("sub_accounts") if tenant.declared => {
                unknown_sub_accounts(value, tenant, diagnostics);
            }
            _ => {}
        }
    }
}

/// Names in the context and in the properties of account and action that are nearly declared ones.
fn near_names(case: &CaseDoc, application: &Application, diagnostics: &mut Diagnostics) {
    let context = ["tenant", "application", "person", "now", "action"];
    let groups: [(&Option<Node>, &Attributes, &[&str]); 3] = [
        (&case.context, &application.context, &context),
        (
            &case.account_properties,
            &application.account_attributes,
            &["memberships"],
        ),
        (&case.action_properties, &application.context_action, &[]),
    ];
    for (node, declared, more) in groups {
        let Some(Value::Mapping(pairs)) = node.as_ref().map(|node| &node.value) else {
            continue;
        };
        for (key, _) in pairs {
            let Some(scalar) = key.scalar() else { continue };
            let name = Name::new(scalar.text.clone(), key.span);
            let known = declared.keys().map(|id| &**id).chain(more.iter().copied());
            nearly(&name, known, "nothing declares", diagnostics);
        }
    }
}

/// Reports a name that is nearly a known one.
fn nearly<'a>(
    name: &Name,
    known: impl Iterator<Item = &'a str> + Clone,
    whose: &str,
    diagnostics: &mut Diagnostics,
) {
    if known.clone().any(|known| *known == *name.value) {
        return;
    }
    if let Some(near) = nearest(name, known) {
        diagnostics
            .report(
                Code::UnknownAttribute,
                name.span,
                format!("{whose} `{}`", **name),
            )
            .help(format!("did you mean `{near}`?"));
    }
}

/// An undeclared property never matters; one whose name is nearly a declared one was meant to.
fn check_name(name: &Name, kind: &ResourceType, diagnostics: &mut Diagnostics) {
    let own = kind.built_in.map_or(&[][..], BuiltIn::properties);
    let known = kind.readable.keys().map(|id| &**id).chain(["tenant"]);
    let known = known.chain(own.iter().map(|(own, _)| *own));
    nearly(
        name,
        known,
        &format!("`{}` has no property", kind.name),
        diagnostics,
    );
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
