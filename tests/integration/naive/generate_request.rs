//! Random memberships that come with the question, in tenants that files declare or not.

use std::borrow::Cow;

use fastrand::Rng;
use serde_json::{Value as Json, json};

use super::generate_question::Draft;
use super::generate_tenant::add_entry;
use super::generate_values::{ACCOUNTS, SUB_ACCOUNTS, TEAMS, percent, pick, pick_text};
use super::request;
use super::world::{Application, SubAccount, Team, Tenant, World};

/// Tenants that no file names.
const UNDECLARED: [&str; 4] = ["elsewhere", "x-1", "Été 9", "acme2"];

/// The application and the tenant to ask about; with the subject's entries, where the application
/// takes them from the request.
pub fn place<'a>(world: &'a World, rng: &mut Rng) -> Option<(&'a Application, Cow<'a, Tenant>)> {
    let takers: Vec<&Application> = world
        .applications
        .iter()
        .filter(|app| app.request)
        .collect();
    if let Some(app) = pick(rng, &takers).copied()
        && (world.tenants.is_empty() || percent(rng, 25))
    {
        let tenant = Tenant {
            id: pick_text(rng, &UNDECLARED),
            application: app.id.clone(),
            undeclared: true,
            ..Tenant::default()
        };
        return Some((app, Cow::Owned(with_memberships(rng, app, &tenant))));
    }
    let tenant = pick(rng, &world.tenants)?;
    let app = world.application(&tenant.application)?;
    let tenant = if app.request {
        Cow::Owned(with_memberships(rng, app, tenant))
    } else {
        Cow::Borrowed(tenant)
    };
    Some((app, tenant))
}

/// The tenant as if it had a member, whose entries the question will bring.
fn with_memberships(rng: &mut Rng, app: &Application, tenant: &Tenant) -> Tenant {
    let mut tenant = tenant.clone();
    if tenant.undeclared {
        let alone = |id: &str| SubAccount {
            id: id.to_owned(),
            parent: None,
        };
        tenant.sub_accounts = SUB_ACCOUNTS.iter().map(|id| alone(id)).collect();
    }
    let empty = |id: &str| Team {
        id: id.to_owned(),
        accounts: Vec::new(),
    };
    tenant.teams = TEAMS.iter().map(|id| empty(id)).collect();
    let account = pick_text(rng, &ACCOUNTS);
    for _ in 0..rng.usize(1..4) {
        add_entry(rng, app, &mut tenant, account.clone(), None);
    }
    tenant.teams.clear();
    tenant
}

impl Draft<'_> {
    /// Sends the subject's entries along.
    pub(super) fn add_memberships(&mut self) {
        let entries: Vec<Json> = self.tenant.members.iter().map(request::to_json).collect();
        self.question
            .subject
            .insert("memberships".to_owned(), json!(entries));
    }

    /// Names the application, where that may be needed, and now and then where it is not.
    pub(super) fn name_application(&mut self, world: &World) {
        let of_hundred = match (self.tenant.undeclared, world.applications.len()) {
            (true, 1) => 25,
            (true, _) => 92,
            (false, _) => 3,
        };
        if percent(self.rng, of_hundred) {
            self.question
                .context
                .insert("application".to_owned(), json!(self.app.id));
        }
    }
}
