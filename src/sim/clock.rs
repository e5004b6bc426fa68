//! Where the simulator takes its time from.

use tokio::time::Instant;

/// 2026-11-20 12:00:00 UTC, where clocks without another origin start.
pub const DEFAULT_ORIGIN_MS: i64 = 1_795_176_000_000;

/// A clock in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// Stands still: screenshots and snapshots are the same on every run.
    Frozen(i64),
    /// Starts at an origin and runs with tokio's time (which tests may pause).
    Running {
        /// What the clock said when it started.
        origin_ms: i64,
        /// When that was.
        started: Instant,
    },
    /// Someone else's clock, as the real time in `ktui demo`.
    Provided(fn() -> i64),
}

impl Clock {
    /// A running clock that says `origin_ms` now.
    pub fn running_from(origin_ms: i64) -> Self {
        Self::Running {
            origin_ms,
            started: Instant::now(),
        }
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::Frozen(now_ms) => *now_ms,
            Self::Running { origin_ms, started } => origin_ms + started.elapsed().as_millis() as i64,
            Self::Provided(now_ms) => now_ms(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_running_clock_follows_tokio_s_time() {
        let clock = Clock::running_from(1_000);
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(clock.now_ms() >= 1_005);
    }

    #[test]
    fn a_frozen_clock_stands_still() {
        assert_eq!(Clock::Frozen(7).now_ms(), 7);
        assert_eq!(Clock::Provided(|| 9).now_ms(), 9);
    }
}
