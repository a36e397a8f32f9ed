//! What one reload changed, in brief: which tenants, roles and members came, went or are others, and which of that lets
//! somebody do more.
//!
//! This compares what the files declare, not what is decided: it costs next to nothing, and names every change that can
//! widen what somebody may, some of which turn out to widen nothing. What a change decides otherwise is for `octroi
//! diff` to say, question by question. Names are bounded, counts are not.

mod applications;
mod emails;
mod members;
mod rules;
mod tenants;

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Serialize;

use crate::model::Model;
use crate::source::{SourceId, Sources};

/// Most names that a list gives.
const NAMES_MAX: usize = 20;

/// How many, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Named {
    /// How many there are.
    pub count: usize,
    /// The first twenty.
    pub names: Vec<String>,
}

impl Named {
    fn add(&mut self, name: impl FnOnce() -> String) {
        self.count += 1;
        if self.names.len() < NAMES_MAX {
            self.names.push(name());
        }
    }

    /// The names with something between them, and how many more there are.
    pub fn join(&self, between: &str) -> String {
        let mut text = self.names.join(between);
        if self.count > self.names.len() {
            let _ = write!(text, "{between}and {} more", self.count - self.names.len());
        }
        text
    }
}

/// What became of things of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Those that were not there before.
    pub added: Named,
    /// Those that are not there any more.
    pub removed: Named,
    /// Those that are others than before.
    pub altered: Named,
}

impl Tally {
    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.added.count + self.removed.count + self.altered.count == 0
    }

    fn write(&self, what: &str, text: &mut String) {
        if self.is_empty() {
            return;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        let _ = write!(text, "{what}");
        for (sign, named) in [
            ("+", &self.added),
            ("-", &self.removed),
            ("~", &self.altered),
        ] {
            if named.count > 0 {
                let _ = write!(text, " {sign}{}", named.count);
            }
        }
    }
}

/// What a reload changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Applications, by id.
    pub applications: Tally,
    /// Tenants, by id.
    pub tenants: Tally,
    /// Roles, as `APPLICATION/ROLE` or `TENANT/ROLE`.
    pub roles: Tally,
    /// Members, as `TENANT/ACCOUNT`.
    pub members: Tally,
    /// Declared accounts, as `APPLICATION/ACCOUNT`.
    pub accounts: Tally,
    /// What lets somebody do more, or may.
    pub widenings: Named,
    /// E-mails that belong to another id than before, although ids never change.
    pub moved_emails: Named,
}

/// A folder at one time.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// What it declares.
    pub model: &'a Model,
    /// Its files.
    pub sources: &'a Sources,
}

impl Changes {
    /// What is otherwise after than before.
    pub fn between(before: Side<'_>, after: Side<'_>) -> Self {
        let mut changes = Self::default();
        applications::compare(before, after, &mut changes);
        tenants::compare(before, after, &mut changes);
        changes
    }

    /// Whether nothing that is compared changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every kind of thing, with its word in metrics.
    pub fn tallies(&self) -> [(&'static str, &Tally); 3] {
        [
            ("tenant", &self.tenants),
            ("role", &self.roles),
            ("member", &self.members),
        ]
    }

    fn kinds(&self) -> [(&'static str, &Tally); 5] {
        [
            ("applications", &self.applications),
            ("tenants", &self.tenants),
            ("roles", &self.roles),
            ("members", &self.members),
            ("accounts", &self.accounts),
        ]
    }

    /// All of it in one line: `tenants ~1, members +1`.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for (what, tally) in self.kinds() {
            tally.write(what, &mut text);
        }
        if text.is_empty() {
            text.push_str("nothing that is declared");
        }
        text
    }

    /// Who and what came (`+`), went (`-`) or is otherwise (`~`), by name, a few of each.
    pub fn names(&self) -> String {
        let mut lists = Vec::new();
        for (what, tally) in self.kinds() {
            for (sign, named) in [
                ("-", &tally.removed),
                ("+", &tally.added),
                ("~", &tally.altered),
            ] {
                if named.count > 0 {
                    lists.push(format!("{sign}{what} {}", named.join(", ")));
                }
            }
        }
        lists.join("; ")
    }

    fn widens(&mut self, sentence: impl FnOnce() -> String) {
        self.widenings.add(sentence);
    }
}

/// What became of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    Same,
    Other,
}

/// Goes through things by name: those that came and went, and those that `became` compares.
fn each<'a, K, V: 'a>(
    before: impl Fn(&K) -> Option<&'a V>,
    after: impl Iterator<Item = (&'a K, &'a V)>,
    gone: impl Iterator<Item = &'a K>,
    mut tally: impl FnMut(&K, Fate<'a, V>),
) where
    K: 'a,
{
    for (name, now) in after {
        match before(name) {
            None => tally(name, Fate::Added(now)),
            Some(then) => tally(name, Fate::Stayed(then, now)),
        }
    }
    for name in gone {
        tally(name, Fate::Removed);
    }
}

enum Fate<'a, V> {
    Added(&'a V),
    Removed,
    Stayed(&'a V, &'a V),
}

/// Whether files of raw Cedar say the same.
fn same_cedar(before: Side<'_>, then: &[SourceId], after: Side<'_>, now: &[SourceId]) -> bool {
    let texts = |side: Side<'_>, files: &[SourceId]| -> Vec<(Arc<str>, Arc<str>)> {
        let files = files.iter().filter_map(|id| side.sources.get(*id));
        files
            .map(|file| (file.path().into(), file.text().into()))
            .collect()
    };
    texts(before, then) == texts(after, now)
}

/// Names in backticks, a few of them.
fn quoted<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const FEW: usize = 6;
    let names: Vec<&str> = names.into_iter().collect();
    let mut text = String::new();
    for (index, name) in names.iter().take(FEW).enumerate() {
        let between = if index > 0 { ", " } else { "" };
        let _ = write!(text, "{between}`{name}`");
    }
    if names.len() > FEW {
        let _ = write!(text, " and {} more", names.len() - FEW);
    }
    text
}

#[cfg(test)]
mod tests;
