//! An `application` document as it was written.

use super::decode::{Alphabet, Decoder, Fields};
use super::node::Node;
use super::role::{self, DenyDoc, RoleDoc};
use super::{AttributeType, Name, keys};
use crate::diagnostic::Code;
use crate::source::Span;

/// An application.
#[derive(Debug)]
pub struct ApplicationDoc {
    /// Its id.
    pub id: Name,
    /// Memberships come from the request, not from files.
    pub membership_request: bool,
    /// Accepted subject types.
    pub subject_types: Option<Vec<Name>>,
    /// What it asks of accounts.
    pub accounts: AccountRulesDoc,
    /// Its resource types.
    pub resources: Vec<(Name, ResourceTypeDoc)>,
    /// Names for several types.
    pub groups: Vec<(Name, Vec<Name>)>,
    /// What conditions read as `context.x`.
    pub context: Vec<(Name, AttributeType)>,
    /// What conditions read as `context.action.x`.
    pub context_action: Vec<(Name, AttributeType)>,
    /// Its roles.
    pub roles: Vec<(Name, RoleDoc)>,
    /// Its deny rules.
    pub deny: Vec<DenyDoc>,
}

/// What an application asks of accounts.
#[derive(Debug, Default)]
pub struct AccountRulesDoc {
    /// Members must be listed under `accounts_of`.
    pub declared_required: bool,
    /// An account may be a member of one tenant only.
    pub one_tenant: bool,
    /// Fields that each declared account must have.
    pub required: Vec<Name>,
    /// What conditions read as `principal.x`.
    pub attributes: Vec<(Name, AttributeType)>,
}

/// A resource type.
#[derive(Debug)]
pub struct ResourceTypeDoc {
    /// The whole mapping.
    pub span: Span,
    /// Its actions, `crud` among them perhaps; none if they were not written or could not be read.
    pub actions: Option<Vec<Name>>,
    /// Whether `actions` was written at all.
    pub has_actions: bool,
    /// Its attributes.
    pub attributes: Vec<(Name, AttributeType)>,
    /// The type that it lies in.
    pub parent: Option<Name>,
    /// Its entity type in raw Cedar.
    pub cedar_name: Option<Name>,
}

pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Option<ApplicationDoc> {
    let fields = decoder.table(node, "an application", keys::APPLICATION)?;
    let (key, id) = fields.pair("application")?;
    let (key_span, id) = (
        key.span,
        decoder.id(id, "an application's id", Alphabet::Id),
    );
    if let Some(description) = fields.get("description") {
        decoder.text(description, "`description`");
    }
    refuse_later(decoder, &fields);
    let membership_request = fields.get("membership").is_some_and(|node| {
        let choices = [("files", false), ("request", true)];
        decoder.choice(node, "`membership`", &choices) == Some(true)
    });
    let (context, context_action) = context(decoder, fields.get("context"));
    let document = ApplicationDoc {
        membership_request,
        subject_types: fields.get("subject_types").map(|node| {
            decoder
                .list_of_some(node, "`subject_types`")
                .map(|_| decoder.ids(node, "`subject_types`", Alphabet::Account))
                .unwrap_or_default()
        }),
        accounts: fields
            .get("accounts")
            .and_then(|node| account_rules(decoder, node))
            .unwrap_or_default(),
        resources: resources(decoder, fields.get("resources")),
        groups: groups(decoder, fields.get("resource_groups")),
        context,
        context_action,
        roles: role::roles(decoder, fields.get("roles")),
        deny: role::denies(decoder, fields.get("deny")),
        id: id.unwrap_or_else(|| Name::new("".into(), key_span)),
    };
    (!document.id.is_empty()).then_some(document)
}

/// Refuses the keys that a later version brings.
pub(super) fn refuse_later(decoder: &mut Decoder<'_>, fields: &Fields<'_>) {
    for name in keys::LATER {
        if let Some((key, _)) = fields.pair(name) {
            decoder
                .diagnostics
                .report(
                    Code::Unsupported,
                    key.span,
                    format!("`{name}` comes in a later version of octroi"),
                )
                .help("take it out until then");
        }
    }
}

fn account_rules(decoder: &mut Decoder<'_>, node: &Node) -> Option<AccountRulesDoc> {
    let fields = decoder.table(node, "`accounts`", keys::ACCOUNTS)?;
    let mut flag = |key: &str, choices: [(&'static str, bool); 2]| {
        fields
            .get(key)
            .and_then(|node| decoder.choice(node, &format!("`{key}`"), &choices))
            .unwrap_or_default()
    };
    Some(AccountRulesDoc {
        declared_required: flag("declared", [("optional", false), ("required", true)]),
        one_tenant: flag("tenants", [("many", false), ("one", true)]),
        required: fields
            .get("required")
            .map(|node| decoder.ids(node, "`required`", Alphabet::Attribute))
            .unwrap_or_default(),
        attributes: attributes(decoder, fields.get("attributes"), "`attributes`"),
    })
}

fn attributes(
    decoder: &mut Decoder<'_>,
    node: Option<&Node>,
    what: &str,
) -> Vec<(Name, AttributeType)> {
    let Some(node) = node else { return Vec::new() };
    decoder
        .entries(node, what, Alphabet::Attribute, "an attribute's name")
        .into_iter()
        .filter_map(|(name, node)| Some((name, attribute_type(decoder, node)?)))
        .collect()
}

fn attribute_type(decoder: &mut Decoder<'_>, node: &Node) -> Option<AttributeType> {
    decoder.choice(node, "an attribute's type", &AttributeType::ALL)
}

type Attributes = Vec<(Name, AttributeType)>;

fn context(decoder: &mut Decoder<'_>, node: Option<&Node>) -> (Attributes, Attributes) {
    let (mut context, mut action) = (Vec::new(), Vec::new());
    let Some(node) = node else {
        return (context, action);
    };
    for (name, node) in decoder.entries(node, "`context`", Alphabet::Attribute, "a context name") {
        if &*name.value == "action" {
            action = attributes(decoder, Some(node), "`context.action`");
        } else if let Some(kind) = attribute_type(decoder, node) {
            context.push((name, kind));
        }
    }
    (context, action)
}

fn resources(decoder: &mut Decoder<'_>, node: Option<&Node>) -> Vec<(Name, ResourceTypeDoc)> {
    let Some(node) = node else { return Vec::new() };
    let (entries, _) = decoder.entries_of(
        node,
        "`resources`",
        Alphabet::Type,
        "a resource type's name",
        keys::RESOURCE_TYPE,
    );
    entries
        .into_iter()
        .filter_map(|(name, node)| Some((name, resource_type(decoder, node)?)))
        .collect()
}

fn resource_type(decoder: &mut Decoder<'_>, node: &Node) -> Option<ResourceTypeDoc> {
    let fields = decoder.table(node, "a resource type", keys::RESOURCE_TYPE)?;
    if let Some(description) = fields.get("description") {
        decoder.text(description, "`description`");
    }
    let actions = fields.get("actions");
    Some(ResourceTypeDoc {
        span: fields.span(),
        has_actions: actions.is_some(),
        actions: actions.and_then(|node| {
            decoder.list_of_some(node, "`actions`")?;
            Some(decoder.ids(node, "`actions`", Alphabet::Type))
        }),
        attributes: attributes(decoder, fields.get("attributes"), "`attributes`"),
        parent: fields
            .get("parent")
            .and_then(|node| decoder.id(node, "`parent`", Alphabet::Type)),
        cedar_name: fields
            .get("cedar_name")
            .and_then(|node| decoder.id(node, "`cedar_name`", Alphabet::Attribute)),
    })
}

fn groups(decoder: &mut Decoder<'_>, node: Option<&Node>) -> Vec<(Name, Vec<Name>)> {
    let Some(node) = node else { return Vec::new() };
    decoder
        .entries(node, "`resource_groups`", Alphabet::Type, "a group's name")
        .into_iter()
        .map(|(name, node)| {
            let types = match decoder.list_of_some(node, "a resource group") {
                Some(_) => decoder.ids(node, "a resource group", Alphabet::Type),
                None => Vec::new(),
            };
            (name, types)
        })
        .collect()
}
