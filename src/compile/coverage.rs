//! What a scope covers, and the Cedar text that says so: the table of LANGUAGE's section "roles and grants", and how the built-in types
//! stand.

use std::sync::OnceLock;

use cedar_policy::Expression;

use crate::document::Scope;
use crate::model::BuiltIn;

/// An expression of the compiler's own that the engine is asked, the same for every policy; parsed once.
#[derive(Debug)]
pub struct Clause {
    text: &'static str,
    parsed: OnceLock<Option<Expression>>,
}

impl Clause {
    const fn new(text: &'static str) -> Self {
        Self {
            text,
            parsed: OnceLock::new(),
        }
    }

    /// Its text.
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// As the engine takes it. Nothing if it does not parse, which is a defect and allows nothing.
    pub fn expression(&self) -> Option<&Expression> {
        self.parsed.get_or_init(|| self.text.parse().ok()).as_ref()
    }
}

impl PartialEq for Clause {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Clause {}

/// When a grant's scope covers a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Whatever the resource.
    Always,
    /// Never: this scope cannot reach actions of this kind.
    Never,
    /// Every sub-account of the resource is within the entry's, and it has one.
    EverySubAccount,
    /// The same of a member, none of whose entries is the tenant's.
    EverySubAccountOfMember,
    /// One of its sub-accounts is within the entry's.
    AnySubAccount,
    /// One of its teams is one of the entry's.
    AnyTeam,
    /// Every team is one of the entry's, and it has one.
    EveryTeam,
    /// The same of its teams and of those that are asked for.
    EveryTeamBeforeAndAfter,
    /// The entry names it, or something that it lies in.
    Assigned,
    /// The member owns it.
    Own,
    /// The member is one of the two that a delegation belongs to.
    OwnDelegation,
    /// As [`Coverage::AnyTeam`], below a parent.
    AnyTeamBelow,
    /// As [`Coverage::Assigned`], below a parent.
    AssignedBelow,
    /// As [`Coverage::Own`], below a parent.
    OwnBelow,
}

impl Coverage {
    /// The expression that must hold; nothing for those that depend on nothing.
    pub fn expression(self) -> Option<&'static str> {
        match self {
            Self::Always | Self::Never => None,
            Self::EverySubAccount => Some(ALL_SUB_ACCOUNTS),
            Self::EverySubAccountOfMember => Some(ALL_SUB_ACCOUNTS_OF_MEMBER),
            Self::AnySubAccount => Some(ANY_SUB_ACCOUNT),
            Self::AnyTeam => Some(ANY_TEAM),
            Self::EveryTeam => Some(EVERY_TEAM),
            Self::EveryTeamBeforeAndAfter => Some(EVERY_TEAM_BEFORE_AND_AFTER),
            Self::Assigned => Some(ASSIGNED),
            Self::Own => Some(OWN),
            Self::OwnDelegation => Some(OWN_DELEGATION),
            Self::AnyTeamBelow => Some(ANY_TEAM_BELOW),
            Self::AssignedBelow => Some(ASSIGNED_BELOW),
            Self::OwnBelow => Some(OWN_BELOW),
        }
    }
}

/// What a member question must pass beside scope and condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    /// Nothing.
    None,
    /// The clause must hold, else `not_assignable`.
    When(&'static Clause),
    /// It never holds: the rule explains a deny, and allows nothing.
    Never,
}

const ALL_SUB_ACCOUNTS: &str = r#"resource["octroi.place"] has sub_accounts && principal["octroi.entry"].sub_accounts.containsAll(resource["octroi.place"].sub_accounts)"#;
const ALL_SUB_ACCOUNTS_OF_MEMBER: &str = r#"!resource["octroi.place"].at_tenant && resource["octroi.place"] has sub_accounts && principal["octroi.entry"].sub_accounts.containsAll(resource["octroi.place"].sub_accounts)"#;
const ANY_SUB_ACCOUNT: &str = r#"resource["octroi.place"] has sub_accounts && principal["octroi.entry"].sub_accounts.containsAny(resource["octroi.place"].sub_accounts)"#;
const ANY_TEAM: &str =
    r#"principal["octroi.entry"].teams.containsAny(resource["octroi.place"].teams)"#;
const EVERY_TEAM: &str = r#"!resource["octroi.place"].teams.isEmpty() && principal["octroi.entry"].teams.containsAll(resource["octroi.place"].teams)"#;
const EVERY_TEAM_BEFORE_AND_AFTER: &str = r#"!resource["octroi.place"].teams.isEmpty() && !resource["octroi.place"].asked_teams.isEmpty() && principal["octroi.entry"].teams.containsAll(resource["octroi.place"].teams) && principal["octroi.entry"].teams.containsAll(resource["octroi.place"].asked_teams)"#;
const ASSIGNED: &str =
    r#"principal["octroi.entry"].assigned.containsAny(resource["octroi.place"].chain)"#;
const OWN: &str =
    r#"resource["octroi.place"] has owner && resource["octroi.place"].owner == principal.id"#;
// A new sub-account, and the list of those below one, stand at the parent; without one only `tenant` scope covers.
const ANY_TEAM_BELOW: &str = r#"resource["octroi.place"] has sub_accounts && principal["octroi.entry"].teams.containsAny(resource["octroi.place"].teams)"#;
const ASSIGNED_BELOW: &str = r#"resource["octroi.place"] has sub_accounts && principal["octroi.entry"].assigned.containsAny(resource["octroi.place"].chain)"#;
const OWN_BELOW: &str = r#"resource["octroi.place"] has sub_accounts && resource["octroi.place"] has owner && resource["octroi.place"].owner == principal.id"#;

const OWN_DELEGATION: &str = r#"resource["octroi.place"].owners.contains(principal.id)"#;
static MAY_DELEGATE: Clause = Clause::new(r#"resource["octroi.place"].legal"#);
static MAY_DELEGATE_ITSELF: Clause = Clause::new(
    r#"resource["octroi.place"].legal && resource["octroi.place"] has owner && resource["octroi.place"].owner == principal.id"#,
);

static MAY_ASSIGN: Clause = Clause::new(
    r#"resource["octroi.place"].legal && principal["octroi.entry"].assigns.containsAll(resource["octroi.place"].roles)"#,
);
static MAY_ASSIGN_OR_KEEPS: Clause = Clause::new(
    r#"!resource["octroi.place"].changes || (resource["octroi.place"].legal && principal["octroi.entry"].assigns.containsAll(resource["octroi.place"].roles))"#,
);
static ASSIGNS_IT: Clause =
    Clause::new(r#"principal["octroi.entry"].assigns.contains(resource.id)"#);

/// When a scope covers an action of a type.
pub fn coverage(kind: Option<BuiltIn>, action: &str, scope: Scope) -> Coverage {
    match (kind, action, scope) {
        (_, _, Scope::Tenant) => Coverage::Always,
        (Some(BuiltIn::Tenant), "enter" | "read", _) => Coverage::Always,
        (Some(BuiltIn::Tenant | BuiltIn::Role), _, _) => Coverage::Never,
        (Some(BuiltIn::Member), "list" | "read", Scope::SubAccount) => Coverage::AnySubAccount,
        (Some(BuiltIn::Member), _, Scope::SubAccount) => Coverage::EverySubAccountOfMember,
        (Some(BuiltIn::Member), "list" | "read", Scope::Team) => Coverage::AnyTeam,
        (Some(BuiltIn::Member), "update", Scope::Team) => Coverage::EveryTeamBeforeAndAfter,
        (Some(BuiltIn::Member), _, Scope::Team) => Coverage::EveryTeam,
        (Some(BuiltIn::SubAccount), "create" | "list", Scope::Team) => Coverage::AnyTeamBelow,
        (Some(BuiltIn::SubAccount), "create" | "list", Scope::Assigned) => Coverage::AssignedBelow,
        (Some(BuiltIn::SubAccount), "create" | "list", Scope::Own) => Coverage::OwnBelow,
        (Some(BuiltIn::Delegation), _, Scope::Own) => Coverage::OwnDelegation,
        (_, _, Scope::SubAccount) => Coverage::EverySubAccount,
        (_, _, Scope::Team) => Coverage::AnyTeam,
        (_, _, Scope::Assigned) => Coverage::Assigned,
        (_, _, Scope::Own) => Coverage::Own,
    }
}

/// When a grant to invite members covers the places that a question about `role` `assign` names.
pub fn invitation_coverage(scope: Scope) -> Coverage {
    match scope {
        Scope::Tenant => Coverage::Always,
        Scope::SubAccount => Coverage::EverySubAccount,
        Scope::Team => Coverage::EveryTeam,
        Scope::Assigned | Scope::Own => Coverage::Never,
    }
}

/// What `assigns` must allow beside the grant.
pub fn assignment(kind: Option<BuiltIn>, action: &str, scope: Scope) -> Assignment {
    match (kind, action) {
        (Some(BuiltIn::Member), "update") if scope == Scope::Own => {
            Assignment::When(&MAY_ASSIGN_OR_KEEPS)
        }
        (Some(BuiltIn::Member), "invite" | "update" | "remove") => Assignment::When(&MAY_ASSIGN),
        (Some(BuiltIn::Role), "assign") => Assignment::Never,
        (Some(BuiltIn::Delegation), "create") if scope == Scope::Tenant => {
            Assignment::When(&MAY_DELEGATE)
        }
        (Some(BuiltIn::Delegation), "create") => Assignment::When(&MAY_DELEGATE_ITSELF),
        _ => Assignment::None,
    }
}

/// What an entry must give, beside a permit of raw Cedar, which never stands in for it: for one of the entries the clause
/// must hold. Nothing where an action of a type asks for nothing.
pub fn beside_raw(kind: Option<BuiltIn>, action: &str) -> Option<&'static Clause> {
    match (kind, action) {
        (Some(BuiltIn::Member), "invite" | "update" | "remove") => Some(&MAY_ASSIGN),
        (Some(BuiltIn::Delegation), "create") => Some(&MAY_DELEGATE_ITSELF),
        (Some(BuiltIn::Role), "assign") => Some(&ASSIGNS_IT),
        _ => None,
    }
}

/// What a grant to invite members needs to allow `role` `assign`.
pub static INVITATION_ASSIGNMENT: Assignment = Assignment::When(&ASSIGNS_IT);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clauses_parse() {
        for clause in [
            &MAY_DELEGATE,
            &MAY_DELEGATE_ITSELF,
            &MAY_ASSIGN,
            &MAY_ASSIGN_OR_KEEPS,
            &ASSIGNS_IT,
        ] {
            assert!(clause.expression().is_some(), "{}", clause.text());
        }
    }
}
