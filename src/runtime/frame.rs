//! When the next frame may be drawn.

use std::time::{Duration, Instant};

/// Least time between two frames: what changes within it is drawn once.
pub const INTERVAL: Duration = Duration::from_millis(16);

/// Paces frames: after a rest the first change is drawn at once, a flood of them every [`INTERVAL`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
    is_pending: bool,
}

impl Pace {
    /// Something may have changed on screen.
    pub fn ask(&mut self) {
        self.is_pending = true;
    }

    /// When the pending frame is to be drawn; `None` while there is none.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.is_pending.then(|| self.last.map_or(now, |last| last + INTERVAL))
    }

    /// Whether a frame is to be drawn now.
    pub fn is_due(&self, now: Instant) -> bool {
        self.due(now).is_some_and(|due| due <= now)
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Instant) {
        self.last = Some(now);
        self.is_pending = false;
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
