//! What tells of changes in the policy folder, and when to look without being told.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::burst::{Burst, What};
use super::checkout::Checkout;
use super::report::Watching;
use super::scan::Walk;
use super::watch::{Identity, NoEvents, Survey, Watch, identity};

/// How often the folder is walked through where nothing tells of changes, or it cannot be read; and how often its name
/// is looked at, for a mount over it is no event.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// How often it is walked through although events tell of changes: where some are lost, this finds out.
const SAFETY_EVERY: Duration = Duration::from_secs(10);
/// A walk may take one part in so many of the time between two, polled and not.
const POLL_SHARE: u32 = 20;
const SAFETY_SHARE: u32 = 100;
/// How often events are tried again where the kernel had no watch left.
const EVENTS_AGAIN: Duration = Duration::from_secs(60);

/// What tells of changes, and when to look without being told.
pub(super) struct Events {
    pub(super) watch: Option<Watch>,
    pub(super) why_not: Option<NoEvents>,
    pub(super) burst: Burst,
    /// The folder that the last walk went through.
    folder: Option<Identity>,
    next_walk: Instant,
    next_look: Instant,
    events_again: Instant,
}

/// Why the folder is to be read.
pub(super) enum Due {
    /// Something told of a change.
    Told(What),
    /// Nothing did: it is time to look.
    Time,
}

impl Events {
    pub(super) fn new(poll: bool) -> Self {
        let watch = match poll {
            true => Err(NoEvents::AskedFor),
            false => Watch::new(),
        };
        let now = Instant::now();
        let mut events = Self {
            watch: None,
            why_not: None,
            burst: Burst::default(),
            folder: None,
            next_walk: now,
            next_look: now + POLL_EVERY,
            events_again: now + EVENTS_AGAIN,
        };
        match watch {
            Ok(watch) => events.watch = Some(watch),
            Err(why) => events.give_up(why),
        }
        events
    }

    /// From now on the folder is polled.
    pub(super) fn give_up(&mut self, why: NoEvents) {
        self.watch = None;
        self.events_again = Instant::now() + EVENTS_AGAIN;
        if self.why_not.as_ref() != Some(&why) {
            match why {
                NoEvents::AskedFor => tracing::info!("the policies are polled: {why}"),
                _ => tracing::warn!(
                    reason = %why,
                    "cannot watch the policies; reading them every second instead"
                ),
            }
        }
        self.why_not = Some(why);
    }

    /// Where there were no watches left, there may be some now.
    pub(super) fn try_again(&mut self) {
        if self.watch.is_none()
            && self.why_not.as_ref().is_some_and(NoEvents::may_pass)
            && Instant::now() >= self.events_again
        {
            self.watch = Watch::new().ok();
            self.events_again = Instant::now() + EVENTS_AGAIN;
        }
    }

    /// What the next walk is to find out about what can be watched, if anything can.
    pub(super) fn survey(&self, folder: &Path) -> Option<Survey> {
        self.watch.as_ref().map(|watch| watch.survey(folder))
    }

    pub(super) fn watching(&self) -> Watching {
        Watching {
            by: match self.why_not {
                None => "events",
                Some(_) => "polling",
            },
            reason: self.why_not.as_ref().map(ToString::to_string),
        }
    }

    /// Takes up what a walk found to watch, and sets the time of the next.
    pub(super) fn walked(&mut self, walk: Walk, readable: bool) {
        match walk.places {
            Some(Ok(places)) => {
                if let Some(watch) = &mut self.watch {
                    watch.settle(places);
                }
                if self.why_not.take().is_some() {
                    tracing::info!("the policies are watched again");
                }
            }
            Some(Err(why)) => self.give_up(why),
            None => {}
        }
        self.folder = walk.folder;
        let (every, share) = match self.watch.is_some() && readable {
            true => (SAFETY_EVERY, SAFETY_SHARE),
            false => (POLL_EVERY, POLL_SHARE),
        };
        self.next_walk = Instant::now() + every.max(walk.took * share);
    }

    /// Looks again at the pace of polling.
    pub(super) fn look_again_soon(&mut self) {
        self.next_walk = Instant::now() + POLL_EVERY;
    }

    /// Looks again where nothing but waiting may help.
    pub(super) fn look_again_late(&mut self) {
        self.next_walk = Instant::now() + SAFETY_EVERY;
    }

    /// Takes in what is there already, without waiting.
    pub(super) fn drain(&mut self) {
        if let Some(watch) = &self.watch {
            watch.drain(&mut self.burst);
        }
    }

    /// Waits until the folder is to be read without anybody asking for it. Nothing is lost if it is not waited for to
    /// the end.
    pub(super) async fn due(&mut self, folder: &Path, cost: Duration) -> Due {
        loop {
            let due = self.burst.due(cost);
            let next = self.next_walk.min(self.next_look);
            let next = due.map_or(next, |due| next.min(due));
            tokio::select! {
                biased;
                () = events(self.watch.as_ref(), &mut self.burst) => {}
                () = tokio::time::sleep_until(next) => {
                    let now = Instant::now();
                    if due.is_some_and(|due| due <= now) {
                        if is_git_busy(folder) {
                            if self.burst.may_be_held(now) {
                                self.burst.hold(now);
                                continue;
                            }
                            tracing::warn!(
                                "git seems to be at work in the checkout of the policies for long: its `index.lock` is \
                                 there, and every change waits for it; if no git runs, remove that file"
                            );
                        }
                        return Due::Told(self.burst.take());
                    }
                    if self.next_walk <= now {
                        return Due::Time;
                    }
                    if self.next_look <= now {
                        self.next_look = now + POLL_EVERY;
                        if identity(folder) != self.folder {
                            return Due::Told(What::Whole);
                        }
                    }
                }
            }
        }
    }
}

async fn events(watch: Option<&Watch>, burst: &mut Burst) {
    match watch {
        Some(watch) => watch.events(burst).await,
        None => std::future::pending().await,
    }
}

/// Whether the folder lies in a checkout that git is changing.
fn is_git_busy(folder: &Path) -> bool {
    Checkout::of(folder).is_some_and(|checkout| checkout.is_busy())
}
