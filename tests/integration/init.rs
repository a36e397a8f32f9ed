//! `octroi init`: what it writes checks, tests and serves, and it overwrites nothing.

use std::fs;
use std::path::Path;

use super::support::{Sidecar, Workplace, octroi_in};

fn shipped() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn the_small_folder_checks_tests_and_serves() {
    let place = Workplace::new(&[]);
    fs::remove_dir(place.policies()).unwrap();
    let said = place.octroi(&["init"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for file in said.out.lines() {
        assert!(place.path().join(file).is_file(), "{file}");
    }
    assert_eq!(said.out.lines().count(), 3);
    let check = place.octroi(&["check", "--deny-warnings"]);
    assert_eq!(check.code, Some(0), "{check:?}");
    let test = place.octroi(&["test", "--min-coverage", "100", "--mutate"]);
    assert_eq!(test.code, Some(0), "{test:?}");
    assert!(test.err.contains("0 equivalent, 0 left"), "{}", test.err);
    let sidecar = Sidecar::start(&place.policies());
    let question = r#"{"subject":{"type":"user","id":"bob"},"action":{"name":"answer"},"resource":{"type":"ticket","id":"t1","properties":{"tenant":"acme","sub_account":"north","status":"open"}}}"#;
    let answer = sidecar
        .client()
        .post("/access/v1/evaluation", "", question.as_bytes())
        .json();
    assert_eq!(answer["decision"], true);
}

#[test]
fn each_shipped_application_is_in_the_program() {
    let names = shipped();
    assert_eq!(names.len(), 6);
    for name in names {
        let place = Workplace::new(&[]);
        let said = place.octroi(&["init", "mine", "--from", &name]);
        assert_eq!(said.code, Some(0), "{said:?}");
        let original = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("policies")
            .join(&name);
        let (original, written) = (tree(&original), tree(&place.path().join("mine")));
        assert!(original.len() >= 4);
        assert_eq!(written, original, "{name}");
        let test = place.octroi(&["test", "mine"]);
        assert_eq!(test.code, Some(0), "{name}: {test:?}");
    }
}

/// Paths and texts of the files below a folder.
fn tree(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match path.is_dir() {
            true => files.extend(
                tree(&path)
                    .into_iter()
                    .map(|(below, text)| (format!("{name}/{below}"), text)),
            ),
            false => files.push((name, fs::read_to_string(&path).unwrap())),
        }
    }
    files.sort();
    files
}

#[test]
fn nothing_is_overwritten() {
    let place = Workplace::new(&[("application.yaml", "application: mine\n")]);
    for arguments in [
        &["init"][..],
        &["init", "--from", "funnels"],
        &["init", "policies"],
    ] {
        let said = place.octroi(arguments);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(
            said.err.contains("`application.yaml` is there already"),
            "{said:?}"
        );
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
        assert_eq!(tree(&place.policies()).len(), 1);
        assert_eq!(place.read("application.yaml"), "application: mine\n");
    }
    // What begins with a dot is no policy: a repository begins with one.
    fs::create_dir_all(place.path().join("new/.git")).unwrap();
    let said = octroi_in(&place.path().join("new"), &["init", "."]);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn what_cannot_be_written_is_said_in_a_line() {
    let place = Workplace::new(&[]);
    fs::write(place.path().join("file"), "").unwrap();
    let said = place.octroi(&["init", "file"]);
    assert_eq!(
        (said.code, said.err.lines().count()),
        (Some(1), 1),
        "{said:?}"
    );
    let said = place.octroi(&["init", "--from", "shop"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("chat-console"), "{said:?}");
}
