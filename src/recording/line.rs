//! The lines of a file as JSON has them. Names are part of the format (docs/recording.md).

mod cluster;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

pub(super) use cluster::{ClusterLine, TopicLine};

use super::figure::Figure;
use super::glance::{Asked, Failed};
use crate::kafka::error::{Error, Recorded};
use crate::kafka::lag::tail::{Next, Tail};
use crate::kafka::model::{
    BrokerId, GroupDescription, GroupId, GroupListing, GroupState, GroupType, Member, Offset, PartitionId, Timestamp,
    TimestampType, TopicName, TopicPartition,
};
use crate::kafka::partial::Failure;

/// Figures that changed, by topic: partition and figure.
pub(super) type Changes = BTreeMap<TopicName, Vec<(i32, Figure)>>;

/// A look.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    /// Milliseconds since the epoch.
    pub(super) at: i64,
    /// Milliseconds since the beginning.
    pub(super) ms: u64,
    /// Whether everything is in it: what was before is forgotten.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) full: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) blind: Option<ErrorLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cluster: Option<ClusterLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) impaired: Option<Vec<TopicLine>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<GroupLine>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) starts: Changes,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) ends: Changes,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tails: BTreeMap<TopicName, Vec<TailLine>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failures: Vec<FailureLine>,
}

/// What changed of a group.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct GroupLine {
    pub(super) group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) listed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) listing: Option<ListingLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) described: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<DescriptionLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) members: Option<Vec<MemberLine>>,
    /// Why its commits could not be read; `null` where they could.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "told")]
    pub(super) unread: Option<Figure>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) commits: Changes,
}

/// A figure that is there, also `null`.
fn told<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Figure>, D::Error> {
    Figure::deserialize(deserializer).map(Some)
}

impl GroupLine {
    /// Whether it says nothing.
    pub(super) fn is_silent(&self) -> bool {
        self.listed.is_none()
            && self.listing.is_none()
            && self.described.is_none()
            && self.description.is_none()
            && self.members.is_none()
            && self.unread.is_none()
            && self.commits.is_empty()
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ListingLine {
    #[serde(rename = "type")]
    kind: GroupType,
    protocol: Arc<str>,
    state: Option<GroupState>,
    coordinator: BrokerId,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DescriptionLine {
    #[serde(rename = "type")]
    kind: GroupType,
    protocol: Arc<str>,
    assignor: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<i32>,
    state: GroupState,
    coordinator: BrokerId,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberLine {
    id: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instance: Option<Arc<str>>,
    client_id: Arc<str>,
    host: Arc<str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subscribed: Vec<TopicName>,
    /// `None` where it cannot be read.
    assigned: Option<Vec<(TopicName, Vec<i32>)>>,
}

/// Partition, commit, end, read to, markers, aborted, and the next record: offset, timestamp, whether the broker's.
pub(super) type TailLine = (i32, i64, i64, i64, u64, u64, Option<(i64, i64, bool)>);

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FailureLine {
    asked: Asked,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<BrokerId>,
    what: String,
    error: ErrorLine,
}

/// An error. Those that somebody asks for by name keep it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum ErrorLine {
    UnknownBroker(BrokerId),
    UnknownGroup(GroupId),
    Other(Recorded),
}

impl From<&Error> for ErrorLine {
    fn from(error: &Error) -> Self {
        match error {
            Error::UnknownBroker { broker } => Self::UnknownBroker(*broker),
            Error::UnknownGroup { group } => Self::UnknownGroup(group.clone()),
            other => Self::Other(other.into()),
        }
    }
}

impl From<ErrorLine> for Error {
    fn from(line: ErrorLine) -> Self {
        match line {
            ErrorLine::UnknownBroker(broker) => Self::UnknownBroker { broker },
            ErrorLine::UnknownGroup(group) => Self::UnknownGroup { group },
            ErrorLine::Other(recorded) => Self::Recorded(Box::new(recorded)),
        }
    }
}

impl From<&Failed> for FailureLine {
    fn from(failed: &Failed) -> Self {
        Self {
            asked: failed.asked,
            node: failed.failure.node,
            what: failed.failure.what.clone(),
            error: (&failed.failure.error).into(),
        }
    }
}

impl From<FailureLine> for Failed {
    fn from(line: FailureLine) -> Self {
        Self {
            asked: line.asked,
            failure: Failure {
                node: line.node,
                what: line.what,
                error: line.error.into(),
            },
        }
    }
}

impl From<&GroupListing> for ListingLine {
    fn from(listing: &GroupListing) -> Self {
        Self {
            kind: listing.kind,
            protocol: listing.protocol_type.clone(),
            state: listing.state.clone(),
            coordinator: listing.coordinator,
        }
    }
}

impl ListingLine {
    pub(super) fn of(self, group: GroupId) -> GroupListing {
        GroupListing {
            group,
            kind: self.kind,
            protocol_type: self.protocol,
            state: self.state,
            coordinator: self.coordinator,
        }
    }
}

impl From<&GroupDescription> for DescriptionLine {
    fn from(group: &GroupDescription) -> Self {
        Self {
            kind: group.kind,
            protocol: group.protocol_type.clone(),
            assignor: group.assignor.clone(),
            epoch: group.epoch,
            state: group.state.clone(),
            coordinator: group.coordinator,
        }
    }
}

impl DescriptionLine {
    pub(super) fn of(self, group: GroupId, members: Vec<Member>) -> GroupDescription {
        GroupDescription {
            group,
            kind: self.kind,
            protocol_type: self.protocol,
            assignor: self.assignor,
            epoch: self.epoch,
            state: self.state,
            coordinator: self.coordinator,
            members,
        }
    }
}

impl From<&Member> for MemberLine {
    fn from(member: &Member) -> Self {
        let by_topic = |assigned: &Vec<TopicPartition>| {
            let runs = assigned.chunk_by(|one, other| one.topic == other.topic);
            let each = runs.map(|run| {
                let partitions = run.iter().map(|one| one.partition.0).collect();
                run.first().map(|first| (first.topic.clone(), partitions))
            });
            each.flatten().collect()
        };
        Self {
            id: member.id.clone(),
            instance: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            host: member.host.clone(),
            subscribed: member.subscribed.clone(),
            assigned: member.assigned.as_ref().map(by_topic),
        }
    }
}

impl From<MemberLine> for Member {
    fn from(line: MemberLine) -> Self {
        let flat = |runs: Vec<(TopicName, Vec<i32>)>| {
            let each = runs.into_iter().flat_map(|(topic, partitions)| {
                let named = move |partition| TopicPartition::new(topic.clone(), partition);
                partitions.into_iter().map(named)
            });
            each.collect()
        };
        Self {
            id: line.id,
            instance_id: line.instance,
            client_id: line.client_id,
            host: line.host,
            subscribed: line.subscribed,
            assigned: line.assigned.map(flat),
        }
    }
}

pub(super) fn tail_line(partition: PartitionId, tail: &Tail) -> TailLine {
    let next = tail.next.map(|next| {
        let is_append = next.timestamp_type == TimestampType::LogAppend;
        (next.offset.0, next.timestamp.0, is_append)
    });
    let (committed, end, read_to) = (tail.committed.0, tail.end.0, tail.read_to.0);
    (partition.0, committed, end, read_to, tail.markers, tail.aborted, next)
}

pub(super) fn tail_of(line: &TailLine) -> Tail {
    let (_, committed, end, read_to, markers, aborted, next) = *line;
    Tail {
        committed: Offset(committed),
        end: Offset(end),
        next: next.map(|(offset, timestamp, is_append)| Next {
            offset: Offset(offset),
            timestamp: Timestamp(timestamp),
            timestamp_type: if is_append {
                TimestampType::LogAppend
            } else {
                TimestampType::Create
            },
        }),
        markers,
        aborted,
        read_to: Offset(read_to),
    }
}
