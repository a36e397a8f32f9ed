//! The checklist's "with auth on: no credentials -> 401; wrong ones -> 401; `WWW-Authenticate` (11.3)", and that known
//! credentials change no answer.

use std::fs;

use tempfile::TempDir;

use super::exchange::{ask, check};
use super::row::{Credentials, Row};
use super::vectors::EVALUATION;
use super::{checklist, start, vectors};
use crate::support::Sidecar;

const TOKENS: &str = "a-token-that-is-another\na-token-that-is-known\n";
/// As a bearer's token, and as a client's secret (`client:a-token-that-is-known`).
const KNOWN: [&str; 2] = [
    "Bearer a-token-that-is-known",
    "Basic Y2xpZW50OmEtdG9rZW4tdGhhdC1pcy1rbm93bg==",
];

/// A sidecar that asks who calls.
pub(super) struct Guarded {
    _tokens: TempDir,
    pub(super) sidecar: Sidecar,
}

impl Guarded {
    pub(super) fn start(folder: &str) -> Self {
        let tokens = TempDir::new().unwrap();
        let file = tokens.path().join("tokens");
        fs::write(&file, TOKENS).unwrap();
        let options = ["--tokens-file", file.to_str().unwrap()];
        Self {
            sidecar: start(folder, &options),
            _tokens: tokens,
        }
    }
}

#[test]
fn each_endpoint_asks_for_them() {
    let Guarded { sidecar, _tokens } = Guarded::start("oidf");
    for (path, body) in checklist::bodies() {
        let mut plain = Row::question(&path, body);
        for credentials in [Credentials::Omitted, Credentials::Invalid] {
            plain.credentials = Some(credentials);
            for row in plain.attempts() {
                let answer = ask(&sidecar, &row);
                assert_eq!(answer.status, 401, "{path}: {row:?}");
                assert!(answer.header("www-authenticate").is_some(), "{answer:?}");
            }
        }
        for known in KNOWN {
            let answer = ask(&sidecar, &plain.authorized(known));
            assert_eq!(answer.status, 200, "{path}, {known}: {answer:?}");
        }
    }
}

#[test]
fn a_scheme_is_compared_without_case() {
    let Guarded { sidecar, _tokens } = Guarded::start("oidf");
    let plain = Row::question(EVALUATION, checklist::bodies()[EVALUATION].clone());
    for known in KNOWN {
        let (scheme, token) = known.split_once(' ').unwrap();
        let row = plain.authorized(&format!("{} {token}", scheme.to_ascii_uppercase()));
        assert_eq!(ask(&sidecar, &row).status, 200, "{row:?}");
    }
}

#[test]
fn malformed_ones_are_wrong_ones() {
    let Guarded { sidecar, _tokens } = Guarded::start("oidf");
    let plain = Row::question(EVALUATION, checklist::bodies()[EVALUATION].clone());
    for wrong in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a-token-that-is-know",
        "Bearer a-token-that-is-known-",
        "Bearer a-token-that-is-known a-token-that-is-another",
        "Bearer A-TOKEN-THAT-IS-KNOWN",
        "Basic a-token-that-is-known",
        "Basic ???",
        "Token a-token-that-is-known",
        "a-token-that-is-known",
    ] {
        let answer = ask(&sidecar, &plain.authorized(wrong));
        assert_eq!(answer.status, 401, "{wrong}: {answer:?}");
    }
}

/// The suite's variants `api_key` and `client_secret_basic`.
#[test]
fn with_them_every_module_of_the_suite_passes() {
    let Guarded { sidecar, _tokens } = Guarded::start("oidf");
    let sets = vectors::all()
        .into_iter()
        .filter(|set| set.folder == "oidf");
    for row in sets.flat_map(|set| set.rows) {
        for known in KNOWN {
            let row = match row.credentials {
                None => row.authorized(known),
                Some(_) => row.clone(),
            };
            if let Err(mismatch) = check(&sidecar, &row) {
                panic!("{}, {known}: {mismatch}", row.id);
            }
        }
    }
}
