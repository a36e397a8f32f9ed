//! The operating system's word on what changes: inotify, on every folder that what is read depends on.
//!
//! Folders are watched while the folder is walked through, each before it is listed, so nothing comes in between. Links
//! are watched where they lie, every one on the way, and so is the policy folder's own name: what a link or that name
//! means may change without a change below it.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::time::Instant;

use super::burst::{Burst, State};
use super::links;
use crate::source::{Visitor, is_policy_file};

#[cfg(not(target_os = "linux"))]
pub(super) use nowhere::Watch;
#[cfg(target_os = "linux")]
pub(super) use on_linux::Watch;

/// Why there are no events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoEvents {
    /// Asked for.
    #[error("asked for with --watch poll")]
    AskedFor,
    /// The kernel gives out no more watches.
    #[error(
        "no inotify watch is left for the folders (the limit of this user; raise the sysctl fs.inotify.max_user_watches)"
    )]
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "inotify is Linux's")
    )]
    NoWatches,
    /// The kernel gives out no more instances.
    #[error(
        "no inotify instance is left (the limit of this user; raise the sysctl fs.inotify.max_user_instances)"
    )]
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "inotify is Linux's")
    )]
    NoInstances,
    /// Anything else.
    #[error("inotify does not work here: {0}")]
    Unavailable(String),
    /// A change was there that no event told of.
    #[error("a change came without an event, as on network file systems")]
    Missed,
}

impl NoEvents {
    /// Whether it may be otherwise in a while.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::NoWatches | Self::NoInstances => true,
            Self::AskedFor | Self::Unavailable(_) | Self::Missed => false,
        }
    }
}

/// What is watched, by the kernel's number for it.
pub(super) type Places = HashMap<i32, Watched>;

/// A folder that is watched.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// What it is called below the policy folder; several times where links lead to it, not at all where only names in
    /// it matter.
    below: Vec<PathBuf>,
    /// Where it is, to look at what comes.
    path: PathBuf,
    /// Names of links, and of what links lead to.
    names: HashSet<OsString>,
}

/// What happened to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Came,
    Written,
    Closed,
    MovedHere,
    Went,
    Looks,
}

impl Watched {
    /// Takes an event about a name in the folder into a burst, if it matters.
    fn take(&self, name: &OsStr, event: Event, is_folder: bool, burst: &mut Burst, now: Instant) {
        let key = || self.path.join(name);
        let mut file = |path: PathBuf| match event {
            Event::Looks => burst.looks(path, now),
            Event::Came if self.may_be_unwritten(name) => burst.file(path, State::New, now),
            Event::Came | Event::Closed | Event::MovedHere => burst.file(path, State::Done, now),
            Event::Written => burst.file(path, State::Open, now),
            Event::Went => burst.file(path, State::Gone, now),
        };
        if self.names.contains(name) {
            // What leads there is not known by name, and need not be: it is rare.
            file(key());
            burst.whole(now);
        } else if name.as_bytes().starts_with(b".") || self.below.is_empty() {
        } else if is_folder {
            burst.whole(now);
        } else if is_policy_file(Path::new(name)) {
            for below in &self.below {
                file(below.join(name));
            }
        } else if event == Event::Came || event == Event::MovedHere {
            let is_link = |metadata: fs::Metadata| metadata.is_symlink();
            if fs::symlink_metadata(key()).is_ok_and(is_link) {
                burst.whole(now);
            }
        }
    }

    /// Whether a name that came is a file which somebody may have yet to write: no link, and no other name of a file
    /// that was there before.
    fn may_be_unwritten(&self, name: &OsStr) -> bool {
        let metadata = fs::symlink_metadata(self.path.join(name));
        metadata.is_ok_and(|metadata| metadata.is_file() && metadata.nlink() == 1)
    }
}

/// Device and inode: the same name may come to mean another folder.
pub(super) type Identity = (u64, u64);

pub(super) fn identity(folder: &Path) -> Option<Identity> {
    let metadata = fs::metadata(folder).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Watches what a walk through the policy folder comes by.
pub(super) struct Survey {
    inotify: Arc<OwnedFd>,
    root: PathBuf,
    places: Places,
    /// Where folders are that links lie in.
    resolved: HashMap<PathBuf, PathBuf>,
    trouble: Option<NoEvents>,
}

impl Survey {
    fn on(inotify: Arc<OwnedFd>, root: &Path) -> Self {
        Self {
            inotify,
            root: root.to_owned(),
            places: Places::new(),
            resolved: HashMap::new(),
            trouble: None,
        }
    }

    /// A survey that begins anew, with the policy folder's own name.
    pub(super) fn again(&self) -> Self {
        let mut survey = Self::on(Arc::clone(&self.inotify), &self.root);
        if let Ok(root) = std::path::absolute(&self.root) {
            survey.names(links::places(&root));
        }
        survey
    }

    /// What is watched now, or why that is not all there is to watch.
    pub(super) fn finish(self) -> Result<Places, NoEvents> {
        match self.trouble {
            None => Ok(self.places),
            Some(trouble) => Err(trouble),
        }
    }

    fn names(&mut self, places: Vec<links::Place>) {
        for (folder, name) in places {
            if let Some(watched) = self.watch(&folder) {
                watched.names.insert(name);
            }
        }
    }

    /// A folder that cannot be watched alone, for it is gone or may not be looked into, is for the walk to stumble over.
    fn watch(&mut self, folder: &Path) -> Option<&mut Watched> {
        match add(&self.inotify, folder) {
            Ok(number) => {
                let watched = self.places.entry(number).or_default();
                folder.clone_into(&mut watched.path);
                Some(watched)
            }
            Err(Some(trouble)) => {
                self.trouble.get_or_insert(trouble);
                None
            }
            Err(None) => None,
        }
    }
}

impl Visitor for Survey {
    fn folder(&mut self, path: &Path) {
        let below = path.strip_prefix(&self.root).unwrap_or(path).to_owned();
        if let Some(watched) = self.watch(path) {
            watched.below.push(below);
        }
    }

    fn link(&mut self, path: &Path) {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return;
        };
        let known = self.resolved.get(folder).cloned();
        let resolved = known.or_else(|| fs::canonicalize(folder).ok());
        if let Some(resolved) = resolved {
            self.names(links::places_of(&resolved, name));
            self.resolved.insert(folder.to_owned(), resolved);
        }
    }
}

#[cfg(target_os = "linux")]
fn add(inotify: &OwnedFd, folder: &Path) -> Result<i32, Option<NoEvents>> {
    use rustix::io::Errno;
    on_linux::add(inotify, folder).map_err(|error| match error {
        Errno::NOSPC => Some(NoEvents::NoWatches),
        Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::LOOP | Errno::NAMETOOLONG => None,
        other => Some(NoEvents::Unavailable(io::Error::from(other).to_string())),
    })
}

#[cfg(not(target_os = "linux"))]
fn add(_: &OwnedFd, _: &Path) -> Result<i32, Option<NoEvents>> {
    Err(None)
}

#[cfg(target_os = "linux")]
mod on_linux {
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt as _;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
    use rustix::io::Errno;
    use tokio::io::unix::AsyncFd;

    use super::{Arc, Burst, Event, Instant, NoEvents, OsStr, OwnedFd, Path, Places, Survey, io};

    const EVENTS_BYTES: usize = 16 << 10;

    /// Reading is no change, and is not told of.
    const WANTED: WatchFlags = WatchFlags::ATTRIB
        .union(WatchFlags::CREATE)
        .union(WatchFlags::DELETE)
        .union(WatchFlags::MODIFY)
        .union(WatchFlags::CLOSE_WRITE)
        .union(WatchFlags::MOVED_FROM)
        .union(WatchFlags::MOVED_TO)
        .union(WatchFlags::DELETE_SELF)
        .union(WatchFlags::MOVE_SELF)
        .union(WatchFlags::ONLYDIR);

    pub(super) fn add(inotify: &OwnedFd, folder: &Path) -> Result<i32, Errno> {
        inotify::add_watch(inotify, folder, WANTED)
    }

    #[expect(
        deprecated,
        reason = "what takes its place is unsafe, for types that may give another descriptor later; this one owns its own"
    )]
    fn registered(inotify: Arc<OwnedFd>) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
        AsyncFd::new(inotify)
    }

    /// A watch that is set; dropping it ends it.
    pub(in super::super) struct Watch {
        events: AsyncFd<Arc<OwnedFd>>,
        places: Places,
    }

    impl Watch {
        /// A watch on nothing yet.
        pub(in super::super) fn new() -> Result<Self, NoEvents> {
            let unavailable = |error: io::Error| NoEvents::Unavailable(error.to_string());
            let inotify = match inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK) {
                Ok(inotify) => inotify,
                Err(Errno::MFILE) => return Err(NoEvents::NoInstances),
                Err(error) => return Err(unavailable(error.into())),
            };
            Ok(Self {
                events: registered(Arc::new(inotify)).map_err(unavailable)?,
                places: Places::new(),
            })
        }

        /// What watches what walks come by; it begins with [`Survey::again`].
        pub(in super::super) fn survey(&self, root: &Path) -> Survey {
            Survey::on(Arc::clone(self.events.get_ref()), root)
        }

        /// From now on these places matter, and no others.
        pub(in super::super) fn settle(&mut self, places: Places) {
            let before = std::mem::replace(&mut self.places, places);
            for number in before.keys() {
                if !self.places.contains_key(number) {
                    // It may be gone already, with its folder.
                    let _ = inotify::remove_watch(self.events.get_ref(), *number);
                }
            }
        }

        /// Waits for events, and takes up those that matter.
        pub(in super::super) async fn events(&self, burst: &mut Burst) {
            if let Ok(mut ready) = self.events.readable().await {
                self.drain(burst);
                ready.clear_ready();
            }
        }

        /// Takes up the events that are there.
        pub(in super::super) fn drain(&self, burst: &mut Burst) {
            let mut buffer = [MaybeUninit::uninit(); EVENTS_BYTES];
            let mut reader = Reader::new(self.events.get_ref(), &mut buffer);
            loop {
                match reader.next() {
                    Ok(event) => self.take(&event, burst),
                    Err(Errno::INTR) => {}
                    Err(_) => return,
                }
            }
        }

        fn take(&self, event: &inotify::Event<'_>, burst: &mut Burst) {
            let (now, flags) = (Instant::now(), event.events());
            if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                burst.whole(now);
                return;
            }
            let Some(watched) = self.places.get(&event.wd()) else {
                return;
            };
            let Some(name) = event.file_name() else {
                // The folder itself: it went, was unmounted, or has another mode. One whose names alone matter is no
                // news by its times.
                if flags != ReadFlags::ATTRIB | ReadFlags::ISDIR || !watched.below.is_empty() {
                    burst.whole(now);
                }
                return;
            };
            let is_folder = flags.contains(ReadFlags::ISDIR);
            let known = [
                (ReadFlags::CREATE, Event::Came),
                (ReadFlags::MODIFY, Event::Written),
                (ReadFlags::CLOSE_WRITE, Event::Closed),
                (ReadFlags::MOVED_TO, Event::MovedHere),
                (ReadFlags::MOVED_FROM, Event::Went),
                (ReadFlags::DELETE, Event::Went),
                (ReadFlags::ATTRIB, Event::Looks),
            ];
            let name = OsStr::from_bytes(name.to_bytes());
            for (flag, event) in known {
                if flags.contains(flag) {
                    watched.take(name, event, is_folder, burst, now);
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod nowhere {
    use super::{Burst, NoEvents, Path, Places, Survey};

    /// There is none: the folder is polled.
    pub(in super::super) enum Watch {}

    impl Watch {
        pub(in super::super) fn new() -> Result<Self, NoEvents> {
            let why = "it is Linux's, and this is another system";
            Err(NoEvents::Unavailable(why.to_owned()))
        }

        pub(in super::super) fn survey(&self, _: &Path) -> Survey {
            match *self {}
        }

        pub(in super::super) fn settle(&mut self, _: Places) {}

        pub(in super::super) async fn events(&self, _: &mut Burst) {}

        pub(in super::super) fn drain(&self, _: &mut Burst) {}
    }
}
