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
    problem: Option<Arc<str>>,
}

impl SourceFile {
    /// Takes a file's text under its path relative to the policy folder, with `/` between the parts.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(line_ends(&text)).collect();
        Self {
            path: path.into(),
            text,
            line_starts,
            problem: None,
        }
    }

    /// A file that is there and cannot be read as text: why, and for the revision what its bytes are like.
    fn unreadable(path: String, text: String, problem: String) -> Self {
        let mut file = Self::new(path, text);
        file.problem = Some(problem.into());
        file
    }

    /// Why the file cannot be read as text, if it cannot.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
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
        // A byte order mark is no column.
        let characters = before.trim_start_matches('\u{feff}').chars().count();
        Position {
            line: line as u32,
            column: characters as u32 + 1,
        }
    }

    /// Whether the file holds YAML documents (as opposed to raw Cedar).
    pub fn is_yaml(&self) -> bool {
        self.path.ends_with(".yaml") || self.path.ends_with(".yml")
    }
}

/// The offsets at which lines after the first begin: behind a line feed, a carriage return, or both.
fn line_ends(text: &str) -> impl Iterator<Item = u32> {
    let bytes = text.as_bytes();
    let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    ends.map(|(at, _)| at as u32 + 1)
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
