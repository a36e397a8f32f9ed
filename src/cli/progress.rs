//! How far something is that takes longer than a second: a line on a terminal that goes away again, and nothing where
//! stderr is no terminal.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

/// Nothing is shown before.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is drawn anew.
const REDRAWN: Duration = Duration::from_millis(200);

/// Something that is under way; dropping it ends the line.
pub(super) struct Progress {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    what: &'static str,
    done: AtomicUsize,
    of: AtomicUsize,
    over: AtomicBool,
}

impl Progress {
    /// Begins; `what` says what is done, as in "reading the policies".
    pub(super) fn start(what: &'static str) -> Self {
        let shared = Arc::new(Shared {
            what,
            done: AtomicUsize::new(0),
            of: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let drawn = shared.clone();
        let thread = std::io::stderr()
            .is_terminal()
            .then(|| thread::Builder::new().spawn(move || drawn.draw()));
        Self {
            shared,
            // Without a thread nothing is shown.
            thread: thread.and_then(Result::ok),
        }
    }

    /// Says how much is done, and of how much.
    pub(super) fn report(&self, done: usize, of: usize) {
        self.shared.of.store(of, Ordering::Relaxed);
        self.shared.done.fetch_max(done, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            Thread::unpark(thread.thread());
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn draw(&self) {
        let start = Instant::now();
        let mut drawn = false;
        while !self.over.load(Ordering::Relaxed) {
            let patience = PATIENCE.saturating_sub(start.elapsed());
            thread::park_timeout(patience.max(REDRAWN));
            if start.elapsed() >= PATIENCE && !self.over.load(Ordering::Relaxed) {
                let line = self.line(start.elapsed());
                let _ = write!(std::io::stderr().lock(), "\r\x1b[2K{line}");
                drawn = true;
            }
        }
        if drawn {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
        }
    }

    fn line(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs();
        match self.of.load(Ordering::Relaxed) {
            0 => format!("{} ... {seconds} s", self.what),
            of => {
                let done = self.done.load(Ordering::Relaxed);
                format!("{} ... {done} of {of}, {seconds} s", self.what)
            }
        }
    }
}
