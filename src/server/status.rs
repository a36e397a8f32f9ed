//! `/status`: what is served, for people and their scripts.

use serde::Serialize;

use super::Phase;
use crate::metrics::Build;
use crate::reload::{Published, Report};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    last_reload: Option<&'a Report>,
    listeners: &'a [Listener],
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
        last_reload: Option<&'a Report>,
        listeners: &'a [Listener],
    ) -> Self {
        Self {
            version: build.version,
            commit: build.commit,
            phase: phase.as_str(),
            published: published.map(PublishedStatus::new),
            last_reload,
            listeners,
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
