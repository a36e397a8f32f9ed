//! One reading of the folder and all that is made of it, on a thread of its own: it needs a deep stack, and gives way
//! to requests where it takes long.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::burst::What;
use super::checkout::Checkout;
use super::report::listed;
use super::watch::{Identity, NoEvents, Places, Survey, identity};
use crate::changes::{Changes, Side};
use crate::compile::Validated;
use crate::diagnostic::Diagnostic;
use crate::parallel::STACK_BYTES;
use crate::pipeline::{self, Kept};
use crate::source::{Limits, ReadError, Reading, Sources, read_files_again};
use crate::suite;

/// How often a folder is read again because one of its files went away while it was read, or because it changed while
/// nothing tells when that is over.
const AGAIN_MAX: u32 = 10;
/// The pause before.
const AGAIN_AFTER: Duration = Duration::from_millis(30);
/// What a thread that compiles everything gives way by, of nice(1)'s 19. An edit of some tenants gives no way: it is
/// over in milliseconds.
const NICE: i32 = 10;

/// What to read, and what is known of it.
pub(super) struct Job {
    pub(super) folder: PathBuf,
    pub(super) what: What,
    /// What the last reading found.
    pub(super) seen: Option<Sources>,
    /// Whether files are known by their looks.
    pub(super) by_looks: bool,
    /// Whether a change is read again until it rests, for nothing tells when it is over.
    pub(super) settle: bool,
    /// Sets watches where the whole folder is read.
    pub(super) survey: Option<Survey>,
    /// The revision that is served: it is not compiled again.
    pub(super) served: Option<Arc<str>>,
    /// The one that was refused last, if it shall not be compiled again.
    pub(super) refused: Option<Arc<str>>,
    /// What is served was made of this.
    pub(super) kept: Option<Arc<Kept>>,
    pub(super) validated: Arc<Validated>,
    /// Whether nothing waits for it: nobody told of a change.
    pub(super) gently: bool,
    pub(super) require_tests: bool,
    pub(super) generation: u64,
    pub(super) now_ms: i64,
}

/// What came of it.
pub(super) struct Done {
    /// The files, if they could be read.
    pub(super) sources: Option<Sources>,
    /// The walk, where the whole folder was read.
    pub(super) walk: Option<Walk>,
    pub(super) found: Found,
    pub(super) took: Duration,
}

/// A walk through the folder.
pub(super) struct Walk {
    pub(super) took: Duration,
    /// Which folder it was.
    pub(super) folder: Option<Identity>,
    /// What is watched now; nothing where nothing is to be.
    pub(super) places: Option<Result<Places, NoEvents>>,
}

/// What a reading found.
pub(super) enum Found {
    /// The folder could not be read.
    Unreadable(ReadError),
    /// The files are those that are served.
    Served,
    /// The files are those that were refused.
    RefusedBefore,
    /// The files were compiled; whether they can be served is another matter.
    Compiled(Box<Compiled>),
}

/// Files that were compiled.
pub(super) struct Compiled {
    pub(super) outcome: pipeline::Outcome,
    /// The tests that fail, where they must pass.
    pub(super) failures: Vec<Diagnostic>,
    /// All that was found, as `/status` lists it.
    pub(super) listed: serde_json::Value,
    /// What is otherwise than in what is served.
    pub(super) changes: Changes,
    pub(super) commit: Option<String>,
}

impl Job {
    /// Does it; nothing if it ends in a panic.
    pub(super) async fn run(self) -> Option<Done> {
        let (sender, done) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("reload".to_owned())
            .stack_size(STACK_BYTES);
        thread
            .spawn(move || {
                let _ = sender.send(self.work());
            })
            .ok()?;
        done.await.ok()
    }

    fn work(mut self) -> Done {
        let started = Instant::now();
        if self.gently {
            give_way();
        }
        let (read, walk) = self.read();
        let (sources, found) = match read {
            Err(error) => (None, Found::Unreadable(error)),
            Ok(sources) => {
                let found = self.make(sources.clone());
                (Some(sources), found)
            }
        };
        Done {
            sources,
            walk,
            found,
            took: started.elapsed(),
        }
    }

    fn read(&mut self) -> (Result<Sources, ReadError>, Option<Walk>) {
        let mut attempt = 0;
        let mut last: Option<Arc<str>> = None;
        loop {
            attempt += 1;
            let (read, walk) = self.read_once();
            let again = match &read {
                _ if attempt >= AGAIN_MAX => false,
                Err(error) => self.has_vanished(error),
                Ok(sources) => {
                    let revision = Some(Arc::clone(sources.revision()));
                    let seen = self.seen.as_ref().map(Sources::revision);
                    let rests = revision == last || revision.as_ref() == seen;
                    last = revision;
                    self.settle && !rests
                }
            };
            if !again {
                return (read, walk);
            }
            thread::sleep(AGAIN_AFTER);
        }
    }

    fn read_once(&mut self) -> (Result<Sources, ReadError>, Option<Walk>) {
        let nothing = Sources::default();
        let reading = Reading {
            root: &self.folder,
            limits: Limits::default(),
            before: self.seen.as_ref().unwrap_or(&nothing),
            by_looks: self.by_looks,
        };
        if let (What::Files(files), Some(_)) = (&self.what, &self.seen) {
            let files = files.iter().map(PathBuf::as_path);
            match read_files_again(reading, files) {
                Ok(Some(sources)) => return (Ok(sources), None),
                Ok(None) => self.what = What::Whole,
                Err(error) => return (Err(error), None),
            }
        }
        let (started, folder) = (Instant::now(), identity(&self.folder));
        let mut survey = self.survey.as_ref().map(Survey::again);
        let read = match &mut survey {
            Some(survey) => reading.whole(survey),
            None => reading.whole(&mut ()),
        };
        let walk = Walk {
            took: started.elapsed(),
            folder,
            // A walk that broke off knows only some of the places.
            places: survey.filter(|_| read.is_ok()).map(Survey::finish),
        };
        (read, Some(walk))
    }

    /// Whether a file went away between listing and reading, which is no error of the folder.
    fn has_vanished(&self, error: &ReadError) -> bool {
        matches!(error, ReadError::Io { error, .. } if error.kind() == io::ErrorKind::NotFound)
            && self.folder.is_dir()
    }

    fn make(&self, sources: Sources) -> Found {
        let is = |known: &Option<Arc<str>>| known.as_ref() == Some(sources.revision());
        if is(&self.served) {
            return Found::Served;
        }
        if is(&self.refused) {
            return Found::RefusedBefore;
        }
        let outcome = self.compile(sources);
        let failures = match &outcome.snapshot {
            Some(snapshot) if self.require_tests => {
                suite::failures(&outcome.model, snapshot, self.now_ms)
            }
            _ => Vec::new(),
        };
        let changes = match &self.kept {
            Some(kept) if outcome.snapshot.is_some() && failures.is_empty() => {
                let (before, sources) = (kept.model(), kept.sources());
                let before = Side {
                    model: before,
                    sources,
                };
                let after = Side {
                    model: &outcome.model,
                    sources: &outcome.sources,
                };
                Changes::between(before, after)
            }
            _ => Changes::default(),
        };
        let all = [outcome.diagnostics.as_slice(), &failures].concat();
        Found::Compiled(Box::new(Compiled {
            listed: listed(&all, &outcome.sources),
            changes,
            failures,
            commit: Checkout::of(&self.folder).and_then(|checkout| checkout.commit()),
            outcome,
        }))
    }

    fn compile(&self, sources: Sources) -> pipeline::Outcome {
        let (now, generation, validated) = (self.now_ms, self.generation, &*self.validated);
        let kept = self.kept.as_deref();
        let edit = kept
            .and_then(|kept| pipeline::compile_edit(&sources, now, generation, validated, kept));
        edit.unwrap_or_else(|| {
            if kept.is_some() {
                give_way();
            }
            pipeline::compile_all(sources, now, generation, validated)
        })
    }
}

/// From now on this thread, and the threads that it starts, run only where nothing else wants to, mostly.
fn give_way() {
    // It is a favour: where it cannot be done the work is done nevertheless.
    let _ = rustix::process::setpriority_process(None, NICE);
}
