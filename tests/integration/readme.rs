//! The README's tutorial and questions, run as they stand: every output in it must be the program's own.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::support::Sidecar;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The code blocks of a kind below a heading, up to the next heading of the same level.
fn blocks(heading: &str, kind: &str) -> Vec<String> {
    let text = readme();
    let section = text
        .split_once(&format!("\n{heading}\n"))
        .expect("the heading")
        .1;
    let section = section
        .split_once("\n## ")
        .map_or(section, |(section, _)| section);
    let opening = format!("```{kind}\n");
    let parts = section.split(&opening).skip(1);
    parts
        .map(|part| part.split_once("```").expect("a closed block").0.to_owned())
        .collect()
}

/// Runs the first line of a console block (`$ octroi ...`) and compares all that it prints with the rest.
fn runs_as_shown(block: &str, folder: &Path) {
    let (command, shown) = block.split_once('\n').expect("a command and its output");
    let arguments = command
        .strip_prefix("$ octroi ")
        .expect("a call of octroi")
        .split(' ')
        .map(|argument| argument.trim_matches('\''));
    let output = Command::new(env!("CARGO_BIN_EXE_octroi"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8_lossy(&printed), shown, "{command}");
}

#[test]
fn the_first_policy_in_five_minutes() {
    let heading = "## A first policy in five minutes";
    let yaml = blocks(heading, "yaml");
    let [application, tenant, tests] = &yaml[..] else {
        panic!("{} blocks of YAML", yaml.len());
    };
    let console = blocks(heading, "console");
    let [mistakes, mended, passed, failed, asked] = &console[..] else {
        panic!("{} console blocks", console.len());
    };
    let folder = TempDir::new().unwrap();
    let policies = folder.path().join("my-policies");
    fs::create_dir(&policies).unwrap();
    let write = |name: &str, text: &str| fs::write(policies.join(name), text).unwrap();
    write("application.yaml", application);
    write("garage-morel.yaml", tenant);
    runs_as_shown(mistakes, folder.path());

    let application = application.replace("resource.state", "resource.status");
    let tenant = tenant.replace("agnet", "agent");
    write("application.yaml", &application);
    write("garage-morel.yaml", &tenant);
    runs_as_shown(mended, folder.path());
    write("garage-morel.yaml", &format!("{tenant}{tests}"));
    runs_as_shown(passed, folder.path());
    runs_as_shown(asked, folder.path());

    write(
        "application.yaml",
        &application.replace("scope: sub_account", "scope: tenant"),
    );
    let tenant = tenant.replace(", sub_accounts: [nantes]", "");
    write("garage-morel.yaml", &format!("{tenant}{tests}"));
    runs_as_shown(failed, folder.path());
}

#[test]
fn the_workbench() {
    let heading = "## The author's workbench";
    let yaml = blocks(heading, "yaml");
    let [tenant, deny, cases] = &yaml[..] else {
        panic!("{} blocks of YAML", yaml.len());
    };
    let console = blocks(heading, "console");
    let [init, fixed, explained, left, noticed, shipped] = &console[..] else {
        panic!("{} console blocks", console.len());
    };
    let folder = TempDir::new().unwrap();
    let policies = folder.path().join("my-policies");
    let add = |name: &str, text: &str| {
        let path = policies.join(name);
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, before + text).unwrap();
    };
    runs_as_shown(init, folder.path());
    add("tenants/globex.yaml", tenant);
    runs_as_shown(fixed, folder.path());
    runs_as_shown(explained, folder.path());
    add("application.yaml", deny);
    runs_as_shown(left, folder.path());
    add("tests/acme.yaml", cases);
    runs_as_shown(noticed, folder.path());
    runs_as_shown(shipped, Path::new(env!("CARGO_MANIFEST_DIR")));
}

#[test]
fn a_question_on_the_command_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let console = blocks("## Command line", "console");
    assert!(!console.is_empty());
    for block in console {
        runs_as_shown(&block, root);
    }
}

/// What stands between two marks, the first of each.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> Option<&'t str> {
    text.split_once(begin)?.1.split_once(end).map(|it| it.0)
}

/// Every call of curl that asks a question, on the shipped policies: the path, the headers and the body as they are
/// written, and the same JSON in the answer.
#[test]
fn questions_by_curl() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sidecar = Sidecar::start(&root.join("policies"));
    let text = readme();
    let calls = text
        .split("```console\n$ curl -s http://127.0.0.1:8181")
        .skip(1);
    let mut asked = 0;
    for call in calls {
        let call = call.split_once("\n```").expect("a closed block").0;
        let path = call.split_once(' ').expect("a path").0;
        let body = between(call, "-d '", "'").expect("a body");
        let shown = call.rsplit_once("'\n").expect("an answer").1;
        let shown: Value =
            serde_json::from_str(shown).unwrap_or_else(|error| panic!("{error}: {shown}"));
        let explained = call.contains("-H 'Octroi-Explain: true'");
        let headers = if explained {
            "Octroi-Explain: true\r\n"
        } else {
            ""
        };
        let mut answer = sidecar.client().post(path, headers, body.as_bytes()).json();
        if call.contains("jq 'del(.context.revision)'") {
            answer["context"]
                .as_object_mut()
                .unwrap()
                .remove("revision");
        }
        assert_eq!(answer, shown, "{call}");
        asked += 1;
    }
    assert!(asked >= 6, "{asked}");
}
