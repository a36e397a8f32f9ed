//! `octroi_reload*`: how the policies' changes fared.

use std::time::Duration;

use ::metrics::{Counter, Gauge, Histogram, Label, Unit};

use super::registry::{Described, Registry};
use crate::reload::Outcome;

const RELOADS: Described = Described {
    name: "octroi_reloads_total",
    help: "Changes of the policy folder, by what came of them.",
    unit: Some(Unit::Count),
};
pub(super) const RELOAD_DURATION: Described = Described {
    name: "octroi_reload_duration_seconds",
    help: "Time to read and compile the policy folder, the first time included.",
    unit: Some(Unit::Seconds),
};
pub(super) const RELOAD_BUCKETS: &[f64] = &[
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];
const LAST_RELOAD_SUCCESSFUL: Described = Described {
    name: "octroi_last_reload_successful",
    help: "1 if what is in the policy folder is what is served, 0 if it was refused.",
    unit: None,
};

/// Counters by outcome.
pub struct ReloadMetrics {
    outcomes: [Counter; Outcome::ALL.len()],
    duration: Histogram,
    last_successful: Gauge,
}

impl ReloadMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            outcomes: Outcome::ALL.map(|outcome| {
                let label = Label::from_static_parts("outcome", outcome.as_str());
                registry.counter(RELOADS, vec![label])
            }),
            duration: registry.histogram(RELOAD_DURATION, Vec::new()),
            last_successful: registry.gauge(LAST_RELOAD_SUCCESSFUL),
        }
    }

    /// The first load has no outcome to count: without it there is no process.
    pub fn record_first(&self, duration: Duration) {
        self.duration.record(duration);
        self.last_successful.set(1.0);
    }

    /// Counts what came of a change.
    pub fn record(&self, outcome: Outcome, duration: Duration) {
        self.duration.record(duration);
        self.last_successful
            .set(f64::from(u8::from(outcome.is_success())));
        if let Some(counter) = self.outcomes.get(outcome as usize) {
            counter.increment(1);
        }
    }
}
