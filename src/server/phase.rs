//! Where in its life the process is: one value that readiness shows and that every listener follows.

use tokio::sync::watch;

/// A part of the process's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is published yet.
    Starting,
    /// Questions are answered.
    Serving,
    /// Nothing new is taken; what is under way is finished.
    Draining,
}

impl Phase {
    /// Its name in `/readyz` and `/status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Serving => "ready",
            Self::Draining => "draining",
        }
    }
}

/// The phase, to be read and followed.
#[derive(Debug, Clone)]
pub struct Phases {
    phase: watch::Receiver<Phase>,
}

impl Phases {
    /// The sender moves the phase on; it begins with [`Phase::Starting`].
    pub fn new() -> (watch::Sender<Phase>, Self) {
        let (sender, phase) = watch::channel(Phase::Starting);
        (sender, Self { phase })
    }

    /// The phase now.
    pub fn now(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Waits for draining to begin.
    pub async fn draining(&mut self) {
        // A sender that is gone has nothing left to serve for.
        let _ = self.phase.wait_for(|phase| *phase == Phase::Draining).await;
    }
}
