//! From a changed file to a published snapshot.
//!
//! [`Pdp`] holds what is published, one immutable [`Published`] behind an `ArcSwap`; its only writer is the
//! [`Reloader`], which alone owns a `Publisher`. A change is read and compiled on a blocking thread, off the
//! request path, and published whole or not at all.
//! This module knows neither YAML nor Cedar (the pipeline does) and no HTTP but the form of one header's value.

mod generation;
mod outcome;
mod pdp;
mod reloader;
mod report;
mod scan;
mod signal;
mod watch;

pub use outcome::Outcome;
pub use pdp::{Pdp, Published};
pub use reloader::{Reloader, StartError};
pub use report::{LastReload, Report};
