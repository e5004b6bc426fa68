//! One look at the groups of a cluster, as the engine answered it.

use std::time::Duration;

use crate::kafka::error::Error;
use crate::kafka::lag::GroupDetail;
use crate::kafka::lag::tail::Tail;
use crate::kafka::model::{Cluster, GroupListing, Partition, Topic, TopicPartition};
use crate::kafka::partial::Failure;

/// Everything that one look told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glance {
    /// When it was told, after the beginning of the watch; whole milliseconds in a recording.
    pub after: Duration,
    /// The same on the wall, in milliseconds since the epoch.
    pub told: i64,
    /// The cluster as far as it is known.
    pub cluster: Cluster,
    /// Partitions that lack a replica or a leader, by topic; `None` where nobody asked.
    pub impaired: Option<Vec<Topic>>,
    /// The groups, by name.
    pub listings: Vec<GroupListing>,
    /// Those that could be described, with their partitions.
    pub details: Vec<GroupDetail>,
    /// What was read at commits.
    pub tails: Vec<(TopicPartition, Tail)>,
    /// What could not be learned.
    pub failures: Vec<Failed>,
    /// Why nobody answered at all; there are no groups then.
    pub blind: Option<Error>,
}

/// Something that could not be learned, and in answer to which question.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// The question.
    pub asked: Asked,
    /// What failed.
    pub failure: Failure,
}

/// The questions of a look, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asked {
    /// Who is up; a recording alone asks this at every look.
    Health,
    /// Cluster and topics: at first, and after failures.
    Cluster,
    /// What groups there are.
    Groups,
    /// Their members and lag.
    Lags,
    /// The records at their commits.
    Tails,
}

/// Without what changes while nothing is better or worse.
fn essence(partition: &Partition) -> Partition {
    Partition {
        leader_epoch: None,
        adding: Box::default(),
        ..partition.clone()
    }
}

/// What is left of topics when everything that is as it should be is taken away.
pub fn impaired(topics: &[Topic]) -> Vec<Topic> {
    let each = topics.iter().map(|topic| {
        let partitions = topic.partitions.iter();
        let partitions = partitions.filter(|one| one.leader.is_none() || one.isr.len() < one.replicas.len());
        Topic {
            name: topic.name.clone(),
            id: None,
            is_internal: topic.is_internal,
            partitions: partitions.map(essence).collect(),
        }
    });
    each.filter(|topic| !topic.partitions.is_empty()).collect()
}
