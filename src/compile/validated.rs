//! What has been validated before. Validation asks about the schema and the policies alone, so what passed once passes
//! again: a reload that changes a member validates nothing.

use std::collections::HashSet;
use std::sync::Mutex;

use sha2::{Digest, Sha256};

use super::RuleBook;

/// Most books remembered; beyond it the memory begins anew.
const BOOKS_MAX: usize = 65_536;

/// Remembers, by their digests, the books that passed validation without a finding.
#[derive(Debug, Default)]
pub struct Validated {
    passed: Mutex<HashSet<[u8; 32]>>,
}

impl Validated {
    /// Whether a book passed under a schema.
    pub(super) fn has_passed(&self, digest: &[u8; 32]) -> bool {
        let passed = self.passed.lock();
        passed.is_ok_and(|passed| passed.contains(digest))
    }

    /// Remembers that a book passed.
    pub(super) fn remember(&self, digest: [u8; 32]) {
        if let Ok(mut passed) = self.passed.lock() {
            if passed.len() >= BOOKS_MAX {
                passed.clear();
            }
            passed.insert(digest);
        }
    }
}

/// SHA-256 over a schema and every policy's id and text.
pub(super) fn digest(schema: &str, book: &RuleBook) -> [u8; 32] {
    let mut hash = Sha256::new();
    let policies = book.policies.iter();
    let texts = policies.flat_map(|policy| [policy.id.as_str(), policy.text.as_str()]);
    for text in std::iter::once(schema).chain(texts) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}
