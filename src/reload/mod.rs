//! From a changed file to a published snapshot.
//!
//! [`Pdp`] holds what is published, one immutable [`Published`] behind an `ArcSwap`; its only writer is the
//! [`Reloader`], which alone owns a `Publisher`. A change is read and compiled on a thread of its own, off the request
//! path, and published whole or not at all.
//!
//! Events of the operating system name the files that changed, and only these are read again; where that is not all
//! there is to a change, the folder is walked through. A `Burst` decides when: a single edit at once, many when they
//! pause. The folder is walked through now and then in any case, and polled where there are no events.
//! This module knows neither YAML nor Cedar (the pipeline does) and no HTTP but the form of one header's value.

mod burst;
mod checkout;
mod events;
mod findings;
mod generation;
mod links;
mod outcome;
mod pdp;
mod reloader;
mod report;
mod requests;
mod scan;
mod warnings;
mod watch;

pub use outcome::Outcome;
pub use pdp::{Pdp, Published};
pub use reloader::{Options, Reloader, StartError};
pub use report::{Followed, Following, Refusal, Reload, Report, Watching};
pub use requests::ReloadHandle;
