//! The one place that reads the clock; everything else is told the time.

use std::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// The time of day in milliseconds since the Unix epoch.
pub fn unix_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
