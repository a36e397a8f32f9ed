//! One decision: which tenant, is the question in order, is the subject a member, what do the policies say of its own
//! entries, and of what others delegated to it.

use super::Snapshot;
use super::attributes::{IllTyped, Typing, typing};
use super::decider::{Decider, Lookup, Slicing, Verdict};
use super::decision::Reason;
use super::entities::Asked;
use super::place::{Place, Subject, place};
use super::question::Question;
use super::request;
use super::tenant::{CompiledTenant, counting};
use super::which_tenant::which_tenant;
use crate::compile::Rule;
use crate::document::{Status, is_account_or_record_id};
use crate::engine::Refused;
use crate::model::{BuiltIn, Entry, Id, Moment, ResourceType, is_active};
use crate::value::{Json, Said};

/// A decision with everything that an explanation needs.
#[derive(Debug)]
pub(crate) struct Evaluation<'s> {
    /// Why.
    pub(crate) reason: Reason,
    /// The tenant that was asked about, if there is one.
    pub(crate) tenant: Option<&'s CompiledTenant>,
    /// Whether the question says which tenant it means, and a file names that.
    pub(crate) names_tenant: bool,
    /// The tenant's id, where only the question knows it.
    undeclared_id: Option<String>,
    /// The entries of the member that count.
    pub(crate) entries: Vec<Counting>,
    /// The rules that decided: grants that allow, rules that deny, conditions that failed, or for other denies the
    /// grants that came nearest.
    pub(crate) rules: Vec<&'s Rule>,
    /// Where the resource stands, for denies that say what was out of reach.
    pub(crate) stands_at: Standing,
    /// More about it: the property that is ill-typed, the error of a condition.
    pub(crate) detail: Option<String>,
}

/// An entry that counts, as explanations name it.
#[derive(Debug, Clone)]
pub(crate) struct Counting {
    /// Its role.
    pub(crate) role: Id,
    /// Where it reaches.
    pub(crate) sub_accounts: Vec<Id>,
}

/// Where a resource stands, in words of the question and its records.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Its sub-accounts; none of a member, whose places are nobody else's business.
    pub(crate) sub_accounts: Vec<String>,
    /// Whether it is a member.
    pub(crate) is_member: bool,
    /// Its owner.
    pub(crate) owner: Option<String>,
}

impl<'s> Evaluation<'s> {
    /// The tenant's id; empty where there is none.
    pub(crate) fn tenant_id(&self) -> &str {
        let declared = self.tenant.map(|tenant| &*tenant.model.id.value);
        self.undeclared_id.as_deref().or(declared).unwrap_or("")
    }

    fn of(reason: Reason, tenant: Option<&'s CompiledTenant>) -> Self {
        Self {
            reason,
            tenant,
            names_tenant: false,
            undeclared_id: None,
            entries: Vec::new(),
            rules: Vec::new(),
            stands_at: Standing::default(),
            detail: None,
        }
    }
}

/// A question about a tenant, its names looked up.
struct Scene<'s, 'q> {
    tenant: &'s CompiledTenant,
    undeclared_id: Option<String>,
    question: &'q Question<'q>,
    kind_index: usize,
    kind: &'s ResourceType,
    action_index: usize,
    now: &'q Moment,
    asking: Asking<'q>,
}

/// How a question is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'q> {
    /// Which policies the engine is asked.
    pub(crate) slicing: Slicing,
    /// Whether more than the reason is wanted.
    pub(crate) explained: bool,
    /// Entries that the subject has instead of its own.
    pub(crate) assumed: Option<&'q [Entry]>,
}

impl Asking<'_> {
    /// For the reason alone.
    pub(crate) const PLAIN: Self = Self {
        slicing: Slicing::Slice,
        explained: false,
        assumed: None,
    };
    /// For everything that an explanation says.
    pub(crate) const EXPLAINED: Self = Self {
        explained: true,
        ..Self::PLAIN
    };
}

/// Decides a question about an instant, in milliseconds since 1970.
pub(crate) fn evaluate<'s>(
    snapshot: &'s Snapshot,
    question: &Question<'_>,
    now: i64,
    asking: Asking<'_>,
) -> Evaluation<'s> {
    evaluate_at(snapshot, question, &Moment::new(now), asking)
}

/// Decides a question about an instant, which then knows how long the decision lasts.
pub(super) fn evaluate_at<'s>(
    snapshot: &'s Snapshot,
    question: &Question<'_>,
    now: &Moment,
    asking: Asking<'_>,
) -> Evaluation<'s> {
    let found = match which_tenant(snapshot, question) {
        Ok(found) => found,
        Err(reason) => return Evaluation::of(reason, None),
    };
    let is_named = found.is_named;
    let evaluation = match vocabulary(question, found.tenant) {
        Err(reason) => Evaluation::of(reason, Some(found.tenant)),
        Ok((kind_index, kind, action_index)) => Scene {
            tenant: found.tenant,
            undeclared_id: found.undeclared_id,
            question,
            kind_index,
            kind,
            action_index,
            now,
            asking,
        }
        .evaluate(),
    };
    Evaluation {
        names_tenant: is_named,
        ..evaluation
    }
}

/// What the application calls the question's resource type and action, if it knows them and the subject type: the type
/// with its index, and the index of the action.
fn vocabulary<'s>(
    question: &Question<'_>,
    tenant: &'s CompiledTenant,
) -> Result<(usize, &'s ResourceType, usize), Reason> {
    let application = &tenant.model.application;
    let subject_type = &*question.subject.kind;
    let mut known = application.subject_types.iter();
    if !known.any(|known| **known == *subject_type) {
        return Err(Reason::UnknownSubjectType);
    }
    let (index, _, kind) = application
        .types
        .get_full(&*question.resource.kind)
        .ok_or(Reason::UnknownResourceType)?;
    let action = kind.actions.get_index_of(&*question.action.name);
    let action = action.ok_or(Reason::UnknownAction)?;
    Ok((index, kind, action))
}

impl<'s> Scene<'s, '_> {
    fn evaluate(&self) -> Evaluation<'s> {
        let deny = |reason, detail| Evaluation {
            detail,
            undeclared_id: self.undeclared_id.clone(),
            ..Evaluation::of(reason, Some(self.tenant))
        };
        let typing = match self.typing() {
            Ok(typing) => typing,
            Err(detail) => return deny(Reason::InvalidValue, Some(detail)),
        };
        let brought = match self.brought() {
            Ok(brought) => brought,
            Err(detail) => return deny(Reason::InvalidValue, Some(detail)),
        };
        if !is_account_or_record_id(&self.question.subject.id) {
            return deny(Reason::NotAMember, None);
        }
        let entries = match (self.asking.assumed, &brought) {
            (Some(entries), _) => entries,
            (None, Some(entries)) => entries.as_slice(),
            (None, None) => self.tenant.entries(&self.question.subject.id),
        };
        let counting = match counting(entries, self.now) {
            Ok(counting) => counting,
            Err(reason) => return deny(reason, None),
        };
        match self.decide(&typing, entries, &counting) {
            Ok(evaluation) => evaluation,
            Err(error) => deny(Reason::EvaluationError, Some(error.to_string())),
        }
    }

    /// Types the question; what is wrong with its values is said in words.
    fn typing(&self) -> Result<Typing<'_>, String> {
        let question = self.question;
        if !is_account_or_record_id(&question.resource.id) {
            return Err(
                "`resource.id` must have 1 to 256 characters and no control characters".into(),
            );
        }
        let model = &self.tenant.model;
        let typing = typing(question, model, self.kind_index, self.kind).map_err(in_words)?;
        let text = |name| question.property(name).and_then(Json::as_text);
        let differ = || matches!((text("role"), text("new_role")), (Some(a), Some(b)) if a != b);
        let updates_member =
            self.kind.built_in == Some(BuiltIn::Member) && question.action.name == "update";
        if updates_member && differ() && model.members.contains_key(&*question.resource.id) {
            return Err("`role` and `new_role` differ, and both ask for the role to come".into());
        }
        Ok(typing)
    }

    /// The entries that came with the question, where the application takes them from there.
    fn brought(&self) -> Result<Option<Vec<Entry>>, String> {
        if !self.tenant.model.application.membership_request {
            return Ok(None);
        }
        request::entries(self.question, self.tenant).map(Some)
    }

    /// Decides for a subject with some entries, of which some count.
    fn decide(
        &self,
        typing: &Typing<'_>,
        all: &[Entry],
        entries: &[&Entry],
    ) -> Result<Evaluation<'s>, Refused> {
        let subject = Subject {
            id: &self.question.subject.id,
            entries: all,
        };
        let place = place(
            self.question,
            typing,
            self.tenant,
            self.kind,
            subject,
            self.now,
        );
        let asked = self.asked(
            &self.question.subject.id,
            Some(&typing.principal),
            typing,
            &place,
            entries,
        );
        let mut verdict = self.decider().run(&asked)?;
        if verdict.is_open()
            && let Some(rules) = self.delegated(&asked, typing, &place)?
        {
            verdict.reason = Reason::GrantedByDelegation;
            verdict.rules = rules;
        }
        let plain = Evaluation::of(verdict.reason, Some(self.tenant));
        if !self.asking.explained {
            return Ok(plain);
        }
        Ok(Evaluation {
            undeclared_id: self.undeclared_id.clone(),
            entries: entries.iter().map(|entry| Counting::of(entry)).collect(),
            rules: verdict.rules,
            stands_at: standing(&place),
            detail: verdict.error,
            ..plain
        })
    }

    fn asked<'a>(
        &'a self,
        subject: &'a str,
        said: Option<&'a Said<'a>>,
        typing: &'a Typing<'a>,
        place: &'a Place<'a>,
        entries: &'a [&'a Entry],
    ) -> Asked<'a> {
        let declared = &*self.tenant.model.id.value;
        Asked {
            subject,
            said,
            question: self.question,
            typing,
            place,
            tenant: self.tenant,
            tenant_id: self.undeclared_id.as_deref().unwrap_or(declared),
            kind_index: self.kind_index,
            kind: self.kind,
            entries,
            now: self.now,
        }
    }

    fn decider(&self) -> Decider<'s, '_> {
        let lookup = Lookup {
            tenant: self.tenant,
            kind: self.kind_index,
            action: self.action_index,
        };
        Decider::new(lookup, self.asking)
    }

    /// The rules by which somebody delegated what is asked to the subject; nothing where nobody did. A delegation whose
    /// condition fails keeps all of them from allowing.
    fn delegated(
        &self,
        asked: &Asked<'_>,
        typing: &Typing<'_>,
        place: &Place<'_>,
    ) -> Result<Option<Vec<&'s Rule>>, Refused> {
        let mut by = None;
        for index in self.tenant.delegations_to(asked.subject) {
            let found = self.tenant.model.delegations.get(*index);
            let slices = self.tenant.handed_on.get(*index);
            let (Some(delegation), Some(slices)) = (found, slices) else {
                continue;
            };
            let slice = slices.get(self.kind_index, self.action_index);
            let from = counting(self.tenant.entries(&delegation.from), self.now);
            let (Some(slice), Ok(from)) = (slice, from) else {
                continue;
            };
            if !is_active(Status::Active, delegation.expires, self.now) {
                continue;
            }
            let handed_on = self.decider().ask_first(asked, slice)?;
            if handed_on.reason == Reason::EvaluationError {
                return Ok(None);
            }
            if handed_on.reason == Reason::Granted
                && by.is_none()
                && let Some(rules) = self.by_own_entries(&delegation.from, &from, typing, place)?
            {
                by = Some(handed_on.rules.into_iter().chain(rules).collect());
            }
        }
        Ok(by)
    }

    /// The grants by which whoever delegates may do it now, by its own entries; nothing where it may not.
    fn by_own_entries(
        &self,
        from: &str,
        entries: &[&Entry],
        typing: &Typing<'_>,
        place: &Place<'_>,
    ) -> Result<Option<Vec<&'s Rule>>, Refused> {
        let asked = self.asked(from, None, typing, place, entries);
        let verdict = self.decider().by_entries_alone().run(&asked)?;
        Ok((verdict.reason == Reason::Granted).then_some(verdict.rules))
    }
}

impl Counting {
    fn of(entry: &Entry) -> Self {
        Self {
            role: entry.role.clone(),
            sub_accounts: entry.sub_accounts.to_vec(),
        }
    }
}

impl Verdict<'_> {
    /// Whether a delegation may still allow: nothing allowed, denied or failed.
    fn is_open(&self) -> bool {
        !matches!(
            self.reason,
            Reason::Granted | Reason::DeniedByRule | Reason::EvaluationError
        )
    }
}

/// Where a resource stands, as far as whoever asks may know: not where a member does, nor in which teams an owner is.
fn standing(place: &Place<'_>) -> Standing {
    let is_member = place.member.is_some();
    let sub_accounts = place.sub_accounts.iter().flatten().filter(|_| !is_member);
    Standing {
        sub_accounts: sub_accounts.map(|id| id.to_string()).collect(),
        is_member,
        owner: place.owner.as_ref().map(|owner| owner.to_string()),
    }
}

fn in_words(error: IllTyped) -> String {
    format!(
        "`{}` must be of the type {}",
        error.place,
        error.wanted.as_str()
    )
}

/// Every entry of a question's subject, whether it counts or not, in the tenant that was asked about.
pub(crate) fn entries_of(question: &Question<'_>, tenant: &CompiledTenant) -> Vec<Entry> {
    if tenant.model.application.membership_request {
        return request::entries(question, tenant).unwrap_or_default();
    }
    tenant.entries(&question.subject.id).to_vec()
}
