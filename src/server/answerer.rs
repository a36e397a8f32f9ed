//! What answers one request: one snapshot, one instant, and whether reasons are wanted.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use serde::Serialize;

use super::Refusal;
use super::reply::{self, Reply};
use crate::clock;
use crate::explain::{Effort, Explanation, explain};
use crate::metrics::Metrics;
use crate::reload::Published;
use crate::snapshot::{Decision, Question, Reason, Words};

/// A remembered decision and how long finding it took, or by what the question may be remembered.
pub(super) type Remembered<'w> = Result<(Decision, Duration), Option<Words<'w>>>;

/// Answers the questions of one request; runs to its end without waiting for anything.
pub(super) struct Answerer<'a> {
    pub(super) published: &'a Published,
    metrics: &'a Metrics,
    /// Whether answers carry their reasons.
    pub(super) with_reasons: bool,
    /// The instant that every question of the request is about, in milliseconds since 1970.
    pub(super) now_ms: i64,
}

impl<'a> Answerer<'a> {
    /// Answers from a snapshot, about now.
    pub(super) fn new(published: &'a Published, metrics: &'a Metrics, with_reasons: bool) -> Self {
        Self {
            published,
            metrics,
            with_reasons,
            now_ms: clock::now_ms(),
        }
    }

    /// Decides a question; it is counted, and timed alone.
    pub(super) fn decide(&self, question: &Question<'_>) -> Reason {
        let started = Instant::now();
        let decision = self.published.snapshot.decide(question, self.now_ms);
        self.count(decision, started.elapsed())
    }

    /// Decides as before a question that is asked in the very same words, without reading them, if it is remembered.
    pub(super) fn recall<'w>(&self, words: &'w [u8]) -> Result<Reason, Option<Words<'w>>> {
        let (decision, took) = self.remembered(words)?;
        Ok(self.count(decision, took))
    }

    /// Decides a question and remembers it by its words.
    pub(super) fn decide_and_remember(
        &self,
        words: Option<Words<'_>>,
        question: &Question<'_>,
    ) -> Reason {
        let started = Instant::now();
        let snapshot = &self.published.snapshot;
        let decision = snapshot.decide_and_remember(words, question, self.now_ms);
        self.count(decision, started.elapsed())
    }

    /// What is remembered of a question in these words, and how long finding it took; it is not counted yet.
    pub(super) fn remembered<'w>(&self, words: &'w [u8]) -> Remembered<'w> {
        let started = Instant::now();
        let decision = self.published.snapshot.recall(words, self.now_ms)?;
        Ok((decision, started.elapsed()))
    }

    /// Counts a decision that took so long.
    pub(super) fn count(&self, decision: Decision, took: Duration) -> Reason {
        self.metrics.decision_duration.record(took);
        let decisions = &self.published.decisions;
        decisions.count(decision.application, decision.reason);
        decision.reason
    }

    /// Says why a question was decided so.
    pub(super) fn explain(
        &self,
        question: &Question<'_>,
        reason: Reason,
        effort: Effort,
    ) -> Result<Explanation, Refusal> {
        let explanation = explain(&self.published.snapshot, question, self.now_ms, effort);
        if explanation.reason() == reason {
            return Ok(explanation);
        }
        tracing::error!(
            decided = reason.as_str(),
            explained = explanation.reason().as_str(),
            "an explanation contradicts its decision"
        );
        Err(Refusal::Internal)
    }

    /// Counts an item of a batch that is no question.
    pub(super) fn count_invalid(&self) {
        self.published
            .decisions
            .count(None, Reason::InvalidQuestion);
    }
}

/// A 200 with a JSON body.
pub(super) fn ok(answer: &impl Serialize) -> Result<Reply, Refusal> {
    let body = serde_json::to_vec(answer).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Refusal::Internal
    })?;
    Ok(reply::json(StatusCode::OK, body))
}
