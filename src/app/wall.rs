//! The time on the wall, as the shell told it: the machine has no clock of its own.

use std::time::Instant;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// What the wall clock showed at one moment, and in which zone the user lives.
#[derive(Clone, Debug)]
pub struct WallClock {
    /// The moment it was read.
    pub at: Instant,
    /// What it showed then.
    pub time: Timestamp,
    /// The zone in which times are shown and read.
    pub zone: TimeZone,
}

impl WallClock {
    /// What it shows at `now`, or showed then: it may have been read since.
    pub fn time(&self, now: Instant) -> Zoned {
        let between = |from: Instant, to: Instant| SignedDuration::try_from(to.saturating_duration_since(from)).ok();
        let passed = if now < self.at {
            between(now, self.at).map(|before| -before)
        } else {
            between(self.at, now)
        };
        let passed = passed.unwrap_or(SignedDuration::ZERO);
        let time = self.time.checked_add(passed).unwrap_or(self.time);
        time.to_zoned(self.zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_time_goes_on_from_the_moment_it_was_told() {
        #[expect(clippy::disallowed_methods, reason = "tests need a point in time to count from")]
        let at = Instant::now();
        let wall = WallClock {
            at,
            time: "2026-11-20T10:00:00Z".parse().unwrap(),
            zone: TimeZone::fixed(jiff::tz::offset(1)),
        };
        let later = wall.time(at + Duration::from_secs(90));
        assert_eq!(later.to_string(), "2026-11-20T11:01:30+01:00[+01:00]");
        let told_anew = WallClock {
            at: at + Duration::from_secs(600),
            time: "2026-11-20T10:10:00Z".parse().unwrap(),
            zone: wall.zone.clone(),
        };
        assert_eq!(
            told_anew.time(at + Duration::from_secs(90)),
            later,
            "what was before stays when it was"
        );
    }

    #[test]
    fn a_clock_at_the_end_of_time_stands_still() {
        #[expect(clippy::disallowed_methods, reason = "tests need a point in time to count from")]
        let at = Instant::now();
        let wall = WallClock {
            at,
            time: Timestamp::MAX,
            zone: TimeZone::UTC,
        };
        assert_eq!(wall.time(at + Duration::from_secs(90)).timestamp(), Timestamp::MAX);
    }
}
