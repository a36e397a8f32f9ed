//! What is published, and the only way to change it.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use hyper::header::HeaderValue;

use crate::clock;
use crate::metrics::{DecisionCounters, Metrics};
use crate::snapshot::{DecisionCache, Snapshot};

/// A snapshot with all that answering from it needs.
pub struct Published {
    /// What decides.
    pub snapshot: Snapshot,
    /// Its revision as the value of a header.
    pub revision: HeaderValue,
    /// Counters of its decisions.
    pub decisions: DecisionCounters,
    /// Unix time in milliseconds at which it was published.
    pub published_ms: i64,
}

impl Published {
    fn new(snapshot: Snapshot, metrics: &Metrics) -> Self {
        let published_ms = clock::now_ms();
        let decisions = metrics.decision_counters(snapshot.application_ids());
        metrics
            .snapshot
            .show(snapshot.generation(), published_ms, snapshot.counts());
        Self {
            revision: HeaderValue::from_str(snapshot.revision())
                .unwrap_or(HeaderValue::from_static("")),
            snapshot,
            decisions,
            published_ms,
        }
    }
}

/// The policy decision point: always has a snapshot, and is read without a lock.
pub struct Pdp {
    current: ArcSwap<Published>,
    cache: Option<Arc<DecisionCache>>,
}

impl Pdp {
    /// What is published now. A request calls this once and holds the guard across no await.
    pub fn load(&self) -> Guard<Arc<Published>> {
        self.current.load()
    }

    /// What is published now, to be kept for as long as an answer takes.
    pub fn load_full(&self) -> Arc<Published> {
        self.current.load_full()
    }

    /// What remembers its decisions, if anything does.
    pub fn cache(&self) -> Option<&DecisionCache> {
        self.cache.as_deref()
    }
}

/// The right to publish; there is one.
pub(super) struct Publisher {
    pdp: Arc<Pdp>,
    metrics: Arc<Metrics>,
}

impl Publisher {
    pub(super) fn new(
        first: Snapshot,
        metrics: Arc<Metrics>,
        cache: Option<Arc<DecisionCache>>,
    ) -> Self {
        let first = first.with_cache(cache.clone());
        let current = ArcSwap::from_pointee(Published::new(first, &metrics));
        Self {
            pdp: Arc::new(Pdp { current, cache }),
            metrics,
        }
    }

    pub(super) fn pdp(&self) -> &Arc<Pdp> {
        &self.pdp
    }

    /// Replaces what is published and returns what was.
    pub(super) fn publish(&mut self, snapshot: Snapshot) -> Arc<Published> {
        let snapshot = snapshot.with_cache(self.pdp.cache.clone());
        let published = Published::new(snapshot, &self.metrics);
        self.pdp.current.swap(Arc::new(published))
    }
}
