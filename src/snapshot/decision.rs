//! Decisions and their reasons.

/// Why a decision is what it is; the order is that of LANGUAGE's section "Which tenant, and the order of reasons".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Two places of the question name different tenants.
    TenantConflict,
    /// The question names no tenant, and several are loaded.
    TenantRequired,
    /// No tenant of that id is loaded.
    UnknownTenant,
    /// The application takes no subjects of this type.
    UnknownSubjectType,
    /// The application has no resources of this type.
    UnknownResourceType,
    /// The resource's type has no such action.
    UnknownAction,
    /// A declared or standard property holds a value that cannot be of its type, or the resource's id is none.
    InvalidValue,
    /// The member is suspended.
    MembershipSuspended,
    /// The membership has expired.
    MembershipExpired,
    /// The invitation has not been accepted.
    MembershipInvited,
    /// A guest's home no longer counts, or is no partner any more.
    GuestHomeLost,
    /// The subject has no entry in the tenant.
    NotAMember,
    /// A deny rule applies.
    DeniedByRule,
    /// A condition failed while it was evaluated.
    EvaluationError,
    /// A grant of one of the member's entries covers the question.
    Granted,
    /// A delegation covers the question.
    GrantedByDelegation,
    /// A grant covers the question but for the role that it would give or take, or the state it asks for.
    NotAssignable,
    /// A grant covers type, action and place, and its condition does not hold.
    ConditionNotMet,
    /// A grant covers type and action, and not the place.
    OutOfScope,
    /// No grant covers type and action.
    NoGrant,
    /// An item of a batch is incomplete or malformed.
    InvalidQuestion,
}

impl Reason {
    /// Every reason, in the order in which they are looked for.
    pub const ALL: [Reason; 21] = [
        Self::TenantConflict,
        Self::TenantRequired,
        Self::UnknownTenant,
        Self::UnknownSubjectType,
        Self::UnknownResourceType,
        Self::UnknownAction,
        Self::InvalidValue,
        Self::MembershipSuspended,
        Self::MembershipExpired,
        Self::MembershipInvited,
        Self::GuestHomeLost,
        Self::NotAMember,
        Self::DeniedByRule,
        Self::EvaluationError,
        Self::Granted,
        Self::GrantedByDelegation,
        Self::NotAssignable,
        Self::ConditionNotMet,
        Self::OutOfScope,
        Self::NoGrant,
        Self::InvalidQuestion,
    ];

    /// The reason code in answers, metrics and tests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TenantConflict => "tenant_conflict",
            Self::TenantRequired => "tenant_required",
            Self::UnknownTenant => "unknown_tenant",
            Self::UnknownSubjectType => "unknown_subject_type",
            Self::UnknownResourceType => "unknown_resource_type",
            Self::UnknownAction => "unknown_action",
            Self::InvalidValue => "invalid_value",
            Self::MembershipSuspended => "membership_suspended",
            Self::MembershipExpired => "membership_expired",
            Self::MembershipInvited => "membership_invited",
            Self::GuestHomeLost => "guest_home_lost",
            Self::NotAMember => "not_a_member",
            Self::DeniedByRule => "denied_by_rule",
            Self::EvaluationError => "evaluation_error",
            Self::Granted => "granted",
            Self::GrantedByDelegation => "granted_by_delegation",
            Self::NotAssignable => "not_assignable",
            Self::ConditionNotMet => "condition_not_met",
            Self::OutOfScope => "out_of_scope",
            Self::NoGrant => "no_grant",
            Self::InvalidQuestion => "invalid_question",
        }
    }

    /// Whether the decision is an allow.
    pub fn allows(self) -> bool {
        matches!(self, Self::Granted | Self::GrantedByDelegation)
    }
}
