//! Roles, grants and deny rules as they were written.

use super::decode::{Alphabet, Decoder, Fields};
use super::keys;
use super::node::Node;
use super::{ConditionText, Name, Scope};
use crate::source::Span;

/// A role.
#[derive(Debug, Default)]
pub struct RoleDoc {
    /// Default reach of its own grants.
    pub scope: Option<Scope>,
    /// Roles that it has the grants of.
    pub inherits: Vec<Name>,
    /// Its own grants.
    pub allow: Vec<GrantDoc>,
    /// What its holders may not do.
    pub deny: Vec<DenyDoc>,
    /// Roles that its holders may give; `*` among them is every role.
    pub assigns: Vec<Name>,
    /// Not all of it could be read, so that nothing follows from what it lacks.
    pub incomplete: bool,
}

/// A grant.
#[derive(Debug)]
pub struct GrantDoc {
    /// The whole grant.
    pub span: Span,
    /// Types, groups or `*`.
    pub resources: Vec<Name>,
    /// Actions, `crud` or `*`.
    pub actions: Vec<Name>,
    /// Its reach, if not the role's.
    pub scope: Option<Scope>,
    /// Its condition.
    pub when: Option<ConditionText>,
}

/// A deny rule.
#[derive(Debug)]
pub struct DenyDoc {
    /// The whole rule.
    pub span: Span,
    /// Types, groups or `*`.
    pub resources: Vec<Name>,
    /// Actions, `crud` or `*`.
    pub actions: Vec<Name>,
    /// Whom it denies, if not everyone.
    pub roles: Option<Vec<Name>>,
    /// Whom it spares.
    pub except_roles: Vec<Name>,
    /// Its condition.
    pub when: Option<ConditionText>,
    /// Why.
    pub reason: Option<Name>,
}

/// A mapping of role names to roles.
pub(super) fn roles(decoder: &mut Decoder<'_>, node: Option<&Node>) -> Vec<(Name, RoleDoc)> {
    let Some(node) = node else { return Vec::new() };
    let (entries, strayed) =
        decoder.entries_of(node, "`roles`", Alphabet::Id, "a role's name", keys::ROLE);
    entries
        .into_iter()
        .map(|(name, node)| {
            let found = decoder.diagnostics.len();
            let mut role = role(decoder, node).unwrap_or_default();
            role.incomplete = strayed || decoder.diagnostics.len() > found;
            (name, role)
        })
        .collect()
}

fn role(decoder: &mut Decoder<'_>, node: &Node) -> Option<RoleDoc> {
    let fields = decoder.table(node, "a role", keys::ROLE)?;
    if let Some(description) = fields.get("description") {
        decoder.text(description, "`description`");
    }
    let allow = items(decoder, fields.get("allow"), "`allow`");
    Some(RoleDoc {
        scope: scope(decoder, &fields),
        inherits: fields
            .get("inherits")
            .map(|node| decoder.ids(node, "`inherits`", Alphabet::Id))
            .unwrap_or_default(),
        allow: allow
            .iter()
            .filter_map(|node| grant(decoder, node))
            .collect(),
        deny: denies(decoder, fields.get("deny")),
        assigns: fields
            .get("assigns")
            .map(|node| decoder.maybe_ids_or_all(node, "`assigns`", Alphabet::Id))
            .unwrap_or_default(),
        incomplete: false,
    })
}

fn items<'n>(decoder: &mut Decoder<'_>, node: Option<&'n Node>, what: &str) -> &'n [Node] {
    node.and_then(|node| decoder.list(node, what))
        .unwrap_or_default()
}

fn grant(decoder: &mut Decoder<'_>, node: &Node) -> Option<GrantDoc> {
    let fields = decoder.table(node, "a grant", keys::GRANT)?;
    if let Some(description) = fields.get("description") {
        decoder.text(description, "`description`");
    }
    Some(GrantDoc {
        span: fields.span(),
        resources: named(decoder, &fields, "resources"),
        actions: named(decoder, &fields, "actions"),
        scope: scope(decoder, &fields),
        when: when(decoder, &fields),
    })
}

/// What a delegation hands on: a grant without a scope.
pub(super) fn delegated(decoder: &mut Decoder<'_>, node: &Node) -> Option<GrantDoc> {
    let fields = decoder.table(node, "what a delegation allows", keys::DELEGATED)?;
    Some(GrantDoc {
        span: fields.span(),
        resources: named(decoder, &fields, "resources"),
        actions: named(decoder, &fields, "actions"),
        scope: None,
        when: when(decoder, &fields),
    })
}

/// A list of deny rules.
pub(super) fn denies(decoder: &mut Decoder<'_>, node: Option<&Node>) -> Vec<DenyDoc> {
    items(decoder, node, "`deny`")
        .iter()
        .filter_map(|node| deny(decoder, node))
        .collect()
}

fn deny(decoder: &mut Decoder<'_>, node: &Node) -> Option<DenyDoc> {
    let fields = decoder.table(node, "a deny rule", keys::DENY)?;
    let mut roles = |key: &str| {
        fields.get(key).map(|node| {
            decoder
                .list_of_some(node, &format!("`{key}`"))
                .map(|_| decoder.ids(node, &format!("`{key}`"), Alphabet::Id))
                .unwrap_or_default()
        })
    };
    Some(DenyDoc {
        span: fields.span(),
        roles: roles("roles"),
        except_roles: roles("except_roles").unwrap_or_default(),
        resources: named(decoder, &fields, "resources"),
        actions: named(decoder, &fields, "actions"),
        when: when(decoder, &fields),
        reason: fields
            .get("reason")
            .and_then(|node| decoder.text(node, "`reason`")),
    })
}

fn named(decoder: &mut Decoder<'_>, fields: &Fields<'_>, key: &str) -> Vec<Name> {
    fields
        .get(key)
        .map(|node| decoder.ids_or_all(node, &format!("`{key}`"), Alphabet::Type))
        .unwrap_or_default()
}

fn scope(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<Scope> {
    decoder.choice(fields.get("scope")?, "`scope`", &Scope::ALL)
}

fn when(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<ConditionText> {
    decoder.condition(fields.get("when")?, "`when`")
}
