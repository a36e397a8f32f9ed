//! `octroi check --fix`: misspelt names become the ones that were meant. Nothing else of a file changes, and a file is
//! replaced whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use crate::cli::{Exit, load, message};
use crate::diagnostic::Edit;
use crate::pipeline::Outcome;
use crate::source::{SourceFile, SourceId};

/// Most rounds: a name that was put right can bring up others, which nothing could say of before.
const ROUNDS_MAX: usize = 8;

/// Puts names right until none is left that only one name can be meant by; what is found then is returned.
pub(super) fn run(folder: &Path) -> Result<Outcome, Exit> {
    let mut fixed = 0;
    for _ in 0..ROUNDS_MAX {
        let outcome = load(folder)?;
        let edits = edits(&outcome);
        if edits.is_empty() {
            break;
        }
        for (id, edits) in by_file(edits) {
            let Some(file) = outcome.sources.get(id) else {
                continue;
            };
            if let Err(error) = write(folder, file, &edits) {
                message(&format!(
                    "octroi check: cannot change `{}`: {error}\n",
                    file.path()
                ));
                return Err(Exit::Failure);
            }
            for edit in &edits {
                let at = file.position(edit.span.start);
                message(&format!(
                    "fixed {}:{}:{}: `{}` is `{}` now\n",
                    file.path(),
                    at.line,
                    at.column,
                    edit.written,
                    edit.meant
                ));
            }
            fixed += edits.len();
        }
    }
    if fixed == 0 {
        message("nothing to fix: no misspelt name can be put right without guessing\n");
    }
    load(folder)
}

/// The edits of a round, in order; of two about the same place, and of two that overlap, the first.
fn edits(outcome: &Outcome) -> Vec<Edit> {
    let found = outcome.diagnostics.iter();
    let mut edits: Vec<Edit> = found
        .filter_map(|diagnostic| diagnostic.edit(&outcome.sources))
        .collect();
    edits.sort_by_key(|edit| edit.span);
    edits.dedup_by(|later, earlier| {
        later.span.source == earlier.span.source && later.span.start < earlier.span.end
    });
    edits
}

fn by_file(edits: Vec<Edit>) -> Vec<(SourceId, Vec<Edit>)> {
    let mut files: Vec<(SourceId, Vec<Edit>)> = Vec::new();
    for edit in edits {
        match files.last_mut() {
            Some((id, edits)) if *id == edit.span.source => edits.push(edit),
            _ => files.push((edit.span.source, vec![edit])),
        }
    }
    files
}

/// The file's text with the edits, which are in order and do not overlap.
fn edited(text: &str, edits: &[Edit]) -> Option<String> {
    let mut edited = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        edited.push_str(text.get(at..edit.span.start as usize)?);
        edited.push_str(&edit.meant);
        at = edit.span.end as usize;
    }
    edited.push_str(text.get(at..)?);
    Some(edited)
}

/// Replaces a file by way of another beside it, whose name begins with a dot, so that nobody reads it half written. A
/// symbolic link stays one; permissions stay.
fn write(folder: &Path, file: &SourceFile, edits: &[Edit]) -> io::Result<()> {
    let path = folder.join(file.path()).canonicalize()?;
    if fs::read(&path)? != file.text().as_bytes() {
        return Err(io::Error::other("it changed meanwhile; check again"));
    }
    let text = edited(file.text(), edits).ok_or_else(|| io::Error::other("no such place"))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.octroi-{}", std::process::id()));
    let written = write_new(&beside, text.as_bytes(), &path);
    let replaced = written.and_then(|()| fs::rename(&beside, &path));
    if replaced.is_err() {
        let _ = fs::remove_file(&beside);
    }
    replaced
}

fn write_new(path: &Path, bytes: &[u8], like: &Path) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.set_permissions(fs::metadata(like)?.permissions())?;
    file.write_all(bytes)?;
    file.sync_all()
}
