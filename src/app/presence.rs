//! Whether somebody is there: nobody who pressed no key for a while, and then nothing is asked.
//!
//! Whether the terminal has the focus does not count: what is watched in an incident often has none (docs/adr/0007).

use std::time::{Duration, Instant};

/// Who pressed no key for so long is not there.
pub const IDLE: Duration = Duration::from_mins(10);

/// When somebody last did something, and since when nothing is asked.
#[derive(Clone, Copy, Debug)]
pub struct Presence {
    touched: Instant,
    paused: Option<Instant>,
}

impl Presence {
    /// Somebody has just come.
    pub fn new(now: Instant) -> Self {
        Self {
            touched: now,
            paused: None,
        }
    }

    /// Somebody did something; whether that ends a pause.
    pub fn touch(&mut self, now: Instant) -> bool {
        self.touched = now;
        self.paused.take().is_some()
    }

    /// Begins a pause when it is time.
    pub fn settle(&mut self, now: Instant) {
        if now >= self.touched + IDLE {
            self.paused.get_or_insert(now);
        }
    }

    /// Since when nothing is asked.
    pub fn paused(&self) -> Option<Instant> {
        self.paused
    }

    /// When a pause begins.
    pub fn deadline(&self) -> Option<Instant> {
        self.paused.is_none().then(|| self.touched + IDLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_begins_ten_minutes_after_the_last_key_and_ends_with_the_next() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let mut presence = Presence::new(begin);
        presence.settle(begin + IDLE / 2);
        assert!(!presence.touch(begin + IDLE / 2));
        presence.settle(begin + IDLE);
        assert_eq!(
            (presence.paused(), presence.deadline()),
            (None, Some(begin + IDLE * 3 / 2))
        );
        presence.settle(begin + IDLE * 2);
        presence.settle(begin + IDLE * 3);
        assert_eq!((presence.paused(), presence.deadline()), (Some(begin + IDLE * 2), None));
        assert!(presence.touch(begin + IDLE * 4));
        assert_eq!(presence.paused(), None);
    }
}
