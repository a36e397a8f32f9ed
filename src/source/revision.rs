//! The revision of a folder: one SHA-256 over all of it, which after an edit begins anew at the edited file.

use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{SourceFile, Sources};

/// After so many files the state of the hash is kept.
const FILES_A_MARK: usize = 64;

/// A revision, and states of the hash on the way to it: what lies before the first file that changed is not hashed
/// again. An edit of the first file of a folder hashes all of it, one of the last next to nothing.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    hex: Arc<str>,
    /// States before the files 0, [`FILES_A_MARK`], twice as many, and so on.
    marks: Arc<[Sha256]>,
}

impl Default for Revision {
    fn default() -> Self {
        Self {
            hex: "".into(),
            marks: [].into(),
        }
    }
}

impl Revision {
    /// SHA-256 over each file's path and bytes, each preceded by its length so that no two folders share a stream.
    pub(super) fn of(files: &[SourceFile], before: &Sources) -> Self {
        let mut both = files.iter().zip(before.files());
        let same = both
            .position(|(file, (_, before))| !file.is_same(before))
            .unwrap_or(files.len().min(before.files.len()));
        let known = before.revision.marks.get(..=same / FILES_A_MARK);
        let mut marks = known.unwrap_or(&before.revision.marks).to_vec();
        // The last mark kept is the state to go on from, and is set again.
        let mut hash = marks.pop().unwrap_or_default();
        for (index, file) in files.iter().enumerate().skip(marks.len() * FILES_A_MARK) {
            if index % FILES_A_MARK == 0 {
                marks.push(hash.clone());
            }
            for part in [file.path().as_bytes(), file.text().as_bytes()] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        let mut hex = String::with_capacity(64);
        for byte in hash.finalize() {
            let _ = write!(hex, "{byte:02x}");
        }
        Self {
            hex: hex.into(),
            marks: marks.into(),
        }
    }

    pub(super) fn as_hex(&self) -> &Arc<str> {
        &self.hex
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sources;

    /// Whatever file is edited or added, the revision is that of a folder read for the first time.
    #[test]
    fn goes_on_from_the_edited_file() {
        let name = |number: usize| format!("{number:03}.yaml");
        for count in [0, 1, 63, 64, 65, 128, 200] {
            let texts: Vec<_> = (0..count)
                .map(|number| (name(number), name(number)))
                .collect();
            let sources = Sources::from_texts(texts.clone());
            for edited in [0, 1, 62, 63, 64, 65, 127, 128, 199, 200] {
                let mut texts = texts.clone();
                texts.retain(|(known, _)| *known != name(edited));
                texts.push((name(edited), "edited".to_owned()));
                let again = sources.edited([(name(edited), "edited")]);
                let afresh = Sources::from_texts(texts);
                assert_eq!(again.revision(), afresh.revision(), "{count} {edited}");
                let twice = again.edited([(name(0), "twice"), (name(199), "twice")]);
                let afresh = afresh.edited([(name(199), "twice"), (name(0), "twice")]);
                let files = afresh.files().map(|(_, file)| (file.path(), file.text()));
                let afresh = Sources::from_texts(files);
                assert_eq!(twice.revision(), afresh.revision(), "{count} {edited}");
            }
        }
    }
}
