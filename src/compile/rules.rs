//! Grants and deny rules become policies: one for each type and way of standing.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

use cedar_policy::Expression;

use super::condition::{self, Condition, Root};
use super::coverage::{
    Assignment, Coverage, INVITATION_ASSIGNMENT, assignment, coverage, invitation_coverage,
};
use super::emit::Draft;
use super::needs::Needs;
use super::policy::set;
use super::{Origin, RuleBook};
use crate::diagnostic::{Code, Diagnostics};
use crate::engine::{Fact, Formula};
use crate::model::{Application, BuiltIn, Delegation, Deny, Grant, Id, ResourceType, Role, Target};
use crate::source::{SourceId, Sources, Span};

/// Whether a rule allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A grant.
    Permit,
    /// A deny rule.
    Forbid,
}

/// Which part of a rule a policy decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Scope and condition, of a rule that can allow nothing: it decides by failing.
    Conditioned,
    /// The whole rule.
    Whole,
}

/// A grant or deny rule for some actions of one type.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id, which its deciding policy bears too.
    pub id: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Allow or deny.
    pub effect: Effect,
    /// Index of the type.
    pub kind: usize,
    /// The actions.
    pub actions: Vec<Id>,
    /// The delegation that it belongs to, as an index into the tenant's.
    pub delegation: Option<usize>,
    /// Its policy if it is raw Cedar, which looks at no entry, as an index into [`RuleBook::policies`].
    pub raw: Option<usize>,
    /// Whom it concerns.
    pub holders: Holders,
    /// What its scope covers.
    pub coverage: Coverage,
    /// The condition reads what this type does not have, so that it never holds: the rule explains a deny only.
    pub never_met: bool,
    /// What must hold beside scope and condition.
    pub assignment: Assignment,
    /// What is asked of its condition; nothing where no question can come so far, and for raw Cedar.
    pub remainder: Option<Remainder>,
    /// What is read of entities where the engine is asked about them.
    pub needs: Needs,
    /// Its condition.
    pub condition: Option<Arc<Condition>>,
}

/// What is left to ask of a rule's condition once type, actions, holders, tenant and scope have been looked up.
#[derive(Debug, Clone)]
pub enum Remainder {
    /// Nothing: there is none.
    Nothing,
    /// The author's condition, over what it reads.
    Condition {
        /// The condition.
        formula: Arc<Formula>,
        /// What must be there before it is evaluated: a grant does not hold without, a deny rule does.
        guards: Vec<Fact>,
    },
    /// All of it, over entities, with what guards it.
    Whole(Expression),
}

/// Whom a rule concerns.
#[derive(Debug, Clone, Default)]
pub struct Holders {
    /// Entries that hold this role, by inheriting too: a grant's.
    pub role: Option<Id>,
    /// Members with an entry that names this very role: a role's own deny rule.
    pub named: Option<Id>,
    /// Members that hold one of these, if there are any.
    pub any_of: Vec<Id>,
    /// Members that hold none of these.
    pub none_of: Vec<Id>,
    /// This account.
    pub account: Option<Id>,
}

impl Effect {
    /// How Cedar says it.
    pub fn as_cedar(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Forbid => "forbid",
        }
    }
}

impl Rule {
    /// Whether it can make a decision: some grants only say why others are not enough.
    pub fn decides(&self) -> bool {
        self.raw.is_some() || (self.remainder.is_some() && self.assignment != Assignment::Never)
    }
}

impl Holders {
    /// The expressions that say so.
    pub fn clauses(&self) -> impl Iterator<Item = String> {
        let role = self
            .role
            .iter()
            .map(|role| format!("principal[\"octroi.entry\"].roles.contains({:?})", &**role));
        let named = self.named.iter().map(|role| {
            format!(
                "principal[\"octroi.entry\"].named_roles.contains({:?})",
                &**role
            )
        });
        let holds = |roles: &[Id]| {
            format!(
                "principal[\"octroi.entry\"].held_roles.containsAny({})",
                set(roles.iter().map(|id| &**id))
            )
        };
        let any_of = (!self.any_of.is_empty()).then(|| holds(&self.any_of));
        let none_of = (!self.none_of.is_empty()).then(|| format!("!{}", holds(&self.none_of)));
        let account = self.account.iter();
        let account = account.map(|account| format!("principal.id == {:?}", &**account));
        role.chain(named)
            .chain(any_of)
            .chain(none_of)
            .chain(account)
    }
}

/// What validation needs to know about each policy, beside the book.
#[derive(Default)]
pub(super) struct Sourcing {
    /// Where each policy's text comes from.
    pub(super) placed: Vec<Placed>,
    /// The authors' conditions as policies of their own, each with the index of its type.
    pub(super) authored: BTreeSet<(usize, String)>,
}

/// Where a policy's text comes from.
pub(super) enum Placed {
    /// All of it is the compiler's own.
    Compiled,
    /// The author's condition lies in a range of it.
    Condition(Box<Condition>, Range<usize>),
    /// All of it is the author's, and stands here.
    Raw(Span),
}

pub(super) struct Compiler<'a> {
    pub(super) application: &'a Application,
    pub(super) tenant: Option<&'a Id>,
    pub(super) sources: &'a Sources,
    pub(super) diagnostics: &'a mut Diagnostics,
    pub(super) book: RuleBook,
    pub(super) sourcing: Sourcing,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(
        application: &'a Application,
        tenant: Option<&'a Id>,
        sources: &'a Sources,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Self {
            application,
            tenant,
            sources,
            diagnostics,
            book: RuleBook::default(),
            sourcing: Sourcing::default(),
        }
    }

    pub(super) fn finish(self) -> (RuleBook, Sourcing) {
        (self.book, self.sourcing)
    }

    /// Compiles the rules of an application, or those that a tenant adds.
    pub(super) fn rules<'r>(
        &mut self,
        roles: impl Iterator<Item = &'r Role>,
        denies: &[Deny],
        delegations: &[Delegation],
        cedar: &[SourceId],
    ) {
        for role in roles {
            self.role(role);
        }
        for deny in denies {
            self.deny(deny, None);
        }
        for (index, delegation) in delegations.iter().enumerate() {
            self.delegation(index, delegation);
        }
        for file in cedar {
            self.cedar(*file);
        }
    }

    /// Compiles the rules that were written at some places, and no others.
    pub(super) fn rules_at<'r>(
        &mut self,
        spans: &HashSet<Span>,
        roles: impl Iterator<Item = &'r Role>,
        denies: &[Deny],
        delegations: &[Delegation],
    ) {
        let is_one = |deny: &&Deny| spans.contains(&deny.span);
        for role in roles {
            let grants = role.grants.iter();
            for grant in grants.filter(|grant| spans.contains(&grant.span)) {
                let covered = self.grant(grant, role);
                self.note_narrowed(grant, covered);
            }
            for deny in role.denies.iter().filter(is_one) {
                self.deny(deny, Some(role));
            }
        }
        for deny in denies.iter().filter(is_one) {
            self.deny(deny, None);
        }
        for (index, delegation) in delegations.iter().enumerate() {
            let grants = delegation.grants.iter();
            for grant in grants.filter(|grant| spans.contains(&grant.span)) {
                self.handed_on(index, delegation, grant);
            }
        }
    }

    /// Notes what a grant under `*` with a condition covers.
    fn note_narrowed(&mut self, grant: &Grant, covered: Vec<Target>) {
        if grant.every_type && grant.when.is_some() {
            self.book.narrowed.insert(grant.span, covered);
        }
    }

    fn role(&mut self, role: &Role) {
        let mut reported =
            !role.assigns.is_empty() || !role.assigns_written.is_empty() || role.incomplete;
        for grant in &role.grants {
            let covered = self.grant(grant, role);
            if !reported && self.names_of_member(&covered, &["invite", "remove"]) {
                reported = true;
                self.assigns_nothing(grant, role);
            }
            self.note_narrowed(grant, covered);
        }
        for deny in &role.denies {
            self.deny(deny, Some(role));
        }
    }

    /// How the ids of the book's policies begin; a colon is in no id, so that no tenant's can meet an application's.
    pub(super) fn prefix(&self) -> String {
        let application = &self.application.id.value;
        match self.tenant {
            Some(tenant) => format!("{application}:{tenant}"),
            None => application.to_string(),
        }
    }

    /// Whether targets name one of some actions of members.
    fn names_of_member(&self, targets: &[Target], wanted: &[&str]) -> bool {
        targets.iter().any(|target| {
            let built_in = self.kind(target.kind).and_then(|kind| kind.built_in);
            let mut actions = target.actions.iter();
            built_in == Some(BuiltIn::Member) && actions.any(|action| wanted.contains(&&**action))
        })
    }

    /// A role that may invite or remove members and may give no role could do neither.
    fn assigns_nothing(&mut self, grant: &Grant, role: &Role) {
        let message = format!(
            "the role `{}` may invite or remove members, but no role is named that it may give",
            *role.name
        );
        self.diagnostics
            .report(Code::AssignsNothing, grant.span, message)
            .help("add `assigns: [...]` with the roles that its holders may give and take");
    }

    /// Compiles a grant; what it covers is returned.
    fn grant(&mut self, grant: &Grant, role: &Role) -> Vec<Target> {
        let Some(condition) = self.condition(grant.when.as_ref()) else {
            return Vec::new();
        };
        let id = format!("{}/{}/allow.{}", self.prefix(), *role.name, grant.index + 1);
        let origin = Origin {
            span: grant.span,
            place: self.sources.place(grant.span),
            role: Some(role.name.value.clone()),
            scope: Some(grant.scope),
            reason: None,
        };
        let holders = Holders {
            role: Some(role.name.value.clone()),
            ..Holders::default()
        };
        let targets = self.readable_targets(&grant.targets, condition.as_ref(), &grant.named_types);
        for target in &targets {
            for (shape, actions) in self.shapes(target, grant) {
                self.emit(Draft {
                    id: id.clone(),
                    effect: Effect::Permit,
                    holders: holders.clone(),
                    origin: origin.clone(),
                    kind: target.kind,
                    actions,
                    coverage: shape.0,
                    assignment: shape.1,
                    condition: condition.as_ref(),
                    never_met: false,
                    delegation: None,
                });
            }
        }
        self.invitation(grant, &targets, &id, &origin, &holders, condition.as_ref());
        targets
    }

    /// The actions of a target by the way in which the scope covers them.
    fn shapes<'t>(
        &self,
        target: &'t Target,
        grant: &Grant,
    ) -> Vec<((Coverage, Assignment), Vec<&'t Id>)> {
        let built_in = self.kind(target.kind).and_then(|kind| kind.built_in);
        let mut shapes: Vec<((Coverage, Assignment), Vec<&Id>)> = Vec::new();
        for action in &target.actions {
            let shape = (
                coverage(built_in, action, grant.scope),
                assignment(built_in, action, grant.scope),
            );
            match shapes.iter_mut().find(|(known, _)| *known == shape) {
                Some((_, actions)) => actions.push(action),
                None => shapes.push((shape, vec![action])),
            }
        }
        shapes
    }

    /// Who may invite members may give the roles that its entry assigns: a grant to invite also answers `role`
    /// `assign`.
    fn invitation(
        &mut self,
        grant: &Grant,
        targets: &[Target],
        id: &str,
        origin: &Origin,
        holders: &Holders,
        condition: Option<&Condition>,
    ) {
        let types = &self.application.types;
        let (Some(kind), Some(role)) = (types.get_index_of("role"), types.get("role")) else {
            return;
        };
        if !self.names_of_member(targets, &["invite"]) {
            return;
        }
        let readable = condition.is_none_or(|condition| Self::lacks(role, condition).is_empty());
        let action = Id::from("assign");
        self.emit(Draft {
            id: id.to_owned(),
            effect: Effect::Permit,
            holders: holders.clone(),
            origin: origin.clone(),
            kind,
            actions: vec![&action],
            coverage: invitation_coverage(grant.scope),
            assignment: INVITATION_ASSIGNMENT,
            condition: condition.filter(|_| readable),
            never_met: !readable,
            delegation: None,
        });
    }

    /// Compiles a deny rule; `role` is the role whose own it is.
    fn deny(&mut self, deny: &Deny, role: Option<&Role>) {
        let Some(condition) = self.condition(deny.when.as_ref()) else {
            return;
        };
        let owner = role.map_or(String::new(), |role| format!("{}/", *role.name));
        let id = format!("{}/{owner}deny.{}", self.prefix(), deny.index + 1);
        let origin = Origin {
            span: deny.span,
            place: self.sources.place(deny.span),
            role: role.map(|role| role.name.value.clone()),
            scope: None,
            reason: deny.reason.clone(),
        };
        let holders = Holders {
            named: role.map(|role| role.name.value.clone()),
            any_of: deny.roles.clone().unwrap_or_default(),
            none_of: deny.except_roles.clone(),
            ..Holders::default()
        };
        let targets = self.readable_targets(&deny.targets, condition.as_ref(), &deny.named_types);
        for target in &targets {
            self.emit(Draft {
                id: id.clone(),
                effect: Effect::Forbid,
                holders: holders.clone(),
                origin: origin.clone(),
                kind: target.kind,
                actions: target.actions.iter().collect(),
                coverage: Coverage::Always,
                assignment: Assignment::None,
                condition: condition.as_ref(),
                never_met: false,
                delegation: None,
            });
        }
    }

    /// Compiles what a delegation hands on: types, actions and condition. What `from` may do is asked of its own
    /// entries.
    fn delegation(&mut self, index: usize, delegation: &Delegation) {
        for grant in &delegation.grants {
            self.handed_on(index, delegation, grant);
        }
    }

    fn handed_on(&mut self, index: usize, delegation: &Delegation, grant: &Grant) {
        let Some(condition) = self.condition(grant.when.as_ref()) else {
            return;
        };
        let id = format!(
            "{}/delegation.{}/allow.{}",
            self.prefix(),
            index + 1,
            grant.index + 1
        );
        let origin = Origin {
            span: grant.span,
            place: self.sources.place(grant.span),
            role: None,
            scope: None,
            reason: None,
        };
        let targets = self.readable_targets(&grant.targets, condition.as_ref(), &grant.named_types);
        for target in &targets {
            self.emit(Draft {
                id: id.clone(),
                effect: Effect::Permit,
                holders: Holders {
                    account: Some(delegation.to.clone()),
                    ..Holders::default()
                },
                origin: origin.clone(),
                kind: target.kind,
                actions: target.actions.iter().collect(),
                coverage: Coverage::Always,
                assignment: Assignment::None,
                condition: condition.as_ref(),
                never_met: false,
                delegation: Some(index),
            });
        }
    }

    /// The parsed condition, `Some(None)` where there is none, nothing where it fails.
    fn condition(
        &mut self,
        written: Option<&crate::document::ConditionText>,
    ) -> Option<Option<Condition>> {
        let Some(written) = written else {
            return Some(None);
        };
        let application = self.application;
        let paths = |name: &str| paths(application, name);
        let condition = condition::parse(written, &paths, self.sources, self.diagnostics)?;
        self.known_outside_resource(&condition)
            .then_some(Some(condition))
    }

    pub(super) fn kind(&self, index: usize) -> Option<&'a ResourceType> {
        self.application
            .types
            .get_index(index)
            .map(|(_, kind)| kind)
    }

    /// Checks what a condition reads of principal and context, which do not depend on the type.
    fn known_outside_resource(&mut self, condition: &Condition) -> bool {
        let mut all_known = true;
        for read in &condition.reads {
            let application = self.application;
            let (mut names, whose): (Vec<&str>, &str) = match read.root {
                Root::Resource => continue,
                Root::Principal => (
                    crate::model::PRINCIPAL_ATTRIBUTES.to_vec(),
                    "the application declares no account attribute",
                ),
                Root::Context => (vec!["now"], "the application declares no context"),
                Root::Action => (Vec::new(), "the application declares no action property"),
            };
            let declared = match read.root {
                Root::Principal => &application.account_attributes,
                Root::Action => &application.context_action,
                _ => &application.context,
            };
            names.extend(declared.keys().map(|name| &**name));
            if read.root == Root::Context && !application.context_action.is_empty() {
                names.push("action");
            }
            if !names.contains(&read.name.as_str()) {
                all_known = false;
                self.diagnostics
                    .report(
                        Code::UnknownAttribute,
                        condition.place_of(read, self.sources),
                        format!("{whose} `{}`", read.name),
                    )
                    .suggest(&read.name, names);
            }
        }
        all_known
    }

    /// What a condition reads of a resource and the type does not have.
    fn lacks<'c>(kind: &ResourceType, condition: &'c Condition) -> Vec<&'c condition::Read> {
        let unread = |read: &&condition::Read| {
            read.root == Root::Resource && !kind.readable.contains_key(read.name.as_str())
        };
        condition.reads.iter().filter(unread).collect()
    }

    /// The targets whose types have what the condition reads. Named types must have it; under `*` the others are left
    /// out.
    fn readable_targets(
        &mut self,
        targets: &[Target],
        condition: Option<&Condition>,
        named_types: &[usize],
    ) -> Vec<Target> {
        let Some(condition) = condition else {
            return targets.to_vec();
        };
        let mut kept = Vec::new();
        let mut missing: Vec<(&condition::Read, &ResourceType, bool)> = Vec::new();
        for target in targets {
            let Some(kind) = self.kind(target.kind) else {
                continue;
            };
            let lacking = Self::lacks(kind, condition);
            if lacking.is_empty() {
                kept.push(target.clone());
            }
            for read in lacking {
                let is_named = named_types.contains(&target.kind);
                if !missing
                    .iter()
                    .any(|(known, _, named)| *known == read && *named == is_named)
                {
                    missing.push((read, kind, is_named));
                }
            }
        }
        let types = &self.application.types;
        let exists_somewhere = |read: &condition::Read| {
            let mut kinds = types.values();
            kinds.any(|kind| kind.readable.contains_key(read.name.as_str()))
        };
        for (read, kind, is_named) in missing {
            if !is_named && exists_somewhere(read) {
                continue;
            }
            let message = match is_named {
                true => format!("`{}` declares no attribute `{}`", kind.name, read.name),
                false => format!("no resource type declares an attribute `{}`", read.name),
            };
            self.diagnostics
                .report(
                    Code::UnknownAttribute,
                    condition.place_of(read, self.sources),
                    message,
                )
                .suggest(&read.name, kind.readable.keys().map(|name| &**name));
        }
        kept
    }
}

/// Where a condition can read an attribute of a name.
fn paths(application: &Application, name: &str) -> Vec<String> {
    let mut types = application.types.values();
    let roots = [
        (
            "resource",
            types.any(|kind| kind.readable.contains_key(name)),
        ),
        (
            "context",
            name == "now" || application.context.contains_key(name),
        ),
        (
            "context.action",
            application.context_action.contains_key(name),
        ),
        (
            "principal",
            crate::model::PRINCIPAL_ATTRIBUTES.contains(&name)
                || application.account_attributes.contains_key(name),
        ),
    ];
    let roots = roots.into_iter().filter(|(_, has)| *has);
    roots.map(|(root, _)| format!("{root}.{name}")).collect()
}
