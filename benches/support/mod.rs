//! What the benches share: policy folders of any size, and questions about them whose answers are known.

pub mod questions;
pub mod world;

use std::sync::Arc;

use octroi::snapshot::{DecisionCache, Snapshot};

/// A snapshot with the cache that `serve` gives it, empty.
pub fn with_cache(snapshot: Snapshot) -> Snapshot {
    let entries = DecisionCache::ENTRIES_DEFAULT as usize;
    snapshot.with_cache(Some(Arc::new(DecisionCache::new(entries))))
}
