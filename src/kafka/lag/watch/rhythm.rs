//! How far apart the looks at a group are, every 5 s on screen and minutes off it, and how far apart its commits.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::PATIENCE;

/// Nobody waits longer for a verdict, however seldom a group commits.
const MOST_PATIENCE: Duration = Duration::from_secs(15 * 60);

/// When looks were told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rhythm {
    newest: Option<Instant>,
    /// How far apart the newest three were.
    apart: [Duration; 2],
}

impl Rhythm {
    /// When the newest look was told.
    pub(super) fn newest(&self) -> Option<Instant> {
        self.newest
    }

    /// How far apart looks are, by the newest ones; zero before there were two. The longer of two distances: two screens
    /// may ask for the same group, one right after the other.
    pub(super) fn usual(&self) -> Duration {
        let [former, latter] = self.apart;
        former.max(latter)
    }

    /// Takes the next look.
    pub(super) fn look(&mut self, at: Instant) {
        if let Some(before) = self.newest.replace(at) {
            let [_, latter] = self.apart;
            self.apart = [latter, at.saturating_duration_since(before)];
        }
    }
}

/// How long a verdict on a partition waits: three intervals of its own or of its group, whichever is longer.
pub(super) fn patience_of(own: Option<Duration>, of_group: Option<Duration>) -> Duration {
    own.max(of_group)
        .map_or(PATIENCE, |interval| (interval * 3).min(MOST_PATIENCE))
}

/// How long the group takes from one commit to the next, by the newest gaps.
pub(super) fn interval_of(gaps: &VecDeque<Duration>) -> Option<Duration> {
    if gaps.len() < 2 {
        return None;
    }
    let mut gaps: Vec<Duration> = gaps.iter().copied().collect();
    gaps.sort_unstable();
    // Three quarters are not longer: one pause does not count, the slower half does.
    gaps.get((gaps.len() * 3).div_ceil(4).saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_of_the_two_newest_distances_is_usual() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begun = Instant::now();
        let s = Duration::from_secs;
        let mut rhythm = Rhythm::default();
        let usual: Vec<Duration> = [0, 5, 6, 10, 70, 130]
            .into_iter()
            .map(|second| {
                rhythm.look(begun + s(second));
                rhythm.usual()
            })
            .collect();
        assert_eq!(usual, [s(0), s(5), s(5), s(4), s(60), s(60)]);
        assert_eq!(rhythm.newest(), Some(begun + s(130)));
    }
}
