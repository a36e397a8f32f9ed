//! Whether a scope reaches a place, looked up rather than evaluated: what the expressions of
//! [`Coverage`](crate::compile::Coverage) say, over the same facts.
//!
//! So is whom a rule concerns. What this says is what the engine says of the whole policy: tests compare the two.

use super::entities::{Asked, held_roles};
use crate::compile::{Coverage, Holders};
use crate::model::{Entry, Id};

impl Asked<'_> {
    /// Whether a grant of the entry reaches the place.
    pub(super) fn covers(&self, coverage: Coverage, entry: &Entry) -> bool {
        match coverage {
            Coverage::Always => true,
            Coverage::Never => false,
            Coverage::EverySubAccount => self.every_sub_account(entry),
            Coverage::EverySubAccountOfMember => {
                let member = self.place.member.as_ref();
                member.is_some_and(|member| !member.at_tenant) && self.every_sub_account(entry)
            }
            Coverage::AnySubAccount => {
                let mut places = self.place.sub_accounts.iter().flatten();
                places.any(|id| self.tenant.lies_within(id, &entry.sub_accounts))
            }
            Coverage::AnyTeam => self.any_team(entry),
            Coverage::EveryTeam => self.every_team(entry),
            Coverage::EveryTeamBeforeAndAfter => {
                let asked = self.place.member.as_ref().map(|member| &member.asked_teams);
                let asked = asked.filter(|asked| !asked.is_empty());
                let teams = self.tenant.entry_teams(self.subject, entry);
                let known = |team: &&str| contains(teams, team);
                asked.is_some_and(|asked| asked.iter().all(known)) && self.every_team(entry)
            }
            Coverage::Assigned => self.assigned(entry),
            Coverage::Own => self.is_owner(),
            Coverage::OwnDelegation => {
                let delegation = self.place.delegation.as_ref();
                let mut owners = delegation.into_iter().flat_map(|place| &place.owners);
                owners.any(|owner| **owner == *self.subject)
            }
            Coverage::AnyTeamBelow => self.has_sub_accounts() && self.any_team(entry),
            Coverage::AssignedBelow => self.has_sub_accounts() && self.assigned(entry),
            Coverage::OwnBelow => self.has_sub_accounts() && self.is_owner(),
        }
    }

    /// Whether a deny rule concerns the member: it looks at all entries that count.
    pub(super) fn concerns(&self, holders: &Holders) -> bool {
        let mut entries = self.entries.iter();
        let named = holders.named.as_ref();
        let is_named = named.is_none_or(|role| entries.any(|entry| entry.role == *role));
        let holds = |roles: &[Id]| {
            let mut held = held_roles(self.entries.iter().copied(), self.tenant);
            held.any(|held| contains(roles, held))
        };
        is_named
            && (holders.any_of.is_empty() || holds(&holders.any_of))
            && (holders.none_of.is_empty() || !holds(&holders.none_of))
    }

    fn has_sub_accounts(&self) -> bool {
        self.place.sub_accounts.is_some()
    }

    fn every_sub_account(&self, entry: &Entry) -> bool {
        let places = self.place.sub_accounts.as_ref();
        places.is_some_and(|places| {
            let mut places = places.iter();
            places.all(|id| self.tenant.lies_within(id, &entry.sub_accounts))
        })
    }

    fn any_team(&self, entry: &Entry) -> bool {
        let teams = self.tenant.entry_teams(self.subject, entry);
        let mut places = self.place.teams.iter();
        places.any(|team| contains(teams, team)) || self.own_teams(entry).next().is_some()
    }

    fn every_team(&self, entry: &Entry) -> bool {
        let teams = self.tenant.entry_teams(self.subject, entry);
        let mut places = self.place.teams.iter();
        !self.place.teams.is_empty() && places.all(|team| contains(teams, team))
    }

    fn assigned(&self, entry: &Entry) -> bool {
        let types = &self.tenant.model.application.types;
        let mut chain = self.place.chain.iter();
        chain.any(|(link, id)| {
            let named = |(kind, known): &(usize, Id)| {
                **known == **id
                    && types
                        .get_index(*kind)
                        .is_some_and(|(name, _)| **name == **link)
            };
            entry.assigned.iter().any(named)
        })
    }

    fn is_owner(&self) -> bool {
        self.place.owner == Some(self.subject)
    }
}

fn contains(teams: &[Id], team: &str) -> bool {
    teams.iter().any(|known| **known == *team)
}
