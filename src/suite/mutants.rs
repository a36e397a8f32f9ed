//! Would a case notice if a rule were written otherwise? Each rule is taken away, each grant's scope widened to the whole
//! tenant, each condition dropped, one at a time, and the cases asked again until one gets another answer than it expects.
//!
//! Only the changed rule is compiled again. The cases that the rule has a part in are asked first, so that nearly every
//! mutant is noticed by the first question; only one that is not has all of them asked.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::reasons::{Stale, reason_of, reasons_at};
use super::rules::RuleName;
use super::run::{is_as_expected, question};
use crate::compile::Effect;
use crate::document::Scope;
use crate::model::{Case, Edit, Id, Model, Suite};
use crate::parallel;
use crate::snapshot::{Asking, Snapshot, Variant, WrittenRule, evaluate};
use crate::source::{Sources, Span};

/// What is changed of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mutation {
    /// The rule is taken away.
    Remove,
    /// The grant reaches the whole tenant.
    WidenScope,
    /// The condition is dropped.
    DropWhen,
}

impl Mutation {
    /// Every mutation.
    pub const ALL: [Self; 3] = [Self::Remove, Self::WidenScope, Self::DropWhen];

    /// The word for it in output, and in comments that give a reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::WidenScope => "widen-scope",
            Self::DropWhen => "drop-when",
        }
    }

    fn edit(self) -> Edit {
        match self {
            Self::Remove => Edit::Remove,
            Self::WidenScope => Edit::WidenScope,
            Self::DropWhen => Edit::DropWhen,
        }
    }

    /// Whether a rule has what is changed.
    fn fits(self, rule: &WrittenRule) -> bool {
        match self {
            Self::Remove => true,
            Self::DropWhen => rule.is_conditional,
            Self::WidenScope => {
                let is_narrow = rule.scope.is_some_and(|scope| scope != Scope::Tenant);
                rule.effect == Effect::Permit && is_narrow
            }
        }
    }
}

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A case got another answer than it expects.
    Noticed,
    /// No case noticed, and the policies say why none can.
    Equivalent(String),
    /// No case noticed.
    Left,
}

/// A rule changed in one way.
#[derive(Debug)]
pub struct Mutant {
    /// The rule.
    pub rule: RuleName,
    /// What is changed of it.
    pub mutation: Mutation,
    /// Where the rule was written.
    pub span: Span,
    /// What became of it.
    pub fate: Fate,
}

/// What became of every mutant.
#[derive(Debug)]
pub struct Mutations {
    /// In the order of files.
    pub mutants: Vec<Mutant>,
    /// Reasons that are not needed.
    pub stale: Vec<Stale>,
}

impl Mutations {
    /// The mutants that no case notices and nothing is said about.
    pub fn left(&self) -> impl Iterator<Item = &Mutant> {
        self.mutants
            .iter()
            .filter(|mutant| mutant.fate == Fate::Left)
    }
}

/// Mutants that one thread takes at a time.
const MUTANTS_AT_ONCE: usize = 4;

/// Asks the wanted cases of every mutant; those without a moment of their own ask about `now`, in milliseconds since 1970.
/// All of them must get the answers that they expect as the policies are. `progress` is told how many mutants are done,
/// and of how many.
pub fn mutate(
    model: &Model,
    snapshot: &Snapshot,
    sources: &Sources,
    now: i64,
    wanted: impl Fn(&Suite, &Case) -> bool,
    progress: impl Fn(usize, usize) + Sync,
) -> Mutations {
    let rules = snapshot.written_rules();
    let asker = Asker::new(model, snapshot, sources, now, wanted);
    let mutants: Vec<(&WrittenRule, Mutation)> = rules
        .iter()
        .flat_map(|rule| Mutation::ALL.map(|mutation| (rule, mutation)))
        .filter(|(rule, mutation)| mutation.fits(rule))
        .collect();
    let done = AtomicUsize::new(0);
    let noticed = parallel::map(&mutants, MUTANTS_AT_ONCE, |some| {
        let one = |(rule, mutation): &(&WrittenRule, Mutation)| {
            let noticed = asker.notices(rule, *mutation);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, mutants.len());
            noticed
        };
        some.iter().map(one).collect::<Vec<_>>()
    });
    let mut found = Mutations {
        mutants: Vec::new(),
        stale: Vec::new(),
    };
    let mut needed: HashSet<(Span, Mutation)> = HashSet::new();
    for ((rule, mutation), noticed) in mutants.iter().zip(noticed.into_iter().flatten()) {
        let reasons = reasons_at(sources, rule.span);
        let fate = match (noticed, reason_of(&reasons, *mutation)) {
            (None, _) => continue,
            (Some(true), _) => Fate::Noticed,
            (Some(false), Some(reason)) => Fate::Equivalent(reason.to_owned()),
            (Some(false), None) => Fate::Left,
        };
        if fate != Fate::Noticed {
            needed.insert((rule.span, *mutation));
        }
        found.mutants.push(Mutant {
            rule: RuleName::of(rule, snapshot),
            mutation: *mutation,
            span: rule.span,
            fate,
        });
    }
    for rule in &rules {
        for (word, _) in reasons_at(sources, rule.span) {
            let mut known = Mutation::ALL.iter();
            let mutation = known.find(|mutation| mutation.as_str() == word);
            if mutation.is_none_or(|mutation| !needed.contains(&(rule.span, *mutation))) {
                found.stale.push(Stale {
                    rule: RuleName::of(rule, snapshot),
                    span: rule.span,
                    mutation: word.to_owned(),
                });
            }
        }
    }
    found
}

/// A case, and what it has to do with the rules as they are.
struct Asked<'m> {
    suite: &'m Suite,
    case: &'m Case,
    application: usize,
}

/// Asks cases of mutants.
struct Asker<'a> {
    snapshot: &'a Snapshot,
    sources: &'a Sources,
    now: i64,
    cases: Vec<Asked<'a>>,
    /// The cases that a rule has a part in, as indices.
    by_rule: HashMap<Span, Vec<usize>>,
}

impl<'a> Asker<'a> {
    fn new(
        model: &'a Model,
        snapshot: &'a Snapshot,
        sources: &'a Sources,
        now: i64,
        wanted: impl Fn(&Suite, &Case) -> bool,
    ) -> Self {
        let mut asker = Self {
            snapshot,
            sources,
            now,
            cases: Vec::new(),
            by_rule: HashMap::new(),
        };
        for suite in model.suites.iter() {
            for case in suite.cases.iter().filter(|case| wanted(suite, case)) {
                asker.add(suite, case);
            }
        }
        asker
    }

    /// Takes up a case. One that is about no tenant depends on no rule.
    fn add(&mut self, suite: &'a Suite, case: &'a Case) {
        let question = question(suite, case);
        let now = case.at.unwrap_or(self.now);
        let evaluation = evaluate(self.snapshot, &question, now, Asking::EXPLAINED);
        let Some(tenant) = evaluation.tenant else {
            return;
        };
        for rule in &evaluation.rules {
            let cases = self.by_rule.entry(rule.origin.span).or_default();
            cases.push(self.cases.len());
        }
        self.cases.push(Asked {
            suite,
            case,
            application: tenant.application_index(),
        });
    }

    /// Whether a case notices; nothing where the change is none.
    fn notices(&self, rule: &WrittenRule, mutation: Mutation) -> Option<bool> {
        let variant = self.snapshot.variant(
            rule.application,
            rule.tenant.as_ref(),
            HashSet::from([rule.span]),
            mutation.edit(),
            self.sources,
        )?;
        let mut last = None;
        let first = self.by_rule.get(&rule.span).into_iter().flatten();
        let first = first.filter_map(|index| self.cases.get(*index));
        let mut cases = first.chain(&self.cases);
        Some(cases.any(|asked| {
            let is_concerned = asked.application == rule.application
                && variant.concerns(&asked.suite.tenant)
                && variant.reaches(&asked.case.resource_type, &asked.case.action);
            is_concerned && self.differs(asked, &variant, &mut last)
        }))
    }

    /// Whether a case gets another answer; the snapshot that is asked is kept for the next case about the same tenant.
    fn differs(
        &self,
        asked: &Asked<'a>,
        variant: &Variant<'_>,
        last: &mut Option<(&'a Id, Snapshot)>,
    ) -> bool {
        let tenant = &asked.suite.tenant;
        let kept = last.take().filter(|(known, _)| *known == tenant);
        let (_, snapshot) =
            last.insert(kept.unwrap_or_else(|| (tenant, variant.snapshot_for(tenant))));
        let question = question(asked.suite, asked.case);
        let now = asked.case.at.unwrap_or(self.now);
        !is_as_expected(asked.case, snapshot.decide(&question, now).reason)
    }
}
