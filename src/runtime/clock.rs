//! The one place that reads the clock; everything else is told the time.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::app::event::Event;

/// Now.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// The time of day in milliseconds since the Unix epoch.
pub fn unix_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// The time of day, in the zone of this machine.
pub fn zoned() -> jiff::Zoned {
    jiff::Zoned::now()
}

/// Tells the machine the time of day where it cannot work it out: at first, and when the wall clock was set, or went on
/// while the process or the machine slept.
#[derive(Debug, Default)]
pub struct TimeOfDay {
    told: Option<(Instant, Timestamp)>,
}

/// The wall clock may be so far from what was told before it is told again.
const DRIFT: SignedDuration = SignedDuration::from_millis(500);

impl TimeOfDay {
    /// The time of day, if the machine does not know it.
    pub fn news(&mut self, zone: &TimeZone) -> Option<Event> {
        let time = Timestamp::now();
        self.is_news(now(), time).then(|| Event::TimeTold {
            time,
            zone: zone.clone(),
        })
    }

    fn is_news(&mut self, now: Instant, time: Timestamp) -> bool {
        let is_known = self.told.is_some_and(|(at, told)| {
            let passed: Duration = now.saturating_duration_since(at);
            let expected = told.checked_add(passed).unwrap_or(told);
            time.duration_since(expected).abs() <= DRIFT
        });
        if !is_known {
            self.told = Some((now, time));
        }
        !is_known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_is_told_at_first_and_after_a_sleep() {
        let (start, mut teller) = (now(), TimeOfDay::default());
        let time = |seconds: i64| Timestamp::new(1_795_000_000 + seconds, 0).unwrap();
        let mut is_news = |passed: u64, shown: i64| teller.is_news(start + Duration::from_secs(passed), time(shown));
        assert!(is_news(0, 0));
        assert!(!is_news(3600, 3600), "the machine can work that out");
        assert!(is_news(3601, 7201), "it slept for an hour");
        assert!(!is_news(3602, 7202));
        assert!(is_news(3603, 7000), "the clock was set back");
    }
}
