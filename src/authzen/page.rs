//! Pages of search results (section 8.2). A token says where a page begins and which search it belongs to; nothing is
//! remembered between two requests, so a token outlives reloads and works on every replica.

use std::hash::{Hash, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Malformed, malformed};
use crate::search::Search;
use crate::value::{Json, Members};

/// A part of a search's results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Most results; none is all.
    pub limit: Option<usize>,
    /// The result after which the page begins; none is the first page.
    pub after: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Token {
    /// The search that it belongs to.
    search: String,
    limit: usize,
    after: String,
}

impl Page {
    pub(super) fn read(mut page: Members<'_>, search: &Search<'_>) -> Result<Self, Malformed> {
        let limit = limit(page.take("limit"))?;
        let token = match page.take("token") {
            None => None,
            Some(Json::Text(text)) if text.is_empty() => None,
            Some(Json::Text(text)) => Some(read_token(&text)?),
            Some(_) => return Err(malformed("`page.token` must be a string")),
        };
        let Some(token) = token else {
            return Ok(Self {
                limit: limit.filter(|limit| *limit > 0),
                after: None,
            });
        };
        if token.search != fingerprint(search) {
            return Err(malformed(
                "`page.token` belongs to another search: send the same subject, action, resource and context",
            ));
        }
        if limit.is_some_and(|limit| limit != token.limit) {
            return Err(malformed(format!(
                "`page.limit` must stay {}, as it was on the page before",
                token.limit
            )));
        }
        Ok(Self {
            limit: Some(token.limit),
            after: Some(token.after),
        })
    }
}

/// The token with which a search goes on after a result.
pub fn next_token(search: &Search<'_>, limit: usize, after: &str) -> String {
    let token = Token {
        search: fingerprint(search),
        limit,
        after: after.to_owned(),
    };
    // A struct of texts and a number always has a JSON form.
    let json = serde_json::to_vec(&token).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(json)
}

fn read_token(text: &str) -> Result<Token, Malformed> {
    let json = URL_SAFE_NO_PAD.decode(text).ok();
    json.and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(|| malformed("`page.token` is none that this endpoint gave out"))
}

/// `limit` is a whole number; on a first page 0 is the same as none.
fn limit(json: Option<Json<'_>>) -> Result<Option<usize>, Malformed> {
    match json {
        None => Ok(None),
        Some(Json::Integer(limit)) if limit >= 0 => {
            Ok(Some(usize::try_from(limit).unwrap_or(usize::MAX)))
        }
        Some(_) => Err(malformed("`page.limit` must be a whole number, 0 or more")),
    }
}

/// What tells searches apart: all that they ask, whatever the order of members.
fn fingerprint(search: &Search<'_>) -> String {
    let mut hasher = Sha256Hasher(Sha256::new());
    search.hash(&mut hasher);
    let digest = hasher.0.finalize();
    URL_SAFE_NO_PAD.encode(digest.get(..12).unwrap_or_default())
}

/// Lets a value's own `Hash` feed SHA-256.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        let first = digest.first_chunk().copied().unwrap_or_default();
        u64::from_le_bytes(first)
    }
}
