//! Ids of files that stay when others come and go, and are always in the order of paths: numbers with room between
//! them. Spans are compared by them, and what was compiled before an edit is kept with its spans.

use std::sync::Arc;

use super::{SourceFile, SourceId};

/// Where the first numbers lie: the last of them leaves half of the room to files that come after it.
const FIRST_ROOM: u64 = 1 << 31;
/// Beyond the last possible number.
const ROOM: u64 = 1 << 32;
/// Room that a file after all others leaves behind itself, so that many can follow one after the other.
const STEP: u64 = 1 << 12;

/// Which numbering ids are of: those of another cannot be compared.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbering {
    token: Arc<()>,
}

impl Numbering {
    /// Whether the ids are of the same numbering.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.token, &other.token)
    }

    /// Ids for files, sorted by path: those known keep theirs, the others get numbers between. Where there is no room
    /// left, all are numbered anew.
    pub(super) fn go_on(
        &self,
        files: &[SourceFile],
        known: &[(SourceId, SourceFile)],
    ) -> (Vec<SourceId>, Self) {
        match between(files, known) {
            Some(ids) => (ids, self.clone()),
            None => (evenly(files.len(), 0, FIRST_ROOM), Self::default()),
        }
    }
}

/// Ids for `count` files, evenly between two numbers that are taken.
fn evenly(count: usize, low: u64, high: u64) -> Vec<SourceId> {
    let step = (high - low) / (count as u64 + 1);
    (1..=count as u64)
        .map(|index| SourceId::new((low + index * step) as u32))
        .collect()
}

fn between(files: &[SourceFile], known: &[(SourceId, SourceFile)]) -> Option<Vec<SourceId>> {
    if known.is_empty() {
        return None;
    }
    let mut ids = Vec::with_capacity(files.len());
    let mut known = known.iter().peekable();
    let (mut low, mut waiting) = (0, 0);
    for file in files {
        while known.next_if(|(_, other)| other.path < file.path).is_some() {}
        match known.next_if(|(_, other)| other.path == file.path) {
            None => waiting += 1,
            Some((id, _)) => {
                fill(&mut ids, waiting, low, u64::from(id.number()))?;
                ids.push(*id);
                (low, waiting) = (u64::from(id.number()), 0);
            }
        }
    }
    let behind = ROOM.min(low + STEP * (waiting as u64 + 1));
    fill(&mut ids, waiting, low, behind)?;
    Some(ids)
}

/// Numbers for files that wait for theirs; nothing if there are too few.
fn fill(ids: &mut Vec<SourceId>, waiting: usize, low: u64, high: u64) -> Option<()> {
    // Numbers of files that are gone are free, but kept models may still bear them: the gap is between neighbours that
    // stay, and a file that comes may get the number of one that went. Both are then named by the difference.
    if waiting > 0 {
        if high - low <= waiting as u64 {
            return None;
        }
        ids.extend(evenly(waiting, low, high));
    }
    Some(())
}
