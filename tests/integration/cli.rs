//! The verbs of the real program: output, exit codes, and what bad input gets.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const APPLICATION: &str = "\
application: chat
resources:
  conversation:
    actions: [list, read, close]
    attributes: {status: String, level: Long}
  http:route: {actions: [GET]}
context: {mfa: Bool, action: {soft: Bool}}
roles:
  admin:
    allow: [{resources: [\"*\"], actions: [\"*\"]}]
    assigns: [\"*\"]
  manager:
    scope: sub_account
    allow:
      - {resources: [conversation], actions: [list, read]}
      - {resources: [conversation], actions: [close], when: 'resource.level + 1 > 3'}
      - {resources: ['http:route'], actions: [GET], scope: own}
";

const TENANT: &str = "\
tenant: durand
application: chat
sub_accounts: {paris: {}, lyon: {}}
members:
  - {account: claire, role: admin}
  - {account: marc, role: manager, sub_accounts: [paris]}
";

struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(TempDir::new().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn usual() -> Self {
        Self::new(&[("application.yaml", APPLICATION), ("durand.yaml", TENANT)])
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

fn octroi(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_octroi"))
        .env("OCTROI_POLICIES", folder)
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)))
}

#[test]
fn check_says_where_and_what() {
    let folder = Folder::usual();
    let clean = octroi(folder.path(), &["check"]);
    assert_eq!(clean.status.code(), Some(0), "{}", text(&clean.stdout));
    folder.write("durand.yaml", &TENANT.replace("role: admin", "role: admn"));
    let human = octroi(folder.path(), &["check"]);
    assert_eq!(human.status.code(), Some(3));
    let shown = text(&human.stdout);
    for part in [
        "error[unknown-role]: no role is called `admn`",
        "durand.yaml:5:29",
        "- {account: claire, role: admn}",
        "did you mean `admin`?",
    ] {
        assert!(shown.contains(part), "no `{part}` in\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "no colour outside a terminal");
    assert!(text(&human.stderr).contains("1 error"));
    let report = json(&octroi(folder.path(), &["check", "--format", "json"]));
    let row = &report["diagnostics"][0];
    assert_eq!(row["code"], "unknown-role");
    assert_eq!(row["severity"], "error");
    assert_eq!(
        (row["line"].as_u64(), row["column"].as_u64()),
        (Some(5), Some(29))
    );
    assert_eq!(row["file"], "durand.yaml");
}

#[test]
fn warnings_fail_only_when_asked_to() {
    let folder = Folder::usual();
    folder.write("unused.yaml", "accounts_of: chat\naccounts: {}\n");
    folder.write(
        "durand.yaml",
        &TENANT.replace(
            "  - {account: marc, role: manager, sub_accounts: [paris]}\n",
            "",
        ),
    );
    let plain = octroi(folder.path(), &["check"]);
    assert_eq!(plain.status.code(), Some(0));
    assert!(text(&plain.stdout).contains("warning[unused-role]"));
    let strict = octroi(folder.path(), &["check", "--deny-warnings"]);
    assert_eq!(strict.status.code(), Some(3));
}

#[test]
fn ask_answers_and_explains() {
    let folder = Folder::usual();
    for (arguments, code, shown) in [
        (
            &["claire", "read", "conversation:c1"][..],
            0,
            "allow (granted)",
        ),
        (
            &["marc", "read", "conversation:c1", "-p", "sub_account=paris"],
            0,
            "application.yaml:15",
        ),
        (
            &[
                "marc",
                "read",
                "conversation:c1",
                "-p",
                "sub_accounts=paris,lyon",
            ],
            5,
            "out_of_scope",
        ),
        (
            &[
                "marc",
                "close",
                "conversation:c1",
                "-p",
                "sub_account=paris",
                "-p",
                "level=5",
            ],
            0,
            "granted",
        ),
        (
            &[
                "marc",
                "close",
                "conversation:c1",
                "-p",
                "sub_account=paris",
                "-p",
                "level=1",
            ],
            5,
            "condition_not_met",
        ),
        (
            &[
                "marc",
                "close",
                "conversation:c1",
                "-p",
                "sub_account=paris",
                "-p",
                "level=x",
            ],
            5,
            "invalid_value",
        ),
        (
            &[
                "marc",
                "close",
                "conversation:c1",
                "-p",
                "sub_account=paris",
                "-p",
                "level=9223372036854775807",
            ],
            5,
            "evaluation_error",
        ),
        (
            &["marc", "GET", "http:route:/a:b", "-p", "owner=marc"],
            0,
            "http:route",
        ),
        (
            &["marc", "GET", "http:route", "-p", "owner=nina"],
            5,
            "out_of_scope",
        ),
        (&["nina", "read", "conversation"], 5, "not_a_member"),
        (
            &["claire", "enter", "tenant", "--tenant", "durand"],
            0,
            "granted",
        ),
        (
            &["claire", "enter", "tenant:elsewhere"],
            5,
            "unknown_tenant",
        ),
        (
            &["claire", "read", "conversation", "--tenant", "elsewhere"],
            5,
            "unknown_tenant",
        ),
    ] {
        let output = octroi(folder.path(), &[&["ask"], arguments].concat());
        let printed = text(&output.stdout);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {printed}{}",
            text(&output.stderr)
        );
        assert!(printed.contains(shown), "{arguments:?}: {printed}");
    }
    let answer = json(&octroi(
        folder.path(),
        &[
            "ask",
            "marc",
            "list",
            "conversation",
            "-p",
            "sub_account=paris",
            "--json",
        ],
    ));
    assert_eq!(answer["decision"], true);
    assert_eq!(answer["context"]["reason"], "granted");
    assert_eq!(answer["context"]["determining"][0]["role"], "manager");
    assert_eq!(
        answer["context"]["revision"].as_str().map(str::len),
        Some(64)
    );
}

#[test]
fn ask_at_another_moment() {
    let folder = Folder::usual();
    folder.write(
        "durand.yaml",
        &TENANT.replace("role: admin}", "role: admin, expires: 2031-12-31}"),
    );
    let ask = |at: &str| {
        octroi(
            folder.path(),
            &["ask", "claire", "read", "conversation", "--at", at],
        )
    };
    assert_eq!(ask("2031-12-31T23:59:59.999Z").status.code(), Some(0));
    let after = ask("2032-01-01T00:00:00Z");
    assert_eq!(after.status.code(), Some(5));
    assert!(text(&after.stdout).contains("membership_expired"));
    assert_eq!(ask("yesterday").status.code(), Some(2));
}

#[test]
fn test_shows_why_a_case_failed() {
    let folder = Folder::usual();
    let suite = "\
tests: Managers
tenant: durand
cases:
  - {account: marc, action: read, resource: {type: conversation, sub_account: paris}, expect: allow}
  - name: not in Lyon
    account: marc
    action: read
    resource: {type: conversation, sub_account: lyon}
    expect: deny
    reason: REASON
";
    folder.write("tests.yaml", &suite.replace("REASON", "out_of_scope"));
    let good = octroi(folder.path(), &["test"]);
    assert_eq!(good.status.code(), Some(0), "{}", text(&good.stderr));
    assert!(text(&good.stderr).contains("2 passed, 0 failed"));
    folder.write("tests.yaml", &suite.replace("REASON", "no_grant"));
    let bad = octroi(folder.path(), &["test"]);
    assert_eq!(bad.status.code(), Some(4));
    let shown = text(&bad.stdout);
    for part in [
        "FAILED Managers - not in Lyon",
        "tests.yaml:5",
        "expected deny (no_grant), got deny (out_of_scope)",
    ] {
        assert!(shown.contains(part), "no `{part}` in\n{shown}");
    }
    let report = json(&octroi(folder.path(), &["test", "--format", "json"]));
    assert_eq!(
        (report["passed"].as_u64(), report["failed"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(report["cases"][1]["context"]["reason"], "out_of_scope");
}

#[test]
fn compile_prints_what_cedar_accepts() {
    let folder = Folder::usual();
    let printed = octroi(folder.path(), &["compile"]);
    assert_eq!(printed.status.code(), Some(0));
    let out = TempDir::new().unwrap();
    let written = octroi(
        folder.path(),
        &["compile", "--out", out.path().to_str().unwrap()],
    );
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let read = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();
    let (schema, _) =
        cedar_policy::Schema::from_cedarschema_str(&read("chat/schema.cedarschema")).unwrap();
    let policies: cedar_policy::PolicySet = read("chat/policies.cedar").parse().unwrap();
    let validator = cedar_policy::Validator::new(schema.clone());
    let result = validator.validate_with_level(&policies, cedar_policy::ValidationMode::Strict, 1);
    assert!(result.validation_passed());
    assert!(
        policies
            .policies()
            .all(|policy| policy.annotation("source").is_some())
    );
    let entities = read("chat/durand/entities.json");
    cedar_policy::Entities::from_json_str(&entities, Some(&schema)).unwrap();
    assert!(text(&printed.stdout).contains("@source(\"application.yaml:15\")"));
}

#[test]
fn policies_that_do_not_compile_end_every_verb_with_3() {
    let folder = Folder::new(&[("application.yaml", "application: [\n")]);
    for arguments in [
        &["check"][..],
        &["test"],
        &["compile"],
        &["ask", "a", "b", "c"],
    ] {
        let output = octroi(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        let both = text(&output.stdout) + &text(&output.stderr);
        assert!(both.contains("application.yaml"), "{arguments:?}: {both}");
    }
}

#[test]
fn wrong_usage_is_2_and_unreadable_folders_are_1() {
    let nowhere = PathBuf::from("no/such/folder");
    assert_eq!(octroi(&nowhere, &["check"]).status.code(), Some(1));
    let folder = Folder::usual();
    for arguments in [
        &["chekc"][..],
        &["check", "--format", "xml"],
        &["ask", "claire"],
        &[],
    ] {
        assert_eq!(
            octroi(folder.path(), arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
    let odd = octroi(
        folder.path(),
        &["ask", "claire", "read", "conversation", "-p", "level"],
    );
    assert_eq!(odd.status.code(), Some(2));
}

#[test]
fn the_checked_in_json_schema_is_the_programs() {
    let printed = octroi(Path::new("."), &["schema"]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/policy.schema.json");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == text(&printed.stdout),
        "write it anew: cargo run -- schema > schemas/policy.schema.json"
    );
}

#[test]
fn files_that_are_no_text_are_named() {
    let folder = Folder::usual();
    std::fs::write(folder.path().join("bad.yaml"), b"tenant: \xff\n").unwrap();
    let output = octroi(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output.stdout).contains("bad.yaml:1:1"),
        "{}",
        text(&output.stdout)
    );
}
