//! The groups that read one topic.

use super::{GroupDetail, LagCase};
use crate::kafka::model::{GroupListing, GroupState, TopicName, Total};

/// The groups of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicReaders {
    /// The topic.
    pub topic: TopicName,
    /// Every group that owns a partition of it or has a commit there, as far as groups could be read.
    pub groups: Vec<TopicReader>,
}

/// A group as far as it concerns one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicReader {
    /// The group.
    pub listing: GroupListing,
    /// Its state.
    pub state: GroupState,
    /// Members that own a partition of the topic.
    pub members: usize,
    /// Partitions of the topic that it owns or has a commit for.
    pub partitions: usize,
    /// Sum over those that have a commit.
    pub lag: Total,
    /// Those it owns without a commit.
    pub uncommitted: usize,
}

impl TopicReader {
    /// The part of a group that concerns `topic`; `None` when nothing does.
    pub fn of(listing: GroupListing, detail: &GroupDetail, topic: &TopicName) -> Option<Self> {
        let of_topic = detail.partitions.iter().filter(|row| row.partition.topic == *topic);
        let members = detail.description.members.iter().filter(|member| {
            let assigned = member.assigned.as_deref().unwrap_or_default();
            assigned.iter().any(|partition| partition.topic == *topic)
        });
        let mut reader = Self {
            listing,
            state: detail.description.state.clone(),
            members: members.count(),
            partitions: 0,
            lag: Total::default(),
            uncommitted: 0,
        };
        for row in of_topic {
            reader.partitions += 1;
            match &row.case {
                LagCase::NoCommit { .. } => reader.uncommitted += 1,
                case => reader.lag.add(case.lag()),
            }
        }
        (reader.partitions > 0).then_some(reader)
    }
}
