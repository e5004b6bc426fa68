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
    arrivals: VecDeque<(Instant, u64)>,
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
    pub fn add(&mut self, now: Instant, count: usize) {
        self.since.get_or_insert(now);
        while self.arrivals.front().is_some_and(|(at, _)| *at + WINDOW <= now) {
            self.arrivals.pop_front();
        }
        if count == 0 {
            return;
        }
        match self.arrivals.back_mut() {
            Some((at, sum)) if *at + STEP > now => *sum += count as u64,
            _ => self.arrivals.push_back((now, count as u64)),
        }
    }

    /// Records per second; `None` while there has been less than a second to count in.
    pub fn rate(&self, now: Instant) -> Option<f64> {
        let counted = now.saturating_duration_since(self.since?).min(WINDOW);
        if counted < Duration::from_secs(1) {
            return None;
        }
        let recent = self.arrivals.iter().filter(|(at, _)| *at + WINDOW > now);
        let sum: u64 = recent.map(|(_, count)| count).sum();
        Some(sum as f64 / counted.as_secs_f64())
    }

    /// When the rate will read otherwise although nothing arrives; `None` once it stays.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        let since = self.since?;
        if now < since + Duration::from_secs(1) {
            return Some(since + Duration::from_secs(1));
        }
        let (last, _) = self.arrivals.back()?;
        (*last + WINDOW > now).then(|| now + Duration::from_secs(1))
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
        pace.add(at(now, 10), 500);
        assert_eq!(pace.rate(at(now, 900)), None);
        assert_eq!(pace.next_change(at(now, 900)), Some(at(now, 1000)));
        assert_eq!(pace.rate(at(now, 1000)), Some(500.0));
        assert_eq!(Pace::default().rate(now), None);
    }

    #[test]
    fn a_steady_stream_has_its_rate() {
        let (mut pace, now) = start();
        for millis in (0..20_000).step_by(10) {
            pace.add(at(now, millis), 4);
        }
        assert!(pace.arrivals.len() <= 21, "the list is bounded");
        let rate = pace.rate(at(now, 20_000)).unwrap();
        assert!((rate - 400.0).abs() < 25.0, "{rate}");
    }

    #[test]
    fn silence_reads_zero_after_five_seconds_and_then_nothing_changes() {
        let (mut pace, now) = start();
        pace.add(at(now, 0), 10);
        assert!(pace.next_change(at(now, 4_500)).is_some());
        assert_eq!(pace.rate(at(now, 5_000)), Some(0.0));
        assert_eq!(pace.next_change(at(now, 5_000)), None);
    }
}
