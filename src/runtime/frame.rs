//! When the next frame may be drawn.

use std::time::{Duration, Instant};

/// Least time between two frames: what changes within it is drawn once.
pub const INTERVAL: Duration = Duration::from_millis(16);

/// Least time between two frames that only show new records: a list that follows is repainted whole, and nobody reads
/// faster.
pub const STREAM_INTERVAL: Duration = Duration::from_millis(200);

/// Paces frames: after a rest the first change is drawn at once, a flood of them every [`INTERVAL`], a stream of
/// records every [`STREAM_INTERVAL`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
    /// When a frame was last drawn for records alone.
    last_stream: Option<Instant>,
    pending: Option<Cause>,
}

/// Why a frame is to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Records,
    Change,
}

impl Pace {
    /// Something may have changed on screen.
    pub fn ask(&mut self) {
        self.pending = Some(Cause::Change);
    }

    /// New records may be on screen.
    pub fn ask_for_records(&mut self) {
        self.pending.get_or_insert(Cause::Records);
    }

    /// When the pending frame is to be drawn; `None` while there is none.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let cause = self.pending?;
        let due = self.last.map_or(now, |last| last + INTERVAL);
        match (cause, self.last_stream) {
            (Cause::Records, Some(last)) => Some(due.max(last + STREAM_INTERVAL)),
            (Cause::Records | Cause::Change, _) => Some(due),
        }
    }

    /// Whether a frame is to be drawn now.
    pub fn is_due(&self, now: Instant) -> bool {
        self.due(now).is_some_and(|due| due <= now)
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Instant) {
        self.last = Some(now);
        if self.pending.take() == Some(Cause::Records) {
            self.last_stream = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock;
    use super::*;

    #[test]
    fn after_a_rest_a_change_is_drawn_at_once() {
        let start = clock::now();
        let mut pace = Pace::default();
        assert_eq!(pace.due(start), None);
        pace.ask();
        assert!(pace.is_due(start));
        pace.drawn(start);
        assert!(!pace.is_due(start + Duration::from_secs(9)), "nothing changed");
    }

    #[test]
    fn records_are_drawn_at_once_after_a_key_and_then_calmly() {
        let start = clock::now();
        let mut pace = Pace::default();
        pace.ask();
        pace.drawn(start);
        pace.ask_for_records();
        let first = start + INTERVAL;
        assert_eq!(pace.due(start), Some(first), "the first ones were asked for by a key");
        pace.drawn(first);
        pace.ask_for_records();
        assert_eq!(pace.due(first), Some(first + STREAM_INTERVAL));
        pace.ask();
        pace.ask_for_records();
        assert_eq!(
            pace.due(first),
            Some(first + INTERVAL),
            "a key does not wait for the stream"
        );
    }

    #[test]
    fn a_flood_of_changes_is_drawn_once_per_interval() {
        let start = clock::now();
        let mut pace = Pace::default();
        pace.drawn(start);
        pace.ask();
        pace.ask();
        assert!(!pace.is_due(start + INTERVAL / 2));
        assert_eq!(pace.due(start), Some(start + INTERVAL));
        assert!(pace.is_due(start + INTERVAL));
    }
}
