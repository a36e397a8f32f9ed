//! Places in policy files, and values that remember theirs.

/// Names one file of a [`Sources`](super::Sources), and of those read after it: ids are in the order of paths, and a
/// file keeps its own when others come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(u32);

impl SourceId {
    pub(crate) fn new(number: u32) -> Self {
        Self(number)
    }

    /// What ids are compared by.
    pub(super) fn number(self) -> u32 {
        self.0
    }
}

/// A range of bytes in one policy file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// First byte of the range.
    pub start: u32,
    /// The byte after the range.
    pub end: u32,
}

/// Line and column in a file, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A value together with the place where the author wrote it.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Puts a value and its place together.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
