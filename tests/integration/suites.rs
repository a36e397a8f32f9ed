//! `octroi test`: which rules the cases exercise, whether they would notice another rule, and what CI reads of it.

use std::fs;
use std::path::Path;

use octroi::model::{Case, Suite};
use octroi::pipeline::{self, Outcome};
use octroi::snapshot::Reason;
use octroi::source::{Limits, Sources, Span, read_folder};
use octroi::suite::{self, Fate, Mutation};
use serde_json::Value;

use super::support::{Workplace, octroi_in, python_program};

/// 2026-12-01: what the cases without a moment of their own ask about.
const NOW: i64 = 1_796_083_200_000;

const APPLICATION: &str = "\
application: shop
resources:
  order: {actions: [read, refund, ship], attributes: {status: String}}
  stock: {actions: [read]}
roles:
  clerk:
    scope: own
    allow:
      - {resources: [order], actions: [read]}
      - {resources: [order], actions: [refund], when: 'resource.status == \"open\"'}
      - {resources: [tenant], actions: [enter]}
  boss:
    allow: [{resources: ['*'], actions: ['*']}]
    assigns: ['*']
deny:
  - {resources: [order], actions: [refund], when: 'resource.status == \"paid\"'}
";
const TENANT: &str = "\
tenant: acme
application: shop
roles:
  packer: {allow: [{resources: [order], actions: [ship]}]}
members:
  - {account: ann, role: clerk}
  - {account: bob, role: boss}
  - {account: pia, role: packer}
delegations:
  - {from: bob, to: pia, allow: [{resources: [stock], actions: [read]}]}
";

/// A case a line: account, action, resource, whether it is allowed.
fn cases(lines: &[(&str, &str, &str, &str)]) -> String {
    let mut text = "tests: Orders\ntenant: acme\ncases:\n".to_owned();
    for (account, action, resource, expect) in lines {
        text.push_str(&format!(
            "  - {{account: {account}, action: {action}, resource: {{{resource}}}, expect: {expect}}}\n"
        ));
    }
    text
}

/// Everything, so that nothing is left.
const ENOUGH: &[(&str, &str, &str, &str)] = &[
    ("ann", "read", "type: order, owner: ann", "allow"),
    ("ann", "read", "type: order, owner: bob", "deny"),
    (
        "ann",
        "refund",
        "type: order, owner: ann, status: open",
        "allow",
    ),
    (
        "ann",
        "refund",
        "type: order, owner: ann, status: sent",
        "deny",
    ),
    (
        "ann",
        "refund",
        "type: order, owner: bob, status: open",
        "deny",
    ),
    ("ann", "enter", "type: tenant", "allow"),
    ("bob", "refund", "type: order, status: sent", "allow"),
    ("bob", "refund", "type: order, status: paid", "deny"),
    ("pia", "ship", "type: order", "allow"),
    ("pia", "read", "type: stock", "allow"),
];

fn shop(lines: &[(&str, &str, &str, &str)]) -> Workplace {
    Workplace::new(&[
        ("application.yaml", APPLICATION),
        ("acme.yaml", TENANT),
        ("tests.yaml", &cases(lines)),
    ])
}

fn json(place: &Workplace, options: &[&str]) -> (Option<i32>, Value) {
    let said = place.octroi(&[&["test", "--format", "json"], options].concat());
    let report = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
    (said.code, report)
}

/// What a report lists, as `word file:line`.
fn listed(rows: &Value, word: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap().iter();
    let line = |row: &Value| {
        let rule = &row["rule"];
        let (word, file) = (row[word].as_str().unwrap(), rule["file"].as_str().unwrap());
        format!("{word} {file}:{}", rule["line"])
    };
    rows.map(line).collect()
}

#[test]
fn enough_cases_leave_nothing() {
    let place = shop(ENOUGH);
    let (code, report) = json(&place, &["--min-coverage", "100", "--mutate"]);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["coverage"]["percent"], 100.0);
    // Seven rules and two conditions.
    assert_eq!(report["coverage"]["all"], 9);
    assert_eq!(report["mutants"]["all"], 7 + 2 + 2);
    assert_eq!(report["mutants"]["noticed"], report["mutants"]["all"]);
}

/// Each case: the index of one of the cases above, and what nobody exercises or notices without it. The boss's own case
/// is not among them: the delegation needs the boss's grant too.
#[test]
fn each_case_that_is_taken_away_leaves_something() {
    let table: [(usize, &[&str], &[&str]); 9] = [
        (
            0,
            &["rule application.yaml:9"],
            &["remove application.yaml:9"],
        ),
        (1, &[], &["widen-scope application.yaml:9"]),
        (
            2,
            &["rule application.yaml:10"],
            &["remove application.yaml:10"],
        ),
        (
            3,
            &["condition application.yaml:10"],
            &["drop-when application.yaml:10"],
        ),
        (4, &[], &["widen-scope application.yaml:10"]),
        (
            5,
            &["rule application.yaml:11"],
            &["remove application.yaml:11"],
        ),
        (
            7,
            &["rule application.yaml:16"],
            &["remove application.yaml:16"],
        ),
        (8, &["rule acme.yaml:4"], &["remove acme.yaml:4"]),
        (9, &["rule acme.yaml:10"], &["remove acme.yaml:10"]),
    ];
    for (index, uncovered, left) in table {
        let mut lines = ENOUGH.to_vec();
        let gone = lines.remove(index);
        let place = shop(&lines);
        let (code, report) = json(&place, &["--coverage", "--mutate"]);
        let found = listed(&report["coverage"]["not_exercised"], "what");
        assert_eq!(found, uncovered, "{gone:?}");
        let found = listed(&report["mutants"]["left"], "mutation");
        assert_eq!(found, left, "{gone:?}");
        assert_eq!(code, Some(4), "{gone:?}");
        let (code, _) = json(&place, &["--min-coverage", "100"]);
        let expected = if uncovered.is_empty() { 0 } else { 4 };
        assert_eq!(code, Some(expected), "{gone:?}");
    }
}

#[test]
fn a_deny_condition_is_exercised_where_it_spares() {
    let lines: Vec<_> = ENOUGH
        .iter()
        .filter(|(_, action, resource, _)| *action != "refund" || resource.contains("paid"))
        .copied()
        .collect();
    let (_, report) = json(&shop(&lines), &["--coverage"]);
    let found = listed(&report["coverage"]["not_exercised"], "what");
    let expected = [
        "rule application.yaml:10",
        "condition application.yaml:10",
        "condition application.yaml:16",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_reason_beside_the_rule_excuses_it() {
    let reason = "      # equivalent widen-scope: all that clerks see is their own\n";
    let rule = "      - {resources: [order], actions: [read]}\n";
    let application = APPLICATION.replace(rule, &format!("{reason}{rule}"));
    let mut lines = ENOUGH.to_vec();
    lines.remove(1);
    let place = shop(&lines);
    place.write("application.yaml", &application);
    let (code, report) = json(&place, &["--mutate"]);
    assert_eq!(code, Some(0), "{report:#}");
    let equivalent = &report["mutants"]["equivalent"][0];
    assert_eq!(equivalent["reason"], "all that clerks see is their own");
    assert_eq!(equivalent["mutation"], "widen-scope");
    // With the case there is nothing left to excuse, and somebody should know.
    place.write("tests.yaml", &cases(ENOUGH));
    let said = place.octroi(&["test", "--mutate"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let warning = "`# equivalent widen-scope` at application.yaml:10 is not needed";
    assert!(said.err.contains(warning), "{}", said.err);
    // Another mutation's reason is none for this one, nor is one without words.
    for comment in [
        "# equivalent remove: so",
        "# equivalent widen-scope:",
        "# equivalent: so",
    ] {
        let application = APPLICATION.replace(rule, &format!("      {comment}\n{rule}"));
        let place = shop(&lines);
        place.write("application.yaml", &application);
        let (code, _) = json(&place, &["--mutate"]);
        assert_eq!(code, Some(4), "{comment}");
    }
}

#[test]
fn people_read_what_is_missing_where() {
    let place = shop(&ENOUGH[1..]);
    let said = place.octroi(&["test", "--coverage", "--mutate"]);
    assert_eq!(said.code, Some(4), "{said:?}");
    for part in [
        "NOT EXERCISED no case is allowed by this grant of the role `clerk` of `shop`",
        "  --> application.yaml:9:9\n  {resources: [order], actions: [read]}\n",
        "LEFT remove: no case needs this grant of the role `clerk` of `shop`",
    ] {
        assert!(said.out.contains(part), "no `{part}` in\n{}", said.out);
    }
    assert!(said.err.contains("coverage 88.8 %: 8 of 9"), "{}", said.err);
    assert!(
        said.err
            .contains("11 mutants: 10 noticed, 0 equivalent, 1 left")
    );
    let wanted = place.octroi(&["test", "--min-coverage", "90"]);
    assert_eq!(wanted.code, Some(4));
    assert!(
        wanted.err.contains("at least 90 % are wanted"),
        "{}",
        wanted.err
    );
    assert_eq!(
        place.octroi(&["test", "--min-coverage", "88"]).code,
        Some(0)
    );
}

#[test]
fn nothing_is_changed_while_cases_fail() {
    let mut lines = ENOUGH.to_vec();
    lines[0].3 = "deny";
    let place = shop(&lines);
    let said = place.octroi(&["test", "--mutate"]);
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(
        said.err
            .contains("no rule is changed as long as cases fail")
    );
    let (_, report) = json(&place, &["--mutate"]);
    assert!(report["mutants"].is_null());
}

#[test]
fn a_filter_chooses_by_suite_name_and_file() {
    let more = "tests: Stock\ntenant: acme\ncases:\n  - {name: the packer reads it, account: pia, action: read, resource: {type: stock}, expect: allow}\n";
    let place = shop(ENOUGH);
    place.write("more/stock.yaml", more);
    let all = ENOUGH.len() as u64 + 1;
    for (filters, expected) in [
        (&[][..], all),
        (&["Stock"], 1),
        (&["packer reads"], 1),
        (&["more/"], 1),
        (&["tests.yaml"], all - 1),
        (&["ann refund order", "Stock"], 4),
    ] {
        let options: Vec<&str> = filters
            .iter()
            .flat_map(|text| ["--filter", *text])
            .collect();
        let (code, report) = json(&place, &options);
        assert_eq!(
            (code, report["passed"].as_u64()),
            (Some(0), Some(expected)),
            "{filters:?}"
        );
    }
    let said = place.octroi(&["test", "--filter", "stcok"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.err.contains("none of the 11 cases has `stcok`"),
        "{said:?}"
    );
}

/// Cases of one suite that share a name, or have none, have each a name of their own in every format, which `--filter`
/// finds; and a pipeline that keeps the results in a file still shows what failed.
#[test]
fn cases_are_told_apart_and_failures_are_shown_beside_the_results() {
    let same = "tests: Stock\ntenant: acme\ncases:\n  - {account: pia, action: read, resource: {type: stock}, expect: allow}\n  - {account: pia, action: read, resource: {type: stock}, at: 2030-01-01T00:00:00Z, expect: deny}\n  - {name: named, account: pia, action: read, resource: {type: stock, id: a}, expect: allow}\n  - {name: named, account: pia, action: read, resource: {type: stock, id: b}, expect: deny}\n";
    let place = shop(ENOUGH);
    place.write("more/stock.yaml", same);
    let (code, report) = json(&place, &["--filter", "Stock"]);
    assert_eq!(code, Some(4));
    let names: Vec<&str> = report["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "pia read stock",
            "pia read stock (at: 2030-01-01T00:00:00Z)",
            "named: pia read stock:a",
            "named: pia read stock:b",
        ]
    );
    for name in &names[1..] {
        let (_, report) = json(&place, &["--filter", name]);
        assert_eq!(report["cases"].as_array().unwrap().len(), 1, "{name}");
    }
    for format in ["junit", "json"] {
        let said = place.octroi(&["test", "--format", format, "--filter", "Stock"]);
        assert_eq!(said.code, Some(4));
        assert_eq!(
            said.err,
            "FAILED Stock - pia read stock (at: 2030-01-01T00:00:00Z) at more/stock.yaml:5\n\
             FAILED Stock - named: pia read stock:b at more/stock.yaml:7\n\
             2 passed, 2 failed\n",
            "{format}"
        );
    }
}

#[test]
fn bad_options_are_wrong_usage() {
    let place = shop(ENOUGH);
    for arguments in [
        &["--min-coverage", "101"][..],
        &["--min-coverage", "much"],
        &["--format", "xml"],
    ] {
        let said = place.octroi(&[&["test"], arguments].concat());
        assert_eq!(said.code, Some(2), "{said:?}");
    }
}

/// A title with all that XML wants escaped, and a character that XML cannot write.
const ODD: &str = "tests: \"<b> & 'c' \\u0001 \\\"d\\\"\"\ntenant: acme\ncases:\n  - {account: bob, action: read, resource: {type: stock}, expect: deny}\n";

#[test]
fn junit_is_xml_that_says_the_same() {
    let place = shop(&ENOUGH[1..]);
    place.write("odd.yaml", ODD);
    let failing = place.octroi(&["test", "--format", "junit", "--coverage"]);
    assert_eq!(failing.code, Some(4), "{failing:?}");
    let suites = "<testsuites name=\"octroi test\" tests=\"19\" failures=\"1\" errors=\"0\">";
    assert!(failing.out.contains(suites), "{}", failing.out);
    let title = "&lt;b&gt; &amp; 'c' \u{fffd} &quot;d&quot;";
    assert!(failing.out.contains(title), "{}", failing.out);
    assert!(
        failing
            .out
            .contains("<failure message=\"expected deny, got allow (granted)\">")
    );
    fs::remove_file(place.policies().join("odd.yaml")).unwrap();
    let left = place.octroi(&[
        "test",
        "--format",
        "junit",
        "--mutate",
        "--min-coverage",
        "100",
    ]);
    assert_eq!(left.code, Some(4), "{left:?}");
    assert_eq!(left.out.matches("<failure ").count(), 2, "{}", left.out);
    let Some(python) = python_program("suites::junit_is_xml_that_says_the_same", "python") else {
        return;
    };
    let program = "import sys, xml.etree.ElementTree as tree\n\
        root = tree.fromstring(sys.stdin.buffer.read())\n\
        for suite in root:\n\
        \x20   assert int(suite.get('tests')) == len(suite), suite.attrib\n\
        \x20   assert int(suite.get('failures')) == len(suite.findall('testcase/failure'))\n\
        \x20   assert int(suite.get('skipped')) == len(suite.findall('testcase/skipped'))\n\
        assert int(root.get('tests')) == sum(map(len, root))\n";
    for text in [&failing.out, &left.out] {
        let file = place.path().join("report.xml");
        fs::write(&file, text).unwrap();
        let output = std::process::Command::new(&python)
            .args(["-c", program])
            .stdin(fs::File::open(&file).unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{text}");
    }
}

/// The applications that are shipped hold themselves to what they teach.
#[test]
fn the_shipped_applications_leave_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = octroi_in(
        root,
        &["test", "policies", "--min-coverage", "100", "--mutate"],
    );
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), ""),
        "{}",
        said.err
    );
    assert!(said.err.contains("coverage 100 %"), "{}", said.err);
    assert!(!said.err.contains("warning"), "{}", said.err);
}

fn every(_: &Suite, _: &Case) -> bool {
    true
}

fn compiled(sources: Sources) -> Outcome {
    pipeline::compile(sources, NOW, 1)
}

/// The text that an author would have written instead: the item of a list is gone, or the last key of a flow mapping.
fn rewritten(text: &str, span: Span, mutation: Mutation) -> Option<String> {
    let (start, end) = (span.start as usize, span.end as usize);
    let rule = &text[start..end];
    match mutation {
        Mutation::Remove => {
            let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
            let is_item = text[line..start].trim() == "-";
            let next = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
            let rest = text[end..next].trim();
            let is_alone = is_item && (rest.is_empty() || rest.starts_with('#'));
            is_alone.then(|| format!("{}{}", &text[..line], &text[next..]))
        }
        Mutation::DropWhen => {
            let at = rule.rfind(", when: ")?;
            let is_flow = rule.starts_with('{') && rule.ends_with('}');
            is_flow.then(|| format!("{}{}}}{}", &text[..start], &rule[..at], &text[end..]))
        }
        Mutation::WidenScope => None,
    }
}

/// A mutant decides as the folder does in which somebody wrote just that: the cases that notice are as many.
#[test]
fn a_mutant_is_what_somebody_could_have_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut compared = 0;
    for name in [
        "chat-console",
        "communications",
        "creator-agencies",
        "field-service",
    ] {
        let sources = read_folder(&folder.join(name), Limits::default()).unwrap();
        let outcome = compiled(sources.clone());
        let snapshot = outcome.snapshot.as_ref().unwrap();
        // One case at a time, so that what one notices is not hidden behind another.
        let wanted = |_: &Suite, case: &Case| case.span.start.is_multiple_of(3);
        let found = suite::mutate(&outcome.model, snapshot, &sources, NOW, wanted, |_, _| {});
        for mutant in &found.mutants {
            let file = sources.get(mutant.span.source).unwrap();
            let Some(text) = rewritten(file.text(), mutant.span, mutant.mutation) else {
                continue;
            };
            let path = file.path().to_owned();
            let written = compiled(sources.edited([(path, text)]));
            // Without its only grant of a scope a role wants other entries: those of the files are errors then, and
            // those of a request invalid. A mutant leaves entries as they are.
            let Some(snapshot) = &written.snapshot else {
                continue;
            };
            let results = suite::run_some(&written.model, snapshot, NOW, |suite, case| {
                let original = original(&outcome, suite, case);
                original.is_some_and(|original| wanted(suite, original))
            });
            let failed = || results.iter().filter(|result| !result.passed);
            if failed().any(|result| result.explanation.reason() == Reason::InvalidValue) {
                continue;
            }
            let noticed = failed().next().is_some();
            let is_noticed = mutant.fate == Fate::Noticed;
            let at = sources.place(mutant.span);
            assert_eq!(is_noticed, noticed, "{name}: {:?} at {at}", mutant.mutation);
            compared += 1;
        }
    }
    assert!(compared >= 40, "{compared} mutants compared");
}

/// The case of the same suite with the same question: places have moved.
fn original<'o>(outcome: &'o Outcome, suite: &Suite, case: &Case) -> Option<&'o Case> {
    let suites = outcome.model.suites.iter();
    let mut same =
        suites.filter(|known| known.title == suite.title && known.tenant == suite.tenant);
    let mut cases = same.next()?.cases.iter();
    cases.find(|known| {
        let key = |case: &Case| {
            let properties = format!("{:?}", case.resource_properties);
            let subject = format!("{:?}{:?}", case.account_properties, case.memberships);
            let rest = format!("{:?}{:?}", case.context, case.at);
            (case.title(), properties, subject, rest)
        };
        key(known) == key(case)
            && known.action == case.action
            && known.account == case.account
            && known.resource_type == case.resource_type
            && known.resource_id == case.resource_id
    })
}

#[test]
fn raw_cedar_is_exercised_and_changed_too() {
    let cedar = "permit (principal, action == Action::\"stock.read\", resource) when { context.now < datetime(\"2030-01-01\") };\nforbid (principal, action == Action::\"order.ship\", resource);\n";
    let place = shop(&ENOUGH[..2]);
    place.write("more.cedar", cedar);
    let (_, report) = json(&place, &["--coverage", "--mutate"]);
    let uncovered = listed(&report["coverage"]["not_exercised"], "what");
    let left = listed(&report["mutants"]["left"], "mutation");
    for line in [
        "rule more.cedar:1",
        "condition more.cedar:1",
        "rule more.cedar:2",
    ] {
        assert!(
            uncovered.iter().any(|it| it == line),
            "{line}: {uncovered:?}"
        );
    }
    for line in [
        "remove more.cedar:1",
        "drop-when more.cedar:1",
        "remove more.cedar:2",
    ] {
        assert!(left.iter().any(|it| it == line), "{line}: {left:?}");
    }
    let cases = cases(&[
        (
            "ann",
            "read",
            "type: stock",
            "allow}, at: 2029-01-01T00:00:00Z, x: {a: b",
        ),
        ("bob", "ship", "type: order", "deny"),
    ])
    .replace(", x: {a: b", "")
    .replace("allow}, at", "allow, at");
    let late = "  - {account: ann, action: read, resource: {type: stock}, at: 2031-01-01T00:00:00Z, expect: deny}\n";
    place.write("tests.yaml", &format!("{cases}{late}"));
    let (_, report) = json(&place, &["--coverage", "--mutate"]);
    let all = format!("{}{}", report["coverage"], report["mutants"]);
    assert!(!all.contains("more.cedar"), "{all}");
}

#[test]
fn every_case_counts_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let outcome = pipeline::load(&folder, NOW, 1).unwrap();
    let snapshot = outcome.snapshot.as_ref().unwrap();
    let all: usize = outcome
        .model
        .suites
        .iter()
        .map(|suite| suite.cases.len())
        .sum();
    assert_eq!(suite::run(&outcome.model, snapshot, NOW).len(), all);
    let coverage = suite::coverage(&outcome.model, snapshot, &outcome.sources, NOW, every);
    let nothing = suite::coverage(&outcome.model, snapshot, &outcome.sources, NOW, |_, _| {
        false
    });
    assert_eq!(coverage.exercised(), coverage.points.len());
    assert_eq!(nothing.exercised(), 0);
    // What is excused is exercised by nothing, and counts for nothing.
    assert_eq!(nothing.points.len(), coverage.points.len());
}
