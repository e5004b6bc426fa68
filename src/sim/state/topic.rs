//! Topics and partitions as brokers keep them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::log::Log;
use super::producers::Producers;

/// Marks a partition without a leader in every response.
pub const NO_LEADER: i32 = -1;

/// One partition. Replica lists are shared between partitions that have the same, so that 100,000 of them are cheap.
#[derive(Debug)]
pub struct Partition {
    /// Broker that leads, [`NO_LEADER`] without one.
    pub leader: i32,
    /// Raised with every change of leader.
    pub leader_epoch: i32,
    /// Brokers that should hold the partition, preferred leader first.
    pub replicas: Arc<[i32]>,
    /// Brokers that are in sync.
    pub isr: Arc<[i32]>,
    /// Those of the replicas that a running reassignment adds.
    pub adding: Vec<i32>,
    /// The records.
    pub log: Log,
    /// Who wrote them, as far as brokers remember.
    pub producers: Producers,
}

impl Partition {
    /// Brokers that hold the partition and are out of sync.
    pub fn out_of_sync(&self) -> impl Iterator<Item = i32> {
        self.replicas.iter().copied().filter(|id| !self.isr.contains(id))
    }
}

/// One topic.
#[derive(Debug)]
pub struct Topic {
    /// The id of KIP-516.
    pub id: Uuid,
    /// Whether brokers flag it as internal.
    pub is_internal: bool,
    /// In the order of their index.
    pub partitions: Vec<Partition>,
    /// What was set on the topic, not the defaults.
    pub configs: BTreeMap<String, String>,
}

impl Topic {
    /// The partition of that index.
    pub fn partition(&self, index: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    /// The partition of that index, to be changed.
    pub fn partition_mut(&mut self, index: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(index).ok()?)
    }

    /// The value of a topic config that was set.
    pub fn config(&self, name: &str) -> Option<&str> {
        self.configs.get(name).map(String::as_str)
    }

    /// Whether `cleanup.policy` includes `compact`.
    pub fn is_compacted(&self) -> bool {
        self.config("cleanup.policy")
            .is_some_and(|policy| policy.contains("compact"))
    }
}

/// `text` as the codec's string.
pub fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_outside_the_topic_finds_nothing() {
        let topic = Topic {
            id: Uuid::nil(),
            is_internal: false,
            partitions: Vec::new(),
            configs: BTreeMap::new(),
        };
        assert!(topic.partition(-1).is_none() && topic.partition(0).is_none());
    }
}
