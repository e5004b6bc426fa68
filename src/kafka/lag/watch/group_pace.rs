//! A group in one verdict, one rate and one ETA: its worst partition's, the sum, and the slowest one's.

use std::time::Duration;

use super::pace::{Eta, Pace};
use super::patience_of;
use super::verdict::{Doubt, Verdict};
use super::watched::Watched;
use crate::kafka::lag::UnknownLag;
use crate::kafka::model::TopicPartition;

/// What is concluded of the group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupPace {
    /// The verdict on its worst partition.
    pub verdict: Verdict,
    /// How many partitions have a verdict as bad as that.
    pub worst: usize,
    /// How fast records come and go, where it can be told of at least one partition.
    pub pace: Option<Pace>,
    /// When the slowest partition has worked off its lag; `None` where that cannot be told of one that lags.
    pub eta: Option<Eta>,
}

impl GroupPace {
    /// Nothing can be told: what the group has committed could not be read, and no partition of it is known.
    pub(super) fn unread(why: &str) -> Self {
        Self {
            verdict: Verdict::Unknown(Doubt::Lag(UnknownLag::NoCommitted(why.to_owned()))),
            worst: 0,
            pace: None,
            eta: None,
        }
    }

    /// Concludes from partitions; `None` where there are none. `interval` is the group's.
    pub(super) fn of(tracks: &[(TopicPartition, Watched)], interval: Option<Duration>) -> Option<Self> {
        let (mut verdict, mut worst) = (&tracks.first()?.1.verdict, 0);
        let (mut pace, mut eta) = (None::<Pace>, Some(Eta::In(Duration::ZERO)));
        for (_, one) in tracks {
            if one.verdict.danger() > verdict.danger() {
                worst = 0;
            }
            if one.verdict.danger() >= verdict.danger() {
                worst += 1;
                verdict = verdict.worse(&one.verdict);
            }
            let of_one = one.pace(patience_of(one, interval));
            pace = match (pace, of_one) {
                (Some(sum), Some(pace)) => Some(sum + pace),
                (sum, pace) => sum.or(pace),
            };
            // Who is abreast has always something that waits, and never for long.
            if one.verdict != Verdict::Ok {
                let of_one = of_one.zip(one.lag()).map(|(pace, lag)| pace.eta(lag));
                eta = eta.zip(of_one).map(|(eta, of_one)| later(eta, of_one));
            }
        }
        Some(Self {
            verdict: verdict.clone(),
            worst,
            pace,
            eta,
        })
    }
}

/// The later of the two.
fn later(one: Eta, other: Eta) -> Eta {
    match (one, other) {
        (Eta::Never(a), Eta::Never(b)) => Eta::Never(a + b),
        (never @ Eta::Never(_), _) | (_, never @ Eta::Never(_)) => never,
        (Eta::In(a), Eta::In(b)) => Eta::In(a.max(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_partition_is_the_groups_and_growth_adds_up() {
        let (soon, late) = (Eta::In(Duration::from_secs(5)), Eta::In(Duration::from_secs(90)));
        assert_eq!(later(soon, late), late);
        assert_eq!(later(late, Eta::Never(2.0)), Eta::Never(2.0));
        assert_eq!(later(Eta::Never(3.0), Eta::Never(2.0)), Eta::Never(5.0));
    }
}
