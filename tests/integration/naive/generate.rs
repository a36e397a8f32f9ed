//! Random worlds.

use fastrand::Rng;

use super::generate_app::application;
use super::generate_delegations::add_delegations;
use super::generate_raw::add_raw;
use super::generate_tenant::{add_guests, tenant};
use super::generate_values::{APPLICATIONS, TENANTS, percent, pick};
use super::world::World;

impl World {
    /// A small valid policy, with something of everything.
    pub fn random(rng: &mut Rng) -> World {
        let mut world = World {
            applications: Vec::new(),
            tenants: Vec::new(),
            style: rng.u64(..),
        };
        let count = if percent(rng, 70) { 1 } else { 2 };
        for id in &APPLICATIONS[..count] {
            let others_do = world.applications.iter().any(|app| app.request);
            let request = percent(rng, if others_do { 60 } else { 20 });
            let app = application(rng, id, request);
            world.applications.push(app);
        }
        let needs_none = world.applications.iter().any(|app| app.request);
        let count = if needs_none && percent(rng, 20) {
            0
        } else {
            *pick(rng, &[1, 2, 2, 3, 4]).unwrap_or(&1)
        };
        for id in &TENANTS[..count] {
            if let Some(app) = pick(rng, &world.applications) {
                let tenant = tenant(rng, app, id, &world.tenants);
                world.tenants.push(tenant);
            }
        }
        add_guests(rng, &mut world);
        add_delegations(rng, &mut world);
        add_raw(rng, &mut world);
        world
    }
}
