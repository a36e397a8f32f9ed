//! `octroi_reload*`: how the policies' changes fared.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ::metrics::{Counter, Gauge, Label, Unit};

use super::durations::{self, Durations};
use super::registry::{Described, Registry};
use crate::changes::Changes;
use crate::reload::Outcome;

const RELOADS: Described = Described {
    name: "octroi_reloads_total",
    help: "Changes of the policy folder, by what came of them.",
    unit: Some(Unit::Count),
};
const RELOAD_DURATION: Described = Described {
    name: "octroi_reload_duration_seconds",
    help: "Time to read and compile the policy folder, the first time included.",
    unit: Some(Unit::Seconds),
};
const RELOAD_BUCKETS: &[f64] = &[
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];
const LAST_RELOAD_SUCCESSFUL: Described = Described {
    name: "octroi_last_reload_successful",
    help: "1 if what is in the policy folder is what is served, 0 if it was refused.",
    unit: None,
};

const REFUSED: Described = Described {
    name: "octroi_reload_refused_timestamp_seconds",
    help: "Unix time since which what is in the policy folder is refused, by what came of the last change; 0 if not.",
    unit: Some(Unit::Seconds),
};
const CHANGES: Described = Described {
    name: "octroi_reload_changes_total",
    help: "What reloads changed: tenants, roles and members that were added, removed or altered.",
    unit: Some(Unit::Count),
};
const WIDENINGS: Described = Described {
    name: "octroi_reload_widenings_total",
    help: "Changes by reloads that let somebody do more, or may.",
    unit: Some(Unit::Count),
};
const POLLING: Described = Described {
    name: "octroi_policies_polled",
    help: "1 if the policy folder is polled for changes, 0 if the operating system tells of them.",
    unit: None,
};

/// Counters by outcome.
pub struct ReloadMetrics {
    outcomes: [Counter; Outcome::COUNTED.len()],
    duration: Durations,
    last_successful: Gauge,
    refused: [Gauge; Outcome::REFUSALS.len()],
    refused_since: AtomicI64,
    changes: HashMap<(&'static str, &'static str), Counter>,
    widenings: Counter,
    polling: Gauge,
}

const KINDS: [&str; 3] = ["tenant", "role", "member"];
const FATES: [&str; 3] = ["added", "removed", "altered"];

impl ReloadMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            outcomes: Outcome::COUNTED.map(|outcome| registry.counter(RELOADS, by(outcome))),
            refused: Outcome::REFUSALS.map(|outcome| registry.gauge_of(REFUSED, by(outcome))),
            refused_since: AtomicI64::new(0),
            changes: KINDS
                .into_iter()
                .flat_map(|what| FATES.map(|change| (what, change)))
                .map(|(what, change)| {
                    let labels = [("what", what), ("change", change)];
                    let labels = labels.map(|(key, value)| Label::from_static_parts(key, value));
                    ((what, change), registry.counter(CHANGES, labels.to_vec()))
                })
                .collect(),
            widenings: registry.counter(WIDENINGS, Vec::new()),
            polling: registry.gauge(POLLING),
            duration: Durations::new(RELOAD_BUCKETS),
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
        let mut counters = Outcome::COUNTED.iter().zip(&self.outcomes);
        if let Some((_, counter)) = counters.find(|(counted, _)| **counted == outcome) {
            counter.increment(1);
        }
    }

    /// Shows since when, in milliseconds since 1970, the folder is refused.
    pub fn refused_since(&self, since_ms: i64) {
        self.refused_since.store(since_ms, Ordering::Relaxed);
    }

    /// Shows why the folder is refused.
    pub fn refused_by(&self, outcome: Outcome) {
        let since = self.refused_since.load(Ordering::Relaxed) as f64 / 1000.0;
        for (refusal, gauge) in Outcome::REFUSALS.iter().zip(&self.refused) {
            gauge.set(if *refusal == outcome { since } else { 0.0 });
        }
    }

    /// What is in the folder is what is served.
    pub fn mended(&self) {
        for gauge in &self.refused {
            gauge.set(0.0);
        }
    }

    /// Counts what a reload changed.
    pub fn count(&self, changes: &Changes) {
        for (what, tally) in changes.tallies() {
            let fates = [&tally.added, &tally.removed, &tally.altered];
            for (change, named) in FATES.into_iter().zip(fates) {
                if let Some(counter) = self.changes.get(&(what, change)) {
                    counter.increment(named.count as u64);
                }
            }
        }
        self.widenings.increment(changes.widenings.count as u64);
    }

    pub(super) fn append_durations(&self, text: &mut String) {
        durations::append(text, RELOAD_DURATION, [(None, &self.duration)]);
    }

    /// Shows whether the folder is polled.
    pub fn show_polling(&self, is_polled: bool) {
        self.polling.set(f64::from(u8::from(is_polled)));
    }
}

fn by(outcome: Outcome) -> Vec<Label> {
    vec![Label::from_static_parts("outcome", outcome.as_str())]
}
