//! The loop: wait for a change, read and compile, publish or say why not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::pdp::{Pdp, Published, Publisher};
use super::report::{LastReload, Report};
use super::scan::{Known, Scan, rendered, scan};
use super::signal::{QUIET, Signal};
use super::watch::Watch;
use super::{Outcome, generation};
use crate::clock;
use crate::diagnostic::{Diagnostic, Severity};
use crate::metrics::Metrics;
use crate::pipeline::{self, Kept};
use crate::snapshot::{DecisionCache, Snapshot};
use crate::source::ReadError;

/// How often the folder is looked at again while it cannot be watched or read.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// How long a replaced snapshot is kept, so that no request is the one that has to free it.
const RETIRED_FOR: Duration = Duration::from_secs(1);

/// Why there is nothing to serve.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The policies have errors: these, as `octroi check` shows them.
    #[error("{0}")]
    Rejected(String),
    /// The folder could not be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// Compiling ended in a panic.
    #[error("compiling the policies failed: this is a defect of octroi, please report it")]
    Failed,
}

impl StartError {
    /// Whether somebody has to mend the policies, and not the machine.
    pub fn is_of_the_policies(&self) -> bool {
        match self {
            Self::Rejected(_) => true,
            Self::Unreadable(_) | Self::Failed => false,
        }
    }
}

/// Follows a policy folder; the only writer of its [`Pdp`].
pub struct Reloader {
    folder: PathBuf,
    signal: Arc<Signal>,
    watch: Option<Watch>,
    publisher: Publisher,
    metrics: Arc<Metrics>,
    last: LastReload,
    refused: Option<Refused>,
    known: Known,
}

/// What was refused last, so that the same is not reported twice.
#[derive(PartialEq, Eq)]
enum Refused {
    Revision(Arc<str>),
    Unreadable(String),
    Panicked,
}

impl Reloader {
    /// Watches the folder, then reads, compiles and publishes it for the first time.
    ///
    /// # Errors
    /// When there is nothing to publish.
    pub async fn start(
        folder: PathBuf,
        metrics: Arc<Metrics>,
        cache: Option<Arc<DecisionCache>>,
    ) -> Result<Self, StartError> {
        let signal = Arc::new(Signal::default());
        let watch = watch(&folder, &signal, false).await;
        let started = Instant::now();
        let mut known = Known::default();
        let (snapshot, report, kept) = first(&folder, &known, started).await?;
        known.kept = kept;
        metrics.reloads.record_first(started.elapsed());
        Ok(Self {
            folder,
            signal,
            watch,
            publisher: Publisher::new(snapshot, Arc::clone(&metrics), cache),
            metrics,
            last: Arc::new(ArcSwap::from_pointee(report)),
            refused: None,
            known,
        })
    }

    /// What is published, now and after every reload.
    pub fn pdp(&self) -> Arc<Pdp> {
        Arc::clone(self.publisher.pdp())
    }

    /// What became of the last change.
    pub fn last(&self) -> LastReload {
        Arc::clone(&self.last)
    }

    /// Follows the folder until it is dropped.
    pub async fn run(mut self) {
        loop {
            self.wait().await;
            self.watch_again().await;
            self.reload().await;
        }
    }

    async fn wait(&self) {
        let unreadable = matches!(self.refused, Some(Refused::Unreadable(_)));
        if self.watch.is_none() || unreadable {
            let _ = tokio::time::timeout(RETRY_EVERY, self.signal.settled()).await;
        } else {
            self.signal.settled().await;
        }
    }

    /// Sets the watch up anew where events were lost, or the folder's name means another folder than before.
    async fn watch_again(&mut self) {
        let trouble = self.signal.take_trouble();
        let on = |watch: &Watch| watch.is_on(&self.folder);
        if trouble || !self.watch.as_ref().is_some_and(on) {
            let known = self.watch.is_none();
            self.watch = watch(&self.folder, &self.signal, known).await;
        }
    }

    async fn reload(&mut self) {
        let started = Instant::now();
        let now_ms = clock::now_ms();
        let previous = self.publisher.pdp().load().snapshot.generation();
        let generation = generation::next(previous, now_ms);
        let scan = scan(&self.folder, now_ms, generation, &self.known, QUIET).await;
        let took = started.elapsed();
        // Rendering many findings and freeing large sources takes its time, which must not be the requests'.
        tokio::task::block_in_place(|| match scan {
            Scan::Compiled(outcome) => self.compiled(*outcome, took),
            Scan::Unreadable(error) => self.unreadable(&error, took),
            Scan::Panicked => self.panicked(took),
        });
    }

    fn compiled(&mut self, compiled: pipeline::Outcome, took: Duration) {
        match compiled.snapshot.clone() {
            None => self.rejected(&compiled, took),
            Some(snapshot) if self.is_published(snapshot.revision()) => {
                self.restored(&compiled, took);
            }
            Some(snapshot) => {
                self.reloaded(snapshot, &compiled, took);
                self.known.kept = Kept::new(compiled).map(Arc::new);
            }
        }
    }

    fn is_published(&self, revision: &str) -> bool {
        self.publisher.pdp().load().snapshot.revision() == revision
    }

    fn reloaded(&mut self, snapshot: Snapshot, compiled: &pipeline::Outcome, took: Duration) {
        let (generation, revision) = (snapshot.generation(), snapshot.revision().to_owned());
        retire(self.publisher.publish(snapshot));
        self.refused = None;
        tracing::info!(generation, revision, ?took, "policies reloaded");
        warn(compiled);
        let report = report(Outcome::Reloaded, took)
            .with_diagnostics(&compiled.diagnostics, &compiled.sources);
        self.record(Outcome::Reloaded, took, report);
    }

    /// The folder is what is published: worth a word only if it was not just before.
    fn restored(&mut self, compiled: &pipeline::Outcome, took: Duration) {
        if self.refused.take().is_none() {
            tracing::debug!("the policies are what they were");
            return;
        }
        tracing::info!("the policies are again those that are served");
        let report = report(Outcome::Restored, took)
            .with_diagnostics(&compiled.diagnostics, &compiled.sources);
        self.record(Outcome::Restored, took, report);
    }

    fn rejected(&mut self, compiled: &pipeline::Outcome, took: Duration) {
        if !self.is_news(Refused::Revision(Arc::clone(compiled.sources.revision()))) {
            return;
        }
        let errors = errors(&compiled.diagnostics);
        let rendered = rendered(compiled);
        tracing::error!("policies rejected, {errors} error(s), the ones before stay:\n{rendered}");
        let report = report(Outcome::Rejected, took)
            .with_diagnostics(&compiled.diagnostics, &compiled.sources);
        self.record(Outcome::Rejected, took, report);
    }

    fn unreadable(&mut self, error: &ReadError, took: Duration) {
        let error = error.to_string();
        if !self.is_news(Refused::Unreadable(error.clone())) {
            return;
        }
        tracing::error!(error, "policies not readable, the ones before stay");
        let report = report(Outcome::Unreadable, took).with_error(error);
        self.record(Outcome::Unreadable, took, report);
    }

    fn panicked(&mut self, took: Duration) {
        self.refused = Some(Refused::Panicked);
        let error = StartError::Failed.to_string();
        tracing::error!(error, "policies not compiled, the ones before stay");
        let report = report(Outcome::Failed, took).with_error(error);
        self.record(Outcome::Failed, took, report);
    }

    fn is_news(&mut self, refused: Refused) -> bool {
        let news = self.refused.as_ref() != Some(&refused);
        self.refused = Some(refused);
        news
    }

    fn record(&self, outcome: Outcome, took: Duration, report: Report) {
        self.metrics.reloads.record(outcome, took);
        self.last.store(Arc::new(report));
    }
}

/// Sets a watch; a failure is logged unless it is `known` already.
async fn watch(folder: &Path, signal: &Arc<Signal>, known: bool) -> Option<Watch> {
    let (path, signal) = (folder.to_owned(), Arc::clone(signal));
    let set = tokio::task::spawn_blocking(move || Watch::set(&path, signal)).await;
    match set {
        Ok(Ok(watch)) => return Some(watch),
        Ok(Err(error)) if !known => {
            tracing::warn!(%error, folder = %folder.display(), "cannot watch the policies; reading them every second");
        }
        Ok(Err(_)) | Err(_) => {}
    }
    None
}

async fn first(
    folder: &Path,
    known: &Known,
    started: Instant,
) -> Result<(Snapshot, Report, Option<Arc<Kept>>), StartError> {
    let now_ms = clock::now_ms();
    let generation = generation::next(0, now_ms);
    let compiled = match scan(folder, now_ms, generation, known, QUIET).await {
        Scan::Compiled(compiled) => compiled,
        Scan::Unreadable(error) => return Err(error.into()),
        Scan::Panicked => return Err(StartError::Failed),
    };
    let Some(snapshot) = compiled.snapshot.clone() else {
        return Err(StartError::Rejected(rendered(&compiled)));
    };
    let (revision, counts, took) = (snapshot.revision(), snapshot.counts(), started.elapsed());
    tracing::info!(
        generation,
        revision,
        tenants = counts.tenants,
        members = counts.members,
        ?took,
        "policies loaded"
    );
    warn(&compiled);
    let report =
        Report::new("loaded", took).with_diagnostics(&compiled.diagnostics, &compiled.sources);
    let kept = Kept::new(*compiled).map(Arc::new);
    Ok((snapshot, report, kept))
}

fn report(outcome: Outcome, took: Duration) -> Report {
    Report::new(outcome.as_str(), took)
}

fn errors(diagnostics: &[Diagnostic]) -> usize {
    let is_error = |diagnostic: &&Diagnostic| diagnostic.severity() == Severity::Error;
    diagnostics.iter().filter(is_error).count()
}

/// Policies that are published may still have findings: warnings.
fn warn(compiled: &pipeline::Outcome) {
    if !compiled.diagnostics.is_empty() {
        tracing::warn!("the policies have warnings:\n{}", rendered(compiled));
    }
}

/// Frees a replaced snapshot later and elsewhere: a request may still look at it.
fn retire(replaced: Arc<Published>) {
    tokio::spawn(async move {
        tokio::time::sleep(RETIRED_FOR).await;
        tokio::task::spawn_blocking(move || drop(replaced));
    });
}
