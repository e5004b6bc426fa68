//! Log directories: what lies on the brokers' disks.

use super::{BrokerId, PartitionId, TopicName};

/// One log directory of one broker (DescribeLogDirs).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDir {
    /// The broker that answered.
    pub broker: BrokerId,
    /// Path on the broker.
    pub path: String,
    /// Sum of the sizes of its replicas, in bytes.
    pub used_bytes: u64,
    /// Size of the volume in bytes (KIP-827, Kafka 3.3 and later).
    pub total_bytes: Option<u64>,
    /// Free bytes of the volume.
    pub usable_bytes: Option<u64>,
    /// Whether the directory is offline (error 56).
    pub is_offline: bool,
}

/// Size of one replica on one broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSize {
    /// The broker that holds it.
    pub broker: BrokerId,
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionId,
    /// Its size in bytes.
    pub bytes: u64,
}
