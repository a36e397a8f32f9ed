//! The engine's inside, as far as the way to a decision uses it: values that are made without its parsers, and
//! conditions that are evaluated without its store of entities. It changes with every release, which is why the engine's
//! versions are exact and nothing else names `cedar_policy_core`.

mod formula;
mod values;

pub use formula::{Fact, Facts, Formula, Root, Truth};
pub use values::{
    Attributes, Value, datetime, entities, entity, flag, record, text, texts, typed, uid,
};

/// The engine refused what it was given. A question can then only be denied.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

/// What the engine says when it refuses.
pub fn refused(error: impl std::fmt::Display) -> Refused {
    Refused(error.to_string())
}
