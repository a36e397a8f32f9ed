//! Gauges of the published snapshot.

use ::metrics::{Gauge, Unit};

use super::registry::{Described, Registry};
use crate::snapshot::Counts;

const GENERATION: Described = Described {
    name: "octroi_snapshot_generation",
    help: "Generation of the published snapshot: Unix time in milliseconds at which its files were read, always rising.",
    unit: None,
};
const LOADED: Described = Described {
    name: "octroi_snapshot_loaded_timestamp_seconds",
    help: "Unix time at which the published snapshot was published.",
    unit: Some(Unit::Seconds),
};
const TENANTS: Described = Described {
    name: "octroi_tenants",
    help: "Tenants in the published snapshot.",
    unit: Some(Unit::Count),
};
const MEMBERS: Described = Described {
    name: "octroi_members",
    help: "Members in the published snapshot, over all tenants.",
    unit: Some(Unit::Count),
};
const POLICIES: Described = Described {
    name: "octroi_policies",
    help: "Compiled policies in the published snapshot.",
    unit: Some(Unit::Count),
};

/// What is published.
pub struct SnapshotGauges {
    generation: Gauge,
    loaded: Gauge,
    tenants: Gauge,
    members: Gauge,
    policies: Gauge,
}

impl SnapshotGauges {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            generation: registry.gauge(GENERATION),
            loaded: registry.gauge(LOADED),
            tenants: registry.gauge(TENANTS),
            members: registry.gauge(MEMBERS),
            policies: registry.gauge(POLICIES),
        }
    }

    /// Shows a snapshot that has just been published.
    pub fn show(&self, generation: u64, loaded_ms: i64, counts: Counts) {
        self.generation.set(generation as f64);
        self.loaded.set(loaded_ms as f64 / 1000.0);
        self.tenants.set(counts.tenants as f64);
        self.members.set(counts.members as f64);
        self.policies.set(counts.policies as f64);
    }
}
