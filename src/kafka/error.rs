//! Errors of the engine: what was asked, of whom, what came back, and what to try.

mod advice;
mod recorded;
mod remedy;
mod words;

use std::time::Duration;

use kafka_protocol::protocol::VersionRange;

use crate::kafka::model::{BrokerId, GroupId, GroupState, PartitionId, TopicName};
pub use recorded::Recorded;
pub use remedy::{Remedy, remedy};
pub use words::code_name;
use words::{addresses, detail, span, spoken, versions};

/// What an address speaks that should speak Kafka, told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// A TLS alert or handshake record.
    Tls,
    /// An HTTP answer.
    Http,
    /// Something else: a frame length that no broker sends.
    Other,
}

/// Anything that can go wrong between ktui and a cluster. `what` names the request or the thing that was asked for,
/// `addr` is `host:port` with the broker's id where it is known.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No TCP connection came about.
    #[error("could not connect to {addr}: {reason}")]
    Connect {
        /// Who was called.
        addr: String,
        /// The system's words.
        reason: String,
    },
    /// The deadline of a request passed.
    #[error("{addr} did not answer {what} within {}", span(*after))]
    Timeout {
        /// The request.
        what: String,
        /// Who was asked.
        addr: String,
        /// How long we waited.
        after: Duration,
    },
    /// The broker asked for a pause (`throttle_time_ms`) that is longer than the caller would wait.
    #[error("{addr} throttles this client for another {}; {what} was not sent", span(*pause))]
    Throttled {
        /// The request.
        what: String,
        /// Who would have been asked.
        addr: String,
        /// What is left of the pause.
        pause: Duration,
    },
    /// The connection ended before the answer was there.
    #[error("{addr} closed the connection during {what}: {reason}")]
    Closed {
        /// The request.
        what: String,
        /// Who was asked.
        addr: String,
        /// The system's words.
        reason: String,
    },
    /// The address does not speak Kafka's plain protocol.
    #[error("{addr} does not speak the Kafka protocol{}", spoken(*speaks))]
    NotKafka {
        /// Who was called.
        addr: String,
        /// What it speaks instead.
        speaks: Speaks,
    },
    /// An answer that cannot be read: truncated, garbled, or with bytes left over.
    #[error("the answer of {addr} to {what} cannot be read: {reason}")]
    Protocol {
        /// The request.
        what: String,
        /// Who was asked.
        addr: String,
        /// What is wrong with the bytes.
        reason: String,
    },
    /// The node offers no version of the request that ktui speaks.
    #[error("{addr} cannot do {what}: it offers {}, ktui needs {}", versions(*offers), versions(Some(*needs)))]
    Unsupported {
        /// The request.
        what: String,
        /// Who would have been asked.
        addr: String,
        /// What ktui can use.
        needs: VersionRange,
        /// What the node offers; `None` when it does not know the request.
        offers: Option<VersionRange>,
    },
    /// Kafka answered with an error code.
    #[error("{what}: {}{}", code_name(*code), detail(message.as_deref()))]
    Kafka {
        /// The error code of the Kafka protocol.
        code: i16,
        /// What was asked for.
        what: String,
        /// The broker's own words, where it sent some.
        message: Option<String>,
    },
    /// Kafka answered that these credentials may not do this.
    #[error("{what}: denied ({}{})", code_name(*code), detail(message.as_deref()))]
    Denied {
        /// The error code of the Kafka protocol.
        code: i16,
        /// What was asked for.
        what: String,
        /// The broker's own words, where it sent some.
        message: Option<String>,
    },
    /// The cluster does not know the topic, or hides it from these credentials.
    #[error("topic {topic} does not exist or is hidden")]
    UnknownTopic {
        /// The topic.
        topic: TopicName,
    },
    /// The topic has no such partition.
    #[error("topic {topic} has no partition {partition}")]
    UnknownPartition {
        /// The topic.
        topic: TopicName,
        /// The partition it lacks.
        partition: PartitionId,
    },
    /// The partition has no leader: nobody can serve it.
    #[error("{topic}-{partition} has no leader")]
    NoLeader {
        /// The topic.
        topic: TopicName,
        /// The offline partition.
        partition: PartitionId,
    },
    /// No coordinator knows the group.
    #[error("group {group} does not exist or is hidden")]
    UnknownGroup {
        /// The group.
        group: GroupId,
    },
    /// No broker coordinates the group at the moment.
    #[error("group {group} has no coordinator: {reason}")]
    NoCoordinator {
        /// The group.
        group: GroupId,
        /// What FindCoordinator said.
        reason: String,
    },
    /// A broker that the metadata does not name (any more).
    #[error("broker {broker} is not in the cluster's metadata")]
    UnknownBroker {
        /// The missing broker.
        broker: BrokerId,
    },
    /// None of the bootstrap addresses could be used.
    #[error("could not connect to any of {}", addresses(attempts))]
    NoBroker {
        /// Every address with its own outcome.
        attempts: Vec<(String, Error)>,
    },
    /// The bootstrap address works, but the address that the broker tells clients to use does not.
    #[error("{bootstrap} answers, but the address that broker {broker} advertises, {advertised}, does not: {reason}")]
    WrongListener {
        /// The address that was given and works.
        bootstrap: String,
        /// The broker that advertises the bad address.
        broker: BrokerId,
        /// The address it advertises.
        advertised: String,
        /// What came of calling it.
        reason: String,
    },
    /// The answer lacks something that was asked for.
    #[error("{addr} left {what} out of its answer")]
    Missing {
        /// What is missing.
        what: String,
        /// Who was asked.
        addr: String,
    },
    /// The node can say it, but ktui does not speak the request for it.
    #[error("ktui cannot read {what}")]
    NotSpoken {
        /// What stays unknown.
        what: String,
    },
    /// Something that was to be sent is not fit for it.
    #[error("{what} was not sent: {reason}")]
    Unsendable {
        /// A line of the input.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The topic has another number of partitions than when a key chose one of them.
    #[error("topic {topic} has {now} partitions now, and had {before} when the key chose one of them")]
    Repartitioned {
        /// The topic.
        topic: TopicName,
        /// How many the key chose among.
        before: u32,
        /// How many there are.
        now: u32,
    },
    /// The topic is another one of the same name: offsets in it mean something else.
    #[error("topic {topic} was deleted and made anew since it began")]
    Remade {
        /// The topic.
        topic: TopicName,
    },
    /// The brokers belong to another cluster than before.
    #[error("it began on cluster {began}, this is cluster {now}")]
    OtherCluster {
        /// The id of the one it began on.
        began: String,
        /// The id of this one.
        now: String,
    },
    /// A committed offset that cannot be changed as it is asked for.
    #[error("{what} cannot be changed: {reason}")]
    Immovable {
        /// The partition.
        what: String,
        /// Why.
        reason: String,
    },
    /// Members are in a group that must have none.
    #[error("group {group} is {state}: {who}")]
    ActiveGroup {
        /// The group.
        group: GroupId,
        /// Its state.
        state: GroupState,
        /// Its members, in words.
        who: String,
    },
    /// Something was sent, and is not there as it was sent, or may not be.
    #[error("{what}: {reason}")]
    Unsettled {
        /// The partition.
        what: String,
        /// What is known of it.
        reason: String,
    },
    /// The session is locked: nothing that changes the cluster is sent.
    #[error("the session is locked: {what} was not sent")]
    Locked {
        /// What would have been sent.
        what: String,
    },
    /// The session is read-only: nothing that changes the cluster is ever sent.
    #[error("the session is read-only: {what} was not sent")]
    ReadOnly {
        /// What would have been sent.
        what: String,
    },
    /// The caller went away or the client was closed.
    #[error("{what} was cancelled")]
    Cancelled {
        /// What was under way.
        what: String,
    },
    /// An error as a recording has it: it happened to another process.
    #[error("{}", .0.words)]
    Recorded(Box<Recorded>),
}

impl Error {
    /// The error for an error code in an answer to `what`; `None` when the code says success.
    pub fn from_code(code: i16, what: impl Into<String>, message: Option<&str>) -> Option<Self> {
        let message = message.filter(|m| !m.is_empty()).map(str::to_owned);
        let what = what.into();
        match code {
            0 => None,
            // TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID, DELEGATION_TOKEN _AUTHORIZATION_FAILED
            29 | 30 | 31 | 53 | 65 => Some(Self::Denied { code, what, message }),
            _ => Some(Self::Kafka { code, what, message }),
        }
    }

    /// `Ok` for the error code of success; `what` is put into words only for the others.
    pub fn check(code: i16, message: Option<&str>, what: impl FnOnce() -> String) -> Result<(), Self> {
        if code == 0 {
            return Ok(());
        }
        Self::from_code(code, what(), message).map_or(Ok(()), Err)
    }

    /// The Kafka error code, where the broker sent one.
    pub fn code(&self) -> Option<i16> {
        match self {
            Self::Kafka { code, .. } | Self::Denied { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether asking again, perhaps somebody else or after fresh metadata, can help.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Closed { .. }
            | Self::Throttled { .. }
            | Self::NoLeader { .. }
            | Self::NoCoordinator { .. }
            | Self::UnknownBroker { .. }
            | Self::NoBroker { .. }
            | Self::WrongListener { .. } => true,
            Self::Kafka { code, .. } => remedy(*code) != Remedy::Final,
            Self::Recorded(recorded) => recorded.is_retriable,
            _ => false,
        }
    }

    /// Whether these credentials may not see it (`⊘` on the screen).
    pub fn is_denied(&self) -> bool {
        match self {
            Self::Denied { .. } => true,
            Self::Recorded(recorded) => recorded.is_denied,
            _ => false,
        }
    }

    /// Whether the request that failed so may have reached the broker, so that nobody knows whether it was done.
    pub fn may_have_arrived(&self) -> bool {
        !matches!(
            self,
            Self::Connect { .. }
                | Self::Throttled { .. }
                | Self::NoBroker { .. }
                | Self::UnknownBroker { .. }
                | Self::WrongListener { .. }
                | Self::Unsupported { .. }
                | Self::Locked { .. }
                | Self::ReadOnly { .. }
        )
    }

    /// Whether ktui itself refused to send it.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Locked { .. } | Self::ReadOnly { .. })
    }

    /// What came of calling an address, without repeating the address.
    pub fn outcome(&self) -> String {
        match self {
            Self::Connect { reason, .. } => reason.clone(),
            Self::Closed { reason, .. } => format!("closed the connection ({reason})"),
            Self::Timeout { after, .. } => format!("no answer within {}", span(*after)),
            Self::NotKafka {
                speaks: Speaks::Tls, ..
            } => "speaks TLS".to_owned(),
            Self::NotKafka {
                speaks: Speaks::Http, ..
            } => "speaks HTTP".to_owned(),
            Self::NotKafka { .. } => "does not speak Kafka".to_owned(),
            other => other.to_string(),
        }
    }

    /// Whether no answer came: the connection failed before, during or after the request.
    pub fn is_connection(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Closed { .. }
            | Self::NotKafka { .. }
            | Self::Protocol { .. }
            | Self::NoBroker { .. }
            | Self::WrongListener { .. } => true,
            Self::Recorded(recorded) => recorded.is_connection,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(addr: &str, reason: &str) -> Error {
        Error::Connect {
            addr: addr.into(),
            reason: reason.into(),
        }
    }

    #[test]
    fn error_codes_have_kafkas_names() {
        assert_eq!(code_name(6), "NOT_LEADER_OR_FOLLOWER");
        assert_eq!(code_name(-1), "UNKNOWN_SERVER_ERROR");
        assert_eq!(code_name(9999), "error 9999");
        let error = Error::from_code(15, "FindCoordinator", Some("no broker is up")).unwrap();
        assert_eq!(
            error.to_string(),
            "FindCoordinator: COORDINATOR_NOT_AVAILABLE: no broker is up"
        );
        assert!(error.is_retriable() && error.code() == Some(15));
    }

    #[test]
    fn authorization_failures_are_denials_and_final() {
        let error = Error::from_code(29, "orders", Some("")).unwrap();
        assert!(error.is_denied() && !error.is_retriable());
        assert_eq!(error.to_string(), "orders: denied (TOPIC_AUTHORIZATION_FAILED)");
        assert!(error.hint().contains("DESCRIBE"));
    }

    #[test]
    fn success_is_no_error() {
        assert_eq!(Error::from_code(0, "orders", None), None);
    }

    #[test]
    fn every_bootstrap_address_shows_its_own_outcome() {
        let error = Error::NoBroker {
            attempts: vec![
                ("kafka-1:9092".into(), connect("kafka-1:9092", "connection refused")),
                (
                    "kafka-2:9092".into(),
                    Error::NotKafka {
                        addr: "kafka-2:9092".into(),
                        speaks: Speaks::Tls,
                    },
                ),
            ],
        };
        assert_eq!(
            error.to_string(),
            "could not connect to any of kafka-1:9092 (connection refused), kafka-2:9092 (speaks TLS)"
        );
        assert_eq!(error.summary(), "none of 2 brokers can be reached");
    }

    #[test]
    fn version_gaps_are_told_in_full() {
        let error = Error::Unsupported {
            what: "DescribeCluster".into(),
            addr: "broker 1 (kafka-1:9092)".into(),
            needs: VersionRange { min: 0, max: 2 },
            offers: None,
        };
        assert_eq!(
            error.to_string(),
            "broker 1 (kafka-1:9092) cannot do DescribeCluster: it offers no version, ktui needs versions 0 to 2"
        );
        assert!(!error.is_retriable());
    }

    #[test]
    fn waiting_times_read_well() {
        assert_eq!(span(Duration::from_millis(250)), "250 ms");
        assert_eq!(span(Duration::from_secs(10)), "10 s");
        assert_eq!(span(Duration::from_millis(1500)), "1.5 s");
    }

    #[test]
    fn a_listener_that_hangs_up_is_said_to_close_the_connection() {
        let error = Error::Closed {
            what: "ApiVersions".into(),
            addr: "kafka-1:9092".into(),
            reason: "end of stream".into(),
        };
        assert_eq!(error.outcome(), "closed the connection (end of stream)");
    }
}
