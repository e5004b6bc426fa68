//! A group in one verdict, one rate and one ETA: its worst partition's, the sum, and the slowest one's.

use std::cmp::Ordering;
use std::time::Duration;

use super::pace::{Eta, Pace};
use super::rhythm::patience_of;
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
    /// In how long the log start overtakes the first of its partitions, where that comes near.
    pub loses: Option<Duration>,
}

/// Where a group stands that is about to lose records: only what is lost already is worse.
const LOSING: u8 = 10;
/// The end of names of topics of Kafka Streams, which deletes from them what it has committed: the log start follows the
/// group there, and never overtakes it.
const PURGED: &str = "-repartition";

impl GroupPace {
    /// Nothing can be told: what the group has committed could not be read, and no partition of it is known.
    pub(super) fn unread(why: &str) -> Self {
        Self {
            verdict: Verdict::Unknown(Doubt::Lag(UnknownLag::NoCommitted(why.to_owned()))),
            worst: 0,
            pace: None,
            eta: None,
            loses: None,
        }
    }

    /// The same where the newest look lacked so many commits that were there before.
    pub(super) fn lacking(pace: Option<Self>, absent: usize) -> Self {
        let gone = Verdict::Unknown(Doubt::WentBack(None));
        let lacking = Self {
            verdict: gone.clone(),
            worst: absent,
            pace: None,
            eta: None,
            loses: None,
        };
        let Some(pace) = pace else { return lacking };
        let (verdict, worst) = match pace.verdict.danger().cmp(&gone.danger()) {
            Ordering::Greater => (pace.verdict, pace.worst),
            Ordering::Equal => (pace.verdict, pace.worst + absent),
            Ordering::Less => (gone, absent),
        };
        Self {
            verdict,
            worst,
            eta: None,
            ..pace
        }
    }

    /// How much it asks for a person's attention: the larger, the more.
    pub fn danger(&self) -> u8 {
        let losing = self.loses.map_or(0, |_| LOSING);
        self.verdict.danger().max(losing)
    }

    /// Concludes from partitions; `None` where there are none. `interval` is the group's.
    pub(super) fn of(tracks: &[(TopicPartition, Watched)], interval: Option<Duration>) -> Option<Self> {
        let (mut verdict, mut worst) = (&tracks.first()?.1.verdict, 0);
        let (mut pace, mut eta) = (None::<Pace>, Some(Eta::In(Duration::ZERO)));
        let mut loses: Option<Duration> = None;
        for (partition, one) in tracks {
            if one.verdict.danger() > verdict.danger() {
                worst = 0;
            }
            if one.verdict.danger() >= verdict.danger() {
                worst += 1;
                verdict = verdict.worse(&one.verdict);
            }
            let of_one = one.pace(patience_of(one.interval(), interval));
            loses = loses.into_iter().chain(loses_in(partition, one, interval)).min();
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
            loses,
        })
    }
}

/// In how long a partition loses records, where its log start comes near.
pub(super) fn loses_in(partition: &TopicPartition, one: &Watched, interval: Option<Duration>) -> Option<Duration> {
    let left = one.loses_in(patience_of(one.interval(), interval))?;
    (!partition.topic.as_str().ends_with(PURGED)).then_some(left)
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
