//! Consumer groups as their coordinator keeps them.

use std::collections::BTreeMap;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::consumer_protocol_assignment::{ConsumerProtocolAssignment, TopicPartition};
use kafka_protocol::messages::{ConsumerProtocolSubscription, TopicName};
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::topic::text;

/// Which protocol a group runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupType {
    /// JoinGroup and SyncGroup; the leading member assigns.
    Classic,
    /// KIP-848; the coordinator assigns.
    Consumer,
}

impl GroupType {
    /// Kafka's word, as in ListGroups v5.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Consumer => "consumer",
        }
    }
}

/// States of both group types, in Kafka's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// No members.
    Empty,
    /// Members are joining (classic).
    PreparingRebalance,
    /// Waiting for the leader's assignment (classic).
    CompletingRebalance,
    /// Members have what they should have.
    Stable,
    /// The coordinator computes an assignment (KIP-848).
    Assigning,
    /// Members move to their target (KIP-848).
    Reconciling,
    /// Being removed.
    Dead,
}

impl GroupState {
    /// Kafka's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Dead => "Dead",
        }
    }
}

/// Partitions by topic.
pub type Assignment = BTreeMap<String, Vec<i32>>;

/// One member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The id the coordinator gave.
    pub member_id: String,
    /// `group.instance.id` of a static member (KIP-345).
    pub instance_id: Option<String>,
    /// `client.id`.
    pub client_id: String,
    /// Address as Kafka prints it, with a leading slash.
    pub client_host: String,
    /// `client.rack`.
    pub rack: Option<String>,
    /// Topics it asked for.
    pub subscription: Vec<String>,
    /// Partitions it has.
    pub assignment: Assignment,
    /// Partitions it should have, when that differs (KIP-848).
    pub target: Option<Assignment>,
    /// Sent instead of the encoded subscription: other group protocols, garbage.
    pub raw_metadata: Option<Bytes>,
    /// Sent instead of the encoded assignment.
    pub raw_assignment: Option<Bytes>,
}

impl Member {
    /// The member's metadata of DescribeGroups: version and ConsumerProtocolSubscription.
    pub fn metadata(&self) -> Bytes {
        if let Some(raw) = &self.raw_metadata {
            return raw.clone();
        }
        let topics = self.subscription.iter().map(|topic| text(topic)).collect();
        versioned(&ConsumerProtocolSubscription::default().with_topics(topics), 1)
    }

    /// The member's assignment of DescribeGroups: version and ConsumerProtocolAssignment, also when it is empty.
    pub fn encoded_assignment(&self) -> Bytes {
        if let Some(raw) = &self.raw_assignment {
            return raw.clone();
        }
        let assigned = self.assignment.iter().map(|(topic, partitions)| {
            TopicPartition::default()
                .with_topic(TopicName(text(topic)))
                .with_partitions(partitions.clone())
        });
        versioned(
            &ConsumerProtocolAssignment::default().with_assigned_partitions(assigned.collect()),
            1,
        )
    }
}

fn versioned(message: &impl Encodable, version: i16) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(version);
    match message.encode(&mut out, version) {
        Ok(()) => out.freeze(),
        Err(_) => Bytes::new(),
    }
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The next offset the group wants to read.
    pub offset: i64,
    /// Epoch of the leader the record before was read from, -1 unknown.
    pub leader_epoch: i32,
    /// Free text of the client.
    pub metadata: StrBytes,
}

impl Commit {
    /// A commit without epoch and text.
    pub fn at(offset: i64) -> Self {
        Self {
            offset,
            leader_epoch: -1,
            metadata: StrBytes::new(),
        }
    }
}

/// One group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Classic or KIP-848.
    pub group_type: GroupType,
    /// `consumer`, `connect`, empty for groups that only commit.
    pub protocol_type: String,
    /// The assignor.
    pub assignor: String,
    /// Where it stands.
    pub state: GroupState,
    /// Generation (classic) or group epoch (KIP-848).
    pub epoch: i32,
    /// The members.
    pub members: Vec<Member>,
    /// Committed offsets by topic and partition.
    pub commits: BTreeMap<StrBytes, BTreeMap<i32, Commit>>,
}

impl Group {
    /// What a commit without membership makes: an Empty group without protocol.
    pub fn simple() -> Self {
        Self {
            group_type: GroupType::Classic,
            protocol_type: String::new(),
            assignor: String::new(),
            state: GroupState::Empty,
            epoch: 0,
            members: Vec::new(),
            commits: BTreeMap::new(),
        }
    }

    /// The commit of one partition.
    pub fn commit(&self, topic: &str, partition: i32) -> Option<&Commit> {
        self.commits.get(topic.as_bytes())?.get(&partition)
    }

    /// Forgets a commit.
    pub fn forget_commit(&mut self, topic: &str, partition: i32) {
        if let Some(partitions) = self.commits.get_mut(topic.as_bytes()) {
            partitions.remove(&partition);
            if partitions.is_empty() {
                self.commits.remove(topic.as_bytes());
            }
        }
    }

    /// Stores a commit.
    pub fn set_commit(&mut self, topic: &StrBytes, partition: i32, commit: Commit) {
        if let Some(partitions) = self.commits.get_mut(topic.as_bytes()) {
            partitions.insert(partition, commit);
        } else {
            self.commits
                .insert(topic.clone(), BTreeMap::from([(partition, commit)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Buf;
    use kafka_protocol::protocol::Decodable;

    use super::*;

    #[test]
    fn subscription_and_assignment_are_in_kafka_s_consumer_protocol() {
        let member = Member {
            subscription: vec!["orders".to_owned()],
            assignment: Assignment::from([("orders".to_owned(), vec![2, 5])]),
            ..Member::default()
        };
        let mut metadata = member.metadata();
        let version = metadata.get_i16();
        let subscription = ConsumerProtocolSubscription::decode(&mut metadata, version).unwrap();
        assert_eq!(subscription.topics, [text("orders")]);
        let mut assignment = member.encoded_assignment();
        let version = assignment.get_i16();
        let assignment = ConsumerProtocolAssignment::decode(&mut assignment, version).unwrap();
        assert_eq!(assignment.assigned_partitions[0].partitions, [2, 5]);
    }

    #[test]
    fn commits_are_found_by_plain_text() {
        let mut group = Group::simple();
        group.set_commit(&text("orders"), 3, Commit::at(17));
        group.set_commit(&text("orders"), 3, Commit::at(18));
        assert_eq!(group.commit("orders", 3).map(|commit| commit.offset), Some(18));
        assert_eq!(group.commit("orders", 4), None);
    }
}
