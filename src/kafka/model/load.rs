//! What partitions put on brokers.

use std::collections::BTreeMap;

use super::{BrokerId, Topic};

/// What partitions put on one broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokerLoad {
    /// Partitions it leads.
    pub leaders: usize,
    /// Replicas assigned to it.
    pub replicas: usize,
    /// Replicas of it that should be in sync and are not.
    pub out_of_sync: usize,
}

impl BrokerLoad {
    /// Counts over all partitions; every broker that leads or holds one is there, alive or not.
    pub fn per_broker(topics: &[Topic]) -> BTreeMap<BrokerId, Self> {
        let mut loads: BTreeMap<BrokerId, Self> = BTreeMap::new();
        for partition in topics.iter().flat_map(|topic| &topic.partitions) {
            if let Some(leader) = partition.leader {
                loads.entry(leader).or_default().leaders += 1;
            }
            for replica in &partition.replicas {
                loads.entry(*replica).or_default().replicas += 1;
            }
            for missing in partition.missing() {
                loads.entry(missing).or_default().out_of_sync += 1;
            }
        }
        loads
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::{Partition, PartitionId};

    #[test]
    fn a_dead_broker_counts_by_the_replicas_that_name_it() {
        let ids = |list: &[i32]| list.iter().map(|id| BrokerId(*id)).collect();
        let partition = Partition {
            id: PartitionId(0),
            leader: Some(BrokerId(1)),
            leader_epoch: None,
            replicas: ids(&[1, 2]),
            isr: ids(&[1]),
            adding: Box::default(),
        };
        let topic = Topic {
            name: "t".into(),
            id: None,
            is_internal: false,
            partitions: vec![partition],
        };
        let loads = BrokerLoad::per_broker(&[topic]);
        assert_eq!(
            loads[&BrokerId(1)],
            BrokerLoad {
                leaders: 1,
                replicas: 1,
                out_of_sync: 0
            }
        );
        assert_eq!(
            loads[&BrokerId(2)],
            BrokerLoad {
                leaders: 0,
                replicas: 1,
                out_of_sync: 1
            }
        );
    }
}
