//! The network side: a decision listener for apps, an admin listener for those who run the sidecar.
//!
//! Addresses become [`Bound`] listeners: TCP, TLS or a Unix socket. What comes in is served, in HTTP/1 or HTTP/2,
//! until the [`Phase`] says draining. Certificates and tokens are followed like policies: a good change is taken at
//! once, a bad one changes nothing. Each request of the
//! decision listener has two halves: the first reads it and awaits, the second has the snapshot and does not, so no
//! request sees two snapshots and none holds one while it waits. Errors become HTTP in one function, [`Refusal`]'s.
//! Nothing here knows YAML or Cedar, and nothing here writes what is published.

mod address;
mod admin;
mod answerer;
mod asks;
mod body;
mod certificates;
mod connection;
mod decision;
mod evaluation;
mod evaluations;
mod files;
mod host;
mod listener;
mod metadata;
mod phase;
mod preface;
mod refusal;
mod reply;
mod route;
mod search;
mod status;
mod tls;
mod tokens;
mod unix;

pub use address::{AddressError, ListenAddress};
pub use admin::{Admin, Served};
pub use certificates::{CertificateError, CertificateFiles};
pub use decision::{DecisionService, ExplainMode};
pub use files::{FileError, FileHealth};
pub use host::AdminHost;
pub use listener::{BindError, BindOptions, Bound, Limits};
pub use metadata::{Identifier, IdentifierError};
pub use phase::{Phase, Phases};
pub use refusal::Refusal;
pub use tls::Tls;
pub use tokens::{Tokens, TokensError};
pub use unix::UnixMode;
