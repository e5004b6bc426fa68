//! What lies between a commit and the end: the record a group would read next, or markers alone.

use super::{LagCase, PartitionLag};
use crate::kafka::model::record::Row;
use crate::kafka::model::{Offset, Timestamp, TimestampType, TopicPartition};

/// A commit to be looked at. In order of partition and offset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The partition.
    pub partition: TopicPartition,
    /// The committed offset.
    pub committed: Offset,
    /// The end of the log when the commit was read.
    pub end: Offset,
}

impl Place {
    /// The place of a row on which something waits; `None` where nothing does, or that is unknown.
    pub fn of(row: &PartitionLag) -> Option<Self> {
        let (LagCase::Known { lag } | LagCase::Expired { lag, .. }) = row.case else {
            return None;
        };
        let (committed, end) = (row.committed?, row.end?);
        (lag > 0).then(|| Self {
            partition: row.partition.clone(),
            // Before the log start nothing can be read: there begins what a consumer would get.
            committed: committed.max(row.log_start.unwrap_or(committed)),
            end,
        })
    }
}

/// What lies between a commit and the end, as far as that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// The commit that was looked at.
    pub committed: Offset,
    /// The end as it was then.
    pub end: Offset,
    /// The first record that a consumer would get.
    pub next: Option<Next>,
    /// Transaction markers before it.
    pub markers: u64,
    /// Records of aborted transactions before it.
    pub aborted: u64,
    /// The offset up to which this was read.
    pub read_to: Offset,
}

/// The record a group would read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Its offset; larger than the commit where the record there is gone.
    pub offset: Offset,
    /// Its timestamp; [`Timestamp::NONE`] where it has none.
    pub timestamp: Timestamp,
    /// Whose clock that comes from.
    pub timestamp_type: TimestampType,
}

/// The record a group would read next, with its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct NextRecord {
    /// The commit that was looked at.
    pub place: Place,
    /// What lies behind it.
    pub tail: Tail,
    /// The record, or the first of an open transaction where nothing before it can be read; `None` where nothing but
    /// markers and aborted records waits.
    pub row: Option<Row>,
}

impl Tail {
    /// Whether it tells what lies between these two.
    pub fn tells(&self, committed: Offset, end: Offset) -> bool {
        self.committed == committed && (self.next.is_some() || self.end == end)
    }

    /// Nothing is known yet of what lies behind a place.
    pub fn at(place: &Place) -> Self {
        Self {
            committed: place.committed,
            end: place.end,
            next: None,
            markers: 0,
            aborted: 0,
            read_to: place.committed,
        }
    }

    /// Whether there is nothing left to read for the answer.
    pub fn is_over(&self) -> bool {
        self.next.is_some() || self.read_to >= self.end
    }

    /// Whether it is proven that nothing but markers and aborted records waits.
    pub fn is_empty(&self) -> bool {
        self.next.is_none() && self.read_to >= self.end && self.committed < self.end
    }

    /// Whether records between the commit and the next one are gone: what waits may have waited longer than that one.
    pub fn is_gone(&self) -> bool {
        let passed = i64::try_from(self.markers + self.aborted).unwrap_or(i64::MAX);
        let gap = self.next.map(|next| next.offset.0.saturating_sub(self.committed.0));
        gap.is_some_and(|gap| gap > passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(next: Option<i64>, markers: u64, read_to: i64) -> Tail {
        let next = next.map(|offset| Next {
            offset: Offset(offset),
            timestamp: Timestamp(1),
            timestamp_type: TimestampType::Create,
        });
        Tail {
            committed: Offset(10),
            end: Offset(12),
            next,
            markers,
            aborted: 0,
            read_to: Offset(read_to),
        }
    }

    #[test]
    fn a_record_behind_markers_is_not_gone() {
        assert!(!tail(Some(10), 0, 11).is_gone());
        assert!(!tail(Some(11), 1, 12).is_gone());
        assert!(tail(Some(11), 0, 12).is_gone());
        assert!(!tail(None, 2, 12).is_gone());
    }

    #[test]
    fn only_what_was_read_to_the_end_is_proven_empty() {
        assert!(tail(None, 2, 12).is_empty());
        assert!(!tail(None, 1, 11).is_empty(), "an open transaction may hold the rest");
        assert!(!tail(Some(11), 1, 12).is_empty());
    }
}
