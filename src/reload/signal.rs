//! "Something changed", from the watcher's thread to the reloader, without a queue: however many events there are,
//! they cost one flag.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// A change is acted on when nothing more came for this long,
pub(super) const QUIET: Duration = Duration::from_millis(30);
/// or at the latest after this long: a folder that never rests must not wait forever.
const PATIENCE: Duration = Duration::from_millis(100);

/// What the watcher tells.
#[derive(Debug, Default)]
pub(super) struct Signal {
    changed: Notify,
    trouble: AtomicBool,
}

impl Signal {
    /// Something below the folder changed.
    pub(super) fn touch(&self) {
        self.changed.notify_one();
    }

    /// Events may have been lost; the watch has to be set up anew.
    pub(super) fn trouble(&self) {
        self.trouble.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Whether there was trouble since this was last asked.
    pub(super) fn take_trouble(&self) -> bool {
        self.trouble.swap(false, Ordering::Relaxed)
    }

    /// Waits for a change, then until the changes pause.
    pub(super) async fn settled(&self) {
        self.changed.notified().await;
        let latest = Instant::now() + PATIENCE;
        loop {
            let quiet = (Instant::now() + QUIET).min(latest);
            let more = timeout_at(quiet, self.changed.notified()).await.is_ok();
            if !more || Instant::now() >= latest {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn waits_for_a_pause_but_not_forever() {
        let signal = Arc::new(Signal::default());
        signal.touch();
        let started = Instant::now();
        signal.settled().await;
        assert!(started.elapsed() >= QUIET);

        let restless = Arc::clone(&signal);
        let writer = tokio::spawn(async move {
            loop {
                restless.touch();
                tokio::time::sleep(QUIET / 6).await;
            }
        });
        let started = Instant::now();
        signal.settled().await;
        assert!(started.elapsed() >= PATIENCE);
        writer.abort();
    }
}
