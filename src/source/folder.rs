//! Walking a policy folder: which files count, what is too large, and what need not be read again.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::stamp::Stamp;
use super::{SourceFile, Sources};
use crate::parallel;

/// Bounds on what a policy folder may hold; beyond them reading stops with an error, not with an exhausted machine.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most files read from a folder.
    pub files_max: usize,
    /// Largest single file, in bytes.
    pub file_bytes_max: u64,
    /// Deepest nesting of folders.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files_max: 200_000,
            file_bytes_max: 256 << 20,
            depth_max: 32,
        }
    }
}

/// Why a folder could not be read at all: it is read whole or not at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("cannot read `{path}`: {error}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the operating system said.
        error: io::Error,
    },
    /// POLICIES is no folder.
    #[error("`{path}` is not a folder of policies")]
    NotAFolder {
        /// The path as it was given.
        path: String,
    },
    /// More files than [`Limits::files_max`], or folders nested deeper than [`Limits::depth_max`] (a link to a
    /// folder above it, most likely).
    #[error("`{path}` holds too many files or folders: {what}")]
    TooMany {
        /// The folder.
        path: String,
        /// Which limit was met.
        what: String,
    },
    /// A git revision that cannot be read.
    #[error("cannot read the policies of `{revision}`: {why}")]
    Revision {
        /// The revision as it was given.
        revision: String,
        /// What is wrong.
        why: String,
    },
}

/// Files that one thread reads at a time.
const FILES_AT_ONCE: usize = 64;

/// Is told, while a folder is walked through, what the reading depends on beside the files.
pub trait Visitor {
    /// A folder is about to be listed, by the path that led there.
    fn folder(&mut self, path: &Path);
    /// A symbolic link is about to be followed.
    fn link(&mut self, path: &Path);
}

/// Nobody is told.
impl Visitor for () {
    fn folder(&mut self, _: &Path) {}
    fn link(&mut self, _: &Path) {}
}

/// How a folder is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The policy folder.
    pub root: &'a Path,
    /// What it may hold.
    pub limits: Limits,
    /// What was read before: texts that are the same are held once.
    pub before: &'a Sources,
    /// Whether files that look from outside as they did before are taken to be what they were, and not read.
    pub by_looks: bool,
}

/// Reads every `*.yaml`, `*.yml` and `*.cedar` below `root`. Names that begin with a dot are skipped, symbolic links
/// are followed.
///
/// # Errors
/// When the folder or one of its files cannot be read, or there are too many. A file that is no text, or too large, is
/// among the sources with its [`SourceFile::problem`].
pub fn read_folder(root: &Path, limits: Limits) -> Result<Sources, ReadError> {
    let reading = Reading {
        root,
        limits,
        before: &Sources::default(),
        by_looks: false,
    };
    reading.whole(&mut ())
}

impl Reading<'_> {
    /// Reads the whole folder, and tells what it depends on.
    ///
    /// # Errors
    /// As for [`read_folder`].
    pub fn whole(&self, visitor: &mut dyn Visitor) -> Result<Sources, ReadError> {
        must_be_folder(self.root)?;
        let mut paths = Vec::new();
        collect(self.root, 0, self.limits, visitor, &mut paths)?;
        let read = parallel::map(&paths, FILES_AT_ONCE, |paths| {
            paths
                .iter()
                .map(|path| self.file(path))
                .collect::<Result<Vec<_>, _>>()
        });
        let mut files = Vec::with_capacity(paths.len());
        for some in read {
            files.extend(some?);
        }
        Ok(Sources::new(files, self.before))
    }
}

/// Reads some files again, given by their paths relative to the root; all others are as they were before. Nothing where
/// that is not all: what is, or was, a folder or a link concerns more than its own name.
///
/// # Errors
/// As for [`read_folder`].
pub fn read_files_again<'p>(
    reading: Reading<'_>,
    files: impl IntoIterator<Item = &'p Path>,
) -> Result<Option<Sources>, ReadError> {
    must_be_folder(reading.root)?;
    let mut changes = BTreeMap::new();
    for relative in files {
        let path = reading.root.join(relative);
        let parent_is_there = || path.parent().is_some_and(Path::is_dir);
        let file = match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() && is_policy_file(&path) => {
                Some(reading.file(&path)?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && parent_is_there() => None,
            Ok(_) | Err(_) => return Ok(None),
        };
        changes.insert(relative_name(reading.root, &path), file);
    }
    let sources = reading.before.with(changes);
    Ok((sources.files.len() <= reading.limits.files_max).then_some(sources))
}

fn must_be_folder(root: &Path) -> Result<(), ReadError> {
    let path = || root.display().to_string();
    match fs::metadata(root) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(ReadError::NotAFolder { path: path() }),
        Err(error) => Err(io_error(root, error)),
    }
}

fn collect(
    folder: &Path,
    depth: usize,
    limits: Limits,
    visitor: &mut dyn Visitor,
    paths: &mut Vec<PathBuf>,
) -> Result<(), ReadError> {
    if depth > limits.depth_max {
        return Err(too_many(folder, format!("{} levels", limits.depth_max)));
    }
    // Told before it is listed: what comes between the two is seen by one of them.
    visitor.folder(folder);
    for entry in fs::read_dir(folder).map_err(|error| io_error(folder, error))? {
        let entry = entry.map_err(|error| io_error(folder, error))?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        // What is no link need not be looked at. A dangling link is no folder; it matters only where it is called like
        // a policy file.
        let is_folder = match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => kind.is_dir(),
            _ => {
                visitor.link(&path);
                fs::metadata(&path).is_ok_and(|metadata| metadata.is_dir())
            }
        };
        if is_folder {
            collect(&path, depth + 1, limits, visitor, paths)?;
        } else if is_policy_file(&path) {
            paths.push(path);
            if paths.len() > limits.files_max {
                return Err(too_many(folder, format!("{} files", limits.files_max)));
            }
        }
    }
    Ok(())
}

/// Whether a file of that name is one of the policies.
pub fn is_policy_file(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "cedar")
}

impl Reading<'_> {
    fn file(&self, path: &Path) -> Result<SourceFile, ReadError> {
        let relative = relative_name(self.root, path);
        let metadata = fs::metadata(path).map_err(|error| io_error(path, error))?;
        // Taken before the file is read: what changes meanwhile shows the next time.
        let stamp = Stamp::of(&metadata);
        let known = self.before.find(&relative);
        let looks_the_same =
            |known: &&SourceFile| self.by_looks && stamp.is_some() && known.stamp == stamp;
        if let Some(known) = known.filter(looks_the_same) {
            return Ok(known.clone());
        }
        if !metadata.is_file() {
            return Ok(no_file(relative));
        }
        if metadata.len() > self.limits.file_bytes_max {
            return Ok(too_large(relative, metadata.len(), self.limits));
        }
        let bytes = self.bytes(path).map_err(|error| io_error(path, error))?;
        let mut file = match bytes {
            Contents::NoFile => return Ok(no_file(relative)),
            Contents::Whole(bytes) => from_bytes(relative, bytes, self.before),
            Contents::Beginning(length) => return Ok(too_large(relative, length, self.limits)),
        };
        if file.problem.is_none() {
            file.stamp = stamp;
        }
        Ok(file)
    }
}

/// What opening a path gives, which may be another thing than it was when it was looked at.
enum Contents {
    NoFile,
    Whole(Vec<u8>),
    /// More bytes than there may be: so many at least.
    Beginning(u64),
}

impl Reading<'_> {
    /// Never waits for another process, as opening a pipe does, and never reads more than it may.
    fn bytes(&self, path: &Path) -> io::Result<Contents> {
        let no_waiting = OFlags::NONBLOCK.bits().cast_signed();
        let file = fs::OpenOptions::new()
            .read(true)
            .custom_flags(no_waiting)
            .open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Contents::NoFile);
        }
        let most = self.limits.file_bytes_max;
        let expected = usize::try_from(metadata.len().min(most)).unwrap_or_default();
        let mut bytes = Vec::with_capacity(expected.saturating_add(1));
        let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes)? as u64;
        Ok(match read > most {
            true => Contents::Beginning(read),
            false => Contents::Whole(bytes),
        })
    }
}

/// Something that is called like a policy file, and is a pipe, a socket or a device.
fn no_file(relative: String) -> SourceFile {
    let problem = "this is no file that can be read to its end, but a pipe, a socket or a device; \
                   take it away, or begin its name with a dot";
    SourceFile::unreadable(relative, String::new(), problem.to_owned())
}

/// A file that is not read, being larger than [`Limits::file_bytes_max`].
pub(super) fn too_large(relative: String, bytes: u64, limits: Limits) -> SourceFile {
    let limit = limits.file_bytes_max;
    let problem =
        format!("the file has {bytes} bytes, more than the {limit} that a policy file may have");
    SourceFile::unreadable(relative, String::new(), problem)
}

/// A file by its bytes; the same text as `before` is held once.
pub(super) fn from_bytes(relative: String, bytes: Vec<u8>, before: &Sources) -> SourceFile {
    match String::from_utf8(bytes) {
        Ok(text) => {
            let known = before.find(&relative);
            match known.filter(|known| known.problem.is_none() && *known.text == *text) {
                Some(known) => known.clone(),
                None => SourceFile::new(relative, text),
            }
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let lossy = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let problem = format!("the file is not UTF-8 text (first bad byte at offset {at})");
            SourceFile::unreadable(relative, lossy, problem)
        }
    }
}

fn relative_name(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let mut name = String::new();
    for part in relative.components() {
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(&part.as_os_str().to_string_lossy());
    }
    name
}

fn io_error(path: &Path, error: io::Error) -> ReadError {
    ReadError::Io {
        path: path.display().to_string(),
        error,
    }
}

fn too_many(folder: &Path, what: String) -> ReadError {
    ReadError::TooMany {
        path: folder.display().to_string(),
        what: format!("more than {what}"),
    }
}
