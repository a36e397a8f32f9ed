//! Everything that keeps a request from being answered, and the one place where that becomes HTTP.

use hyper::StatusCode;
use hyper::header::{ALLOW, CONNECTION, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;

use super::reply::{self, Reply};
use crate::authzen::Malformed;

/// How to authenticate, after RFC 6750: without an error for who did not try.
const CHALLENGE: &str = r#"Bearer realm="octroi""#;
const CHALLENGE_AGAIN: &str = r#"Bearer realm="octroi", error="invalid_token", error_description="the token is none that is accepted""#;

/// Why a request is not answered. The message is one line that says where and what.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nothing is served under this path.
    #[error("nothing is served under this path; {served}")]
    NotFound {
        /// What is.
        served: &'static str,
    },
    /// The path does not take this method.
    #[error("this path takes {allow} only")]
    Method {
        /// The methods that it takes.
        allow: &'static str,
    },
    /// The body is not declared as JSON.
    #[error("the header `Content-Type` must be given once, as application/json")]
    ContentType,
    /// `Octroi-Min-Generation` is no number.
    #[error(
        "the header `Octroi-Min-Generation` must be given once, as a whole number, a generation as /status shows it"
    )]
    Generation,
    /// The body is larger than is read.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The most that is read.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive within {seconds} s")]
    Slow {
        /// How long was waited.
        seconds: u64,
    },
    /// The body broke off, or its framing is wrong.
    #[error("the body could not be read to its end")]
    BrokenOff,
    /// The body is no question.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The metadata document needs to know how callers reach this PDP.
    #[error(
        "there is no metadata document: start octroi with --identifier https://..., the URL by which callers know it"
    )]
    NoIdentifier,
    /// What is published is older than asked for.
    #[error(
        "the published generation is {published}, older than the {asked} that `Octroi-Min-Generation` asks for"
    )]
    Behind {
        /// What is published.
        published: u64,
        /// What was asked for.
        asked: u64,
    },
    /// The admin listener was addressed by a name that is not its own.
    #[error("the admin listener is not served under the name in `Host`; --admin-host adds one")]
    ForeignHost,
    /// A page of another origin asks the admin listener.
    #[error("the admin listener answers no page of another origin")]
    ForeignOrigin,
    /// A token is needed, and none came.
    #[error("a token is needed: send the header `Authorization` once, as `Bearer TOKEN`")]
    NoToken,
    /// A token came that is none of those that are accepted.
    #[error("the token in `Authorization` is none that is accepted")]
    WrongToken,
    /// A defect of this program.
    #[error("internal error; the log says more")]
    Internal,
}

#[derive(Serialize)]
struct Problem {
    error: String,
}

impl Refusal {
    /// The answer: `{"error": "..."}` under the status and with the headers that go with it.
    pub(super) fn into_reply(self) -> Reply {
        let error = self.to_string();
        let body = serde_json::to_vec(&Problem { error }).unwrap_or_default();
        let mut reply = reply::json(self.status(), body);
        if let Some((name, value)) = self.header() {
            reply.headers_mut().insert(name, value);
        }
        reply
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. } | Self::NoIdentifier => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType
            | Self::Generation
            | Self::BrokenOff
            | Self::Malformed(Malformed::Shape(_)) => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } | Self::Malformed(Malformed::TooMany(_)) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Slow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Behind { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::ForeignHost | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NoToken | Self::WrongToken => StatusCode::UNAUTHORIZED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Method { allow } => Some((ALLOW, HeaderValue::from_static(allow))),
            Self::Behind { .. } => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            Self::NoToken => Some((WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE))),
            Self::WrongToken => Some((WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE_AGAIN))),
            Self::TooLarge { .. } | Self::Slow { .. } | Self::BrokenOff => {
                Some((CONNECTION, HeaderValue::from_static("close")))
            }
            _ => None,
        }
    }
}
