//! The decision listener: from a request to an answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Request};
use tokio::sync::Semaphore;

use super::answerer::Answerer;
use super::asks::Asks;
use super::listener::Handler;
use super::reply::{OCTROI_REVISION, Reply, X_REQUEST_ID};
use super::route::{Methods, Route, Routes, path};
use super::{Identifier, Refusal, Tokens, body, evaluation, evaluations, metadata, search};
use crate::metrics::{Endpoint, Metrics};
use crate::reload::{Pdp, Published};
use crate::search::Sought;

/// The largest body of evaluations.
const BYTES_MAX: usize = 1 << 20;
/// The largest body of a search: all that it says is looked at once for every candidate.
const SEARCH_BYTES_MAX: usize = 64 << 10;
/// A batch of at most so many objects is answered where it arrived: handing it over would cost more than it saves.
const OBJECTS_QUICK: usize = 256;

const ROUTES: Routes = Routes {
    served: "see /access/v1/evaluation, /access/v1/evaluations and /access/v1/search/{subject,resource,action}",
    routes: &[
        post(path::EVALUATION, Endpoint::Evaluation),
        post(path::EVALUATIONS, Endpoint::Evaluations),
        post(path::SEARCH_SUBJECT, Endpoint::SearchSubject),
        post(path::SEARCH_RESOURCE, Endpoint::SearchResource),
        post(path::SEARCH_ACTION, Endpoint::SearchAction),
        Route {
            path: path::METADATA,
            endpoint: Endpoint::Metadata,
            methods: Methods::Get,
        },
    ],
};

const fn post(path: &'static str, endpoint: Endpoint) -> Route {
    Route {
        path,
        endpoint,
        methods: Methods::Post,
    }
}

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
    identifier: Option<Identifier>,
    tokens: Option<Arc<Tokens>>,
    /// Work that takes long is done beside the connections, no more of it at once than there are cores.
    long: Arc<Semaphore>,
}

/// The first half of a request: read whole, before any snapshot is looked at.
struct Call {
    endpoint: Endpoint,
    body: Bytes,
    explain: bool,
    generation_min: u64,
}

/// What every answer needs to know of its request, whatever became of that.
struct Received {
    endpoint: Endpoint,
    request_id: Option<HeaderValue>,
    call: Result<Call, Refusal>,
}

impl Call {
    /// Whether the answer takes no longer than a few ordinary ones. Explanations, searches and large batches do.
    fn is_quick(&self) -> bool {
        let is_object = |byte: &&u8| **byte == b'{';
        match self.endpoint {
            Endpoint::Metadata => true,
            Endpoint::Evaluation => !self.explain,
            Endpoint::Evaluations => {
                !self.explain && self.body.iter().filter(is_object).count() <= OBJECTS_QUICK
            }
            _ => false,
        }
    }

    fn bytes_max(&self) -> usize {
        match self.endpoint {
            Endpoint::Evaluation | Endpoint::Evaluations => BYTES_MAX,
            _ => SEARCH_BYTES_MAX,
        }
    }
}

impl DecisionService {
    /// A service that answers from what `pdp` publishes, known to its callers by `identifier`.
    pub fn new(
        pdp: Arc<Pdp>,
        metrics: Arc<Metrics>,
        explain: ExplainMode,
        identifier: Option<Identifier>,
    ) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            pdp,
            metrics,
            explain,
            identifier,
            tokens: None,
            long: Arc::new(Semaphore::new(cores)),
        }
    }

    /// From now on callers must bear one of these.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Option<Arc<Tokens>>) -> Self {
        self.tokens = tokens;
        self
    }

    /// Where the endpoints are, anybody may know; all else takes a token where there are any.
    fn admit(&self, endpoint: Endpoint, headers: &HeaderMap) -> Result<(), Refusal> {
        match &self.tokens {
            Some(tokens) if endpoint != Endpoint::Metadata => tokens.check(headers),
            _ => Ok(()),
        }
    }

    async fn receive(&self, request: Request<Incoming>) -> Received {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let path = self.identifier.as_ref().map_or(path, |it| it.meant(path));
        let (endpoint, found) = ROUTES.find(path, &head.method);
        let found = self.admit(endpoint, &head.headers).and(found);
        let asks = Asks::of(&head.headers);
        let waits = asks.waits;
        let call = match found.and_then(|()| self.call(endpoint, &asks)) {
            Ok(call) if endpoint == Endpoint::Metadata => {
                body::discard(body, waits).await;
                Ok(call)
            }
            Ok(call) => body::read(body, waits, call.bytes_max())
                .await
                .map(|body| Call { body, ..call }),
            Err(refusal) => {
                body::discard(body, waits).await;
                Err(refusal)
            }
        };
        Received {
            endpoint,
            request_id: asks.request_id,
            call,
        }
    }

    fn call(&self, endpoint: Endpoint, asks: &Asks) -> Result<Call, Refusal> {
        let generation_min = asks.generation_min()?;
        if endpoint != Endpoint::Metadata && !asks.is_json() {
            return Err(Refusal::ContentType);
        }
        Ok(Call {
            endpoint,
            body: Bytes::new(),
            explain: self.explain == ExplainMode::Always || asks.reasons,
            generation_min,
        })
    }

    /// The one snapshot that a request is answered from, as its revision, and the answer.
    async fn answer(&self, call: Result<Call, Refusal>) -> (HeaderValue, Reply) {
        match call {
            Ok(call) if !call.is_quick() => self.answer_long(call).await,
            call => {
                // Nothing is awaited from here on.
                let published = self.pdp.load();
                let identifier = self.identifier.as_ref();
                let reply = call
                    .and_then(|call| reply(&published, &self.metrics, identifier, &call))
                    .unwrap_or_else(Refusal::into_reply);
                (published.revision.clone(), reply)
            }
        }
    }

    /// Answers on a thread of its own, so that nobody else's questions wait for it.
    async fn answer_long(&self, call: Call) -> (HeaderValue, Reply) {
        let turn = Arc::clone(&self.long).acquire_owned().await;
        let published = self.pdp.load_full();
        let revision = published.revision.clone();
        let metrics = Arc::clone(&self.metrics);
        let answered = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            reply(&published, &metrics, None, &call)
        });
        let reply = answered.await.unwrap_or(Err(Refusal::Internal));
        (revision, reply.unwrap_or_else(Refusal::into_reply))
    }
}

/// Answers a call from a snapshot; runs to its end without waiting for anything.
fn reply(
    published: &Published,
    metrics: &Metrics,
    identifier: Option<&Identifier>,
    call: &Call,
) -> Result<Reply, Refusal> {
    let generation = published.snapshot.generation();
    if generation < call.generation_min {
        return Err(Refusal::Behind {
            published: generation,
            asked: call.generation_min,
        });
    }
    let answerer = Answerer::new(published, metrics, call.explain);
    unless_panicking(|| match call.endpoint {
        Endpoint::Evaluation => evaluation::answer(&answerer, &call.body),
        Endpoint::Evaluations => evaluations::answer(&answerer, &call.body),
        Endpoint::SearchSubject => search::answer(&answerer, Sought::Subjects, &call.body),
        Endpoint::SearchResource => search::answer(&answerer, Sought::Resources, &call.body),
        Endpoint::SearchAction => search::answer(&answerer, Sought::Actions, &call.body),
        Endpoint::Metadata => metadata::answer(identifier),
        _ => Err(Refusal::Internal),
    })
}

impl Handler for DecisionService {
    async fn handle(&self, request: Request<Incoming>) -> Reply {
        let started = Instant::now();
        let received = self.receive(request).await;
        let (revision, mut reply) = self.answer(received.call).await;
        let headers = reply.headers_mut();
        headers.insert(OCTROI_REVISION, revision);
        if let Some(request_id) = received.request_id {
            headers.insert(X_REQUEST_ID, request_id);
        }
        self.metrics.http.record(
            received.endpoint,
            reply.status().as_u16(),
            started.elapsed(),
        );
        reply
    }
}

/// A panic is a defect, and no reason to allow anything, nor to stop answering everybody else.
fn unless_panicking<T>(answer: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(answer)).unwrap_or(Err(Refusal::Internal))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hyper::StatusCode;
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_openapi_description_has_the_same_paths_and_methods() {
        let text = include_str!("../../schemas/openapi.yaml");
        let description: Value = serde_yaml::from_str(text).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in description["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                described.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        let served = ROUTES.routes.iter().flat_map(|route| {
            let methods = route.methods.allow().split(", ");
            methods.map(|method| format!("{method} {}", route.path))
        });
        assert_eq!(described, served.collect());
    }

    #[test]
    fn a_panic_is_a_500() {
        let answer = unless_panicking::<Reply>(|| panic!("a defect"));
        let reply = answer.unwrap_or_else(Refusal::into_reply);
        assert_eq!(reply.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
