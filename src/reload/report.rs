//! What became of changes, as `/status` and `POST /-/reload` show it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use serde::Serialize;

use super::Outcome;
use crate::changes::Changes;
use crate::diagnostic::{self, Diagnostic, Format};
use crate::source::Sources;

/// Most reloads that are remembered.
const RELOADS_MAX: usize = 20;

/// How the policy folder is followed, for whoever asks.
pub type Followed = Arc<ArcSwap<Following>>;

/// How the policy folder is followed, and what became of that.
#[derive(Debug, Clone)]
pub struct Following {
    /// What became of the last change.
    pub last: Arc<Report>,
    /// Why the folder is not what is served, where that is so.
    pub refused: Option<Refusal>,
    /// How changes are noticed.
    pub watching: Watching,
    /// The last reloads that published something, the newest first.
    pub reloads: VecDeque<Arc<Reload>>,
}

impl Following {
    pub(super) fn add(&mut self, reload: Reload) {
        self.reloads.push_front(Arc::new(reload));
        self.reloads.truncate(RELOADS_MAX);
    }
}

/// What became of a change.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `loaded` for the first load, else the outcome's name.
    pub outcome: &'static str,
    /// When it was done, in RFC 3339.
    pub at: String,
    /// The generation that is served since.
    pub generation: u64,
    /// How long reading and compiling took.
    pub duration_seconds: f64,
    /// Why nothing could be compiled, or is served of it, where that is so.
    pub error: Option<String>,
    /// What `octroi check --format json` would say, and the tests that failed where they must pass.
    pub diagnostics: serde_json::Value,
    /// Whether what is in the folder is what is served.
    #[serde(skip)]
    pub is_success: bool,
}

impl Report {
    pub(super) fn first(generation: u64, took: Duration) -> Self {
        Self::named("loaded", true, generation, took)
    }

    pub(super) fn new(outcome: Outcome, generation: u64, took: Duration) -> Self {
        Self::named(outcome.as_str(), outcome.is_success(), generation, took)
    }

    fn named(outcome: &'static str, is_success: bool, generation: u64, took: Duration) -> Self {
        Self {
            outcome,
            at: now(),
            generation,
            duration_seconds: took.as_secs_f64(),
            error: None,
            diagnostics: serde_json::Value::Array(Vec::new()),
            is_success,
        }
    }

    pub(super) fn with_error(mut self, error: String) -> Self {
        self.error = Some(error);
        self
    }

    pub(super) fn with_diagnostics(mut self, diagnostics: serde_json::Value) -> Self {
        self.diagnostics = diagnostics;
        self
    }
}

/// Findings as `octroi check --format json` lists them.
pub(super) fn listed(diagnostics: &[Diagnostic], sources: &Sources) -> serde_json::Value {
    let text = diagnostic::render(diagnostics, sources, Format::Json);
    let mut parsed: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    match parsed.get_mut("diagnostics") {
        Some(list) => list.take(),
        None => serde_json::Value::Array(Vec::new()),
    }
}

pub(super) fn now() -> String {
    jiff::Timestamp::now().to_string()
}

/// Why the folder is not what is served.
#[derive(Debug, Clone, Serialize)]
pub struct Refusal {
    /// Since when, in RFC 3339: the first refusal after the last good reload.
    pub since: String,
    /// What came of the last change.
    pub outcome: &'static str,
    /// Why, in a line.
    pub reason: String,
    /// The commit of the git checkout that the folder lies in, where it could be read.
    pub commit: Option<String>,
}

/// How changes are noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Watching {
    /// `events` or `polling`.
    pub by: &'static str,
    /// Why there are no events.
    pub reason: Option<String>,
}

/// A reload that published something.
#[derive(Debug, Clone, Serialize)]
pub struct Reload {
    /// When, in RFC 3339.
    pub at: String,
    /// The generation that was published.
    pub generation: u64,
    /// Its revision.
    pub revision: String,
    /// The commit of the git checkout that the folder lies in.
    pub commit: Option<String>,
    /// How long reading and compiling took.
    pub duration_seconds: f64,
    /// What changed.
    #[serde(flatten)]
    pub changes: Changes,
}
