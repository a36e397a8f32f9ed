//! Reads a policy folder into memory, within limits. The only module that opens policy files.
//!
//! What comes out is [`Sources`]: the text of every file, named by its path relative to the folder, the folder's
//! revision, and the places ([`Span`]) that every later stage carries along so that a message can always point at
//! the author's own line.

mod folder;
mod span;

pub use folder::{Limits, ReadError, read_folder};
pub use span::{Position, SourceId, Span, Spanned};

use std::sync::Arc;

/// One policy file, as it was read.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: Arc<str>,
    text: Arc<str>,
    line_starts: Arc<[u32]>,
}

impl SourceFile {
    /// Takes a file's text under its path relative to the policy folder, with `/` between the parts.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at as u32 + 1))
            .collect();
        Self {
            path: path.into(),
            text,
            line_starts,
        }
    }

    /// The path relative to the policy folder, with `/` between the parts.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The file's whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset, both counted from 1; columns count characters.
    pub fn position(&self, offset: u32) -> Position {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self
            .line_starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        let before = self
            .text
            .get(start as usize..offset as usize)
            .unwrap_or_default();
        Position {
            line: line as u32,
            column: before.chars().count() as u32 + 1,
        }
    }

    /// Whether the file holds YAML documents (as opposed to raw Cedar).
    pub fn is_yaml(&self) -> bool {
        self.path.ends_with(".yaml") || self.path.ends_with(".yml")
    }
}

/// Every file of a policy folder at one moment.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    revision: Arc<str>,
}

impl Sources {
    /// Sources from texts in memory; tests and benches use it, `read_folder` is for files.
    pub fn from_texts<P: Into<Arc<str>>, T: Into<Arc<str>>>(
        texts: impl IntoIterator<Item = (P, T)>,
    ) -> Self {
        let files = texts
            .into_iter()
            .map(|(path, text)| SourceFile::new(path, text))
            .collect();
        Self::new(files)
    }

    fn new(mut files: Vec<SourceFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let revision = folder::revision(&files).into();
        Self { files, revision }
    }

    /// The files, sorted by path, with the ids that spans use.
    pub fn files(&self) -> impl Iterator<Item = (SourceId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(index, file)| (SourceId::new(index), file))
    }

    /// The file that a span points into.
    pub fn get(&self, id: SourceId) -> Option<&SourceFile> {
        self.files.get(id.index())
    }

    /// SHA-256 over the sorted relative paths and the bytes of the policy files, in hexadecimal: the same on every
    /// machine for the same folder.
    pub fn revision(&self) -> &Arc<str> {
        &self.revision
    }

    /// `path:line` of a span's start, as explanations and `octroi compile` print it.
    pub fn place(&self, span: Span) -> String {
        match self.get(span.source) {
            Some(file) => format!("{}:{}", file.path(), file.position(span.start).line),
            None => String::new(),
        }
    }
}
