//! `octroi check --watch`: checks again when a file changes.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::{CheckArgs, report};
use crate::cli::progress::Progress;
use crate::cli::{Exit, message};
use crate::clock::now_ms;
use crate::compile::Validated;
use crate::pipeline::{self, Kept, Outcome};
use crate::source::{Limits, ReadError, Reading, Sources};

/// How long it must be quiet before a change is taken for whole: an editor writes in several steps.
const QUIET: Duration = Duration::from_millis(80);

/// How often the folder is looked at although nothing was heard: some file systems tell nothing.
const UNHEARD: Duration = Duration::from_secs(2);

/// Checks, and checks again after each change, until the process is interrupted.
pub(super) fn run(args: &CheckArgs, folder: &Path) -> Exit {
    let mut watched = Watched::default();
    let mut first = true;
    loop {
        // Set before reading, so that what changes meanwhile is heard; and anew each time, as the folder may be another.
        let (sender, changes) = mpsc::channel();
        let watcher = watcher(folder, sender);
        match watched.again(folder) {
            Ok(Some(outcome)) => {
                report(args, folder, &outcome);
                let folder = folder.display();
                message(&format!("watching `{folder}`; Ctrl-C ends it\n"));
                watched.keep(outcome);
            }
            Ok(None) => {}
            Err(error) => {
                watched.trouble(&error);
                // What cannot be read at first is a mistake; later it may come back.
                if first {
                    return Exit::Failure;
                }
            }
        }
        first = false;
        wait(&changes);
        drop(watcher);
    }
}

/// What was seen of the folder before.
#[derive(Default)]
struct Watched {
    sources: Option<Sources>,
    kept: Option<Kept>,
    validated: Validated,
    trouble: Option<String>,
}

impl Watched {
    /// Checks the folder; nothing if it is as it was.
    fn again(&mut self, folder: &Path) -> Result<Option<Outcome>, ReadError> {
        let _progress = Progress::of("reading the policies");
        let nothing = Sources::default();
        let before = self.sources.as_ref().unwrap_or(&nothing);
        let reading = Reading {
            root: folder,
            limits: Limits::default(),
            before,
            by_looks: true,
        };
        let sources = reading.whole(&mut ())?;
        let changed = self.sources.as_ref().map(|it| sources.changed_since(it));
        if self.trouble.take().is_none() && changed.flatten().is_some_and(|it| it.is_empty()) {
            return Ok(None);
        }
        let now = now_ms();
        let generation = now.unsigned_abs();
        let kept = self.kept.as_ref();
        let outcome = pipeline::compile_again(sources, now, generation, &self.validated, kept);
        Ok(Some(outcome))
    }

    fn keep(&mut self, outcome: Outcome) {
        self.sources = Some(outcome.sources.clone());
        if let Some(kept) = Kept::new(outcome) {
            self.kept = Some(kept);
        }
    }

    /// Says why the folder cannot be read, once.
    fn trouble(&mut self, error: &ReadError) {
        let error = format!("octroi: {error}\n");
        if self.trouble.as_ref() != Some(&error) {
            message(&error);
        }
        self.trouble = Some(error);
    }
}

/// Tells of changes below the folder; nothing where it cannot be watched, and then it is only looked at now and then.
fn watcher(folder: &Path, changes: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let tell = move |event: notify::Result<Event>| {
        if event.map_or(true, |event| is_change(event.kind)) {
            let _ = changes.send(());
        }
    };
    let mut watcher = notify::recommended_watcher(tell).ok()?;
    watcher.watch(folder, RecursiveMode::Recursive).ok()?;
    Some(watcher)
}

/// Reading is no change: our own reading would otherwise wake us up forever.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

/// Waits for a change and for the quiet after it, or until it is time to look anyway.
fn wait(changes: &Receiver<()>) {
    let mut patience = UNHEARD;
    loop {
        match changes.recv_timeout(patience) {
            Ok(()) => patience = QUIET,
            Err(RecvTimeoutError::Timeout) => return,
            // Nobody tells: the folder cannot be watched.
            Err(RecvTimeoutError::Disconnected) => return std::thread::sleep(patience),
        }
    }
}
