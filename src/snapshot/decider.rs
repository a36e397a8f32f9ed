//! What the engine says of a question over the entries of one member, and which reason follows from it.

use std::cell::OnceCell;

use cedar_policy::{
    Authorizer, Entities, EvalResult, Expression, PolicySet, Request, Response, eval_expression,
};

use super::decide::Asking;
use super::decision::Reason;
use super::entities::Asked;
use super::slices::{self, Slice};
use super::tenant::CompiledTenant;
use crate::compile::{Assignment, Clause, Effect, Needs, Remainder, Rule, Stage, beside_raw};
use crate::engine::{Facts, Refused, Truth, refused};
use crate::model::Entry;

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

/// How far a rule went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// Scope alone.
    Covered,
    /// Scope and condition, not what may be assigned.
    Conditioned,
}

/// The engine's view of a question: the request, the same for every entry, and the entities as each entry sees them,
/// with what some rules read and nothing else; each made when it is first needed, and once.
struct Engine<'a> {
    asked: &'a Asked<'a>,
    asks: Asks<'a>,
    needs: OnceCell<Needs>,
    request: OnceCell<Request>,
    entities: OnceCell<Vec<OnceCell<Entities>>>,
}

/// Which policies may be asked whole, which says what they need.
enum Asks<'a> {
    /// Those of the entries' slices.
    Slices(Lookup<'a>),
    /// Those of one slice.
    Slice(&'a Slice),
    /// Every one.
    All,
}

impl<'a> Engine<'a> {
    /// A view with nothing made yet.
    fn new(asked: &'a Asked<'a>, asks: Asks<'a>) -> Self {
        Self {
            asked,
            asks,
            needs: OnceCell::new(),
            request: OnceCell::new(),
            entities: OnceCell::new(),
        }
    }

    fn needs(&self) -> Needs {
        match &self.asks {
            Asks::Slices(lookup) => lookup.needs(self.asked.entries),
            Asks::Slice(slice) => slice.needs.clone(),
            Asks::All => Needs::everything(),
        }
    }

    /// What is seen as the entry at an index. There is always a first entry.
    fn seen(&self, index: usize) -> Result<(&Request, &Entities), Refused> {
        let entries = self.asked.entries;
        let cells = self
            .entities
            .get_or_init(|| entries.iter().map(|_| OnceCell::new()).collect());
        let (Some(entry), Some(cell)) = (entries.get(index), cells.get(index)) else {
            return Err(refused("a question about no entry"));
        };
        let needs = self.needs.get_or_init(|| self.needs());
        let request = made_once(&self.request, || self.asked.request(needs))?;
        let entities = made_once(cell, || self.asked.entities(entry, needs))?;
        Ok((request, entities))
    }

    /// What policies say, as the entry at an index sees the question.
    fn respond(&self, index: usize, policies: &PolicySet) -> Result<Response, Refused> {
        let (request, entities) = self.seen(index)?;
        Ok(Authorizer::new().is_authorized(request, policies, entities))
    }

    /// Whether the condition of a rule holds, of which scope and holders have been looked up.
    fn condition(
        &self,
        index: usize,
        rule: &Rule,
        slice: &Slice,
        facts: &OnceCell<Facts>,
    ) -> Result<Truth, Refused> {
        Ok(match &rule.remainder {
            Some(Remainder::Nothing) => Truth::True,
            Some(Remainder::Condition { formula, guards }) => {
                match guards.iter().all(|fact| self.asked.has(fact)) {
                    true => formula.holds(made_once(facts, || self.asked.facts(slice))?),
                    false if rule.effect == Effect::Forbid => Truth::True,
                    false => Truth::False,
                }
            }
            Some(Remainder::Whole(expression)) => self.holds(index, expression)?,
            None => Truth::False,
        })
    }

    /// Whether what must hold beside scope and condition does.
    fn assignment(&self, index: usize, rule: &Rule) -> Result<Truth, Refused> {
        match rule.assignment {
            Assignment::None => Ok(Truth::True),
            Assignment::When(clause) => self.clause(index, clause),
            Assignment::Never => Ok(Truth::False),
        }
    }

    /// Whether a clause of the compiler's own holds.
    fn clause(&self, index: usize, clause: &Clause) -> Result<Truth, Refused> {
        match clause.expression() {
            Some(expression) => self.holds(index, expression),
            None => Err(refused("a clause that does not parse")),
        }
    }

    /// Whether an expression holds, as the entry at an index sees the question. It is asked as the engine asks a
    /// policy's conditions, without the search for policies that apply and the bookkeeping about them.
    fn holds(&self, index: usize, expression: &Expression) -> Result<Truth, Refused> {
        let (request, entities) = self.seen(index)?;
        Ok(match eval_expression(request, entities, expression) {
            Ok(EvalResult::Bool(true)) => Truth::True,
            Ok(EvalResult::Bool(false)) => Truth::False,
            Ok(_) => Truth::Failed("the condition is neither true nor false".to_owned()),
            Err(error) => Truth::Failed(error.to_string()),
        })
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

/// Where the slices of a type and action are.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'s> {
    pub(super) tenant: &'s CompiledTenant,
    /// Index of the type.
    pub(super) kind: usize,
    /// Index of the action.
    pub(super) action: usize,
}

impl<'s> Lookup<'s> {
    /// The slice of an entry's role; none where no rule of it names type and action.
    fn slice(self, entry: &Entry) -> Option<&'s Slice> {
        let slices = self.tenant.slices(&entry.role)?;
        slices.get(self.kind, self.action)
    }

    /// What the tenant adds for everybody.
    fn own_roleless(self) -> Option<&'s Slice> {
        let denies = self.tenant.own_roleless.as_ref()?;
        denies.get(self.kind, self.action)
    }

    /// What the rules read that may be asked whole.
    fn needs(self, entries: &[&Entry]) -> Needs {
        let slices = entries.iter().filter_map(|entry| self.slice(entry));
        let mut needs = Needs::default();
        for slice in slices.chain(self.own_roleless()) {
            needs.add(&slice.needs);
        }
        needs
    }
}

/// Gathers what the engine says over the entries.
pub(super) struct Decider<'s, 'q> {
    lookup: Lookup<'s>,
    asking: Asking<'q>,
    admits_raw: bool,
    grants: usize,
    /// Grants whose scope reaches the place, each with the index of its entry.
    covered: Vec<(usize, &'s Rule)>,
    forbids: Vec<&'s Rule>,
    permits: Vec<&'s Rule>,
    raw_permits: Vec<&'s Rule>,
    failed: Vec<&'s Rule>,
    error: Option<String>,
}

impl<'s, 'q> Decider<'s, 'q> {
    pub(super) fn new(lookup: Lookup<'s>, asking: Asking<'q>) -> Self {
        Self {
            lookup,
            asking,
            admits_raw: true,
            grants: 0,
            covered: Vec::new(),
            forbids: Vec::new(),
            permits: Vec::new(),
            raw_permits: Vec::new(),
            failed: Vec::new(),
            error: None,
        }
    }

    /// Leaves out what raw Cedar permits: only the entries' own grants allow.
    pub(super) fn by_entries_alone(mut self) -> Self {
        self.admits_raw = false;
        self
    }

    /// Asks about each entry on its own: a question is allowed by one entry alone. Deny rules look at all of them.
    pub(super) fn run(mut self, asked: &Asked<'_>) -> Result<Verdict<'s>, Refused> {
        let asks = match self.asking.slicing {
            Slicing::Slice => Asks::Slices(self.lookup),
            Slicing::Whole => Asks::All,
        };
        let engine = Engine::new(asked, asks);
        for (index, entry) in asked.entries.iter().enumerate() {
            let slice = self.lookup.slice(entry);
            let own = self.lookup.own_roleless().filter(|_| index == 0);
            for slice in slice.into_iter().chain(own) {
                self.ask_slice(&engine, index, slice)?;
            }
            if self.asking.slicing == Slicing::Whole {
                self.ask_all(&engine, index)?;
            }
        }
        self.admit_raw(&engine)?;
        self.verdict(&engine)
    }

    /// Finds the grants of a slice that reach the place, and asks them, its deny rules and its raw Cedar, unless every
    /// policy is asked anyway.
    fn ask_slice(
        &mut self,
        engine: &Engine<'_>,
        index: usize,
        slice: &'s Slice,
    ) -> Result<(), Refused> {
        let facts = OnceCell::new();
        let sliced = self.asking.slicing == Slicing::Slice;
        let Some(entry) = engine.asked.entries.get(index) else {
            return Err(refused("a question about no entry"));
        };
        for rule in &slice.permits {
            self.grants += 1;
            if engine.asked.covers(rule.coverage, entry) {
                self.covered.push((index, rule));
                if sliced {
                    self.ask(engine, index, rule, slice, &facts)?;
                }
            }
        }
        if !sliced {
            return Ok(());
        }
        for rule in &slice.forbids {
            if engine.asked.concerns(&rule.holders) {
                self.ask(engine, index, rule, slice, &facts)?;
            }
        }
        match &slice.raw {
            Some(policies) => self.ask_policies(engine, index, policies),
            None => Ok(()),
        }
    }

    /// Asks every policy of application and tenant.
    fn ask_all(&mut self, engine: &Engine<'_>, index: usize) -> Result<(), Refused> {
        let tenant = self.lookup.tenant;
        let all = slices::whole(&[&tenant.application.compiled.book, &tenant.book])?;
        self.ask_policies(engine, index, &all)
    }

    /// Asks what is left of a rule of a slice. One that may allow nothing is asked too: its condition may fail.
    fn ask(
        &mut self,
        engine: &Engine<'_>,
        index: usize,
        rule: &'s Rule,
        slice: &Slice,
        facts: &OnceCell<Facts>,
    ) -> Result<(), Refused> {
        let truth = match engine.condition(index, rule, slice, facts)? {
            Truth::True => engine.assignment(index, rule)?,
            other => other,
        };
        match truth {
            Truth::False => {}
            Truth::Failed(message) => {
                self.failed.push(rule);
                self.fails(message);
            }
            Truth::True => match rule.effect {
                Effect::Forbid => self.forbids.push(rule),
                Effect::Permit => self.permits.push(rule),
            },
        }
        Ok(())
    }

    /// Of several errors the first by its words is told: the engine answers in no particular order.
    fn fails(&mut self, message: String) {
        if self.error.as_ref().is_none_or(|known| message < *known) {
            self.error = Some(message);
        }
    }

    /// Raw Cedar permits what its policies permit, but never stands in for `assigns`: an entry must give that.
    fn admit_raw(&mut self, engine: &Engine<'_>) -> Result<(), Refused> {
        if self.raw_permits.is_empty() || !self.admits_raw {
            return Ok(());
        }
        let asked = engine.asked;
        if let Some(clause) = beside_raw(asked.kind.built_in, &asked.question.action.name) {
            let mut any = false;
            for index in 0..asked.entries.len() {
                any |= matches!(engine.clause(index, clause)?, Truth::True);
            }
            if !any {
                return Ok(());
            }
        }
        self.permits.append(&mut self.raw_permits);
        Ok(())
    }

    /// Asks the grants of a slice that look at no entry, as of the first.
    pub(super) fn ask_first(
        mut self,
        asked: &Asked<'_>,
        slice: &'s Slice,
    ) -> Result<Verdict<'s>, Refused> {
        let engine = Engine::new(asked, Asks::Slice(slice));
        let facts = OnceCell::new();
        for rule in &slice.permits {
            self.ask(&engine, 0, rule, slice, &facts)?;
        }
        self.verdict(&engine)
    }

    fn ask_policies(
        &mut self,
        engine: &Engine<'_>,
        index: usize,
        policies: &PolicySet,
    ) -> Result<(), Refused> {
        let response = engine.respond(index, policies)?;
        for id in response.diagnostics().reason() {
            let Some((rule, stage)) = self.find(id.as_ref()) else {
                continue;
            };
            match rule.effect {
                Effect::Forbid => self.forbids.push(rule),
                Effect::Permit if rule.raw.is_some() => self.raw_permits.push(rule),
                Effect::Permit if stage == Stage::Whole => self.permits.push(rule),
                Effect::Permit => {}
            }
        }
        for error in response.diagnostics().errors() {
            let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
            self.failed
                .extend(self.find(error.policy_id().as_ref()).map(|(rule, _)| rule));
            self.fails(error.inner().to_string());
        }
        Ok(())
    }

    fn find(&self, id: &str) -> Option<(&'s Rule, Stage)> {
        let tenant = self.lookup.tenant;
        let books = [&tenant.application.compiled.book, &tenant.book];
        books.into_iter().find_map(|book| {
            let policy = book.find(id)?;
            Some((&**book.rules.get(policy.rule)?, policy.stage))
        })
    }

    /// Deny rules first, then errors, then grants; else how near the nearest grant came.
    fn verdict(self, engine: &Engine<'_>) -> Result<Verdict<'s>, Refused> {
        let (reason, mut rules) = if !self.forbids.is_empty() {
            (Reason::DeniedByRule, self.forbids)
        } else if self.error.is_some() || !self.failed.is_empty() {
            (Reason::EvaluationError, self.failed)
        } else if !self.permits.is_empty() {
            (Reason::Granted, self.permits)
        } else if let Some((fit, rules)) = self.nearest(engine)? {
            let reason = match fit {
                Fit::Conditioned => Reason::NotAssignable,
                Fit::Covered => Reason::ConditionNotMet,
            };
            (reason, rules)
        } else if self.grants > 0 {
            (Reason::OutOfScope, self.fitting(engine.asked.entries))
        } else {
            (Reason::NoGrant, Vec::new())
        };
        // The engine answers in no particular order; a question is explained the same way, always.
        rules.sort_by_key(|rule| (rule.origin.span, rule.kind, rule.id.as_str()));
        Ok(Verdict {
            reason,
            rules,
            error: self.error.filter(|_| reason == Reason::EvaluationError),
        })
    }

    /// The covered grants that came nearest, where none allowed.
    fn nearest(&self, engine: &Engine<'_>) -> Result<Option<(Fit, Vec<&'s Rule>)>, Refused> {
        let mut nearest: Option<(Fit, Vec<&'s Rule>)> = None;
        for (index, rule) in &self.covered {
            let Some(fit) = self.fit(engine, *index, rule)? else {
                continue;
            };
            match &mut nearest {
                Some((known, rules)) if *known == fit => rules.push(rule),
                Some((known, _)) if *known > fit => {}
                _ => nearest = Some((fit, vec![rule])),
            }
        }
        Ok(nearest)
    }

    /// How far a covered grant goes that does not allow.
    fn fit(&self, engine: &Engine<'_>, index: usize, rule: &Rule) -> Result<Option<Fit>, Refused> {
        let entry = engine.asked.entries.get(index);
        let slice = entry.and_then(|entry| self.lookup.slice(entry));
        if let Some(slice) = slice.filter(|_| rule.assignment != Assignment::None) {
            let facts = OnceCell::new();
            if let Truth::True = engine.condition(index, rule, slice, &facts)? {
                return Ok(Some(Fit::Conditioned));
            }
        }
        let depends = rule.condition.is_some() || rule.never_met;
        Ok(depends.then_some(Fit::Covered))
    }

    /// The grants of the entries that name type and action; only an explanation asks for them.
    fn fitting(&self, entries: &[&Entry]) -> Vec<&'s Rule> {
        let entries = entries.iter().filter(|_| self.asking.explained);
        let slices = entries.filter_map(|entry| self.lookup.slice(entry));
        let mut rules: Vec<&Rule> = Vec::new();
        for rule in slices.flat_map(|slice| &slice.permits) {
            if !rules.iter().any(|known| std::ptr::eq(*known, &**rule)) {
                rules.push(rule);
            }
        }
        rules
    }
}
