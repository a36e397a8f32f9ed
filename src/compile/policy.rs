//! Cedar text of one policy, and where the author's condition lies in it.

use std::fmt::Write as _;
use std::ops::Range;

use super::condition::Condition;

/// The text of a policy under construction.
pub struct PolicyText {
    text: String,
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
        let mut text = String::new();
        let _ = writeln!(text, "@id({id:?})\n@source({source:?})");
        let names: Vec<String> = actions
            .iter()
            .map(|action| format!("Action::\"{kind}.{action}\""))
            .collect();
        let actions = match names.as_slice() {
            [one] => format!("action == {one}"),
            _ => format!("action in [{}]", names.join(", ")),
        };
        let _ = writeln!(
            text,
            "{effect} (principal is Account, {actions}, resource is {entity})"
        );
        Self {
            text,
            condition: None,
        }
    }

    /// Adds an expression of the compiler's own that must hold.
    pub fn when(&mut self, expression: &str) {
        let _ = writeln!(self.text, "when {{ {expression} }}");
    }

    /// Adds the author's condition to a grant: it applies only where every attribute that it reads is present.
    pub fn when_condition(&mut self, condition: &Condition) {
        let guards: Vec<String> = guards(condition).collect();
        if !guards.is_empty() {
            self.when(&guards.join(" && "));
        }
        self.text.push_str("when {\n");
        self.author(condition);
        self.text.push_str("\n}\n");
    }

    /// Adds the author's condition to a deny rule: it applies also where an attribute is missing.
    pub fn unless_absent(&mut self, condition: &Condition) {
        let guards: Vec<String> = guards(condition).collect();
        if guards.is_empty() {
            return self.when_condition(condition);
        }
        let _ = writeln!(self.text, "when {{ if ({}) then (", guards.join(" && "));
        self.author(condition);
        self.text.push_str("\n) else true }\n");
    }

    fn author(&mut self, condition: &Condition) {
        let start = self.text.len();
        self.text.push_str(&condition.text);
        self.condition = Some(start..self.text.len());
    }

    /// The finished text, and where the author's condition lies in it.
    pub fn finish(mut self) -> (String, Option<Range<usize>>) {
        let trimmed = self.text.trim_end().len();
        self.text.truncate(trimmed);
        self.text.push(';');
        (self.text, self.condition)
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
