//! Names that nothing has: one message for each kind, with the nearest known name.

use crate::diagnostic::{Code, Diagnostics};
use crate::document::Name;

/// What a name was meant for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Application,
    Tenant,
    Role,
    ResourceType,
    SubAccount,
    Team,
    Member,
}

impl Kind {
    fn code(self) -> Code {
        match self {
            Self::Application => Code::UnknownApplication,
            Self::Tenant => Code::UnknownTenant,
            Self::Role => Code::UnknownRole,
            Self::ResourceType => Code::UnknownType,
            Self::SubAccount => Code::UnknownSubAccount,
            Self::Team => Code::UnknownTeam,
            Self::Member => Code::UnknownAccount,
        }
    }

    fn message(self, name: &str) -> String {
        match self {
            Self::Application => format!("no application is called `{name}`"),
            Self::Tenant => format!("no tenant is called `{name}`"),
            Self::Role => format!("no role is called `{name}`"),
            Self::ResourceType => format!("no resource type is called `{name}`"),
            Self::SubAccount => format!("the tenant has no sub-account `{name}`"),
            Self::Team => format!("the tenant has no team `{name}`"),
            Self::Member => format!("the tenant has no member `{name}`"),
        }
    }
}

/// Reports a name that nothing has.
pub(super) fn report<'a>(
    kind: Kind,
    name: &Name,
    known: impl IntoIterator<Item = &'a crate::model::Id>,
    diagnostics: &mut Diagnostics,
) {
    let known = known.into_iter().map(|id| &**id);
    let finding = diagnostics.report(kind.code(), name.span, kind.message(name));
    match kind {
        Kind::ResourceType => finding.suggest(name, known),
        _ => finding.suggest_id(name, known),
    }
}
