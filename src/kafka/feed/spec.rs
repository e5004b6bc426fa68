//! What a feed reads of one topic, and which of its rows belong to that. Pure.

use crate::kafka::model::{Isolation, Offset, PartitionId, Row, TimestampType, TopicName};
use crate::kafka::query::FeedSpec;
use crate::position::{Start, Until};

/// What is read of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TopicSpec {
    pub(super) topic: TopicName,
    /// Empty means all.
    pub(super) partitions: Vec<PartitionId>,
    pub(super) start: Start,
    pub(super) until: Until,
    pub(super) isolation: Isolation,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is handed over.
    Read,
    /// It lies behind the end.
    LeftOut,
    /// So does everything after it in its partition.
    Over,
}

impl TopicSpec {
    /// One per topic of a feed.
    pub(super) fn each(spec: FeedSpec) -> Vec<Self> {
        let topics = spec.topics.into_iter();
        let each = topics.map(|part| Self {
            topic: part.topic,
            partitions: part.partitions,
            start: part.start,
            until: spec.until.clone(),
            isolation: spec.isolation,
        });
        each.collect()
    }

    pub(super) fn follows(&self) -> bool {
        self.until == Until::Follow
    }

    /// Of all partitions those that are read.
    pub(super) fn chosen(&self, all: Vec<PartitionId>) -> Vec<PartitionId> {
        let is_read = |id: &PartitionId| self.start.reads(&self.partitions, *id);
        all.into_iter().filter(is_read).collect()
    }

    /// Where a partition ends whose log ends at `end`.
    pub(super) fn end(&self, partition: PartitionId, end: Offset) -> Offset {
        self.until.offset(partition).map_or(end, |until| until.min(end))
    }

    /// Whether a row is among what is read.
    pub(super) fn verdict(&self, row: &Row) -> Verdict {
        if let Some(end) = self.until.offset(row.partition()) {
            return if row.offset() >= end {
                Verdict::Over
            } else {
                Verdict::Read
            };
        }
        let (Until::Time(end), Some(record)) = (&self.until, row.record()) else {
            return Verdict::Read;
        };
        match record.timestamp.millis() {
            // Only the broker's clock goes forward: what producers write may be older again further on.
            Some(at) if at >= *end => match record.timestamp_type {
                TimestampType::LogAppend => Verdict::Over,
                TimestampType::Create => Verdict::LeftOut,
            },
            _ => Verdict::Read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::{Damage, Unreadable};

    fn spec(start: &str, until: &str) -> TopicSpec {
        TopicSpec {
            topic: "orders".into(),
            partitions: Vec::new(),
            start: Start::parse(start, None).unwrap(),
            until: Until::parse(until, None).unwrap(),
            isolation: Isolation::ReadCommitted,
        }
    }

    fn stretch(offset: i64) -> Row {
        Row::Unreadable(Unreadable {
            partition: PartitionId(0),
            first: Offset(offset),
            last: Offset(offset),
            damage: Damage::UnknownFormat { magic: 9 },
            bytes: bytes::Bytes::new(),
        })
    }

    #[test]
    fn partitions_are_those_asked_for_and_those_that_have_a_place() {
        let all = || (0..5).map(PartitionId).collect::<Vec<_>>();
        let ids = |spec: &TopicSpec| spec.chosen(all()).iter().map(|id| id.0).collect::<Vec<_>>();
        assert_eq!(ids(&spec("begin", "end")), [0, 1, 2, 3, 4]);
        assert_eq!(ids(&spec("1@5,3@0", "end")), [1, 3]);
        let some = TopicSpec {
            partitions: vec![PartitionId(3), PartitionId(9)],
            ..spec("begin", "end")
        };
        assert_eq!(ids(&some), [3]);
    }

    #[test]
    fn an_end_by_offset_is_never_behind_the_log() {
        assert_eq!(spec("begin", "offset 7").end(PartitionId(0), Offset(100)), Offset(7));
        assert_eq!(
            spec("begin", "offset 700").end(PartitionId(0), Offset(100)),
            Offset(100)
        );
        assert_eq!(spec("begin", "1@7").end(PartitionId(0), Offset(100)), Offset(100));
    }

    #[test]
    fn rows_from_the_end_on_are_left_out() {
        let to_seven = spec("begin", "offset 7");
        assert_eq!(to_seven.verdict(&stretch(6)), Verdict::Read);
        assert_eq!(to_seven.verdict(&stretch(7)), Verdict::Over);
        assert_eq!(spec("begin", "1@7").verdict(&stretch(9)), Verdict::Read);
        assert_eq!(
            spec("begin", "@1000").verdict(&stretch(9)),
            Verdict::Read,
            "it has no time"
        );
    }
}
