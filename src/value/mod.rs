//! Values: as a question or a file writes them ([`Json`]), and as a declared type takes them ([`Typed`]).

mod json;
mod typed;

pub use json::{Json, member};
pub use typed::Typed;
