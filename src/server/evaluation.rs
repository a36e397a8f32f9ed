//! `POST /access/v1/evaluation`: one question, one decision (AuthZEN, Authorization API 1.0, section 6).

use bytes::Bytes;
use hyper::StatusCode;
use serde::Serialize;

use super::Refusal;
use super::answerer::{Answerer, ok};
use super::reply::{self, Reply};
use crate::authzen::read_evaluation;
use crate::explain::{Effort, Explanation};
use crate::snapshot::{Question, Reason};

const ALLOW: Bytes = Bytes::from_static(br#"{"decision":true}"#);
const DENY: Bytes = Bytes::from_static(br#"{"decision":false}"#);

/// A decision with its reasons.
#[derive(Serialize)]
pub(super) struct Explained {
    pub(super) decision: bool,
    pub(super) context: Explanation,
}

/// Decides the question in a body.
pub(super) fn answer(answerer: &Answerer<'_>, body: &[u8]) -> Result<Reply, Refusal> {
    if answerer.with_reasons {
        return single(answerer, &read_evaluation(body)?);
    }
    let reason = match answerer.recall(body) {
        Ok(reason) => reason,
        Err(words) => answerer.decide_and_remember(words, &read_evaluation(body)?),
    };
    Ok(plain(reason))
}

fn plain(reason: Reason) -> Reply {
    let plain = if reason.allows() { ALLOW } else { DENY };
    reply::json(StatusCode::OK, plain)
}

/// Decides one question.
pub(super) fn single(answerer: &Answerer<'_>, question: &Question<'_>) -> Result<Reply, Refusal> {
    let reason = answerer.decide(question);
    if !answerer.with_reasons {
        return Ok(plain(reason));
    }
    ok(&Explained {
        decision: reason.allows(),
        context: answerer.explain(question, reason, Effort::WithSuggestions)?,
    })
}
