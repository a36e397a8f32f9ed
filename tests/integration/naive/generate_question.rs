//! Random questions, many of them aimed at a grant.

use fastrand::Rng;
use serde_json::{Map, Value as Json, json};

use super::decide::decide;
use super::generate_request::place;
use super::generate_tenant::add_spelling;
use super::generate_values::{
    ACCOUNTS, BASE_MS, DATETIMES, RECORDS, SUB_ACCOUNTS, TEAMS, percent, pick, pick_text, value,
};
use super::membership::end_of;
use super::perturb::perturb;
use super::places::{self, lies_below};
use super::question::Question;
use super::rules;
use super::scopes::teams_of;
use super::value::datetime;
use super::world::{Application, Entry, Record, Scope, Tenant, World};

/// The answers that questions are made for; an empty one is any.
const WANTED: [&str; 22] = [
    "granted",
    "granted",
    "granted",
    "granted",
    "granted",
    "granted",
    "granted",
    "granted",
    "granted",
    "granted_by_delegation",
    "granted_by_delegation",
    "not_assignable",
    "not_assignable",
    "condition_not_met",
    "out_of_scope",
    "denied_by_rule",
    "denied_by_rule",
    "evaluation_error",
    "evaluation_error",
    "guest_home_lost",
    "",
    "",
];

const MILLISECONDS_AN_HOUR: i64 = 60 * 60 * 1000;

impl Question {
    /// A question about the world, and the moment asked about, in milliseconds since 1970.
    pub fn random(world: &World, rng: &mut Rng) -> (Question, i64) {
        let wanted = pick_text(rng, &WANTED);
        let mut asked = draw(world, rng);
        for _ in 0..12 {
            if wanted.is_empty() || decide(world, &asked.0, asked.1).reason == wanted {
                break;
            }
            asked = draw(world, rng);
        }
        let noise = match rng.u32(0..100) {
            0..60 => 0,
            60..88 => 1,
            _ => 2,
        };
        for _ in 0..noise {
            perturb(world, rng, &mut asked.0, &mut asked.1);
        }
        asked
    }
}

fn draw(world: &World, rng: &mut Rng) -> (Question, i64) {
    let Some((app, tenant)) = place(world, rng) else {
        return (Question::default(), BASE_MS);
    };
    let now_ms = moment(rng, &tenant);
    let mut draft = Draft {
        rng,
        app,
        tenant: &tenant,
        question: Question::default(),
    };
    let way = draft.rng.u32(0..100);
    let is_done = match way {
        0..15 => draft.aimed_by_delegation(),
        15..23 => draft.aimed_by_raw(),
        _ => false,
    };
    if !is_done && way < 80 {
        draft.aimed(now_ms);
    } else if !is_done {
        draft.scattered();
    }
    if app.request {
        draft.add_memberships();
    }
    draft.name_tenant(world);
    draft.name_application(world);
    (draft.question, now_ms)
}

/// Around the fixed moment, or where an entry or a delegation of the tenant ends, or where a
/// condition on `context.now` may change.
fn moment(rng: &mut Rng, tenant: &Tenant) -> i64 {
    let of_entries = tenant.members.iter().map(|entry| &entry.expires);
    let of_delegations = tenant.delegations.iter().map(|one| &one.expires);
    let ends: Vec<i64> = of_entries
        .chain(of_delegations)
        .filter_map(|expires| expires.as_deref().and_then(end_of))
        .collect();
    match (rng.u32(0..100), pick(rng, &ends).copied()) {
        (0..30, Some(end)) => end + rng.i64(-1..=1),
        (30..36, _) => {
            let at = pick_text(rng, &DATETIMES);
            datetime(&at).unwrap_or(BASE_MS) + rng.i64(-1..=1)
        }
        _ => BASE_MS + rng.i64(-30..30) * MILLISECONDS_AN_HOUR,
    }
}

/// A question in the making.
pub struct Draft<'a> {
    /// Where chance comes from.
    pub rng: &'a mut Rng,
    /// The application asked about.
    pub app: &'a Application,
    /// The tenant asked about.
    pub tenant: &'a Tenant,
    /// What there is of it.
    pub question: Question,
}

impl Draft<'_> {
    /// A question that a grant of an entry might allow.
    fn aimed(&mut self, now_ms: i64) {
        let in_force: Vec<&Entry> = self
            .tenant
            .members
            .iter()
            .filter(|entry| !matches!(entry.expires.as_deref().and_then(end_of), Some(end) if end <= now_ms))
            .collect();
        let Some(entry) = pick(self.rng, &in_force).copied() else {
            return self.scattered();
        };
        let grants = rules::grants(self.app, self.tenant, &entry.role);
        let Some((grant, scope)) = pick(self.rng, &grants).copied() else {
            return self.scattered();
        };
        let kinds: Vec<&str> = self
            .app
            .type_names()
            .into_iter()
            .filter(|kind| rules::names_type(self.app, &grant.resources, grant.when.as_ref(), kind))
            .collect();
        let Some(kind) = pick(self.rng, &kinds).copied() else {
            return self.scattered();
        };
        let actions: Vec<&str> = self
            .app
            .actions(kind)
            .into_iter()
            .filter(|action| rules::names_action(&grant.actions, action))
            .collect();
        let Some(action) = pick(self.rng, &actions).copied() else {
            return self.scattered();
        };
        self.begin(&entry.account, kind, action);
        if kind == "member" && action == "invite" && percent(self.rng, 50) {
            self.question.resource_type = "role".to_owned();
            self.question.action_name = "assign".to_owned();
        }
        self.aim(entry, scope);
        if let Some(when) = &grant.when {
            self.fit_condition(when);
        }
    }

    /// A question about anything.
    fn scattered(&mut self) {
        let account = self.account();
        let kinds = self.app.type_names();
        let kind = pick_text(self.rng, &kinds);
        let actions = self.app.actions(&kind);
        let action = pick_text(self.rng, &actions);
        self.begin(&account, &kind, &action);
        match kind.as_str() {
            "tenant" | "role" | "member" | "team" | "sub_account" | "delegation" => {
                let entry = Entry {
                    account,
                    ..Entry::default()
                };
                self.aim(&entry, Scope::Tenant);
            }
            _ => self.question.resource_id = self.record_id(),
        }
        self.add_standard(50);
        self.add_declared(50);
    }

    pub(super) fn begin(&mut self, account: &str, kind: &str, action: &str) {
        let subject_type = match &self.app.subject_types {
            Some(types) => pick(self.rng, types).cloned().unwrap_or_default(),
            None => "user".to_owned(),
        };
        self.question = Question {
            subject_type,
            subject_id: account.to_owned(),
            action_name: action.to_owned(),
            resource_type: kind.to_owned(),
            resource_id: "*".to_owned(),
            ..Question::default()
        };
    }

    fn name_tenant(&mut self, world: &World) {
        let id = json!(self.tenant.id);
        let is_named = self.question.resource_type == "tenant";
        let way = self.rng.u32(0..100);
        let is_only = world.tenants.len() == 1 && !world.applications.iter().any(|app| app.request);
        let may_be_left_out = is_named || is_only;
        if may_be_left_out && way < 60 {
            return;
        }
        if !(70..90).contains(&way) {
            self.question
                .resource
                .insert("tenant".to_owned(), id.clone());
        }
        if way >= 70 {
            self.question.context.insert("tenant".to_owned(), id);
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Json) {
        self.question.resource.insert(name.to_owned(), value);
    }

    pub(super) fn account(&mut self) -> String {
        if percent(self.rng, 85)
            && let Some(entry) = pick(self.rng, &self.tenant.members)
        {
            return entry.account.clone();
        }
        pick_text(self.rng, &ACCOUNTS)
    }

    fn record_id(&mut self) -> String {
        let of_kind: Vec<&str> = self
            .tenant
            .records
            .iter()
            .filter(|record| record.kind == self.question.resource_type)
            .map(|record| record.id.as_str())
            .collect();
        match self.rng.u32(0..10) {
            0..5 => pick_text(self.rng, &RECORDS),
            5 => "*".to_owned(),
            6 => "new".to_owned(),
            _ if of_kind.is_empty() => pick_text(self.rng, &RECORDS),
            _ => pick_text(self.rng, &of_kind),
        }
    }

    /// The sub-accounts that the entry reaches.
    pub(super) fn reach(&self, entry: &Entry) -> Vec<String> {
        self.tenant
            .sub_accounts
            .iter()
            .filter(|one| lies_below(self.tenant, &one.id, &entry.sub_accounts))
            .map(|one| one.id.clone())
            .collect()
    }

    pub(super) fn own_teams(&self, entry: &Entry) -> Vec<String> {
        teams_of(self.tenant, entry).into_iter().collect()
    }

    /// Makes the resource one that a grant of the entry with this scope might cover.
    pub(super) fn aim(&mut self, entry: &Entry, scope: Scope) {
        match self.question.resource_type.as_str() {
            "tenant" => self.question.resource_id = self.tenant.id.clone(),
            "role" => self.aim_at_role(entry),
            "sub_account" => self.aim_at_sub_account(entry),
            "team" => {
                let own = self.own_teams(entry);
                let ids = if own.is_empty() || percent(self.rng, 30) {
                    TEAMS.map(str::to_owned).to_vec()
                } else {
                    own
                };
                self.question.resource_id = pick(self.rng, &ids).cloned().unwrap_or_default();
                self.aim_standard(entry, scope);
            }
            "member" => self.aim_at_member(entry, scope),
            "delegation" => self.aim_at_delegation(entry, scope),
            _ => {
                self.question.resource_id = self.record_id();
                self.aim_standard(entry, scope);
                self.add_standard(12);
                self.add_declared(35);
            }
        }
    }

    pub(super) fn aim_standard(&mut self, entry: &Entry, scope: Scope) {
        match scope {
            Scope::Tenant => {}
            Scope::SubAccount => {
                let reach = self.reach(entry);
                if percent(self.rng, 35) {
                    self.aim_by_record(places::SUB_ACCOUNTS, &reach);
                } else {
                    self.add(places::SUB_ACCOUNTS, &reach);
                }
            }
            Scope::Team => {
                let own = self.own_teams(entry);
                if percent(self.rng, 30) {
                    self.aim_by_record(places::TEAMS, &own);
                } else if percent(self.rng, 60) {
                    self.add(places::TEAMS, &own);
                } else {
                    let mates = self
                        .tenant
                        .teams
                        .iter()
                        .filter(|team| own.contains(&team.id));
                    let mates: Vec<String> = mates.flat_map(|team| team.accounts.clone()).collect();
                    if let Some(mate) = pick(self.rng, &mates) {
                        self.set("owner", json!(mate));
                    }
                }
            }
            Scope::Assigned => self.aim_at_assigned(entry),
            Scope::Own => self.set("owner", json!(entry.account)),
        }
    }

    /// Names a record, of the resource itself or of an ancestor, that has some of these places.
    fn aim_by_record(&mut self, spellings: [&str; 2], ids: &[String]) {
        let kind = self.question.resource_type.clone();
        let ancestors = self.app.ancestors(&kind);
        let fitting: Vec<&Record> = self
            .tenant
            .records
            .iter()
            .filter(|record| record.kind == kind || ancestors.contains(&record.kind.as_str()))
            .filter(|record| {
                places::union(&record.attributes, spellings)
                    .iter()
                    .any(|id| ids.contains(id))
            })
            .collect();
        match pick(self.rng, &fitting).copied() {
            Some(record) if record.kind == kind => self.question.resource_id = record.id.clone(),
            Some(record) => self.set(&record.kind, json!(record.id)),
            None => {}
        }
    }

    fn aim_at_assigned(&mut self, entry: &Entry) {
        let kind = self.question.resource_type.clone();
        let ancestors = self.app.ancestors(&kind);
        let assigned = entry.assigned.iter();
        let fitting: Vec<_> = assigned
            .filter(|(of, _)| *of == kind || ancestors.contains(&of.as_str()))
            .collect();
        let Some((of, ids)) = pick(self.rng, &fitting).copied() else {
            return;
        };
        let id = pick(self.rng, ids).cloned().unwrap_or_default();
        if *of == kind {
            self.question.resource_id = id;
        } else if percent(self.rng, 70) {
            self.set(of, json!(id));
        } else if let Some(parent) = ancestors.first() {
            // A record may name it.
            let id = pick_text(self.rng, &RECORDS);
            self.set(parent, json!(id));
        }
    }

    pub(super) fn add(&mut self, spellings: [&str; 2], ids: &[String]) {
        add_spelling(self.rng, &mut self.question.resource, spellings, ids);
    }

    /// Standard attributes without regard for a scope.
    pub(super) fn add_standard(&mut self, of_hundred: u32) {
        if percent(self.rng, of_hundred) {
            let owner = self.account();
            self.set("owner", json!(owner));
        }
        if percent(self.rng, of_hundred) {
            self.add(places::SUB_ACCOUNTS, &SUB_ACCOUNTS.map(str::to_owned));
        }
        if percent(self.rng, of_hundred) {
            self.add(places::TEAMS, &TEAMS.map(str::to_owned));
        }
        for ancestor in self.app.ancestors(&self.question.resource_type.clone()) {
            if percent(self.rng, of_hundred) && !self.question.resource.contains_key(ancestor) {
                let id = pick_text(self.rng, &RECORDS);
                self.set(ancestor, json!(id));
            }
        }
    }

    /// Declared attributes without regard for a condition.
    fn add_declared(&mut self, of_hundred: u32) {
        let kind = self.question.resource_type.clone();
        let targets: [(&[_], &mut Map<String, Json>); 4] = [
            (self.app.attributes(&kind), &mut self.question.resource),
            (&self.app.account_attributes, &mut self.question.subject),
            (&self.app.context, &mut self.question.context),
            (&self.app.action_context, &mut self.question.action),
        ];
        for (attributes, properties) in targets {
            for attribute in attributes {
                if percent(self.rng, of_hundred) {
                    let value = value(self.rng, attribute.kind);
                    properties.insert(attribute.name.clone(), value);
                }
            }
        }
    }
}
