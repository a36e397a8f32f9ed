//! What the modules share: a policy folder to change, the real program on it, and a client that sends exactly the
//! bytes it is told to.

mod authority;
mod client;
mod component;
mod http2;
mod policies;
mod run;
mod sidecar;
mod stub;

pub(crate) use authority::{Authority, Issued, TlsClient};
pub(crate) use client::{Answer, Client, evaluation, question};
pub(crate) use component::{curl, has_component, node_program, python_program};
pub(crate) use http2::{Http2, answer};
pub(crate) use policies::Policies;
pub(crate) use run::{Workplace, fenced, octroi_in};
pub(crate) use sidecar::{Sidecar, exits_within, refusal, wait_until};
pub(crate) use stub::{Act, Stub};
