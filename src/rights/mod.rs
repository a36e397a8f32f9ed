//! What somebody may do, taken apart: for each action of each type the rows that allow it. `diff` compares these,
//! `matrix` and `what` print them.
//!
//! They are made from the compiled rules, the same that decide, and say everything that a decision looks at but the
//! values that conditions read: a condition stays a text. Raw Cedar is not taken apart.

mod holder;
mod row;
mod rules;
mod table;

use std::collections::{BTreeMap, BTreeSet};

pub use holder::{Who, assignable, of_member, of_role};
pub(crate) use holder::{teams, until};
pub use row::{Atom, Clause, Reach, Row, Words};
pub(crate) use row::{end_in_words, roles_in_words};
pub use rules::{Book, Scene};
pub use table::{Cell, Column, Table, tables};
pub(crate) use table::{Lens, by_member, by_role};

use indexmap::IndexMap;

use crate::model::{Application, Id};

/// A type and an action of it.
pub type Key = (Id, Id);

/// What somebody may do. What is not there is not allowed at all.
pub type Rights = BTreeMap<Key, Vec<Row>>;

/// What changed of one action of a type.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The type.
    pub kind: Id,
    /// The action.
    pub action: Id,
    /// What allowed it.
    pub before: Vec<Row>,
    /// What allows it.
    pub after: Vec<Row>,
    /// Whether something may be allowed that was not.
    pub gained: bool,
    /// Whether something may be denied that was not.
    pub lost: bool,
}

impl Item {
    /// Type and action.
    pub fn key(&self) -> Key {
        (self.kind.clone(), self.action.clone())
    }
}

impl Item {
    /// Whether something is allowed that was not, whatever conditions turn out to be; where a condition is written
    /// otherwise, it may be.
    pub fn surely_gains(&self) -> bool {
        self.gained && (!self.lost || self.after.iter().any(|row| row.surely_adds(&self.before)))
    }

    /// Whether something is denied that was not, whatever conditions turn out to be.
    pub fn surely_loses(&self) -> bool {
        self.lost && (!self.gained || self.before.iter().any(|row| row.surely_adds(&self.after)))
    }
}

/// What changed from some rights to others: nothing for actions whose rows cover each other.
pub fn compare(before: &Rights, after: &Rights) -> Vec<Item> {
    let keys: BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
    let none = Vec::new();
    let changed = keys.into_iter().filter_map(|key| {
        let (old, new) = (
            before.get(key).unwrap_or(&none),
            after.get(key).unwrap_or(&none),
        );
        let gained = new.iter().any(|row| !row.is_covered(old));
        let lost = old.iter().any(|row| !row.is_covered(new));
        (gained || lost).then(|| Item {
            kind: key.0.clone(),
            action: key.1.clone(),
            before: old.clone(),
            after: new.clone(),
            gained,
            lost,
        })
    });
    changed.collect()
}

/// Actions that are allowed in the same way, together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The types; `every type` where it is all of them.
    pub types: String,
    /// The actions; `every action` where it is all of each.
    pub actions: String,
    /// How, in words.
    pub how: String,
}

/// Rights on as few lines as they take.
pub fn lines(rights: &Rights, application: &Application) -> Vec<Line> {
    let mut by_type: IndexMap<(&Id, String), Vec<&Id>> = IndexMap::new();
    for kind in application.types.values() {
        for action in &kind.actions {
            if let Some(rows) = rights.get(&(kind.name.clone(), action.clone())) {
                by_type
                    .entry((&kind.name, in_words(rows)))
                    .or_default()
                    .push(action);
            }
        }
    }
    let mut lines: IndexMap<(String, String), Vec<&Id>> = IndexMap::new();
    for ((kind, how), actions) in by_type {
        let declared = application
            .types
            .get(kind)
            .map_or(0, |kind| kind.actions.len());
        let names = match declared == actions.len() {
            true => "every action".to_owned(),
            false => join(actions),
        };
        lines.entry((names, how)).or_default().push(kind);
    }
    let all = application.types.len();
    let line = |((actions, how), types): ((String, String), Vec<&Id>)| Line {
        types: match types.len() == all {
            true => "every type".to_owned(),
            false => join(types),
        },
        actions,
        how,
    };
    lines.into_iter().map(line).collect()
}

/// Rows in words, any of which allows.
pub fn in_words(rows: &[Row]) -> String {
    let mut words: Vec<String> = Vec::new();
    for row in rows {
        let text = row.words();
        if !words.contains(&text) {
            words.push(text);
        }
    }
    words.join(" or ")
}

fn join(ids: Vec<&Id>) -> String {
    let names: Vec<&str> = ids.into_iter().map(|id| &**id).collect();
    names.join(", ")
}
