//! One decision: which tenant, is the question in order, is the subject a member, and what do the policies say.

use cedar_policy::{Authorizer, PolicySet};

use super::attributes::{IllTyped, Typing, typing};
use super::decision::Reason;
use super::entities::{Asked, HeldRoles, Refused};
use super::place::{Place, place};
use super::question::Question;
use super::tenant::{CompiledTenant, counting};
use super::{Snapshot, slices};
use crate::compile::{Effect, Rule, Stage};
use crate::document::is_account_or_record_id;
use crate::model::{BuiltIn, Entry, Id, ResourceType};
use crate::value::{Json, member};

/// A decision with everything that an explanation needs.
#[derive(Debug)]
pub(crate) struct Evaluation<'s> {
    /// Why.
    pub(crate) reason: Reason,
    /// The tenant that was asked about, if there is one.
    pub(crate) tenant: Option<&'s CompiledTenant>,
    /// The entries of the member that count.
    pub(crate) entries: Vec<&'s Entry>,
    /// The rules that decided: grants that allow, rules that deny, conditions that failed, or for other denies the
    /// grants that came nearest.
    pub(crate) rules: Vec<&'s Rule>,
    /// Where the resource stands, for denies that say what was out of reach.
    pub(crate) stands_at: Standing,
    /// More about it: the property that is ill-typed, the error of a condition.
    pub(crate) detail: Option<String>,
}

/// Where a resource stands, in words of the question and its records.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Its sub-accounts.
    pub(crate) sub_accounts: Vec<String>,
    /// Its teams and those of its owner.
    pub(crate) teams: Vec<String>,
    /// Its owner.
    pub(crate) owner: Option<String>,
}

/// A rule and the stage of the policy that answered for it.
type Answered<'s> = (&'s Rule, Stage);

/// Which policies the engine is handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slicing {
    /// Those of the entry's role, type and action.
    Slice,
    /// All of the application and the tenant: slower, and the same answer.
    Whole,
}

impl<'s> Evaluation<'s> {
    fn of(reason: Reason, tenant: Option<&'s CompiledTenant>) -> Self {
        Self {
            reason,
            tenant,
            entries: Vec::new(),
            rules: Vec::new(),
            stands_at: Standing::default(),
            detail: None,
        }
    }
}

/// Decides a question about an instant.
pub(crate) fn evaluate<'s>(
    snapshot: &'s Snapshot,
    question: &Question<'_>,
    now: i64,
    slicing: Slicing,
) -> Evaluation<'s> {
    let tenant = match which_tenant(snapshot, question) {
        Ok(tenant) => tenant,
        Err(reason) => return Evaluation::of(reason, None),
    };
    match in_tenant(tenant, question, now, slicing) {
        Ok(evaluation) => evaluation,
        Err(evaluation) => *evaluation,
    }
}

/// The tenant that a question names, in up to three places that must agree.
fn which_tenant<'s>(
    snapshot: &'s Snapshot,
    question: &Question<'_>,
) -> Result<&'s CompiledTenant, Reason> {
    let itself = (question.resource.kind == BuiltIn::Tenant.as_str())
        .then(|| Json::borrowed(&question.resource.id));
    let named = [
        question.property("tenant"),
        member(&question.context, "tenant"),
        itself.as_ref(),
    ];
    let mut named = named.into_iter().flatten();
    let tenant = match named.next() {
        Some(first) => {
            if named.any(|other| other != first) {
                return Err(Reason::TenantConflict);
            }
            let id = first.as_text().ok_or(Reason::UnknownTenant)?;
            snapshot.tenant(id).ok_or(Reason::UnknownTenant)?
        }
        None => snapshot.only_tenant().ok_or(Reason::TenantRequired)?,
    };
    let application = Json::borrowed(&tenant.model.application.id);
    match member(&question.context, "application") {
        Some(other) if *other != application => Err(Reason::TenantConflict),
        _ => Ok(tenant),
    }
}

/// Early returns are denies before any policy is asked.
type Early<'s, T> = Result<T, Box<Evaluation<'s>>>;

fn in_tenant<'s>(
    tenant: &'s CompiledTenant,
    question: &Question<'_>,
    now: i64,
    slicing: Slicing,
) -> Early<'s, Evaluation<'s>> {
    let deny = |reason| Box::new(Evaluation::of(reason, Some(tenant)));
    let application = &tenant.model.application;
    let subject_type = &question.subject.kind;
    if !application
        .subject_types
        .iter()
        .any(|known| **known == **subject_type)
    {
        return Err(deny(Reason::UnknownSubjectType));
    }
    let (kind_index, _, kind) = application
        .types
        .get_full(&*question.resource.kind)
        .ok_or_else(|| deny(Reason::UnknownResourceType))?;
    if !kind.actions.contains(&*question.action.name) {
        return Err(deny(Reason::UnknownAction));
    }
    let typing = in_order(question, tenant, kind_index, kind).map_err(|detail| {
        let mut evaluation = deny(Reason::InvalidValue);
        evaluation.detail = Some(detail);
        evaluation
    })?;
    let entries = counting(tenant, &question.subject.id, now).map_err(deny)?;
    let place = place(question, &typing, tenant, kind);
    let asked = Asked {
        question,
        typing: &typing,
        place: &place,
        tenant,
        kind,
        held: HeldRoles::of(&entries, tenant),
        now,
    };
    let mut decision = Decider::new(tenant, kind_index, &question.action.name, slicing);
    if let Err(error) = decision.run(&asked, &entries) {
        let mut evaluation = deny(Reason::EvaluationError);
        evaluation.detail = Some(error.to_string());
        return Err(evaluation);
    }
    decision.stands_at = standing(&place);
    Ok(decision.finish(entries))
}

fn standing(place: &Place<'_>) -> Standing {
    let texts =
        |items: &[std::borrow::Cow<'_, str>]| items.iter().map(|item| item.to_string()).collect();
    Standing {
        sub_accounts: texts(place.sub_accounts.as_deref().unwrap_or_default()),
        teams: texts(&place.teams),
        owner: place.owner.as_ref().map(|owner| owner.to_string()),
    }
}

/// Types the question; what is wrong with its values is said in words.
fn in_order(
    question: &Question<'_>,
    tenant: &CompiledTenant,
    kind_index: usize,
    kind: &ResourceType,
) -> Result<Typing, String> {
    if !is_account_or_record_id(&question.resource.id) {
        return Err("`resource.id` must have 1 to 256 characters and no control characters".into());
    }
    let typing = typing(question, &tenant.model, kind_index, kind).map_err(in_words)?;
    let text = |name| question.property(name).and_then(Json::as_text);
    let differ = matches!((text("role"), text("new_role")), (Some(a), Some(b)) if a != b);
    let updates_member = kind.built_in == Some(BuiltIn::Member) && question.action.name == "update";
    if differ && updates_member && tenant.model.members.contains_key(&*question.resource.id) {
        return Err("`role` and `new_role` differ, and both ask for the role to come".into());
    }
    Ok(typing)
}

fn in_words(error: IllTyped) -> String {
    format!(
        "`{}` must be of the type {}",
        error.place,
        error.wanted.as_str()
    )
}

/// Gathers what the engine says over the entries.
struct Decider<'s, 'q> {
    tenant: &'s CompiledTenant,
    kind: usize,
    action: &'q str,
    slicing: Slicing,
    grants: usize,
    forbids: Vec<Answered<'s>>,
    permits: Vec<Answered<'s>>,
    failed: Vec<Answered<'s>>,
    nearest: Vec<Answered<'s>>,
    error: Option<String>,
    stands_at: Standing,
}

impl<'s, 'q> Decider<'s, 'q> {
    fn new(tenant: &'s CompiledTenant, kind: usize, action: &'q str, slicing: Slicing) -> Self {
        Self {
            tenant,
            kind,
            action,
            slicing,
            grants: 0,
            forbids: Vec::new(),
            permits: Vec::new(),
            failed: Vec::new(),
            nearest: Vec::new(),
            error: None,
            stands_at: Standing::default(),
        }
    }

    fn run(&mut self, asked: &Asked<'_>, entries: &[&'s Entry]) -> Result<(), Refused> {
        let tenant = self.tenant;
        let (kind, action) = (self.kind, self.action);
        let own_denies = tenant
            .own_denies
            .as_ref()
            .and_then(|denies| denies.get(kind, action));
        for (index, entry) in entries.iter().enumerate() {
            let slice = tenant
                .slices(&entry.role)
                .and_then(|slices| slices.get(kind, action));
            self.grants += slice.map_or(0, |slice| slice.grants);
            match self.slicing {
                Slicing::Whole => {
                    let all = slices::whole(&[&tenant.application.compiled.book, &tenant.book]);
                    self.ask(asked, entry, &all)?;
                }
                Slicing::Slice => {
                    let own = own_denies.filter(|_| index == 0);
                    for slice in slice.into_iter().chain(own) {
                        if let Some(policies) = &slice.decide {
                            self.ask(asked, entry, policies)?;
                        }
                    }
                }
            }
        }
        if self.forbids.is_empty() && self.failed.is_empty() && self.permits.is_empty() {
            for entry in entries {
                let slice = tenant
                    .slices(&entry.role)
                    .and_then(|slices| slices.get(kind, action));
                if let Some(policies) = slice.and_then(|slice| slice.explain.as_ref()) {
                    self.ask(asked, entry, policies)?;
                }
            }
        }
        Ok(())
    }

    fn ask(
        &mut self,
        asked: &Asked<'_>,
        entry: &Entry,
        policies: &PolicySet,
    ) -> Result<(), Refused> {
        let request = asked.request()?;
        let entities = asked.entities(entry)?;
        let response = Authorizer::new().is_authorized(&request, policies, &entities);
        for id in response.diagnostics().reason() {
            let Some(found) = self.find(id.as_ref()) else {
                continue;
            };
            match (found.0.effect, found.1) {
                (Effect::Forbid, _) => self.forbids.push(found),
                (_, Stage::Whole) => self.permits.push(found),
                (_, Stage::Covered | Stage::Conditioned) => self.nearest.push(found),
            }
        }
        for error in response.diagnostics().errors() {
            let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
            self.failed.extend(self.find(error.policy_id().as_ref()));
            self.error = Some(error.inner().to_string());
        }
        Ok(())
    }

    fn find(&self, id: &str) -> Option<Answered<'s>> {
        let books = [&self.tenant.application.compiled.book, &self.tenant.book];
        books.into_iter().find_map(|book| {
            let policy = book.find(id)?;
            Some((book.rules.get(policy.rule)?, policy.stage))
        })
    }

    /// The grants of the entries that name type and action.
    fn fitting(&self, entries: &[&Entry]) -> Vec<&'s Rule> {
        let tenant = self.tenant;
        let roles = entries
            .iter()
            .filter_map(|entry| tenant.model.role(&entry.role));
        let held: Vec<&Id> = roles.flat_map(|role| &role.closure).collect();
        let books = [&tenant.application.compiled.book, &tenant.book];
        let rules = books.into_iter().flat_map(|book| &book.rules);
        rules
            .filter(|rule| {
                rule.effect == Effect::Permit
                    && rule.kind == self.kind
                    && rule.actions.iter().any(|action| **action == *self.action)
                    && rule
                        .origin
                        .role
                        .as_ref()
                        .is_some_and(|role| held.contains(&role))
            })
            .collect()
    }

    /// Deny rules first, then errors, then grants; else how near the nearest grant came.
    fn finish(mut self, entries: Vec<&'s Entry>) -> Evaluation<'s> {
        let out_of_scope = self.permits.is_empty() && self.forbids.is_empty() && self.grants > 0;
        let fitting = match out_of_scope {
            true => self.fitting(&entries),
            false => Vec::new(),
        };
        let nearest = self.nearest.iter().map(|(_, stage)| *stage).max();
        let (reason, answered) = if !self.forbids.is_empty() {
            (Reason::DeniedByRule, self.forbids)
        } else if self.error.is_some() || !self.failed.is_empty() {
            (Reason::EvaluationError, self.failed)
        } else if !self.permits.is_empty() {
            (Reason::Granted, self.permits)
        } else if let Some(stage) = nearest {
            self.nearest.retain(|(_, reached)| *reached == stage);
            let reason = match stage {
                Stage::Conditioned => Reason::NotAssignable,
                Stage::Covered | Stage::Whole => Reason::ConditionNotMet,
            };
            (reason, self.nearest)
        } else if self.grants > 0 {
            (Reason::OutOfScope, Vec::new())
        } else {
            (Reason::NoGrant, Vec::new())
        };
        let rules = match reason {
            Reason::OutOfScope => fitting,
            _ => answered.into_iter().map(|(rule, _)| rule).collect(),
        };
        Evaluation {
            reason,
            tenant: Some(self.tenant),
            entries,
            rules,
            stands_at: self.stands_at,
            detail: self.error.filter(|_| reason == Reason::EvaluationError),
        }
    }
}
