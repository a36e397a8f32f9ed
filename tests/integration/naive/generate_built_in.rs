//! Questions about built-in types, aimed at a grant.

use fastrand::Rng;
use serde_json::json;

use super::generate_question::Draft;
use super::generate_values::{SUB_ACCOUNTS, percent, pick, pick_text};
use super::places;
use super::rules;
use super::world::{Entry, Scope};

impl Draft<'_> {
    fn roles_to_give(&mut self, entry: &Entry) -> String {
        let roles = self.app.roles.iter().chain(&self.tenant.roles);
        let all: Vec<String> = roles.map(|role| role.id.clone()).collect();
        let may_give: Vec<String> = all
            .iter()
            .filter(|role| rules::may_give(self.app, self.tenant, &entry.role, role))
            .cloned()
            .collect();
        let from = if may_give.is_empty() || percent(self.rng, 15) {
            &all
        } else {
            &may_give
        };
        pick(self.rng, from).cloned().unwrap_or_default()
    }

    pub(super) fn aim_at_role(&mut self, entry: &Entry) {
        self.question.resource_id = self.roles_to_give(entry);
        if percent(self.rng, 60) {
            let reach = self.reach(entry);
            self.add(places::SUB_ACCOUNTS, &reach);
        }
        if percent(self.rng, 45) {
            let own = self.own_teams(entry);
            self.add(places::TEAMS, &own);
        }
    }

    pub(super) fn aim_at_sub_account(&mut self, entry: &Entry) {
        let reach = self.reach(entry);
        let ids = if reach.is_empty() || percent(self.rng, 15) {
            SUB_ACCOUNTS.map(str::to_owned).to_vec()
        } else {
            reach
        };
        self.question.resource_id = pick(self.rng, &ids).cloned().unwrap_or_default();
        if percent(self.rng, 65) {
            let parent = pick(self.rng, &ids).cloned().unwrap_or_default();
            self.set("parent", json!(parent));
        }
        self.add_standard(12);
        if percent(self.rng, 30) {
            self.set("owner", json!(entry.account));
        }
    }

    pub(super) fn aim_at_member(&mut self, entry: &Entry, scope: Scope) {
        let action = self.question.action_name.clone();
        let is_own = scope == Scope::Own && percent(self.rng, 90);
        self.question.resource_id = match self.rng.u32(0..100) {
            _ if is_own => entry.account.clone(),
            0..20 => "new@member".to_owned(),
            20..60 if action == "invite" => "new@member".to_owned(),
            _ => self.account(),
        };
        let is_known =
            !self.app.request && !self.tenant.entries(&self.question.resource_id).is_empty();
        let role = self.roles_to_give(entry);
        let asks_for = |rng: &mut Rng| percent(rng, if is_known { 30 } else { 85 });
        if asks_for(self.rng) {
            self.set("role", json!(role));
        }
        if action == "update" && percent(self.rng, 15) {
            let role = self.roles_to_give(entry);
            self.set("new_role", json!(role));
        }
        let of_role = if is_known && action != "invite" {
            String::new()
        } else {
            role
        };
        let wants = rules::wants_sub_accounts(self.app, self.tenant, &of_role);
        if wants || percent(self.rng, 25) {
            let reach = self.reach(entry);
            self.add(places::SUB_ACCOUNTS, &reach);
        }
        if percent(self.rng, if scope == Scope::Team { 70 } else { 20 }) {
            let own = self.own_teams(entry);
            self.add(places::TEAMS, &own);
        }
        if percent(self.rng, 8) {
            let home = pick(self.rng, &self.tenant.partners).cloned();
            self.set(
                "guest_of",
                json!(home.unwrap_or_else(|| "nowhere".to_owned())),
            );
        }
        if action == "update" && percent(self.rng, 10) {
            let name = pick_text(self.rng, &["sub_accounts", "teams"]);
            self.set(&name, json!([]));
        }
    }
}
