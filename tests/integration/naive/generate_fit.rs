//! Values with which a condition may hold.

use serde_json::{Value as Json, json};

use super::cond::{Cond, Path, Piece, Root, Term};
use super::generate_question::Draft;
use super::generate_values::{
    PERSONS, SUB_ACCOUNTS, TEAMS, count_of, percent, pick, pick_text, value,
};
use super::value::Type;

impl Draft<'_> {
    /// Sets what the condition reads to values with which it may hold.
    pub(super) fn fit_condition(&mut self, when: &Cond) {
        for path in when.names() {
            let kind = self.type_of(path);
            if path.name == "id" || path.name == "now" || percent(self.rng, 8) {
                continue;
            }
            let value = self.suggestion(when, path, kind);
            let (properties, chance) = match path.root {
                Root::Resource => {
                    let is_set = self.question.resource.contains_key(&path.name);
                    (&mut self.question.resource, if is_set { 40 } else { 95 })
                }
                Root::Principal => (&mut self.question.subject, 70),
                Root::Context => (&mut self.question.context, 97),
                Root::Action => (&mut self.question.action, 97),
            };
            if percent(self.rng, chance) {
                properties.insert(path.name.clone(), value);
            }
        }
    }

    fn type_of(&self, path: &Path) -> Type {
        let declared = match path.root {
            Root::Principal => &self.app.account_attributes,
            Root::Resource => self.app.attributes(&self.question.resource_type),
            Root::Context => &self.app.context,
            Root::Action => &self.app.action_context,
        };
        let standard = match (path.root, path.name.as_str()) {
            (Root::Resource, "sub_accounts" | "teams") => Type::Strings,
            _ => Type::String,
        };
        let found = declared
            .iter()
            .find(|attribute| attribute.name == path.name);
        found.map_or(standard, |attribute| attribute.kind)
    }

    fn suggestion(&mut self, when: &Cond, path: &Path, kind: Type) -> Json {
        if kind == Type::Long && percent(self.rng, 12) {
            return json!(if self.rng.bool() { i64::MAX } else { i64::MIN });
        }
        let mut found = Vec::new();
        suggestions(when, path, kind, &mut found);
        found.retain(|json| kind.read(json).is_some());
        if percent(self.rng, 75)
            && let Some(json) = pick(self.rng, &found)
        {
            return match json.as_i64() {
                Some(long) => json!(long.saturating_add(self.rng.i64(-2..=2))),
                None => json.clone(),
            };
        }
        let names: &[&str] = match (path.root, path.name.as_str()) {
            (Root::Resource, "owner") => &[&self.question.subject_id],
            (Root::Resource, "sub_account" | "sub_accounts") => &SUB_ACCOUNTS,
            (Root::Resource, "team" | "teams") => &TEAMS,
            (Root::Principal, "person") => &PERSONS,
            _ => return value(self.rng, kind),
        };
        if kind == Type::Strings {
            json!(count_of(self.rng, names, 2))
        } else {
            json!(pick_text(self.rng, names))
        }
    }
}

/// What the condition compares the attribute with.
fn suggestions(when: &Cond, path: &Path, kind: Type, found: &mut Vec<Json>) {
    for part in when.parts() {
        suggestions(part, path, kind, found);
    }
    let terms = when.terms();
    if !terms.iter().any(|term| reads(term, path)) {
        return;
    }
    if let Cond::Like(_, pattern) = when {
        let text = pattern.iter().map(|piece| match piece {
            Piece::Star => "z",
            Piece::Text(text) => text,
        });
        found.push(json!(text.collect::<String>()));
    }
    for term in terms {
        if let Term::Lit(literal) = term {
            match (&literal.json, kind) {
                (Json::Array(items), Type::String) => found.extend(items.iter().cloned()),
                (Json::String(_) | Json::Number(_), Type::Strings | Type::Longs) => {
                    found.push(json!([literal.json]));
                }
                (json, _) => found.push(json.clone()),
            }
        }
    }
}

fn reads(term: &Term, path: &Path) -> bool {
    match term {
        Term::Read(read) => read == path,
        Term::Lit(_) => false,
        Term::Add(left, right) | Term::Sub(left, right) | Term::Mul(left, right) => {
            reads(left, path) || reads(right, path)
        }
    }
}
