//! What takes longer than a second says how far it is, on a terminal and nowhere else.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long nothing is said, and how often afterwards.
const QUIET: Duration = Duration::from_secs(1);
const PACE: Duration = Duration::from_millis(200);

/// Shows a line on stderr until it is dropped.
pub(super) struct Progress {
    shown: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins to show what `say` says, if stderr is a terminal.
    pub(super) fn show(say: impl Fn() -> String + Send + 'static) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { shown: None };
        }
        let (stop, stopped) = channel();
        let thread = thread::spawn(move || {
            let mut wait = QUIET;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let _ = write!(std::io::stderr(), "\r\x1b[2K{}", say());
                let _ = std::io::stderr().flush();
                wait = PACE;
            }
            if wait == PACE {
                let _ = write!(std::io::stderr(), "\r\x1b[2K");
            }
        });
        Self {
            shown: Some((stop, thread)),
        }
    }

    /// Shows a line that says how much is done, of how much, as it is told.
    pub(super) fn counting(what: &'static str) -> (Self, impl Fn(usize, usize) + Sync) {
        let counts: Arc<[AtomicUsize; 2]> = Arc::default();
        let shown = counts.clone();
        let progress = Self::show(move || {
            let [done, of] = shown.each_ref().map(|count| count.load(Ordering::Relaxed));
            format!("{what} ... {done} of {of}")
        });
        let tell = move |now: usize, all: usize| {
            let [done, of] = &*counts;
            of.store(all, Ordering::Relaxed);
            done.fetch_max(now, Ordering::Relaxed);
        };
        (progress, tell)
    }

    /// Shows what is done, and since when.
    pub(super) fn of(what: impl Into<Arc<str>>) -> Self {
        let what = what.into();
        let started = Instant::now();
        Self::show(move || format!("{what} ... {} s", started.elapsed().as_secs()))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.shown.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}
