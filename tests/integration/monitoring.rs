//! The alert rules and the dashboard in `deploy/`: promtool runs the rules' own tests, and nothing in either asks for a
//! metric that a real sidecar does not have.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::support::{Authority, Policies, Sidecar, has_component};

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(path)
}

fn promtool(arguments: &[&str], file: &Path) {
    let output = Command::new("promtool")
        .args(arguments)
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
}

fn dashboard() -> Value {
    serde_json::from_str(&fs::read_to_string(deploy("grafana/octroi.json")).unwrap()).unwrap()
}

/// Every expression below a value, under the keys that hold one.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value.as_str()) {
                    ("expr" | "definition", Some(text)) => found.push(text.to_owned()),
                    _ => expressions(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

/// The names of metrics in a text: words that begin as ours do.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let ours = words.filter(|word| word.starts_with("octroi_") || word.starts_with("process_"));
    ours.map(str::to_owned).collect()
}

#[test]
fn each_alert_fires_when_it_should() {
    if !has_component("each_alert_fires_when_it_should", "promtool", "prometheus") {
        return;
    }
    promtool(&["check", "rules"], &deploy("prometheus/octroi.rules.yaml"));
    promtool(
        &["test", "rules"],
        &deploy("prometheus/octroi.rules.test.yaml"),
    );
    let rules = fs::read_to_string(deploy("prometheus/octroi.rules.yaml")).unwrap();
    let tests = fs::read_to_string(deploy("prometheus/octroi.rules.test.yaml")).unwrap();
    for line in rules.lines() {
        if let Some((_, name)) = line.split_once("- alert: ") {
            let case = format!("alertname: {name}");
            assert!(tests.contains(&case), "{name} has no test");
        }
    }
}

#[test]
fn alerts_and_dashboard_ask_for_what_there_is() {
    let policies = Policies::new();
    let folder = policies.beside("tls");
    let (certificate, key) = Authority::new().issue().write(&folder);
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let options = [
        "--listen",
        "tls:127.0.0.1:0",
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
    ];
    let sidecar = Sidecar::start_with(&policies.folder(), &options);
    sidecar.ask("ana");
    let served = metrics(&sidecar.metrics());
    let rules = fs::read_to_string(deploy("prometheus/octroi.rules.yaml")).unwrap();
    let mut texts = Vec::new();
    expressions(&dashboard(), &mut texts);
    texts.push(rules);
    for name in texts.iter().flat_map(|text| metrics(text)) {
        assert!(served.contains(&name), "no sidecar has {name}");
    }
    // And the other way round: what tells of reloads is on the dashboard.
    let shown = texts
        .iter()
        .flat_map(|text| metrics(text))
        .collect::<BTreeSet<_>>();
    for name in served.iter().filter(|name| name.contains("reload")) {
        let plain = ["_bucket", "_sum", "_count"]
            .iter()
            .any(|end| name.ends_with(end));
        let histogram = name == "octroi_reload_duration_seconds";
        assert!(
            plain || histogram || shown.contains(name),
            "{name} is not shown"
        );
    }
}

/// Grafana's variables stand for something; the rest is for promtool to parse.
#[test]
fn the_dashboards_expressions_parse() {
    if !has_component("the_dashboards_expressions_parse", "promtool", "prometheus") {
        return;
    }
    let mut texts = Vec::new();
    expressions(&dashboard(), &mut texts);
    texts.retain(|text| !text.starts_with("label_values"));
    assert!(texts.len() > 25, "{}", texts.len());
    let mut rules = String::from("groups:\n- name: dashboard\n  rules:\n");
    for (index, text) in texts.iter().enumerate() {
        let text = text.replace("$__rate_interval", "5m").replace('\'', "''");
        rules.push_str(&format!(
            "  - {{record: 'panel:{index}', expr: '{text}'}}\n"
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dashboard.yaml");
    fs::write(&file, rules).unwrap();
    promtool(&["check", "rules", "--lint=none"], &file);
}

#[test]
fn the_dashboard_is_one_that_grafana_takes() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels
        .iter()
        .filter_map(|panel| panel["id"].as_u64())
        .collect();
    assert_eq!(ids.len(), panels.len(), "ids are given twice");
    let mut taken = BTreeSet::new();
    for panel in panels {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{}", panel["title"]);
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{} overlaps", panel["title"]);
            }
        }
        assert!(panel["type"] == "row" || !panel["targets"].as_array().unwrap().is_empty());
    }
}
