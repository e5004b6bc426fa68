//! The cluster as a whole: brokers, kind, and who really is the controller.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::{DescribeClusterRequest, DescribeQuorumRequest, TopicName as WireTopicName};
use kafka_protocol::protocol::{StrBytes, VersionRange};
use tokio::time::Instant;

use super::metadata::sorted;
use super::release::release_of;
use super::versions::Versions;
use super::{Client, MetadataScope, Node, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{Broker, BrokerId, Cluster, ClusterKind};
use crate::kafka::partial::{Failure, Partial};

const DESCRIBE_CLUSTER: VersionRange = VersionRange { min: 0, max: 2 };
const DESCRIBE_QUORUM: VersionRange = VersionRange { min: 0, max: 2 };
const DESCRIBE_QUORUM_KEY: i16 = 55;
/// A broker passes DescribeQuorum on to the controller. Whoever asks for the cluster does not wait for a controller that
/// hangs.
const QUORUM_TIMEOUT: Duration = Duration::from_secs(3);
/// LeaderAndIsr, StopReplica, UpdateMetadata, ControlledShutdown: what brokers of a ZooKeeper cluster tell each other.
const ZOOKEEPER_KEYS: std::ops::RangeInclusive<i16> = 4..=7;

impl Client {
    /// Brokers, kind, version and the real controller: one small request, two on KRaft. When the quorum may not be
    /// described, the controller is unknown and a failure says why.
    pub async fn describe_cluster(&self) -> Result<Partial<Cluster>, Error> {
        let mut cluster = match self.described().await {
            Err(Error::Unsupported { .. }) => self
                .metadata(MetadataScope::None)
                .await?
                .map(|metadata| metadata.cluster),
            described => Partial::complete(described?),
        };
        if cluster.value.kind == ClusterKind::KRaft {
            let leader = self.quorum_leader().await.unwrap_or_else(|error| {
                cluster.failures.push(Failure::new("controller", error));
                None
            });
            self.shared.routes.learn_quorum_leader(leader);
            cluster.value.controller = leader;
        }
        Ok(cluster)
    }

    async fn described(&self) -> Result<Cluster, Error> {
        let build = |_| DescribeClusterRequest::default();
        let answer = self
            .call::<DescribeClusterRequest, _>(Node::Any, Purpose::Interactive, DESCRIBE_CLUSTER, build)
            .await?;
        let response = &answer.response;
        if let Some(error) = Error::from_code(
            response.error_code,
            "DescribeCluster",
            response.error_message.as_deref(),
        ) {
            return Err(error);
        }
        let brokers = sorted(response.brokers.iter().map(broker).collect());
        let named = Some(BrokerId(response.controller_id.0)).filter(|id| id.0 >= 0);
        self.learn_brokers(&brokers, named);
        let id = Some(response.cluster_id.to_string()).filter(|id| !id.is_empty());
        let kind = kind_of(&answer.versions, id.as_deref());
        let version = release_of(&answer.versions, kind);
        Ok(Cluster {
            id,
            kind,
            version,
            controller: named,
            brokers,
            versions: self.releases(kind),
        })
    }

    /// The release of each broker that a connection is open to.
    pub(super) fn releases(&self, kind: ClusterKind) -> BTreeMap<BrokerId, String> {
        let offered = self.shared.links.offered();
        let releases = offered
            .iter()
            .filter_map(|(broker, versions)| Some((*broker, release_of(versions, kind)?)));
        releases.collect()
    }

    /// The leader of the KRaft quorum: the active controller.
    async fn quorum_leader(&self) -> Result<Option<BrokerId>, Error> {
        let build = |_| {
            let name = WireTopicName(StrBytes::from_static_str("__cluster_metadata"));
            let topic = TopicData::default()
                .with_topic_name(name)
                .with_partitions(vec![PartitionData::default()]);
            DescribeQuorumRequest::default().with_topics(vec![topic])
        };
        let client = self.with_deadline(self.end().min(Instant::now() + QUORUM_TIMEOUT));
        let answer = client
            .call::<DescribeQuorumRequest, _>(Node::Any, Purpose::Forwarded, DESCRIBE_QUORUM, build)
            .await?;
        let response = &answer.response;
        let what = "controller (DescribeQuorum)";
        if let Some(error) = Error::from_code(response.error_code, what, response.error_message.as_deref()) {
            return Err(error);
        }
        let Some(quorum) = response.topics.first().and_then(|topic| topic.partitions.first()) else {
            let addr = answer
                .broker
                .map_or_else(|| "the broker".to_owned(), |id| format!("broker {id}"));
            return Err(Error::Missing {
                what: what.to_owned(),
                addr,
            });
        };
        match Error::from_code(quorum.error_code, what, quorum.error_message.as_deref()) {
            Some(error) => Err(error),
            None => Ok(Some(BrokerId(quorum.leader_id.0)).filter(|id| id.0 >= 0)),
        }
    }
}

/// Who keeps the metadata, by the requests that a node offers.
pub(super) fn kind_of(versions: &Versions, cluster_id: Option<&str>) -> ClusterKind {
    if versions.range(DESCRIBE_QUORUM_KEY).is_some() {
        ClusterKind::KRaft
    } else if ZOOKEEPER_KEYS.into_iter().any(|key| versions.range(key).is_some()) {
        ClusterKind::ZooKeeper
    } else if cluster_id.is_some_and(|id| id.starts_with("redpanda.")) {
        ClusterKind::Redpanda
    } else {
        ClusterKind::Unknown
    }
}

fn broker(broker: &DescribeClusterBroker) -> Broker {
    Broker {
        id: BrokerId(broker.broker_id.0),
        host: Arc::from(&*broker.host),
        port: broker.port,
        rack: broker
            .rack
            .as_ref()
            .filter(|rack| !rack.is_empty())
            .map(|rack| Arc::from(&**rack)),
    }
}
