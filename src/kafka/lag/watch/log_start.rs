//! Where a log begins, and how fast that moves: retention takes whole segments, so it stands and jumps.

use std::time::Duration;

use super::moment::Moment;
use super::newest::Newest;
use crate::kafka::model::Offset;

/// So many jumps are kept.
const JUMPS: usize = 4;

/// Where a log begins, as far as that was told: it only moves on, and not every look tells it. Small while it stands.
#[derive(Clone, Debug)]
pub(super) struct LogStart {
    /// `i64::MIN` while it is unknown.
    offset: i64,
    jumps: Option<Box<Newest<(Moment, i64), JUMPS>>>,
}

impl Default for LogStart {
    fn default() -> Self {
        Self {
            offset: i64::MIN,
            jumps: None,
        }
    }
}

impl LogStart {
    /// Where the log began when that was last told.
    pub(super) fn get(&self) -> Option<Offset> {
        (self.offset != i64::MIN).then_some(Offset(self.offset))
    }

    /// Takes what was told at some moment, of the same log.
    pub(super) fn tell(&mut self, Offset(start): Offset, at: Moment) {
        if self.get().is_some() && start > self.offset {
            self.jumps.get_or_insert_default().push((at, start));
        }
        self.offset = self.offset.max(start);
    }

    /// How many offsets a second it moves on by; `None` before two jumps were seen: one alone does not tell how often there
    /// are any.
    pub(super) fn speed(&self, now: Moment) -> Option<f64> {
        let jumps = self.jumps.as_deref()?;
        let [(first_at, first), .., (last_at, last)] = **jumps else {
            return None;
        };
        let seen = last_at.since(first_at);
        let each = seen / u32::try_from(jumps.len().saturating_sub(1)).unwrap_or(1).max(1);
        // Where none came for longer than usual, they have become rarer.
        let span = seen + now.since(last_at).saturating_sub(each);
        (span > Duration::ZERO).then(|| last.saturating_sub(first) as f64 / span.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_speed_is_that_of_several_jumps_and_falls_when_none_comes() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begun = Instant::now();
        let at = |seconds| Moment::of(begun + Duration::from_secs(seconds), begun);
        let mut start = LogStart::default();
        assert_eq!(start.get(), None);
        start.tell(Offset(100), at(0));
        start.tell(Offset(100), at(60));
        assert_eq!(start.speed(at(60)), None, "it stands");
        start.tell(Offset(700), at(300));
        assert_eq!(start.speed(at(300)), None, "who knows when the next one comes");
        start.tell(Offset(1_300), at(600));
        assert_eq!(start.speed(at(600)), Some(2.0));
        assert_eq!(start.speed(at(900)), Some(2.0), "the next one is just due");
        assert_eq!(start.speed(at(1_200)), Some(1.0));
        start.tell(Offset(900), at(1_200));
        assert_eq!(start.get(), Some(Offset(1_300)), "it never goes back");
    }
}
