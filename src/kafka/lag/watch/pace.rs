//! How fast records come and go, and when the lag is worked off.

use std::time::Duration;

/// Offsets per second over one span of time, which is the same for both.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    /// By which the end moved.
    pub produced: f64,
    /// By which the commit moved.
    pub consumed: f64,
}

/// When a lag will be worked off, if everything goes on like this.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Eta {
    /// After so long.
    In(Duration),
    /// Not at all: the lag grows by so many offsets a second, or stays as it is (0).
    Never(f64),
}

/// A lag that shrinks by less than this share of what comes in stays as it is.
const STEADY: f64 = 0.01;
/// Further ahead nothing can be foreseen.
const FORESEEN: Duration = Duration::from_secs(100 * 86_400);

impl Pace {
    /// By how many offsets a second the lag grows; negative when it shrinks.
    pub fn growth(&self) -> f64 {
        self.produced - self.consumed
    }

    /// When `lag` will be worked off.
    pub fn eta(&self, lag: i64) -> Eta {
        let shrinks = -self.growth();
        if lag <= 0 {
            return Eta::In(Duration::ZERO);
        }
        let seconds = lag as f64 / shrinks;
        if shrinks <= self.produced * STEADY || seconds > FORESEEN.as_secs_f64() {
            return Eta::Never(self.growth().max(0.0));
        }
        Eta::In(Duration::from_secs_f64(seconds))
    }
}

impl std::ops::Add for Pace {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            produced: self.produced + other.produced,
            consumed: self.consumed + other.consumed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(produced: f64, consumed: f64) -> Pace {
        Pace { produced, consumed }
    }

    #[test]
    fn a_lag_that_shrinks_has_an_end_and_one_that_grows_has_none() {
        assert_eq!(pace(100.0, 300.0).eta(1_000), Eta::In(Duration::from_secs(5)));
        assert_eq!(pace(1_300.0, 100.0).eta(50), Eta::Never(1_200.0));
        assert_eq!(pace(0.0, 0.0).eta(50), Eta::Never(0.0));
        assert_eq!(pace(0.0, 10.0).eta(50), Eta::In(Duration::from_secs(5)));
    }

    #[test]
    fn nothing_waits_no_longer() {
        assert_eq!(pace(1_300.0, 100.0).eta(0), Eta::In(Duration::ZERO));
    }

    #[test]
    fn what_takes_a_hundred_days_is_never() {
        assert_eq!(pace(0.0, 0.001).eta(i64::MAX), Eta::Never(0.0));
    }

    #[test]
    fn a_lag_that_hardly_shrinks_stays() {
        assert_eq!(pace(1_000.0, 1_005.0).eta(10_000), Eta::Never(0.0));
    }
}
