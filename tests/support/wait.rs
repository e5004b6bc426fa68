//! Waiting for a condition with a deadline: tests never sleep a fixed time and hope.

use std::time::{Duration, Instant};

/// Asks `probe` again and again until it has an answer; panics with `what` when none came within `limit`.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = now() + limit;
    loop {
        if let Some(answer) = probe() {
            return answer;
        }
        assert!(now() < deadline, "gave up after {limit:?} waiting for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's deadline is about the real clock")]
fn now() -> Instant {
    Instant::now()
}
