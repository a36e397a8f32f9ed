//! Conformance with the AuthZEN Authorization API 1.0: the real program answers every vector of the working group's
//! interoperability scenarios and of the OpenID Foundation's conformance suite, and every line of the checklist.
//!
//! The data is under `tests/conformance`, with a policy folder for each scenario.

mod checklist;
mod credentials;
mod exchange;
mod limits;
mod metadata;
mod row;
mod search;
mod vectors;

use std::collections::BTreeMap;
use std::fmt::Display;

use octroi::diagnostic::Severity;
use octroi::{pipeline, suite};

use crate::support::Sidecar;
use checklist::{Checked, Question};
use credentials::Guarded;
use exchange::Mismatch;
use row::Row;
use vectors::Set;

/// Sidecars on the scenarios' folders, each started when it is first asked.
#[derive(Default)]
struct Sidecars(BTreeMap<String, Sidecar>);

impl Sidecars {
    fn of(&mut self, folder: &str) -> &Sidecar {
        let folder = folder.to_owned();
        let start = |folder: &String| start(folder, &[]);
        self.0.entry(folder).or_insert_with_key(start)
    }
}

/// A sidecar on a scenario's folder.
fn start(folder: &str, options: &[&str]) -> Sidecar {
    Sidecar::start_with(&row::root().join("policies").join(folder), options)
}

/// How many rows of each set passed, and what the others got.
#[derive(Default)]
struct Tally {
    table: String,
    failures: Vec<String>,
}

impl Tally {
    fn count<Id: Display>(
        &mut self,
        set: &str,
        rows: impl Iterator<Item = (Id, Result<(), Mismatch>)>,
    ) {
        let (mut passed, mut total) = (0, 0);
        for (id, result) in rows {
            total += 1;
            match result {
                Ok(()) => passed += 1,
                Err(mismatch) => self.failures.push(format!("{set} / {id}: {mismatch}")),
            }
        }
        self.table
            .push_str(&format!("{passed:>4}/{total:<4} {set}\n"));
    }

    /// Prints the table, and fails with every mismatch.
    fn report(&self) {
        println!("{}", self.table);
        assert!(self.failures.is_empty(), "{}", self.failures.join("\n"));
    }
}

#[test]
fn the_scenarios_policies_check_and_pass_their_tests() {
    for folder in ["todo", "gateway", "search", "oidf"] {
        let outcome = pipeline::load(&row::root().join("policies").join(folder), 0, 1).unwrap();
        let findings = outcome.count(Severity::Error) + outcome.count(Severity::Warning);
        assert_eq!(findings, 0, "{folder}: {:?}", outcome.diagnostics);
        assert_eq!(outcome.model.tenants.len(), 1, "{folder}");
        let results = suite::run(&outcome.model, outcome.snapshot.as_ref().unwrap(), 0);
        assert!(!results.is_empty(), "{folder} has no tests");
        for result in results {
            assert!(
                result.passed,
                "{folder}, {}: {:?}",
                result.name, result.explanation
            );
        }
    }
}

#[test]
fn every_vector_gets_its_answer() {
    let mut sidecars = Sidecars::default();
    let mut tally = Tally::default();
    let sets = vectors::all();
    for Set { name, folder, rows } in &sets {
        let check = |row: &Row| match row.credentials {
            None => exchange::check(sidecars.of(folder), row),
            Some(_) => exchange::check(&Guarded::start(folder).sidecar, row),
        };
        let results: Vec<_> = rows.iter().map(check).collect();
        let ids = rows.iter().map(|row| &row.id);
        tally.count(name, ids.zip(results));
    }
    let counts = sets.iter().map(|set| (set.name.as_str(), set.rows.len()));
    assert_eq!(counts.collect::<Vec<_>>(), vectors::COUNTS);
    tally.report();
}

#[test]
fn every_line_of_the_checklist_holds() {
    let mut sidecars = Sidecars::default();
    let mut tally = Tally::default();
    for Checked {
        section,
        line,
        questions,
    } in checklist::lines()
    {
        let name = format!("{section}: {line}");
        let mut check = |question: &Question| {
            let sidecar = sidecars.of(&question.folder);
            (question.row.id.clone(), question.check(sidecar))
        };
        tally.count(&name, questions.iter().map(&mut check));
    }
    tally.report();
}
