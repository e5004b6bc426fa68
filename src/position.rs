//! Where reading starts and where it ends, as a person writes it. Shared by the command line and the screens. Pure.
//!
//! ```text
//!  start   begin | end | newest 50 | offset 1234 | 0@100,3@250 | a time
//!  until   end | follow | count 100 | offset 1234 | 0@200,3@300 | a time
//!  line    START to UNTIL p 0,3-5 in orders.* uncommitted
//!  time    -15m | 2 hours ago | 10:00 | yesterday 14:00 | 2026-11-18T10:00+01:00 | @1763460000000 (ms)
//! ```
//!
//! A record's own place, to be pasted, is its locator: `ktui://CLUSTER/TOPIC/PARTITION@OFFSET`.
//!
//! A time without a zone is local. What is read is half open: the record at the end's offset, or with its time, is not
//! among it.

mod locator;
mod numbers;
mod pattern;
mod plan;
mod say;
mod start;
mod time;
mod until;

use std::ops::Range;

use jiff::Zoned;

use crate::kafka::model::{Offset, PartitionId};

pub use locator::{Locator, LocatorError};
pub use numbers::{parse_partitions, partitions_label};
pub use pattern::{is_match, is_pattern};
pub use plan::{Plan, Shown};
pub use time::parse_time;

/// How many of the newest records are meant where no number is given.
pub const NEWEST: usize = 50;

/// Where reading starts. Chosen before anything is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// The newest records over all partitions: exact by offset per partition, merged by time (protocol.md 2.6).
    Newest(usize),
    /// The log start of each partition.
    Begin,
    /// The end of each partition: only what comes from now on.
    End,
    /// This offset in each partition, clamped into its log.
    Offset(Offset),
    /// An offset for each of these partitions, ascending; the others are not read.
    PerPartition(Vec<(PartitionId, Offset)>),
    /// The first record at or after this time in each partition, in ms since the epoch; its end where there is none.
    Time(i64),
}

/// Where reading ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Until {
    /// The end of each partition as it is when reading starts.
    #[default]
    End,
    /// Never: new records are read as they come.
    Follow,
    /// Before this offset in each partition.
    Offset(Offset),
    /// Before an offset for each of these partitions, ascending; the others are read to their end.
    PerPartition(Vec<(PartitionId, Offset)>),
    /// Before this time, in ms since the epoch: records of that time or later are left out.
    Time(i64),
    /// After so many records over all partitions.
    Count(u64),
}

impl Start {
    /// Reads one as it was typed. `now` is what relative times count from, in the zone that times without one are
    /// in. The error says how to write it.
    pub fn parse(text: &str, now: Option<&Zoned>) -> Result<Self, String> {
        start::parse(text, now)
    }

    /// The partitions it restricts reading to; `None` when it says nothing of that.
    pub fn partitions(&self) -> Option<Vec<PartitionId>> {
        match self {
            Self::PerPartition(places) => Some(places.iter().map(|(partition, _)| *partition).collect()),
            Self::Newest(_) | Self::Begin | Self::End | Self::Offset(_) | Self::Time(_) => None,
        }
    }

    /// Whether a partition is read from here: of those that were `chosen`, or of all where none was.
    pub fn reads(&self, chosen: &[PartitionId], partition: PartitionId) -> bool {
        let is_named = match self {
            Self::PerPartition(_) => self.offset(partition).is_some(),
            Self::Newest(_) | Self::Begin | Self::End | Self::Offset(_) | Self::Time(_) => true,
        };
        is_named && (chosen.is_empty() || chosen.contains(&partition))
    }

    /// Whether all partitions are read, those that are added later too.
    pub fn reads_all(&self, chosen: &[PartitionId]) -> bool {
        chosen.is_empty() && !matches!(self, Self::PerPartition(_))
    }

    /// The offset that it names for a partition.
    pub fn offset(&self, partition: PartitionId) -> Option<Offset> {
        match self {
            Self::Offset(offset) => Some(*offset),
            Self::PerPartition(places) => place(places, partition),
            Self::Newest(_) | Self::Begin | Self::End | Self::Time(_) => None,
        }
    }

    /// The time that it names, which only a broker can turn into an offset.
    pub fn time(&self) -> Option<i64> {
        match self {
            Self::Time(at) => Some(*at),
            _ => None,
        }
    }

    /// The first offset to read of a partition's log. `timed` is the first one at or after the time that it names, where
    /// there is one. For the newest records, which only reading tells, all of the log is theirs.
    pub fn first(&self, partition: PartitionId, log: &Range<Offset>, timed: Option<Offset>) -> Offset {
        let end = log.end.max(log.start);
        let wanted = match self {
            Self::Begin | Self::Newest(_) => log.start,
            Self::End => end,
            Self::Offset(_) | Self::PerPartition(_) => self.offset(partition).unwrap_or(end),
            // Nothing that new: what comes later may be.
            Self::Time(_) => timed.unwrap_or(end),
        };
        wanted.clamp(log.start, end)
    }
}

fn place(places: &[(PartitionId, Offset)], partition: PartitionId) -> Option<Offset> {
    let place = places.iter().find(|(named, _)| *named == partition);
    place.map(|(_, offset)| *offset)
}

impl Until {
    /// Reads one as it was typed; see [`Start::parse`].
    pub fn parse(text: &str, now: Option<&Zoned>) -> Result<Self, String> {
        until::parse(text, now)
    }

    /// The partitions it names; `None` when it says nothing of that. The others are read to their end.
    pub fn partitions(&self) -> Option<Vec<PartitionId>> {
        match self {
            Self::PerPartition(places) => Some(places.iter().map(|(partition, _)| *partition).collect()),
            Self::End | Self::Follow | Self::Offset(_) | Self::Time(_) | Self::Count(_) => None,
        }
    }

    /// Whether nothing can lie between a start and this end, wherever the logs begin and end: they are the wrong way
    /// round.
    pub fn is_before(&self, start: &Start) -> bool {
        match (start, self) {
            (Start::Time(from), Self::Time(to)) => to < from,
            (Start::Offset(from), Self::Offset(to)) => to < from,
            (Start::PerPartition(places), _) => {
                let is_before = |(id, from)| self.offset(id).is_some_and(|to| to < from);
                places.iter().copied().any(is_before)
            }
            _ => false,
        }
    }

    /// The offset at which it ends a partition, where that is known before anything is read.
    pub fn offset(&self, partition: PartitionId) -> Option<Offset> {
        match self {
            Self::Offset(offset) => Some(*offset),
            Self::PerPartition(places) => place(places, partition),
            Self::End | Self::Follow | Self::Time(_) | Self::Count(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_restrict_what_is_read_and_other_starts_do_not() {
        let start = Start::parse("3@250,0@100", None).unwrap();
        assert_eq!(start.partitions(), Some(vec![PartitionId(0), PartitionId(3)]));
        assert_eq!(Start::Begin.partitions(), None);
        let reads = |start: &Start, chosen: &[i32], id| {
            let chosen: Vec<_> = chosen.iter().copied().map(PartitionId).collect();
            start.reads(&chosen, PartitionId(id))
        };
        assert!(reads(&start, &[], 3) && !reads(&start, &[], 1) && !reads(&start, &[0], 3));
        assert!(reads(&Start::End, &[], 7) && reads(&Start::End, &[7], 7) && !reads(&Start::End, &[7], 1));
        assert!(Start::End.reads_all(&[]) && !Start::End.reads_all(&[PartitionId(0)]) && !start.reads_all(&[]));
    }

    #[test]
    fn a_start_is_brought_into_the_log() {
        let first = |start: &Start| {
            start
                .first(PartitionId(1), &(Offset(10)..Offset(50)), Some(Offset(30)))
                .0
        };
        assert_eq!(
            (first(&Start::Begin), first(&Start::Newest(5)), first(&Start::End)),
            (10, 10, 50)
        );
        let at = |offset| first(&Start::Offset(Offset(offset)));
        assert_eq!((at(3), at(20), at(99)), (10, 20, 50));
        let place = |id, offset| first(&Start::PerPartition(vec![(PartitionId(id), Offset(offset))]));
        assert_eq!((place(1, 12), place(2, 12)), (12, 50));
        assert_eq!(first(&Start::Time(5)), 30);
        let log = Offset(10)..Offset(50);
        assert_eq!(Start::Time(5).first(PartitionId(1), &log, None), Offset(50));
        let cut = Offset(10)..Offset(4);
        assert_eq!(
            Start::End.first(PartitionId(1), &cut, None),
            Offset(10),
            "the end of an empty log is its start"
        );
    }

    #[test]
    fn an_end_is_an_offset_of_its_partition_or_of_all() {
        let until = Until::parse("0@200,3@300", None).unwrap();
        assert_eq!(until.offset(PartitionId(3)), Some(Offset(300)));
        assert_eq!(until.offset(PartitionId(1)), None);
        assert_eq!(Until::Offset(Offset(9)).offset(PartitionId(1)), Some(Offset(9)));
        assert_eq!(Until::Time(0).offset(PartitionId(1)), None);
    }

    #[test]
    fn an_end_before_the_start_is_the_wrong_way_round() {
        let is_before = |from, to| {
            Until::parse(to, None)
                .unwrap()
                .is_before(&Start::parse(from, None).unwrap())
        };
        for (from, to) in [
            ("10", "5"),
            ("0@9,1@9", "1@8"),
            ("3@7", "5"),
            ("@1763460000000", "@1763450000000"),
        ] {
            assert!(is_before(from, to), "{from} to {to}");
        }
        for (from, to) in [
            ("5", "5"),
            ("0@9", "1@8"),
            ("begin", "5"),
            ("end", "5"),
            ("7", "end"),
            ("9", "0@7"),
        ] {
            assert!(!is_before(from, to), "{from} to {to}: a log may have something there");
        }
    }
}
