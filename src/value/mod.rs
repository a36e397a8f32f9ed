//! Values: as a question or a file writes them ([`Json`]), and as a declared type takes them ([`Typed`]).

mod json;
mod members;
mod typed;
mod values;

pub use json::Json;
pub use members::{Members, Repeated};
pub use typed::Typed;
pub use values::{Said, Values};
