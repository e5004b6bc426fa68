//! How many records arrive per second, over the last few seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Arrivals of this long are counted.
const WINDOW: Duration = Duration::from_secs(5);
/// Arrivals within this long are one entry, so that the list stays short at any rate.
const STEP: Duration = Duration::from_millis(250);

/// Arrivals of the last five seconds.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Since when arrivals are counted.
    since: Option<Instant>,
    arrivals: VecDeque<Arrival>,
}

/// What arrived within one step.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    at: Instant,
    shown: u64,
    skipped: u64,
}

impl Pace {
    /// Starts to count.
    pub fn start(&mut self, now: Instant) {
        *self = Self {
            since: Some(now),
            arrivals: VecDeque::new(),
        };
    }

    /// Counts what arrived now.
    pub fn add(&mut self, now: Instant, shown: u64, skipped: u64) {
        self.since.get_or_insert(now);
        while self.arrivals.front().is_some_and(|arrival| arrival.at + WINDOW <= now) {
            self.arrivals.pop_front();
        }
        if shown + skipped == 0 {
            return;
        }
        match self.arrivals.back_mut() {
            Some(last) if last.at + STEP > now => {
                last.shown += shown;
                last.skipped += skipped;
            }
            _ => self.arrivals.push_back(Arrival {
                at: now,
                shown,
                skipped,
            }),
        }
    }

    /// Records per second; `None` while there has been less than a second to count in.
    pub fn rate(&self, now: Instant) -> Option<f64> {
        let counted = now.saturating_duration_since(self.since?).min(WINDOW);
        if counted < Duration::from_secs(1) {
            return None;
        }
        let (shown, skipped) = self.recent(now);
        Some((shown + skipped) as f64 / counted.as_secs_f64())
    }

    /// Of how many records one was shown; `None` while all are.
    pub fn one_in(&self, now: Instant) -> Option<u64> {
        let (shown, skipped) = self.recent(now);
        (skipped > 0).then(|| (shown + skipped).div_ceil(shown.max(1)).max(2))
    }

    fn recent(&self, now: Instant) -> (u64, u64) {
        let recent = self.arrivals.iter().filter(|arrival| arrival.at + WINDOW > now);
        recent.fold((0, 0), |(shown, skipped), arrival| {
            (shown + arrival.shown, skipped + arrival.skipped)
        })
    }

    /// When the rate will read otherwise although nothing arrives; `None` once it stays.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        let since = self.since?;
        if now < since + Duration::from_secs(1) {
            return Some(since + Duration::from_secs(1));
        }
        let last = self.arrivals.back()?.at;
        (last + WINDOW > now).then(|| now + Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    fn start() -> (Pace, Instant) {
        #[expect(clippy::disallowed_methods, reason = "tests need a point in time to count from")]
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.start(now);
        (pace, now)
    }

    #[test]
    fn there_is_no_rate_before_the_first_second_is_over() {
        let (mut pace, now) = start();
        pace.add(at(now, 10), 500, 0);
        assert_eq!(pace.rate(at(now, 900)), None);
        assert_eq!(pace.next_change(at(now, 900)), Some(at(now, 1000)));
        assert_eq!(pace.rate(at(now, 1000)), Some(500.0));
        assert_eq!(Pace::default().rate(now), None);
    }

    #[test]
    fn a_steady_stream_has_its_rate() {
        let (mut pace, now) = start();
        for millis in (0..20_000).step_by(10) {
            pace.add(at(now, millis), 4, 0);
        }
        assert!(pace.arrivals.len() <= 21, "the list is bounded");
        let rate = pace.rate(at(now, 20_000)).unwrap();
        assert!((rate - 400.0).abs() < 25.0, "{rate}");
    }

    #[test]
    fn what_was_left_out_counts_as_arrived_and_is_told_as_one_in_so_many() {
        let (mut pace, now) = start();
        pace.add(at(now, 0), 1_000, 0);
        assert_eq!(pace.one_in(at(now, 2_000)), None);
        pace.add(at(now, 2_000), 0, 39_000);
        assert_eq!(pace.rate(at(now, 2_000)), Some(20_000.0));
        assert_eq!(pace.one_in(at(now, 2_000)), Some(40));
        assert_eq!(pace.one_in(at(now, 8_000)), None, "it keeps up again");
    }

    #[test]
    fn silence_reads_zero_after_five_seconds_and_then_nothing_changes() {
        let (mut pace, now) = start();
        pace.add(at(now, 0), 10, 0);
        assert!(pace.next_change(at(now, 4_500)).is_some());
        assert_eq!(pace.rate(at(now, 5_000)), Some(0.0));
        assert_eq!(pace.next_change(at(now, 5_000)), None);
    }
}
