//! `/status`: what is served, for people and their scripts.

use serde::Serialize;

use super::Phase;
use super::files::{FileFailure, FileHealth};
use crate::metrics::Build;
use crate::reload::{Following, Published, Refusal, Reload, Report, Watching};

/// A listener and where it is bound.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Listener {
    /// `decision` or `admin`.
    pub(super) kind: &'static str,
    /// The address and port that were bound.
    pub(super) address: String,
}

/// The whole page. Before the first snapshot the members that need one are left out.
#[derive(Serialize)]
pub(super) struct Status<'a> {
    version: &'static str,
    commit: &'static str,
    phase: &'static str,
    #[serde(flatten)]
    published: Option<PublishedStatus<'a>>,
    #[serde(flatten)]
    following: Option<FollowingStatus<'a>>,
    listeners: &'a [Listener],
    files: Vec<FileStatus>,
}

/// Certificates or tokens, and why the last change of theirs was not taken; nothing if it was.
#[derive(Serialize)]
pub(super) struct FileStatus {
    kind: &'static str,
    refused: Option<FileFailure>,
}

impl FileStatus {
    pub(super) fn of(health: &FileHealth) -> Self {
        Self {
            kind: health.kind(),
            refused: health.failing(),
        }
    }
}

#[derive(Serialize)]
struct FollowingStatus<'a> {
    last_reload: &'a Report,
    /// Why the folder is not what is served, and since when; `null` if it is.
    refused: Option<&'a Refusal>,
    watching: &'a Watching,
    reloads: Vec<&'a Reload>,
}

#[derive(Serialize)]
struct PublishedStatus<'a> {
    generation: u64,
    revision: &'a str,
    loaded_at: String,
    applications: usize,
    tenants: usize,
    members: usize,
    policies: usize,
}

impl<'a> Status<'a> {
    pub(super) fn new(
        build: Build,
        phase: Phase,
        published: Option<&'a Published>,
        following: Option<&'a Following>,
        listeners: &'a [Listener],
        files: impl Iterator<Item = FileStatus>,
    ) -> Self {
        Self {
            version: build.version,
            commit: build.commit,
            phase: phase.as_str(),
            published: published.map(PublishedStatus::new),
            following: following.map(FollowingStatus::new),
            listeners,
            files: files.collect(),
        }
    }
}

impl<'a> FollowingStatus<'a> {
    fn new(following: &'a Following) -> Self {
        Self {
            last_reload: &following.last,
            refused: following.refused.as_ref(),
            watching: &following.watching,
            reloads: following.reloads.iter().map(|reload| &**reload).collect(),
        }
    }
}

impl<'a> PublishedStatus<'a> {
    fn new(published: &'a Published) -> Self {
        let counts = published.snapshot.counts();
        let loaded = jiff::Timestamp::from_millisecond(published.published_ms);
        Self {
            generation: published.snapshot.generation(),
            revision: published.snapshot.revision(),
            loaded_at: loaded.map(|at| at.to_string()).unwrap_or_default(),
            applications: counts.applications,
            tenants: counts.tenants,
            members: counts.members,
            policies: counts.policies,
        }
    }
}
