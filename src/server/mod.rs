//! The network side: a decision listener for apps, an admin listener for those who run the sidecar.
//!
//! Addresses become [`Bound`] listeners, which are served until the [`Phase`] says draining. Each request of the
//! decision listener has two halves: the first reads it and awaits, the second has the snapshot and does not, so no
//! request sees two snapshots and none holds one while it waits. Errors become HTTP in one function, [`Refusal`]'s.
//! Nothing here knows YAML or Cedar, and nothing here writes what is published.

mod address;
mod admin;
mod answerer;
mod body;
mod decision;
mod evaluation;
mod evaluations;
mod host;
mod listener;
mod metadata;
mod phase;
mod refusal;
mod reply;
mod route;
mod search;
mod status;

pub use address::{AddressError, ListenAddress};
pub use admin::Admin;
pub use decision::{DecisionService, ExplainMode};
pub use host::AdminHost;
pub use listener::{BindError, Bound, Limits};
pub use metadata::{Identifier, IdentifierError};
pub use phase::{Phase, Phases};
pub use refusal::Refusal;
