//! The instant that a question is about, and for how long its answer is the same.

use std::cell::Cell;

/// An instant. What depends on time asks it, and it remembers between which instants every answer would have been the
/// same.
#[derive(Debug)]
pub struct Moment {
    ms: i64,
    since: Cell<i64>,
    until: Cell<i64>,
}

impl Moment {
    /// An instant, in milliseconds since 1970.
    pub fn new(ms: i64) -> Self {
        Self {
            ms,
            since: Cell::new(i64::MIN),
            until: Cell::new(i64::MAX),
        }
    }

    /// Whether another instant is there, or past.
    pub fn has_reached(&self, other: i64) -> bool {
        let reached = self.ms >= other;
        match reached {
            true => self.since.set(self.since.get().max(other)),
            false => self.until.set(self.until.get().min(other)),
        }
        reached
    }

    /// The instant itself, in milliseconds since 1970: what depends on it may be different in the next one.
    pub fn ms(&self) -> i64 {
        self.since.set(self.ms);
        self.until.set(self.ms);
        self.ms
    }

    /// From which instant, and before which, every answer so far is the same; nothing where none is.
    pub fn lasting(&self) -> Option<(i64, i64)> {
        let (since, until) = (self.since.get(), self.until.get());
        (since < until).then_some((since, until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_last_between_what_was_compared() {
        let moment = Moment::new(50);
        assert_eq!(moment.lasting(), Some((i64::MIN, i64::MAX)));
        assert!(moment.has_reached(20) && moment.has_reached(10) && !moment.has_reached(90));
        assert!(!moment.has_reached(70) && moment.has_reached(50));
        assert_eq!(moment.lasting(), Some((50, 70)));
        assert_eq!(moment.ms(), 50);
        assert_eq!(moment.lasting(), None);
        assert!(!moment.has_reached(60));
        assert_eq!(moment.lasting(), None);
    }
}
