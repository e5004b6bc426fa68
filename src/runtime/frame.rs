//! When the next frame may be drawn.

use std::time::{Duration, Instant};

/// Least time between two frames: what changes within it is drawn once.
pub const INTERVAL: Duration = Duration::from_millis(16);

/// After a rest the second frame comes sooner: the first says that a key was heard, the second is the answer to it, which
/// on a near cluster is there in a few milliseconds.
pub const ANSWER_INTERVAL: Duration = Duration::from_millis(4);

/// Least time between two frames that only show new records: a list that follows is repainted whole, and nobody reads
/// faster.
pub const STREAM_INTERVAL: Duration = Duration::from_millis(200);

/// Paces frames: after a rest the first change is drawn at once and the next after [`ANSWER_INTERVAL`], a flood of them
/// every [`INTERVAL`], a stream of records every [`STREAM_INTERVAL`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
    /// Whether the last frame was the first after a rest.
    is_first: bool,
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
        let interval = if self.is_first { ANSWER_INTERVAL } else { INTERVAL };
        let due = self.last.map_or(now, |last| last + interval);
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
        // In a flood a frame comes one interval after the other, or a little later.
        self.is_first = self.last.is_none_or(|last| now >= last + 2 * INTERVAL);
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
        let first = start + ANSWER_INTERVAL;
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

    /// Draws whatever is asked for at every millisecond of a time; answers when the frames were drawn.
    fn flood(pace: &mut Pace, start: Instant, time: Duration) -> Vec<Duration> {
        let steps = (0..time.as_millis() as u64).map(Duration::from_millis);
        let drawn = steps.filter(|step| {
            pace.ask();
            let is_due = pace.is_due(start + *step);
            if is_due {
                pace.drawn(start + *step);
            }
            is_due
        });
        drawn.collect()
    }

    #[test]
    fn a_flood_of_changes_is_drawn_once_per_interval_after_the_first_answer() {
        let start = clock::now();
        let mut pace = Pace::default();
        let ms = Duration::from_millis;
        let frames = [0, 4, 20, 36, 52].map(ms);
        assert_eq!(flood(&mut pace, start, ms(60)), frames);
        assert_eq!(
            flood(&mut pace, start + ms(600), ms(60)),
            frames,
            "the same after a rest"
        );
    }
}
