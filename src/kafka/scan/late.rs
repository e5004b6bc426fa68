//! Partitions that are to be followed but could not be asked where they begin. Pure.

use crate::kafka::client::OffsetSpec;
use crate::kafka::model::{Offset, TopicPartition};
use crate::position::Start;

/// A partition that could not be asked: it is followed from its beginning as soon as it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// The partition.
    pub partition: TopicPartition,
    /// Where it begins.
    pub from: Origin,
}

/// Where a partition begins whose log is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// At the start of its log.
    Begin,
    /// At this offset, or where its log begins or ends before that.
    At(Offset),
    /// At the first record of this time or later, in Unix milliseconds; at its end where there is none.
    Since(i64),
}

impl Late {
    /// Where a partition begins that should begin at `start`. Of what was wanted from the end on, or of the newest
    /// records, only what was written since the follow began, at `now` in Unix milliseconds, can still be had.
    pub fn new(partition: TopicPartition, start: &Start, now: i64) -> Self {
        let from = match start {
            Start::Begin => Origin::Begin,
            Start::End | Start::Newest(_) => Origin::Since(now),
            Start::Time(at) => Origin::Since(*at),
            Start::Offset(_) | Start::PerPartition(_) => {
                let named = start.offset(partition.partition);
                named.map_or(Origin::Since(now), Origin::At)
            }
        };
        Self { partition, from }
    }
}

impl Origin {
    /// What to ask its leader beside where its log ends.
    pub(super) fn question(self) -> OffsetSpec {
        match self {
            Self::Begin | Self::At(_) => OffsetSpec::Earliest,
            Self::Since(at) => OffsetSpec::Timestamp(at),
        }
    }

    /// The first offset to read, where `first` is the answer to the question.
    pub(super) fn place(self, first: i64, end: i64) -> i64 {
        match self {
            Self::Begin | Self::Since(_) => first,
            Self::At(offset) => offset.0.clamp(first, end.max(first)),
        }
    }

    /// The first offset that was asked for and is not there any more, where reading begins at `at`.
    pub(super) fn lost(self, at: i64) -> Option<i64> {
        match self {
            Self::At(offset) if offset.0 < at => Some(offset.0),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::PartitionId;

    fn origin(start: &Start) -> Origin {
        Late::new(TopicPartition::new("orders", 1), start, 777).from
    }

    #[test]
    fn it_begins_where_it_should_have_begun_and_otherwise_when_the_follow_did() {
        assert_eq!(origin(&Start::Begin), Origin::Begin);
        assert_eq!(origin(&Start::Time(5)), Origin::Since(5));
        assert_eq!(origin(&Start::Offset(Offset(9))), Origin::At(Offset(9)));
        let places = vec![(PartitionId(0), Offset(3)), (PartitionId(1), Offset(4))];
        assert_eq!(origin(&Start::PerPartition(places)), Origin::At(Offset(4)));
        for start in [Start::End, Start::Newest(3), Start::PerPartition(Vec::new())] {
            assert_eq!(origin(&start), Origin::Since(777));
        }
    }

    #[test]
    fn a_place_is_brought_into_the_log() {
        let at = |offset| Origin::At(Offset(offset)).place(10, 20);
        assert_eq!((at(5), at(15), at(25)), (10, 15, 20));
        let lost = |offset| Origin::At(Offset(offset)).lost(10);
        assert_eq!((lost(5), lost(15), Origin::Begin.lost(10)), (Some(5), None, None));
        assert_eq!((Origin::Begin.place(10, 20), Origin::Since(1).place(20, 20)), (10, 20));
        assert_eq!(Origin::Since(1).question(), OffsetSpec::Timestamp(1));
        assert_eq!(Origin::At(Offset(5)).question(), OffsetSpec::Earliest);
    }
}
