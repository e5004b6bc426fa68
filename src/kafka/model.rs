//! Plain data of the Kafka domain, in Kafka's words.

pub mod id;
pub mod record;

pub use id::{BrokerId, GroupId, LeaderEpoch, Offset, PartitionId, TopicName};
pub use record::{
    BatchInfo, Codec, ControlType, Damage, Header, Producer, Record, RecordKind, Row, Timestamp, TimestampType,
    Unreadable,
};
