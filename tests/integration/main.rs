//! The program as a whole: its verbs, its server, its answers compared with a naive model.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod cli;
mod golden;
mod naive;
mod random;
mod shipped;
