//! Octroi: the authorization sidecar for accounts inside accounts.
pub mod cli;
pub mod compile;
pub mod diagnostic;
pub mod document;
pub mod explain;
pub mod model;
pub mod pipeline;
pub mod snapshot;
pub mod source;
pub mod suite;
pub mod value;
