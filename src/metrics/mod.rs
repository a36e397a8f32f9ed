//! Every metric, resolved to handles once: at the start, or when a snapshot is published.
//!
//! The request path only adds to handles; it formats no label and looks no name up. Nothing that a question contains
//! becomes a label: applications and revisions come from the published snapshot, all else from enums.
//! This module knows neither HTTP nor policies; [`Endpoint`] and [`ReloadOutcome`](crate::reload::Outcome) are the
//! words that it shares with the modules that do.

mod build;
mod cache;
mod decisions;
mod durations;
mod exposition;
mod http;
mod registry;
mod reloads;
mod served;

pub use build::Build;
pub use cache::CacheMetrics;
pub use decisions::DecisionCounters;
pub use durations::Durations;
pub use http::{Endpoint, HttpMetrics};
pub use reloads::ReloadMetrics;
pub use served::SnapshotGauges;

use std::sync::Arc;

use ::metrics::{Gauge, Label, Unit};

use registry::{Described, Registry};

const CONNECTIONS: Described = Described {
    name: "octroi_connections",
    help: "Open connections on the decision listeners.",
    unit: Some(Unit::Count),
};
const FILE_RELOAD_SUCCESSFUL: Described = Described {
    name: "octroi_file_reload_successful",
    help: "1 if certificates or tokens are those in their files, 0 if a change of theirs was refused.",
    unit: None,
};
const DECISION_DURATION: Described = Described {
    name: "octroi_decision_duration_seconds",
    help: "Time to decide one question, without parsing and without HTTP.",
    unit: Some(Unit::Seconds),
};
const DECISION_BUCKETS: &[f64] = &[
    0.000_000_5,
    0.000_001,
    0.000_002_5,
    0.000_005,
    0.000_01,
    0.000_025,
    0.000_05,
    0.000_1,
    0.000_25,
    0.000_5,
    0.001,
    0.002_5,
    0.005,
    0.01,
];

/// Every metric of the process.
pub struct Metrics {
    registry: Arc<Registry>,
    build: Build,
    /// Requests by endpoint and status.
    pub http: HttpMetrics,
    /// Reloads by outcome.
    pub reloads: ReloadMetrics,
    /// Look-ups in the decision cache.
    pub cache: CacheMetrics,
    /// What the published snapshot holds.
    pub snapshot: SnapshotGauges,
    /// Open connections on the decision listeners.
    pub connections: Gauge,
    /// The time of a decision alone, in seconds.
    pub decision_duration: Durations,
}

impl Metrics {
    /// Registers every metric that does not depend on the policies.
    pub fn new(build: Build) -> Self {
        let registry = Arc::new(Registry::new());
        Self {
            http: HttpMetrics::new(&registry),
            reloads: ReloadMetrics::new(&registry),
            cache: CacheMetrics::new(&registry),
            snapshot: SnapshotGauges::new(&registry),
            connections: registry.gauge(CONNECTIONS),
            decision_duration: Durations::new(DECISION_BUCKETS),
            registry,
            build,
        }
    }

    /// The version and commit of this program.
    pub fn build(&self) -> Build {
        self.build
    }

    /// Counters for the decisions of a snapshot with these applications.
    pub fn decision_counters<'a>(
        &self,
        applications: impl Iterator<Item = &'a str>,
    ) -> DecisionCounters {
        DecisionCounters::new(Arc::clone(&self.registry), applications)
    }

    /// Whether files of a kind were taken when they changed last; they are known at the start.
    pub fn file_gauge(&self, kind: &'static str) -> Gauge {
        let label = Label::from_static_parts("file", kind);
        self.registry.gauge_of(FILE_RELOAD_SUCCESSFUL, vec![label])
    }

    /// The text that Prometheus scrapes; `revision` is that of the published snapshot.
    pub fn render(&self, revision: Option<&str>) -> String {
        let mut text = self.registry.render();
        let decisions = (None, &self.decision_duration);
        durations::append(&mut text, DECISION_DURATION, [decisions]);
        self.http.append_durations(&mut text);
        self.reloads.append_durations(&mut text);
        exposition::append_build(&mut text, self.build);
        exposition::append_revision(&mut text, revision);
        exposition::append_process(&mut text, &metrics_process::collector::collect());
        text
    }
}
