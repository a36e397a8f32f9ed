//! What cases are called, and by what those of a suite are told apart that have one name, or none.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::document::to_text;
use crate::model::{Case, Model};
use crate::source::{Sources, Span};
use crate::value::{Json, Members};

/// A title for each case, by its place; no two of a suite have the same.
pub type Titles = HashMap<Span, String>;

/// A case, in words.
type Words = fn(&Case) -> String;

/// By what cases are told apart whose titles are the same so far; if by none of it, by their places.
const APART_BY: [Words; 2] = [Case::question_in_words, Case::question_in_full];

/// Titles of all cases.
pub fn titles(model: &Model, sources: &Sources) -> Titles {
    let mut by_suite: IndexMap<&str, Vec<&Case>> = IndexMap::new();
    for suite in model.suites.iter() {
        by_suite
            .entry(&suite.title)
            .or_default()
            .extend(&suite.cases);
    }
    let named = by_suite.into_values().flat_map(|cases| {
        let titles = told_apart(&cases, sources);
        cases.into_iter().map(|case| case.span).zip(titles)
    });
    named.collect()
}

fn told_apart(cases: &[&Case], sources: &Sources) -> Vec<String> {
    let mut titles: Vec<String> = cases.iter().map(|case| case.title()).collect();
    for words in APART_BY {
        replace(&mut titles, cases, |case| with_name(case, words(case)));
    }
    replace(&mut titles, cases, |case| {
        let title = with_name(case, case.question_in_full());
        format!("{title} at {}", sources.place(case.span))
    });
    titles
}

/// Words about a case behind its name, if it has one.
fn with_name(case: &Case, words: String) -> String {
    match case.name.as_deref() {
        Some(name) => format!("{name}: {words}"),
        None => words,
    }
}

/// Gives another title to each case whose title another has too.
fn replace(titles: &mut [String], cases: &[&Case], other: impl Fn(&Case) -> String) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for title in titles.iter() {
        *counts.entry(title.clone()).or_default() += 1;
    }
    for (title, case) in titles.iter_mut().zip(cases) {
        if counts.get(title).is_some_and(|count| *count > 1) {
            *title = other(case);
        }
    }
}

impl Case {
    /// What the case is called: its name, or else its question in words.
    pub fn title(&self) -> String {
        self.name
            .as_deref()
            .map_or_else(|| self.question_in_words(), str::to_owned)
    }

    /// Who asks what: `marc close conversation:c1`.
    pub fn question_in_words(&self) -> String {
        let mut words = format!("{} {} {}", self.account, self.action, self.resource_type);
        if &*self.resource_id != "*" {
            words.push(':');
            words.push_str(&self.resource_id);
        }
        words
    }

    /// Who asks what, with all that the case says of it: `marc close conversation:c1 (sub_account: paris)`.
    pub fn question_in_full(&self) -> String {
        let mut said = Vec::new();
        let mut say = |prefix: &str, members: &Members<'_>| {
            let pairs = members.iter().filter(|(_, value)| **value != Json::Null);
            said.extend(pairs.map(|(name, value)| format!("{prefix}{name}: {}", shown(value))));
        };
        say("", &self.resource_properties);
        say("subject.", &self.account_properties);
        say("action.", &self.action_properties);
        say("context.", &self.context);
        if self.memberships != Json::Null {
            said.push(format!("memberships: {}", shown(&self.memberships)));
        }
        if let Some(at) = self.at.and_then(to_text) {
            said.push(format!("at: {}", at.replace(".000Z", "Z")));
        }
        match said.is_empty() {
            true => self.question_in_words(),
            false => format!("{} ({})", self.question_in_words(), said.join(", ")),
        }
    }
}

/// A value as YAML writes it on one line.
fn shown(value: &Json<'_>) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(flag) => flag.to_string(),
        Json::Integer(number) => number.to_string(),
        Json::Number => "a number".to_owned(),
        Json::Text(text) => text.to_string(),
        Json::List(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(members) => {
            let pairs = members.iter();
            let pairs = pairs.map(|(name, value)| format!("{name}: {}", shown(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}
