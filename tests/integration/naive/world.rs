//! What a policy folder says, as plain data.

use serde_json::{Map, Value as Json};

use super::cond::Cond;
use super::raw::RawPolicy;
use super::value::Type;

/// Everything that a policy folder declares.
#[derive(Clone, Debug)]
pub struct World {
    /// The applications.
    pub applications: Vec<Application>,
    /// The tenants of all applications.
    pub tenants: Vec<Tenant>,
    /// Decides how the files are laid out and quoted, and nothing else.
    pub style: u64,
}

/// An application.
#[derive(Clone, Debug, Default)]
pub struct Application {
    /// Its id.
    pub id: String,
    /// `membership: request`.
    pub request: bool,
    /// Accepted subject types; nothing: the default.
    pub subject_types: Option<Vec<String>>,
    /// `accounts.declared: required`.
    pub declared_required: bool,
    /// `accounts.tenants: one`.
    pub one_tenant: bool,
    /// `accounts.required`.
    pub required_fields: Vec<String>,
    /// `accounts.attributes`.
    pub account_attributes: Vec<Attribute>,
    /// The resource types, built-in ones where the application adds to them.
    pub types: Vec<ResourceType>,
    /// The resource groups.
    pub groups: Vec<Group>,
    /// What conditions read of the context.
    pub context: Vec<Attribute>,
    /// What conditions read of the action's properties.
    pub action_context: Vec<Attribute>,
    /// The roles.
    pub roles: Vec<Role>,
    /// The application's denies.
    pub denies: Vec<Deny>,
    /// The accounts declared under `accounts_of`.
    pub accounts: Vec<Account>,
    /// The policies of the `*.cedar` files that belong to the application.
    pub raw: Vec<RawPolicy>,
}

/// A declared attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Type,
}

/// A resource type, as written.
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// Its name.
    pub name: String,
    /// Its actions, `crud` among them.
    pub actions: Vec<String>,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// Its parent type.
    pub parent: Option<String>,
    /// Its name in Cedar, where the application sets it.
    pub cedar_name: Option<String>,
}

/// A resource group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its types.
    pub types: Vec<String>,
}

/// How far a grant reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The whole tenant.
    Tenant,
    /// The entry's sub-accounts and what lies below them.
    SubAccount,
    /// The entry's teams.
    Team,
    /// What the entry is assigned to.
    Assigned,
    /// What the member owns.
    Own,
}

/// A role.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// Its id.
    pub id: String,
    /// The default scope of its own grants.
    pub scope: Option<Scope>,
    /// The roles that it inherits from.
    pub inherits: Vec<String>,
    /// Its grants.
    pub allow: Vec<Grant>,
    /// Its denies.
    pub deny: Vec<Deny>,
    /// The roles that its holders may give.
    pub assigns: Vec<String>,
}

/// A grant.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Types, groups or `*`.
    pub resources: Vec<String>,
    /// Actions, `crud` or `*`.
    pub actions: Vec<String>,
    /// Instead of the role's scope.
    pub scope: Option<Scope>,
    /// Its condition.
    pub when: Option<Cond>,
}

/// A deny.
#[derive(Clone, Debug)]
pub struct Deny {
    /// Types, groups or `*`.
    pub resources: Vec<String>,
    /// Actions, `crud` or `*`.
    pub actions: Vec<String>,
    /// Only for holders of these; empty: for everyone.
    pub roles: Vec<String>,
    /// Not for holders of these.
    pub except_roles: Vec<String>,
    /// Its condition.
    pub when: Option<Cond>,
}

/// A tenant.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// Its application.
    pub application: String,
    /// Its sub-accounts.
    pub sub_accounts: Vec<SubAccount>,
    /// Its teams.
    pub teams: Vec<Team>,
    /// The tenants whose members may be guests here.
    pub partners: Vec<String>,
    /// Its own roles.
    pub roles: Vec<Role>,
    /// Its own denies.
    pub denies: Vec<Deny>,
    /// Its records.
    pub records: Vec<Record>,
    /// The entries of its members.
    pub members: Vec<Entry>,
    /// Its delegations.
    pub delegations: Vec<Delegation>,
    /// The policies of the `*.cedar` files that belong to the tenant.
    pub raw: Vec<RawPolicy>,
    /// No file names it; a question does.
    pub undeclared: bool,
}

/// What a member lets another do.
#[derive(Clone, Debug, Default)]
pub struct Delegation {
    /// The account that delegates.
    pub from: String,
    /// The account that may do it too.
    pub to: String,
    /// What is delegated; without scopes.
    pub allow: Vec<Grant>,
    /// The date or instant at which it ends.
    pub expires: Option<String>,
}

/// A sub-account.
#[derive(Clone, Debug)]
pub struct SubAccount {
    /// Its id.
    pub id: String,
    /// The sub-account that it lies below.
    pub parent: Option<String>,
}

/// A team.
#[derive(Clone, Debug)]
pub struct Team {
    /// Its id.
    pub id: String,
    /// The accounts that it lists.
    pub accounts: Vec<String>,
}

/// A declared resource.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its type.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its attributes, standard and declared.
    pub attributes: Map<String, Json>,
}

/// The status of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// In force.
    Active,
    /// Not accepted yet.
    Invited,
    /// Suspended.
    Suspended,
}

/// One entry of a member.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The account.
    pub account: String,
    /// The role.
    pub role: String,
    /// Its sub-accounts.
    pub sub_accounts: Vec<String>,
    /// Its teams.
    pub teams: Vec<String>,
    /// The records that it is assigned to, by type.
    pub assigned: Vec<(String, Vec<String>)>,
    /// The guest's home tenant.
    pub guest_of: Option<String>,
    /// Its status; nothing: active.
    pub status: Option<Status>,
    /// The date or instant at which it ends.
    pub expires: Option<String>,
}

/// A declared account.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its e-mail address.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The human being whose account it is.
    pub person: Option<String>,
    /// The declared attributes.
    pub attributes: Map<String, Json>,
}

/// The built-in types and their actions.
///
/// "`tenant` (enter, read, update, delete), `sub_account`, `team` (create, list, read, update,
/// delete), `role` (these and assign), `member` (invite, list, read, update, remove), `delegation`
/// (create, list, read, revoke)."
pub const BUILT_IN: [(&str, &[&str]); 6] = [
    ("tenant", &["enter", "read", "update", "delete"]),
    (
        "sub_account",
        &["create", "list", "read", "update", "delete"],
    ),
    ("team", &["create", "list", "read", "update", "delete"]),
    (
        "role",
        &["create", "list", "read", "update", "delete", "assign"],
    ),
    ("member", &["invite", "list", "read", "update", "remove"]),
    ("delegation", &["create", "list", "read", "revoke"]),
];

/// What `crud` stands for.
pub const CRUD: [&str; 4] = ["create", "read", "update", "delete"];

impl Status {
    /// The status's name in a policy.
    pub fn name(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Invited => "invited",
            Status::Suspended => "suspended",
        }
    }
}

impl Scope {
    /// All scopes.
    pub const ALL: [Scope; 5] = [
        Scope::Tenant,
        Scope::SubAccount,
        Scope::Team,
        Scope::Assigned,
        Scope::Own,
    ];

    /// The scope's name in a policy.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Tenant => "tenant",
            Scope::SubAccount => "sub_account",
            Scope::Team => "team",
            Scope::Assigned => "assigned",
            Scope::Own => "own",
        }
    }
}

impl World {
    /// The application of that id.
    pub fn application(&self, id: &str) -> Option<&Application> {
        self.applications
            .iter()
            .find(|application| application.id == id)
    }

    /// The tenant of that id.
    pub fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.id == id)
    }
}

impl Application {
    /// "accepted `subject.type`s; default `[user]`"
    pub fn accepts_subject_type(&self, kind: &str) -> bool {
        match &self.subject_types {
            Some(types) => types.iter().any(|accepted| accepted == kind),
            None => kind == "user",
        }
    }

    /// What the application says of the type, if it says anything.
    pub fn declared_type(&self, name: &str) -> Option<&ResourceType> {
        self.types.iter().find(|kind| kind.name == name)
    }

    /// The names of all types, built-in ones too.
    pub fn type_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        for kind in &self.types {
            if !names.contains(&kind.name.as_str()) {
                names.push(&kind.name);
            }
        }
        names
    }

    /// The actions of the type, `crud` spelt out.
    ///
    /// "Naming one [a built-in type] under `resources` adds actions and attributes to it."
    pub fn actions(&self, name: &str) -> Vec<&str> {
        let mut actions: Vec<&str> = Vec::new();
        for (built_in, own) in BUILT_IN {
            if built_in == name {
                actions.extend(own);
            }
        }
        for action in self
            .declared_type(name)
            .iter()
            .flat_map(|kind| &kind.actions)
        {
            match action.as_str() {
                "crud" => actions.extend(CRUD),
                other => actions.push(other),
            }
        }
        actions
    }

    /// The declared attributes of the type.
    pub fn attributes(&self, name: &str) -> &[Attribute] {
        self.declared_type(name)
            .map_or(&[], |kind| &kind.attributes)
    }

    /// The type's ancestors, the parent first.
    pub fn ancestors(&self, name: &str) -> Vec<&str> {
        let parent = self
            .declared_type(name)
            .and_then(|kind| kind.parent.as_deref());
        match parent {
            Some(parent) => {
                let mut all = vec![parent];
                all.extend(self.ancestors(parent));
                all
            }
            None => Vec::new(),
        }
    }

    /// The declared account of that id.
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }
}

impl Tenant {
    /// The record of that type and id.
    pub fn record(&self, kind: &str, id: &str) -> Option<&Record> {
        self.records
            .iter()
            .find(|record| record.kind == kind && record.id == id)
    }

    /// The sub-account of that id.
    pub fn sub_account(&self, id: &str) -> Option<&SubAccount> {
        self.sub_accounts
            .iter()
            .find(|sub_account| sub_account.id == id)
    }

    /// True where there is such a sub-account.
    ///
    /// In a tenant "that no file names [...] each sub-account stands alone": there is any.
    pub fn has_sub_account(&self, id: &str) -> bool {
        self.undeclared || self.sub_account(id).is_some()
    }

    /// All entries of the account in the files, whatever their status.
    pub fn entries(&self, account: &str) -> Vec<&Entry> {
        self.members
            .iter()
            .filter(|entry| entry.account == account)
            .collect()
    }
}
