//! The configs that brokers and topics have without anyone setting them, as Kafka 4.1 has them.

/// `DYNAMIC_TOPIC_CONFIG`: set on the topic.
pub(super) const DYNAMIC_TOPIC: i8 = 1;
/// `STATIC_BROKER_CONFIG`: from the broker's properties file.
pub(super) const STATIC_BROKER: i8 = 4;
/// `DEFAULT_CONFIG`: built in.
pub(super) const DEFAULT: i8 = 5;

/// Types of values (KIP-569).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean = 1,
    String = 2,
    Int = 3,
    Long = 5,
    Double = 6,
    List = 7,
    Password = 9,
}

/// A config that brokers know.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) value: &'static str,
    pub(super) kind: Kind,
}

impl Known {
    /// Whether its value is never told.
    pub(super) fn is_sensitive(&self) -> bool {
        self.kind == Kind::Password
    }
}

const fn known(name: &'static str, value: &'static str, kind: Kind) -> Known {
    Known { name, value, kind }
}

/// Configs of a topic with their defaults.
pub(super) const TOPIC: &[Known] = &[
    known("cleanup.policy", "delete", Kind::List),
    known("compression.gzip.level", "-1", Kind::Int),
    known("compression.lz4.level", "9", Kind::Int),
    known("compression.type", "producer", Kind::String),
    known("compression.zstd.level", "3", Kind::Int),
    known("delete.retention.ms", "86400000", Kind::Long),
    known("file.delete.delay.ms", "60000", Kind::Long),
    known("flush.messages", "9223372036854775807", Kind::Long),
    known("flush.ms", "9223372036854775807", Kind::Long),
    known("follower.replication.throttled.replicas", "", Kind::List),
    known("index.interval.bytes", "4096", Kind::Int),
    known("leader.replication.throttled.replicas", "", Kind::List),
    known("local.retention.bytes", "-2", Kind::Long),
    known("local.retention.ms", "-2", Kind::Long),
    known("max.compaction.lag.ms", "9223372036854775807", Kind::Long),
    known("max.message.bytes", "1048588", Kind::Int),
    known("message.timestamp.after.max.ms", "3600000", Kind::Long),
    known("message.timestamp.before.max.ms", "9223372036854775807", Kind::Long),
    known("message.timestamp.type", "CreateTime", Kind::String),
    known("min.cleanable.dirty.ratio", "0.5", Kind::Double),
    known("min.compaction.lag.ms", "0", Kind::Long),
    known("min.insync.replicas", "1", Kind::Int),
    known("preallocate", "false", Kind::Boolean),
    known("remote.log.copy.disable", "false", Kind::Boolean),
    known("remote.log.delete.on.disable", "false", Kind::Boolean),
    known("remote.storage.enable", "false", Kind::Boolean),
    known("retention.bytes", "-1", Kind::Long),
    known("retention.ms", "604800000", Kind::Long),
    known("segment.bytes", "1073741824", Kind::Int),
    known("segment.index.bytes", "10485760", Kind::Int),
    known("segment.jitter.ms", "0", Kind::Long),
    known("segment.ms", "604800000", Kind::Long),
    known("unclean.leader.election.enable", "false", Kind::Boolean),
];

/// Configs of a broker with their defaults.
pub(super) const BROKER: &[Known] = &[
    known("auto.create.topics.enable", "true", Kind::Boolean),
    known("broker.id", "-1", Kind::Int),
    known("broker.rack", "", Kind::String),
    known("compression.type", "producer", Kind::String),
    known("default.replication.factor", "1", Kind::Int),
    known("delete.topic.enable", "true", Kind::Boolean),
    known("group.initial.rebalance.delay.ms", "3000", Kind::Int),
    known("listeners", "PLAINTEXT://:9092", Kind::List),
    known("log.dirs", "/tmp/kafka-logs", Kind::List),
    known("log.message.timestamp.type", "CreateTime", Kind::String),
    known("log.retention.bytes", "-1", Kind::Long),
    known("log.retention.hours", "168", Kind::Int),
    known("log.segment.bytes", "1073741824", Kind::Int),
    known("message.max.bytes", "1048588", Kind::Int),
    known("min.insync.replicas", "1", Kind::Int),
    known("node.id", "-1", Kind::Int),
    known("num.io.threads", "8", Kind::Int),
    known("num.network.threads", "3", Kind::Int),
    known("num.partitions", "1", Kind::Int),
    known("offsets.retention.minutes", "10080", Kind::Int),
    known("offsets.topic.num.partitions", "50", Kind::Int),
    known("offsets.topic.replication.factor", "3", Kind::Int),
    known("socket.request.max.bytes", "104857600", Kind::Int),
    known("ssl.keystore.password", "", Kind::Password),
    known("ssl.truststore.password", "", Kind::Password),
    known("unclean.leader.election.enable", "false", Kind::Boolean),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        for table in [TOPIC, BROKER] {
            assert!(table.windows(2).all(|pair| pair[0].name < pair[1].name));
        }
    }
}
