//! Answers, as small as they can be.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

/// An answer with its whole body.
pub(super) type Reply = Response<Full<Bytes>>;

/// The revision that answered; on every answer of a decision listener.
pub(super) const OCTROI_REVISION: HeaderName = HeaderName::from_static("octroi-revision");
/// The caller's own mark, given back.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// What Prometheus scrapes.
pub(super) const EXPOSITION: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// A JSON answer.
pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    with_type(status, JSON, body)
}

/// A line for people and probes.
pub(super) fn text(status: StatusCode, body: &'static str) -> Reply {
    with_type(status, TEXT, body)
}

pub(super) fn with_type(status: StatusCode, kind: HeaderValue, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    reply
}
