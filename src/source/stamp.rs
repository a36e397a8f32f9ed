//! What a file looks like from outside: by this a reload knows, without reading it, that a file is as it was.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Times of files are as coarse as two seconds on some file systems. A file that changed less than this before it was
/// read might change again under the same times, so it gets no stamp, and is read again.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// Device, inode, length, and the times of the last change of content and of anything, in nanoseconds. No program can
/// set the last one, so a change that leaves the length and sets back the time of the content shows nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: i128,
    changed: i128,
}

impl Stamp {
    /// The stamp of a file that is about to be read; none if it changed just now.
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        let nanos =
            |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        let stamp = Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
        };
        let settled = SystemTime::now().checked_sub(SETTLED_AFTER)?;
        let settled = settled.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        let settled = i128::try_from(settled).ok()?;
        (stamp.modified < settled && stamp.changed < settled).then_some(stamp)
    }
}
