//! Consumer groups: listings, descriptions, committed offsets.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BrokerId, GroupId, LeaderEpoch, Offset, TopicName};
use crate::kafka::model::topic::TopicPartition;

/// The kind of a group (KIP-848, KIP-932, KIP-1071); `Classic` where the broker sends none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupType {
    /// Members assign partitions among themselves (JoinGroup).
    #[default]
    Classic,
    /// The coordinator assigns (KIP-848).
    Consumer,
    /// Queue-like sharing of partitions (KIP-932).
    Share,
    /// Kafka Streams with broker-side assignment (KIP-1071).
    Streams,
}

impl GroupType {
    /// Kafka's word in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Consumer => "consumer",
            Self::Share => "share",
            Self::Streams => "streams",
        }
    }
}

/// A group's state in Kafka's word, such as `Stable` or `PreparingRebalance`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupState(pub Arc<str>);

impl GroupState {
    /// Whether no member is in the group.
    pub fn is_empty(&self) -> bool {
        &*self.0 == "Empty"
    }

    /// The state of a group that does not exist.
    pub fn dead() -> Self {
        Self("Dead".into())
    }

    /// Whether the coordinator knows no such group (any more).
    pub fn is_dead(&self) -> bool {
        &*self.0 == "Dead"
    }

    /// Whether every member has its assignment: in any other state brokers send none, or one that is about to change.
    pub fn is_stable(&self) -> bool {
        &*self.0 == "Stable"
    }

    /// Whether assignments are about to change: classic rebalances and the KIP-848 states that reconcile.
    pub fn is_rebalancing(&self) -> bool {
        matches!(
            &*self.0,
            "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling" | "NotReady"
        )
    }
}

impl fmt::Display for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One group as ListGroups names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// `group.id`.
    pub group: GroupId,
    /// Its kind.
    pub kind: GroupType,
    /// Protocol type: `consumer`, `connect`, or empty for offsets committed without a group.
    pub protocol_type: Arc<str>,
    /// Its state; `None` before ListGroups v4 (Kafka 2.6).
    pub state: Option<GroupState>,
    /// The broker that listed it, which is its coordinator.
    pub coordinator: BrokerId,
}

/// One group with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// `group.id`.
    pub group: GroupId,
    /// Its kind.
    pub kind: GroupType,
    /// Protocol type: `consumer`, `connect`, or empty.
    pub protocol_type: Arc<str>,
    /// The assignor all members agreed on.
    pub assignor: Arc<str>,
    /// Its epoch, which grows whenever members, subscriptions or topics change; brokers do not tell the generation of a
    /// classic group.
    pub epoch: Option<i32>,
    /// Its state.
    pub state: GroupState,
    /// The coordinator that answered.
    pub coordinator: BrokerId,
    /// Live members.
    pub members: Vec<Member>,
}

/// A live member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Member id given by the coordinator.
    pub id: Arc<str>,
    /// `group.instance.id` of a static member (KIP-345).
    pub instance_id: Option<Arc<str>>,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Host the coordinator sees, without the leading slash.
    pub host: Arc<str>,
    /// Topics it subscribes to, where the protocol tells.
    pub subscribed: Vec<TopicName>,
    /// Partitions it owns; `None` when its assignment is not in the consumer protocol's format (Connect, or garbage).
    pub assigned: Option<Vec<TopicPartition>>,
}

/// A committed offset with what its client left beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next offset the group wants to read.
    pub offset: Offset,
    /// Epoch of the leader that the record before was read from; `None` where the client did not say.
    pub leader_epoch: Option<LeaderEpoch>,
    /// Free text of the client.
    pub metadata: Arc<str>,
}

impl Committed {
    /// A commit without epoch and text.
    pub fn at(offset: Offset) -> Self {
        Self {
            offset,
            leader_epoch: None,
            metadata: "".into(),
        }
    }
}
