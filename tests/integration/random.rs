//! Random questions over random policies: the compiled decision must equal that of the naive model, which was written
//! from the language page alone and shares no code with the compiler; and a slice of the policies must decide as all
//! of them do.
//!
//! `OCTROI_RANDOM_QUESTIONS` says how many questions (default 20,000), `OCTROI_RANDOM_SEED` where to begin.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use octroi::authzen::read_evaluation;
use octroi::diagnostic::{Format, render};
use octroi::pipeline;
use octroi::snapshot::{DecisionCache, Question, Reason, Snapshot};
use octroi::source::Sources;

use crate::naive;

const QUESTIONS_PER_WORLD: u64 = 200;
const UNSLICED_EVERY: u64 = 4;

/// Worlds in which compiler and model once differed, far apart among a million questions.
const ONCE_DIFFERED: [u64; 7] = [249, 1928, 3689, 4474, 5045, 5186, 5293];

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

struct Tally {
    /// One for all worlds, and too small for them: what is forgotten must be found again, and nothing mixed up.
    cache: Arc<DecisionCache>,
    questions: u64,
    allowed: u64,
    reasons: BTreeMap<&'static str, u64>,
    scopes: BTreeMap<String, u64>,
    actions: BTreeMap<String, u64>,
    unsliced: u64,
    recalled_later: u64,
    differences: Vec<String>,
}

#[test]
fn decides_as_the_naive_model_does() {
    let total = setting("OCTROI_RANDOM_QUESTIONS", 20_000);
    let first_seed = setting("OCTROI_RANDOM_SEED", 1);
    let worlds = total.div_ceil(QUESTIONS_PER_WORLD);
    let mut tally = Tally::new();
    for seed in ONCE_DIFFERED {
        one_world(seed, &mut tally);
    }
    for seed in first_seed..first_seed + worlds {
        one_world(seed, &mut tally);
    }
    println!("{}", tally.table());
    assert!(
        tally.differences.is_empty(),
        "{} differences, the first ones:\n{}",
        tally.differences.len(),
        tally.differences[..tally.differences.len().min(12)].join("\n")
    );
    tally.covers_everything();
    let (hits, misses) = tally.cache.counts();
    assert!(hits > misses / 2, "{hits} hits, {misses} misses");
}

fn one_world(seed: u64, tally: &mut Tally) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let world = naive::World::random(&mut rng);
    let files = naive::render(&world);
    let outcome = pipeline::compile(Sources::from_texts(files.clone()), 0, 1);
    let cached = |snapshot: Snapshot| snapshot.with_cache(Some(tally.cache.clone()));
    let Some(snapshot) = outcome.snapshot.map(cached) else {
        let format = Format::Human { colour: false };
        let report = render(&outcome.diagnostics, &outcome.sources, format);
        panic!("the policies of seed {seed} do not compile:\n{report}");
    };
    assert_eq!(snapshot.validate(), Ok(()), "seed {seed}");
    let mut moments = Vec::new();
    for number in 0..QUESTIONS_PER_WORLD {
        let (question, now) = naive::Question::random(&world, &mut rng);
        let expected = naive::decide(&world, &question, now);
        let body = question.to_json().to_string();
        let got = ask(&snapshot, &body, now);
        for _ in 0..2 {
            let again = ask(&snapshot, &body, now);
            assert_eq!(again, got, "asked again: seed {seed}, {body}");
        }
        // What is remembered is right about every other moment for which it is taken, too.
        moments.push(now);
        for then in [now - 1, now + 1, moments[rng.usize(..moments.len())]] {
            if let Ok(recalled) = snapshot.recall(body.as_bytes(), then) {
                tally.recalled_later += u64::from(then != now);
                let decided = snapshot.decide(&parsed(&body), then).reason;
                assert_eq!(
                    recalled.reason, decided,
                    "recalled at {then}: seed {seed}, {body}"
                );
            }
        }
        tally.add(&question, &expected);
        if got.as_str() != expected.reason {
            tally.differences.push(format!(
                "seed {seed}, question {number}, at {now}: expected {}, got {}\n  {body}\n{}",
                expected.reason,
                got.as_str(),
                show(&files),
            ));
        }
        if number % UNSLICED_EVERY == 0 {
            tally.unsliced += 1;
            let unsliced = snapshot.decide_unsliced(&parsed(&body), now).reason;
            assert_eq!(
                unsliced, got,
                "sliced and unsliced differ: seed {seed}, {body}"
            );
        }
    }
}

/// Asks as the server does.
fn ask(snapshot: &Snapshot, body: &str, now: i64) -> Reason {
    let recalled = snapshot.recall(body.as_bytes(), now);
    let decide = |words| snapshot.decide_and_remember(words, &parsed(body), now);
    recalled.unwrap_or_else(decide).reason
}

fn parsed(body: &str) -> Question<'_> {
    read_evaluation(body.as_bytes()).expect("well-formed")
}

fn show(files: &[(String, String)]) -> String {
    match std::env::var("OCTROI_RANDOM_SHOW").is_ok() {
        true => files
            .iter()
            .map(|(name, text)| format!("--- {name}\n{text}"))
            .collect(),
        false => String::new(),
    }
}

impl Tally {
    fn new() -> Self {
        Self {
            cache: Arc::new(DecisionCache::new(2_000)),
            questions: 0,
            allowed: 0,
            reasons: BTreeMap::new(),
            scopes: BTreeMap::new(),
            actions: BTreeMap::new(),
            unsliced: 0,
            recalled_later: 0,
            differences: Vec::new(),
        }
    }

    fn add(&mut self, question: &naive::Question, decision: &naive::Decision) {
        self.questions += 1;
        self.allowed += u64::from(decision.allow);
        *self.reasons.entry(decision.reason).or_default() += 1;
        for scope in &decision.scopes {
            *self.scopes.entry(format!("{scope:?}")).or_default() += 1;
        }
        let kind = question.resource_type.as_str();
        if octroi::model::BuiltIn::ALL
            .iter()
            .any(|known| known.as_str() == kind)
        {
            let action = format!("{kind} {}", question.action_name);
            *self.actions.entry(action).or_default() += 1;
        }
    }

    fn table(&self) -> String {
        let mut table = format!(
            "{} questions, {} allowed ({} %), {} of them also decided unsliced\n",
            self.questions,
            self.allowed,
            self.allowed * 100 / self.questions.max(1),
            self.unsliced
        );
        let (hits, misses) = self.cache.counts();
        let _ = writeln!(
            table,
            "each asked three times: {hits} found in the cache, {misses} not; {} found about another moment",
            self.recalled_later
        );
        for (title, rows) in [
            (
                "reason",
                self.reasons
                    .iter()
                    .map(|(k, v)| (k.to_string(), *v))
                    .collect::<Vec<_>>(),
            ),
            (
                "scope of a grant that allows",
                self.scopes.clone().into_iter().collect(),
            ),
            (
                "built-in type and action",
                self.actions
                    .clone()
                    .into_iter()
                    .filter(|(_, n)| *n >= 20)
                    .collect(),
            ),
        ] {
            let _ = writeln!(table, "{title}");
            for (name, count) in rows {
                let _ = writeln!(table, "  {name:<28} {count:>8}");
            }
        }
        table
    }

    /// A quarter allowed, and every reason and scope at least 100 times in 100,000 questions.
    fn covers_everything(&self) {
        let least = self.questions / 1_000;
        assert!(
            self.allowed * 4 >= self.questions,
            "fewer than a quarter allowed"
        );
        let single = |reason: &&Reason| **reason != Reason::InvalidQuestion;
        for reason in Reason::ALL.iter().filter(single) {
            let count = self.reasons.get(reason.as_str()).copied().unwrap_or(0);
            assert!(
                count >= least,
                "{} came up {count} times only",
                reason.as_str()
            );
        }
        assert_eq!(self.scopes.len(), 5, "{:?}", self.scopes);
        for (scope, count) in &self.scopes {
            assert!(*count >= least, "{scope} came up {count} times only");
        }
    }
}
