//! `POST /access/v1/evaluation`: one question, one decision.

use std::time::Instant;

use bytes::Bytes;
use hyper::StatusCode;
use serde::Serialize;

use super::Refusal;
use super::reply::{self, Reply};
use crate::clock;
use crate::explain::{Explanation, explain};
use crate::metrics::Metrics;
use crate::reload::Published;
use crate::snapshot::{Question, Reason};

const ALLOW: Bytes = Bytes::from_static(br#"{"decision":true}"#);
const DENY: Bytes = Bytes::from_static(br#"{"decision":false}"#);

#[derive(Serialize)]
struct Explained<'a> {
    decision: bool,
    context: &'a Explanation,
}

/// Decides the question in `body`; runs to its end without waiting for anything.
pub(super) fn answer(
    published: &Published,
    metrics: &Metrics,
    body: &[u8],
    with_reasons: bool,
) -> Result<Reply, Refusal> {
    let question = Question::from_body(body)?;
    let now_ms = clock::now_ms();
    let reason = decide(published, metrics, &question, now_ms);
    if with_reasons {
        explained(published, &question, now_ms, reason)
    } else {
        let plain = if reason.allows() { ALLOW } else { DENY };
        Ok(reply::json(StatusCode::OK, plain))
    }
}

fn decide(
    published: &Published,
    metrics: &Metrics,
    question: &Question<'_>,
    now_ms: i64,
) -> Reason {
    let started = Instant::now();
    let decision = published.snapshot.decide(question, now_ms);
    metrics.decision_duration.record(started.elapsed());
    published
        .decisions
        .count(decision.application, decision.reason);
    decision.reason
}

fn explained(
    published: &Published,
    question: &Question<'_>,
    now_ms: i64,
    reason: Reason,
) -> Result<Reply, Refusal> {
    let explanation = explain(&published.snapshot, question, now_ms);
    if explanation.reason() != reason {
        let explained = explanation.reason().as_str();
        let decided = reason.as_str();
        tracing::error!(
            decided,
            explained,
            "an explanation contradicts its decision"
        );
        return Err(Refusal::Internal);
    }
    let answer = Explained {
        decision: reason.allows(),
        context: &explanation,
    };
    let body = serde_json::to_vec(&answer).map_err(|error| {
        tracing::error!(%error, "an explanation cannot be written");
        Refusal::Internal
    })?;
    Ok(reply::json(StatusCode::OK, body))
}
