//! Random delegations, and questions that are about them.

use fastrand::Rng;
use serde_json::json;

use super::delegation_type::{held, is_held};
use super::generate_app::when;
use super::generate_question::Draft;
use super::generate_values::{EXPIRES, count_of, percent, pick, pick_text};
use super::rules;
use super::world::{Application, CRUD, Delegation, Entry, Grant, Scope, Tenant, World};

/// Lets members of most tenants delegate something.
pub fn add_delegations(rng: &mut Rng, world: &mut World) {
    for tenant in &mut world.tenants {
        let mut apps = world.applications.iter();
        let Some(app) = apps.find(|app| app.id == tenant.application && !app.request) else {
            continue;
        };
        let count = if percent(rng, 70) { rng.usize(1..6) } else { 0 };
        for _ in 0..count {
            if let Some(delegation) = delegation(rng, app, tenant) {
                let is_new = |other: &Delegation| !is_like(other, &delegation);
                if tenant.delegations.iter().all(is_new) {
                    tenant.delegations.push(delegation);
                }
            }
        }
    }
}

fn is_like(one: &Delegation, other: &Delegation) -> bool {
    one.from == other.from && one.to == other.to
}

fn delegation(rng: &mut Rng, app: &Application, tenant: &Tenant) -> Option<Delegation> {
    let from = pick(rng, &tenant.members)?.account.clone();
    let to = pick(rng, &tenant.members)?.account.clone();
    if from == to {
        return None;
    }
    let entries: Vec<Entry> = tenant.entries(&from).into_iter().cloned().collect();
    let mut allow = Vec::new();
    for _ in 0..rng.usize(1..3) {
        allow.extend(part(rng, app, tenant, &entries));
    }
    let expires = percent(rng, 25).then(|| pick_text(rng, &EXPIRES));
    (!allow.is_empty()).then_some(Delegation {
        from,
        to,
        allow,
        expires,
    })
}

/// Something of what the entries hold.
///
/// "Naming something that no entry of `from` grants at all, whatever its status, is an error; `"*"`
/// means whatever it holds."
fn part(rng: &mut Rng, app: &Application, tenant: &Tenant, entries: &[Entry]) -> Option<Grant> {
    let (resources, actions) = names(rng, app, tenant, entries)?;
    let are_held = resources.iter().all(|resource| {
        actions
            .iter()
            .all(|action| is_held(app, tenant, entries, resource, action))
    });
    are_held.then(|| Grant {
        when: when(rng, app, &resources, 35),
        resources,
        actions,
        scope: None,
    })
}

fn names(
    rng: &mut Rng,
    app: &Application,
    tenant: &Tenant,
    entries: &[Entry],
) -> Option<(Vec<String>, Vec<String>)> {
    let held = held(app, tenant, entries);
    let (kind, action) = pick(rng, &held).copied()?;
    let all = || vec!["*".to_owned()];
    let text = |name: &str| vec![name.to_owned()];
    let has = |kind: &str, action: &str| held.contains(&(kind, action));
    Some(match rng.u32(0..100) {
        0..15 => (all(), all()),
        15..25 => (all(), text(action)),
        25..35 if !app.groups.is_empty() => (text(&pick(rng, &app.groups)?.name), all()),
        35..60 => (text(kind), all()),
        60..75 => {
            let kinds: Vec<&str> = app.type_names();
            let others: Vec<&str> = kinds.into_iter().filter(|one| has(one, action)).collect();
            let kinds = count_of(rng, &others, 2);
            (kinds.into_iter().map(str::to_owned).collect(), text(action))
        }
        75..85 if CRUD.iter().all(|action| has(kind, action)) => (text(kind), text("crud")),
        _ => {
            let of_kind: Vec<&str> = app.actions(kind);
            let of_kind: Vec<&str> = of_kind.into_iter().filter(|one| has(kind, one)).collect();
            let actions = count_of(rng, &of_kind, 2);
            let actions = actions.into_iter().map(str::to_owned).collect();
            (text(kind), actions)
        }
    })
}

impl Draft<'_> {
    /// A question that a delegation might allow; false where there is none to be found.
    pub(super) fn aimed_by_delegation(&mut self) -> bool {
        let found = pick(self.rng, &self.tenant.delegations);
        let Some(delegation) = found else {
            return false;
        };
        let entries = self.tenant.entries(&delegation.from);
        let (Some(part), Some(entry)) = (
            pick(self.rng, &delegation.allow),
            pick(self.rng, &entries).copied(),
        ) else {
            return false;
        };
        let mut both = Vec::new();
        for (grant, scope) in rules::grants(self.app, self.tenant, &entry.role) {
            for kind in self.app.type_names() {
                for action in self.app.actions(kind) {
                    if [grant, part]
                        .iter()
                        .all(|rule| rules::grant_names(self.app, rule, kind, action))
                    {
                        both.push((grant, scope, kind, action));
                    }
                }
            }
        }
        let Some((grant, scope, kind, action)) = pick(self.rng, &both).copied() else {
            return false;
        };
        self.begin(&delegation.to, kind, action);
        let may_assign = rules::grant_names(self.app, part, "role", "assign");
        if kind == "member" && action == "invite" && may_assign && percent(self.rng, 50) {
            self.question.resource_type = "role".to_owned();
            self.question.action_name = "assign".to_owned();
        }
        self.aim(entry, scope);
        for rule in [grant, part] {
            if let Some(when) = &rule.when {
                self.fit_condition(when);
            }
        }
        true
    }

    /// A delegation that a grant of the entry with this scope might cover.
    pub(super) fn aim_at_delegation(&mut self, entry: &Entry, scope: Scope) {
        let by_other = if scope == Scope::Tenant { 50 } else { 12 };
        let mut from = entry.account.clone();
        if percent(self.rng, by_other) {
            from = self.account();
        }
        let mut to = self.account();
        if self.question.action_name == "read" && percent(self.rng, 40) {
            std::mem::swap(&mut from, &mut to);
        }
        if percent(self.rng, 94) {
            self.set("from", json!(from));
        }
        if percent(self.rng, 92) {
            self.set("to", json!(to));
        }
        if percent(self.rng, 60) {
            self.name_what_is_delegated(&from);
        }
        self.aim_standard(entry, scope);
        self.add_standard(10);
    }

    fn name_what_is_delegated(&mut self, from: &str) {
        let entries: Vec<Entry> = self.tenant.entries(from).into_iter().cloned().collect();
        let held = held(self.app, self.tenant, &entries);
        let (mut kind, mut action) = pick(self.rng, &held).copied().unwrap_or(("*", "*"));
        match self.rng.u32(0..20) {
            0..3 => kind = "*",
            3..7 => action = "*",
            7 => action = "crud",
            8 => action = "unheard",
            9 => kind = "unheard",
            10 | 11 => {
                let kinds = self.app.type_names();
                kind = pick(self.rng, &kinds).copied().unwrap_or("*");
            }
            12 => {
                let groups = &self.app.groups;
                kind = pick(self.rng, groups).map_or("*", |group| &group.name);
            }
            _ => {}
        }
        let mut kinds = vec![kind];
        if percent(self.rng, 20) {
            kinds.extend(pick(self.rng, &held).map(|(kind, _)| *kind));
        }
        if percent(self.rng, 94) {
            self.set("resources", json!(kinds));
        }
        if percent(self.rng, 94) {
            self.set("actions", json!([action]));
        }
    }
}
