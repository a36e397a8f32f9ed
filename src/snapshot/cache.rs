//! Decisions remembered by the words of their questions.
//!
//! A decision depends on what the question says, on the tenant as it was compiled, and on the instant. So it is kept by
//! the question's very bytes, compared whole, with the identity of the tenant (what is compiled anew has another) and the
//! instants between which nothing that was compared with the clock changes. It is right for as long as these hold, over
//! any number of snapshots, and needs no invalidation. Left alone are questions whose tenant the files do not name, or
//! that name none themselves, since other tenants decide what these mean; and whatever reads the clock itself.

use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::Reason;
use crate::model::Id;

/// The longest question that is remembered, in bytes.
const WORDS_MAX: usize = 2_048;
/// How much memory there is for each decision, in bytes: what questions contain must not grow it.
const BYTES_EACH: u64 = 512;
/// What a decision takes beside its question's bytes, roughly.
const BYTES_BESIDE: u64 = 128;

/// Decisions by question, so many at most, the same for every snapshot of a process.
pub struct DecisionCache {
    known: Cache<Box<[u8]>, Known, Bytes>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// A decision, and what it depends on beside the question.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) reason: Reason,
    pub(super) tenant: Id,
    /// Of the compiled tenant.
    pub(super) identity: u64,
    /// From which instant and before which it holds, in milliseconds since 1970.
    pub(super) lasting: (i64, i64),
}

/// The memory that a decision takes.
#[derive(Clone)]
struct Bytes;

impl Weighter<Box<[u8]>, Known> for Bytes {
    fn weight(&self, words: &Box<[u8]>, _: &Known) -> u64 {
        words.len() as u64 + BYTES_BESIDE
    }
}

impl std::fmt::Debug for DecisionCache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DecisionCache")
            .field("entries", &self.known.len())
            .finish_non_exhaustive()
    }
}

impl DecisionCache {
    /// How many decisions are remembered unless told otherwise.
    pub const ENTRIES_DEFAULT: u32 = 32_768;

    /// A cache of about so many decisions, fewer if their questions are long.
    pub fn new(entries_max: usize) -> Self {
        let bytes_max = BYTES_EACH.saturating_mul(entries_max as u64);
        Self {
            known: Cache::with_weighter(entries_max, bytes_max, Bytes),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// How often it knew a decision, and how often it did not.
    pub fn counts(&self) -> (u64, u64) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (load(&self.hits), load(&self.misses))
    }

    /// The decision of a question in these words, if it is still right.
    pub(super) fn get<T>(
        &self,
        words: &[u8],
        if_right: impl FnOnce(Known) -> Option<T>,
    ) -> Option<T> {
        let found = self.known.get(words).and_then(if_right);
        let counter = match found {
            Some(_) => &self.hits,
            None => &self.misses,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(super) fn remember(&self, words: &[u8], known: Known) {
        if words.len() <= WORDS_MAX {
            self.known.insert(words.into(), known);
        }
    }
}
