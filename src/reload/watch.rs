//! The operating system's watch on the folder.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::signal::Signal;

/// A watch that is set; dropping it ends it.
pub(super) struct Watch {
    _watcher: RecommendedWatcher,
    folder: Option<Identity>,
}

/// Device and inode: the same name may come to mean another folder.
type Identity = (u64, u64);

impl Watch {
    /// Watches the folder and all below it.
    pub(super) fn set(folder: &Path, signal: Arc<Signal>) -> notify::Result<Self> {
        let identity = identity(folder);
        let mut watcher = notify::recommended_watcher(move |event| forward(event, &signal))?;
        watcher.watch(folder, RecursiveMode::Recursive)?;
        Ok(Self {
            _watcher: watcher,
            folder: identity,
        })
    }

    /// Whether the folder of that name is still the one that is watched.
    pub(super) fn is_on(&self, folder: &Path) -> bool {
        self.folder.is_some() && self.folder == identity(folder)
    }
}

fn identity(folder: &Path) -> Option<Identity> {
    let metadata = std::fs::metadata(folder).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

fn forward(event: notify::Result<Event>, signal: &Signal) {
    match event {
        Ok(event) if event.need_rescan() => signal.trouble(),
        Ok(event) if is_change(event.kind) => signal.touch(),
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(%error, "watching the policies failed; reading them again");
            signal.trouble();
        }
    }
}

/// Reading is no change: our own reading would otherwise wake us up forever.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}
