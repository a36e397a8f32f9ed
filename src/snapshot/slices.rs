//! Which policies a question needs: those of the entry's role for its type and action, and nothing else.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cedar_policy::PolicySet;

use crate::compile::{CompiledPolicy, Effect, Needs, Rule, RuleBook};
use crate::model::{Application, Id, Role};

/// What one role, type and action need.
#[derive(Debug, Default)]
pub(super) struct Slice {
    /// Grants that fit type and action, whatever their scope.
    pub(super) permits: Vec<Arc<Rule>>,
    /// Deny rules that name them.
    pub(super) forbids: Vec<Arc<Rule>>,
    /// Raw Cedar that may.
    pub(super) raw: Option<PolicySet>,
    /// What all of them read.
    pub(super) needs: Needs,
}

/// Slices by type (an index) and action.
#[derive(Debug, Default)]
pub(super) struct Slices {
    by_kind: Vec<HashMap<Id, Arc<Slice>>>,
}

impl Slices {
    /// The slice of a type and action; none where no rule names them.
    pub(super) fn get(&self, kind: usize, action: &str) -> Option<&Slice> {
        self.by_kind.get(kind)?.get(action).map(|slice| &**slice)
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
        let mut rules: Vec<HashMap<Id, Vec<RuleAt>>> =
            vec![HashMap::new(); self.application.types.len()];
        for (book_index, book) in self.books.iter().enumerate() {
            for (index, rule) in book
                .rules
                .iter()
                .enumerate()
                .filter(|(_, rule)| wanted(rule))
            {
                let Some(actions) = rules.get_mut(rule.kind) else {
                    continue;
                };
                for action in &rule.actions {
                    let at = actions.entry(action.clone()).or_default();
                    at.push((book_index, index));
                }
            }
        }
        let by_kind = rules
            .into_iter()
            .map(|actions| {
                actions
                    .into_iter()
                    .map(|(action, rules)| (action, self.slice(rules)))
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

fn add(set: &mut PolicySet, policy: &CompiledPolicy) {
    // Ids are unique by construction; validation would have reported a clash.
    let _ = set.add(policy.policy.clone());
}

/// Every policy that decides about a member's own entries, of all books: what slicing is compared with.
pub(super) fn whole(books: &[&RuleBook]) -> PolicySet {
    let mut set = PolicySet::new();
    for book in books {
        let own = |rule: usize| {
            let rule = book.rules.get(rule);
            rule.is_some_and(|rule| rule.delegation.is_none())
        };
        for policy in book.policies.iter().filter(|policy| own(policy.rule)) {
            let _ = set.add(policy.policy.clone());
        }
    }
    set
}
