//! What the modules share: a policy folder to change, the real program on it, and a client that sends exactly the
//! bytes it is told to.

mod client;
mod component;
mod policies;
mod sidecar;
mod stub;

pub(crate) use client::{Answer, Client, evaluation, question};
pub(crate) use component::{has_component, python_program};
pub(crate) use policies::Policies;
pub(crate) use sidecar::{Sidecar, exits_within, wait_until};
pub(crate) use stub::{Act, Stub};
