//! From a rule with everything looked up to the texts of its policies, and to what is asked for it.

use std::sync::Arc;

use cedar_policy::Expression;

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
        let reaches = draft.coverage != Coverage::Never && !draft.never_met;
        if reaches {
            self.policies(&draft, &id);
            self.author(&draft);
        }
        let remainder = reaches.then(|| self.remainder(&draft)).flatten();
        let needs = needs(&draft, remainder.as_ref());
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
            assignment: draft.assignment,
            never_met: draft.never_met,
            remainder,
            needs,
            condition: draft.condition.cloned().map(Arc::new),
        }));
    }

    /// The policies that decide what the rule decides.
    fn policies(&mut self, draft: &Draft<'_>, id: &str) {
        if draft.decides_by_failing() {
            self.policy(draft, id, Stage::Conditioned);
        }
        if draft.assignment != Assignment::Never {
            self.policy(draft, id, Stage::Whole);
        }
    }

    /// What is the author's own of a rule: a policy of its condition alone, for validation.
    fn author(&mut self, draft: &Draft<'_>) {
        let (Some(condition), Some(kind)) = (draft.condition, self.kind(draft.kind)) else {
            return;
        };
        let mut text = PolicyText::of_any_action(draft.effect.as_cedar(), &kind.cedar_name);
        text.condition(condition, draft.effect);
        self.sourcing.authored.insert((draft.kind, text.policy().0));
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
        let actions: Vec<&str> = draft.actions.iter().map(|action| &***action).collect();
        let mut text = PolicyText::new(
            draft.effect.as_cedar(),
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
    fn remainder(&mut self, draft: &Draft<'_>) -> Option<Remainder> {
        let Some(condition) = draft.condition else {
            return Some(Remainder::Nothing);
        };
        if let Some(formula) = &condition.formula {
            let guards = condition.guarded();
            return Some(Remainder::Condition {
                formula: formula.clone(),
                guards: guards
                    .map(|read| Fact::new(read.root, &read.name))
                    .collect(),
            });
        }
        let mut text = PolicyText::of_any_action(draft.effect.as_cedar(), "");
        text.condition(condition, draft.effect);
        match text.expression().parse::<Expression>() {
            Ok(expression) => Some(Remainder::Whole(expression)),
            Err(error) => {
                let message = format!("the policy made from this rule does not parse: {error}");
                self.diagnostics
                    .report(Code::Internal, draft.origin.span, message);
                None
            }
        }
    }

    fn policy(&mut self, draft: &Draft<'_>, id: &str, stage: Stage) {
        let Some(text) = self.text(draft, id, stage) else {
            return;
        };
        let id = policy_id(id, stage);
        let (text, range) = text.policy();
        self.book.by_id.insert(id.clone(), self.book.policies.len());
        self.book
            .policies
            .push(CompiledPolicy::new(id, text, self.book.rules.len(), stage));
        self.sourcing.placed.push(match (draft.condition, range) {
            (Some(condition), Some(range)) => Placed::Condition(Box::new(condition.clone()), range),
            _ => Placed::Compiled,
        });
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
        if let Some(condition) = draft.condition {
            text.condition(condition, draft.effect);
        }
        if let (Stage::Whole, Assignment::When(clause)) = (stage, draft.assignment) {
            text.when(clause.text());
        }
    }
}

/// What is read of entities where the engine is asked about them.
fn needs(draft: &Draft<'_>, remainder: Option<&Remainder>) -> Needs {
    let clause = match (remainder, draft.assignment) {
        (Some(_), Assignment::When(clause)) => Some(clause.text()),
        _ => None,
    };
    let is_whole = matches!(remainder, Some(Remainder::Whole(_)));
    Needs::of(clause.into_iter(), draft.condition.filter(|_| is_whole))
}
