//! Every key of the language, in one table each: what the decoder accepts and what the JSON Schema tells editors.

use Shape::{AttributeType, Choice, Free, Id, List, MapOf, Records, Table, Text, Words};

/// The shape of a key's value.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Any text.
    Text,
    /// An id or name: text that YAML must not take for a number, boolean or null.
    Id,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A list of ids.
    Words,
    /// A list of values of one shape.
    List(&'static Shape),
    /// A mapping from ids to values of one shape.
    MapOf(&'static Shape),
    /// The name of an attribute type.
    AttributeType,
    /// A mapping with known keys.
    Table(&'static [Key]),
    /// A mapping from resource types to record ids to attributes.
    Records,
    /// Values whose types the application declares.
    Free,
}

/// One key of a mapping.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The key as it is written.
    pub name: &'static str,
    /// Whether the mapping is incomplete without it.
    pub required: bool,
    /// What its value looks like.
    pub shape: Shape,
    /// What it means, for editors and the reference.
    pub doc: &'static str,
}

const fn key(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key {
        name,
        required: false,
        shape,
        doc,
    }
}

const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key {
        name,
        required: true,
        shape,
        doc,
    }
}

/// The reaches that a grant can have, from wide to narrow.
pub const SCOPES: &[&str] = &["tenant", "sub_account", "team", "assigned", "own"];

/// The attribute types, which are Cedar's.
pub const TYPES: &[&str] = &[
    "String",
    "Long",
    "Bool",
    "datetime",
    "decimal",
    "ipaddr",
    "Set<String>",
    "Set<Long>",
];

/// The reason codes that a test case may expect.
pub const REASONS: &[&str] = &[
    "granted",
    "granted_by_delegation",
    "no_grant",
    "out_of_scope",
    "condition_not_met",
    "denied_by_rule",
    "not_assignable",
    "not_a_member",
    "membership_invited",
    "membership_suspended",
    "membership_expired",
    "guest_home_lost",
    "tenant_required",
    "tenant_conflict",
    "unknown_tenant",
    "unknown_subject_type",
    "unknown_resource_type",
    "unknown_action",
    "invalid_value",
    "evaluation_error",
];

/// Fields of an account that every application knows.
pub const ACCOUNT_FIELDS: &[&str] = &["email", "first_name", "last_name", "person"];

/// A grant: what a role allows.
pub const GRANT: &[Key] = &[
    required(
        "resources",
        Words,
        "Resource types or groups that the grant covers; `*` is every type.",
    ),
    required(
        "actions",
        Words,
        "Actions of each named type; `*` is all of them, `crud` create, read, update and delete.",
    ),
    key(
        "scope",
        Choice(SCOPES),
        "How far the grant reaches, instead of the role's scope.",
    ),
    key(
        "when",
        Text,
        "A Cedar expression over principal, resource and context that must hold.",
    ),
    key("description", Text, "Free text."),
];

/// A deny rule: what nobody, or only some, may do.
pub const DENY: &[Key] = &[
    required(
        "resources",
        Words,
        "Resource types or groups that the rule covers; `*` is every type.",
    ),
    required(
        "actions",
        Words,
        "Actions of each named type; `*` is all of them.",
    ),
    key(
        "roles",
        Words,
        "Only holders of these roles are denied; left out: everyone.",
    ),
    key(
        "except_roles",
        Words,
        "Holders of these roles are not denied.",
    ),
    key(
        "when",
        Text,
        "A Cedar expression; a missing attribute makes the rule apply.",
    ),
    key(
        "reason",
        Text,
        "Why, shown with every deny that the rule causes.",
    ),
];

/// A role.
pub const ROLE: &[Key] = &[
    key("description", Text, "Free text."),
    key(
        "scope",
        Choice(SCOPES),
        "Default reach of the role's own grants; `tenant` when left out.",
    ),
    key(
        "inherits",
        Words,
        "Roles whose grants and `assigns` this role has too.",
    ),
    key("allow", List(&Table(GRANT)), "What the role allows."),
    key(
        "deny",
        List(&Table(DENY)),
        "What those with an entry that names this very role may not do.",
    ),
    key(
        "assigns",
        Words,
        "Roles that its holders may give; `*` is every role.",
    ),
];

/// A resource type.
pub const RESOURCE_TYPE: &[Key] = &[
    key("description", Text, "Free text."),
    key(
        "actions",
        Words,
        "What can be done with it; required, unless it extends a built-in type.",
    ),
    key(
        "attributes",
        MapOf(&AttributeType),
        "What conditions can read of it, and of which type.",
    ),
    key("parent", Id, "The type that it lies in."),
    key(
        "cedar_name",
        Id,
        "Its entity type in raw Cedar, when the UpperCamelCase of its name will not do.",
    ),
];

/// What an application asks of accounts.
pub const ACCOUNTS: &[Key] = &[
    key(
        "declared",
        Choice(&["optional", "required"]),
        "Whether every member must be listed under `accounts_of`.",
    ),
    key(
        "tenants",
        Choice(&["many", "one"]),
        "Whether an account may be a member of several tenants.",
    ),
    key(
        "required",
        Words,
        "Fields that every declared account must have.",
    ),
    key(
        "attributes",
        MapOf(&AttributeType),
        "What conditions can read as `principal.x`.",
    ),
];

/// An `application` document.
pub const APPLICATION: &[Key] = &[
    required("application", Id, "The application's id."),
    key("description", Text, "Free text."),
    key(
        "subject_types",
        Words,
        "Accepted `subject.type`s; `user` when left out.",
    ),
    key(
        "membership",
        Choice(&["files", "request"]),
        "Where memberships come from; `files` when left out.",
    ),
    key(
        "accounts",
        Table(ACCOUNTS),
        "What the application asks of accounts.",
    ),
    key(
        "resources",
        MapOf(&Table(RESOURCE_TYPE)),
        "The resource types.",
    ),
    key(
        "resource_groups",
        MapOf(&Words),
        "Names for several types, usable wherever `resources:` is written.",
    ),
    key(
        "context",
        Free,
        "What conditions can read as `context.x`; under `action`, the action's properties.",
    ),
    key("roles", MapOf(&Table(ROLE)), "The roles of every tenant."),
    key("deny", List(&Table(DENY)), "Deny rules of every tenant."),
    key("invariants", Free, "Proved by a later version."),
    key(
        "routes",
        Free,
        "For the forward-auth endpoint of a later version.",
    ),
];

/// A sub-account.
pub const SUB_ACCOUNT: &[Key] = &[
    key("name", Text, "What people call it."),
    key("parent", Id, "The sub-account that it lies in."),
];

/// One entry of a member.
pub const ENTRY: &[Key] = &[
    required("account", Id, "The account's id."),
    required("role", Id, "The role that the entry gives."),
    key(
        "sub_accounts",
        Words,
        "Where a role with sub-account scope reaches.",
    ),
    key(
        "teams",
        Words,
        "The teams that count for this entry; all that list the member when left out.",
    ),
    key(
        "assigned",
        MapOf(&Words),
        "Records, by type, that a role with assigned scope reaches.",
    ),
    key(
        "guest_of",
        Id,
        "The partner tenant whose member this guest is.",
    ),
    key(
        "status",
        Choice(&["active", "invited", "suspended"]),
        "`active` when left out; the others grant nothing.",
    ),
    key(
        "expires",
        Text,
        "A date (through the end of that day, UTC) or an RFC 3339 instant.",
    ),
];

/// What a delegation hands on.
pub const DELEGATED: &[Key] = &[
    required(
        "resources",
        Words,
        "Resource types or groups; `*` is whatever `from` holds.",
    ),
    required(
        "actions",
        Words,
        "Actions of each named type; `*` is whatever `from` holds.",
    ),
    key(
        "when",
        Text,
        "A Cedar expression in which `principal` is `to`.",
    ),
];

/// A delegation.
pub const DELEGATION: &[Key] = &[
    required("from", Id, "The member who hands on what it may do itself."),
    required("to", Id, "The member who may do it too."),
    required("allow", List(&Table(DELEGATED)), "What is handed on."),
    key(
        "expires",
        Text,
        "A date (through the end of that day, UTC) or an RFC 3339 instant.",
    ),
    key("reason", Text, "Why, for those who read the file."),
];

/// A `tenant` document.
pub const TENANT: &[Key] = &[
    required("tenant", Id, "The tenant's id, unique in the folder."),
    required("application", Id, "The application that it is a tenant of."),
    key("name", Text, "What people call it."),
    key(
        "sub_accounts",
        MapOf(&Table(SUB_ACCOUNT)),
        "Its sub-accounts.",
    ),
    key("teams", MapOf(&Words), "Its teams and their members."),
    key(
        "partners",
        Words,
        "Tenants whose members may be guests here.",
    ),
    key("roles", MapOf(&Table(ROLE)), "The tenant's own roles."),
    key("deny", List(&Table(DENY)), "The tenant's own deny rules."),
    key(
        "records",
        Records,
        "Resources worth declaring, by type and id.",
    ),
    key(
        "members",
        List(&Table(ENTRY)),
        "Who is a member, with which role.",
    ),
    key(
        "delegations",
        List(&Table(DELEGATION)),
        "What members hand on to others.",
    ),
];

/// A `members_of` document.
pub const MEMBERS: &[Key] = &[
    required("members_of", Id, "The tenant that this adds to."),
    key(
        "members",
        List(&Table(ENTRY)),
        "Who is a member, with which role.",
    ),
    key("teams", MapOf(&Words), "Teams and their members."),
    key(
        "delegations",
        List(&Table(DELEGATION)),
        "What members hand on to others.",
    ),
];

/// An `accounts_of` document.
pub const ACCOUNTS_OF: &[Key] = &[
    required(
        "accounts_of",
        Id,
        "The application whose accounts these are.",
    ),
    key(
        "accounts",
        MapOf(&Free),
        "Accounts by id: email, first_name, last_name, person and the declared attributes.",
    ),
];

/// A resource in a test case; its other keys are properties.
pub const CASE_RESOURCE: &[Key] = &[
    required("type", Id, "The resource's type."),
    key(
        "id",
        Id,
        "Its id; `*` when left out, for a `tenant` the tenant.",
    ),
];

/// A case of a `tests` document.
pub const CASE: &[Key] = &[
    key("name", Text, "What the case shows."),
    required("account", Id, "Who asks."),
    key("account_properties", Free, "Properties of the subject."),
    key(
        "memberships",
        Free,
        "The subject's memberships, where the application takes them from the request.",
    ),
    required("action", Id, "What is asked."),
    key("action_properties", Free, "Properties of the action."),
    required(
        "resource",
        Table(CASE_RESOURCE),
        "What it is asked about: type, id, and properties beside them.",
    ),
    key("context", Free, "The question's context."),
    key("at", Text, "The moment asked about; now when left out."),
    required("expect", Choice(&["allow", "deny"]), "The decision."),
    key("reason", Choice(REASONS), "The reason code."),
];

/// A `tests` document.
pub const TESTS: &[Key] = &[
    required("tests", Text, "What the cases are about."),
    required("tenant", Id, "The tenant that they ask about."),
    required(
        "cases",
        List(&Table(CASE)),
        "The questions and their answers.",
    ),
];

/// The kinds of documents: the first key of each, its table, and what it is.
pub const DOCUMENTS: &[(&str, &[Key], &str)] = &[
    (
        "application",
        APPLICATION,
        "An application: its resource types, roles and rules.",
    ),
    (
        "tenant",
        TENANT,
        "A tenant: its sub-accounts, teams and members.",
    ),
    (
        "members_of",
        MEMBERS,
        "More members of a tenant, from another file.",
    ),
    (
        "accounts_of",
        ACCOUNTS_OF,
        "Who the accounts of an application are.",
    ),
    (
        "tests",
        TESTS,
        "Questions about a tenant and the answers that they must get.",
    ),
];

/// The names of a table's keys.
pub fn names(table: &'static [Key]) -> impl Iterator<Item = &'static str> {
    table.iter().map(|key| key.name)
}

/// Whether a shape is written but not accepted yet.
pub const LATER: &[&str] = &["invariants", "routes"];
