//! What a path depends on beside the file at its end: the symbolic links on the way.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Most links that are followed, as the system does.
const LINKS_MAX: usize = 40;

/// A name in a folder which, given to something else, makes a path mean something else.
pub(super) type Place = (PathBuf, OsString);

/// The places that an absolute path goes through: every symbolic link on the way, and where the way ends.
pub(super) fn places(path: &Path) -> Vec<Place> {
    walk(PathBuf::from("/"), path)
}

/// The same for a name in a folder, whose own path is resolved already.
pub(super) fn places_of(folder: &Path, name: &OsStr) -> Vec<Place> {
    walk(folder.to_owned(), Path::new(name))
}

fn walk(mut at: PathBuf, path: &Path) -> Vec<Place> {
    let mut places = Vec::new();
    // Backwards, so that what a link stands for is put where the link was.
    let mut ahead: Vec<OsString> = Vec::new();
    push(&mut ahead, path);
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        match fs::read_link(&next) {
            Ok(target) => {
                places.push((at.clone(), part));
                links += 1;
                if links > LINKS_MAX {
                    break;
                }
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                push(&mut ahead, &target);
            }
            Err(_) => {
                if ahead.is_empty() {
                    places.push((at.clone(), part));
                }
                at = next;
            }
        }
    }
    places
}

fn push(ahead: &mut Vec<OsString>, path: &Path) {
    let parts = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    });
    ahead.extend(parts);
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_link_on_the_way_counts() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("v1/deep")).unwrap();
        fs::write(root.join("v1/deep/a.yaml"), "").unwrap();
        symlink("v1", root.join("..data")).unwrap();
        symlink("..data/deep/../deep/a.yaml", root.join("a.yaml")).unwrap();
        let named = |path: &str| {
            let found = places(&root.join(path));
            let names = found.iter().map(|(at, name)| {
                let at = at.strip_prefix(&root).unwrap_or(at);
                at.join(name).display().to_string()
            });
            names.collect::<Vec<_>>()
        };
        assert_eq!(named("a.yaml"), ["a.yaml", "..data", "v1/deep/a.yaml"]);
        assert_eq!(named("v1/deep"), ["v1/deep"]);
        symlink("loop", root.join("loop")).unwrap();
        assert_eq!(named("loop").len(), LINKS_MAX + 1);
        symlink("nowhere/at/all", root.join("gone")).unwrap();
        assert_eq!(named("gone"), ["gone", "nowhere/at/all"]);
    }
}
