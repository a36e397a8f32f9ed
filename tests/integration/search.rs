//! Searches over random policies: exactly those names are found for which the naive model allows the question that they
//! complete. The model knows no searches; here is written down which names there are to ask about.

use std::collections::{BTreeMap, BTreeSet};

use octroi::authzen::read_search;
use octroi::pipeline;
use octroi::search::{Found, Range, Sought};
use octroi::snapshot::Snapshot;
use octroi::source::Sources;
use serde_json::{Value as Json, json};

use crate::naive::which_tenant::which_tenant;
use crate::naive::world::{Application, Tenant};
use crate::naive::{self, Question, World};

const SEARCHES_PER_WORLD: u64 = 12;
/// A search asks many questions; of the questions that a run is told to ask, every so many becomes a search.
const QUESTIONS_PER_SEARCH: u64 = 50;

/// What the pages of an application are made of: type and action.
const PAGES: [(&str, &str); 6] = [
    ("tenant", "enter"),
    ("role", "assign"),
    ("sub_account", "read"),
    ("member", "list"),
    ("member", "read"),
    ("team", "read"),
];

#[derive(Default)]
struct Tally {
    searches: BTreeMap<String, (u64, u64)>,
    results: usize,
    persons: u64,
}

#[test]
fn finds_what_the_naive_model_allows() {
    let questions = std::env::var("OCTROI_RANDOM_QUESTIONS")
        .map_or(20_000, |text| text.parse().expect("a number"));
    let worlds = (questions / QUESTIONS_PER_SEARCH).div_ceil(SEARCHES_PER_WORLD);
    let mut tally = Tally::default();
    for seed in 1..=worlds {
        one_world(seed, &mut tally);
    }
    for (name, (searches, found)) in &tally.searches {
        println!("  {name:<28} {searches:>8} searches, {found:>8} of them found something");
    }
    println!(
        "  {} results, {} searches for a person",
        tally.results, tally.persons
    );
    let (all, found) = tally
        .searches
        .values()
        .fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    assert!(
        found * 4 >= all,
        "only {found} of {all} searches found anything"
    );
    for (kind, action) in PAGES {
        let (_, found) = tally
            .searches
            .get(&format!("{kind} {action}"))
            .copied()
            .unwrap_or_default();
        assert!(
            worlds < 30 || found > 0,
            "no search for {kind} {action} found anything"
        );
    }
}

fn one_world(seed: u64, tally: &mut Tally) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let world = World::random(&mut rng);
    let sources = Sources::from_texts(naive::render(&world));
    let snapshot = pipeline::compile(sources, 0, 1).snapshot.expect("compiles");
    for number in 0..SEARCHES_PER_WORLD {
        let (mut question, now) = Question::random(&world, &mut rng);
        let sought = match rng.u8(..4) {
            0 => Sought::Subjects,
            1 => Sought::Actions,
            _ => Sought::Resources,
        };
        let name = match rng
            .choice(PAGES)
            .filter(|_| sought == Sought::Resources && rng.bool())
        {
            Some((kind, action)) => {
                ask_for_page(&mut question, &world, kind, action);
                format!("{kind} {action}")
            }
            None => format!("{sought:?}"),
        };
        let place = format!(
            "seed {seed}, search {number} at {now} for {sought:?} in {}",
            question.to_json()
        );
        let (expected, got) = match question.context.get("person") == Some(&Json::Bool(true)) {
            true => {
                tally.persons += 1;
                (
                    for_person(&world, &question, now),
                    with_accounts(&snapshot, &question, now),
                )
            }
            false => (
                of(&expected(&world, &question, sought, now)),
                of(&in_pages(&snapshot, &question, sought, now, &mut rng)),
            ),
        };
        assert_eq!(got, expected, "{place}");
        let row = tally.searches.entry(name).or_default();
        row.0 += 1;
        row.1 += u64::from(!expected.is_empty());
        tally.results += expected.len();
    }
}

/// Asks for one of the pages, mostly without naming a place, sometimes for the whole person.
fn ask_for_page(question: &mut Question, world: &World, kind: &str, action: &str) {
    let tenant = which_tenant(world, question).ok();
    let tenant = tenant.map(|tenant| json!(tenant.id));
    let by_person = question.subject_id.len().is_multiple_of(2);
    question.resource_type = kind.into();
    question.action_name = action.into();
    question.action.clear();
    for name in ["parent", "role", "new_role", "guest_of", "tenant"] {
        question.resource.remove(name);
    }
    question.context.remove("tenant");
    if kind != "tenant" {
        question
            .resource
            .extend(tenant.map(|tenant| ("tenant".to_owned(), tenant)));
    } else if by_person {
        question.context.insert("person".into(), Json::Bool(true));
    }
}

/// The result, as something to compare: names in their order, each with the accounts that go with it.
type Results = Vec<(String, Vec<String>)>;

fn of(names: &[String]) -> Results {
    names
        .iter()
        .map(|name| (name.clone(), Vec::new()))
        .collect()
}

/// The names that the model allows, of all that there are.
fn expected(world: &World, question: &Question, sought: Sought, now: i64) -> Vec<String> {
    let names = names(world, question, sought);
    let allowed =
        |name: &String| naive::decide(world, &completed(question, sought, name), now).allow;
    names.into_iter().filter(allowed).collect()
}

fn completed(question: &Question, sought: Sought, name: &str) -> Question {
    let mut question = question.clone();
    match sought {
        Sought::Subjects => question.subject_id = name.into(),
        Sought::Resources => question.resource_id = name.into(),
        Sought::Actions => {
            question.action_name = name.into();
            question.action.clear();
        }
    }
    question
}

/// Every name that there is: "subjects are the tenant's members (none in a request-mode tenant), resources the declared
/// records and the built-in types (delegations have no ids: none), actions the type's".
fn names(world: &World, question: &Question, sought: Sought) -> BTreeSet<String> {
    let kind = question.resource_type.as_str();
    if sought == Sought::Resources && kind == "tenant" {
        return world
            .tenants
            .iter()
            .map(|tenant| tenant.id.clone())
            .collect();
    }
    let Ok(tenant) = which_tenant(world, question) else {
        return BTreeSet::new();
    };
    let application = world
        .application(&tenant.application)
        .expect("there is one");
    let names: Vec<&str> = match sought {
        Sought::Subjects => members(&tenant),
        Sought::Actions => application.actions(kind),
        Sought::Resources => resources(&tenant, application, kind),
    };
    names.into_iter().map(str::to_owned).collect()
}

fn members(tenant: &Tenant) -> Vec<&str> {
    tenant
        .members
        .iter()
        .map(|entry| entry.account.as_str())
        .collect()
}

fn resources<'w>(tenant: &'w Tenant, application: &'w Application, kind: &str) -> Vec<&'w str> {
    let roles = || application.roles.iter().chain(&tenant.roles);
    let mut names: Vec<&str> = match kind {
        "member" => members(tenant),
        "role" => roles().map(|role| role.id.as_str()).collect(),
        "sub_account" => tenant
            .sub_accounts
            .iter()
            .map(|it| it.id.as_str())
            .collect(),
        "team" => tenant.teams.iter().map(|team| team.id.as_str()).collect(),
        _ => Vec::new(),
    };
    let records = tenant.records.iter().filter(|record| record.kind == kind);
    names.extend(records.map(|record| record.id.as_str()));
    names
}

/// What the program finds: whole and in pages, which must be the same.
fn in_pages(
    snapshot: &Snapshot,
    question: &Question,
    sought: Sought,
    now: i64,
    rng: &mut fastrand::Rng,
) -> Vec<String> {
    let body = question.to_json().to_string();
    let search = read_search(body.as_bytes(), sought)
        .expect("a search")
        .search;
    let whole = search.run(snapshot, now, Range::default());
    let limit = rng.usize(1..5);
    let mut paged: Vec<&str> = Vec::new();
    loop {
        let range = Range {
            after: paged.last().copied(),
            limit: Some(limit),
            counted: paged.is_empty(),
        };
        let Found {
            results,
            more,
            total,
            ..
        } = search.run(snapshot, now, range);
        assert!(results.len() <= limit);
        assert!(total.is_none_or(|total| total == whole.results.len()));
        paged.extend(results);
        if !more {
            break;
        }
    }
    assert_eq!(paged, whole.results, "pages of {limit}: {body}");
    paged.into_iter().map(str::to_owned).collect()
}

/// Which accounts of the subject's person the model lets enter which tenant.
fn for_person(world: &World, question: &Question, now: i64) -> Results {
    let tenants: BTreeSet<&str> = world
        .tenants
        .iter()
        .map(|tenant| tenant.id.as_str())
        .collect();
    let mut results = Vec::new();
    for id in tenants {
        let tenant = world.tenant(id).expect("there is one");
        let application = world
            .application(&tenant.application)
            .expect("there is one");
        let mut may: Vec<String> = Vec::new();
        for account in accounts_of_person(application, &question.subject_id) {
            let mut asked = completed(question, Sought::Resources, id);
            if account != question.subject_id {
                asked.subject_id = account.clone();
                asked.subject.clear();
            }
            if naive::decide(world, &asked, now).allow {
                may.push(account);
            }
        }
        if !may.is_empty() {
            results.push((id.to_owned(), may));
        }
    }
    results
}

fn accounts_of_person(application: &Application, account: &str) -> BTreeSet<String> {
    let person = application
        .account(account)
        .and_then(|account| account.person.as_ref());
    let same = application.accounts.iter().filter(|other| {
        !application.request && person.is_some() && other.person.as_ref() == person
    });
    same.map(|other| other.id.clone())
        .chain([account.to_owned()])
        .collect()
}

fn with_accounts(snapshot: &Snapshot, question: &Question, now: i64) -> Results {
    let body = question.to_json().to_string();
    let search = read_search(body.as_bytes(), Sought::Resources)
        .expect("a search")
        .search;
    let found = search.run(snapshot, now, Range::default());
    let accounts = found.accounts.expect("a person was asked for");
    let named: Vec<&str> = accounts.iter().map(|(tenant, _)| *tenant).collect();
    assert_eq!(named, found.results);
    accounts
        .into_iter()
        .map(|(tenant, by)| (tenant.to_owned(), by))
        .collect()
}
