//! The shipped applications: they check, their tests pass, and every sentence of theirs has an allow and a deny.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use octroi::diagnostic::{Code, Severity};
use octroi::model::Model;
use octroi::pipeline::{self, Outcome};
use octroi::suite;

/// 2026-12-01: what the cases without a moment of their own ask about.
const NOW: i64 = 1_796_083_200_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn load(folder: &Path) -> Outcome {
    pipeline::load(folder, NOW, 1).expect("a readable folder")
}

fn applications() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("policies")).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn check_finds_only_the_cut_partnership() {
    for folder in applications().into_iter().chain([root().join("policies")]) {
        let outcome = load(&folder);
        assert_eq!(outcome.count(Severity::Error), 0, "{}", folder.display());
        let snapshot = outcome.snapshot.as_ref().unwrap();
        assert_eq!(snapshot.validate(), Ok(()), "{}", folder.display());
        for warning in &outcome.diagnostics {
            assert_eq!(
                warning.code,
                Code::GuestWithoutPartner,
                "{}",
                warning.message
            );
        }
    }
}

#[test]
fn their_tests_pass() {
    let outcome = load(&root().join("policies"));
    let results = suite::run(&outcome.model, outcome.snapshot.as_ref().unwrap(), NOW);
    assert!(results.len() > 300, "{} cases", results.len());
    for result in results {
        assert!(
            result.passed,
            "{} - {}: {:?}",
            result.suite, result.name, result.explanation
        );
    }
}

#[test]
fn every_sentence_has_an_allow_and_a_deny() {
    let listed = sentences();
    for folder in applications() {
        let application = folder.file_name().unwrap().to_string_lossy().into_owned();
        let model = load(&folder).model;
        assert!(
            model.tenants.len() >= 2,
            "{application} has one tenant only"
        );
        let sentences = listed
            .get(&application)
            .expect("sentences of every application");
        let (allowed, denied) = answers(&model);
        for sentence in sentences {
            assert!(
                allowed.contains(sentence),
                "{application}: no allow for `{sentence}`"
            );
            assert!(
                denied.contains(sentence),
                "{application}: no deny for `{sentence}`"
            );
        }
        for name in allowed.union(&denied) {
            assert!(
                sentences.contains(name),
                "{application}: `{name}` is no sentence"
            );
        }
    }
}

/// The names of cases that expect an allow, and of those that expect a deny; a deny without a reason fails.
fn answers(model: &Model) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut allowed, mut denied) = (BTreeSet::new(), BTreeSet::new());
    for case in model.suites.iter().flat_map(|suite| &suite.cases) {
        let name = case.name.as_deref().expect("a name").to_owned();
        if case.allow {
            allowed.insert(name);
        } else {
            assert!(
                case.reason.is_some(),
                "`{name}` does not say why it is denied"
            );
            denied.insert(name);
        }
    }
    (allowed, denied)
}

/// The lists under `sentences:` of the data file, by application.
fn sentences() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("tests/data/sentences.yaml")).unwrap();
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut application = String::new();
    let section = text
        .lines()
        .skip_while(|line| *line != "sentences:")
        .skip(1)
        .take_while(|line| line.starts_with(' ') || line.is_empty() || line.starts_with('#'));
    for line in section {
        let trimmed = line.trim();
        if let Some(item) = trimmed.strip_prefix("- ") {
            let item = item.trim_matches('"').trim_matches('\'').replace("''", "'");
            lists
                .get_mut(&application)
                .expect("an application first")
                .push(item);
        } else if let Some(name) = trimmed.strip_suffix(':') {
            application = name.to_owned();
            lists.insert(application.clone(), Vec::new());
        }
    }
    lists
}
