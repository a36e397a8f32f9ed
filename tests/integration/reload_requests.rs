//! Reloads that are asked for, tests that must pass, and what is told of it all.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Client, Policies, Sidecar, refusal, wait_until};

const SOON: Duration = Duration::from_secs(10);

const TESTS: &str = "\
tests: What clerks may do
tenant: north
cases:
  - {name: ana reads, account: ana, action: read, resource: {type: order}, expect: allow}
  - {name: ben stays out, account: ben, action: read, resource: {type: order}, expect: deny, reason: not_a_member}
";

fn names(list: &Value) -> Vec<&str> {
    let names = list["names"].as_array().unwrap().iter();
    names.map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn post_reload_says_what_came_of_it() {
    let policies = Policies::new();
    // Polled once a second, so it is the request that reads.
    let sidecar = Sidecar::start_with(&policies.folder(), &["--watch", "poll"]);
    let generation = || sidecar.status()["generation"].as_u64().unwrap();
    let first = generation();

    let same = sidecar.reload();
    assert_eq!(same.status, 200, "{same:?}");
    assert_eq!(same.json()["outcome"], "unchanged");
    assert_eq!(same.json()["generation"], first);

    policies.admit_ben(true);
    let good = sidecar.reload();
    assert_eq!(good.status, 200, "{good:?}");
    let said = good.json();
    // Polling may have been there before.
    assert!(["reloaded", "unchanged"].contains(&said["outcome"].as_str().unwrap()));
    assert!(sidecar.ask("ben").decision(), "answered before it was live");
    assert_eq!(said["generation"], generation());
    assert!(generation() > first);

    let generation = generation();
    policies.break_tenant();
    for _ in 0..2 {
        let bad = sidecar.reload();
        assert_eq!(bad.status, 422, "{bad:?}");
        let said = bad.json();
        assert_eq!(said["outcome"], "rejected");
        assert_eq!(said["generation"], generation);
        assert_eq!(said["diagnostics"][0]["file"], "tenants/north.yaml");
        assert_eq!(said["diagnostics"][0]["line"], 3);
    }
    assert!(sidecar.ask("ben").decision());
    fs::rename(policies.folder(), policies.beside("away")).unwrap();
    let gone = sidecar.reload();
    assert_eq!(
        (gone.status, &gone.json()["outcome"]),
        (422, &json!("unreadable"))
    );
    assert!(gone.json()["error"].as_str().unwrap().contains("policies"));
    fs::rename(policies.beside("away"), policies.folder()).unwrap();
    policies.admit_ben(true);
    let mended = sidecar.reload();
    assert_eq!(mended.status, 200);
}

#[test]
fn reload_is_a_post_of_this_host() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let get = sidecar.admin("/-/reload");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    let mut client = Client::connect(sidecar.admin);
    for headers in [
        "Origin: https://elsewhere.example\r\n",
        "Sec-Fetch-Site: cross-site\r\nOrigin: null\r\n",
    ] {
        assert_eq!(
            client.post("/-/reload", headers, b"").status,
            403,
            "{headers}"
        );
    }
    // With a body nobody reads, and many at once.
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let admin = sidecar.admin;
            std::thread::spawn(move || Client::connect(admin).post("/-/reload", "", b"{}").status)
        })
        .collect();
    for thread in asked {
        assert_eq!(thread.join().unwrap(), 200);
    }
    let counted = sidecar.metric("octroi_http_requests_total{endpoint=\"reload\",code=\"200\"}");
    assert_eq!(counted, 20.0);
    assert_eq!(
        sidecar.metric("octroi_reloads_total{outcome=\"reloaded\"}"),
        0.0
    );
}

#[test]
fn sighup_reads_everything_anew() {
    let policies = Policies::new();
    let sidecar = Sidecar::start_with(&policies.folder(), &["--log-level", "debug"]);
    for turn in 1..=3 {
        sidecar.signal("HUP");
        sidecar.expect_log("SIGHUP");
        let read = || {
            sidecar
                .log()
                .matches("the policies are what they were")
                .count()
                >= turn
        };
        assert!(wait_until(SOON, read), "{}", sidecar.log());
    }
    // What is refused is said again to who asks again.
    policies.break_tenant();
    sidecar.expect_outcome("rejected");
    let said = || sidecar.log().matches("policies rejected").count();
    // The log says so a moment after the metrics do.
    assert!(wait_until(SOON, || said() == 1));
    sidecar.signal("HUP");
    assert!(wait_until(SOON, || said() == 2));
    policies.admit_ben(true);
    sidecar.expect_decision("ben", true);
}

/// Until it is mended, everything says why and since when.
#[test]
fn a_refusal_stands_until_it_is_mended() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let series = |outcome: &str| {
        let series = format!("octroi_reload_refused_timestamp_seconds{{outcome=\"{outcome}\"}}");
        sidecar.metric(&series)
    };
    assert_eq!(sidecar.status()["refused"], Value::Null);
    assert_eq!(series("rejected"), 0.0);
    policies.break_tenant();
    sidecar.expect_outcome("rejected");
    let refused = sidecar.status()["refused"].clone();
    assert_eq!(refused["outcome"], "rejected");
    let reason = refused["reason"].as_str().unwrap();
    assert!(
        reason.contains("1 error(s), the first at tenants/north.yaml:3:1"),
        "{reason}"
    );
    let since = series("rejected");
    assert!(since > 1.7e9);
    // Another way to be bad is another reason, and no other time.
    policies.write("tenants/north.yaml", "tenant: [");
    assert!(wait_until(SOON, || sidecar.status()["refused"]["reason"] != reason));
    assert_eq!(sidecar.status()["refused"]["since"], refused["since"]);
    fs::rename(
        policies.folder().join("tenants"),
        policies.beside("tenants"),
    )
    .unwrap();
    fs::rename(policies.folder(), policies.beside("away")).unwrap();
    sidecar.expect_outcome("unreadable");
    assert_eq!(sidecar.status()["refused"]["since"], refused["since"]);
    assert_eq!((series("rejected"), series("unreadable")), (0.0, since));
    assert_eq!(sidecar.admin("/readyz").status, 200);
    assert!(sidecar.ask("ana").decision());
    fs::rename(policies.beside("away"), policies.folder()).unwrap();
    policies.admit_ben(true);
    sidecar.expect_decision("ben", true);
    assert!(wait_until(SOON, || sidecar.status()["refused"].is_null()));
    assert_eq!((series("rejected"), series("unreadable")), (0.0, 0.0));
    assert_eq!(sidecar.metric("octroi_last_reload_successful"), 1.0);
}

#[test]
fn tests_must_pass_where_that_is_required() {
    let policies = Policies::new();
    policies.write("tests.yaml", TESTS);
    let sidecar = Sidecar::start_with(&policies.folder(), &["--require-tests"]);
    let generation = sidecar.status()["generation"].clone();
    policies.admit_ben(true);
    sidecar.expect_outcome("tests_failed");
    assert!(
        !sidecar.ask("ben").decision(),
        "served although a test fails"
    );
    let status = sidecar.status();
    assert_eq!(status["generation"], generation);
    let found = &status["last_reload"]["diagnostics"][0];
    assert_eq!(
        (&found["code"], &found["file"]),
        (&json!("test-failed"), &json!("tests.yaml"))
    );
    assert_eq!(found["line"], 5);
    let message = found["message"].as_str().unwrap();
    assert_eq!(
        message,
        "the test `What clerks may do - ben stays out` expects deny (not_a_member), and gets allow (granted)"
    );
    assert_eq!(status["refused"]["outcome"], "tests_failed");
    sidecar.expect_log("ben stays out");
    assert_eq!(
        sidecar.metric("octroi_reloads_total{outcome=\"tests_failed\"}"),
        1.0
    );
    assert_eq!(sidecar.metric("octroi_last_reload_successful"), 0.0);
    let asked = sidecar.reload();
    assert_eq!(
        (asked.status, &asked.json()["outcome"]),
        (422, &json!("tests_failed"))
    );
    // The test is changed with the policy.
    policies.write(
        "tests.yaml",
        &TESTS.replace("expect: deny, reason: not_a_member", "expect: allow"),
    );
    sidecar.expect_decision("ben", true);
    assert!(wait_until(SOON, || sidecar.outcome() == "reloaded"));
    drop(sidecar);

    // At the start there is nothing to fall back to.
    policies.write("tests.yaml", TESTS);
    let (code, said) = refusal(&policies.folder(), &["--require-tests"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(
        said.contains("tests.yaml:5") && said.contains("ben stays out"),
        "{said}"
    );
    let mut twin = Sidecar::command(&policies.folder());
    twin.env("OCTROI_REQUIRE_TESTS", "true");
    assert_eq!(twin.output().unwrap().status.code(), Some(4));
    // Who does not ask for it is served.
    let sidecar = Sidecar::start(&policies.folder());
    assert!(sidecar.ask("ben").decision());
}

#[test]
fn what_a_reload_changed_is_logged_counted_and_kept() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    assert_eq!(sidecar.status()["reloads"], json!([]));
    policies.admit_ben(true);
    sidecar.expect_decision("ben", true);
    sidecar.expect_outcome("reloaded");
    let reload = sidecar.status()["reloads"][0].clone();
    assert_eq!(reload["revision"], sidecar.status()["revision"]);
    assert_eq!(reload["generation"], sidecar.status()["generation"]);
    assert_eq!(reload["commit"], Value::Null);
    assert_eq!(names(&reload["tenants"]["altered"]), ["north"]);
    assert_eq!(names(&reload["members"]["added"]), ["north/ben"]);
    assert_eq!(
        names(&reload["widenings"]),
        ["`ben` has the role `clerk` in `north`"]
    );
    let logged = || {
        let events = sidecar.events();
        events
            .into_iter()
            .find(|event| event["message"] == "policies reloaded")
    };
    assert!(wait_until(SOON, || logged().is_some()));
    let logged = logged().unwrap();
    assert_eq!(logged["changed"], "tenants ~1, members +1");
    assert_eq!(logged["widened"], "`ben` has the role `clerk` in `north`");
    let count = |what: &str, change: &str| {
        let labels = format!("{{what=\"{what}\",change=\"{change}\"}}");
        sidecar.metric(&format!("octroi_reload_changes_total{labels}"))
    };
    assert_eq!(count("member", "added"), 1.0);
    assert_eq!(count("tenant", "altered"), 1.0);
    assert_eq!(count("tenant", "added"), 0.0);
    assert_eq!(sidecar.metric("octroi_reload_widenings_total"), 1.0);

    // A role for everybody is one widening, and changes no tenant.
    let application = fs::read_to_string(policies.folder().join("application.yaml")).unwrap();
    let wider = application
        .replace("actions: [read]}\n", "actions: [read, write]}\n")
        .replace(
            "order: {actions: [read]}",
            "order: {actions: [read, write]}",
        );
    policies.write("application.yaml", &wider);
    assert!(wait_until(SOON, || count("role", "altered") == 1.0));
    let reload = sidecar.status()["reloads"][0].clone();
    assert_eq!(names(&reload["roles"]["altered"]), ["shop/clerk"]);
    assert_eq!(
        names(&reload["widenings"]),
        ["the role `clerk` of `shop` may `write` `order` (scope `tenant`)"]
    );
    assert_eq!(count("tenant", "altered"), 1.0);

    // The last twenty are kept.
    for turn in 0..22 {
        let before = sidecar.status()["generation"].clone();
        policies.admit_ben(turn % 2 == 1);
        assert!(wait_until(SOON, || sidecar.status()["generation"] != before));
    }
    assert!(wait_until(
        SOON,
        || sidecar.status()["reloads"][0]["generation"] == sidecar.status()["generation"]
    ));
    let reloads = sidecar.status()["reloads"].as_array().unwrap().clone();
    assert_eq!(reloads.len(), 20);
    let generations: Vec<u64> = reloads
        .iter()
        .filter_map(|reload| reload["generation"].as_u64())
        .collect();
    assert!(
        generations.is_sorted_by(|one, other| one > other),
        "{generations:?}"
    );
}

#[test]
fn an_email_under_another_id_is_warned_of() {
    let policies = Policies::new();
    let sidecar = Sidecar::start(&policies.folder());
    let accounts = fs::read_to_string(policies.folder().join("accounts.yaml")).unwrap();
    policies.write(
        "accounts.yaml",
        &accounts.replace("ben: {email: ben@", "bob: {email: BEN@"),
    );
    sidecar.expect_outcome("reloaded");
    sidecar.expect_log(
        "the e-mail `BEN@shop.example` belonged to the account `ben` of `shop`, and now to `bob`",
    );
    assert_eq!(sidecar.status()["reloads"][0]["moved_emails"]["count"], 1);
}

#[test]
fn a_warning_is_logged_once() {
    let policies = Policies::new();
    let warned = format!(
        "{}  - {{account: cid, role: clerk, expires: 2001-01-01}}\n",
        Policies::tenant(false)
    );
    policies.write("tenants/north.yaml", &warned);
    let sidecar = Sidecar::start(&policies.folder());
    let warnings = || {
        let events = sidecar.events().into_iter();
        let new = events.filter(|event| {
            let message = event["message"].as_str().unwrap_or_default();
            message.starts_with("the policies have new warnings")
        });
        new.collect::<Vec<_>>()
    };
    assert_eq!(warnings().len(), 1);
    let mut generation = sidecar.status()["generation"].clone();
    let mut change = |path: &str, text: &str| {
        policies.write(path, text);
        assert!(wait_until(SOON, || sidecar.status()["generation"] != generation));
        generation = sidecar.status()["generation"].clone();
    };
    // The same on another line is the same.
    change("tenants/north.yaml", &format!("# A comment.\n{warned}"));
    change(
        "tenants/south.yaml",
        &Policies::tenant_called("south", false),
    );
    assert_eq!(warnings().len(), 1, "{:?}", warnings());
    change("tenants/south.yaml", &warned.replace("north", "south"));
    assert!(wait_until(SOON, || warnings().len() == 2));
    let last = warnings().pop().unwrap();
    assert_eq!((&last["new"], &last["standing"]), (&json!(1), &json!(2)));
    let message = last["message"].as_str().unwrap();
    assert!(
        message.contains("south.yaml") && !message.contains("north.yaml"),
        "{message}"
    );
}
