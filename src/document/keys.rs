//! Every key of the language, in one table each: what the decoder accepts and what the JSON Schema tells editors.

use Shape::{
    Account, AttributeType, Choice, Context, Id, Later, List, MapOf, Memberships, Records, Table,
    Text, Values, Words,
};

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
    /// Attributes of the context: names and types, and those of the action.
    Context,
    /// What is known of an account: a few fields, and those that the application declares.
    Account,
    /// Values by name, whose types the application declares.
    Values,
    /// Entries of the subject of a question, without the account.
    Memberships,
    /// A list of mappings that a later version reads.
    Later,
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
    /// A value that it may have, as JSON.
    pub example: &'static str,
}

impl Key {
    /// Adds an example.
    const fn like(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }
}

const fn key(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key {
        name,
        required: false,
        shape,
        doc,
        example: "",
    }
}

const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key {
        name,
        required: true,
        shape,
        doc,
        example: "",
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
    )
    .like(r#"["conversation", "message"]"#),
    required(
        "actions",
        Words,
        "Actions of each named type; `*` is all of them, `crud` create, read, update and delete.",
    )
    .like(r#"["list", "read"]"#),
    key(
        "scope",
        Choice(SCOPES),
        "How far the grant reaches, instead of the role's scope.",
    )
    .like(r#""own""#),
    key(
        "when",
        Text,
        "A Cedar expression over principal, resource and context that must hold.",
    )
    .like(r#""resource.status == \"open\"""#),
    key("description", Text, "Free text.").like(r#""Closed conversations are read, too.""#),
];

/// A deny rule: what nobody, or only some, may do.
pub const DENY: &[Key] = &[
    required(
        "resources",
        Words,
        "Resource types or groups that the rule covers; `*` is every type.",
    )
    .like(r#"["contact"]"#),
    required(
        "actions",
        Words,
        "Actions of each named type; `*` is all of them.",
    )
    .like(r#"["export"]"#),
    key(
        "roles",
        Words,
        "Only holders of these roles are denied; left out: everyone.",
    )
    .like(r#"["assistant"]"#),
    key(
        "except_roles",
        Words,
        "Holders of these roles are not denied.",
    )
    .like(r#"["owner"]"#),
    key(
        "when",
        Text,
        "A Cedar expression; a missing attribute makes the rule apply.",
    )
    .like(r#""!context.mfa""#),
    key(
        "reason",
        Text,
        "Why, shown with every deny that the rule causes.",
    )
    .like(r#""Contacts leave a workspace through its owner only.""#),
];

/// A role.
pub const ROLE: &[Key] = &[
    key("description", Text, "Free text.").like(r#""Runs the sub-accounts that its entry names.""#),
    key(
        "scope",
        Choice(SCOPES),
        "Default reach of the role's own grants; `tenant` when left out.",
    ).like(r#""sub_account""#),
    key(
        "inherits",
        Words,
        "Roles whose grants and `assigns` this role has too.",
    ).like(r#"["member"]"#),
    key("allow", List(&Table(GRANT)), "What the role allows.").like(r#"[{"resources": ["conversation"], "actions": ["list", "read"]}]"#),
    key(
        "deny",
        List(&Table(DENY)),
        "What those with an entry that names this very role may not do.",
    ).like(r#"[{"resources": ["content"], "actions": ["publish"], "reason": "What an intern prepares is published by an employee."}]"#),
    key(
        "assigns",
        Words,
        "Roles that its holders may give; `*` is every role.",
    ).like(r#"["manager"]"#),
];

/// A resource type.
pub const RESOURCE_TYPE: &[Key] = &[
    key("description", Text, "Free text.").like(r#""A channel such as a website's chat.""#),
    key(
        "actions",
        Words,
        "What can be done with it; required, unless it extends a built-in type.",
    )
    .like(r#"["crud", "list"]"#),
    key(
        "attributes",
        MapOf(&AttributeType),
        "What conditions can read of it, and of which type.",
    )
    .like(r#"{"status": "String", "amount": "Long"}"#),
    key("parent", Id, "The type that it lies in.").like(r#""conversation""#),
    key(
        "cedar_name",
        Id,
        "Its entity type in raw Cedar, when the UpperCamelCase of its name will not do.",
    )
    .like(r#""Conversation""#),
];

/// What an application asks of accounts.
pub const ACCOUNTS: &[Key] = &[
    key(
        "declared",
        Choice(&["optional", "required"]),
        "Whether every member must be listed under `accounts_of`.",
    )
    .like(r#""required""#),
    key(
        "tenants",
        Choice(&["many", "one"]),
        "Whether an account may be a member of several tenants.",
    )
    .like(r#""one""#),
    key(
        "required",
        Words,
        "Fields that every declared account must have.",
    )
    .like(r#"["email"]"#),
    key(
        "attributes",
        MapOf(&AttributeType),
        "What conditions can read as `principal.x`.",
    )
    .like(r#"{"department": "String"}"#),
];

/// An `application` document.
pub const APPLICATION: &[Key] = &[
    required("application", Id, "The application's id.").like(r#""chat-console""#),
    key("description", Text, "Free text.").like(r#""Live chat shared by an administrator and managers.""#),
    key(
        "subject_types",
        Words,
        "Accepted `subject.type`s; `user` when left out.",
    ).like(r#"["user", "service"]"#),
    key(
        "membership",
        Choice(&["files", "request"]),
        "Where memberships come from; `files` when left out.",
    ).like(r#""request""#),
    key(
        "accounts",
        Table(ACCOUNTS),
        "What the application asks of accounts.",
    ).like(r#"{"declared": "required", "required": ["email"]}"#),
    key(
        "resources",
        MapOf(&Table(RESOURCE_TYPE)),
        "The resource types.",
    ).like(r#"{"conversation": {"actions": ["list", "read", "close"], "attributes": {"status": "String"}}}"#),
    key(
        "resource_groups",
        MapOf(&Words),
        "Names for several types, usable wherever `resources:` is written.",
    ).like(r#"{"deals": ["call", "opportunity"]}"#),
    key(
        "context",
        Context,
        "What conditions can read as `context.x`; under `action`, the action's properties.",
    ).like(r#"{"mfa": "Bool", "action": {"soft": "Bool"}}"#),
    key("roles", MapOf(&Table(ROLE)), "The roles of every tenant.").like(r#"{"manager": {"scope": "sub_account", "allow": [{"resources": ["conversation"], "actions": ["read"]}]}}"#),
    key("deny", List(&Table(DENY)), "Deny rules of every tenant.").like(r#"[{"resources": ["contact"], "actions": ["export"], "except_roles": ["owner"]}]"#),
    key("invariants", Later, "Proved by a later version.").like(r#"[{"name": "contacts never leave", "never": {"resources": ["contact"], "actions": ["export"]}}]"#),
    key(
        "routes",
        Later,
        "For the forward-auth endpoint of a later version.",
    ).like(r#"[{"match": "GET /t/{tenant}/conversations/{id}", "resource": "conversation", "action": "read"}]"#),
];

/// A sub-account.
pub const SUB_ACCOUNT: &[Key] = &[
    key("name", Text, "What people call it.").like(r#""Boutique de Lyon""#),
    key("parent", Id, "The sub-account that it lies in.").like(r#""france""#),
];

/// One entry of a member.
pub const ENTRY: &[Key] = &[
    required("account", Id, "The account's id.").like(r#""marc""#),
    required("role", Id, "The role that the entry gives.").like(r#""manager""#),
    key(
        "sub_accounts",
        Words,
        "Where a role with sub-account scope reaches.",
    )
    .like(r#"["paris"]"#),
    key(
        "teams",
        Words,
        "The teams that count for this entry; all that list the member when left out.",
    )
    .like(r#"["bretagne"]"#),
    key(
        "assigned",
        MapOf(&Words),
        "Records, by type, that a role with assigned scope reaches.",
    )
    .like(r#"{"creator": ["luna"]}"#),
    key(
        "guest_of",
        Id,
        "The partner tenant whose member this guest is.",
    )
    .like(r#""studio-lumiere""#),
    key(
        "status",
        Choice(&["active", "invited", "suspended"]),
        "`active` when left out; the others grant nothing.",
    )
    .like(r#""suspended""#),
    key(
        "expires",
        Text,
        "A date (through the end of that day, UTC) or an RFC 3339 instant.",
    )
    .like(r#""2031-12-31""#),
];

/// What a delegation hands on.
pub const DELEGATED: &[Key] = &[
    required(
        "resources",
        Words,
        "Resource types or groups; `*` is whatever `from` holds.",
    )
    .like(r#"["contact"]"#),
    required(
        "actions",
        Words,
        "Actions of each named type; `*` is whatever `from` holds.",
    )
    .like(r#"["list", "read"]"#),
    key(
        "when",
        Text,
        "A Cedar expression in which `principal` is `to`.",
    )
    .like(r#""resource.department == \"adults\"""#),
];

/// A delegation.
pub const DELEGATION: &[Key] = &[
    required("from", Id, "The member who hands on what it may do itself.").like(r#""helene""#),
    required("to", Id, "The member who may do it too.").like(r#""pascal""#),
    required("allow", List(&Table(DELEGATED)), "What is handed on.")
        .like(r#"[{"resources": ["contact"], "actions": ["list", "read"]}]"#),
    key(
        "expires",
        Text,
        "A date (through the end of that day, UTC) or an RFC 3339 instant.",
    )
    .like(r#""2031-07-14T23:30:00+02:00""#),
    key("reason", Text, "Why, for those who read the file.").like(r#""Parental leave.""#),
];

/// A `tenant` document.
pub const TENANT: &[Key] = &[
    required("tenant", Id, "The tenant's id, unique in the folder.").like(r#""boutiques-durand""#),
    required("application", Id, "The application that it is a tenant of.").like(r#""chat-console""#),
    key("name", Text, "What people call it.").like(r#""Boutiques Durand""#),
    key(
        "sub_accounts",
        MapOf(&Table(SUB_ACCOUNT)),
        "Its sub-accounts.",
    ).like(r#"{"france": {"name": "France"}, "lyon": {"parent": "france"}}"#),
    key("teams", MapOf(&Words), "Its teams and their members.").like(r#"{"bretagne": ["yann", "gwen"]}"#),
    key(
        "partners",
        Words,
        "Tenants whose members may be guests here.",
    ).like(r#"["studio-lumiere"]"#),
    key("roles", MapOf(&Table(ROLE)), "The tenant's own roles.").like(r#"{"receptionist": {"allow": [{"resources": ["tenant"], "actions": ["enter"]}]}}"#),
    key("deny", List(&Table(DENY)), "The tenant's own deny rules.").like(r#"[{"resources": ["quote"], "actions": ["send"], "except_roles": ["owner"]}]"#),
    key(
        "records",
        Records,
        "Resources worth declaring, by type and id.",
    ).like(r#"{"messaging": {"whatsapp-lyon": {"sub_account": "lyon"}}}"#),
    key(
        "members",
        List(&Table(ENTRY)),
        "Who is a member, with which role.",
    ).like(r#"[{"account": "claire", "role": "admin"}]"#),
    key(
        "delegations",
        List(&Table(DELEGATION)),
        "What members hand on to others.",
    ).like(r#"[{"from": "helene", "to": "pascal", "allow": [{"resources": ["contact"], "actions": ["read"]}]}]"#),
];

/// A `members_of` document.
pub const MEMBERS: &[Key] = &[
    required("members_of", Id, "The tenant that this adds to.").like(r#""boutiques-durand""#),
    key(
        "members",
        List(&Table(ENTRY)),
        "Who is a member, with which role.",
    ).like(r#"[{"account": "marc", "role": "manager", "sub_accounts": ["paris"]}]"#),
    key("teams", MapOf(&Words), "Teams and their members.").like(r#"{"bretagne": ["yann", "gwen"]}"#),
    key(
        "delegations",
        List(&Table(DELEGATION)),
        "What members hand on to others.",
    ).like(r#"[{"from": "helene", "to": "pascal", "allow": [{"resources": ["contact"], "actions": ["read"]}]}]"#),
];

/// An `accounts_of` document.
pub const ACCOUNTS_OF: &[Key] = &[
    required(
        "accounts_of",
        Id,
        "The application whose accounts these are.",
    )
    .like(r#""chat-console""#),
    key(
        "accounts",
        MapOf(&Account),
        "Accounts by id: email, first_name, last_name, person and the declared attributes.",
    )
    .like(r#"{"marc": {"email": "marc@durand.example", "person": "marc-durand"}}"#),
];

/// A resource in a test case; its other keys are properties.
pub const CASE_RESOURCE: &[Key] = &[
    required("type", Id, "The resource's type.").like(r#""conversation""#),
    key(
        "id",
        Id,
        "Its id; `*` when left out, for a `tenant` the tenant.",
    )
    .like(r#""c1""#),
];

/// A case of a `tests` document.
pub const CASE: &[Key] = &[
    key("name", Text, "What the case shows.").like(r#""not in Lyon""#),
    required("account", Id, "Who asks.").like(r#""marc""#),
    key("account_properties", Values, "Properties of the subject.")
        .like(r#"{"department": "sales"}"#),
    key(
        "memberships",
        Memberships,
        "The subject's memberships, where the application takes them from the request.",
    )
    .like(r#"[{"role": "manager", "sub_accounts": ["paris"]}]"#),
    required("action", Id, "What is asked.").like(r#""read""#),
    key("action_properties", Values, "Properties of the action.").like(r#"{"soft": true}"#),
    required(
        "resource",
        Table(CASE_RESOURCE),
        "What it is asked about: type, id, and properties beside them.",
    )
    .like(r#"{"type": "conversation", "id": "c1", "sub_account": "paris"}"#),
    key("context", Values, "The question's context.").like(r#"{"mfa": true}"#),
    key("at", Text, "The moment asked about; now when left out.").like(r#""2026-12-01T09:00:00Z""#),
    required("expect", Choice(&["allow", "deny"]), "The decision.").like(r#""deny""#),
    key("reason", Choice(REASONS), "The reason code.").like(r#""out_of_scope""#),
];

/// A `tests` document.
pub const TESTS: &[Key] = &[
    required("tests", Text, "What the cases are about.").like(r#""Managers stay in their sub-account""#),
    required("tenant", Id, "The tenant that they ask about.").like(r#""boutiques-durand""#),
    required(
        "cases",
        List(&Table(CASE)),
        "The questions and their answers.",
    ).like(r#"[{"account": "marc", "action": "read", "resource": {"type": "conversation", "sub_account": "paris"}, "expect": "allow"}]"#),
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

/// The names of a table's keys, but for those that are refused.
pub fn names(table: &'static [Key]) -> impl Iterator<Item = &'static str> {
    let accepted = table.iter().filter(|key| !matches!(key.shape, Later));
    accepted.map(|key| key.name)
}

/// The keys of a table under which a name is a key, as near as it is one: for what is indented too little.
pub fn above(table: &'static [Key], name: &str) -> Vec<&'static str> {
    let below = |key: &Key| match key.shape {
        Table(table) => table,
        List(Table(table)) | MapOf(Table(table)) => *table,
        _ => &[],
    };
    let is_key = |key: &Key| below(key).iter().any(|key| key.name == name);
    let is_above = |key: &Key| !above(below(key), name).is_empty();
    let keys_where = |holds: &dyn Fn(&Key) -> bool| {
        let keys = table.iter().filter(|key| holds(key));
        keys.map(|key| key.name).collect::<Vec<_>>()
    };
    let nearest = keys_where(&is_key);
    match nearest.is_empty() {
        true => keys_where(&is_above),
        false => nearest,
    }
}

/// Whether a shape is written but not accepted yet.
pub const LATER: &[&str] = &["invariants", "routes"];
