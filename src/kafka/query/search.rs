//! A search over the records of some partitions: what to look for, and what has been seen so far.

use super::FeedTopic;
use crate::filter::Filter;
use crate::kafka::model::record::Row;
use crate::kafka::model::{Isolation, Offset, TopicPartition};
use crate::kafka::partial::Failure;
use crate::position::Until;

/// A search to start. It reads everything from the start to the end, and hands over what matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchSpec {
    /// What is read of each topic; at least one. The newest records are no place to start: a search begins at the log's
    /// start then, so that finding nothing means that nothing is there.
    pub topics: Vec<FeedTopic>,
    /// Where it ends. [`Until::Follow`] goes on with new records, [`Until::Count`] ends after so many matches.
    pub until: Until,
    /// Whether records of aborted and open transactions are left out.
    pub isolation: Isolation,
    /// What to look for.
    pub filter: Filter,
}

/// What a search hands over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchBatch {
    /// Matches, each with the number of its topic in the [`SearchSpec`]; ascending by offset in each partition.
    pub rows: Vec<(u16, Row)>,
    /// How far it is.
    pub progress: Progress,
}

/// How far a search is, and what it has seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Partitions that are read.
    pub partitions: usize,
    /// Offsets that were there when it started, in the ranges that are read.
    pub total: u64,
    /// How many of them have been passed.
    pub passed: u64,
    /// Records that were looked at.
    pub records: u64,
    /// Records that match.
    pub matches: u64,
    /// Bytes of records, decompressed.
    pub bytes: u64,
    /// Records on which the filter could not be evaluated, and the first of them.
    pub errors: u64,
    /// The first of them, and why.
    pub error_examples: Vec<(TopicPartition, Offset, String)>,
    /// Stretches that could not be read.
    pub unreadable: u64,
    /// The first of them, and why.
    pub unreadable_examples: Vec<(TopicPartition, Offset, String)>,
    /// Offsets that retention deleted before they could be read.
    pub lost: u64,
    /// Partitions that cannot be read at present, or were given up.
    pub failures: Vec<Failure>,
    /// Whether everything that was there at the start has been read.
    pub at_end: bool,
}
