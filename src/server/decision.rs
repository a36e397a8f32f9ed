//! The decision listener: from a request to an answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Request};

use super::listener::Handler;
use super::reply::{OCTROI_EXPLAIN, OCTROI_MIN_GENERATION, OCTROI_REVISION, Reply, X_REQUEST_ID};
use super::route::{Methods, Route, Routes};
use super::{Refusal, body, evaluation};
use crate::metrics::{Endpoint, Metrics};
use crate::reload::{Pdp, Published};

const ROUTES: Routes = Routes {
    served: "questions are asked by POST /access/v1/evaluation",
    routes: &[Route {
        path: "/access/v1/evaluation",
        endpoint: Endpoint::Evaluation,
        methods: Methods::Post,
    }],
};

/// When an answer carries its reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExplainMode {
    /// Where the request bears `Octroi-Explain: true`.
    #[default]
    OnRequest,
    /// Always.
    Always,
}

/// Answers questions.
pub struct DecisionService {
    pdp: Arc<Pdp>,
    metrics: Arc<Metrics>,
    explain: ExplainMode,
}

/// The first half of a request: read whole, before any snapshot is looked at.
struct Call {
    body: Bytes,
    explain: bool,
    generation_min: u64,
}

impl DecisionService {
    /// A service that answers from what `pdp` publishes.
    pub fn new(pdp: Arc<Pdp>, metrics: Arc<Metrics>, explain: ExplainMode) -> Self {
        Self {
            pdp,
            metrics,
            explain,
        }
    }

    async fn receive(&self, request: Request<Incoming>) -> (Endpoint, Result<Call, Refusal>) {
        let (head, body) = request.into_parts();
        let (endpoint, found) = ROUTES.find(head.uri.path(), &head.method);
        let waits = body::waits(&head.headers);
        let call = match found.and_then(|()| self.call(&head.headers)) {
            Ok(call) => body::read(body, waits)
                .await
                .map(|body| Call { body, ..call }),
            Err(refusal) => {
                body::discard(body, waits).await;
                Err(refusal)
            }
        };
        (endpoint, call)
    }

    fn call(&self, headers: &HeaderMap) -> Result<Call, Refusal> {
        let generation_min = generation_min(headers)?;
        if !body::is_json(headers) {
            return Err(Refusal::ContentType);
        }
        Ok(Call {
            body: Bytes::new(),
            explain: self.explain == ExplainMode::Always || asks_for_reasons(headers),
            generation_min,
        })
    }

    fn answer(&self, published: &Published, call: &Call) -> Result<Reply, Refusal> {
        let generation = published.snapshot.generation();
        if generation < call.generation_min {
            return Err(Refusal::Behind {
                published: generation,
                asked: call.generation_min,
            });
        }
        unless_panicking(|| evaluation::answer(published, &self.metrics, &call.body, call.explain))
    }
}

impl Handler for DecisionService {
    async fn handle(&self, request: Request<Incoming>) -> Reply {
        let started = Instant::now();
        let request_id = request.headers().get(X_REQUEST_ID).cloned();
        let (endpoint, call) = self.receive(request).await;
        // The one load of this request; nothing is awaited from here on.
        let published = self.pdp.load();
        let mut reply = call
            .and_then(|call| self.answer(&published, &call))
            .unwrap_or_else(Refusal::into_reply);
        let headers = reply.headers_mut();
        headers.insert(OCTROI_REVISION, published.revision.clone());
        if let Some(request_id) = request_id {
            headers.insert(X_REQUEST_ID, request_id);
        }
        self.metrics
            .http
            .record(endpoint, reply.status().as_u16(), started.elapsed());
        reply
    }
}

fn asks_for_reasons(headers: &HeaderMap) -> bool {
    let is_true = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"true");
    headers.get(OCTROI_EXPLAIN).is_some_and(is_true)
}

/// The oldest generation that may answer; 0 if the caller takes any. More digits than a generation has can only mean
/// one that is yet to come.
fn generation_min(headers: &HeaderMap) -> Result<u64, Refusal> {
    let Some(value) = headers.get(OCTROI_MIN_GENERATION) else {
        return Ok(0);
    };
    let text = value.to_str().map_err(|_| Refusal::Generation)?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::Generation);
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

/// A panic is a defect, and no reason to allow anything, nor to stop answering everybody else.
fn unless_panicking<T>(answer: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(answer)).unwrap_or(Err(Refusal::Internal))
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;

    use super::*;

    #[test]
    fn a_panic_is_a_500() {
        let answer = unless_panicking::<Reply>(|| panic!("a defect"));
        let reply = answer.unwrap_or_else(Refusal::into_reply);
        assert_eq!(reply.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn a_generation_is_digits() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1763767814000", Some(1_763_767_814_000)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.0", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(OCTROI_MIN_GENERATION, HeaderValue::from_static(text));
            assert_eq!(generation_min(&headers).ok(), expected, "{text}");
        }
    }
}
