//! Cedar text of one policy, and where the author's condition lies in it.

use std::ops::Range;

use super::condition::Condition;
use super::rules::Effect;

/// A policy under construction: its head, and the expressions that must all hold.
pub struct PolicyText {
    head: String,
    clauses: Vec<Clause>,
}

/// An expression that must hold.
struct Clause {
    text: String,
    /// Where the author's condition lies in it.
    condition: Option<Range<usize>>,
}

impl PolicyText {
    /// Begins a policy over some actions of one entity type. `effect` is `permit` or `forbid`; annotations are its
    /// id and the place in the YAML.
    pub fn new(
        effect: &str,
        id: &str,
        source: &str,
        entity: &str,
        kind: &str,
        actions: &[&str],
    ) -> Self {
        let names: Vec<String> = actions
            .iter()
            .map(|action| format!("Action::\"{kind}.{action}\""))
            .collect();
        let actions = match names.as_slice() {
            [one] => format!("action == {one}"),
            _ => format!("action in [{}]", names.join(", ")),
        };
        let head = format!(
            "@id({id:?})\n@source({source:?})\n{effect} (principal is Account, {actions}, resource is {entity})"
        );
        Self {
            head,
            clauses: Vec::new(),
        }
    }

    /// Begins a policy over every action of one entity type.
    pub fn of_any_action(effect: &str, entity: &str) -> Self {
        Self {
            head: format!("{effect} (principal is Account, action, resource is {entity})"),
            clauses: Vec::new(),
        }
    }

    /// Adds an expression of the compiler's own that must hold.
    pub fn when(&mut self, expression: &str) {
        self.clauses.push(Clause {
            text: format!(" {expression} "),
            condition: None,
        });
    }

    /// Adds the author's condition to a grant, or to a deny rule.
    pub fn condition(&mut self, condition: &Condition, effect: Effect) {
        match effect {
            Effect::Permit => self.when_condition(condition),
            Effect::Forbid => self.unless_absent(condition),
        }
    }

    /// A grant applies only where every attribute that its condition reads is present.
    fn when_condition(&mut self, condition: &Condition) {
        let guards: Vec<String> = guards(condition).collect();
        if !guards.is_empty() {
            self.when(&guards.join(" && "));
        }
        self.author("\n", condition, "\n");
    }

    /// A deny rule applies also where an attribute is missing.
    fn unless_absent(&mut self, condition: &Condition) {
        let guards: Vec<String> = guards(condition).collect();
        if guards.is_empty() {
            return self.when_condition(condition);
        }
        let before = format!(" if ({}) then (\n", guards.join(" && "));
        self.author(&before, condition, "\n) else true ");
    }

    fn author(&mut self, before: &str, condition: &Condition, after: &str) {
        let start = before.len();
        self.clauses.push(Clause {
            text: format!("{before}{}{after}", condition.text),
            condition: Some(start..start + condition.text.len()),
        });
    }

    /// The text of the policy, and where the author's condition lies in it.
    pub fn policy(&self) -> (String, Option<Range<usize>>) {
        let mut text = self.head.clone();
        let mut condition = None;
        for clause in &self.clauses {
            text.push_str("\nwhen {");
            let start = text.len();
            text.push_str(&clause.text);
            text.push('}');
            if let Some(range) = &clause.condition {
                condition = Some(start + range.start..start + range.end);
            }
        }
        text.push(';');
        (text, condition)
    }

    /// What must hold beside the head for the policy to apply, as one expression.
    pub fn expression(&self) -> String {
        let clauses: Vec<String> = self
            .clauses
            .iter()
            .map(|clause| format!("({})", clause.text))
            .collect();
        match clauses.is_empty() {
            true => "true".to_owned(),
            false => clauses.join(" && "),
        }
    }
}

fn guards(condition: &Condition) -> impl Iterator<Item = String> {
    condition
        .guarded()
        .map(|read| format!("{} has {:?}", read.root.as_cedar(), read.name))
}

/// A list of texts as a Cedar set.
pub fn set<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("{item:?}")).collect();
    format!("[{}]", items.join(", "))
}
