//! The cluster and its brokers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::BrokerId;

/// A live broker as Metadata or DescribeCluster lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// `node.id`.
    pub id: BrokerId,
    /// Advertised host.
    pub host: Arc<str>,
    /// Advertised port.
    pub port: i32,
    /// `broker.rack`; `None` where none is set.
    pub rack: Option<Arc<str>>,
}

impl Broker {
    /// The advertised `host:port`, an IPv6 literal in brackets.
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Who keeps the cluster's metadata, as the advertised APIs tell (protocol.md 0.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClusterKind {
    /// Brokers advertise the inter-broker APIs of ZooKeeper mode.
    ZooKeeper,
    /// Brokers advertise DescribeQuorum (KIP-595, Kafka 3.3 and later).
    KRaft,
    /// A Redpanda cluster.
    Redpanda,
    /// None of the known signs.
    #[default]
    Unknown,
}

/// What is known of the cluster as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// `cluster.id`; `None` where the broker sends none.
    pub id: Option<String>,
    /// Who keeps the metadata.
    pub kind: ClusterKind,
    /// Kafka version in words such as `4.1` or `3.3+`; `None` when it cannot be told.
    pub version: Option<String>,
    /// The active controller: on KRaft the quorum's leader (DescribeQuorum), never the random broker that Metadata names.
    pub controller: Option<BrokerId>,
    /// Live brokers, by id.
    pub brokers: Vec<Broker>,
    /// Kafka version of each broker that a connection is open to, in the words of [`Cluster::version`]: they differ while
    /// a cluster is upgraded.
    pub versions: BTreeMap<BrokerId, String>,
}

impl Cluster {
    /// The live broker with this id.
    pub fn broker(&self, id: BrokerId) -> Option<&Broker> {
        self.brokers.iter().find(|broker| broker.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_host_is_shown_in_brackets() {
        let broker = Broker {
            id: BrokerId(1),
            host: "::1".into(),
            port: 9092,
            rack: None,
        };
        assert_eq!(broker.address(), "[::1]:9092");
    }
}
