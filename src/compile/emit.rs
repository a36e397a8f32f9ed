//! From a rule with everything looked up to its policy, and to the expressions that are asked for it.

use std::sync::Arc;

use cedar_policy::{Expression, Policy, PolicyId};

use super::condition::Condition;
use super::coverage::{Assignment, Coverage};
use super::needs::Needs;
use super::policy::PolicyText;
use super::rules::{Compiler, Effect, Holders, Placed, Remainder, Rule, Stage};
use super::{CompiledPolicy, Origin};
use crate::diagnostic::Code;
use crate::engine::Fact;
use crate::model::Id;

/// One rule on its way to policies.
pub(super) struct Draft<'a> {
    pub(super) id: String,
    pub(super) effect: Effect,
    pub(super) holders: Holders,
    pub(super) origin: Origin,
    pub(super) kind: usize,
    pub(super) actions: Vec<&'a Id>,
    pub(super) coverage: Coverage,
    pub(super) assignment: Assignment,
    pub(super) condition: Option<&'a Condition>,
    /// The condition reads what this type does not have, so that it never holds: the rule explains a deny only.
    pub(super) never_met: bool,
    pub(super) delegation: Option<usize>,
}

impl Draft<'_> {
    /// It allows nothing, but a condition of it that fails denies: a grant of `role` `assign`, which only explains.
    fn decides_by_failing(&self) -> bool {
        self.assignment == Assignment::Never && self.condition.is_some()
    }
}

/// The id of a rule's policy.
fn policy_id(rule: &str, stage: Stage) -> String {
    match stage {
        Stage::Conditioned => format!("{rule}?conditioned"),
        Stage::Whole => rule.to_owned(),
    }
}

impl Compiler<'_> {
    pub(super) fn emit(&mut self, draft: Draft<'_>) {
        let id = self.rule_id(&draft);
        let mut needs = Needs::default();
        let mut policy = |compiler: &mut Self, stage| {
            let text = compiler.text(&draft, &id, stage)?;
            needs.add(&Needs::of(text.own_clauses(), draft.condition));
            let decides = stage == Stage::Whole || draft.decides_by_failing();
            if decides {
                compiler.policy(&draft, &id, &text, stage);
            }
            Some(text)
        };
        let reaches = draft.coverage != Coverage::Never && !draft.never_met;
        let is_given = draft.assignment != Assignment::None;
        let can_be = draft.assignment != Assignment::Never;
        let conditioned = (reaches && is_given)
            .then(|| policy(self, Stage::Conditioned))
            .flatten();
        let whole = (reaches && can_be)
            .then(|| policy(self, Stage::Whole))
            .flatten();
        let conditioned = conditioned.and_then(|text| self.expression(&draft, &text));
        let whole = whole.and_then(|text| self.asked(&draft, &text));
        self.book.rules.push(Arc::new(Rule {
            id,
            origin: draft.origin.clone(),
            effect: draft.effect,
            kind: draft.kind,
            actions: draft
                .actions
                .iter()
                .map(|action| (*action).clone())
                .collect(),
            raw: None,
            delegation: draft.delegation,
            holders: draft.holders.clone(),
            coverage: draft.coverage,
            never_met: draft.never_met,
            conditioned,
            whole,
            needs,
            condition: draft.condition.cloned().map(Arc::new),
        }));
    }

    /// The id of the next rule: rules of one grant for one type that stand in different ways are numbered.
    fn rule_id(&self, draft: &Draft<'_>) -> String {
        let kind = self.kind(draft.kind).map_or("", |kind| &kind.name);
        let rules = self.book.rules.iter();
        let same = rules
            .filter(|other| other.kind == draft.kind && other.origin.span == draft.origin.span);
        match same.count() {
            0 => format!("{}/{kind}", draft.id),
            others => format!("{}/{kind}.{}", draft.id, others + 1),
        }
    }

    /// The text of a policy for a stage of the rule.
    fn text(&self, draft: &Draft<'_>, id: &str, stage: Stage) -> Option<PolicyText> {
        let kind = self.kind(draft.kind)?;
        let effect = match draft.effect {
            Effect::Permit => "permit",
            Effect::Forbid => "forbid",
        };
        let actions: Vec<&str> = draft.actions.iter().map(|action| &***action).collect();
        let mut text = PolicyText::new(
            effect,
            &policy_id(id, stage),
            &draft.origin.place,
            &kind.cedar_name,
            &kind.name,
            &actions,
        );
        self.fill(&mut text, draft, stage);
        Some(text)
    }

    /// What is left to ask once looking the rule up has answered for its head and its reach.
    fn asked(&mut self, draft: &Draft<'_>, text: &PolicyText) -> Option<Remainder> {
        if draft.assignment == Assignment::None {
            match draft.condition {
                None => return Some(Remainder::Nothing),
                Some(condition) => {
                    if let Some(formula) = &condition.formula {
                        let guards = condition.guarded();
                        return Some(Remainder::Condition {
                            formula: formula.clone(),
                            guards: guards
                                .map(|read| Fact::new(read.root, &read.name))
                                .collect(),
                        });
                    }
                }
            }
        }
        self.expression(draft, text).map(Remainder::Whole)
    }

    /// The policy's own clauses, without its head, which looking the rule up has answered.
    fn expression(&mut self, draft: &Draft<'_>, text: &PolicyText) -> Option<Expression> {
        match text.expression().parse() {
            Ok(expression) => Some(expression),
            Err(error) => {
                self.does_not_parse(draft, &error);
                None
            }
        }
    }

    fn policy(&mut self, draft: &Draft<'_>, id: &str, text: &PolicyText, stage: Stage) {
        let id = policy_id(id, stage);
        let (text, range) = text.policy();
        let policy = match Policy::parse(Some(PolicyId::new(&id)), &text) {
            Ok(policy) => policy,
            Err(error) => return self.does_not_parse(draft, &error),
        };
        self.book.by_id.insert(id.clone(), self.book.policies.len());
        self.book.policies.push(CompiledPolicy {
            id,
            text,
            policy,
            rule: self.book.rules.len(),
            stage,
        });
        self.sourcing.placed.push(match (draft.condition, range) {
            (Some(condition), Some(range)) => Placed::Condition(Box::new(condition.clone()), range),
            _ => Placed::Compiled,
        });
    }

    fn does_not_parse(&mut self, draft: &Draft<'_>, error: &dyn std::fmt::Display) {
        let message = format!("the policy made from this rule does not parse: {error}");
        self.diagnostics
            .report(Code::Internal, draft.origin.span, message);
    }

    fn fill(&self, text: &mut PolicyText, draft: &Draft<'_>, stage: Stage) {
        text.when("principal[\"octroi.entry\"].tenant == resource[\"octroi.place\"].tenant");
        if let Some(tenant) = self.tenant {
            text.when(&format!(
                "resource[\"octroi.place\"].tenant == {:?}",
                &**tenant
            ));
        }
        for clause in draft.holders.clauses() {
            text.when(&clause);
        }
        if let Some(expression) = draft.coverage.expression() {
            text.when(expression);
        }
        match (draft.condition, draft.effect) {
            (Some(condition), Effect::Permit) => text.when_condition(condition),
            (Some(condition), Effect::Forbid) => text.unless_absent(condition),
            (None, _) => {}
        }
        if let (Stage::Whole, Assignment::When(expression)) = (stage, draft.assignment) {
            text.when(expression);
        }
    }
}
