//! One reading of the folder, on a blocking thread.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::compile::Validated;
use crate::diagnostic::{self, Format};
use crate::pipeline::{self, Kept};
use crate::source::ReadError;

/// How often a folder is read again because one of its files went away while it was read.
const VANISHED_MAX: u32 = 5;

/// What a reading of the folder found.
pub(super) enum Scan {
    /// It could be read; whether there is a snapshot is another matter.
    Compiled(Box<pipeline::Outcome>),
    /// It could not be read.
    Unreadable(ReadError),
    /// The compiler panicked.
    Panicked,
}

/// What need not be done again.
#[derive(Clone, Default)]
pub(super) struct Known {
    /// What passed validation.
    validated: Arc<Validated>,
    /// What is published.
    pub(super) kept: Option<Arc<Kept>>,
}

/// Reads and compiles the folder; a file that vanishes between listing and reading is no error, the folder is read
/// again after `pause`.
pub(super) async fn scan(
    folder: &Path,
    now_ms: i64,
    generation: u64,
    known: &Known,
    pause: Duration,
) -> Scan {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match load(folder.to_owned(), now_ms, generation, known.clone()).await {
            Scan::Unreadable(error) if attempt < VANISHED_MAX && has_vanished(&error, folder) => {
                tokio::time::sleep(pause).await;
            }
            scan => return scan,
        }
    }
}

async fn load(folder: PathBuf, now_ms: i64, generation: u64, known: Known) -> Scan {
    let load = move || {
        let kept = known.kept.as_deref();
        let nothing = crate::source::Sources::default();
        let reading = crate::source::Reading {
            root: &folder,
            limits: crate::source::Limits::default(),
            before: kept.map_or(&nothing, |kept| kept.sources()),
            by_looks: true,
        };
        let sources = reading.whole(&mut ())?;
        Ok(pipeline::compile_again(
            sources,
            now_ms,
            generation,
            &known.validated,
            kept,
        ))
    };
    match tokio::task::spawn_blocking(load).await {
        Ok(Ok(outcome)) => Scan::Compiled(Box::new(outcome)),
        Ok(Err(error)) => Scan::Unreadable(error),
        Err(_) => Scan::Panicked,
    }
}

fn has_vanished(error: &ReadError, folder: &Path) -> bool {
    matches!(error, ReadError::Io { error, .. } if error.kind() == io::ErrorKind::NotFound)
        && folder.is_dir()
}

/// The findings as `octroi check` shows them to people, for a log: without colour.
pub(super) fn rendered(outcome: &pipeline::Outcome) -> String {
    let format = Format::Human { colour: false };
    let text = diagnostic::render(&outcome.diagnostics, &outcome.sources, format);
    text.trim_end().to_owned()
}
