//! The git checkout that the policy folder may lie in: which commit it is at, and whether git is at work in it.
//!
//! Only git's own small files are read, as gitrepository-layout(5) describes them: `HEAD`, a ref, `packed-refs`, the
//! `.git` file of a worktree or submodule. That is all it takes, and no program called git need be there.

use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A lock that is older was left behind by a git that was killed.
const LOCK_STALE_AFTER: Duration = Duration::from_secs(30);
/// The largest of git's files that is read: a hundred thousand packed refs.
const BYTES_MAX: u64 = 16 << 20;
/// Refs that name refs are followed this far, as git does.
const REFS_MAX: usize = 5;

/// A checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkout {
    /// What is of this worktree alone: its `HEAD` and its index.
    own: PathBuf,
    /// What all worktrees share: branches and tags.
    common: PathBuf,
}

impl Checkout {
    /// The checkout that a folder lies in.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let folder = fs::canonicalize(folder).ok()?;
        let own = folder.ancestors().find_map(|folder| {
            let git = folder.join(".git");
            let metadata = fs::metadata(&git).ok()?;
            if metadata.is_dir() {
                return Some(git);
            }
            let text = text(&git)?;
            Some(folder.join(text.strip_prefix("gitdir:")?.trim()))
        })?;
        let common = match text(&own.join("commondir")) {
            Some(common) => own.join(common.trim()),
            None => own.clone(),
        };
        own.join("HEAD").exists().then_some(Self { own, common })
    }

    /// The commit that `HEAD` names.
    pub(super) fn commit(&self) -> Option<String> {
        let mut value = text(&self.own.join("HEAD"))?;
        for _ in 0..REFS_MAX {
            let value_now = value.trim();
            let Some(name) = value_now.strip_prefix("ref:") else {
                return is_commit(value_now).then(|| value_now.to_owned());
            };
            value = self.reference(name.trim())?;
        }
        None
    }

    fn reference(&self, name: &str) -> Option<String> {
        let path = Path::new(name);
        let is_inside = |part: Component<'_>| matches!(part, Component::Normal(_));
        if !path.components().all(is_inside) {
            return None;
        }
        let loose = || text(&self.common.join(path)).or_else(|| text(&self.own.join(path)));
        loose().or_else(|| self.packed(name))
    }

    fn packed(&self, name: &str) -> Option<String> {
        let packed = text(&self.common.join("packed-refs"))?;
        let found = packed
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(_, known)| *known == name);
        found.map(|(commit, _)| commit.to_owned())
    }

    /// Whether git is writing files: it holds the index's lock from before the first until after the last.
    pub(super) fn is_busy(&self) -> bool {
        let lock = fs::metadata(self.own.join("index.lock"));
        let since = lock.and_then(|lock| lock.modified());
        since.is_ok_and(|since| {
            let age = SystemTime::now().duration_since(since);
            age.unwrap_or_default() < LOCK_STALE_AFTER
        })
    }
}

fn text(path: &Path) -> Option<String> {
    let file = fs::File::open(path).ok()?;
    let mut text = String::new();
    file.take(BYTES_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

/// SHA-1 or SHA-256, in hexadecimal.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn reads_what_git_writes() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (git, policies) = (root.join(".git"), root.join("some/policies"));
        fs::create_dir_all(&policies).unwrap();
        fs::create_dir_all(&git).unwrap();
        assert_eq!(Checkout::of(&policies), None);
        let commit = || Checkout::of(&policies).and_then(|checkout| checkout.commit());
        for (head, expected) in [
            (ONE, Some(ONE)),
            ("ref: refs/heads/main\n", None),
            ("ref: ../../etc/passwd\n", None),
            ("nonsense", None),
        ] {
            write(&git.join("HEAD"), head);
            assert_eq!(commit().as_deref(), expected, "{head}");
        }
        write(&git.join("HEAD"), "ref: refs/heads/main\n");
        write(
            &git.join("packed-refs"),
            &format!("# pack-refs with: peeled\n{ONE} refs/heads/main\n^{TWO}\n"),
        );
        assert_eq!(commit().as_deref(), Some(ONE));
        write(&git.join("refs/heads/main"), &format!("{TWO}\n"));
        assert_eq!(commit().as_deref(), Some(TWO));
        write(&git.join("refs/heads/main"), "ref: refs/heads/main\n");
        assert_eq!(commit(), None);

        let checkout = Checkout::of(&policies).unwrap();
        assert!(!checkout.is_busy());
        write(&git.join("index.lock"), "");
        assert!(checkout.is_busy());
    }

    #[test]
    fn a_worktree_has_a_head_of_its_own_and_shares_the_branches() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let own = root.join("main/.git/worktrees/side");
        write(&own.join("HEAD"), "ref: refs/heads/side\n");
        write(&own.join("commondir"), "../..\n");
        write(&root.join("main/.git/refs/heads/side"), ONE);
        write(
            &root.join("side/.git"),
            &format!("gitdir: {}\n", own.display()),
        );
        let checkout = Checkout::of(&root.join("side")).unwrap();
        assert_eq!(checkout.commit().as_deref(), Some(ONE));
        write(
            &root.join("sub/.git"),
            "gitdir: ../main/.git/worktrees/side\n",
        );
        assert_eq!(
            Checkout::of(&root.join("sub")).unwrap().commit().as_deref(),
            Some(ONE)
        );
    }
}
