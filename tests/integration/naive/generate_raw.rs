//! Random policies of raw Cedar, and questions that are about them.

use fastrand::Rng;

use super::generate_cond::condition;
use super::generate_question::Draft;
use super::generate_values::{ACCOUNTS, TYPES, count_of, percent, pick, pick_text};
use super::raw::{RawActions, RawPolicy, guarded};
use super::world::{Application, Entry, Scope, World};

/// Gives some applications and tenants raw Cedar.
pub fn add_raw(rng: &mut Rng, world: &mut World) {
    for app in &mut world.applications {
        let count = if percent(rng, 30) { rng.usize(1..4) } else { 0 };
        for _ in 0..count {
            let policy = policy(rng, app, None);
            app.raw.extend(policy);
        }
    }
    for tenant in &mut world.tenants {
        let mut apps = world.applications.iter();
        let Some(app) = apps.find(|app| app.id == tenant.application) else {
            continue;
        };
        let count = if percent(rng, 20) { rng.usize(1..4) } else { 0 };
        for _ in 0..count {
            let account = pick(rng, &tenant.members).map(|entry| entry.account.clone());
            tenant.raw.extend(policy(rng, app, account));
        }
    }
}

fn policy(rng: &mut Rng, app: &Application, account: Option<String>) -> Option<RawPolicy> {
    let kinds: Vec<&str> = app
        .type_names()
        .into_iter()
        .filter(|kind| is_known_in_cedar(app, kind))
        .collect();
    let kind = if percent(rng, 25) {
        pick_text(rng, &["member", "member", "role", "delegation"])
    } else {
        pick_text(rng, &kinds)
    };
    let all = app.actions(&kind);
    let permit = percent(rng, 60);
    let of_hundred = if permit { 75 } else { 90 };
    let when = percent(rng, of_hundred).then(|| guarded(condition(rng, app, &[&kind])));
    let account = account.unwrap_or_else(|| pick_text(rng, &ACCOUNTS));
    Some(RawPolicy {
        permit,
        principal: percent(rng, 35).then_some(account),
        actions: match rng.u32(0..10) {
            0..6 => RawActions::One((*pick(rng, &all)?).to_owned()),
            6..9 => {
                let count = rng.usize(1..4);
                let some = count_of(rng, &all, count);
                RawActions::Some(some.into_iter().map(str::to_owned).collect())
            }
            _ => RawActions::All,
        },
        when,
        kind,
    })
}

/// True where the type's name in Cedar is not one "made unique" in a way that the page leaves open.
fn is_known_in_cedar(app: &Application, kind: &str) -> bool {
    let collides = ["http:route", "http-route"].contains(&kind);
    let is_set = |kind: &str| {
        app.declared_type(kind)
            .is_some_and(|kind| kind.cedar_name.is_some())
    };
    !collides || is_set(kind)
}

/// A name in Cedar, now and then.
pub fn cedar_name(rng: &mut Rng, kind: &str) -> Option<String> {
    let of_hundred = if kind.starts_with("http") { 50 } else { 8 };
    let place = TYPES.iter().position(|name| *name == kind)?;
    percent(rng, of_hundred).then(|| format!("Named{place}"))
}

impl Draft<'_> {
    /// A question that raw Cedar is about; false where there is none.
    pub(super) fn aimed_by_raw(&mut self) -> bool {
        let all: Vec<&RawPolicy> = self.app.raw.iter().chain(&self.tenant.raw).collect();
        let Some(policy) = pick(self.rng, &all).copied() else {
            return false;
        };
        let members: Vec<&Entry> = self
            .tenant
            .members
            .iter()
            .filter(|entry| {
                let principal = policy.principal.as_ref();
                principal.is_none_or(|account| *account == entry.account)
            })
            .collect();
        let of_type = self.app.actions(&policy.kind);
        let actions: Vec<&str> = match &policy.actions {
            RawActions::One(action) => vec![action],
            RawActions::Some(actions) => actions.iter().map(String::as_str).collect(),
            RawActions::All => of_type,
        };
        let (Some(entry), Some(action)) = (
            pick(self.rng, &members).copied(),
            pick(self.rng, &actions).copied(),
        ) else {
            return false;
        };
        self.begin(&entry.account, &policy.kind, action);
        self.aim(entry, Scope::Tenant);
        if let Some(when) = &policy.when {
            self.fit_condition(when);
        }
        true
    }
}
