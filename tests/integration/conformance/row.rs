//! One request and what its answer must be: the common form of the vectors and of the checklist.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where the data lies.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

pub(super) fn read<T: DeserializeOwned>(path: &str) -> T {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Tokens that no sidecar knows: as a bearer's, and as a client's secret (`client:a-secret-that-is-wrong`).
const INVALID: [&str; 2] = [
    "Bearer a-token-that-is-wrong",
    "Basic Y2xpZW50OmEtc2VjcmV0LXRoYXQtaXMtd3Jvbmc=",
];

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) path: String,
    pub(super) request: Request,
    pub(super) expect: Expect,
    /// What the caller shows; only in rows for a sidecar that asks who calls.
    pub(super) credentials: Option<Credentials>,
    /// What a later revision of the suite sends instead.
    pub(super) later_body: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Credentials {
    Omitted,
    Invalid,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Request {
    pub(super) method: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) body: Option<Value>,
    /// The body as text, for what is no JSON.
    pub(super) raw_body: Option<String>,
    /// The body with a byte for each character, for what is no UTF-8.
    pub(super) latin1_body: Option<String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) send_x_request_id: bool,
}

/// What an answer must be. Anything that is not here says nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Expect {
    /// Any of these; none: 200.
    pub(super) status: Vec<u16>,
    pub(super) decision: Option<bool>,
    pub(super) decisions: Option<Vec<bool>>,
    /// Which items of a batch say what was wrong with them; the others have no `context`.
    pub(super) errors: Option<Vec<usize>>,
    pub(super) no_evaluations_member: bool,
    pub(super) response_truncated_at_trigger: bool,
    /// Some of the results.
    pub(super) results_include: Option<Vec<Value>>,
    /// The results, in any order.
    pub(super) results: Option<Vec<Value>>,
    /// The body, byte for byte.
    pub(super) body: Option<String>,
    /// The answer is the one to the body without the case's patch.
    pub(super) unchanged: bool,
    pub(super) headers: BTreeMap<String, String>,
    /// JSON pointers to what is an object.
    pub(super) objects: Vec<String>,
    pub(super) page: Option<Page>,
    pub(super) echo_x_request_id: bool,
    /// Asked so many times, the answer stays the same.
    pub(super) repeat: usize,
    /// The results are those of all pages together.
    pub(super) follow_next_token: bool,
}

/// What the first page says of itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    pub(super) count: u64,
    pub(super) total: u64,
    /// Whether a page follows.
    pub(super) more: bool,
}

impl Row {
    /// A question whose answer the caller looks at.
    pub(super) fn question(path: &str, body: Value) -> Self {
        Self::new(String::new(), path, body, Expect::default())
    }

    /// A question as a client would ask it.
    pub(super) fn new(id: String, path: &str, body: Value, expect: Expect) -> Self {
        let request = Request {
            content_type: Some("application/json".to_owned()),
            body: Some(body),
            ..Request::default()
        };
        Self {
            id,
            path: path.to_owned(),
            request,
            expect,
            credentials: None,
            later_body: None,
        }
    }

    /// The row once for each way in which its caller may show itself.
    pub(super) fn attempts(&self) -> Vec<Self> {
        match self.credentials {
            None | Some(Credentials::Omitted) => vec![self.clone()],
            Some(Credentials::Invalid) => INVALID.map(|value| self.authorized(value)).into(),
        }
    }

    pub(super) fn authorized(&self, authorization: &str) -> Self {
        let mut row = self.clone();
        let headers = &mut row.request.headers;
        headers.insert("Authorization".to_owned(), authorization.to_owned());
        row
    }

    pub(super) fn body(&self) -> Option<&Value> {
        self.later_body.as_ref().or(self.request.body.as_ref())
    }
}
