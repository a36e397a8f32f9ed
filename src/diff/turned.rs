//! The cases of the `tests` documents that are answered otherwise.

use std::collections::{HashMap, HashSet};

use super::Side;
use crate::model::{Case, Id, Suite};
use crate::suite;

/// A case that turned.
#[derive(Debug, Clone, PartialEq)]
pub struct Turned {
    /// The suite's title.
    pub suite: Id,
    /// The case's name, or its question in words.
    pub name: String,
    /// Whether the author named it.
    pub is_named: bool,
    /// Its question in words, with its properties where another case that turned is asked in the same words.
    pub question: String,
    /// `file:line`, on the side that has it, the new one if both do.
    pub place: String,
    /// The tenant.
    pub tenant: Id,
    /// Who asks.
    pub account: Id,
    /// The type asked about.
    pub kind: Id,
    /// The action asked about.
    pub action: Id,
    /// The reason code before.
    pub before: &'static str,
    /// The reason code after.
    pub after: &'static str,
    /// Whether it is allowed now.
    pub allowed: bool,
}

/// Asks every case of either side on both.
pub(super) fn turned(before: Side<'_>, after: Side<'_>, now: i64) -> Vec<Turned> {
    let mut asked: HashSet<String> = HashSet::new();
    let mut turned: Vec<Turned> = Vec::new();
    let mut in_full: Vec<String> = Vec::new();
    for side in [after, before] {
        for suite in side.model.suites.iter() {
            for case in &suite.cases {
                let question = suite::question(suite, case);
                if !asked.insert(format!("{question:?} {:?}", case.at)) {
                    continue;
                }
                let at = case.at.unwrap_or(now);
                let [old, new] =
                    [before, after].map(|side| side.snapshot.decide(&question, at).reason);
                if old.allows() != new.allows() {
                    in_full.push(case.question_in_full());
                    turned.push(Turned {
                        before: old.as_str(),
                        after: new.as_str(),
                        allowed: new.allows(),
                        ..found(suite, case, side)
                    });
                }
            }
        }
    }
    let mut asked: HashMap<(String, String), usize> = HashMap::new();
    for case in &turned {
        let key = (case.name.clone(), case.question.clone());
        *asked.entry(key).or_default() += 1;
    }
    for (case, in_full) in turned.iter_mut().zip(in_full) {
        let key = (case.name.clone(), case.question.clone());
        if asked.get(&key).is_some_and(|count| *count > 1) {
            case.question = in_full;
        }
    }
    turned
}

fn found(suite: &Suite, case: &Case, side: Side<'_>) -> Turned {
    Turned {
        suite: suite.title.clone(),
        name: case.title(),
        is_named: case.name.is_some(),
        question: case.question_in_words(),
        place: side.sources.place(case.span),
        tenant: suite.tenant.clone(),
        account: case.account.clone(),
        kind: case.resource_type.clone(),
        action: case.action.clone(),
        before: "",
        after: "",
        allowed: false,
    }
}
