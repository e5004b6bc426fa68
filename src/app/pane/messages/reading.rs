//! The state of the feed behind the screen.

use std::time::{Duration, Instant};

use crate::kafka::error::Error;
use crate::kafka::partial::Failure;
use crate::kafka::query::Began;

/// How far the feed is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// None was opened yet.
    #[default]
    Closed,
    /// Opened; rows on screen are those of the feed before it.
    Opening {
        /// When.
        since: Instant,
        /// Whether it goes on where the rows end.
        goes_on: bool,
    },
    /// It handed over something.
    Open,
    /// It came to its end.
    Ended {
        /// `None` when it read everything.
        error: Option<Error>,
        /// When.
        at: Instant,
    },
}

/// Whether records flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// They do.
    #[default]
    Flowing,
    /// Enough is kept; the rest waits at the brokers.
    Full,
    /// The newest rows left while the user looked at older ones: the feed was closed.
    Behind,
    /// Another screen is on top.
    Away,
}

/// The feed behind the screen.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// How far it is.
    pub phase: Phase,
    /// Whether it has read what was there when it was opened.
    pub is_at_end: bool,
    /// Whether records flow.
    pub hold: Hold,
    /// Partitions that cannot be read at the moment.
    pub failures: Vec<Failure>,
    /// Partitions that have found their place, while the rows on screen are still those of the feed before.
    pub began: Vec<Began>,
    /// Whether the feed may leave records out.
    pub may_skip: bool,
    /// Records that it left out.
    pub skipped: u64,
    /// Failed feeds in a row.
    tries: u32,
}

impl Reading {
    /// A feed was opened.
    pub fn opened(&mut self, now: Instant) {
        *self = Self {
            phase: Phase::Opening {
                since: now,
                goes_on: false,
            },
            tries: self.tries,
            ..Self::default()
        };
    }

    /// A feed was opened that goes on where the rows end.
    pub fn goes_on(&mut self, now: Instant) {
        self.opened(now);
        self.phase = Phase::Opening {
            since: now,
            goes_on: true,
        };
    }

    /// It works.
    pub fn works(&mut self) {
        self.phase = Phase::Open;
        self.tries = 0;
    }

    /// It ended.
    pub fn ended(&mut self, error: Option<Error>, now: Instant) {
        self.tries = if error.is_some() {
            self.tries.saturating_add(1)
        } else {
            0
        };
        self.is_at_end |= error.is_none();
        self.phase = Phase::Ended { error, at: now };
    }

    /// Why it stopped.
    pub fn error(&self) -> Option<&Error> {
        match &self.phase {
            Phase::Ended { error, .. } => error.as_ref(),
            Phase::Closed | Phase::Opening { .. } | Phase::Open => None,
        }
    }

    /// When a failed feed may be opened again: after 1 s, 2 s, 4 s, then 5 s.
    pub fn retry_at(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Ended { error: Some(_), at } => {
                let seconds = (1_u64 << self.tries.saturating_sub(1).min(3)).min(5);
                Some(*at + Duration::from_secs(seconds))
            }
            _ => None,
        }
    }

    /// Whether there is a feed that can be held and resumed.
    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Opening { .. } | Phase::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_feed_is_opened_less_and_less_often_and_starts_over_once_it_works() {
        #[expect(clippy::disallowed_methods, reason = "tests need a point in time to count from")]
        let now = Instant::now();
        let gone = || Some(Error::Cancelled { what: "Fetch".into() });
        let mut reading = Reading::default();
        for seconds in [1, 2, 4, 5, 5] {
            reading.opened(now);
            assert_eq!(reading.retry_at(), None);
            reading.ended(gone(), now);
            assert_eq!(reading.retry_at(), Some(now + Duration::from_secs(seconds)));
            assert!(reading.error().is_some() && !reading.is_live() && !reading.is_at_end);
        }
        reading.opened(now);
        reading.works();
        reading.ended(gone(), now);
        assert_eq!(reading.retry_at(), Some(now + Duration::from_secs(1)));
    }

    #[test]
    fn a_feed_that_read_everything_is_at_its_end_and_not_opened_again() {
        #[expect(clippy::disallowed_methods, reason = "tests need a point in time to count from")]
        let now = Instant::now();
        let mut reading = Reading::default();
        reading.opened(now);
        reading.ended(None, now);
        assert!(reading.is_at_end);
        assert_eq!((reading.retry_at(), reading.error()), (None, None));
    }
}
