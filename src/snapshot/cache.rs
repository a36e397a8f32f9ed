//! Decisions remembered by the words of their questions.
//!
//! A decision depends on what the question says, on the tenant as it was compiled, and on the instant. So it is kept by
//! the question's very bytes, compared whole, with the identity of the tenant (what is compiled anew has another) and the
//! instants between which nothing that was compared with the clock changes. It is right for as long as these hold, over
//! any number of snapshots, and needs no invalidation. Left alone are questions whose tenant the files do not name, or
//! that name none themselves, since other tenants decide what these mean; and whatever reads the clock itself. What is
//! asked once is not kept but only noted, in a few bytes: a question with a number or an instant of its own never comes
//! again, and must not drive out those that do.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use foldhash::fast::RandomState;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};

use super::Reason;

/// The longest question that is remembered, in bytes.
const WORDS_MAX: usize = 2_048;
/// How much memory there is for each decision, in bytes: what questions contain must not grow it.
const BYTES_EACH: u64 = 512;
/// What a decision takes beside its question's bytes, roughly.
const BYTES_BESIDE: u64 = 128;

/// How many questions that were asked once may stand at one place.
const GROUP: usize = 4;

/// Decisions by question, so many at most, the same for every snapshot of a process.
pub struct DecisionCache {
    known: Cache<KeptWords, Known, Bytes>,
    /// Parts of the hashes of questions that were asked once, in groups that the rest of the hash says.
    noted: Box<[[AtomicU32; GROUP]]>,
    hasher: RandomState,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// The bytes that a question was read from, all of them.
#[derive(Debug, Clone, Copy)]
pub struct Words<'w> {
    bytes: &'w [u8],
    hash: u64,
}

/// Words that are kept.
struct KeptWords {
    bytes: Box<[u8]>,
    hash: u64,
}

impl Hash for Words<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Hash for KeptWords {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for KeptWords {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for KeptWords {}

impl Equivalent<KeptWords> for Words<'_> {
    fn equivalent(&self, kept: &KeptWords) -> bool {
        *self.bytes == *kept.bytes
    }
}

/// A decision, and what it depends on beside the question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) reason: Reason,
    /// The index of the tenant's application.
    pub(super) application: usize,
    /// Of the compiled tenant.
    pub(super) identity: u64,
    /// From which instant and before which it holds, in milliseconds since 1970.
    pub(super) lasting: (i64, i64),
}

/// The memory that a decision takes.
#[derive(Clone)]
struct Bytes;

impl Weighter<KeptWords, Known> for Bytes {
    fn weight(&self, words: &KeptWords, _: &Known) -> u64 {
        words.bytes.len() as u64 + BYTES_BESIDE
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
            noted: (0..entries_max.div_ceil(GROUP))
                .map(|_| [const { AtomicU32::new(0) }; GROUP])
                .collect(),
            hasher: RandomState::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// How often it knew a decision, and how often it did not.
    pub fn counts(&self) -> (u64, u64) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (load(&self.hits), load(&self.misses))
    }

    pub(super) fn words<'w>(&self, bytes: &'w [u8]) -> Words<'w> {
        Words {
            bytes,
            hash: self.hasher.hash_one(bytes),
        }
    }

    /// The decision of a question in these words, if it is still right.
    pub(super) fn get<T>(
        &self,
        words: &Words<'_>,
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

    /// Keeps a decision if its question is asked for the second time, as far as was noted.
    pub(super) fn remember(&self, words: &Words<'_>, known: Known) {
        if words.bytes.len() <= WORDS_MAX && self.was_noted(words.hash) {
            let words = KeptWords {
                bytes: words.bytes.into(),
                hash: words.hash,
            };
            self.known.insert(words, known);
        }
    }

    /// Whether a question of this hash was noted and not forgotten since; if not, it is noted now.
    fn was_noted(&self, hash: u64) -> bool {
        let [a, b, c, d, rest @ ..] = hash.to_le_bytes();
        // Never what stands where nothing was noted.
        let tag = u32::from_le_bytes([a, b, c, d]) | 1;
        let group = u32::from_le_bytes(rest) as usize % self.noted.len().max(1);
        let Some(group) = self.noted.get(group) else {
            return false;
        };
        let stands = |wanted| {
            let mut places = group.iter();
            places.find(|noted| noted.load(Ordering::Relaxed) == wanted)
        };
        if let Some(noted) = stands(tag) {
            noted.store(0, Ordering::Relaxed);
            return true;
        }
        // Where there is no room one of the others is forgotten, not always the same.
        let any = self.misses.load(Ordering::Relaxed) as usize % group.len();
        if let Some(place) = stands(0).or(group.get(any)) {
            place.store(tag, Ordering::Relaxed);
        }
        false
    }
}
