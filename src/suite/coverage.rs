//! Which grants, deny rules and conditions the cases exercise.
//!
//! A rule is exercised by a case that it decides: an allow that it gives, a deny that it makes. A condition is exercised
//! by a case in which it does not hold where all else of its rule fits; that it holds somewhere the rule itself shows.
//! Whether it fails is found out by asking the same cases where no rule has a condition: a rule that decides there, and
//! does not here, was kept from it by its condition. What no case can exercise is not counted if the policies say why, as
//! they do for mutants.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::mutants::Mutation;
use super::reasons::{reason_of, reasons_at};
use super::rules::{Part, RuleName};
use super::run::question;
use crate::compile::Effect;
use crate::model::{Case, Edit, Id, Model, Suite};
use crate::parallel;
use crate::snapshot::{Asking, Question, Reason, Snapshot, Variant, WrittenRule, evaluate};
use crate::source::{Sources, Span};

/// What the cases exercise of a policy folder.
#[derive(Debug)]
pub struct Coverage {
    /// Everything that could be exercised, in the order of files.
    pub points: Vec<Point>,
}

/// Something that a case should exercise.
#[derive(Debug)]
pub struct Point {
    /// The rule.
    pub rule: RuleName,
    /// Whether it is the rule's condition, and not the rule as a whole.
    pub is_condition: bool,
    /// Where the rule was written.
    pub span: Span,
    /// Whether a case exercises it.
    pub exercised: bool,
}

impl Coverage {
    /// How many points are exercised.
    pub fn exercised(&self) -> usize {
        self.points.iter().filter(|point| point.exercised).count()
    }

    /// Exercised points of a hundred; all where there is nothing to exercise.
    pub fn percent(&self) -> f64 {
        match self.points.len() {
            0 => 100.0,
            all => 100.0 * self.exercised() as f64 / all as f64,
        }
    }
}

/// A rule that decided a case, and for which type: without its condition a rule under `*` may be about more types.
type Decided = (Span, usize);

/// Finds out what the wanted cases exercise; those without a moment of their own ask about `now`, in milliseconds since
/// 1970.
pub fn coverage(
    model: &Model,
    snapshot: &Snapshot,
    sources: &Sources,
    now: i64,
    wanted: impl Fn(&Suite, &Case) -> bool,
) -> Coverage {
    let rules = snapshot.written_rules();
    let bare = Bare::new(snapshot, sources, &rules);
    let groups = groups(model, wanted);
    let asked = parallel::map(&groups, TENANTS_AT_ONCE, |groups| {
        let mut exercised = Exercised::default();
        for group in groups {
            bare.ask(group, now, &mut exercised);
        }
        exercised
    });
    let mut exercised = Exercised::default();
    for more in asked {
        exercised.decided.extend(more.decided);
        exercised.failed.extend(more.failed);
    }
    let mut points = Vec::new();
    for rule in &rules {
        let name = RuleName::of(rule, snapshot);
        let is_in = |found: &HashSet<Decided>| {
            let mut kinds = rule.kinds.iter();
            kinds.any(|kind| found.contains(&(rule.span, *kind)))
        };
        if rule.is_conditional {
            points.push(Point {
                rule: name.clone(),
                is_condition: true,
                span: rule.span,
                exercised: is_in(&exercised.failed),
            });
        }
        points.push(Point {
            rule: name,
            is_condition: false,
            span: rule.span,
            exercised: is_in(&exercised.decided),
        });
    }
    points.retain(|point| point.exercised || !is_excused(sources, point));
    points.sort_by_key(|point| (point.span, point.is_condition));
    Coverage { points }
}

/// Whether the policies say why no case can notice the rule, or its condition: then none needs to.
fn is_excused(sources: &Sources, point: &Point) -> bool {
    let mutation = match point.is_condition {
        true => Mutation::DropWhen,
        false => Mutation::Remove,
    };
    reason_of(&reasons_at(sources, point.span), mutation).is_some()
}

/// Tenants whose cases one thread asks at a time.
const TENANTS_AT_ONCE: usize = 4;

/// The cases about one tenant.
struct Group<'m> {
    tenant: &'m Id,
    cases: Vec<(&'m Suite, &'m Case)>,
}

fn groups(model: &Model, wanted: impl Fn(&Suite, &Case) -> bool) -> Vec<Group<'_>> {
    let mut groups: IndexMap<&Id, Vec<(&Suite, &Case)>> = IndexMap::new();
    for suite in model.suites.iter() {
        let cases = suite.cases.iter().map(|case| (suite, case));
        let cases = cases.filter(|(suite, case)| wanted(suite, case));
        groups.entry(&suite.tenant).or_default().extend(cases);
    }
    let groups = groups.into_iter();
    groups
        .map(|(tenant, cases)| Group { tenant, cases })
        .collect()
}

#[derive(Default)]
struct Exercised {
    /// Rules that decided.
    decided: HashSet<Decided>,
    /// Rules that only their condition kept from deciding.
    failed: HashSet<Decided>,
}

/// The rules that lose their conditions together. Whatever grants hides what a delegation would have, and whatever
/// denies hides both, so that each kind is asked for itself.
const KINDS: [Part; 3] = [Part::Grant, Part::Deny, Part::Delegation];

fn is_of(rule: &WrittenRule, kind: Part) -> bool {
    match kind {
        Part::Delegation => rule.is_handed_on,
        Part::Deny => rule.effect == Effect::Forbid,
        _ => rule.effect == Effect::Permit && !rule.is_handed_on,
    }
}

/// The snapshot, and what it would be without conditions.
struct Bare<'a> {
    snapshot: &'a Snapshot,
    sources: &'a Sources,
    /// The applications' rules without conditions.
    shared: Vec<Variant<'a>>,
    /// Conditional rules of tenants' own, by tenant.
    own: HashMap<&'a Id, Vec<&'a WrittenRule>>,
}

impl<'a> Bare<'a> {
    fn new(snapshot: &'a Snapshot, sources: &'a Sources, rules: &'a [WrittenRule]) -> Self {
        let conditional = || rules.iter().filter(|rule| rule.is_conditional);
        let mut shared = Vec::new();
        for application in 0..snapshot.application_ids().count() {
            for kind in KINDS {
                let is_meant = |rule: &&WrittenRule| {
                    rule.application == application && rule.tenant.is_none() && is_of(rule, kind)
                };
                let spans = conditional().filter(is_meant).map(|rule| rule.span);
                shared.extend(without(
                    snapshot,
                    sources,
                    application,
                    None,
                    spans.collect(),
                ));
            }
        }
        let mut own: HashMap<&Id, Vec<&WrittenRule>> = HashMap::new();
        for rule in conditional() {
            if let Some(tenant) = &rule.tenant {
                own.entry(tenant).or_default().push(rule);
            }
        }
        Self {
            snapshot,
            sources,
            shared,
            own,
        }
    }

    /// What a tenant would be without conditions, kind by kind.
    fn of_tenant(&self, tenant: &Id) -> Vec<Snapshot> {
        let own = self.own.get(tenant).map_or(&[][..], Vec::as_slice);
        let own = KINDS.into_iter().filter_map(|kind| {
            let meant = || own.iter().filter(|rule| is_of(rule, kind));
            let application = meant().next()?.application;
            let spans = meant().map(|rule| rule.span).collect();
            without(
                self.snapshot,
                self.sources,
                application,
                Some(tenant),
                spans,
            )
        });
        let own: Vec<Snapshot> = own.map(|variant| variant.snapshot_for(tenant)).collect();
        let shared = self.shared.iter();
        shared
            .filter(|variant| variant.concerns(tenant))
            .map(|variant| variant.snapshot_for(tenant))
            .chain(own)
            .collect()
    }

    fn ask(&self, group: &Group<'_>, now: i64, exercised: &mut Exercised) {
        let without_conditions = self.of_tenant(group.tenant);
        for (suite, case) in &group.cases {
            let question = question(suite, case);
            let now = case.at.unwrap_or(now);
            let decided = decided(self.snapshot, &question, now);
            for bare in &without_conditions {
                let more = self::decided(bare, &question, now);
                exercised.failed.extend(more.difference(&decided));
            }
            exercised.decided.extend(decided);
        }
    }
}

fn without<'a>(
    snapshot: &'a Snapshot,
    sources: &'a Sources,
    application: usize,
    tenant: Option<&Id>,
    spans: HashSet<Span>,
) -> Option<Variant<'a>> {
    if spans.is_empty() {
        return None;
    }
    snapshot.variant(application, tenant, spans, Edit::DropWhen, sources)
}

/// The rules that decide a question.
fn decided(snapshot: &Snapshot, question: &Question<'_>, now: i64) -> HashSet<Decided> {
    let evaluation = evaluate(snapshot, question, now, Asking::EXPLAINED);
    let by_rule = evaluation.reason.allows() || evaluation.reason == Reason::DeniedByRule;
    let rules = evaluation.rules.iter().filter(|_| by_rule);
    rules.map(|rule| (rule.origin.span, rule.kind)).collect()
}
