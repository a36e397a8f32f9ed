//! What the benches share: policy folders of any size, and questions about them whose answers are known.

pub mod questions;
pub mod world;

use std::sync::Arc;

use octroi::pipeline::Outcome;
use octroi::snapshot::{DecisionCache, Snapshot};

/// What `serve` would answer from: the snapshot with a cache of the default size, empty.
pub fn served(outcome: Outcome) -> Snapshot {
    let entries = DecisionCache::ENTRIES_DEFAULT as usize;
    let snapshot = outcome.snapshot.expect("the folder compiles");
    snapshot.with_cache(Some(Arc::new(DecisionCache::new(entries))))
}
