//! What the documents mean: every name resolved, or it does not exist.
//!
//! [`resolve`] takes [`Documents`](crate::document::Documents) and reports what does not fit together. What it
//! returns holds only what makes sense, so that the compiler has nothing left to ask.

mod accounts;
mod application;
mod builtin;
mod delegations;
mod edit;
mod incremental;
mod members;
mod moment;
mod raw;
mod rules;
mod suites;
mod tenant;
mod unknown;
mod warnings;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::maps::{IndexMap, IndexSet};

pub use builtin::{BuiltIn, PRINCIPAL_ATTRIBUTES};
pub use edit::Edit;
pub use incremental::{Outline, resolve_again};
pub use moment::Moment;
pub use rules::CRUD;
pub use suites::{Case, Suite};
pub use warnings::{Narrowed, warn};

use crate::diagnostic::{Code, Diagnostics};
use crate::document::{
    ApplicationDoc, AttributeType, ConditionText, Documents, Name, Scope, Status,
};
use crate::source::{SourceId, Sources, Span};
use crate::value::Values;

/// An interned id: of an account, a role, a sub-account and so on.
pub type Id = Arc<str>;

/// Attributes by name with their types.
pub type Attributes = IndexMap<Id, AttributeType>;

/// Everything that a policy folder declares.
#[derive(Debug, Default, Clone)]
pub struct Model {
    /// Applications by id.
    pub applications: IndexMap<Id, Arc<Application>>,
    /// Tenants by id.
    pub tenants: IndexMap<Id, Arc<Tenant>>,
    /// Test suites in the order of files.
    pub suites: Arc<[Suite]>,
}

/// An application: the vocabulary and the roles of all its tenants.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its id.
    pub id: Name,
    /// Memberships come from the request, not from files.
    pub membership_request: bool,
    /// Its files of raw Cedar.
    pub cedar: Vec<SourceId>,
    /// Accepted `subject.type`s.
    pub subject_types: Vec<Id>,
    /// Members must be declared as accounts.
    pub declared_required: bool,
    /// An account may be a member of one tenant only.
    pub one_tenant: bool,
    /// Declared attributes of accounts.
    pub account_attributes: Attributes,
    /// Resource types by name, built-in ones first.
    pub types: IndexMap<Id, ResourceType>,
    /// What conditions read as `context.x`.
    pub context: Attributes,
    /// What conditions read as `context.action.x`.
    pub context_action: Attributes,
    /// Its roles.
    pub roles: IndexMap<Id, Role>,
    /// Its deny rules.
    pub denies: Vec<Deny>,
    /// Declared accounts.
    pub accounts: HashMap<Id, Account>,
    /// Groups of types, for tenants' rules.
    groups: IndexMap<Id, Vec<usize>>,
}

/// A resource type.
#[derive(Debug, Clone)]
pub struct ResourceType {
    /// Its name.
    pub name: Id,
    /// Which built-in type it is, if it is one.
    pub built_in: Option<BuiltIn>,
    /// Its entity type in Cedar.
    pub cedar_name: String,
    /// Its actions.
    pub actions: IndexSet<Id>,
    /// Declared attributes.
    pub attributes: Attributes,
    /// Every attribute that a condition may read: `id`, the standard ones, the ancestors' ids, the declared ones.
    pub readable: Attributes,
    /// The types that it lies in, nearest first, as indices into [`Application::types`].
    pub ancestors: Vec<usize>,
    /// Actions could not all be read: unknown ones are not reported again.
    incomplete: bool,
}

/// A declared account.
#[derive(Debug, Default, Clone)]
pub struct Account {
    /// Standard and declared fields that it has.
    pub fields: Values,
    /// The human being behind it.
    pub person: Option<Id>,
}

/// A role.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its name and place.
    pub name: Name,
    /// Itself and every role that it inherits from, itself first.
    pub closure: Vec<Id>,
    /// Its own grants.
    pub grants: Vec<Grant>,
    /// Its own deny rules, for those whose entry names this very role.
    pub denies: Vec<Deny>,
    /// Roles that its holders may give, inherited ones included.
    pub assigns: Assigns,
    /// What its own `assigns` names, as it was written.
    pub assigns_written: Vec<Name>,
    /// Whether a grant, inherited ones included, reaches sub-accounts.
    pub wants_sub_accounts: bool,
    /// Whether a grant, inherited ones included, reaches assigned records.
    pub wants_assigned: bool,
    /// Not all of it, or of what it inherits, could be read.
    pub incomplete: bool,
}

/// The roles that a role may give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assigns {
    /// `*`: every role of the application and of the tenant.
    pub all: bool,
    /// The roles named.
    pub named: BTreeSet<Id>,
}

impl Assigns {
    /// Whether a role that exists may be given.
    pub fn contains(&self, role: &str) -> bool {
        self.all || self.named.contains(role)
    }

    /// Whether no role may be given.
    pub fn is_empty(&self) -> bool {
        !self.all && self.named.is_empty()
    }
}

/// A grant of a role.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Where it was written.
    pub span: Span,
    /// Its place among the role's own grants.
    pub index: usize,
    /// Types and actions that it covers.
    pub targets: Vec<Target>,
    /// How far it reaches.
    pub scope: Scope,
    /// Its condition.
    pub when: Option<ConditionText>,
    /// Whether it names every type: then types that lack what the condition reads are not covered.
    pub every_type: bool,
    /// The types that it names itself, all of which must have what the condition reads.
    pub named_types: Vec<usize>,
}

/// A deny rule.
#[derive(Debug, Clone)]
pub struct Deny {
    /// Where it was written.
    pub span: Span,
    /// Its place among the deny rules beside it.
    pub index: usize,
    /// Types and actions that it covers.
    pub targets: Vec<Target>,
    /// Only holders of these, if said.
    pub roles: Option<Vec<Id>>,
    /// Not holders of these.
    pub except_roles: Vec<Id>,
    /// Its condition.
    pub when: Option<ConditionText>,
    /// Whether it names every type.
    pub every_type: bool,
    /// The types that it names itself.
    pub named_types: Vec<usize>,
    /// Why, in the author's words.
    pub reason: Option<Id>,
}

/// Actions of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Index into [`Application::types`].
    pub kind: usize,
    /// The actions.
    pub actions: Vec<Id>,
}

/// A tenant.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its id.
    pub id: Name,
    /// The application that it is a tenant of.
    pub application: Arc<Application>,
    /// Parents of its sub-accounts.
    pub sub_accounts: IndexMap<Id, Option<Id>>,
    /// Members of its teams.
    pub teams: IndexMap<Id, Vec<Id>>,
    /// Tenants whose members may be guests here.
    pub partners: Vec<Id>,
    /// Its own roles.
    pub roles: IndexMap<Id, Role>,
    /// Its own deny rules.
    pub denies: Vec<Deny>,
    /// Records by type (index into [`Application::types`]) and id.
    pub records: HashMap<usize, IndexMap<Id, Record>>,
    /// Members by account.
    pub members: IndexMap<Id, Vec<Entry>>,
    /// What members hand on to others.
    pub delegations: Vec<Delegation>,
    /// Its files of raw Cedar.
    pub cedar: Vec<SourceId>,
    /// Whether a file names it. One that no file names is known only while it is asked about; each of its
    /// sub-accounts stands alone.
    pub declared: bool,
    /// What warnings ask of every tenant at every reload.
    summary: Summary,
}

/// What there is to look for in a tenant, so that its members need not be gone through again.
#[derive(Debug, Default, Clone)]
struct Summary {
    /// The roles that its entries give.
    held: BTreeSet<Id>,
    /// Whether an entry or delegation expires.
    expires: bool,
    /// Whether an entry is a guest's.
    guests: bool,
}

impl Summary {
    fn of(tenant: &Tenant) -> Self {
        let mut summary = Self::default();
        for entry in tenant.members.values().flatten() {
            if !summary.held.contains(&entry.role) {
                summary.held.insert(entry.role.clone());
            }
            summary.expires |= entry.expires.is_some();
            summary.guests |= entry.guest.is_some();
        }
        let mut delegations = tenant.delegations.iter();
        summary.expires |= delegations.any(|delegation| delegation.expires.is_some());
        summary
    }
}

/// What a member hands on to another.
#[derive(Debug, Clone)]
pub struct Delegation {
    /// Where it was written.
    pub span: Span,
    /// Who hands on what it may do itself.
    pub from: Id,
    /// Who may do it too.
    pub to: Id,
    /// What is handed on; the scopes mean nothing here.
    pub grants: Vec<Grant>,
    /// Milliseconds since 1970 from which it counts for nothing.
    pub expires: Option<i64>,
    /// Where `expires` was written.
    pub expires_span: Option<Span>,
}

/// A declared resource: its attributes, standard and declared.
pub type Record = Values;

impl Tenant {
    /// A tenant that no file names, of an application that takes memberships from the request.
    pub fn undeclared(application: &Arc<Application>) -> Self {
        Self {
            id: Name::new("".into(), application.id.span),
            application: application.clone(),
            sub_accounts: IndexMap::default(),
            teams: IndexMap::default(),
            partners: Vec::new(),
            roles: IndexMap::default(),
            denies: Vec::new(),
            records: HashMap::new(),
            members: IndexMap::default(),
            delegations: Vec::new(),
            cedar: Vec::new(),
            declared: false,
            summary: Summary::default(),
        }
    }

    /// The names of every role that its entries can have.
    pub fn role_names(&self) -> impl Iterator<Item = &Id> + Clone {
        self.application.roles.keys().chain(self.roles.keys())
    }

    /// A role of the application or of the tenant itself.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.application
            .roles
            .get(name)
            .or_else(|| self.roles.get(name))
    }
}

/// One entry of a member. There are as many as a folder has members, so lists have no room to grow, and what few
/// entries have is boxed.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it was written; nowhere, if it came with the request.
    pub span: Option<Span>,
    /// The role that it gives.
    pub role: Id,
    /// Where it reaches; empty for roles that reach no sub-accounts.
    pub sub_accounts: Box<[Id]>,
    /// The teams that it names, if it names any.
    pub teams: Option<Box<[Id]>>,
    /// Records by type that it reaches.
    pub assigned: Box<[(usize, Id)]>,
    /// The home of a guest.
    pub guest: Option<Box<Guest>>,
    /// Whether it grants anything.
    pub status: Status,
    /// Milliseconds since 1970 from which it counts for nothing.
    pub expires: Option<i64>,
    /// Where `expires` was written.
    pub expires_span: Option<Span>,
}

/// Where a guest comes from.
#[derive(Debug, Clone)]
pub struct Guest {
    /// The home tenant.
    pub tenant: Name,
    /// Whether the home tenant is among the partners.
    pub is_partner: bool,
    /// The entries at home, of which one must count: their status and expiry.
    pub homes: Vec<(Status, Option<i64>)>,
}

impl Entry {
    /// Whether the entry counts at an instant: itself, and for a guest its home.
    pub fn counts(&self, now: &Moment) -> bool {
        is_active(self.status, self.expires, now)
            && self
                .guest
                .as_ref()
                .is_none_or(|guest| guest.home_counts(now))
    }
}

impl Guest {
    /// Whether the home tenant is a partner and an entry there counts.
    pub fn home_counts(&self, now: &Moment) -> bool {
        let mut homes = self.homes.iter();
        self.is_partner && homes.any(|(status, expires)| is_active(*status, *expires, now))
    }
}

/// Whether a status and an expiry let an entry count at an instant.
pub fn is_active(status: Status, expires: Option<i64>, now: &Moment) -> bool {
    status == Status::Active && !expires.is_some_and(|end| now.has_reached(end))
}

/// Resolves what the documents say.
pub fn resolve(documents: &Documents, sources: &Sources, diagnostics: &mut Diagnostics) -> Model {
    let mut model = Model::default();
    let raw = raw::owners(documents, sources, diagnostics);
    let accounts = accounts::by_application(documents, diagnostics);
    for document in &documents.applications {
        if let Some(first) = model.applications.get(&document.id.value) {
            let message = format!("the application `{}` is declared twice", *document.id);
            diagnostics
                .report(Code::DuplicateId, document.id.span, message)
                .first(first.id.span);
            continue;
        }
        let empty = Vec::new();
        let declared = accounts.get(&document.id.value).unwrap_or(&empty);
        let mut application = application::resolve(document, declared, diagnostics);
        application.cedar = raw.of_application(&document.id.value);
        model
            .applications
            .insert(document.id.value.clone(), Arc::new(application));
    }
    accounts::unknown_applications(documents, &model, diagnostics);
    model.tenants = tenant::resolve(documents, &model.applications, &raw, diagnostics);
    model.suites = suites::resolve(documents, &model, diagnostics).into();
    let takes_requests = |document: &ApplicationDoc| document.membership_request;
    let is_whole = !diagnostics.has_errors();
    if is_whole
        && documents.tenants.is_empty()
        && !documents.applications.iter().any(takes_requests)
    {
        diagnostics
            .report_folder(
                Code::NoPolicies,
                "the folder declares no tenant, so nobody could be allowed anything",
            )
            .help("add a document that begins with `tenant:`; is this the right folder?");
    }
    model
}
