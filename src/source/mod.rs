//! Reads a policy folder into memory, within limits. The only module that opens policy files.
//!
//! What comes out is [`Sources`]: the text of every file, named by its path relative to the folder, the folder's
//! revision, and the places ([`Span`]) that every later stage carries along so that a message can always point at
//! the author's own line.

mod folder;
mod git;
mod numbering;
mod revision;
mod span;
mod stamp;

pub use folder::{
    Limits, ReadError, Reading, Visitor, is_policy_file, read_files_again, read_folder,
};
pub use git::read_revision;
pub use span::{Position, SourceId, Span, Spanned};

use std::collections::BTreeMap;
use std::sync::Arc;

use numbering::Numbering;
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

    /// Whether another reading found the same. The text is held once then, unless the file was another in between.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_same = |one: &Arc<str>, other: &Arc<str>| Arc::ptr_eq(one, other) || one == other;
        is_same(&self.path, &other.path)
            && is_same(&self.text, &other.text)
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
    /// By path, which is by id too.
    files: Arc<[(SourceId, SourceFile)]>,
    numbering: Numbering,
    revision: Revision,
}

/// How the files of a folder differ from those of an earlier reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Those whose text is another, in order.
    pub changed: Vec<SourceId>,
    /// Those that were not there before, in order.
    pub came: Vec<SourceId>,
    /// Those that are not there any more, in order.
    pub went: Vec<SourceId>,
}

impl Difference {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.came.is_empty() && self.went.is_empty()
    }
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
        let files = texts
            .into_iter()
            .map(|(path, text)| SourceFile::new(path, text))
            .map(|file| (file.path().to_owned(), Some(file)));
        self.with(files.collect())
    }

    /// These sources without some files, as a reading finds them after they were removed.
    pub fn without<'p>(&self, paths: impl IntoIterator<Item = &'p str>) -> Self {
        let files = paths.into_iter().map(|path| (path.to_owned(), None));
        self.with(files.collect())
    }

    /// These sources with what some paths hold now: a file, or nothing any more.
    fn with(&self, mut changes: BTreeMap<String, Option<SourceFile>>) -> Self {
        let mut files = Vec::with_capacity(self.files.len() + changes.len());
        for (_, file) in &*self.files {
            match changes.remove(file.path()) {
                None => files.push(file.clone()),
                Some(file) => files.extend(file),
            }
        }
        files.extend(changes.into_values().flatten());
        Self::new(files, self)
    }

    /// Sorts the files; for the revision, what was digested `before` need not be digested again.
    fn new(mut files: Vec<SourceFile>, before: &Self) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let revision = Revision::of(&files, before);
        let (ids, numbering) = before.numbering.go_on(&files, &before.files);
        Self {
            files: ids.into_iter().zip(files).collect(),
            numbering,
            revision,
        }
    }

    /// The files, sorted by path, with the ids that spans use.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (SourceId, &SourceFile)> {
        self.files.iter().map(|(id, file)| (*id, file))
    }

    /// The file of a path.
    fn find(&self, path: &str) -> Option<&SourceFile> {
        let index = self
            .files
            .binary_search_by(|(_, file)| (*file.path).cmp(path));
        self.files.get(index.ok()?).map(|(_, file)| file)
    }

    /// The file that a span points into.
    pub fn get(&self, id: SourceId) -> Option<&SourceFile> {
        let index = self.files.binary_search_by_key(&id, |(id, _)| *id);
        self.files.get(index.ok()?).map(|(_, file)| file)
    }

    /// SHA-256 over the sorted relative paths and the bytes of the policy files, in hexadecimal: the same on every
    /// machine for the same folder.
    pub fn revision(&self) -> &Arc<str> {
        self.revision.as_hex()
    }

    /// How these files differ from others, which must have been read before them; nothing if their ids cannot be
    /// compared.
    pub fn changed_since(&self, before: &Self) -> Option<Difference> {
        if !self.numbering.is_same(&before.numbering) {
            return None;
        }
        let mut difference = Difference::default();
        let (mut files, mut others) = (self.files().peekable(), before.files().peekable());
        loop {
            let (file, other) = (files.peek().copied(), others.peek().copied());
            let (Some(id), Some(other_id)) = (
                file.or(other).map(|(id, _)| id),
                other.or(file).map(|(id, _)| id),
            ) else {
                return Some(difference);
            };
            if file.is_some() && (other.is_none() || id < other_id) {
                difference.came.push(id);
                files.next();
            } else if other.is_some() && (file.is_none() || other_id < id) {
                difference.went.push(other_id);
                others.next();
            } else {
                let is_same = |((_, file), (_, other)): (
                    (SourceId, &SourceFile),
                    (SourceId, &SourceFile),
                )| file.is_same(other);
                if !file.zip(other).is_some_and(is_same) {
                    difference.changed.push(id);
                }
                files.next();
                others.next();
            }
        }
    }

    /// `path:line` of a span's start, as explanations and `octroi compile` print it.
    pub fn place(&self, span: Span) -> String {
        match self.get(span.source) {
            Some(file) => format!("{}:{}", file.path(), file.position(span.start).line),
            None => String::new(),
        }
    }
}
