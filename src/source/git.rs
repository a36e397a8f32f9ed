//! Policies out of a git revision: objects alone are read, nothing is checked out and no other program runs.

use std::path::{Component, Path, PathBuf};

use gix::objs::tree::EntryKind;
use gix::{ObjectId, Repository, Tree};

use super::folder::{from_bytes, is_policy_file, too_large};
use super::{Limits, ReadError, SourceFile, Sources};

/// Objects that are kept while a revision is read: neighbours in a pack are made from each other.
const OBJECT_CACHE_BYTES: usize = 32 << 20;
/// Most symbolic links on the way to a file, as in the kernel.
const LINKS_MAX: usize = 40;

/// Reads the policies of a revision (`main`, `HEAD~1`, `v2:policies`) of the repository that the working directory lies
/// in. One that names no path means `folder` there, or the whole tree where that is not in it. Which files count is
/// as for a folder; symbolic links are followed within the tree. Texts that are as `before` are held once.
///
/// # Errors
/// When there is no repository, or no such revision or path in it, or there are too many files.
pub fn read_revision(
    spec: &str,
    folder: &Path,
    limits: Limits,
    before: &Sources,
) -> Result<Sources, ReadError> {
    let failed = |why: String| ReadError::Revision {
        revision: spec.to_owned(),
        why,
    };
    let mut repository = gix::discover(".").map_err(|_| {
        failed(
            "there is no folder of that name, and the working directory lies in no git repository"
                .to_owned(),
        )
    })?;
    repository.object_cache_size_if_unset(OBJECT_CACHE_BYTES);
    let (revision, path) = match spec.split_once(':') {
        Some((revision, path)) => (revision, Some(path)),
        None => (spec, None),
    };
    if revision.is_empty() {
        return Err(failed("the revision before the `:` is missing".to_owned()));
    }
    let commit = repository.rev_parse_single(revision).map_err(|_| {
        failed(format!(
            "there is no folder and no git revision called `{revision}`"
        ))
    })?;
    let root = commit
        .object()
        .map_err(|error| failed(error.to_string()))?
        .peel_to_tree()
        .map_err(|error| failed(error.to_string()))?;
    let reader = Reader {
        repository: &repository,
        root: &root,
        limits,
        before,
    };
    let prefix = prefix(&repository);
    let folder = match path {
        Some(path) => {
            let within = match path.strip_prefix("./") {
                Some(below) => prefix.join(below),
                None => PathBuf::from(path),
            };
            let found = reader.folder(&within).map_err(failed)?;
            found.ok_or_else(|| failed(format!("`{path}` is no folder of it")))?
        }
        None => {
            let found = reader.folder(&prefix.join(folder)).unwrap_or_default();
            found.unwrap_or_default()
        }
    };
    let mut files = Vec::new();
    reader.collect(&folder, "", 0, &mut files).map_err(failed)?;
    Ok(Sources::new(files, before))
}

/// Where the working directory lies in the repository.
fn prefix(repository: &Repository) -> PathBuf {
    let prefix = repository.prefix().ok().flatten();
    prefix.map(Path::to_path_buf).unwrap_or_default()
}

/// What a path in a tree leads to.
enum Found {
    Folder(PathBuf),
    File(ObjectId),
    Nothing,
}

struct Reader<'r> {
    repository: &'r Repository,
    root: &'r Tree<'r>,
    limits: Limits,
    before: &'r Sources,
}

impl Reader<'_> {
    /// A folder of the tree, links followed; nothing if it is none.
    fn folder(&self, path: &Path) -> Result<Option<PathBuf>, String> {
        match self.find(path)? {
            Found::Folder(path) => Ok(Some(path)),
            Found::File(_) | Found::Nothing => Ok(None),
        }
    }

    /// Follows a path from the root of the tree, and the symbolic links on its way.
    fn find(&self, path: &Path) -> Result<Found, String> {
        let mut left: Vec<String> = parts(path)?;
        left.reverse();
        let mut at: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = left.pop() {
            match part.as_str() {
                "." => continue,
                ".." => {
                    if at.pop().is_none() {
                        return Err(format!("`{}` leads out of the repository", path.display()));
                    }
                    continue;
                }
                _ => {}
            }
            at.push(part);
            let Some((kind, id)) = self.entry(&at)? else {
                return Ok(Found::Nothing);
            };
            match kind {
                EntryKind::Tree => {}
                EntryKind::Link => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Err(format!("`{}` goes through too many links", path.display()));
                    }
                    at.pop();
                    let target = self.blob(id)?;
                    let target = String::from_utf8_lossy(&target).into_owned();
                    let mut parts = parts(Path::new(&target))?;
                    parts.reverse();
                    left.extend(parts);
                }
                EntryKind::Blob | EntryKind::BlobExecutable if left.is_empty() => {
                    return Ok(Found::File(id));
                }
                _ => return Ok(Found::Nothing),
            }
        }
        Ok(Found::Folder(at.iter().collect()))
    }

    fn entry(&self, path: &[String]) -> Result<Option<(EntryKind, ObjectId)>, String> {
        let found = self.root.lookup_entry(path.iter().map(String::as_bytes));
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.map(|entry| (entry.mode().kind(), entry.object_id())))
    }

    fn blob(&self, id: ObjectId) -> Result<Vec<u8>, String> {
        let object = self
            .repository
            .find_object(id)
            .map_err(|error| error.to_string())?;
        Ok(object.detach().data)
    }

    /// The policy files below a folder, links followed.
    fn collect(
        &self,
        folder: &Path,
        relative: &str,
        depth: usize,
        files: &mut Vec<SourceFile>,
    ) -> Result<(), String> {
        if depth > self.limits.depth_max {
            return Err(format!(
                "it nests more than {} levels",
                self.limits.depth_max
            ));
        }
        let tree = match folder.as_os_str().is_empty() {
            true => self.root.clone(),
            false => {
                let entry = self.root.lookup_entry_by_path(folder);
                let entry = entry.map_err(|error| error.to_string())?;
                let Some(entry) = entry else { return Ok(()) };
                let object = entry.object().map_err(|error| error.to_string())?;
                object.try_into_tree().map_err(|error| error.to_string())?
            }
        };
        for entry in tree.iter() {
            let entry = entry.map_err(|error| error.to_string())?;
            let name = String::from_utf8_lossy(entry.filename()).into_owned();
            if name.starts_with('.') {
                continue;
            }
            let path = match relative {
                "" => name.clone(),
                relative => format!("{relative}/{name}"),
            };
            let is_policy = is_policy_file(Path::new(&name));
            match entry.mode().kind() {
                EntryKind::Tree => self.collect(&folder.join(&name), &path, depth + 1, files)?,
                EntryKind::Blob | EntryKind::BlobExecutable if is_policy => {
                    self.file(entry.object_id(), path, files)?;
                }
                EntryKind::Link => match self.find(&folder.join(&name))? {
                    Found::Folder(target) => self.collect(&target, &path, depth + 1, files)?,
                    Found::File(id) if is_policy => self.file(id, path, files)?,
                    Found::Nothing if is_policy => {
                        return Err(format!("the link `{path}` leads to nothing in it"));
                    }
                    Found::File(_) | Found::Nothing => {}
                },
                _ => {}
            }
        }
        Ok(())
    }

    fn file(&self, id: ObjectId, path: String, files: &mut Vec<SourceFile>) -> Result<(), String> {
        if files.len() >= self.limits.files_max {
            return Err(format!(
                "it holds more than {} files",
                self.limits.files_max
            ));
        }
        let header = self
            .repository
            .find_header(id)
            .map_err(|error| error.to_string())?;
        files.push(match header.size() > self.limits.file_bytes_max {
            true => too_large(path, header.size(), self.limits),
            false => from_bytes(path, self.blob(id)?, self.before),
        });
        Ok(())
    }
}

/// The parts of a path within the tree; one from the root of the machine leads out of it.
fn parts(path: &Path) -> Result<Vec<String>, String> {
    let part = |component: Component<'_>| match component {
        Component::Normal(part) => Ok(part.to_string_lossy().into_owned()),
        Component::CurDir => Ok(".".to_owned()),
        Component::ParentDir => Ok("..".to_owned()),
        Component::RootDir | Component::Prefix(_) => {
            Err(format!("`{}` leads out of the repository", path.display()))
        }
    };
    path.components().map(part).collect()
}
