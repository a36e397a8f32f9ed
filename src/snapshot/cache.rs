//! Decisions remembered by all that they depend on.
//!
//! A decision about an own entry depends on the compiled tenant, on which entries of which member count, on the type and
//! action, and on those facts of place and attributes that the slice's rules read. The key is exactly these, compared
//! whole, so an entry is right for as long as it is there: a tenant that is compiled anew has another identity, and what
//! counts at an instant is found out before the cache is asked. Left alone are slices that read the clock or hold raw
//! Cedar, members to whom something is delegated, questions about members, roles and delegations, and memberships that
//! come with the question.

use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;

use super::Reason;
use super::attributes::Typing;
use super::place::Place;
use crate::compile::{Needs, Root};
use crate::value::{Typed, Values};

/// The largest key that is kept, in bytes: what a question contains must not grow memory.
const KEY_BYTES_MAX: usize = 512;

/// Decisions by key, so many at most, the same for every snapshot of a process.
pub struct DecisionCache {
    reasons: Cache<Box<[u8]>, Reason>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl std::fmt::Debug for DecisionCache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DecisionCache")
            .field("entries", &self.reasons.len())
            .finish_non_exhaustive()
    }
}

impl DecisionCache {
    /// How many decisions are remembered unless told otherwise.
    pub const ENTRIES_DEFAULT: u32 = 32_768;

    /// A cache of at most so many decisions.
    pub fn new(entries_max: usize) -> Self {
        Self {
            reasons: Cache::new(entries_max),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// How often it knew a decision, and how often it did not.
    pub fn counts(&self) -> (u64, u64) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (load(&self.hits), load(&self.misses))
    }

    pub(super) fn get(&self, key: &Key) -> Option<Reason> {
        let found = self.reasons.get(key.bytes.as_slice());
        let counter = match found {
            Some(_) => &self.hits,
            None => &self.misses,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(super) fn remember(&self, key: Key, reason: Reason) {
        self.reasons.insert(key.bytes.into_boxed_slice(), reason);
    }
}

/// All that a decision depends on.
pub(super) struct Key {
    bytes: Vec<u8>,
}

impl Key {
    /// Begins a key with what is always part of it. `entries` has a bit for each entry of the member that counts.
    pub(super) fn new(tenant: u64, kind: usize, action: &str, account: &str, entries: u64) -> Self {
        let mut key = Self {
            bytes: Vec::with_capacity(128),
        };
        key.number(tenant);
        key.number(kind as u64);
        key.number(entries);
        key.text(action);
        key.text(account);
        key
    }

    /// The key with what the rules read of a place and of attributes; nothing if that is more than is kept.
    pub(super) fn reading(
        mut self,
        needs: &Needs,
        place: &Place<'_>,
        typing: &Typing,
    ) -> Option<Self> {
        if needs.place("sub_accounts") {
            self.texts(place.sub_accounts.iter().flatten().map(|id| &**id));
        }
        if needs.place("teams") {
            self.texts(place.teams.iter().map(|id| &**id));
        }
        if needs.place("owner") {
            self.texts(place.owner.iter().map(|id| &**id));
        }
        if needs.place("chain") {
            self.texts(place.chain.iter().flat_map(|(kind, id)| [*kind, *id]));
        }
        for (root, values) in [
            (Root::Principal, &typing.principal),
            (Root::Resource, &typing.resource),
            (Root::Context, &typing.context),
            (Root::Action, &typing.action),
        ] {
            if needs.any(root) {
                self.values(needs, root, values);
            }
        }
        (self.bytes.len() <= KEY_BYTES_MAX).then_some(self)
    }

    fn values(&mut self, needs: &Needs, root: Root, values: &Values) {
        self.bytes.push(root as u8);
        for (name, value) in values
            .iter()
            .filter(|(name, _)| needs.attribute(root, name))
        {
            self.text(name);
            self.value(value);
        }
        // Ends the list: no name is empty.
        self.text("");
    }

    /// A value; its type follows from its name, which is in the key.
    fn value(&mut self, value: &Typed) {
        match value {
            Typed::Long(number) => self.number(number.cast_unsigned()),
            Typed::Bool(flag) => self.bytes.push(u8::from(*flag)),
            Typed::String(text)
            | Typed::Datetime(text)
            | Typed::Decimal(text)
            | Typed::Ipaddr(text) => self.text(text),
            Typed::StringSet(items) => self.texts(items.iter().map(|item| &**item)),
            Typed::LongSet(items) => {
                self.number(items.len() as u64);
                items
                    .iter()
                    .for_each(|item| self.number(item.cast_unsigned()));
            }
        }
    }

    fn texts<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        let at = self.bytes.len();
        self.number(0);
        let mut count: u64 = 0;
        for text in texts {
            self.text(text);
            count += 1;
        }
        if let Some(place) = self.bytes.get_mut(at..at + size_of::<u64>()) {
            place.copy_from_slice(&count.to_le_bytes());
        }
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }
}
