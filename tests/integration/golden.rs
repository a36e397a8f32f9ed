//! Broken policies and what `check` says of them.
//!
//! Each file under `tests/golden/check` is a small archive: a header that says which findings must come, at which line
//! and column, then the files of a policy folder. The text that people read is kept beside them, one file a topic;
//! `OCTROI_UPDATE_GOLDEN=1 cargo test golden` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use octroi::diagnostic::{Format, place, render};
use octroi::pipeline::{self, Outcome};
use octroi::source::Sources;
use tempfile::TempDir;

/// Expired entries in the cases lie before this moment, the others after: 2026-06-01.
const NOW: i64 = 1_780_272_000_000;

struct Case {
    name: String,
    expected: Vec<(String, String, String)>,
    compares_warnings: bool,
    files: Vec<(String, String)>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check")
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of cases");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn cases() -> BTreeMap<String, Vec<Case>> {
    let mut topics = BTreeMap::new();
    for topic in sorted(&folder()).iter().filter(|path| path.is_dir()) {
        let name = topic.file_name().unwrap().to_string_lossy().into_owned();
        let cases = sorted(topic).iter().map(|path| read_case(path)).collect();
        topics.insert(name, cases);
    }
    topics
}

fn read_case(path: &Path) -> Case {
    let text = fs::read_to_string(path).unwrap();
    let mut case = Case {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        expected: Vec::new(),
        compares_warnings: false,
        files: Vec::new(),
    };
    for line in text.split_inclusive('\n') {
        let header = line
            .trim_end()
            .strip_prefix("-- ")
            .and_then(|rest| rest.strip_suffix(" --"));
        if let Some(name) = header {
            case.files.push((name.to_owned(), String::new()));
        } else if let Some((_, file)) = case.files.last_mut() {
            file.push_str(line);
        } else {
            case.header(line.trim_end());
        }
    }
    case
}

impl Case {
    fn header(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["expect", severity, code, place] => {
                self.compares_warnings |= *severity == "warning";
                let row = (severity.to_string(), code.to_string(), place.to_string());
                self.expected.push(row);
            }
            ["complete-warnings"] => self.compares_warnings = true,
            _ => assert!(
                line.is_empty() || line.starts_with('#'),
                "{}: {line}",
                self.name
            ),
        }
    }

    fn compile(&self) -> Outcome {
        let folder = TempDir::new().unwrap();
        for (name, text) in &self.files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        pipeline::load(folder.path(), NOW, 1).unwrap()
    }

    /// What differs from the header, in words.
    fn differences(&self, outcome: &Outcome) -> Vec<String> {
        let mut found: Vec<(String, String, String)> = outcome
            .diagnostics
            .iter()
            .map(|diagnostic| {
                let (file, line, column) = place(diagnostic, &outcome.sources);
                (
                    diagnostic.severity().as_str().to_owned(),
                    diagnostic.code.as_str().to_owned(),
                    format!("{file}:{line}:{column}"),
                )
            })
            .filter(|(severity, _, _)| self.compares_warnings || severity == "error")
            .collect();
        let mut differences = Vec::new();
        for row in &self.expected {
            match found.iter().position(|other| other == row) {
                Some(index) => drop(found.remove(index)),
                None => differences.push(format!("missing {row:?}")),
            }
        }
        differences.extend(found.iter().map(|row| format!("not expected {row:?}")));
        differences
    }
}

#[test]
fn findings_are_where_they_should_be() {
    let mut failures = String::new();
    let mut count = 0;
    for (topic, cases) in cases() {
        for case in cases {
            count += 1;
            let outcome = case.compile();
            for difference in case.differences(&outcome) {
                let _ = writeln!(failures, "{topic}/{}: {difference}", case.name);
            }
            // Only conditions and raw Cedar are validated where nothing is found: that must tell of all the rest.
            if let Some(Err(error)) = outcome.snapshot.map(|snapshot| snapshot.validate()) {
                let _ = writeln!(failures, "{topic}/{}: not found: {error}", case.name);
            }
        }
    }
    assert!(count > 250, "{count} cases");
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn messages_are_as_reviewed() {
    let update = std::env::var("OCTROI_UPDATE_GOLDEN").is_ok();
    for (topic, cases) in cases() {
        let mut text = String::new();
        for case in cases {
            let outcome = case.compile();
            let format = Format::Human { colour: false };
            let report = render(&outcome.diagnostics, &outcome.sources, format);
            let _ = writeln!(text, "==== {}\n{report}", case.name);
        }
        let path = folder().join(format!("{topic}.golden"));
        if update {
            fs::write(&path, &text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == text,
            "{} is not what `check` says now; look at it and write it anew with OCTROI_UPDATE_GOLDEN=1",
            path.display()
        );
    }
}

/// Policies that decide as their own `tests` say: what a rule means, and what once went wrong.
#[test]
fn policies_decide_as_their_tests_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/decide");
    for path in sorted(&folder) {
        let name = path.display();
        let text = fs::read_to_string(&path).unwrap();
        let outcome = pipeline::compile(Sources::from_texts([("policies.yaml", text)]), NOW, 1);
        let format = Format::Human { colour: false };
        let report = render(&outcome.diagnostics, &outcome.sources, format);
        let snapshot = outcome
            .snapshot
            .as_ref()
            .unwrap_or_else(|| panic!("{name}:\n{report}"));
        assert_eq!(snapshot.validate(), Ok(()), "{name}");
        let results = octroi::suite::run(&outcome.model, snapshot, NOW);
        assert!(!results.is_empty(), "{name} tests nothing");
        for result in results {
            let (case, got) = (&result.name, &result.explanation);
            assert!(
                result.passed,
                "{name}: {case}: expected {}, {got:?}",
                result.expected
            );
        }
    }
}

/// Whatever is cut out of policies, doubled or swapped: findings, never a panic, and never silence about what a
/// snapshot could not be made of.
#[test]
fn mangled_policies_never_panic() {
    let mut rng = fastrand::Rng::with_seed(7);
    for cases in cases().into_values() {
        for case in cases {
            for _ in 0..6 {
                let files: Vec<(String, String)> = case
                    .files
                    .iter()
                    .filter(|(name, _)| name.ends_with(".yaml") || name.ends_with(".yml"))
                    .map(|(name, text)| (name.clone(), mangle(text, &mut rng)))
                    .collect();
                let outcome = pipeline::compile(Sources::from_texts(files), NOW, 1);
                let format = Format::Human { colour: false };
                let report = render(&outcome.diagnostics, &outcome.sources, format);
                assert!(outcome.snapshot.is_some() || report.contains("error"));
            }
        }
    }
}

fn mangle(text: &str, rng: &mut fastrand::Rng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..rng.usize(1..4) {
        if characters.is_empty() {
            break;
        }
        let at = rng.usize(..characters.len());
        let end = (at + rng.usize(1..12)).min(characters.len());
        match rng.u8(..4) {
            0 => drop(characters.drain(at..end)),
            1 => {
                let copy = characters[at..end].to_vec();
                characters.splice(at..at, copy);
            }
            2 => {
                characters[at] = *rng
                    .choice(
                        "{}[]:,&*!|>'\"%@`#-?\t\n \u{0}é"
                            .chars()
                            .collect::<Vec<_>>()
                            .iter(),
                    )
                    .unwrap()
            }
            _ => characters.truncate(end),
        }
    }
    characters.into_iter().collect()
}
