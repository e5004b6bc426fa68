//! Topics and partitions as Metadata describes them.

use std::fmt;

use super::{BrokerId, LeaderEpoch, PartitionId, TopicName};

/// A topic with its partitions in order of their index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The topic's name.
    pub name: TopicName,
    /// Topic id (KIP-516); `None` where the cluster does not use ids.
    pub id: Option<[u8; 16]>,
    /// Whether the broker calls it internal (`__consumer_offsets` and its kin).
    pub is_internal: bool,
    /// Every partition, by index.
    pub partitions: Vec<Partition>,
}

impl Topic {
    /// Number of replicas of the first partition, which Kafka's tools call the replication factor.
    pub fn replication_factor(&self) -> usize {
        self.partitions.first().map_or(0, |partition| partition.replicas.len())
    }

    /// Partitions that lack a replica.
    pub fn under_replicated(&self) -> usize {
        self.partitions
            .iter()
            .filter(|partition| partition.is_under_replicated())
            .count()
    }

    /// Partitions with any replica out of sync, one that a reassignment adds included.
    pub fn incomplete(&self) -> usize {
        let partitions = self.partitions.iter();
        partitions.filter(|one| one.isr.len() < one.replicas.len()).count()
    }

    /// Partitions without a leader.
    pub fn offline(&self) -> usize {
        self.partitions
            .iter()
            .filter(|partition| partition.leader.is_none())
            .count()
    }

    /// Partitions whose ISR is smaller than `min_insync`.
    pub fn under_min_isr(&self, min_insync: usize) -> usize {
        self.partitions
            .iter()
            .filter(|partition| partition.isr.len() < min_insync)
            .count()
    }
}

/// One partition. The lists are boxed slices: a cluster may have 100,000 of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Index within the topic.
    pub id: PartitionId,
    /// The leader; `None` while there is none (the partition is offline).
    pub leader: Option<BrokerId>,
    /// Epoch of the leader; `None` before Metadata v7.
    pub leader_epoch: Option<LeaderEpoch>,
    /// Assigned replicas, the preferred leader first.
    pub replicas: Box<[BrokerId]>,
    /// In-sync replicas.
    pub isr: Box<[BrokerId]>,
    /// Those of the replicas that a running reassignment adds (KIP-455). Metadata does not tell: empty until somebody
    /// who asked for reassignments says so.
    pub adding: Box<[BrokerId]>,
}

impl Partition {
    /// Whether the ISR is smaller than the replicas, where those that a reassignment adds do not count yet. This is
    /// Kafka's own rule (`Partition.isUnderReplicated`).
    pub fn is_under_replicated(&self) -> bool {
        self.isr.len() < self.replicas.iter().filter(|id| !self.adding.contains(id)).count()
    }

    /// Replicas that should be in sync and are not.
    pub fn missing(&self) -> impl Iterator<Item = BrokerId> + '_ {
        let is_missing = |id: &BrokerId| !self.isr.contains(id) && !self.adding.contains(id);
        self.replicas.iter().copied().filter(is_missing)
    }
}

/// A partition named by its topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition's index.
    pub partition: PartitionId,
}

impl TopicPartition {
    /// The pair of both.
    pub fn new(topic: impl Into<TopicName>, partition: i32) -> Self {
        Self {
            topic: topic.into(),
            partition: PartitionId(partition),
        }
    }
}

impl fmt::Display for TopicPartition {
    /// `topic-partition`, as Kafka's own tools and logs write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(leader: Option<i32>, replicas: &[i32], isr: &[i32]) -> Partition {
        let ids = |list: &[i32]| list.iter().map(|id| BrokerId(*id)).collect();
        Partition {
            id: PartitionId(0),
            leader: leader.map(BrokerId),
            leader_epoch: None,
            replicas: ids(replicas),
            isr: ids(isr),
            adding: Box::default(),
        }
    }

    #[test]
    fn a_partition_that_misses_a_replica_is_under_replicated_and_names_it() {
        let partition = partition(Some(1), &[1, 2, 3], &[1, 3]);
        assert!(partition.is_under_replicated());
        assert_eq!(partition.missing().collect::<Vec<_>>(), [BrokerId(2)]);
    }

    #[test]
    fn a_topic_counts_offline_under_replicated_and_under_min_isr_apart() {
        let topic = Topic {
            name: "t".into(),
            id: None,
            is_internal: false,
            partitions: vec![
                partition(Some(1), &[1, 2], &[1, 2]),
                partition(None, &[1, 2], &[2]),
                partition(Some(1), &[1, 2], &[1]),
            ],
        };
        assert_eq!(
            (topic.under_replicated(), topic.offline(), topic.under_min_isr(2)),
            (2, 1, 2)
        );
    }
}
