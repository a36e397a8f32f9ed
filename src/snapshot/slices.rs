//! Which policies a question needs: those of the entry's role for its type and action, and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy::PolicySet;
use smol_str::SmolStr;

use crate::compile::{CompiledPolicy, Effect, Needs, Remainder, Rule, RuleBook};
use crate::engine::{Fact, Formula, Refused, Value, refused};
use crate::model::{Application, Role};

/// What one role, type and action need.
#[derive(Debug, Default)]
pub(super) struct Slice {
    /// Grants that fit type and action, whatever their scope.
    pub(super) permits: Vec<Arc<Rule>>,
    /// Deny rules that name them.
    pub(super) forbids: Vec<Arc<Rule>>,
    /// Raw Cedar that may.
    pub(super) raw: Option<PolicySet>,
    /// What those of them read that are asked whole.
    pub(super) needs: Needs,
    /// What the conditions among them read.
    pub(super) facts: Vec<Fact>,
    /// The constants of these conditions.
    pub(super) constants: BTreeMap<SmolStr, Value>,
}

/// Slices by type and action, both as indices.
#[derive(Debug, Default)]
pub(super) struct Slices {
    by_kind: Vec<Vec<Option<Arc<Slice>>>>,
}

impl Slices {
    /// The slice of a type and action; none where no rule names them.
    pub(super) fn get(&self, kind: usize, action: usize) -> Option<&Slice> {
        self.by_kind.get(kind)?.get(action)?.as_deref()
    }
}

/// A rule's place: its book and its index there.
type RuleAt = (usize, usize);

/// Builds slices; equal ones are shared.
pub(super) struct Slicer<'a> {
    application: &'a Application,
    books: Vec<&'a RuleBook>,
    known: BTreeMap<Vec<RuleAt>, Arc<Slice>>,
}

impl<'a> Slicer<'a> {
    pub(super) fn new(application: &'a Application, books: Vec<&'a RuleBook>) -> Self {
        Self {
            application,
            books,
            known: BTreeMap::new(),
        }
    }

    /// The slices of a role: grants of all that it inherits from, and every deny rule that names type and action.
    pub(super) fn role(&mut self, role: &Role) -> Slices {
        self.slices(|rule| {
            rule.effect == Effect::Forbid
                || rule.raw.is_some()
                || rule
                    .origin
                    .role
                    .as_ref()
                    .is_some_and(|owner| role.closure.contains(owner))
        })
    }

    /// What a delegation hands on.
    pub(super) fn delegation(&mut self, index: usize) -> Slices {
        self.slices(|rule| rule.delegation == Some(index))
    }

    /// The slices of what looks at no role: deny rules and raw Cedar.
    pub(super) fn roleless(&mut self) -> Slices {
        self.slices(|rule| rule.effect == Effect::Forbid || rule.raw.is_some())
    }

    fn slices(&mut self, wanted: impl Fn(&Rule) -> bool) -> Slices {
        let types = self.application.types.values();
        let mut rules: Vec<Vec<Vec<RuleAt>>> = types
            .map(|kind| vec![Vec::new(); kind.actions.len()])
            .collect();
        for (book_index, book) in self.books.iter().enumerate() {
            for (index, rule) in book
                .rules
                .iter()
                .enumerate()
                .filter(|(_, rule)| wanted(rule))
            {
                let kind = self.application.types.get_index(rule.kind);
                let (Some((_, kind)), Some(actions)) = (kind, rules.get_mut(rule.kind)) else {
                    continue;
                };
                let named = rule.actions.iter();
                for action in named.filter_map(|name| kind.actions.get_index_of(name)) {
                    if let Some(rules) = actions.get_mut(action) {
                        rules.push((book_index, index));
                    }
                }
            }
        }
        let by_kind = rules
            .into_iter()
            .map(|actions| {
                let some = |rules: Vec<RuleAt>| (!rules.is_empty()).then_some(rules);
                let actions = actions.into_iter().map(some);
                actions
                    .map(|rules| rules.map(|rules| self.slice(rules)))
                    .collect()
            })
            .collect();
        Slices { by_kind }
    }

    fn slice(&mut self, rules: Vec<RuleAt>) -> Arc<Slice> {
        if let Some(slice) = self.known.get(&rules) {
            return slice.clone();
        }
        let mut slice = Slice::default();
        for (book, rule) in &rules {
            let Some(book) = self.books.get(*book) else {
                continue;
            };
            let Some(rule) = book.rules.get(*rule) else {
                continue;
            };
            slice.needs.add(&rule.needs);
            if let Some(Remainder::Condition { formula, .. }) = &rule.remainder {
                slice.add_facts(rule.condition.iter().flat_map(|it| it.facts()), formula);
            }
            let policy = rule.raw.and_then(|index| book.policies.get(index));
            match (policy, rule.effect) {
                (Some(policy), _) => add(slice.raw.get_or_insert_default(), policy),
                (None, Effect::Permit) => slice.permits.push(rule.clone()),
                (None, Effect::Forbid) => slice.forbids.push(rule.clone()),
            }
        }
        let slice = Arc::new(slice);
        self.known.insert(rules, slice.clone());
        slice
    }
}

impl Slice {
    /// Adds what a condition reads.
    fn add_facts(&mut self, facts: impl Iterator<Item = Fact>, formula: &Formula) {
        for fact in facts {
            if !self.facts.contains(&fact) {
                self.facts.push(fact);
            }
        }
        let constants = formula.constants().iter();
        self.constants
            .extend(constants.map(|(name, value)| (name.clone(), value.clone())));
    }
}

/// Adds raw Cedar, which was parsed already.
fn add(set: &mut PolicySet, policy: &CompiledPolicy) {
    // Ids are unique by construction; validation would have reported a clash.
    if let Some(policy) = policy.policy() {
        let _ = set.add(policy.clone());
    }
}

/// Every policy that decides about a member's own entries, of all books: what slicing is compared with.
pub(super) fn whole(books: &[&RuleBook]) -> Result<PolicySet, Refused> {
    let mut set = PolicySet::new();
    for book in books {
        let own = |rule: usize| {
            let rule = book.rules.get(rule);
            rule.is_some_and(|rule| rule.delegation.is_none())
        };
        for policy in book.policies.iter().filter(|policy| own(policy.rule)) {
            let parsed = policy.policy();
            let parsed = parsed.ok_or_else(|| refused("a policy that does not parse"))?;
            set.add(parsed.clone()).map_err(refused)?;
        }
    }
    Ok(set)
}
