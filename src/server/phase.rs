//! Where in its life the process is: one value that readiness shows and that every listener follows.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

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

/// Waits for draining to begin beside something that wakes its task often: it is asked each time, and has next to
/// nothing to do as long as nothing changes.
pub(super) struct Draining {
    waiting: Pin<Box<dyn Future<Output = ()> + Send>>,
    phase: watch::Receiver<Phase>,
    /// Whom `waiting` wakes.
    waker: Option<Waker>,
}

impl Draining {
    pub(super) fn new(phases: &Phases) -> Self {
        let (phase, mut phases) = (phases.phase.clone(), phases.clone());
        Self {
            waiting: Box::pin(async move { phases.draining().await }),
            phase,
            waker: None,
        }
    }
}

impl Future for Draining {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let waker = self.waker.as_ref();
        let is_awaited = waker.is_some_and(|waker| waker.will_wake(context.waker()));
        // An error means that there is no sender any more, which ends the waiting.
        if is_awaited && self.phase.has_changed().is_ok_and(|changed| !changed) {
            return Poll::Pending;
        }
        self.phase.mark_unchanged();
        self.waker = Some(context.waker().clone());
        self.waiting.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Woken(std::sync::atomic::AtomicUsize);

    impl Wake for Woken {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    #[test]
    fn draining_ends_the_waiting_whoever_asks_and_however_often() {
        for changes in [vec![], vec![Phase::Serving]] {
            let (sender, phases) = Phases::new();
            let mut draining = Draining::new(&phases);
            let mut poll = |waker: &Waker| {
                let mut context = Context::from_waker(waker);
                Pin::new(&mut draining).poll(&mut context).is_ready()
            };
            let woken = [(); 2].map(|()| std::sync::Arc::new(Woken::default()));
            let [first, second] = woken.each_ref().map(|woken| Waker::from(woken.clone()));
            assert!(!poll(&first) && !poll(&first));
            for phase in changes {
                sender.send_replace(phase);
                assert!(!poll(&first) && !poll(&first));
            }
            // The last that asked is woken.
            assert!(!poll(&second) && !poll(&second));
            let before = woken[1].0.load(std::sync::atomic::Ordering::Relaxed);
            sender.send_replace(Phase::Draining);
            let after = woken[1].0.load(std::sync::atomic::Ordering::Relaxed);
            assert!(after > before);
            assert!(poll(&second));
        }
        let (sender, phases) = Phases::new();
        let mut draining = Draining::new(&phases);
        drop(sender);
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut draining).poll(&mut context).is_ready());
    }
}
