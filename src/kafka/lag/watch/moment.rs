//! Time as a watch keeps it: 4 bytes where an `Instant` takes 16, for a cluster has hundreds of thousands of commits.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// A watch that is older begins anew: what is behind it fits into a [`Moment`] no more.
pub(super) const LONGEST: Duration = Duration::from_hours(24 * 40);

/// Milliseconds since a watch began, and one more: `Option<Moment>` is as small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(NonZeroU32);

impl Default for Moment {
    fn default() -> Self {
        Self(NonZeroU32::MIN)
    }
}

impl Moment {
    /// The moment `at` in a watch that began at `begun`.
    pub(super) fn of(at: Instant, begun: Instant) -> Self {
        let millis = at.saturating_duration_since(begun).as_millis();
        let millis = u32::try_from(millis).unwrap_or(u32::MAX);
        Self(NonZeroU32::MIN.saturating_add(millis))
    }

    /// How long it is after `earlier`; zero when it is before.
    pub(super) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::from(self.0.get().saturating_sub(earlier.0.get())))
    }

    /// The same moment for everybody else.
    pub(super) fn instant(self, begun: Instant) -> Instant {
        begun + self.since(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_small_and_tells_the_time_that_passed() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begun = Instant::now();
        assert_eq!(size_of::<Option<Moment>>(), 4);
        let at = |millis| Moment::of(begun + Duration::from_millis(millis), begun);
        assert_eq!(at(7_500).since(at(2_000)), Duration::from_millis(5_500));
        assert_eq!(at(2_000).since(at(7_500)), Duration::ZERO);
        assert_eq!(at(7_500).instant(begun), begun + Duration::from_millis(7_500));
        let longest = Moment::of(begun + LONGEST, begun);
        assert_eq!(longest.since(at(0)), LONGEST);
    }
}
