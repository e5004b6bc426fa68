//! Plain data of the Kafka domain, in Kafka's words.

pub mod cluster;
pub mod config;
pub mod group;
pub mod id;
pub mod isolation;
pub mod load;
pub mod lock;
pub mod log_dir;
pub mod min_isr;
pub mod offset;
pub mod reassignment;
pub mod record;
pub mod topic;

pub use cluster::{Broker, Cluster, ClusterKind};
pub use config::{ConfigEntry, ConfigSource};
pub use group::{Committed, GroupDescription, GroupListing, GroupState, GroupType, Member};
pub use id::{BrokerId, GroupId, LeaderEpoch, Offset, PartitionId, TopicName};
pub use isolation::Isolation;
pub use load::BrokerLoad;
pub use lock::Lock;
pub use log_dir::{LogDir, ReplicaSize};
pub use min_isr::MinIsr;
pub use offset::{PartitionOffsets, Total};
pub use reassignment::{Added, Reassignments};
pub use record::{
    BatchInfo, Codec, ControlType, Damage, Header, Producer, Record, RecordKind, Row, Timestamp, TimestampType,
    Unreadable,
};
pub use topic::{Partition, Topic, TopicPartition};
