//! The types that every application has, and the attributes that every resource and account has.

use super::{Attributes, ResourceType};
use crate::document::AttributeType;

/// A type that every application has without declaring it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BuiltIn {
    /// The tenant itself.
    Tenant,
    /// A sub-account.
    SubAccount,
    /// A team.
    Team,
    /// A role.
    Role,
    /// A member.
    Member,
    /// A delegation.
    Delegation,
}

impl BuiltIn {
    /// Every built-in type.
    pub const ALL: [BuiltIn; 6] = [
        Self::Tenant,
        Self::SubAccount,
        Self::Team,
        Self::Role,
        Self::Member,
        Self::Delegation,
    ];

    /// Its name in the YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::SubAccount => "sub_account",
            Self::Team => "team",
            Self::Role => "role",
            Self::Member => "member",
            Self::Delegation => "delegation",
        }
    }

    /// The actions that it has without declaring them.
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Tenant => &["enter", "read", "update", "delete"],
            Self::SubAccount | Self::Team => &["create", "list", "read", "update", "delete"],
            Self::Role => &["create", "list", "read", "update", "delete", "assign"],
            Self::Member => &["invite", "list", "read", "update", "remove"],
            Self::Delegation => &["create", "list", "read", "revoke"],
        }
    }

    /// Properties of a question that only this type knows, beside the standard attributes. Conditions read them only
    /// where the application declares them.
    pub fn properties(self) -> &'static [(&'static str, AttributeType)] {
        const TEXT: AttributeType = AttributeType::String;
        const TEXTS: AttributeType = AttributeType::StringSet;
        match self {
            Self::SubAccount => &[("parent", TEXT)],
            Self::Member => &[("role", TEXT), ("new_role", TEXT), ("guest_of", TEXT)],
            Self::Delegation => &[
                ("from", TEXT),
                ("to", TEXT),
                ("resources", TEXTS),
                ("actions", TEXTS),
            ],
            Self::Tenant | Self::Team | Self::Role => &[],
        }
    }
}

/// Standard attributes of every resource but `id` and the ancestors.
pub const RESOURCE_ATTRIBUTES: [(&str, AttributeType); 5] = [
    ("owner", AttributeType::String),
    ("sub_account", AttributeType::String),
    ("sub_accounts", AttributeType::StringSet),
    ("team", AttributeType::String),
    ("teams", AttributeType::StringSet),
];

/// Standard attributes of an account, all text; `id` is always there.
pub const PRINCIPAL_ATTRIBUTES: [&str; 5] = ["id", "email", "first_name", "last_name", "person"];

/// Names that no attribute may have, whatever its type: the YAML and the compiler mean something else by them.
pub const RESERVED: [&str; 3] = ["type", "tenant", "memberships"];

/// Cedar's reserved words: no attribute can be called so.
pub const CEDAR_KEYWORDS: [&str; 10] = [
    "true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar",
];

/// Every attribute that a condition may read of a resource, with its type; ancestors under their types' names.
pub(super) fn readable(
    kind: &ResourceType,
    types: &crate::maps::IndexMap<super::Id, ResourceType>,
) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.insert("id".into(), AttributeType::String);
    for (name, attribute) in RESOURCE_ATTRIBUTES {
        attributes.insert(name.into(), attribute);
    }
    for ancestor in &kind.ancestors {
        if let Some((name, _)) = types.get_index(*ancestor) {
            attributes.insert(name.clone(), AttributeType::String);
        }
    }
    for (name, attribute) in &kind.attributes {
        attributes.insert(name.clone(), *attribute);
    }
    attributes
}
