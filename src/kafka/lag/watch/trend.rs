//! A lag over the last minutes, in a few points.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// So many points are kept.
const POINTS: usize = 12;
/// Points are so far apart at least; a newer one takes the place of one that is nearer.
const APART: Duration = Duration::from_secs(10);

/// A figure over time, oldest first. A point that is not known is a gap.
#[derive(Clone, Debug, Default)]
pub struct Trend {
    points: VecDeque<(Instant, Option<i64>)>,
}

impl Trend {
    /// Adds the newest figure.
    pub fn push(&mut self, at: Instant, figure: Option<i64>) {
        let before = self
            .points
            .len()
            .checked_sub(2)
            .and_then(|index| self.points.get(index));
        if before.is_some_and(|(before, _)| at.saturating_duration_since(*before) < APART) {
            self.points.pop_back();
        }
        if self.points.len() >= POINTS {
            self.points.pop_front();
        }
        self.points.push_back((at, figure));
    }

    /// The newest figure; `None` when it is unknown.
    pub fn newest(&self) -> Option<i64> {
        self.points.back().and_then(|(_, figure)| *figure)
    }

    /// The figures, oldest first.
    pub fn figures(&self) -> impl Iterator<Item = Option<i64>> {
        self.points.iter().map(|(_, figure)| *figure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_ten_seconds_apart_and_the_newest_is_the_newest_figure() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let mut trend = Trend::default();
        for second in 0..=60 {
            trend.push(begin + Duration::from_secs(second), Some(second as i64));
        }
        let figures: Vec<_> = trend.figures().flatten().collect();
        assert_eq!(figures.first(), Some(&0));
        assert_eq!(figures.last(), Some(&60));
        assert!(
            figures.len() <= 8 && figures.windows(2).all(|pair| pair[1] - pair[0] <= 11),
            "{figures:?}"
        );
        trend.push(begin + Duration::from_secs(61), None);
        assert_eq!(trend.newest(), None);
    }

    #[test]
    fn it_is_bounded() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let mut trend = Trend::default();
        (0..1_000).for_each(|minute| trend.push(begin + Duration::from_secs(60 * minute), Some(1)));
        assert_eq!(trend.figures().count(), POINTS);
    }
}
