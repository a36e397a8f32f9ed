//! Reloads that somebody asks for: SIGHUP, `POST /-/reload`.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::report::Report;

/// Most that wait to be taken up; more wait to be let in.
const WAITING_MAX: usize = 64;

/// Who waits for the report of a reading that begins after it asked; nobody, where the asker does not wait.
pub(super) type Waiter = Option<oneshot::Sender<Arc<Report>>>;

/// The right to ask for a reload.
#[derive(Debug, Clone)]
pub struct ReloadHandle {
    sender: mpsc::Sender<Waiter>,
}

impl ReloadHandle {
    pub(super) fn new() -> (Self, mpsc::Receiver<Waiter>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self { sender }, receiver)
    }

    /// Has every file read anew, and says what came of it; nothing once the folder is not followed any more.
    pub async fn reload(&self) -> Option<Arc<Report>> {
        let (waiter, report) = oneshot::channel();
        self.sender.send(Some(waiter)).await.ok()?;
        report.await.ok()
    }

    /// Has every file read anew, without waiting for it. If many wait to be told, it will be read anyway.
    pub fn nudge(&self) {
        let _ = self.sender.try_send(None);
    }
}
