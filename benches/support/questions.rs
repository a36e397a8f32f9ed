//! Questions about a [`World`], in random order, whose answers the library knows before any server is asked.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use fastrand::Rng;
use octroi::authzen::read_evaluation;
use octroi::snapshot::{Reason, Snapshot};

use super::world::{Role, World};

/// A question and its answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The body of an evaluation.
    pub body: String,
    /// What the library decides.
    pub allowed: bool,
}

/// How different questions are from one another. All differ in their resource's id, whichever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distinct {
    /// As they come: roles, places and owners repeat, as they do in an app.
    Naturally,
    /// No two can share what a cache may hold: each that leaves a policy to evaluate reads a value, in a condition of
    /// a rule of its slice, which no other question of that action has, in whatever tenant.
    InWhatDecides,
}

/// Questions, half of them allowed.
#[derive(Debug)]
pub struct Mix {
    /// In random order.
    pub questions: Vec<Asked>,
    /// How often each reason decides.
    reasons: BTreeMap<&'static str, usize>,
    /// How many leave a policy to evaluate once they are sliced.
    with_policies: usize,
    /// How many read a value, in a condition of a rule of their slice, which hardly any other question has.
    with_own_value: usize,
}

/// One thing to ask, before it is known whether it is allowed.
struct Draft {
    body: String,
    /// The rare value that a condition reads, with the action that it is read for.
    own_value: Option<(&'static str, u64)>,
}

/// What is asked, and how often of 100 times.
const ASKED: &[(&str, &str, u32)] = &[
    ("refund", "approve", 30),
    ("conversation", "export", 20),
    ("conversation", "reply", 15),
    ("message", "edit", 12),
    ("conversation", "read", 8),
    ("conversation", "close", 6),
    ("dashboard", "read", 4),
    ("messaging", "configure", 3),
    ("message", "read", 2),
];

impl Mix {
    /// Draws questions about a world and has the library decide them at an instant.
    pub fn draw(
        world: World,
        snapshot: &Snapshot,
        now: i64,
        count: usize,
        distinct: Distinct,
        seed: u64,
    ) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut mix = Self {
            questions: Vec::with_capacity(count),
            reasons: BTreeMap::new(),
            with_policies: 0,
            with_own_value: 0,
        };
        let mut left = [count - count / 2, count / 2];
        let mut values = HashSet::new();
        let mut number = 0;
        while left != [0, 0] {
            let draft = draft(world, &mut rng, number);
            let reason = decide(snapshot, &draft.body, now);
            let allowed = reason.allows();
            let with_policies = leaves_policies(reason);
            let wanted = match (distinct, draft.own_value) {
                (Distinct::Naturally, _) => true,
                (Distinct::InWhatDecides, Some(value)) => !values.contains(&value),
                (Distinct::InWhatDecides, None) => !with_policies,
            };
            let Some(room) = left.get_mut(usize::from(allowed)) else {
                continue;
            };
            if *room == 0 || !wanted {
                continue;
            }
            *room -= 1;
            number += 1;
            values.extend(draft.own_value);
            *mix.reasons.entry(reason.as_str()).or_default() += 1;
            mix.with_policies += usize::from(with_policies);
            mix.with_own_value += usize::from(draft.own_value.is_some() && with_policies);
            mix.questions.push(Asked {
                body: draft.body,
                allowed,
            });
        }
        rng.shuffle(&mut mix.questions);
        mix
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allowed = self.questions.iter().filter(|asked| asked.allowed);
        write!(
            out,
            "{} questions, {} allowed; {} leave a policy to evaluate, {} of them read a value of their own;",
            self.questions.len(),
            allowed.count(),
            self.with_policies,
            self.with_own_value
        )?;
        for (reason, count) in &self.reasons {
            write!(out, " {reason} {count}")?;
        }
        Ok(())
    }
}

fn decide(snapshot: &Snapshot, body: &str, now: i64) -> Reason {
    let question = read_evaluation(body.as_bytes());
    let question = question.expect("the generator writes questions");
    snapshot.decide(&question, now).reason
}

/// Whether a policy of the slice fits type, action and role, so that something is left to evaluate.
fn leaves_policies(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Granted | Reason::DeniedByRule | Reason::ConditionNotMet | Reason::OutOfScope
    )
}

fn draft(world: World, rng: &mut Rng, number: usize) -> Draft {
    let tenant = rng.usize(..world.tenants);
    let member = rng.usize(..world.members);
    let role = Role::of(member);
    let (kind, action) = asked(rng);
    let subject = match rng.u32(..50) {
        0 => format!("stranger{number}"),
        _ => World::account(tenant, member),
    };
    // What people ask about is mostly theirs.
    let owner = match rng.bool() {
        true => member,
        false => rng.usize(..world.members),
    };
    let place = match rng.bool() {
        true => world.home(tenant, member),
        false => rng.usize(..world.sub_accounts),
    };
    let owner = World::account(tenant, owner);
    let (more, context, own_value) = details(kind, action, role, rng);
    let body = format!(
        r#"{{"subject":{{"type":"user","id":"{subject}"}},"action":{{"name":"{action}"}},"resource":{{"type":"{kind}","id":"{kind}-{number}","properties":{{"tenant":"t{tenant}","sub_account":"s{place}","owner":"{owner}"{more}}}}}{context}}}"#
    );
    Draft {
        body,
        own_value: own_value.map(|value| (action, value)),
    }
}

fn asked(rng: &mut Rng) -> (&'static str, &'static str) {
    let mut at = rng.u32(..100);
    for (kind, action, weight) in ASKED {
        if at < *weight {
            return (kind, action);
        }
        at -= weight;
    }
    ("dashboard", "read")
}

/// More properties, the context, and the rare value among them that a rule for this role reads.
fn details(kind: &str, action: &str, role: Role, rng: &mut Rng) -> (String, String, Option<u64>) {
    match (kind, action) {
        ("refund", _) => {
            let micros = rng.u64(..1_000_000_000);
            (
                format!(r#","micros":{micros}"#),
                String::new(),
                Some(micros),
            )
        }
        ("message", _) => {
            let bytes = rng.u64(..1_000_000_000);
            let reads = action == "edit" && role == Role::Agent;
            let more = format!(r#","bytes":{bytes},"conversation":"c{}""#, rng.u32(..));
            (more, String::new(), reads.then_some(bytes))
        }
        ("conversation", _) => conversation(action, role, rng),
        _ => (String::new(), String::new(), None),
    }
}

fn conversation(action: &str, role: Role, rng: &mut Rng) -> (String, String, Option<u64>) {
    let status = if rng.bool() { "open" } else { "closed" };
    // 2022 to 2025, to the millisecond.
    let (year, month, day) = (rng.u64(2022..2026), rng.u64(1..13), rng.u64(1..29));
    let ms = rng.u64(..86_400_000);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    let opened = format!(
        "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        ms % 1_000
    );
    let more = format!(r#","status":"{status}","opened":"{opened}""#);
    match (action, role) {
        ("export", _) => {
            let (net, host) = (if rng.u32(..8) == 0 { 11 } else { 10 }, rng.u32(..1 << 24));
            let [_, a, b, c] = host.to_be_bytes();
            let context = format!(r#","context":{{"mfa":true,"ip":"{net}.{a}.{b}.{c}"}}"#);
            (more, context, Some(net << 24 | u64::from(host)))
        }
        ("reply", Role::Agent) => {
            let day = (year * 12 + month) * 31 + day;
            (more, String::new(), Some(day * 86_400_000 + ms))
        }
        _ => (more, String::new(), None),
    }
}
