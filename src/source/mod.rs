//! Reads a policy folder into memory, within limits. The only module that opens policy files.
//!
//! What comes out is [`Sources`]: the text of every file, named by its path relative to the folder, the folder's
//! revision, and the places ([`Span`]) that every later stage carries along so that a message can always point at
//! the author's own line.

mod folder;
mod git;
mod revision;
mod span;
mod stamp;

pub use folder::{Limits, ReadError, read_folder, read_folder_again};
pub use git::read_revision;
pub use span::{Position, SourceId, Span, Spanned};

use std::sync::Arc;

use revision::Revision;
use stamp::Stamp;

/// One policy file, as it was read.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: Arc<str>,
    text: Arc<str>,
    line_starts: Arc<[u32]>,
    problem: Option<Arc<str>>,
    /// What the file looked like from outside when it was read.
    stamp: Option<Stamp>,
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
            stamp: None,
        }
    }

    /// A file that is there and cannot be read as text: why, and for the revision what its bytes are like.
    fn unreadable(path: String, text: String, problem: String) -> Self {
        let mut file = Self::new(path, text);
        file.problem = Some(problem.into());
        file
    }

    /// Whether another reading found the same: then the text is held once.
    pub fn is_same(&self, other: &Self) -> bool {
        self.path == other.path
            && Arc::ptr_eq(&self.text, &other.text)
            && self.problem == other.problem
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
    files: Arc<[SourceFile]>,
    revision: Revision,
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
        Self::new(files, &Self::default())
    }

    /// These sources with some files' texts replaced, as a reading finds them after an edit: what is not named is kept.
    pub fn edited<P: Into<Arc<str>>, T: Into<Arc<str>>>(
        &self,
        texts: impl IntoIterator<Item = (P, T)>,
    ) -> Self {
        let mut files = self.files.to_vec();
        for (path, text) in texts {
            let file = SourceFile::new(path, text);
            match files.iter_mut().find(|known| known.path == file.path) {
                Some(known) => *known = file,
                None => files.push(file),
            }
        }
        Self::new(files, self)
    }

    /// Sorts the files; for the revision, what was digested `before` need not be digested again.
    fn new(mut files: Vec<SourceFile>, before: &Self) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let revision = Revision::of(&files, before);
        let files = files.into();
        Self { files, revision }
    }

    /// The files, sorted by path, with the ids that spans use.
    pub fn files(&self) -> impl Iterator<Item = (SourceId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(index, file)| (SourceId::new(index), file))
    }

    /// The file of a path.
    fn find(&self, path: &str) -> Option<&SourceFile> {
        let index = self.files.binary_search_by(|file| (*file.path).cmp(path));
        self.files.get(index.ok()?)
    }

    /// The file that a span points into.
    pub fn get(&self, id: SourceId) -> Option<&SourceFile> {
        self.files.get(id.index())
    }

    /// SHA-256 over the sorted relative paths and the bytes of the policy files, in hexadecimal: the same on every
    /// machine for the same folder.
    pub fn revision(&self) -> &Arc<str> {
        self.revision.as_hex()
    }

    /// The files that differ from those of other sources, which must be of the same paths; nothing if they are not.
    pub fn changed_since(&self, other: &Self) -> Option<Vec<SourceId>> {
        let (files, before) = (self.files.iter(), other.files.iter());
        if files.len() != before.len() {
            return None;
        }
        let mut changed = Vec::new();
        for (index, (file, before)) in files.zip(before).enumerate() {
            if file.path != before.path {
                return None;
            }
            if !file.is_same(before) {
                changed.push(SourceId::new(index));
            }
        }
        Some(changed)
    }

    /// `path:line` of a span's start, as explanations and `octroi compile` print it.
    pub fn place(&self, span: Span) -> String {
        match self.get(span.source) {
            Some(file) => format!("{}:{}", file.path(), file.position(span.start).line),
            None => String::new(),
        }
    }
}
