//! The verbs of the policy author, by the real program: `diff`, `who`, `what`, `matrix`, `ask` elsewhere, completion.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::support::{Sidecar, has_component};

const APPLICATION: &str = "\
application: chat
resources:
  conversation:
    actions: [list, read, close]
    attributes: {status: String}
  note: {actions: [read]}
accounts: {attributes: {department: String}}
roles:
  admin:
    allow: [{resources: [\"*\"], actions: [\"*\"]}]
    assigns: [\"*\"]
  manager:
    scope: sub_account
    allow:
      - {resources: [conversation], actions: [list, read]}
      - {resources: [conversation], actions: [close], when: 'resource.status == \"open\"'}
deny:
  - {resources: [note], actions: [read], roles: [manager]}
---
accounts_of: chat
accounts:
  marc: {email: Marc@durand.example, department: sales}
";

const TENANT: &str = "\
tenant: durand
application: chat
sub_accounts: {paris: {}, lyon: {}}
members:
  - {account: claire, role: admin}
  - {account: marc, role: manager, sub_accounts: [paris]}
  - {account: nina, role: manager, sub_accounts: [lyon]}
---
tests: Closing
tenant: durand
cases:
  - {name: closes what is open, account: marc, action: close, resource: {type: conversation, id: c, sub_account: paris, status: open}, expect: allow}
";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with `old` and `new`, the same but for some replacements in `new`.
struct Pair(TempDir);

impl Pair {
    fn new(changes: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for side in ["old", "new"] {
            fs::create_dir(folder.path().join(side)).unwrap();
            let mut texts = [APPLICATION.to_owned(), TENANT.to_owned()];
            if side == "new" {
                for (from, to) in changes {
                    assert!(texts.iter().any(|text| text.contains(from)), "{from}");
                    texts = texts.map(|text| text.replace(from, to));
                }
            }
            let [application, tenant] = texts;
            fs::write(
                folder.path().join(side).join("application.yaml"),
                application,
            )
            .unwrap();
            fs::write(folder.path().join(side).join("durand.yaml"), tenant).unwrap();
        }
        Self(folder)
    }

    fn diff(&self, options: &[&str]) -> (i32, String, String) {
        let mut arguments = vec!["diff", "old", "new"];
        arguments.extend(options);
        ran(&octroi(self.0.path(), &arguments))
    }
}

fn octroi(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_octroi"));
    command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn ran(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// What is edited, whether that is a widening, and lines that must be said of it.
type Row<'a> = (&'a [(&'a str, &'a str)], bool, &'a [&'a str]);

#[test]
fn says_who_gains_and_who_loses() {
    let rows: [Row<'_>; 14] = [
        (
            &[(
                "actions: [list, read]}",
                "actions: [list, read], scope: tenant}",
            )],
            true,
            &[
                "chat: role manager",
                "for 2 members: durand marc, nina",
                "> conversation: list, read  [sub_account -> tenant]",
            ],
        ),
        (
            &[("actions: [list, read]}", "actions: [list]}")],
            false,
            &["- conversation: read  [was sub_account]"],
        ),
        (
            &[(
                "account: marc, role: manager, sub_accounts: [paris]",
                "account: marc, role: admin",
            )],
            true,
            &[
                "durand: marc",
                "manager in paris -> admin",
                "+ delegation, note, sub_account, team, tenant: every action  [tenant]",
            ],
        ),
        (
            &[("sub_accounts: [lyon]}", "sub_accounts: [paris, lyon]}")],
            true,
            &[
                "durand: nina",
                "> conversation: list, read  [sub_account lyon -> sub_account paris, lyon]",
            ],
        ),
        (
            &[(
                "sub_accounts: [lyon]}",
                "sub_accounts: [lyon], status: suspended}",
            )],
            false,
            &["manager in lyon -> manager in lyon, suspended"],
        ),
        (
            &[(
                "sub_accounts: [lyon]}",
                "sub_accounts: [lyon], expires: 2099-01-01}",
            )],
            false,
            &[
                "< conversation: list, read  [sub_account lyon -> sub_account lyon through 2099-01-01]",
            ],
        ),
        (
            &[(
                r#"resource.status == "open""#,
                r#"resource.status == "new""#,
            )],
            true,
            &[
                "~ conversation: close",
                "turns the case \"closes what is open\" (marc close conversation:c): allow (granted) -> deny (condition_not_met)",
                "widening: 2 members may gain, 2 members may lose",
            ],
        ),
        (
            &[(
                r#"resource.status == "open""#,
                r#"(resource.status  ==  "open")"#,
            )],
            false,
            &[],
        ),
        (
            &[(", when: 'resource.status == \"open\"'", "")],
            true,
            &["> conversation: close"],
        ),
        (
            &[("roles: [manager]}", "roles: [manager, admin]}")],
            false,
            &["chat: role admin", "- note: every action  [was tenant]"],
        ),
        (
            &[(
                "deny:\n  - {resources: [note], actions: [read], roles: [manager]}\n",
                "",
            )],
            false,
            &[],
        ),
        (
            &[("assigns: [\"*\"]", "assigns: [manager]")],
            false,
            &[
                "< member: invite, remove, update  [tenant giving any role -> tenant giving manager]",
            ],
        ),
        (
            &[("  marc: {email: Marc@", "  mark: {email: marc@")],
            true,
            &["the e-mail marc@durand.example is that of `mark`, and was that of `marc`"],
        ),
        (
            &[(
                "sub_accounts: {paris: {}, lyon: {}}",
                "sub_accounts: {paris: {}, lyon: {parent: paris}}",
            )],
            true,
            &[
                "durand: marc",
                "> conversation: list, read  [sub_account paris -> sub_account paris (with lyon)]",
            ],
        ),
    ];
    for (changes, widens, lines) in rows {
        let pair = Pair::new(changes);
        let (code, said, errors) = pair.diff(&[]);
        let is_equal = lines.is_empty();
        assert_eq!(
            code,
            if is_equal { 0 } else { 6 },
            "{changes:?}\n{said}{errors}"
        );
        for line in lines {
            assert!(said.contains(line), "{changes:?}: no `{line}`\n{said}");
        }
        let (code, ..) = pair.diff(&["--fail-on", "widening"]);
        assert_eq!(code, if widens { 6 } else { 0 }, "{changes:?}\n{said}");
        let (_, json, _) = pair.diff(&["--format", "json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&json["equal"], &json["widening"]),
            (&is_equal.into(), &widens.into())
        );
    }
}

/// Where more than the role changes for each of its holders, the role says that they are listed below.
#[test]
fn a_role_whose_holders_are_listed_by_member_says_so() {
    let denied = "roles: [manager]}\n  - {resources: [conversation], actions: [close], except_roles: [admin]}";
    let rule = ("roles: [manager]}", denied);
    let moved = "sub_accounts: {paris: {}, lyon: {}}";
    let under = |text: &'static str| (moved, text);
    for (changes, expected) in [
        (vec![rule], "for 2 members: durand marc, nina\n"),
        (
            vec![
                rule,
                under("sub_accounts: {paris: {}, lyon: {parent: paris}}"),
            ],
            "for 2 members, listed by member below\n",
        ),
        (
            vec![
                rule,
                ("sub_accounts: [lyon]}", "sub_accounts: [lyon, paris]}"),
            ],
            "for 1 member: durand marc; and for 1 listed by member below\n",
        ),
        (
            vec![
                rule,
                under("sub_accounts: {paris: {}, lyon: {parent: paris}}"),
                ("sub_accounts: [lyon]}", "sub_accounts: [lyon, paris]}"),
            ],
            "for 2 members, listed by member below\n",
        ),
    ] {
        let pair = Pair::new(&changes);
        let (_, said, errors) = pair.diff(&[]);
        assert!(said.contains(expected), "{changes:?}\n{said}{errors}");
        assert!(!said.contains("nobody's rights"), "{changes:?}\n{said}");
    }
}

/// What is sure and what only conditions know is told apart.
#[test]
fn the_summary_says_what_may_be() {
    let rewritten = (
        r#"resource.status == "open""#,
        r#""open" == resource.status"#,
    );
    for (changes, summary, figures) in [
        (
            vec![rewritten],
            "widening: 2 members may gain, 2 members may lose, ",
            [0, 2, 0, 2],
        ),
        (
            vec![
                rewritten,
                ("sub_accounts: [lyon]}", "sub_accounts: [paris]}"),
            ],
            "widening: 1 member gains, 1 more may gain, 1 member loses, 1 more may lose, ",
            [1, 1, 1, 1],
        ),
        (
            vec![rewritten, ("actions: [list, read]}", "actions: [list]}")],
            "widening: 2 members may gain, 2 members lose, ",
            [0, 2, 2, 0],
        ),
        (
            vec![(", when: 'resource.status == \"open\"'", "")],
            "widening: 2 members gain, 0 members lose, ",
            [2, 0, 0, 0],
        ),
    ] {
        let pair = Pair::new(&changes);
        let (_, said, errors) = pair.diff(&[]);
        assert!(said.starts_with(summary), "{changes:?}\n{said}{errors}");
        let (_, json, _) = pair.diff(&["--format", "json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        let said = ["gain", "may_gain", "lose", "may_lose"]
            .map(|name| json["summary"][format!("members_{name}")].as_u64().unwrap());
        assert_eq!(said, figures, "{changes:?}");
    }
}

/// Cases with one title are told apart by what they ask.
#[test]
fn turned_cases_say_what_they_ask() {
    let more = "expect: allow}\n  - {name: closes what is open, account: marc, action: close, resource: {type: conversation, id: c, sub_account: paris, status: new}, expect: deny}\n  - {name: closes what is open, account: nina, action: close, resource: {type: conversation, sub_account: lyon, status: open}, expect: allow}";
    let pair = Pair::new(&[
        (
            r#"resource.status == "open""#,
            r#"resource.status == "new""#,
        ),
        ("expect: allow}", more),
    ]);
    let (_, said, _) = pair.diff(&[]);
    for asked in [
        "turns the case \"closes what is open\" (marc close conversation:c (status: open, sub_account: paris)): allow",
        "turns the case \"closes what is open\" (marc close conversation:c (status: new, sub_account: paris)): deny",
        "turns the case \"closes what is open\" (nina close conversation): allow",
        ": nina close conversation\n",
    ] {
        assert!(said.contains(asked), "no `{asked}`\n{said}");
    }
}

/// A misspelt name is a deny like any other; what was meant is said beside the answer.
#[test]
fn ask_says_what_can_have_been_meant() {
    let pair = Pair::new(&[]);
    for (question, code, hints) in [
        (
            "marcc close conversation",
            5,
            "`marcc` is no member of `durand`; did you mean `marc`?\n",
        ),
        (
            "marc closes conversation",
            5,
            "`conversation` has no action `closes`; did you mean `close`?\n",
        ),
        (
            "marc close conversatoin:c",
            5,
            "no type is called `conversatoin`; did you mean `conversation`?\n",
        ),
        (
            "marc close conversation --tenant durant",
            5,
            "no tenant is called `durant`; did you mean `durand`?\n",
        ),
        (
            "marc close conversation -p sub_acount=paris -p satus=open -p else=1",
            5,
            "`conversation` has no property `sub_acount`; did you mean `sub_account`?\n`conversation` has no property `satus`; did you mean `status`?\n",
        ),
        (
            "claire close conversation -p satus=open",
            0,
            "`conversation` has no property `satus`; did you mean `status`?\n",
        ),
        (
            "claire close conversation -s departement=x",
            0,
            "an account has no property `departement`; did you mean `department`?\n",
        ),
        (
            "claire close conversation -c tenan=durand",
            0,
            "the context has no property `tenan`; did you mean `tenant`?\n",
        ),
        ("zoe fly rocket", 5, ""),
        (
            "claire close conversation -p status=open -c tenant=durand",
            0,
            "",
        ),
    ] {
        let words: Vec<&str> = ["ask"].into_iter().chain(question.split(' ')).collect();
        let arguments = [&words[..], &["--policies", "old"]].concat();
        let (ended, said, errors) = ran(&octroi(pair.0.path(), &arguments));
        assert_eq!(
            (ended, errors.as_str()),
            (code, hints),
            "{question}\n{said}"
        );
    }
}

#[test]
fn a_subject_brings_its_memberships_as_json() {
    let ask = |memberships: &str| {
        let memberships = format!("memberships={memberships}");
        let arguments = [
            "ask",
            "nadia",
            "report",
            "visit:v-1",
            "--tenant",
            "plomberie-arnaud",
            "-s",
            &memberships,
            "-p",
            "job=c-2207",
        ];
        ran(&octroi(root(), &arguments))
    };
    let held = r#"[{"role":"technician","sub_accounts":["rennes"],"assigned":{"job":["c-2207"]}}]"#;
    let (code, said, errors) = ask(held);
    assert_eq!(
        (code, said.lines().next()),
        (0, Some("allow (granted)")),
        "{errors}"
    );
    let (code, said, _) = ask(&held.replace("c-2207", "c-1"));
    assert_eq!(
        (code, said.lines().next()),
        (5, Some("deny (out_of_scope)"))
    );
    let (code, _, errors) = ask("[{role: technician}]");
    assert_eq!(code, 2);
    assert!(errors.contains("`memberships` is no JSON"), "{errors}");
}

#[test]
fn a_diff_for_a_pull_request() {
    let pair = Pair::new(&[
        (
            "actions: [list, read]}",
            "actions: [list, read], scope: tenant}",
        ),
        ("account: nina, role", "account: 'a|b `c` @team <b>', role"),
    ]);
    let (code, said, _) = pair.diff(&["--format", "markdown"]);
    assert_eq!(code, 6);
    let first = said.lines().next().unwrap();
    assert!(
        first.starts_with(":warning: **octroi diff** widening: "),
        "{first}"
    );
    assert!(
        said.contains("| `chat: role manager` |") && said.contains(r"``a\|b `c` @team <b>``"),
        "{said}"
    );
    // Every row of a table has as many cells as its head.
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut head = 0;
    for line in said.lines() {
        match line.starts_with('|') {
            true if head == 0 => head = cells(line),
            true => assert_eq!(cells(line), head, "{line}"),
            false => head = 0,
        }
    }
}

#[test]
fn what_cannot_be_compared_says_why() {
    let pair = Pair::new(&[]);
    let broken = Pair::new(&[("role: admin}", "role: nobody}")]);
    for (folder, arguments, code, words) in [
        (&pair, &["diff", "old"][..], 2, "required"),
        (&pair, &["diff", "old", "nowhere"], 1, "no folder"),
        (
            &pair,
            &["diff", "old", "./nowhere"],
            1,
            "cannot read `./nowhere`",
        ),
        (
            &pair,
            &["diff", "old", "new", "--fail-on", "anything"],
            2,
            "widening",
        ),
        (
            &pair,
            &["diff", "old", "new", "--at", "noon"],
            2,
            "`--at noon` is no instant",
        ),
        (
            &broken,
            &["diff", "old", "new"],
            3,
            "the policies of `new` do not compile",
        ),
        (
            &broken,
            &["diff", "new", "old"],
            3,
            "no role is called `nobody`",
        ),
        (
            &pair,
            &["who", "fly", "note", "--policies", "old"],
            2,
            "there is no type with the action `fly`",
        ),
        (
            &pair,
            &["who", "read", "note", "--policies", "old", "--tenant", "x"],
            2,
            "no tenant is called `x`",
        ),
        (
            &pair,
            &["what", "marc", "--policies", "nowhere"],
            1,
            "nowhere",
        ),
        (&broken, &["what", "marc", "--policies", "new"], 3, "nobody"),
        (
            &pair,
            &["matrix", "old", "--tenant", "x"],
            2,
            "no tenant is called `x`",
        ),
        (
            &pair,
            &["matrix", "old", "--check", "nowhere.md"],
            1,
            "nowhere.md",
        ),
        (
            &pair,
            &["ask", "marc", "read", "note", "--url", "ftp://x"],
            2,
            "the URL must be",
        ),
        (
            &pair,
            &["ask", "marc", "read", "note", "--url", "http://127.0.0.1:1"],
            1,
            "no sidecar answers",
        ),
    ] {
        let (ended, said, errors) = ran(&octroi(folder.0.path(), arguments));
        assert_eq!(ended, code, "{arguments:?}\n{said}{errors}");
        assert!(errors.contains(words), "{arguments:?}: {errors}");
        assert_eq!(said, "", "{arguments:?}");
    }
}

/// A repository whose first commit has the old policies, whose second has the new ones, and a third nothing.
fn repository() -> TempDir {
    let pair = Pair::new(&[("actions: [list, read]}", "actions: [list]}")]);
    let folder = TempDir::new().unwrap();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=A",
                "-c",
                "user.email=a@example.org",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "--quiet"]);
    let put = |side: &str| {
        fs::create_dir_all(folder.path().join("policies")).unwrap();
        for name in ["application.yaml", "durand.yaml"] {
            let from = pair.0.path().join(side).join(name);
            fs::copy(from, folder.path().join("policies").join(name)).unwrap();
        }
        fs::write(folder.path().join("policies/.hidden.yaml"), "no: [policy").unwrap();
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message", side]);
    };
    put("old");
    git(&["tag", "v1"]);
    // A link in place of a file, as some keep what several folders share.
    put("new");
    fs::rename(
        folder.path().join("policies/durand.yaml"),
        folder.path().join("shared.yaml"),
    )
    .unwrap();
    std::os::unix::fs::symlink("../shared.yaml", folder.path().join("policies/durand.yaml"))
        .unwrap();
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "a link"]);
    git(&["repack", "-a", "-d", "--quiet"]);
    folder
}

#[test]
fn revisions_are_compared_without_a_checkout() {
    if Command::new("git").arg("--version").output().is_err() {
        eprintln!("skipped: there is no git");
        return;
    }
    let repository = repository();
    for (old, new, code) in [
        ("main~2", "main", 6),
        ("v1", "HEAD", 6),
        ("v1:policies", "main~1:policies", 6),
        ("HEAD~1", "HEAD", 0),
        ("HEAD", "policies", 0),
        ("v1:./policies", "v1", 0),
        ("v1", "v2", 1),
        ("v1:nowhere", "v1", 1),
        (":policies", "v1", 1),
    ] {
        let (ended, said, errors) = ran(&octroi(repository.path(), &["diff", old, new]));
        assert_eq!(ended, code, "{old} {new}\n{said}{errors}");
        assert!(
            code != 6 || said.contains("- conversation: read  [was sub_account]"),
            "{said}"
        );
        assert!(
            code != 1 || errors.starts_with("octroi: cannot read the policies of `"),
            "{errors}"
        );
    }
    let (code, said, _) = ran(&octroi(
        repository.path(),
        &[
            "ask",
            "marc",
            "read",
            "conversation",
            "-p",
            "sub_account=paris",
            "--policies",
            "v1",
        ],
    ));
    assert_eq!(code, 0, "{said}");
    let clean = Command::new("git")
        .args(["status", "--porcelain"])
        .current_dir(repository.path())
        .output();
    assert_eq!(clean.unwrap().stdout, b"");
}

#[test]
fn who_may_and_what_one_may() {
    let pair = Pair::new(&[]);
    let run = |arguments: &[&str]| {
        let (code, said, errors) = ran(&octroi(pair.0.path(), arguments));
        assert_eq!(code, 0, "{arguments:?}{errors}");
        said
    };
    let who = |more: &[&str]| {
        run(&[&["who", "close", "conversation", "--policies", "old"], more].concat())
    };
    assert_eq!(
        who(&[]),
        "claire  tenant  [admin]\n\
         marc    sub_account paris when resource.status == \"open\"  [manager]\n\
         nina    sub_account lyon when resource.status == \"open\"  [manager]\n"
    );
    let specific = who(&["-p", "sub_account=lyon", "-p", "status=open"]);
    assert!(
        specific.contains("nina") && !specific.contains("marc"),
        "{specific}"
    );
    let json: Value = serde_json::from_str(&who(&["--json"])).unwrap();
    assert_eq!(json["subjects"][1]["id"], "marc");
    let as_asked = ["claire", "marc", "nina"].map(|id| id == "claire");
    for (subject, as_asked) in json["subjects"].as_array().unwrap().iter().zip(as_asked) {
        assert_eq!(subject["allowed"], true, "{subject}");
        assert_eq!(subject["as_asked"], as_asked, "{subject}");
    }
    assert_eq!(json["subjects"].as_array().unwrap().len(), 3);
    assert_eq!(json["subjects"][1]["rows"][0]["reach"], "sub_account paris");
    let what = run(&["what", "claire", "--policies", "old"]);
    assert!(
        what.contains("may give the role manager  [tenant]"),
        "{what}"
    );
    let what = run(&["what", "marc", "--policies", "old"]);
    assert!(
        what.starts_with("durand (chat)\n  as manager in paris\n") && !what.contains("note"),
        "{what}"
    );
}

#[test]
fn a_running_sidecar_is_asked() {
    let sidecar = Sidecar::start(&root().join("policies"));
    let url = format!("http://{}", sidecar.decision);
    let folder = TempDir::new().unwrap();
    for (sub_account, code, first) in [
        ("paris-marais", 0, "allow (granted)"),
        ("lyon", 5, "deny (out_of_scope)"),
    ] {
        let place = format!("sub_account={sub_account}");
        let ask = [
            "ask",
            "marc",
            "read",
            "conversation:c",
            "--tenant",
            "boutiques-durand",
            "-p",
            &place,
            "--url",
            &url,
        ];
        let (ended, said, errors) = ran(&octroi(folder.path(), &ask));
        assert_eq!(ended, code, "{said}{errors}");
        assert_eq!(said.lines().next(), Some(first));
        let local = ran(&octroi(root(), &ask[..8]));
        assert_eq!(said, local.1);
    }
}

#[test]
fn a_table_is_checked() {
    let pair = Pair::new(&[("actions: [list, read]}", "actions: [list]}")]);
    for name in ["roles.md", "roles.csv", "roles.html"] {
        let format = match name.rsplit_once('.').unwrap().1 {
            "md" => "markdown",
            other => other,
        };
        let (code, table, _) = ran(&octroi(
            pair.0.path(),
            &["matrix", "old", "--format", format],
        ));
        assert_eq!(code, 0);
        fs::write(pair.0.path().join(name), table).unwrap();
        let (code, said, errors) = ran(&octroi(pair.0.path(), &["matrix", "old", "--check", name]));
        assert_eq!((code, said.as_str(), errors.as_str()), (0, "", ""));
        let (code, said, _) = ran(&octroi(pair.0.path(), &["matrix", "new", "--check", name]));
        assert_eq!(code, 6);
        let signs = |sign: char| said.lines().filter(|line| line.starts_with(sign)).count();
        assert_eq!((signs('-'), signs('+')), (1, 1), "{said}");
        let heads: Vec<&str> = said.lines().filter(|line| line.starts_with(' ')).collect();
        assert!(heads.concat().contains("manager"), "{said}");
        assert!(said.starts_with(' '), "{said}");
    }
    let (_, table, _) = ran(&octroi(
        pair.0.path(),
        &["matrix", "old", "--tenant", "durand", "--format", "csv"],
    ));
    assert!(
        table.starts_with("application,tenant,type,action,claire,marc,nina\n"),
        "{table}"
    );
    assert!(
        table.contains("\"sub_account paris when resource.status == \"\"open\"\"\""),
        "{table}"
    );
    let (_, table, _) = ran(&octroi(pair.0.path(), &["matrix", "old"]));
    assert!(
        table.lines().all(|line| line.chars().count() <= 100),
        "{table}"
    );
    let gives = "which roles they may give and take:\n  admin: any role (role assign, member invite, member update, member remove)\n";
    assert!(table.ends_with(gives), "{table}");
}

/// Each shipped application's table is checked in: a review of a role sees what it changes.
#[test]
fn the_shipped_tables_are_those_of_the_policies() {
    for entry in fs::read_dir(root().join("policies")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let table = root().join("tests/matrix").join(format!("{name}.md"));
        let table = table.display().to_string();
        let folder = folder.display().to_string();
        if std::env::var_os("OCTROI_UPDATE_GOLDEN").is_some() {
            let (_, text, _) = ran(&octroi(
                root(),
                &["matrix", &folder, "--format", "markdown"],
            ));
            fs::write(&table, text).unwrap();
        }
        let (code, said, errors) = ran(&octroi(root(), &["matrix", &folder, "--check", &table]));
        assert_eq!(
            code, 0,
            "{name}\n{said}{errors}\nOCTROI_UPDATE_GOLDEN=1 writes it anew"
        );
    }
}

/// What bash offers for a line, the cursor at its end.
fn offered(line: &[&str]) -> Vec<String> {
    let words = line
        .iter()
        .map(|word| format!("'{word}'"))
        .collect::<Vec<_>>()
        .join(" ");
    let last = line.len() - 1;
    let program = PathBuf::from(env!("CARGO_BIN_EXE_octroi"));
    let script = format!(
        "PATH={}:$PATH\nsource <(COMPLETE=bash octroi)\nCOMP_WORDS=({words})\nCOMP_CWORD={last}\nCOMP_TYPE=9\n\
         spec=$(complete -p octroi)\nfunction=${{spec#*-F }}\nfunction=${{function%% *}}\n\
         $function octroi '{}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        program.parent().unwrap().display(),
        line[last],
        line[last - 1],
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &script])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines()
        .map(|line| line.trim_end().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn bash_completes_accounts_types_and_actions() {
    for (line, expected) in [
        (&["octroi", "wh"][..], &["what", "who"][..]),
        (&["octroi", "ask", "sand"], &["sandrine"]),
        (&["octroi", "ask", "marc", "rep"], &["reply"]),
        (
            &["octroi", "ask", "marc", "reply", "conv"],
            &["conversation"],
        ),
        (&["octroi", "who", "enter", "ten"], &["tenant"]),
        (
            &["octroi", "what", "marc", "--tenant", "boutiques"],
            &["boutiques-durand"],
        ),
        (
            &[
                "octroi",
                "ask",
                "--policies",
                "tests/conformance/policies/todo",
                "sand",
            ],
            &[],
        ),
    ] {
        let found = offered(line);
        for word in expected {
            assert!(
                found.iter().any(|found| found == word),
                "{line:?}: {found:?}"
            );
        }
        assert!(
            !expected.is_empty() || found.is_empty(),
            "{line:?}: {found:?}"
        );
    }
}

/// A page as Chromium shows it, the part behind `#` being what is typed into the filter box.
fn chromium(page: &Path, fragment: &str, options: &[&str]) -> String {
    let profile = TempDir::new().unwrap();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-quic",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(options)
        .arg(format!("file://{}#{fragment}", page.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_browser_filters_and_prints_the_table() {
    if !has_component(
        "a_browser_filters_and_prints_the_table",
        "chromium",
        "chromium",
    ) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("roles.html");
    let policies = root().join("policies");
    let (_, html, _) = ran(&octroi(
        root(),
        &[
            "matrix",
            &policies.display().to_string(),
            "--format",
            "html",
        ],
    ));
    fs::write(&page, html).unwrap();
    let shown =
        |dom: &str| dom.matches("<tr data-text").count() - dom.matches("hidden=\"\"><th>").count();
    let all = chromium(&page, "", &["--dump-dom"]);
    let filtered = chromium(&page, "conversation%20close", &["--dump-dom"]);
    let none = chromium(&page, "no-such-thing", &["--dump-dom"]);
    assert!(shown(&all) > 200, "{}", shown(&all));
    assert!((1..10).contains(&shown(&filtered)), "{}", shown(&filtered));
    assert_eq!(shown(&none), 0);
    let pdf = folder.path().join("roles.pdf");
    chromium(&page, "", &[&format!("--print-to-pdf={}", pdf.display())]);
    assert!(fs::metadata(pdf).unwrap().len() > 20_000);
}
