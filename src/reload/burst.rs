//! What changed since the last reading, and when to read it: a single edit at once, a burst of them when it pauses.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

/// A few finished files are read when nothing more came for this long,
const QUIET_FEW: Duration = Duration::from_millis(4);
/// more of them, or one that went (and mostly comes again), after this long,
const QUIET_MORE: Duration = Duration::from_millis(30);
/// and a flood after this long.
const QUIET_FLOOD: Duration = Duration::from_millis(60);
/// Changes that do not pause are read after this long, for a folder that never rests must not wait forever,
const PATIENCE: Duration = Duration::from_millis(100);
/// and after this long if there are floods of them, or a file is still being written.
const PATIENCE_FLOOD: Duration = Duration::from_secs(1);
/// What somebody else says is half done is waited for no longer than this.
const PATIENCE_HELD: Duration = Duration::from_secs(10);
const FEW: usize = 3;
const FLOOD: usize = 64;
/// Most files that are remembered by name; with more of them the folder is read whole.
const NAMES_MAX: usize = 1_024;

/// What is known of a file that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is there as it shall be.
    Done,
    /// It came, and may have yet to be written.
    New,
    /// It is being written.
    Open,
    /// It is not there any more.
    Gone,
}

/// What is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// The whole folder.
    Whole,
    /// These files, by their paths below the folder.
    Files(Vec<PathBuf>),
}

/// Changes that came one soon after the other.
#[derive(Debug, Default)]
pub(super) struct Burst {
    files: HashMap<PathBuf, State>,
    whole: bool,
    /// When the first and the last came.
    span: Option<(Instant, Instant)>,
    /// Somebody is at it still, whatever the files look like.
    held: bool,
}

impl Burst {
    /// The folder is to be read whole.
    pub(super) fn whole(&mut self, now: Instant) {
        self.whole = true;
        self.came(now);
    }

    /// A file changed, given by its path below the folder. What is known of it replaces what was known before.
    pub(super) fn file(&mut self, path: PathBuf, state: State, now: Instant) {
        if self.files.len() >= NAMES_MAX && !self.files.contains_key(&path) {
            self.whole = true;
        } else {
            self.files.insert(path, state);
        }
        self.came(now);
    }

    /// A file's owner, mode or times changed, which says nothing about whether it is being written.
    pub(super) fn looks(&mut self, path: PathBuf, now: Instant) {
        let state = self.files.get(&path).copied().unwrap_or(State::Done);
        self.file(path, state, now);
    }

    /// Somebody says that it is not over yet.
    pub(super) fn hold(&mut self, now: Instant) {
        self.held = true;
        self.came(now);
    }

    /// Whether it may be waited for any longer.
    pub(super) fn may_be_held(&self, now: Instant) -> bool {
        self.span
            .is_some_and(|(first, _)| now < first + PATIENCE_HELD)
    }

    fn came(&mut self, now: Instant) {
        let first = self.span.map_or(now, |(first, _)| first);
        self.span = Some((first, now));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.span.is_none()
    }

    /// When it is to be read. The costlier the last reading was, the longer a burst is gathered.
    pub(super) fn due(&self, cost: Duration) -> Option<Instant> {
        let (first, last) = self.span?;
        if self.held {
            return Some(last + QUIET_MORE);
        }
        let is = |state: State| self.files.values().any(|known| *known == state);
        let (count, open) = (self.files.len(), is(State::Open));
        if is(State::New) && !open && count <= FLOOD {
            return Some(first + PATIENCE);
        }
        let (quiet, patience) = match count {
            _ if count > FLOOD => (QUIET_FLOOD, PATIENCE_FLOOD),
            _ if count > FEW || is(State::Gone) => {
                let patience = (cost / 4).clamp(PATIENCE, PATIENCE_FLOOD);
                (QUIET_MORE, patience)
            }
            _ => (QUIET_FEW, PATIENCE),
        };
        match open {
            true => Some(first + PATIENCE_FLOOD),
            false => Some((last + quiet).min(first + patience)),
        }
    }

    /// What is to be read; nothing is left.
    pub(super) fn take(&mut self) -> What {
        let Self { files, whole, .. } = std::mem::take(self);
        match whole {
            true => What::Whole,
            false => What::Files(files.into_keys().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Milliseconds from the first change until it is read.
    fn wait(changes: &[(&str, State, u32)], cost: Duration) -> u128 {
        let (mut burst, start) = (Burst::default(), Instant::now());
        for (path, state, at) in changes {
            burst.file(PathBuf::from(path), *state, start + MS * *at);
        }
        (burst.due(cost).unwrap() - start).as_millis()
    }

    #[test]
    fn a_single_edit_is_read_at_once_and_a_burst_when_it_pauses() {
        use State::{Done, Gone, New, Open};
        let none = Duration::ZERO;
        assert_eq!(wait(&[("a", Done, 0)], none), 4);
        assert_eq!(wait(&[("a", Done, 0), ("b", Done, 2)], none), 6);
        // A file that goes comes again, mostly.
        assert_eq!(wait(&[("a", Gone, 0)], none), 30);
        assert_eq!(
            wait(&[("a", Gone, 0), ("a", Open, 1), ("a", Done, 2)], none),
            6
        );
        assert_eq!(
            wait(&[("a", Gone, 0), ("a", New, 1), ("a", Done, 2)], none),
            6
        );
        // What came without a word of being written is waited for a little,
        assert_eq!(wait(&[("a", New, 0)], none), 100);
        // and what is being written longer, but not forever.
        assert_eq!(wait(&[("a", Open, 0)], none), 1_000);
        assert_eq!(wait(&[("a", Open, 0), ("a", Done, 400)], none), 100);
        let names: Vec<String> = (0..100).map(|name| name.to_string()).collect();
        let many = |count: usize, each_ms: u32| {
            let names = names.iter().take(count).zip(0..);
            names
                .map(|(name, index)| (name.as_str(), Done, index * each_ms))
                .collect::<Vec<_>>()
        };
        assert_eq!(wait(&many(5, 1), none), 34);
        assert_eq!(wait(&many(60, 5), none), 100);
        // Where reading costs a second, more is gathered before.
        assert_eq!(wait(&many(60, 5), Duration::from_secs(1)), 250);
        assert_eq!(wait(&many(100, 5), none), 555);
        assert_eq!(wait(&many(100, 50), none), 1_000);
    }

    #[test]
    fn what_is_held_waits_until_it_is_let_go() {
        let (mut burst, start) = (Burst::default(), Instant::now());
        assert!(burst.is_empty() && burst.due(MS).is_none());
        burst.file("a".into(), State::Done, start);
        for turn in 1..20 {
            let now = start + MS * 30 * turn;
            burst.hold(now);
            assert_eq!(burst.due(MS), Some(now + QUIET_MORE));
            assert!(burst.may_be_held(now));
        }
        assert!(!burst.may_be_held(start + PATIENCE_HELD));
        assert_eq!(burst.take(), What::Files(vec!["a".into()]));
        assert!(burst.is_empty());
    }

    #[test]
    fn too_many_names_are_the_whole_folder() {
        let (mut burst, now) = (Burst::default(), Instant::now());
        for name in 0..=NAMES_MAX {
            burst.file(name.to_string().into(), State::Done, now);
        }
        assert_eq!(burst.take(), What::Whole);
    }
}
