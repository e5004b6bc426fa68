//! Partitions that are being moved to other brokers (KIP-455).

use std::collections::HashMap;

use super::{BrokerId, PartitionId, Topic, TopicName};

/// A partition with the replicas that a reassignment adds to it.
pub type Added = (PartitionId, Box<[BrokerId]>);

/// Replicas that running reassignments add, by topic and partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reassignments {
    /// Only partitions that get a replica are here.
    pub adding: HashMap<TopicName, Vec<Added>>,
}

impl Reassignments {
    /// Tells the partitions of `topics` which of their replicas are being added.
    pub fn mark(&self, topics: &mut [Topic]) {
        for topic in topics {
            let told = self.adding.get(&topic.name).map(Vec::as_slice).unwrap_or_default();
            for partition in &mut topic.partitions {
                let added = told.iter().find(|(id, _)| *id == partition.id);
                partition.adding = added.map(|(_, added)| added.clone()).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::Partition;

    #[test]
    fn an_added_replica_is_not_missing_and_one_that_fell_out_still_is() {
        let ids = |list: &[i32]| list.iter().map(|id| BrokerId(*id)).collect::<Box<[_]>>();
        let partition = Partition {
            id: PartitionId(0),
            leader: Some(BrokerId(1)),
            leader_epoch: None,
            replicas: ids(&[1, 2, 3]),
            isr: ids(&[1]),
            adding: Box::default(),
        };
        let mut topics = [Topic {
            name: "t".into(),
            id: None,
            is_internal: false,
            partitions: vec![partition],
        }];
        let mark = |adding: &[i32], topics: &mut [Topic]| {
            let adding = [("t".into(), vec![(PartitionId(0), ids(adding))])].into();
            Reassignments { adding }.mark(topics);
            let partition = &topics[0].partitions[0];
            (partition.is_under_replicated(), partition.missing().collect::<Vec<_>>())
        };
        assert_eq!(mark(&[2, 3], &mut topics), (false, vec![]));
        assert_eq!(mark(&[3], &mut topics), (true, vec![BrokerId(2)]));
        Reassignments::default().mark(&mut topics);
        assert_eq!(topics[0].partitions[0].missing().count(), 2, "it has ended");
    }
}
