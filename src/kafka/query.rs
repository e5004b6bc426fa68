//! What can be asked of the engine, and what it answers.

mod search;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::kafka::lag::tail::{NextRecord, Place, Tail};
use crate::kafka::lag::{GroupDetail, GroupReading, TopicReaders};
use crate::kafka::model::record::Row;
use crate::kafka::model::{
    Cluster, ConfigEntry, GroupId, GroupListing, Isolation, LogDir, Offset, PartitionId, PartitionOffsets,
    Reassignments, ReplicaSize, Topic, TopicName, TopicPartition,
};
use crate::kafka::partial::Failure;
use crate::position::{Start, Until};

pub use search::{Progress, SearchBatch, SearchSpec};

/// A question to the cluster. Reads only: none of these changes anything, joins a group or creates a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Cluster and every topic: one Metadata request.
    Overview,
    /// Brokers and controller only: the heartbeat.
    Cluster,
    /// Log start and end of every partition of these topics, batched per leader.
    Offsets(Vec<TopicName>),
    /// Size of every replica of these topics, from every broker.
    Sizes(Vec<TopicName>),
    /// Configuration of these topics.
    Configs {
        /// The topics.
        topics: Vec<TopicName>,
        /// Which entries.
        names: ConfigNames,
    },
    /// Partitions that are being moved to other brokers.
    Reassignments,
    /// Log directories of every broker, summed per directory.
    LogDirs,
    /// Groups of every coordinator.
    Groups,
    /// Lag of these groups, batched per coordinator and leader.
    Lags {
        /// The groups.
        groups: Vec<GroupListing>,
        /// Whether their members are described too.
        members: Members,
    },
    /// One group with members and every partition.
    Group(GroupListing),
    /// The groups that read a topic, each as far as it concerns the topic. Asks for every group.
    Readers(TopicName),
    /// Many groups with members and every partition, batched as [`Query::Lags`] is.
    Details(Vec<GroupListing>),
    /// Where the logs of these topics begin, batched per leader. Shared, for it is asked again and may be long.
    LogStarts(Arc<[TopicName]>),
    /// What lies at these commits: a small fetch for each leader.
    Tails(Vec<Place>),
    /// The record that lies at this commit, with its bytes.
    NextRecord(Place),
}

/// What answering a question took of the cluster, without making connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Requests that were sent.
    pub requests: u64,
    /// Bytes of them and of their answers, without headers.
    pub bytes: u64,
}

/// Which configuration entries to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigNames {
    /// All of them, with their defaults.
    All,
    /// Those a list of topics shows: cleanup, retention, min.insync.replicas.
    ListColumns,
    /// `min.insync.replicas` alone.
    MinIsr,
}

/// Whether a lag query describes the groups' members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// Describe them: state, member count and assigned partitions without commit are known, and what retention took.
    Described,
    /// Committed offsets and ends only: cheaper by two requests per broker and most of the bytes.
    Skipped,
}

/// The answer to a [`Query`].
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To [`Query::Overview`].
    Overview(Overview),
    /// To [`Query::Cluster`].
    Cluster(Cluster),
    /// To [`Query::Offsets`].
    Offsets(HashMap<TopicName, Vec<PartitionOffsets>>),
    /// To [`Query::Sizes`].
    Sizes(HashMap<TopicName, Vec<ReplicaSize>>),
    /// To [`Query::Configs`].
    Configs(HashMap<TopicName, Vec<ConfigEntry>>),
    /// To [`Query::Reassignments`].
    Reassignments(Reassignments),
    /// To [`Query::LogDirs`].
    LogDirs(Vec<LogDir>),
    /// To [`Query::Groups`].
    Groups(Vec<GroupListing>),
    /// To [`Query::Lags`].
    Lags(HashMap<GroupId, GroupReading>),
    /// To [`Query::Group`].
    Group(GroupDetail),
    /// To [`Query::Readers`].
    Readers(TopicReaders),
    /// To [`Query::Details`], in the order they were asked for. A group that could not be described is a failure.
    Details(Vec<GroupDetail>),
    /// To [`Query::LogStarts`]: those that were told.
    LogStarts(HashMap<TopicPartition, Offset>),
    /// To [`Query::Tails`].
    Tails(Vec<(TopicPartition, Tail)>),
    /// To [`Query::NextRecord`].
    NextRecord(Box<NextRecord>),
}

/// Cluster and topics as one Metadata response tells them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// The cluster.
    pub cluster: Cluster,
    /// Every topic the user may see, internal ones included, by name.
    pub topics: Vec<Topic>,
}

impl Overview {
    /// How often it may be asked for. Metadata costs about 45 bytes a partition, so a large cluster is asked less often:
    /// every 5 s up to 10,000 partitions, every 50 s at 100,000.
    pub fn polite_period(&self) -> Duration {
        let partitions: usize = self.topics.iter().map(|topic| topic.partitions.len()).sum();
        Duration::from_millis((partitions as u64 / 2).clamp(5_000, 60_000))
    }

    /// The topic of this name.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        let found = self.topics.binary_search_by(|topic| topic.name.as_str().cmp(name));
        self.topics.get(found.ok()?)
    }
}

/// A stream of records to open: what it covers, where it starts and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedSpec {
    /// What is read of each topic; at least one.
    pub topics: Vec<FeedTopic>,
    /// Where it ends.
    pub until: Until,
    /// Whose records are counted where a number of them is asked for. Every row is handed over, with its kind.
    pub isolation: Isolation,
}

/// What a feed reads of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedTopic {
    /// The topic.
    pub topic: TopicName,
    /// Its partitions; empty means all of them.
    pub partitions: Vec<PartitionId>,
    /// Where to start.
    pub start: Start,
}

impl FeedSpec {
    /// A stream of one topic.
    pub fn of(topic: TopicName, partitions: Vec<PartitionId>, start: Start, until: Until) -> Self {
        Self {
            topics: vec![FeedTopic {
                topic,
                partitions,
                start,
            }],
            until,
            isolation: Isolation::ReadCommitted,
        }
    }

    /// Whether to go on with new records once the end is reached.
    pub fn follows(&self) -> bool {
        self.until == Until::Follow
    }
}

/// Where a feed began to read a partition forwards: rows before that place are those of the newest records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Began {
    /// Number of the topic in the [`FeedSpec`].
    pub topic: u16,
    /// The partition.
    pub partition: PartitionId,
    /// The first offset that was asked for.
    pub offset: Offset,
}

/// Records to read before a place in each partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OlderSpec {
    /// The topics, numbered as in the [`FeedSpec`].
    pub topics: Vec<OlderTopic>,
    /// How many records.
    pub count: usize,
    /// Whose records are counted.
    pub isolation: Isolation,
}

/// The places in one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OlderTopic {
    /// The topic.
    pub topic: TopicName,
    /// Its partitions, each with the offset before which is read.
    pub before: Vec<(PartitionId, Offset)>,
}

/// The records before some places.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OlderRows {
    /// The rows, oldest first, each with the number of its topic.
    pub rows: Vec<(u16, Row)>,
    /// Whether there are none: the places are the first of their logs.
    pub is_first: bool,
    /// Partitions that could not be read.
    pub failures: Vec<Failure>,
}

/// What a feed hands over: rows, how far it is, and what went wrong on the way. Bounded by count and bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedBatch {
    /// Rows in the order to show them: by time over partitions where the feed could merge, by offset within each.
    pub rows: Vec<Row>,
    /// For each row the number of its topic in the [`FeedSpec`]; empty where all are of the first.
    pub topics: Vec<u16>,
    /// Records left out before these rows to keep up with new ones (only where that is allowed).
    pub skipped: u64,
    /// Partitions that have found their place since the batch before.
    pub began: Vec<Began>,
    /// Whether every partition has reached the end offsets snapshotted at the start (it may still follow).
    pub at_end: bool,
    /// Partitions that cannot be read at present, with their reason; the others go on. Each batch names all of them, so
    /// one without failures says that every partition can be read (again).
    pub failures: Vec<Failure>,
}
