//! `octroi_decision_cache_total`.

use ::metrics::{Counter, Label, Unit};

use super::registry::{Described, Registry};

const LOOKUPS: Described = Described {
    name: "octroi_decision_cache_total",
    help: "Questions that were looked up in the decision cache, by whether it knew the decision.",
    unit: Some(Unit::Count),
};

/// Hits and misses of the decision cache.
pub struct CacheMetrics {
    hits: Counter,
    misses: Counter,
}

impl CacheMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let counter = |result| {
            let labels = vec![Label::from_static_parts("result", result)];
            registry.counter(LOOKUPS, labels)
        };
        Self {
            hits: counter("hit"),
            misses: counter("miss"),
        }
    }

    /// Shows what the cache has counted itself.
    pub fn show(&self, (hits, misses): (u64, u64)) {
        self.hits.absolute(hits);
        self.misses.absolute(misses);
    }
}
