//! What `octroi diff` says against what both snapshots answer: policies are edited at random, and every member is asked
//! about every action of every type at every place there is, before and after.
//!
//! `OCTROI_RANDOM_DIFFS` says how many edits (default 18), `OCTROI_RANDOM_SEED` where to begin.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fastrand::Rng;
use octroi::diff::{self, Diff, Effect, Progress, Side};
use octroi::model::{BuiltIn, Model, ResourceType, Tenant};
use octroi::pipeline::{self, Outcome};
use octroi::rights::{Atom, Reach, Row};
use octroi::snapshot::{Action, Entity, Question};
use octroi::source::Sources;
use octroi::value::{Json, Members};

use crate::naive::{self, world::World};

const NOW: i64 = 1_796_083_200_000;
/// Accounts of a tenant that are asked about after an edit, others each time.
const ACCOUNTS: usize = 5;
const FAR: i64 = 4_000_000_000_000;

type Files = BTreeMap<String, String>;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// The files of a shipped application.
fn shipped(name: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("policies")
        .join(name);
    let mut files = Files::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(&root).unwrap().display().to_string();
                // Cases that an edit breaks are no reason not to compile it.
                if !relative.starts_with("tests") {
                    files.insert(relative, fs::read_to_string(&path).unwrap());
                }
            }
        }
    }
    files
}

const SHIPPED: [&str; 6] = [
    "call-coaching",
    "chat-console",
    "communications",
    "creator-agencies",
    "field-service",
    "funnels",
];

/// Words of the files that may stand for each other.
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        let is_word = c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match (is_word, start) {
            (true, None) => start = Some(at),
            (false, Some(begin)) => {
                words.push((begin, at));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// Edits a line at random: a word becomes another of the same file, the line goes, or it comes twice with a word changed.
fn edit(files: &Files, rng: &mut Rng) -> Files {
    let mut files = files.clone();
    let names: Vec<String> = files.keys().cloned().collect();
    let name = &names[rng.usize(..names.len())];
    let text = files[name].clone();
    let lines: Vec<&str> = text.lines().collect();
    // Rules and entries rather than names and comments.
    let is_rule = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with('#')
            && [
                "role",
                "actions",
                "scope",
                "sub_accounts",
                "parent",
                "assign",
                "teams",
            ]
            .iter()
            .any(|word| line.contains(word))
    };
    let rules: Vec<usize> = (0..lines.len()).filter(|at| is_rule(&lines[*at])).collect();
    let at = match rules.is_empty() || rng.usize(..8) == 0 {
        true => rng.usize(..lines.len()),
        false => rules[rng.usize(..rules.len())],
    };
    let vocabulary: Vec<&str> = words(&text).into_iter().map(|(a, b)| &text[a..b]).collect();
    let known = [
        "tenant",
        "sub_account",
        "team",
        "own",
        "assigned",
        "\"*\"",
        "suspended",
        "invited",
        "active",
    ];
    let line = lines[at];
    let spots = words(line);
    let mut next: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let other = |rng: &mut Rng| match rng.usize(..3) {
        0 => known[rng.usize(..known.len())].to_owned(),
        _ => vocabulary[rng.usize(..vocabulary.len())].to_owned(),
    };
    match rng.usize(..6) {
        0 => {
            next.remove(at);
        }
        1 if line.trim_start().starts_with("- {") => {
            let end = line.rfind('}').unwrap_or(line.len());
            let more = [
                ", status: suspended",
                ", scope: tenant",
                ", expires: 2027-05-01",
                ", scope: own",
            ];
            next[at] = format!(
                "{}{}{}",
                &line[..end],
                more[rng.usize(..more.len())],
                &line[end..]
            );
        }
        2 if line.trim_start().starts_with("- {") && !spots.is_empty() => {
            let (a, b) = spots[rng.usize(..spots.len())];
            next.insert(at, format!("{}{}{}", &line[..a], other(rng), &line[b..]));
        }
        _ if !spots.is_empty() => {
            let (a, b) = spots[rng.usize(..spots.len())];
            next[at] = format!("{}{}{}", &line[..a], other(rng), &line[b..]);
        }
        _ => {}
    }
    files.insert(name.clone(), next.join("\n") + "\n");
    files
}

fn compile(files: &Files) -> Option<Outcome> {
    let outcome = pipeline::compile(Sources::from_texts(files.clone()), NOW, 1);
    outcome.snapshot.is_some().then_some(outcome)
}

/// A question to ask of both.
#[derive(Debug, Clone)]
struct Asked {
    tenant: String,
    account: String,
    kind: String,
    action: String,
    id: String,
    properties: Vec<(String, Json<'static>)>,
    context: Vec<(String, Json<'static>)>,
    subject: String,
}

impl Asked {
    fn allowed(&self, outcome: &Outcome, at: i64) -> bool {
        let members = |pairs: &[(String, Json<'static>)]| {
            let mut members = Members::default();
            for (name, value) in pairs {
                members.set(name.clone(), value.clone());
            }
            members
        };
        let mut properties = members(&self.properties);
        properties.set("tenant", Json::Text(Cow::Owned(self.tenant.clone())));
        let question = Question {
            subject: Entity {
                kind: Cow::Borrowed(&self.subject),
                id: Cow::Borrowed(&self.account),
                properties: Members::default().into(),
            }
            .into(),
            action: Action {
                name: Cow::Borrowed(&self.action),
                properties: Members::default().into(),
            }
            .into(),
            resource: Entity {
                kind: Cow::Borrowed(&self.kind),
                id: Cow::Borrowed(&self.id),
                properties: properties.into(),
            }
            .into(),
            context: members(&self.context).into(),
        };
        let snapshot = outcome.snapshot.as_ref().unwrap();
        snapshot.decide(&question, at).reason.allows()
    }
}

fn text(text: impl Into<String>) -> Json<'static> {
    Json::Text(Cow::Owned(text.into()))
}

fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> Json<'static> {
    Json::List(items.into_iter().map(text).collect())
}

/// Names that both sides have.
fn both<'a>(
    one: impl Iterator<Item = &'a std::sync::Arc<str>>,
    other: impl Iterator<Item = &'a std::sync::Arc<str>>,
) -> Vec<&'a str> {
    let one: BTreeSet<&str> = one.map(|id| &**id).collect();
    let other: BTreeSet<&str> = other.map(|id| &**id).collect();
    one.intersection(&other).copied().collect()
}

/// Ids and properties that say where a resource of a type stands: everywhere that there is on both sides.
fn places(
    old: &Tenant,
    new: &Tenant,
    kind: &ResourceType,
    account: &str,
) -> Vec<(String, Vec<(String, Json<'static>)>)> {
    let sub_accounts = both(old.sub_accounts.keys(), new.sub_accounts.keys());
    let teams = both(old.teams.keys(), new.teams.keys());
    let members = both(old.members.keys(), new.members.keys());
    let roles = both(old.role_names(), new.role_names());
    let property = |name: &str, value: Json<'static>| vec![(name.to_owned(), value)];
    let mut standing = vec![Vec::new()];
    for (index, id) in sub_accounts.iter().enumerate() {
        standing.push(property("sub_account", text(*id)));
        if let Some(other) = sub_accounts.get(index + 1) {
            standing.push(property("sub_accounts", texts([*id, *other])));
        }
    }
    standing.extend(teams.iter().map(|team| property("team", text(*team))));
    let id = |id: &str, properties: Vec<(String, Json<'static>)>| (id.to_owned(), properties);
    match kind.built_in {
        Some(BuiltIn::Tenant) => vec![id(&new.id.value, Vec::new())],
        Some(BuiltIn::SubAccount) => {
            let mut all = vec![id("*", Vec::new())];
            for place in &sub_accounts {
                all.push(id(place, Vec::new()));
                all.push(id("*", property("parent", text(*place))));
            }
            all
        }
        Some(BuiltIn::Team) => teams.iter().map(|team| id(team, Vec::new())).collect(),
        Some(BuiltIn::Role) => roles
            .iter()
            .flat_map(|role| standing.iter().map(|place| id(role, place.clone())))
            .collect(),
        Some(BuiltIn::Member) => {
            let mut all: Vec<_> = members
                .iter()
                .map(|member| id(member, Vec::new()))
                .collect();
            for role in &roles {
                for place in &standing {
                    let mut properties = place.clone();
                    properties.extend(property("role", text(*role)));
                    all.push(id("nobody-yet", properties));
                }
            }
            all
        }
        Some(BuiltIn::Delegation) => {
            let to = members.iter().find(|member| **member != account);
            let mut properties = property("from", text(account));
            properties.extend(to.map(|to| ("to".to_owned(), text(*to))));
            vec![id("*", properties)]
        }
        None => {
            let mut all: Vec<_> = standing.into_iter().map(|place| id("q-1", place)).collect();
            let owners = members.iter().take(6).copied().chain([account]);
            all.extend(owners.map(|owner| id("q-1", property("owner", text(owner)))));
            for tenant in [old, new] {
                for (of, record) in tenant
                    .members
                    .values()
                    .flatten()
                    .flat_map(|entry| &entry.assigned)
                {
                    let Some((of, _)) = tenant.application.types.get_index(*of) else {
                        continue;
                    };
                    if **of == *kind.name {
                        all.push(id(record, Vec::new()));
                    } else if kind.readable.contains_key(of) {
                        all.push(id("q-1", property(of, text(&**record))));
                    }
                }
            }
            all
        }
    }
}

/// Every question that there is, of what both sides know, about some of the accounts.
fn questions(old: &Model, new: &Model, rng: &mut Rng) -> Vec<Asked> {
    let mut all = Vec::new();
    for (id, after) in &new.tenants {
        let Some(before) = old.tenants.get(id) else {
            continue;
        };
        let accounts: BTreeSet<&str> = before
            .members
            .keys()
            .chain(after.members.keys())
            .map(|id| &**id)
            .collect();
        let mut accounts: Vec<&str> = accounts.into_iter().collect();
        rng.shuffle(&mut accounts);
        accounts.truncate(ACCOUNTS);
        for (name, kind) in &after.application.types {
            let Some(was) = before.application.types.get(name) else {
                continue;
            };
            for account in &accounts {
                let places = places(before, after, kind, account);
                for action in both(was.actions.iter(), kind.actions.iter()) {
                    for (resource, properties) in &places {
                        all.push(Asked {
                            tenant: id.to_string(),
                            account: (*account).to_owned(),
                            kind: name.to_string(),
                            action: action.to_owned(),
                            id: resource.clone(),
                            properties: properties.clone(),
                            context: Vec::new(),
                            subject: after.application.subject_types[0].to_string(),
                        });
                    }
                }
            }
        }
    }
    all
}

/// Whether the difference says that this may flip.
fn is_said(diff: &Diff, asked: &Asked, allowed: bool) -> bool {
    let items = diff.says(&asked.tenant, &asked.account, &asked.kind, &asked.action);
    let by_item = items
        .iter()
        .any(|item| if allowed { item.gained } else { item.lost });
    by_item
        || diff.reached.iter().any(|reached| {
            *reached.tenant == *asked.tenant
                && *reached.account == *asked.account
                && *reached.kind == *asked.kind
                && *reached.id == *asked.id
                && *reached.action == *asked.action
                && reached.allowed == allowed
        })
}

/// Whether something else is said that may turn the answer: what the type or the account declares, a record, raw Cedar.
fn is_excused(diff: &Diff, asked: &Asked, new: &Model) -> bool {
    let kind = new.tenants[&*asked.tenant]
        .application
        .types
        .get(&*asked.kind);
    let types = &new.tenants[&*asked.tenant].application.types;
    let ancestors = kind.into_iter().flat_map(|kind| &kind.ancestors);
    let ancestors = ancestors
        .filter_map(|index| types.get_index(*index))
        .map(|(name, _)| &**name);
    let kinds: Vec<String> = ancestors
        .chain([&*asked.kind])
        .map(|name| format!("`{name}`"))
        .collect();
    let is_about = |text: &str| {
        let everybody = [
            "raw Cedar",
            "`membership`",
            "subject type",
            "the context",
            "the action ",
            "an account",
        ];
        everybody.iter().any(|words| text.contains(words))
            || kinds.iter().any(|kind| text.contains(kind.as_str()))
            || text.contains("the account `")
    };
    diff.facts
        .iter()
        .any(|fact| fact.effect != Effect::Neutral && is_about(&fact.text))
}

/// A place that a row reaches, and none of others does; nothing where that depends on more than the place.
fn witness(
    kind: &str,
    row: &Row,
    others: &[Row],
) -> Option<(String, Vec<(String, Json<'static>)>)> {
    if !row.clauses.is_empty() || row.assigns.is_some() {
        return None;
    }
    let alone = |atom: &Atom| Row {
        reach: Reach::Any(BTreeSet::from([atom.clone()])),
        ..row.clone()
    };
    let names = |atoms: &BTreeSet<Atom>| {
        let names = atoms.iter().filter_map(|atom| match atom {
            Atom::SubAccount(id) => Some(text(&**id)),
            _ => None,
        });
        Json::List(names.collect())
    };
    match &row.reach {
        Reach::Tenant => Some(("q-1".to_owned(), Vec::new())),
        Reach::Every(atoms) => Some((
            "q-1".to_owned(),
            vec![("sub_accounts".to_owned(), names(atoms))],
        )),
        Reach::Any(atoms) => {
            let atom = atoms.iter().find(|atom| !alone(atom).is_covered(others))?;
            Some(match atom {
                Atom::SubAccount(id) => (
                    "q-1".to_owned(),
                    vec![("sub_account".to_owned(), text(&**id))],
                ),
                Atom::Team(id) => ("q-1".to_owned(), vec![("team".to_owned(), text(&**id))]),
                Atom::Owner(id) => ("q-1".to_owned(), vec![("owner".to_owned(), text(&**id))]),
                Atom::Record(of, id) if **of == *kind => (id.to_string(), Vec::new()),
                Atom::Record(of, id) => ("q-1".to_owned(), vec![(of.to_string(), text(&**id))]),
            })
        }
        Reach::Entry(_) => None,
    }
}

#[derive(Debug, Default)]
struct Tally {
    edits: u64,
    equal: u64,
    flips: u64,
    excused: u64,
    witnesses: u64,
}

/// Says of both what there is to say, and compares.
fn compare(old: &Outcome, new: &Outcome, what: &str, rng: &mut Rng, tally: &mut Tally) {
    let (before, after) = (Side::of(old).unwrap(), Side::of(new).unwrap());
    let diff = diff::diff(before, after, NOW, &Progress::default());
    tally.edits += 1;
    tally.equal += u64::from(diff.is_empty());
    for asked in questions(&old.model, &new.model, rng) {
        let (was, is) = (asked.allowed(old, NOW), asked.allowed(new, NOW));
        if was == is {
            continue;
        }
        tally.flips += 1;
        if !is_said(&diff, &asked, is) {
            assert!(
                is_excused(&diff, &asked, &new.model),
                "{what}\n{asked:?}: {was} -> {is}\n{}",
                diff::human(&diff)
            );
            tally.excused += 1;
        }
    }
    witnesses(&diff, old, new, what, tally);
}

/// What is said of a member without a condition is so: there is a question that shows it.
fn witnesses(diff: &Diff, old: &Outcome, new: &Outcome, what: &str, tally: &mut Tally) {
    for change in &diff.members {
        let application = &new.model.applications[&change.application];
        for item in &change.items {
            let Some(kind) = application.types.get(&item.kind) else {
                continue;
            };
            if kind.built_in.is_some() {
                continue;
            }
            for (rows, others, gained) in [
                (&item.after, &item.before, true),
                (&item.before, &item.after, false),
            ] {
                for row in rows.iter().filter(|row| !row.is_covered(others)) {
                    let Some((id, properties)) = witness(&item.kind, row, others) else {
                        continue;
                    };
                    let asked = Asked {
                        tenant: change.tenant.to_string(),
                        account: change.account.to_string(),
                        kind: item.kind.to_string(),
                        action: item.action.to_string(),
                        id,
                        properties,
                        context: Vec::new(),
                        subject: application.subject_types[0].to_string(),
                    };
                    let ends = rows.iter().chain(others).filter_map(|row| row.until);
                    let moments: Vec<i64> = ends.map(|end| end - 1).chain([NOW, FAR]).collect();
                    let shows = moments.iter().any(|at| {
                        let answers = (asked.allowed(old, *at), asked.allowed(new, *at));
                        answers == (!gained, gained)
                    });
                    if !shows && is_excused(diff, &asked, &new.model) {
                        continue;
                    }
                    assert!(
                        shows,
                        "{what}\n{asked:?} shows nothing\n{}",
                        diff::human(diff)
                    );
                    tally.witnesses += 1;
                }
            }
        }
    }
}

fn run(name: &str, files: &Files, edits: u64, rng: &mut Rng, tally: &mut Tally) {
    let Some(old) = compile(files) else {
        panic!("{name} does not compile");
    };
    let mut done = 0;
    for _ in 0..edits * 40 {
        if done == edits {
            return;
        }
        let mut edited = files.clone();
        for _ in 0..rng.usize(1..6) {
            edited = edit(&edited, rng);
        }
        let Some(new) = compile(&edited) else {
            continue;
        };
        done += 1;
        let changed = files.iter().filter_map(|(path, text)| {
            let now = &edited[path];
            let lines = text.lines().zip(now.lines()).filter(|(was, is)| was != is);
            let lines: Vec<String> = lines
                .take(3)
                .map(|(was, is)| format!("- {was}\n+ {is}"))
                .collect();
            (text != now).then(|| format!("{path}\n{}", lines.join("\n")))
        });
        let what = format!("{name}\n{}", changed.collect::<Vec<_>>().join("\n"));
        compare(&old, &new, &what, rng, tally);
    }
}

#[test]
fn says_of_the_shipped_policies_what_both_answer() {
    let edits = setting("OCTROI_RANDOM_DIFFS", 18).div_ceil(SHIPPED.len() as u64);
    let mut rng = Rng::with_seed(setting("OCTROI_RANDOM_SEED", 1));
    let mut tally = Tally::default();
    for name in SHIPPED {
        run(name, &shipped(name), edits, &mut rng, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.flips > 20 && tally.witnesses > 10, "{tally:?}");
    assert!(tally.excused * 2 < tally.flips, "{tally:?}");
}

#[test]
fn says_of_random_worlds_what_both_answer() {
    let worlds = setting("OCTROI_RANDOM_DIFFS", 18).div_ceil(6);
    let first = setting("OCTROI_RANDOM_SEED", 1);
    let mut tally = Tally::default();
    for seed in first..first + worlds {
        let mut rng = Rng::with_seed(seed);
        let world = World::random(&mut rng);
        let files: Files = naive::render(&world).into_iter().collect();
        run(&format!("seed {seed}"), &files, 3, &mut rng, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.flips > 20, "{tally:?}");
}
