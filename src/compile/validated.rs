//! What has been validated before. Validation asks about the schema and the policies alone, so what passed once passes
//! again: a reload that changes a member validates nothing.

use std::collections::HashSet;
use std::sync::Mutex;

use sha2::{Digest, Sha256};

/// Most that is remembered; beyond it the memory begins anew.
const PASSED_MAX: usize = 65_536;

/// Remembers, by their digests, schemas and policies that passed validation without a finding.
#[derive(Debug, Default)]
pub struct Validated {
    passed: Mutex<HashSet<[u8; 32]>>,
}

impl Validated {
    /// Whether a schema and policies pass, by what they are in words: as before, or as is found out now.
    pub(super) fn passes(&self, words: &[&str], find_out: impl FnOnce() -> bool) -> bool {
        let digest = digest(words);
        if self.has_passed(&digest) {
            return true;
        }
        let passes = find_out();
        if passes {
            self.remember(digest);
        }
        passes
    }

    fn has_passed(&self, digest: &[u8; 32]) -> bool {
        let passed = self.passed.lock();
        passed.is_ok_and(|passed| passed.contains(digest))
    }

    fn remember(&self, digest: [u8; 32]) {
        if let Ok(mut passed) = self.passed.lock() {
            if passed.len() >= PASSED_MAX {
                passed.clear();
            }
            passed.insert(digest);
        }
    }
}

/// SHA-256 over texts and where each ends.
fn digest(texts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}
