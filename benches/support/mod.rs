//! What the benches share: policy folders of any size, and questions about them whose answers are known.

pub mod questions;
pub mod world;
