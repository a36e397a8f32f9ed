//! Who may ask: callers that bear one of the tokens of a file.
//!
//! Only digests are kept, and they are compared in constant time, every one of them: how long a refusal takes tells
//! nothing of the tokens.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::Refusal;
use super::files::{self, Contents, FileError, FileHealth};

/// A shorter token could be guessed.
const LENGTH_MIN: usize = 16;

/// Why there are no tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line is too short.
    #[error(
        "{path}:{line}: the token is shorter than {LENGTH_MIN} bytes and could be guessed; `openssl rand -hex 32` makes a good one"
    )]
    Short {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// A line holds what no header can carry.
    #[error("{path}:{line}: a token is one word of visible ASCII characters, and this line is not")]
    Unsendable {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// Nobody could ask.
    #[error("{0}: there is no token in it; write one a line")]
    Empty(PathBuf),
}

type Digest = [u8; 32];

/// The tokens that are accepted now.
pub struct Tokens {
    path: PathBuf,
    digests: ArcSwap<Vec<Digest>>,
    health: FileHealth,
}

impl Tokens {
    /// Reads the file for the first time, and begins to follow it.
    ///
    /// # Errors
    /// When it cannot be read, holds no token, or a bad one.
    pub fn start(path: PathBuf) -> Result<Arc<Self>, TokensError> {
        let contents = files::read(std::slice::from_ref(&path))?;
        let digests = ArcSwap::from_pointee(digests(&path, &contents)?);
        files::warn_if_open("the tokens file", &path);
        let tokens = Arc::new(Self {
            path,
            digests,
            health: FileHealth::new("tokens"),
        });
        tokio::spawn(Arc::clone(&tokens).follow(contents));
        Ok(tokens)
    }

    /// Whether the file could be taken when it changed last.
    pub fn health(&self) -> FileHealth {
        self.health.clone()
    }

    async fn follow(self: Arc<Self>, known: Contents) {
        let paths = vec![self.path.clone()];
        files::follow(paths, known, |contents| self.changed(contents)).await;
    }

    fn changed(&self, contents: &Result<Contents, FileError>) {
        let contents = contents.as_ref().map_err(|error| error.clone().into());
        let file = self.path.display();
        match contents.and_then(|contents| digests(&self.path, contents)) {
            Ok(digests) => {
                let tokens = digests.len();
                self.digests.store(Arc::new(digests));
                self.health.is_good();
                tracing::info!(%file, tokens, "tokens reloaded");
            }
            Err(error) => {
                self.health.is_bad(&error);
                tracing::error!(%error, "tokens not reloaded, the ones before stay");
            }
        }
    }

    /// Refuses a request that bears none of the tokens.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let (Some(credentials), None) = (given.next(), given.next()) else {
            return Err(Refusal::NoToken);
        };
        let token = token(credentials.as_bytes()).ok_or(Refusal::NoToken)?;
        match self.knows(&token) {
            true => Ok(()),
            false => Err(Refusal::WrongToken),
        }
    }

    fn knows(&self, token: &[u8]) -> bool {
        let given = digest(token);
        let digests = self.digests.load();
        let is_known = digests.iter().fold(Choice::from(0), |is_known, digest| {
            is_known | digest.ct_eq(&given)
        });
        is_known.into()
    }
}

/// The token of `Bearer TOKEN`, or of `Basic` credentials whose password it is.
fn token(credentials: &[u8]) -> Option<Vec<u8>> {
    let space = credentials.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = credentials.split_at_checked(space)?;
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Some(rest.to_vec());
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let pair = STANDARD.decode(rest).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    pair.get(colon + 1..).map(<[u8]>::to_vec)
}

fn digest(token: &[u8]) -> Digest {
    Sha256::digest(token).into()
}

fn digests(path: &std::path::Path, contents: &Contents) -> Result<Vec<Digest>, TokensError> {
    let mut digests = Vec::new();
    for (line, text) in (1..).zip(
        contents
            .iter()
            .flat_map(|file| file.split(|byte| *byte == b'\n')),
    ) {
        let (path, token) = (|| path.to_owned(), text.trim_ascii());
        if token.is_empty() || token.starts_with(b"#") {
            continue;
        }
        if !token.iter().all(u8::is_ascii_graphic) {
            return Err(TokensError::Unsendable { path: path(), line });
        }
        if token.len() < LENGTH_MIN {
            return Err(TokensError::Short { path: path(), line });
        }
        digests.push(digest(token));
    }
    match digests.is_empty() {
        true => Err(TokensError::Empty(path.to_owned())),
        false => Ok(digests),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<usize, String> {
        let contents = vec![text.as_bytes().to_vec()];
        let digests = digests("tokens".as_ref(), &contents);
        digests
            .map(|list| list.len())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn reads_one_token_a_line() {
        assert_eq!(read("0123456789abcdef"), Ok(1));
        assert_eq!(
            read("# who\n\n  0123456789abcdef  \r\n#0123456789abcdef\nfedcba9876543210\n"),
            Ok(2)
        );
        for (text, expected) in [
            ("", "tokens: there is no token"),
            ("# nothing\n\n", "tokens: there is no token"),
            (
                "0123456789abcdef\n\nsecret\n",
                "tokens:3: the token is shorter",
            ),
            ("0123456789abcdef 2", "tokens:1: a token is one word"),
            ("0123456789abcdéf", "tokens:1: a token is one word"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
            assert!(
                !error.contains("secret") && !error.contains("0123"),
                "{error}"
            );
        }
    }

    #[test]
    fn finds_the_token() {
        for (credentials, expected) in [
            ("Bearer abc", Some("abc")),
            ("bEARER   abc ", Some("abc")),
            ("Bearer ", Some("")),
            ("Bearer", None),
            ("Bearerabc", None),
            ("", None),
            ("Digest abc", None),
            ("Basic YTpi", Some("b")),
            ("BASIC YTpiOmM=", Some("b:c")),
            ("Basic OmI=", Some("b")),
            ("Basic YTo=", Some("")),
            ("Basic YQ==", None),
            ("Basic YTpi!", None),
        ] {
            let found = token(credentials.as_bytes());
            assert_eq!(
                found.as_deref(),
                expected.map(str::as_bytes),
                "{credentials}"
            );
        }
    }
}
