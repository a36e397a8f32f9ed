//! `octroi check` as its readers use it: code hosts, editors, people who ask what a code means, and those who would have
//! a slip put right.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use octroi::diagnostic::{Code, Diagnostic, Severity};
use octroi::pipeline;
use octroi::source::Sources;
use octroi::suite;
use serde_json::Value;

use super::support::{Workplace, fenced, has_component, python_program};

const APPLICATION: &str = "\
application: shop
resources:
  order: {actions: [read, refund], attributes: {status: String}}
roles:
  clerk:
    allow:
      - {resources: [order, tenant], actions: [read]}
      - {resources: [order], actions: [refund], when: 'resource.status == \"open\"'}
      - {resources: [tenant], actions: [update]}
";

/// Names as people misspell them: plain, in quotes, behind a character that is more than a byte, in a condition; one that
/// could be two others, and one that is near to none.
const SLIPS: &str = "\
# Ann's tenant — été
tenant: acme
application: shpo
sub_accounts: {north: {}, south: {parnet: north}}
members:
  - {account: ann, role: clrek}   # the comment stays
  - {account: \"bob\", role: 'clerkk'}
";

const REFUND: &str = "when: 'resource.status";

fn slips() -> Workplace {
    Workplace::new(&[
        ("application.yaml", APPLICATION),
        ("tenants/acme été.yaml", SLIPS),
    ])
}

#[test]
fn every_code_is_explained_and_its_example_gives_it() {
    let place = Workplace::new(&[]);
    for code in Code::ALL {
        let name = code.as_str();
        let said = place.octroi(&["check", "--explain", name]);
        assert_eq!(said.code, Some(0), "{said:?}");
        let head = format!("{name} ({})\n\n", code.severity().as_str());
        assert!(said.out.starts_with(&head), "{}", said.out);
        let section = code.section();
        let paragraph = section.split("```").next().unwrap();
        assert!(
            paragraph.split_whitespace().count() >= 15,
            "{name}: {paragraph}"
        );
        let Some(sources) = example(*code) else {
            assert_eq!(*code, Code::Internal, "{name} has no example");
            continue;
        };
        let now = 1_796_083_200_000;
        let outcome = pipeline::compile(sources, now, 1);
        let mut found: Vec<Diagnostic> = outcome.diagnostics.clone();
        // What serve asks of policies beside that they compile.
        if let Some(snapshot) = &outcome.snapshot {
            found.extend(suite::failures(&outcome.model, snapshot, now));
        }
        assert!(found.iter().any(|it| it.code == *code), "{name}: {found:?}");
        let others = found.iter().filter(|it| it.severity() == Severity::Error);
        for other in others {
            assert_eq!(
                other.code, *code,
                "the example of {name} is wrong otherwise too"
            );
        }
    }
}

/// The folder that a code's example is.
fn example(code: Code) -> Option<Sources> {
    let section = code.section();
    if let [command] = fenced(section, "console")[..] {
        return Some(printed(command));
    }
    let yaml = fenced(section, "yaml");
    let cedar = fenced(section, "cedar");
    assert!(yaml.len() <= 1 && cedar.len() <= 1, "{code:?}");
    let files = yaml.iter().map(|text| ("example.yaml", *text));
    let files = files.chain(cedar.iter().map(|text| ("example.cedar", *text)));
    (!yaml.is_empty()).then(|| Sources::from_texts(files))
}

/// What `$ printf '...' > FILE` writes.
fn printed(command: &str) -> Sources {
    let place = Workplace::new(&[]);
    let command = command.strip_prefix("$ ").expect("a command");
    let shell = Command::new("sh")
        .args(["-c", command])
        .current_dir(place.path())
        .status();
    assert!(shell.unwrap().success());
    octroi::source::read_folder(&place.policies(), octroi::source::Limits::default()).unwrap()
}

#[test]
fn the_page_of_codes_has_no_section_beside() {
    let page = include_str!("../../src/diagnostic/codes.md");
    let sections = page.split("\n## ").skip(1);
    let named: Vec<&str> = sections
        .filter_map(|section| section.lines().next())
        .collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(named, codes);
}

#[test]
fn a_code_that_does_not_exist_is_wrong_usage() {
    let place = Workplace::new(&[]);
    let said = place.octroi(&["check", "--explain", "Unknown-Role"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("unknown-role (error)\n"), "{said:?}");
    let said = place.octroi(&["check", "--explain"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for code in octroi::diagnostic::Code::ALL {
        let is_of_code = |line: &str| line.split(' ').next() == Some(code.as_str());
        assert_eq!(said.out.lines().filter(|line| is_of_code(line)).count(), 1);
    }
    let said = place.octroi(&["check", "--explain", "unknwon-role"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.err.contains("did you mean `unknown-role`?"),
        "{said:?}"
    );
}

/// The SARIF of the slips, and what it must say of each place.
#[test]
fn sarif_names_rules_places_and_fixes() {
    let place = slips();
    let said = place.octroi(&["check", "--format", "sarif"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    let log: Value = serde_json::from_str(&said.out).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), Code::ALL.len());
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let physical = &result["locations"][0]["physicalLocation"];
        let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
        assert_eq!(uri, "policies/tenants/acme%20%C3%A9t%C3%A9.yaml");
        let region = &physical["region"];
        assert!(region["endColumn"].as_u64() > region["startColumn"].as_u64());
    }
    let key = results
        .iter()
        .find(|it| it["ruleId"] == "unknown-key")
        .unwrap();
    let change = &key["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(change["insertedContent"]["text"], "parent");
    assert_eq!(change["deletedRegion"]["startColumn"], 35);
    assert_eq!(change["deletedRegion"]["endColumn"], 41);
}

#[test]
fn sarif_is_what_its_schema_says() {
    let test = "checks::sarif_is_what_its_schema_says";
    let Some(python) = python_program(test, "python") else {
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = root.join("tests/data/sarif/sarif-schema-2.1.0.json");
    let program = "import json, sys, jsonschema\n\
        schema = json.load(open(sys.argv[1]))\n\
        kind = jsonschema.validators.validator_for(schema)\n\
        log = json.load(sys.stdin)\n\
        errors = list(kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(log))\n\
        print(errors)\n\
        sys.exit(bool(errors))\n";
    let empty = Workplace::new(&[("readme.txt", "nothing")]);
    let broken = Workplace::new(&[("a.yaml", "a: [")]);
    for place in [slips(), empty, broken] {
        let log = place.octroi(&["check", "--format", "sarif"]).out;
        let file = place.path().join("log.sarif");
        fs::write(&file, &log).unwrap();
        let output = Command::new(&python)
            .args(["-c", program])
            .arg(&schema)
            .stdin(fs::File::open(&file).unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{said}\n{log}");
        assert!(!log.contains("\"runs\": []"));
    }
}

#[test]
fn annotations_name_files_as_the_repository_does() {
    let place = slips();
    let said = place.octroi(&["check", "--format", "github"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    let key = "::error file=policies/tenants/acme été.yaml,line=4,col=35,endLine=4,endColumn=41,title=unknown-key::";
    let found = lines.iter().find(|line| line.starts_with(key));
    let line = found.unwrap_or_else(|| panic!("{}", said.out));
    assert!(line.contains("%0Adid you mean `parent`?"), "{line}");
    assert!(lines.iter().all(|line| line.starts_with("::")), "{lines:?}");
    // The same, wherever the folder is named from.
    let whole = place.policies();
    let absolute = place.octroi(&["check", "--format", "github", whole.to_str().unwrap()]);
    assert_eq!(absolute.out, said.out);
}

#[test]
fn fix_writes_the_names_and_nothing_else() {
    let place = slips();
    let condition = APPLICATION.replace(REFUND, "when: 'resource.stauts");
    place.write("application.yaml", &condition);
    let path = place.policies().join("tenants/acme été.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let said = place.octroi(&["check", "--fix"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let expected = SLIPS
        .replace("shpo", "shop")
        .replace("parnet", "parent")
        .replace("clrek", "clerk")
        .replace("clerkk", "clerk");
    assert_eq!(place.read("tenants/acme été.yaml"), expected);
    assert_eq!(place.read("application.yaml"), APPLICATION);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let left = fs::read_dir(place.policies().join("tenants"))
        .unwrap()
        .count();
    assert_eq!(left, 1, "a file was left behind");
    assert_eq!(said.err.matches("fixed ").count(), 5, "{}", said.err);
    // Once more, and nothing is written.
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let again = place.octroi(&["check", "--fix"]);
    assert_eq!((again.code, again.out.as_str()), (Some(0), ""));
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
}

/// Each case: what replaces `role: clerk` in a tenant's file. None of them may be touched.
#[test]
fn fix_leaves_what_could_be_several_or_stands_otherwise() {
    let roles = "  clerk-a: {inherits: [clerk]}\n  clerk-b: {inherits: [clerk]}\n";
    let application = format!("{APPLICATION}{roles}");
    for written in [
        "role: clerk-c",
        "role: somebody",
        "role: \"clr\\u0065k\"",
        "role: *name",
        "role: clerk, acount: bob",
        "role: clerk, statsu: active, staus: active",
    ] {
        let tenant = format!(
            "tenant: acme\napplication: shop\nname: &name clrek\nmembers:\n  - {{account: ann, {written}}}\n"
        );
        let place = Workplace::new(&[("application.yaml", &application), ("acme.yaml", &tenant)]);
        let said = place.octroi(&["check", "--fix"]);
        assert_eq!(said.code, Some(3), "{written}: {said:?}");
        assert_eq!(place.read("acme.yaml"), tenant, "{written}");
        assert!(
            said.err.contains("nothing to fix"),
            "{written}: {}",
            said.err
        );
    }
}

/// Ids that may as well be others would give rights to whom nobody meant.
#[test]
fn fix_never_guesses_at_ids() {
    let application = "application: shop\nresources: {order: {actions: [read]}}\nroles:\n  \
        clerk: {scope: sub_account, allow: [{resources: [order], actions: [read]}]}\n  \
        tier1: {allow: [{resources: [tenant], actions: [update]}]}\n";
    let tenant = |entry: &str| {
        format!(
            "tenant: acme\napplication: shop\nsub_accounts: {{shop-1: {{}}, s1: {{}}, team-a: {{}}}}\n\
             teams: {{t1: [ann]}}\nmembers:\n  - {{account: ann, role: tier1}}\n  - {{account: bob, {entry}}}\n"
        )
    };
    for entry in [
        "role: clerk, sub_accounts: [shop-2, s2, team-b]",
        "role: tier1, teams: [t2]",
        "role: tier2",
    ] {
        let tenant = tenant(entry);
        let place = Workplace::new(&[("application.yaml", application), ("acme.yaml", &tenant)]);
        let said = place.octroi(&["check", "--fix"]);
        assert_eq!(said.code, Some(3), "{entry}: {said:?}");
        assert_eq!(place.read("acme.yaml"), tenant, "{entry}");
        assert!(!said.out.contains("did you mean"), "{entry}: {said:?}");
    }
}

/// Words of the language are few: the nearest is the one.
#[test]
fn fix_writes_words_of_the_language() {
    let application = APPLICATION.replace("status: String", "status: string");
    let tenant = "tenant: acme\napplication: shop\nmembers:\n  - {account: ann, role: clerk, status: activ}\n---\n\
        tests: Some\ntenant: acme\ncases:\n  \
        - {account: bob, action: read, resource: {type: order}, expect: dney, reason: not_member}\n";
    let place = Workplace::new(&[("application.yaml", &application), ("acme.yaml", tenant)]);
    let said = place.octroi(&["check", "--fix"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let expected = tenant
        .replace("activ}", "active}")
        .replace("dney", "deny")
        .replace("not_member", "not_a_member");
    assert_eq!(place.read("acme.yaml"), expected);
    assert_eq!(place.read("application.yaml"), APPLICATION);
}

#[test]
fn fix_follows_links_and_keeps_them() {
    let place = slips();
    let path = place.policies().join("tenants/acme été.yaml");
    let elsewhere = place.path().join("elsewhere.yaml");
    fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    let said = place.octroi(&["check", "--fix"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert!(
        fs::read_to_string(&elsewhere)
            .unwrap()
            .contains("role: clerk}")
    );
}

#[test]
fn names_that_are_as_near_are_both_named() {
    let tenant = "tenant: acme\napplication: shop\nmembers: [{account: ann, role: clerk-c}]\n";
    let roles = "  clerk-a: {inherits: [clerk]}\n  clerk-b: {inherits: [clerk]}\n";
    let application = format!("{APPLICATION}{roles}");
    let place = Workplace::new(&[("application.yaml", &application), ("acme.yaml", tenant)]);
    let said = place.octroi(&["check"]);
    let help = "did you mean `clerk-a` or `clerk-b`?";
    assert!(said.out.contains(help), "{}", said.out);
}

#[test]
fn watch_checks_again_after_each_change() {
    let place = slips();
    let child = Command::new(env!("CARGO_BIN_EXE_octroi"))
        .args(["check", "--watch"])
        .current_dir(place.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = Killed(child.unwrap());
    let (sender, lines) = mpsc::channel();
    let stderr = BufReader::new(child.0.stderr.take().unwrap());
    std::thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    let next = |what: &str| {
        let mut said = Vec::new();
        while let Ok(line) = lines.recv_timeout(Duration::from_secs(20)) {
            if line.contains(what) {
                return;
            }
            said.push(line);
        }
        panic!("no `{what}` after {said:?}");
    };
    next("2 errors,");
    next("watching `policies`");
    let mended = SLIPS.replace("shpo", "shop").replace("parnet", "parent");
    let mended = mended.replace("clrek", "clerk").replace("clerkk", "clerk");
    place.write("tenants/acme été.yaml", &mended);
    next("0 errors,");
    // The folder goes away, as at a checkout, and comes back otherwise.
    let away = place.path().join("away");
    fs::rename(place.policies(), &away).unwrap();
    next("cannot read");
    fs::rename(&away, place.policies()).unwrap();
    next("0 errors,");
    place.write("application.yaml", "application: [");
    next("1 error,");
}

/// A process that does not outlive the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn watching_no_folder_is_a_failure() {
    let place = Workplace::new(&[]);
    let said = place.octroi(&["check", "--watch", "nowhere"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("nowhere"), "{said:?}");
}

/// Enough tenants that reading them takes longer than a second in a build for tests.
fn many() -> Workplace {
    let place = Workplace::new(&[("application.yaml", APPLICATION)]);
    let members: String = (0..40)
        .map(|number| format!("  - {{account: m{number}, role: clerk}}\n"))
        .collect();
    for number in 0..3_000 {
        let text = format!("tenant: t{number}\napplication: shop\nmembers:\n{members}");
        place.write(&format!("tenants/t{number}.yaml"), &text);
    }
    place
}

#[test]
fn what_takes_long_shows_it_on_a_terminal_alone() {
    let test = "checks::what_takes_long_shows_it_on_a_terminal_alone";
    if !has_component(test, "script", "bsdutils") {
        return;
    }
    let place = many();
    let started = Instant::now();
    let piped = place.octroi(&["check"]);
    let took = started.elapsed();
    assert_eq!((piped.code, piped.out.as_str()), (Some(0), ""));
    assert_eq!(piped.err, "0 errors, 0 warnings in 3001 files\n");
    let command = format!("{} check", env!("CARGO_BIN_EXE_octroi"));
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(place.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("0 errors, 0 warnings"), "{shown}");
    // Where it is quicker than that there is nothing to show.
    if took > Duration::from_millis(1_500) {
        assert!(shown.contains("reading the policies ... 1 s"), "{shown}");
        let last = shown.rfind("reading the policies").unwrap();
        assert!(
            shown[last..].contains("\u{1b}[2K"),
            "the line stays: {shown}"
        );
    }
}
