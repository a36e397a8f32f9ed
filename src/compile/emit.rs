//! From a rule with everything looked up to its policies: the one that decides, and those that explain a deny.

use std::sync::Arc;

use cedar_policy::{Policy, PolicyId};

use super::condition::Condition;
use super::coverage::{Assignment, Coverage};
use super::policy::PolicyText;
use super::rules::{Compiler, Effect, Placed, Rule, Stage};
use super::{CompiledPolicy, Origin};
use crate::diagnostic::Code;
use crate::model::Id;

/// One rule on its way to policies.
pub(super) struct Draft<'a> {
    pub(super) id: String,
    pub(super) effect: Effect,
    pub(super) holders: Vec<String>,
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

impl Compiler<'_> {
    pub(super) fn emit(&mut self, draft: Draft<'_>) {
        let rule = self.book.rules.len();
        let id = self.rule_id(&draft);
        self.book.rules.push(Rule {
            id,
            origin: draft.origin.clone(),
            effect: draft.effect,
            kind: draft.kind,
            actions: draft
                .actions
                .iter()
                .map(|action| (*action).clone())
                .collect(),
            policies: Vec::new(),
            delegation: draft.delegation,
            is_raw: false,
            condition: draft.condition.cloned().map(Arc::new),
        });
        if draft.coverage == Coverage::Never {
            return;
        }
        if draft.effect == Effect::Permit && (draft.condition.is_some() || draft.never_met) {
            self.policy(&draft, rule, Stage::Covered);
        }
        if draft.never_met {
            return;
        }
        if draft.assignment != Assignment::None {
            self.policy(&draft, rule, Stage::Conditioned);
        }
        if draft.assignment != Assignment::Never {
            self.policy(&draft, rule, Stage::Whole);
        }
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

    fn policy(&mut self, draft: &Draft<'_>, rule: usize, stage: Stage) {
        let Some(kind) = self.kind(draft.kind) else {
            return;
        };
        let suffix = match stage {
            Stage::Covered => "?covered",
            Stage::Conditioned => "?conditioned",
            Stage::Whole => "",
        };
        let id = format!(
            "{}{suffix}",
            self.book.rules.get(rule).map_or("", |rule| &rule.id)
        );
        let effect = match draft.effect {
            Effect::Permit => "permit",
            Effect::Forbid => "forbid",
        };
        let actions: Vec<&str> = draft.actions.iter().map(|action| &***action).collect();
        let mut text = PolicyText::new(
            effect,
            &id,
            &draft.origin.place,
            &kind.cedar_name,
            &kind.name,
            &actions,
        );
        self.fill(&mut text, draft, stage);
        let (text, range) = text.finish();
        match Policy::parse(Some(PolicyId::new(&id)), &text) {
            Ok(policy) => {
                let index = self.book.policies.len();
                self.book.by_id.insert(id.clone(), index);
                self.book.policies.push(CompiledPolicy {
                    id,
                    text,
                    policy,
                    rule,
                    stage,
                    decides_by_failing: draft.assignment == Assignment::Never
                        && draft.condition.is_some()
                        && stage == Stage::Conditioned,
                });
                self.sourcing.placed.push(match (draft.condition, range) {
                    (Some(condition), Some(range)) => {
                        Placed::Condition(Box::new(condition.clone()), range)
                    }
                    _ => Placed::Compiled,
                });
                if let Some(rule) = self.book.rules.get_mut(rule) {
                    rule.policies.push(index);
                }
            }
            Err(error) => {
                let message = format!("the policy made from this rule does not parse: {error}");
                self.diagnostics
                    .report(Code::Internal, draft.origin.span, message);
            }
        }
    }

    fn fill(&self, text: &mut PolicyText, draft: &Draft<'_>, stage: Stage) {
        text.when("principal[\"octroi.entry\"].tenant == resource[\"octroi.place\"].tenant");
        if let Some(tenant) = self.tenant {
            text.when(&format!(
                "resource[\"octroi.place\"].tenant == {:?}",
                &**tenant
            ));
        }
        for holder in &draft.holders {
            text.when(holder);
        }
        if let Coverage::When(expression) = draft.coverage {
            text.when(expression);
        }
        if stage == Stage::Covered {
            return;
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
