//! Typed values by name.

use std::sync::Arc;

use super::Typed;

/// Typed values by name, none twice. There are few, so they are looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    pairs: Vec<(Arc<str>, Typed)>,
}

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Typed> {
        self.iter()
            .find_map(|(known, value)| (**known == *name).then_some(value))
    }

    /// Whether there is a value of that name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Gives a name a value, whether it had one or not.
    pub fn insert(&mut self, name: Arc<str>, value: Typed) {
        match self.pairs.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, known)) => *known = value,
            None => self.pairs.push((name, value)),
        }
    }

    /// Takes a value away.
    pub fn remove(&mut self, name: &str) {
        self.pairs.retain(|(known, _)| **known != *name);
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Typed)> {
        self.pairs.iter().map(|(name, value)| (name, value))
    }
}
