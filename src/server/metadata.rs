//! `GET /.well-known/authzen-configuration`: where this PDP's endpoints are (AuthZEN, Authorization API 1.0, section 9).

use std::str::FromStr;

use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use hyper::{StatusCode, Uri};
use serde::Serialize;

use super::Refusal;
use super::reply::{self, Reply};
use super::route::path;

/// The document changes only with a restart.
const AN_HOUR: HeaderValue = HeaderValue::from_static("max-age=3600");

/// The URL by which callers know this PDP, and the document that follows from it.
#[derive(Debug, Clone)]
pub struct Identifier {
    /// Its path without a slash at the end: nothing, or `/tenant1`.
    path: String,
    document: Bytes,
}

/// Why a text is no identifier.
#[derive(Debug, thiserror::Error)]
#[error(
    "not the URL of a PDP, such as https://pdp.example.com: it begins with https://, names a host, and has neither user nor query nor fragment"
)]
pub struct IdentifierError;

#[derive(Serialize)]
struct Document<'a> {
    policy_decision_point: &'a str,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    search_subject_endpoint: String,
    search_resource_endpoint: String,
    search_action_endpoint: String,
}

impl FromStr for Identifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| IdentifierError)?;
        let authority = uri.authority().ok_or(IdentifierError)?;
        let is_https = uri.scheme_str() == Some("https") && text.starts_with("https://");
        if !is_https
            || uri.query().is_some()
            || text.contains('#')
            || authority.as_str().contains('@')
            || authority.host().is_empty()
        {
            return Err(IdentifierError);
        }
        // The identifier stays as it was written, byte for byte (section 9.2.3); the endpoints are below it.
        let base = text.trim_end_matches('/');
        let below = |path: &str| format!("{base}{path}");
        let document = serde_json::to_vec(&Document {
            policy_decision_point: text,
            access_evaluation_endpoint: below(path::EVALUATION),
            access_evaluations_endpoint: below(path::EVALUATIONS),
            search_subject_endpoint: below(path::SEARCH_SUBJECT),
            search_resource_endpoint: below(path::SEARCH_RESOURCE),
            search_action_endpoint: below(path::SEARCH_ACTION),
        });
        Ok(Self {
            path: uri.path().trim_end_matches('/').to_owned(),
            document: document.map_err(|_| IdentifierError)?.into(),
        })
    }
}

impl Identifier {
    /// The path that a request means: an identifier with a path puts the endpoints below that, and the document at the
    /// well-known path *before* it (section 9.2). Both are also served without it, for gateways that cut it off.
    pub(super) fn meant<'p>(&self, path: &'p str) -> &'p str {
        let own = |rest: &'p str| rest.starts_with('/').then_some(rest);
        let document = path.trim_end_matches('/').strip_suffix(self.path.as_str());
        document
            .filter(|path| *path == path::METADATA)
            .or_else(|| path.strip_prefix(self.path.as_str()).and_then(own))
            .unwrap_or(path)
    }

    /// The document.
    pub(super) fn reply(&self) -> Reply {
        let mut reply = reply::json(StatusCode::OK, self.document.clone());
        reply.headers_mut().insert(CACHE_CONTROL, AN_HOUR);
        reply
    }
}

/// The document, or how to have one.
pub(super) fn answer(identifier: Option<&Identifier>) -> Result<Reply, Refusal> {
    identifier
        .map(Identifier::reply)
        .ok_or(Refusal::NoIdentifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_an_https_url() {
        for (text, accepted) in [
            ("https://pdp.example.com", true),
            ("https://pdp.example.com/", true),
            ("https://pdp.example.com:8443/tenant1", true),
            ("https://[::1]:8443", true),
            ("http://pdp.example.com", false),
            ("HTTPS://pdp.example.com", false),
            ("https://", false),
            ("https://user@pdp.example.com", false),
            ("https://pdp.example.com/?a=b", false),
            ("https://pdp.example.com/#a", false),
            ("pdp.example.com", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Identifier>().is_ok(), accepted, "{text}");
        }
    }

    #[test]
    fn a_path_goes_before_the_endpoints_and_after_the_well_known_path() {
        let identifier: Identifier = "https://pdp.example.com/tenant1/".parse().unwrap();
        for (path, meant) in [
            ("/tenant1/access/v1/evaluation", path::EVALUATION),
            ("/access/v1/evaluation", path::EVALUATION),
            ("/.well-known/authzen-configuration/tenant1", path::METADATA),
            (
                "/.well-known/authzen-configuration/tenant1/",
                path::METADATA,
            ),
            ("/.well-known/authzen-configuration", path::METADATA),
            (
                "/tenant1x/access/v1/evaluation",
                "/tenant1x/access/v1/evaluation",
            ),
            ("/tenant1", "/tenant1"),
        ] {
            assert_eq!(identifier.meant(path), meant, "{path}");
        }
        let document: serde_json::Value = serde_json::from_slice(&identifier.document).unwrap();
        assert_eq!(
            document["policy_decision_point"],
            "https://pdp.example.com/tenant1/"
        );
        let evaluation = "https://pdp.example.com/tenant1/access/v1/evaluation";
        assert_eq!(document["access_evaluation_endpoint"], evaluation);
    }
}
