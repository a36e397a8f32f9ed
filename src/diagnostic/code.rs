//! The rules that a finding can name. A code never changes its meaning; JSON readers rely on it.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The policies cannot be published.
    Error,
    /// The policies say something that the author probably did not mean.
    Warning,
}

impl Severity {
    /// The word that people and JSON readers see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident $severity:ident $text:literal),+ $(,)?) => {
        /// A rule of the language that the policies break, or a warning that they call for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant),+ }

        impl Code {
            /// Every code, in the order of the reference.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The code's name in output.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Whether it is an error or a warning.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What the rule says, in a sentence.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+)),+ }
            }
        }
    };
}

codes! {
    /// A file cannot be read: it is not UTF-8 text, or too large.
    Unreadable Error "unreadable",
    /// The file is not YAML.
    YamlSyntax Error "yaml-syntax",
    /// A tag (`!name`) is written; tags are refused.
    YamlTag Error "yaml-tag",
    /// An alias names no anchor, passes the budget, or a merge key does not hold a mapping.
    YamlAlias Error "yaml-alias",
    /// The first key of a document is none that says what the document is.
    UnknownDocument Error "unknown-document",
    /// A key is written that does not exist there.
    UnknownKey Error "unknown-key",
    /// A key is written twice in one mapping.
    DuplicateKey Error "duplicate-key",
    /// A required key is missing.
    MissingKey Error "missing-key",
    /// A value has the wrong shape: text, list, mapping, true or false.
    WrongType Error "wrong-type",
    /// A bare number, boolean or null stands where an id belongs.
    QuoteIt Error "quote-it",
    /// An id uses characters or a length that ids may not have.
    InvalidId Error "invalid-id",
    /// An attribute, context name or parent has a name that it may not have.
    InvalidName Error "invalid-name",
    /// A value is none of the few that are possible there.
    InvalidChoice Error "invalid-choice",
    /// A moment is neither a date nor an RFC 3339 instant with its zone.
    InvalidTime Error "invalid-time",
    /// A list or mapping that is required has nothing in it.
    EmptyList Error "empty-list",
    /// A part of the language that this version does not have yet.
    Unsupported Error "unsupported",
    /// No application has this id.
    UnknownApplication Error "unknown-application",
    /// No tenant has this id.
    UnknownTenant Error "unknown-tenant",
    /// No role has this name.
    UnknownRole Error "unknown-role",
    /// No resource type or group has this name.
    UnknownType Error "unknown-type",
    /// A named type lacks this action.
    UnknownAction Error "unknown-action",
    /// The tenant has no such sub-account.
    UnknownSubAccount Error "unknown-sub-account",
    /// The tenant has no such team.
    UnknownTeam Error "unknown-team",
    /// The tenant has no such member.
    UnknownAccount Error "unknown-account",
    /// A condition, record or test names an attribute that is not declared.
    UnknownAttribute Error "unknown-attribute",
    /// Something is declared twice.
    DuplicateId Error "duplicate-id",
    /// Two member entries are equal.
    DuplicateEntry Error "duplicate-entry",
    /// `inherits` or `parent` goes round in a circle.
    Cycle Error "cycle",
    /// A member entry does not fit its role: sub-accounts, teams or assigned records missing or too many.
    ScopeMismatch Error "scope-mismatch",
    /// The application wants every member declared under `accounts_of`, and this one is not.
    UndeclaredAccount Error "undeclared-account",
    /// An account lacks a field that the application requires.
    MissingField Error "missing-field",
    /// The application allows an account in one tenant only.
    AccountInTwoTenants Error "account-in-two-tenants",
    /// A guest has no entry at home, under this account or another of the same person.
    NoHomeEntry Error "no-home-entry",
    /// A delegation hands on what no entry of `from` grants, or goes to `from` itself.
    NotHeld Error "not-held",
    /// Members, teams or delegations are declared where the request brings the memberships.
    MembershipRequest Error "membership-request",
    /// A file of raw Cedar belongs to no application or tenant, or to several.
    CedarPlace Error "cedar-place",
    /// Raw Cedar does not parse or does not validate.
    RawCedar Error "raw-cedar",
    /// A role may invite or remove members and may give no role.
    AssignsNothing Error "assigns-nothing",
    /// A condition is no Cedar expression.
    ConditionSyntax Error "condition-syntax",
    /// A condition does not type-check.
    ConditionType Error "condition-type",
    /// A value cannot be of its declared type.
    InvalidValue Error "invalid-value",
    /// The folder declares nothing that could be asked about.
    NoPolicies Error "no-policies",
    /// A case of the policies' own `tests` gets another answer than it expects; only `serve --require-tests` says so.
    TestFailed Error "test-failed",
    /// The compiled policies fail their own validation: a fault of octroi, not of the policies.
    Internal Error "internal",
    /// A role may give a role that holds a grant which it does not hold itself.
    Escalation Warning "escalation",
    /// A grant is always overridden by a deny.
    OverriddenGrant Warning "overridden-grant",
    /// A role that nobody holds and nothing inherits.
    UnusedRole Warning "unused-role",
    /// An `expires` lies in the past.
    PastExpires Warning "past-expires",
    /// A guest's home tenant is not among the partners, so the entry counts for nothing.
    GuestWithoutPartner Warning "guest-without-partner",
    /// A tenant names itself as a partner or as the home of a guest.
    OwnTenant Warning "own-tenant",
    /// A test brings memberships, and the application has them in files.
    IgnoredMemberships Warning "ignored-memberships",
    /// No active member of the tenant may update it.
    NoActiveUpdater Warning "no-active-updater",
}
