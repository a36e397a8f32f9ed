//! What runs at a commit and at a pull request: the hooks, by the real pre-commit, and the steps of the workflow.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::support::{Workplace, python_program};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Our program first on the PATH.
fn path_with(first: &Path) -> String {
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}", first.display())
}

fn beside_the_program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_octroi"));
    program.parent().unwrap().to_path_buf()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@t.example"])
        .args([
            "-c",
            "commit.gpgsign=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}{error}");
    said
}

fn commit(folder: &Path) -> String {
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "all"]);
    git(folder, &["rev-parse", "HEAD"])
}

#[test]
fn hooks_run_at_a_commit() {
    let Some(pre_commit) = python_program("hooks::hooks_run_at_a_commit", "pre-commit") else {
        return;
    };
    let hooks = TempDir::new().unwrap();
    let definition = root().join(".pre-commit-hooks.yaml");
    fs::copy(&definition, hooks.path().join(".pre-commit-hooks.yaml")).unwrap();
    let revision = commit(hooks.path());
    let home = TempDir::new().unwrap();
    let run = |folder: &Path, arguments: &[&str]| -> Output {
        Command::new(&pre_commit)
            .args(arguments)
            .current_dir(folder)
            .env("PATH", path_with(&beside_the_program()))
            .env("PRE_COMMIT_HOME", home.path())
            .output()
            .unwrap()
    };
    let said = |output: &Output| {
        let both = [output.stdout.clone(), output.stderr.clone()].concat();
        String::from_utf8_lossy(&both).into_owned()
    };
    let valid = run(
        hooks.path(),
        &["validate-manifest", definition.to_str().unwrap()],
    );
    assert!(valid.status.success(), "{}", said(&valid));

    let place = Workplace::new(&[]);
    fs::remove_dir(place.policies()).unwrap();
    assert_eq!(place.octroi(&["init"]).code, Some(0));
    let config = format!(
        "repos:\n- repo: {}\n  rev: {revision}\n  hooks: [{{id: octroi-check}}, {{id: octroi-test}}]\n",
        hooks.path().display()
    );
    fs::write(place.path().join(".pre-commit-config.yaml"), config).unwrap();
    commit(place.path());
    let clean = run(place.path(), &["run", "--all-files"]);
    assert!(clean.status.success(), "{}", said(&clean));
    assert_eq!(
        said(&clean).matches("Passed").count(),
        2,
        "{}",
        said(&clean)
    );
    let tenant = place.read("tenants/acme.yaml");
    place.write(
        "tenants/acme.yaml",
        &tenant.replace("role: admin", "role: amdin"),
    );
    let broken = run(place.path(), &["run", "--all-files"]);
    assert!(!broken.status.success());
    let shown = said(&broken);
    assert!(shown.contains("no role is called `amdin`"), "{shown}");
    assert_eq!(shown.matches("Failed").count(), 2, "{shown}");
    // Files of other kinds concern neither.
    place.write("tenants/acme.yaml", &tenant);
    fs::write(place.path().join("notes.txt"), "x").unwrap();
    git(place.path(), &["add", "--all"]);
    let other = run(place.path(), &["run"]);
    assert_eq!(
        said(&other).matches("Skipped").count(),
        2,
        "{}",
        said(&other)
    );
}

/// The script of a step of the workflow, by the step's name.
fn script(name: &str) -> String {
    let text = fs::read_to_string(root().join("deploy/ci/github-policies.yaml")).unwrap();
    let step = text
        .split("      - ")
        .find(|step| step.starts_with(&format!("name: {name}\n")));
    let step = step.unwrap_or_else(|| panic!("no step `{name}`"));
    let (_, run) = step.split_once("        run: ").unwrap();
    match run.strip_prefix("|\n") {
        None => run.lines().next().unwrap().to_owned(),
        Some(lines) => {
            let lines = lines
                .lines()
                .take_while(|line| line.is_empty() || line.starts_with("          "));
            lines
                .map(|line| line.trim_start_matches("          ").to_owned() + "\n")
                .collect()
        }
    }
}

/// Runs a script as GitHub's runner does.
fn run(script: &str, place: &Workplace, path: &str) -> Output {
    Command::new("bash")
        .args(["-e", "-c", script])
        .current_dir(place.path())
        .env("PATH", path)
        .env("BASE_REF", "main")
        .env("PULL_REQUEST", "7")
        .env_remove("OCTROI_POLICIES")
        .output()
        .unwrap()
}

#[test]
fn the_workflow_checks_and_tests() {
    let place = Workplace::new(&[]);
    fs::remove_dir(place.policies()).unwrap();
    assert_eq!(place.octroi(&["init"]).code, Some(0));
    let path = path_with(&beside_the_program());
    for step in ["Check", "Test"] {
        let output = run(&script(step), &place, &path);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{step}: {said}");
    }
    let report = fs::read_to_string(place.path().join("octroi.xml")).unwrap();
    assert!(report.contains("<testsuites "), "{report}");
    let tenant = place.read("tenants/acme.yaml");
    place.write(
        "tenants/acme.yaml",
        &tenant.replace("role: admin", "role: amdin"),
    );
    let output = run(&script("Check"), &place, &path);
    assert_eq!(output.status.code(), Some(3));
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        shown.starts_with("::error file=policies/tenants/acme.yaml,line="),
        "{shown}"
    );
}

/// With a program in place of ours that ends as it is told, and one that notes what is posted.
#[test]
fn the_workflow_posts_the_diff_and_ends_as_it_does() {
    for (ends, posts) in [(0, true), (6, true), (3, false), (1, false)] {
        let place = Workplace::new(&[]);
        let stub = |name: &str, text: &str| {
            let path = place.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        stub(
            "octroi",
            &format!("echo \"$*\" > asked; echo '| who | gains |'; exit {ends}"),
        );
        stub("gh", "echo \"$*\" > posted; cat comment.md >> posted");
        let output = run(&script("Diff"), &place, &path_with(place.path()));
        assert_eq!(output.status.code(), Some(ends));
        let asked = fs::read_to_string(place.path().join("asked")).unwrap();
        assert_eq!(
            asked.trim(),
            "diff origin/main:policies policies --format markdown --fail-on widening"
        );
        let posted = fs::read_to_string(place.path().join("posted")).ok();
        assert_eq!(posted.is_some(), posts, "{ends}");
        if let Some(posted) = posted {
            let expected = "pr comment 7 --edit-last --create-if-none --body-file comment.md\n| who | gains |\n";
            assert_eq!(posted, expected);
        }
    }
}
