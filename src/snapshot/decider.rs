//! What the engine says of a question over the entries of one member, and which reason follows from it.

use std::cell::OnceCell;

use cedar_policy::{Authorizer, Entities, PolicySet, Request, Response};

use super::decision::Reason;
use super::entities::{Asked, Refused, refused};
use super::slices::{self, Slice};
use super::tenant::CompiledTenant;
use crate::compile::{Effect, Probe, Rule, Stage};
use crate::model::{Entry, Id};

/// Which policies the engine is handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slicing {
    /// Those of the entry's role, type and action.
    Slice,
    /// All of the application and the tenant: slower, and the same answer.
    Whole,
}

/// What came of asking about one member.
#[derive(Debug)]
pub(super) struct Verdict<'s> {
    /// Why.
    pub(super) reason: Reason,
    /// The rules that made it so.
    pub(super) rules: Vec<&'s Rule>,
    /// What failed, where a condition did.
    pub(super) error: Option<String>,
}

/// A rule and the stage of the policy that answered for it.
type Answered<'s> = (&'s Rule, Stage);

/// The engine's view of a question: the request, the same for every entry, and the entities as each entry sees them,
/// each made when it is first needed, and once.
pub(super) struct Engine<'a> {
    asked: &'a Asked<'a>,
    entries: &'a [&'a Entry],
    request: OnceCell<Request>,
    entities: Vec<OnceCell<Entities>>,
}

impl<'a> Engine<'a> {
    /// A view with nothing made yet.
    pub(super) fn new(asked: &'a Asked<'a>, entries: &'a [&'a Entry]) -> Self {
        Self {
            asked,
            entries,
            request: OnceCell::new(),
            entities: entries.iter().map(|_| OnceCell::new()).collect(),
        }
    }

    /// Who is asked about.
    pub(super) fn subject(&self) -> &'a str {
        self.asked.subject
    }

    /// What the policies say, as the entry at an index sees the question. There is always a first entry.
    fn respond(&self, index: usize, policies: &PolicySet) -> Result<Response, Refused> {
        let (Some(entry), Some(cell)) = (self.entries.get(index), self.entities.get(index)) else {
            return Err(refused("a question about no entry"));
        };
        let request = made_once(&self.request, || self.asked.request())?;
        let entities = made_once(cell, || self.asked.entities(entry))?;
        Ok(Authorizer::new().is_authorized(request, policies, entities))
    }
}

fn made_once<T>(
    cell: &OnceCell<T>,
    make: impl FnOnce() -> Result<T, Refused>,
) -> Result<&T, Refused> {
    if let Some(made) = cell.get() {
        return Ok(made);
    }
    let made = make()?;
    Ok(cell.get_or_init(|| made))
}

/// Gathers what the engine says over the entries.
pub(super) struct Decider<'s, 'q> {
    tenant: &'s CompiledTenant,
    kind: usize,
    action: &'q str,
    slicing: Slicing,
    admits_raw: bool,
    grants: usize,
    forbids: Vec<Answered<'s>>,
    permits: Vec<Answered<'s>>,
    raw_permits: Vec<Answered<'s>>,
    failed: Vec<Answered<'s>>,
    nearest: Vec<Answered<'s>>,
    error: Option<String>,
}

impl<'s, 'q> Decider<'s, 'q> {
    pub(super) fn new(
        tenant: &'s CompiledTenant,
        kind: usize,
        action: &'q str,
        slicing: Slicing,
    ) -> Self {
        Self {
            tenant,
            kind,
            action,
            slicing,
            admits_raw: true,
            grants: 0,
            forbids: Vec::new(),
            permits: Vec::new(),
            raw_permits: Vec::new(),
            failed: Vec::new(),
            nearest: Vec::new(),
            error: None,
        }
    }

    /// Leaves out what raw Cedar permits: only the entries' own grants allow.
    pub(super) fn by_entries_alone(mut self) -> Self {
        self.admits_raw = false;
        self
    }

    /// Asks about each entry on its own: a question is allowed by one entry alone. Deny rules look at all of them.
    pub(super) fn run(mut self, engine: &Engine<'_>) -> Result<Verdict<'s>, Refused> {
        for (index, entry) in engine.entries.iter().enumerate() {
            let slice = self.slice(entry);
            self.grants += slice.map_or(0, |slice| slice.grants);
            match self.slicing {
                Slicing::Whole => {
                    let tenant = self.tenant;
                    let all = slices::whole(&[&tenant.application.compiled.book, &tenant.book]);
                    self.ask(engine, index, &all)?;
                }
                Slicing::Slice => {
                    let own = self.own_roleless().filter(|_| index == 0);
                    for slice in slice.into_iter().chain(own) {
                        if let Some(policies) = &slice.decide {
                            self.ask(engine, index, policies)?;
                        }
                    }
                }
            }
        }
        self.admit_raw(engine)?;
        if self.forbids.is_empty() && self.failed.is_empty() && self.permits.is_empty() {
            for (index, entry) in engine.entries.iter().enumerate() {
                let policies = self.slice(entry).and_then(|slice| slice.explain.as_ref());
                if let Some(policies) = policies {
                    self.ask(engine, index, policies)?;
                }
            }
        }
        Ok(self.verdict(engine.entries))
    }

    /// Raw Cedar permits what its policies permit, but never stands in for `assigns`: an entry must give that.
    fn admit_raw(&mut self, engine: &Engine<'_>) -> Result<(), Refused> {
        if self.raw_permits.is_empty() || !self.admits_raw {
            return Ok(());
        }
        if let Some(text) = Probe::of(engine.asked.kind.built_in, self.action).policy() {
            let policies: PolicySet = text.parse().map_err(refused)?;
            let mut any = false;
            for index in 0..engine.entries.len() {
                let response = engine.respond(index, &policies)?;
                any |= response.decision() == cedar_policy::Decision::Allow;
            }
            if !any {
                return Ok(());
            }
        }
        self.permits.append(&mut self.raw_permits);
        Ok(())
    }

    /// Asks policies that look at no entry, as of the first.
    pub(super) fn ask_first(
        mut self,
        engine: &Engine<'_>,
        policies: &PolicySet,
    ) -> Result<Verdict<'s>, Refused> {
        self.ask(engine, 0, policies)?;
        Ok(self.verdict(&[]))
    }

    fn slice(&self, entry: &Entry) -> Option<&'s Slice> {
        let slices = self.tenant.slices(&entry.role)?;
        slices.get(self.kind, self.action)
    }

    fn own_roleless(&self) -> Option<&'s Slice> {
        let denies = self.tenant.own_roleless.as_ref()?;
        denies.get(self.kind, self.action)
    }

    fn ask(
        &mut self,
        engine: &Engine<'_>,
        index: usize,
        policies: &PolicySet,
    ) -> Result<(), Refused> {
        let response = engine.respond(index, policies)?;
        for id in response.diagnostics().reason() {
            let Some(found) = self.find(id.as_ref()) else {
                continue;
            };
            match (found.0.effect, found.1) {
                (Effect::Forbid, _) => self.forbids.push(found),
                (_, Stage::Whole) if found.0.is_raw => self.raw_permits.push(found),
                (_, Stage::Whole) => self.permits.push(found),
                (_, Stage::Covered | Stage::Conditioned) => self.nearest.push(found),
            }
        }
        for error in response.diagnostics().errors() {
            let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
            self.failed.extend(self.find(error.policy_id().as_ref()));
            let message = error.inner().to_string();
            if self.error.as_ref().is_none_or(|known| message < *known) {
                self.error = Some(message);
            }
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

    /// Deny rules first, then errors, then grants; else how near the nearest grant came.
    fn verdict(mut self, entries: &[&Entry]) -> Verdict<'s> {
        let nearest = self.nearest.iter().map(|(_, stage)| *stage).max();
        // The engine answers in no particular order; a question is explained the same way, always.
        let rules = |answered: Vec<Answered<'s>>| {
            let mut rules: Vec<&'s Rule> = answered.into_iter().map(|(rule, _)| rule).collect();
            rules.sort_by_key(|rule| (rule.origin.span, rule.kind, rule.id.as_str()));
            rules
        };
        let (reason, rules) = if !self.forbids.is_empty() {
            (Reason::DeniedByRule, rules(self.forbids))
        } else if self.error.is_some() || !self.failed.is_empty() {
            (Reason::EvaluationError, rules(self.failed))
        } else if !self.permits.is_empty() {
            (Reason::Granted, rules(self.permits))
        } else if let Some(stage) = nearest {
            self.nearest.retain(|(_, reached)| *reached == stage);
            let reason = match stage {
                Stage::Conditioned => Reason::NotAssignable,
                Stage::Covered | Stage::Whole => Reason::ConditionNotMet,
            };
            (reason, rules(self.nearest))
        } else if self.grants > 0 {
            (Reason::OutOfScope, self.fitting(entries))
        } else {
            (Reason::NoGrant, Vec::new())
        };
        Verdict {
            reason,
            rules,
            error: self.error.filter(|_| reason == Reason::EvaluationError),
        }
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
}
