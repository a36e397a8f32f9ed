//! Typed values by name.

use std::ops::Deref;
use std::sync::Arc;

use super::Typed;

/// Typed values by name, none twice. There are few, so they are looked through. Files own names and texts; what a
/// question says is borrowed, see [`Said`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values<N = Arc<str>, S = Box<str>> {
    pairs: Vec<(N, Typed<S>)>,
}

/// Typed values of a question, or lent to it.
pub type Said<'q> = Values<&'q str, &'q str>;

impl<N, S> Default for Values<N, S> {
    fn default() -> Self {
        Self { pairs: Vec::new() }
    }
}

impl<N: Deref<Target = str>, S> Values<N, S> {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// No values, with room for some.
    pub fn with_capacity(count: usize) -> Self {
        Self {
            pairs: Vec::with_capacity(count),
        }
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Typed<S>> {
        self.pairs
            .iter()
            .find_map(|(known, value)| (**known == *name).then_some(value))
    }

    /// Whether there is a value of that name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Gives a name a value, whether it had one or not.
    pub fn insert(&mut self, name: N, value: Typed<S>) {
        match self.pairs.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, known)) => *known = value,
            None => self.pairs.push((name, value)),
        }
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Typed<S>)> {
        self.pairs.iter().map(|(name, value)| (&**name, value))
    }
}
