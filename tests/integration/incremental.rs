//! What is taken over from one compilation to the next: whatever is edited, the outcome must be that of compiling the
//! same files for the first time, findings and decisions alike.
//!
//! `OCTROI_RANDOM_EDITS` says how many edits (default 400), `OCTROI_RANDOM_SEED` where to begin.

use std::collections::BTreeMap;

use fastrand::Rng;
use octroi::authzen::read_evaluation;
use octroi::compile::Validated;
use octroi::diagnostic::{self, Format};
use octroi::pipeline::{self, Kept, Outcome};
use octroi::snapshot::{Reason, Snapshot};
use octroi::source::Sources;

use crate::naive::world::{Status, World};
use crate::naive::{self, Question};

const EDITS_PER_WORLD: u64 = 12;
const QUESTIONS_PER_EDIT: usize = 25;
const NOW: i64 = 1_780_000_000_000;

type Files = BTreeMap<String, String>;

#[derive(Debug, Default)]
struct Tally {
    edits: u64,
    good: u64,
    incremental: u64,
    incremental_moves: u64,
    with_hosts: u64,
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn edits_come_to_what_a_first_compilation_comes_to() {
    let worlds = setting("OCTROI_RANDOM_EDITS", 400).div_ceil(EDITS_PER_WORLD);
    let first = setting("OCTROI_RANDOM_SEED", 1);
    let mut tally = Tally::default();
    for seed in first..first + worlds {
        one_world(seed, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.good * 4 > tally.edits, "{tally:?}");
    assert!(tally.incremental * 10 > tally.edits, "{tally:?}");
    assert!(tally.incremental_moves * 100 > tally.edits, "{tally:?}");
    assert!(tally.with_hosts > 0, "{tally:?}");
}

fn one_world(seed: u64, tally: &mut Tally) {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::random(&mut rng);
    let mut files: Files = naive::render(&world).into_iter().collect();
    let mut sources = Sources::from_texts(files.clone());
    let validated = Validated::default();
    let first = pipeline::compile_again(sources.clone(), NOW, 1, &validated, None);
    let mut kept = Kept::new(first);
    assert!(kept.is_some(), "the policies of seed {seed} do not compile");
    for number in 0..EDITS_PER_WORLD {
        let Some((changes, next)) = edit(&world, &files, &mut rng) else {
            continue;
        };
        let what = format!("seed {seed}, edit {number}: {changes:#?}");
        let moves = changes
            .iter()
            .any(|(path, text)| text.is_none() || !files.contains_key(path));
        let (edited, after) = apply(&files, &sources, changes);
        let full = pipeline::compile(Sources::from_texts(edited.clone()), NOW, 1);
        let soon = pipeline::compile_again(after.clone(), NOW, 1, &validated, kept.as_ref());
        // Ids of files differ; what they stand for must not.
        assert_eq!(found(&soon), found(&full), "{what}");
        assert_eq!(soon.sources.revision(), full.sources.revision(), "{what}");
        tally.edits += 1;
        same_decisions(&world, &soon, &full, &mut rng, &what);
        if soon.snapshot.is_some() {
            tally.good += 1;
            tally.incremental += u64::from(soon.reused > 0);
            tally.incremental_moves += u64::from(moves && soon.reused > 0);
            let alone = next.is_some() && soon.reused + 1 < world.tenants.len();
            tally.with_hosts += u64::from(alone && soon.reused > 0);
            (files, sources) = (edited, after);
            world = next.unwrap_or(world);
            kept = Kept::new(soon);
        } else if rng.bool() {
            // The next edit is one of the broken folder.
            (files, sources) = (edited, after);
        }
    }
}

fn found(outcome: &Outcome) -> String {
    diagnostic::render(&outcome.diagnostics, &outcome.sources, Format::Json)
}

fn same_decisions(world: &World, soon: &Outcome, full: &Outcome, rng: &mut Rng, what: &str) {
    let (Some(soon), Some(full)) = (&soon.snapshot, &full.snapshot) else {
        assert_eq!(soon.snapshot.is_some(), full.snapshot.is_some(), "{what}");
        return;
    };
    assert_eq!(soon.counts(), full.counts(), "{what}");
    for tenant in &world.tenants {
        // Attributes are in no order.
        let entities = |snapshot: &Snapshot| -> serde_json::Value {
            serde_json::from_str(&snapshot.entities_json(&tenant.id)).expect("JSON")
        };
        let (soon, full) = (entities(soon), entities(full));
        assert_eq!(soon, full, "{what}");
    }
    for _ in 0..QUESTIONS_PER_EDIT {
        let (question, now) = Question::random(world, rng);
        let body = question.to_json().to_string();
        assert_eq!(
            ask(soon, &body, now),
            ask(full, &body, now),
            "{body}\n{what}"
        );
    }
}

fn ask(snapshot: &Snapshot, body: &str, now: i64) -> Reason {
    let question = read_evaluation(body.as_bytes()).expect("well-formed");
    snapshot.decide(&question, now).reason
}

/// What files hold after an edit: another text, or nothing any more.
type Changes = Vec<(String, Option<String>)>;

fn apply(files: &Files, sources: &Sources, changes: Changes) -> (Files, Sources) {
    let mut files = files.clone();
    let mut sources = sources.clone();
    for (path, text) in changes {
        match text {
            Some(text) => {
                files.insert(path.clone(), text.clone());
                sources = sources.edited([(path, text)]);
            }
            None => {
                files.remove(&path);
                sources = sources.without([&*path]);
            }
        }
    }
    (files, sources)
}

/// An edit: to a world in which a tenant changed, came or went, a file under another name, or a file with some words
/// put elsewhere.
fn edit(world: &World, files: &Files, rng: &mut Rng) -> Option<(Changes, Option<World>)> {
    match rng.u32(0..100) {
        0..55 if !world.tenants.is_empty() => {
            let mut next = world.clone();
            change_tenant(&mut next, rng);
            let mut changes = differences(files, &next);
            changes.retain(|(path, _)| !path.ends_with("application.yaml"));
            let one = rng.choice(&changes)?.clone();
            Some((vec![one], Some(next)))
        }
        55..75 if !world.tenants.is_empty() => {
            let mut next = world.clone();
            let index = rng.usize(0..next.tenants.len());
            if rng.bool() {
                next.tenants.remove(index);
            } else {
                let mut tenant = next.tenants[index].clone();
                tenant.id = format!("new-{}", rng.u32(0..100));
                let place = rng.usize(0..=next.tenants.len());
                next.tenants.insert(place, tenant);
            }
            let changes = differences(files, &next);
            (!changes.is_empty()).then_some((changes, Some(next)))
        }
        75..83 => {
            let (path, text) = files.iter().nth(rng.usize(0..files.len()))?;
            let place = format!("{}-{path}", rng.alphabetic());
            let name = match path.rsplit_once('/') {
                Some((folder, name)) => format!("{folder}/{}-{name}", rng.alphabetic()),
                None => place,
            };
            let changes = vec![(path.clone(), None), (name, Some(text.clone()))];
            Some((changes, None))
        }
        _ => {
            let (path, text) = files.iter().nth(rng.usize(0..files.len()))?;
            let all: Vec<&str> = files.values().flat_map(|text| words(text)).collect();
            let own: Vec<&str> = words(text).collect();
            let mut text = text.clone();
            for _ in 0..rng.usize(1..3) {
                let (old, new) = (rng.choice(&own)?, rng.choice(&all)?);
                text = text.replacen(old, new, 1);
            }
            Some((vec![(path.clone(), Some(text))], None))
        }
    }
}

/// What must be written so that the files say what a world is. Files under other names than a world gives them stay.
fn differences(files: &Files, next: &World) -> Changes {
    let rendered: Files = naive::render(next).into_iter().collect();
    let differs = |(path, text): &(&String, &String)| files.get(*path) != Some(text);
    let written = rendered.iter().filter(differs);
    let written = written.map(|(path, text)| (path.clone(), Some(text.clone())));
    let gone = files.keys().filter(|path| !rendered.contains_key(*path));
    written
        .chain(gone.map(|path| (path.clone(), None)))
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let apart = |letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-';
    text.split(apart).filter(|word| !word.is_empty())
}

/// Changes what one tenant says, mostly about its members.
fn change_tenant(world: &mut World, rng: &mut Rng) {
    let guests = |world: &World| -> Vec<String> {
        let entries = world.tenants.iter().flat_map(|tenant| &tenant.members);
        entries.filter_map(|entry| entry.guest_of.clone()).collect()
    };
    // A home is what others depend on.
    let homes = guests(world);
    let home = rng.choice(&homes).filter(|_| rng.bool()).cloned();
    let of_home = |id: String| world.tenants.iter().position(|tenant| tenant.id == id);
    let index = home.and_then(of_home);
    let index = index.unwrap_or_else(|| rng.usize(0..world.tenants.len()));
    let tenant = &mut world.tenants[index];
    let count = tenant.members.len();
    match rng.u32(0..10) {
        0..5 if count > 0 => {
            let status = [None, Some(Status::Invited), Some(Status::Suspended)];
            tenant.members[rng.usize(0..count)].status = status[rng.usize(0..3)];
        }
        5 if count > 0 => {
            let expires = ["2026-01-01", "2030-06-30", "2027-05-05T10:00:00Z"];
            let expires = expires[rng.usize(0..3)].to_owned();
            tenant.members[rng.usize(0..count)].expires = Some(expires);
        }
        6 if count > 0 => {
            tenant.members.remove(rng.usize(0..count));
        }
        7 if count > 0 => {
            let mut entry = tenant.members[rng.usize(0..count)].clone();
            entry.account = format!("new-{}", rng.u32(0..4));
            tenant.members.push(entry);
        }
        8 => tenant
            .denies
            .truncate(tenant.denies.len().saturating_sub(1)),
        _ => tenant
            .partners
            .truncate(tenant.partners.len().saturating_sub(1)),
    }
}

const APPLICATION: &str = "
application: shop
resources: {order: {actions: [read]}}
roles:
  clerk: {allow: [{resources: [order], actions: [read]}]}
";

fn home(status: &str) -> String {
    format!(
        "tenant: home\napplication: shop\nmembers: [{{account: ana, role: clerk, status: {status}}}]\n"
    )
}

fn may_read(outcome: &Outcome, tenant: &str) -> Reason {
    let body = format!(
        r#"{{"subject": {{"type": "user", "id": "ana"}}, "action": {{"name": "read"}},
            "resource": {{"type": "order", "id": "o1", "properties": {{"tenant": "{tenant}"}}}}}}"#
    );
    ask(outcome.snapshot.as_ref().expect("no errors"), &body, NOW)
}

/// A guest suspended at home is denied by the host at once, and no other tenant is compiled for it.
#[test]
fn a_guest_is_lost_with_its_home() {
    let host = "tenant: host\napplication: shop\npartners: [home]\n\
                members: [{account: ana, role: clerk, guest_of: home}]\n";
    let other = "tenant: other\napplication: shop\nmembers: [{account: ana, role: clerk}]\n";
    let sources = Sources::from_texts([
        ("application.yaml", APPLICATION.to_owned()),
        ("home.yaml", home("active")),
        ("host.yaml", host.to_owned()),
        ("other.yaml", other.to_owned()),
    ]);
    let validated = Validated::default();
    let first = pipeline::compile(sources.clone(), NOW, 1);
    assert_eq!(may_read(&first, "host"), Reason::Granted);
    let mut kept = Kept::new(first);
    for (status, reason) in [
        ("suspended", Reason::GuestHomeLost),
        ("active", Reason::Granted),
        ("invited", Reason::GuestHomeLost),
    ] {
        let edited = sources.edited([("home.yaml", home(status))]);
        let outcome = pipeline::compile_again(edited, NOW, 1, &validated, kept.as_ref());
        assert_eq!(outcome.reused, 1, "{status}");
        assert_eq!(may_read(&outcome, "host"), reason, "{status}");
        assert_eq!(may_read(&outcome, "other"), Reason::Granted, "{status}");
        kept = Kept::new(outcome);
    }
}

/// What is shared by many tenants, and what is an error, is compiled with everything.
#[test]
fn what_is_shared_is_compiled_anew() {
    let sources = Sources::from_texts([
        ("application.yaml", APPLICATION.to_owned()),
        ("home.yaml", home("active")),
        ("other.yaml", home("active").replace("home", "other")),
    ]);
    let kept = Kept::new(pipeline::compile(sources.clone(), NOW, 1));
    let again = |path: &str, text: String| {
        let sources = sources.edited([(path, text)]);
        pipeline::compile_again(sources, NOW, 1, &Validated::default(), kept.as_ref())
    };
    let same = again("home.yaml", home("active"));
    assert_eq!(same.reused, 2);
    let application = again("application.yaml", APPLICATION.replace("[read]", "[write]"));
    assert_eq!(
        (application.reused, application.snapshot.is_some()),
        (0, true)
    );
    assert_eq!(may_read(&application, "other"), Reason::UnknownAction);
    let renamed = again("home.yaml", home("active").replace("home", "house"));
    assert_eq!((renamed.reused, renamed.snapshot.is_some()), (1, true));
    assert_eq!(may_read(&renamed, "home"), Reason::UnknownTenant);
    assert_eq!(may_read(&renamed, "house"), Reason::Granted);
    let added = again("new.yaml", home("active").replace("home", "new"));
    assert_eq!((added.reused, added.snapshot.is_some()), (2, true));
    assert_eq!(may_read(&added, "new"), Reason::Granted);
    let gone = sources.without(["other.yaml"]);
    let gone = pipeline::compile_again(gone, NOW, 1, &Validated::default(), kept.as_ref());
    assert_eq!((gone.reused, gone.snapshot.is_some()), (1, true));
    assert_eq!(may_read(&gone, "other"), Reason::UnknownTenant);
    let nobody = sources.without(["other.yaml", "home.yaml"]);
    let nobody = pipeline::compile_again(nobody, NOW, 1, &Validated::default(), kept.as_ref());
    assert!(nobody.snapshot.is_none());
    let twice = again("home.yaml", home("active").replace("home", "other"));
    assert!(twice.snapshot.is_none());
}
