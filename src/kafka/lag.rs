//! Consumer-group lag: a pure function of who is assigned, what is committed and where the logs end.
//!
//! The I/O that collects the parts keeps the order describe, committed, log start, end (protocol.md 2.1): the end is
//! read last, so a lag below zero is never our own race.

use crate::kafka::model::{BrokerId, GroupDescription, Offset, TopicPartition, Total};

/// What can be said of a group's lag on one partition. Unknown is a case of its own, never 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LagCase {
    /// A commit between log start and end: `lag` records to go, transaction markers included.
    Known {
        /// `end - committed`.
        lag: i64,
    },
    /// Assigned but never committed. Where it would start depends on the consumer's `auto.offset.reset`.
    NoCommit {
        /// `end - log start`: at most this many records wait; `None` when an end is unknown.
        backlog: Option<i64>,
    },
    /// The commit lies before the log start: retention overtook the group.
    Expired {
        /// `end - log start`: what can still be read.
        lag: i64,
        /// `log start - committed`: what is lost.
        lost: i64,
    },
    /// The commit lies past the end: the log was truncated or the topic made anew.
    Ahead {
        /// `committed - end`.
        by: i64,
    },
    /// It cannot be told, for this reason.
    Unknown(UnknownLag),
}

/// Why a lag is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownLag {
    /// The partition has no leader.
    NoLeader,
    /// The leader did not answer, or answered with this error.
    NoEnd(String),
    /// The topic or partition no longer exists.
    Deleted,
    /// The committed offset could not be read.
    NoCommitted(String),
}

/// A group's position on one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionLag {
    /// The partition.
    pub partition: TopicPartition,
    /// Index into the description's members of the one that owns it; `None` when nobody does.
    pub owner: Option<usize>,
    /// Committed offset; `None` when there is none or it is unknown (see `case`).
    pub committed: Option<Offset>,
    /// Log start offset, where known.
    pub log_start: Option<Offset>,
    /// High watermark, where known.
    pub end: Option<Offset>,
    /// The lag's case.
    pub case: LagCase,
}

/// One group with everything its screen shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDetail {
    /// State and members.
    pub description: GroupDescription,
    /// Every partition that is assigned or has a commit, by topic and index.
    pub partitions: Vec<PartitionLag>,
}

/// What a list of groups shows of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSummary {
    /// Coordinator that answered.
    pub coordinator: BrokerId,
    /// State in Kafka's word; `None` when the group was not described.
    pub state: Option<crate::kafka::model::GroupState>,
    /// Live members; `None` when the group was not described.
    pub members: Option<usize>,
    /// Sum over the partitions that have a commit.
    pub lag: Total,
    /// Assigned partitions without a commit.
    pub uncommitted: usize,
    /// Number of partitions that are assigned or have a commit.
    pub partitions: usize,
}
