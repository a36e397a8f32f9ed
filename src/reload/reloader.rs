//! The loop: wait for a change, read and compile, publish or say why not.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::burst::What;
use super::events::{Due, Events};
use super::findings::{at_commit, changed, errors, first_line, rendered};
use super::pdp::{Pdp, Publisher};
use super::report::{Followed, Following, Refusal, Reload, Report, now};
use super::requests::{ReloadHandle, Waiter};
use super::scan::{Compiled, Done, Found, Job};
use super::warnings::Warnings;
use super::watch::NoEvents;
use super::{Outcome, generation};
use crate::clock;
use crate::compile::Validated;
use crate::metrics::Metrics;
use crate::pipeline::{self, Kept};
use crate::snapshot::{DecisionCache, Snapshot};
use crate::source::{ReadError, Sources};

/// How often the log says again that the folder is not what is served.
const REMIND_EVERY: Duration = Duration::from_secs(300);
/// How often the log says that a reading goes on and on.
const SLOW_AFTER: Duration = Duration::from_secs(30);
/// How long a replaced snapshot is kept, so that no request is the one that has to free it.
const RETIRED_FOR: Duration = Duration::from_secs(1);

/// How a policy folder is followed.
#[derive(Debug, Clone)]
pub struct Options {
    /// The policy folder.
    pub folder: PathBuf,
    /// Whether policies that fail their own tests are refused.
    pub require_tests: bool,
    /// Whether the folder is polled although it could be watched.
    pub poll: bool,
}

impl Options {
    /// How many tests passed before something is served, where they must.
    fn tests_asked(&self, outcome: &pipeline::Outcome) -> Option<usize> {
        let suites = outcome.model.suites.iter();
        let count: usize = suites.map(|suite| suite.cases.len()).sum();
        if self.require_tests && count == 0 {
            tracing::warn!("there is no test among the policies that --require-tests could ask");
        }
        self.require_tests.then_some(count)
    }
}

/// Why there is nothing to serve.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The policies have errors: these, as `octroi check` shows them.
    #[error("{0}")]
    Rejected(String),
    /// The policies fail their own tests, which they must pass: these.
    #[error("{0}")]
    TestsFailed(String),
    /// The folder could not be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// Compiling ended in a panic.
    #[error("compiling the policies failed: this is a defect of octroi, please report it")]
    Failed,
}

/// Follows a policy folder; the only writer of its [`Pdp`].
pub struct Reloader {
    options: Options,
    publisher: Publisher,
    metrics: Arc<Metrics>,
    followed: Followed,
    handle: ReloadHandle,
    requests: mpsc::Receiver<Waiter>,
    events: Events,
    warnings: Warnings,
    validated: Arc<Validated>,
    /// What the last reading found, if it could read.
    seen: Option<Sources>,
    /// What is served was made of this.
    kept: Option<Arc<Kept>>,
    /// What was found in it, as `/status` lists it.
    listed: serde_json::Value,
    refused: Option<Refused>,
    /// What the last reload took.
    cost: Duration,
}

/// What was refused last, so that the same is not reported twice.
#[derive(Debug, PartialEq, Eq)]
enum Subject {
    Revision(Arc<str>),
    Unreadable(String),
    Panicked,
}

#[derive(Debug)]
struct Refused {
    what: Subject,
    since: String,
    outcome: Outcome,
    reason: String,
    remind_at: Instant,
}

/// Why the folder is read.
enum Cause {
    /// Something told of a change, or it is time to look.
    Due(Due),
    /// Somebody asked for it.
    Asked(Vec<Waiter>),
}

impl Reloader {
    /// Watches the folder, then reads, compiles and publishes it for the first time.
    ///
    /// # Errors
    /// When there is nothing to publish.
    pub async fn start(
        options: Options,
        metrics: Arc<Metrics>,
        cache: Option<Arc<DecisionCache>>,
    ) -> Result<Self, StartError> {
        let mut events = Events::new(options.poll);
        let validated = Arc::<Validated>::default();
        let now_ms = clock::now_ms();
        let job = Job {
            survey: events.survey(&options.folder),
            folder: options.folder.clone(),
            what: What::Whole,
            seen: None,
            by_looks: false,
            settle: false,
            served: None,
            refused: None,
            kept: None,
            validated: Arc::clone(&validated),
            gently: false,
            require_tests: options.require_tests,
            generation: generation::next(0, now_ms),
            now_ms,
        };
        let done = job.run().await.ok_or(StartError::Failed)?;
        if let Some(walk) = done.walk {
            events.walked(walk, true);
        }
        let compiled = match done.found {
            Found::Unreadable(error) => return Err(error.into()),
            Found::Compiled(compiled) => *compiled,
            Found::Served | Found::RefusedBefore => return Err(StartError::Failed),
        };
        let snapshot = first(&compiled)?;
        let mut warnings = Warnings::default();
        let tests = options.tests_asked(&compiled.outcome);
        loaded(&snapshot, &compiled, tests, done.took);
        warnings.tell(&compiled.outcome.diagnostics, &compiled.outcome.sources);
        metrics.reloads.record_first(done.took);
        metrics.reloads.show_polling(events.why_not.is_some());
        let report = Report::first(snapshot.generation(), done.took);
        let following = Following {
            last: Arc::new(report.with_diagnostics(compiled.listed.clone())),
            refused: None,
            watching: events.watching(),
            reloads: VecDeque::new(),
        };
        let (handle, requests) = ReloadHandle::new();
        Ok(Self {
            publisher: Publisher::new(snapshot, Arc::clone(&metrics), cache),
            metrics,
            followed: Arc::new(ArcSwap::from_pointee(following)),
            handle,
            requests,
            events,
            warnings,
            validated,
            seen: done.sources,
            kept: Kept::new(compiled.outcome).map(Arc::new),
            listed: compiled.listed,
            refused: None,
            cost: done.took,
            options,
        })
    }

    /// What is published, now and after every reload.
    pub fn pdp(&self) -> Arc<Pdp> {
        Arc::clone(self.publisher.pdp())
    }

    /// How the folder is followed, now and later.
    pub fn followed(&self) -> Followed {
        Arc::clone(&self.followed)
    }

    /// For those who ask for a reload.
    pub fn handle(&self) -> ReloadHandle {
        self.handle.clone()
    }

    /// Follows the folder until it is dropped.
    pub async fn run(mut self) {
        loop {
            let cause = self.cause().await;
            self.remind();
            self.reload(cause).await;
        }
    }

    async fn cause(&mut self) -> Cause {
        tokio::select! {
            biased;
            Some(waiter) = self.requests.recv() => {
                let mut waiters = vec![waiter];
                while let Ok(waiter) = self.requests.try_recv() {
                    waiters.push(waiter);
                }
                Cause::Asked(waiters)
            }
            due = self.events.due(&self.options.folder, self.cost) => Cause::Due(due),
        }
    }

    async fn reload(&mut self, cause: Cause) {
        let (what, waiters, told) = match cause {
            Cause::Due(Due::Told(what)) => (what, None, true),
            Cause::Due(Due::Time) => {
                // What an event tells of now is not what no event told of.
                self.events.drain();
                (What::Whole, None, !self.events.burst.is_empty())
            }
            Cause::Asked(waiters) => {
                self.events.drain();
                self.events.burst.take();
                (What::Whole, Some(waiters), true)
            }
        };
        self.events.try_again();
        let mut job = self.job(what, waiters.is_some());
        job.gently = !told && self.events.watch.is_some();
        let Some(done) = patiently(job.run()).await else {
            let report = tokio::task::block_in_place(|| self.panicked());
            answer(waiters, &report);
            return;
        };
        // Rendering many findings and freeing large sources takes its time, which must not be the requests'.
        let report = tokio::task::block_in_place(|| self.done(done, waiters.is_some(), told));
        answer(waiters, &report);
    }

    fn job(&self, what: What, asked: bool) -> Job {
        let (folder, now_ms) = (self.options.folder.clone(), clock::now_ms());
        let served = self.publisher.pdp().load();
        let refused = self
            .refused
            .as_ref()
            .and_then(|refused| match &refused.what {
                Subject::Revision(revision) if !asked => Some(Arc::clone(revision)),
                _ => None,
            });
        Job {
            survey: self.events.survey(&folder),
            folder,
            what,
            seen: self.seen.clone(),
            // Who asks does not trust looks, or would not ask.
            by_looks: !asked,
            settle: self.events.watch.is_none(),
            served: Some(served.snapshot.revision().into()),
            refused,
            kept: self.kept.clone(),
            validated: Arc::clone(&self.validated),
            gently: false,
            require_tests: self.options.require_tests,
            generation: generation::next(served.snapshot.generation(), now_ms),
            now_ms,
        }
    }

    fn done(&mut self, done: Done, asked: bool, told: bool) -> Arc<Report> {
        let readable = done.sources.is_some();
        if let Some(walk) = done.walk {
            self.events.walked(walk, readable);
        } else if !readable {
            self.events.look_again_soon();
        }
        self.seen = done.sources;
        let took = done.took;
        let is_news = matches!(done.found, Found::Compiled(_));
        let report = match done.found {
            Found::Unreadable(error) => self.unreadable(&error, took, asked),
            Found::Served => self.served(took, asked),
            // Who asks has everything compiled again.
            Found::RefusedBefore => Arc::clone(&self.followed.load().last),
            Found::Compiled(compiled) => self.compiled(*compiled, took, asked),
        };
        if is_news {
            self.cost = took;
            if !told {
                self.missed();
            }
        }
        let watching = self.events.watching();
        if self.followed.load().watching != watching {
            self.metrics
                .reloads
                .show_polling(self.events.why_not.is_some());
            self.follow(|following| following.watching = watching);
        }
        report
    }

    /// There was a change that nothing told of; unless it is told of just now, events cannot be relied on here.
    fn missed(&mut self) {
        self.events.drain();
        if self.events.watch.is_some() && self.events.burst.is_empty() {
            self.events.give_up(NoEvents::Missed);
            self.events.look_again_soon();
        }
    }

    fn follow(&self, change: impl FnOnce(&mut Following)) {
        let mut following = Following::clone(&self.followed.load());
        change(&mut following);
        self.followed.store(Arc::new(following));
    }

    fn generation(&self) -> u64 {
        self.publisher.pdp().load().snapshot.generation()
    }

    fn compiled(&mut self, compiled: Compiled, took: Duration, asked: bool) -> Arc<Report> {
        match &compiled.outcome.snapshot {
            None => self.rejected(&compiled, took, asked),
            Some(_) if !compiled.failures.is_empty() => self.tests_failed(&compiled, took, asked),
            Some(snapshot) => {
                let snapshot = snapshot.clone();
                self.reloaded(snapshot, compiled, took)
            }
        }
    }

    fn reloaded(&mut self, snapshot: Snapshot, compiled: Compiled, took: Duration) -> Arc<Report> {
        let Compiled {
            outcome,
            listed,
            changes,
            commit,
            ..
        } = compiled;
        let (generation, revision) = (snapshot.generation(), snapshot.revision().to_owned());
        let compiled_tests = self.options.tests_asked(&outcome);
        retire(self.publisher.publish(snapshot));
        self.mended();
        tracing::info!(
            generation,
            revision,
            commit,
            ?took,
            changed = changes.summary(),
            named = changes.names(),
            tests = compiled_tests,
            widenings = changes.widenings.count,
            widened = (changes.widenings.count > 0).then(|| changes.widenings.join("; ")),
            warnings = outcome.diagnostics.len(),
            "policies reloaded"
        );
        if changes.moved_emails.count > 0 {
            let what = changes.moved_emails.join("; ");
            tracing::warn!(
                "an id never changes, and whatever else names it does not know the new one: {what}"
            );
        }
        self.warnings.tell(&outcome.diagnostics, &outcome.sources);
        self.metrics.reloads.count(&changes);
        self.listed.clone_from(&listed);
        let report = Report::new(Outcome::Reloaded, generation, took).with_diagnostics(listed);
        let reload = Reload {
            at: report.at.clone(),
            generation,
            revision,
            commit,
            duration_seconds: report.duration_seconds,
            changes,
        };
        self.follow(|following| following.add(reload));
        let kept = Kept::new(outcome).map(Arc::new);
        retire(std::mem::replace(&mut self.kept, kept));
        self.record(Outcome::Reloaded, took, report)
    }

    /// The folder is what is served: worth a word only if it was not just before.
    fn served(&mut self, took: Duration, asked: bool) -> Arc<Report> {
        let generation = self.generation();
        let report =
            |outcome| Report::new(outcome, generation, took).with_diagnostics(self.listed.clone());
        if self.refused.is_none() {
            match asked {
                true => tracing::info!(generation, "the policies are what they were"),
                false => tracing::debug!("the policies are what they were"),
            }
            return Arc::new(report(Outcome::Unchanged));
        }
        let report = report(Outcome::Restored);
        self.mended();
        tracing::info!("the policies are again those that are served");
        self.record(Outcome::Restored, took, report)
    }

    fn mended(&mut self) {
        if self.refused.take().is_some() {
            self.metrics.reloads.mended();
            self.follow(|following| following.refused = None);
        }
    }

    fn rejected(&mut self, compiled: &Compiled, took: Duration, asked: bool) -> Arc<Report> {
        let outcome = &compiled.outcome;
        let errors = errors(&outcome.diagnostics);
        let first = first_line(&outcome.diagnostics, outcome);
        let reason = format!("{errors} error(s), the first at {first}");
        let what = Subject::Revision(Arc::clone(outcome.sources.revision()));
        let is_news = self.refuse(what, Outcome::Rejected, reason, compiled.commit.clone());
        if is_news || asked {
            let changed = self.changed_files(&outcome.sources);
            let rendered = rendered(&outcome.diagnostics, outcome);
            tracing::error!(
                "policies rejected, {errors} error(s), the ones before stay{}{changed}:\n{rendered}",
                at_commit(compiled.commit.as_deref()),
            );
        }
        let report = Report::new(Outcome::Rejected, self.generation(), took);
        let report = report.with_diagnostics(compiled.listed.clone());
        self.record(Outcome::Rejected, took, report)
    }

    fn tests_failed(&mut self, compiled: &Compiled, took: Duration, asked: bool) -> Arc<Report> {
        let failures = &compiled.failures;
        let first = first_line(failures, &compiled.outcome);
        let reason = format!("{} test(s) fail, the first at {first}", failures.len());
        let what = Subject::Revision(Arc::clone(compiled.outcome.sources.revision()));
        let commit = compiled.commit.clone();
        let is_news = self.refuse(what, Outcome::TestsFailed, reason.clone(), commit);
        if is_news || asked {
            let changed = self.changed_files(&compiled.outcome.sources);
            let (count, rendered) = (failures.len(), rendered(failures, &compiled.outcome));
            tracing::error!(
                "policies refused, {count} of their own test(s) fail, the ones before stay{}{changed}:\n{rendered}",
                at_commit(compiled.commit.as_deref()),
            );
        }
        let report = Report::new(Outcome::TestsFailed, self.generation(), took);
        let report = report
            .with_error(reason)
            .with_diagnostics(compiled.listed.clone());
        self.record(Outcome::TestsFailed, took, report)
    }

    fn unreadable(&mut self, error: &ReadError, took: Duration, asked: bool) -> Arc<Report> {
        let error = error.to_string();
        let what = Subject::Unreadable(error.clone());
        let is_news = self.refuse(what, Outcome::Unreadable, error.clone(), None);
        if !is_news && !asked {
            return Arc::clone(&self.followed.load().last);
        }
        tracing::error!(error, "policies not readable, the ones before stay");
        let report = Report::new(Outcome::Unreadable, self.generation(), took).with_error(error);
        self.record(Outcome::Unreadable, took, report)
    }

    /// In which files what was read differs from what is served: a fault often shows elsewhere than where it was made.
    fn changed_files(&self, sources: &Sources) -> String {
        let kept = self.kept.as_ref();
        let difference = kept.and_then(|kept| sources.changed_since(kept.sources()));
        match difference.zip(kept) {
            Some((difference, kept)) => changed(&difference, sources, kept.sources()),
            None => String::new(),
        }
    }

    fn panicked(&mut self) -> Arc<Report> {
        let error = StartError::Failed.to_string();
        self.refuse(Subject::Panicked, Outcome::Failed, error.clone(), None);
        // Whatever was read may be half read; the next reading begins anew.
        self.seen = None;
        self.events.look_again_late();
        tracing::error!(error, "policies not compiled, the ones before stay");
        let report = Report::new(Outcome::Failed, self.generation(), Duration::ZERO);
        self.record(Outcome::Failed, Duration::ZERO, report.with_error(error))
    }

    /// Remembers why the folder is not served, and since when; whether that is news.
    fn refuse(
        &mut self,
        what: Subject,
        outcome: Outcome,
        reason: String,
        commit: Option<String>,
    ) -> bool {
        let before = self.refused.take();
        let is_news = before.as_ref().is_none_or(|before| before.what != what);
        let since = before
            .as_ref()
            .map_or_else(now, |before| before.since.clone());
        let remind_at = before
            .as_ref()
            .map_or_else(|| Instant::now() + REMIND_EVERY, |before| before.remind_at);
        if before.is_none() {
            self.metrics.reloads.refused_since(clock::now_ms());
        }
        self.metrics.reloads.refused_by(outcome);
        let refusal = Refusal {
            since: since.clone(),
            outcome: outcome.as_str(),
            reason: reason.clone(),
            commit,
        };
        self.follow(|following| following.refused = Some(refusal));
        self.refused = Some(Refused {
            what,
            since,
            outcome,
            reason,
            remind_at,
        });
        is_news
    }

    /// Says again, now and then, that the folder is not what is served.
    fn remind(&mut self) {
        let generation = self.generation();
        let Some(refused) = &mut self.refused else {
            return;
        };
        if Instant::now() < refused.remind_at {
            return;
        }
        refused.remind_at = Instant::now() + REMIND_EVERY;
        let (since, reason) = (&refused.since, &refused.reason);
        let outcome = refused.outcome.as_str();
        tracing::warn!(
            since,
            outcome,
            reason,
            generation,
            "the policy folder is still not what is served"
        );
    }

    fn record(&self, outcome: Outcome, took: Duration, report: Report) -> Arc<Report> {
        self.metrics.reloads.record(outcome, took);
        let report = Arc::new(report);
        self.follow(|following| following.last = Arc::clone(&report));
        report
    }
}

/// Waits for a reading to end, and says so where it does not: of a file system that hangs nothing else tells.
async fn patiently<T>(reading: impl Future<Output = T>) -> T {
    let mut reading = pin!(reading);
    let started = Instant::now();
    loop {
        tokio::select! {
            biased;
            done = &mut reading => return done,
            () = tokio::time::sleep(SLOW_AFTER) => tracing::warn!(
                seconds = started.elapsed().as_secs(),
                "still reading and compiling the policies; no change is live before it ends: does their file system hang?"
            ),
        }
    }
}

fn answer(waiters: Option<Vec<Waiter>>, report: &Arc<Report>) {
    for waiter in waiters.into_iter().flatten().flatten() {
        // Who does not wait any more need not be told.
        let _ = waiter.send(Arc::clone(report));
    }
}

fn first(compiled: &Compiled) -> Result<Snapshot, StartError> {
    let outcome = &compiled.outcome;
    match &outcome.snapshot {
        None => Err(StartError::Rejected(rendered(
            &outcome.diagnostics,
            outcome,
        ))),
        Some(_) if !compiled.failures.is_empty() => Err(StartError::TestsFailed(rendered(
            &compiled.failures,
            outcome,
        ))),
        Some(snapshot) => Ok(snapshot.clone()),
    }
}

fn loaded(snapshot: &Snapshot, compiled: &Compiled, tests: Option<usize>, took: Duration) {
    let counts = snapshot.counts();
    tracing::info!(
        generation = snapshot.generation(),
        revision = snapshot.revision(),
        commit = compiled.commit,
        tenants = counts.tenants,
        members = counts.members,
        tests,
        warnings = compiled.outcome.diagnostics.len(),
        ?took,
        "policies loaded"
    );
}

/// Frees something large later and elsewhere: a request may still look at it.
fn retire(replaced: impl Send + 'static) {
    tokio::spawn(async move {
        tokio::time::sleep(RETIRED_FOR).await;
        tokio::task::spawn_blocking(move || drop(replaced));
    });
}
