//! A question: who, what, on what, under which circumstances. Its parts are AuthZEN's (Authorization API 1.0,
//! section 5).

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use crate::value::{Json, Members};

/// An access question.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Question<'a> {
    /// Who asks to act.
    pub subject: Part<'a, Entity<'a>>,
    /// What it asks to do.
    pub action: Part<'a, Action<'a>>,
    /// What it asks to act on.
    pub resource: Part<'a, Entity<'a>>,
    /// The circumstances.
    pub context: Part<'a, Members<'a>>,
}

/// A part of a question: its own, or lent by something that several questions share. (A [`Cow`] would not do: it pins
/// the lifetime within what it holds.)
#[derive(Debug, Clone)]
pub enum Part<'a, T> {
    /// Of this question alone.
    Own(T),
    /// Shared.
    Lent(&'a T),
}

impl<T> Deref for Part<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Own(part) => part,
            Self::Lent(part) => part,
        }
    }
}

impl<T: PartialEq> PartialEq for Part<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Hash> Hash for Part<'_, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T> From<T> for Part<'_, T> {
    fn from(part: T) -> Self {
        Self::Own(part)
    }
}

impl<T: Clone> Part<'_, T> {
    /// The part, to be changed for this question alone.
    pub fn own(&mut self) -> &mut T {
        if let Self::Lent(part) = self {
            *self = Self::Own(part.clone());
        }
        match self {
            Self::Own(part) => part,
            Self::Lent(_) => unreachable!("made its own above"),
        }
    }
}

/// A subject or resource.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Entity<'a> {
    /// Its type.
    pub kind: Cow<'a, str>,
    /// Its id.
    pub id: Cow<'a, str>,
    /// What the caller says of it.
    pub properties: Part<'a, Members<'a>>,
}

/// An action.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Action<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// What the caller says of it.
    pub properties: Part<'a, Members<'a>>,
}

impl<'a> Question<'a> {
    /// A property of the resource; `null` counts as absent.
    pub fn property(&self, name: &str) -> Option<&Json<'a>> {
        self.resource.properties.get(name)
    }
}
