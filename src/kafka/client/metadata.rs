//! Metadata: brokers, topics, leaders. Every answer also refreshes the routes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{MetadataRequest, MetadataResponse, TopicName as WireTopicName};
use kafka_protocol::protocol::{StrBytes, VersionRange};
use tokio::time::Instant;

use super::cluster::kind_of;
use super::release::release_of;
use super::{Answer, Client, Node, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{
    Broker, BrokerId, Cluster, ClusterKind, LeaderEpoch, Partition, PartitionId, Topic, TopicName,
};
use crate::kafka::partial::{Failure, Partial};

/// Before v4 a broker may create the topics it is asked for; v13 has an error code of its own.
const VERSIONS: VersionRange = VersionRange { min: 4, max: 13 };
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const REBOOTSTRAP_REQUIRED: i16 = 129;
/// Brokers are not looked up again within this time, however many callers miss one.
const FRESH: Duration = Duration::from_secs(1);

/// Which topics to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataScope {
    /// Every topic that may be seen.
    All,
    /// Brokers only.
    None,
    /// These topics.
    Named(Vec<TopicName>),
}

/// The cluster and the topics that were asked for, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Brokers, kind, version; the controller as far as it is known without another request.
    pub cluster: Cluster,
    /// The topics, sorted by name.
    pub topics: Vec<Topic>,
}

impl Client {
    /// Asks any broker for the cluster and the topics in `scope`: one request. Topics that are unknown or denied are
    /// failures. Nothing is ever created by asking.
    pub async fn metadata(&self, scope: MetadataScope) -> Result<Partial<Metadata>, Error> {
        let build = |version: i16| request(&scope, version);
        let answer = self
            .call::<MetadataRequest, _>(Node::Any, Purpose::Interactive, VERSIONS, build)
            .await?;
        if let Some(error) = Error::from_code(answer.response.error_code, "Metadata", None) {
            if answer.response.error_code == REBOOTSTRAP_REQUIRED {
                self.shared.routes.forget_brokers();
            }
            return Err(error);
        }
        let cluster = self.learned_cluster(&answer);
        let mut failures = Vec::new();
        let mut topics: Vec<Topic> = Vec::with_capacity(answer.response.topics.len());
        for topic in answer.response.topics {
            match converted(topic) {
                Ok(topic) => topics.push(topic),
                Err((name, error)) => {
                    if error.code() == Some(UNKNOWN_TOPIC_OR_PARTITION) || matches!(error, Error::UnknownTopic { .. }) {
                        self.shared.routes.forget_topic(&name);
                    }
                    failures.push(Failure::new(name.as_str(), error));
                }
            }
        }
        topics.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        match &scope {
            MetadataScope::All => self.shared.routes.learn_all_topics(&topics),
            MetadataScope::None => {}
            MetadataScope::Named(names) => {
                self.shared.routes.learn_topics(&topics);
                failures.extend(missing(names, &topics, &failures));
            }
        }
        Ok(Partial::new(Metadata { cluster, topics }, failures))
    }

    /// Learns the brokers from an answer and describes the cluster as far as this answer tells.
    fn learned_cluster(&self, answer: &Answer<MetadataResponse>) -> Cluster {
        let response = &answer.response;
        let brokers = sorted(response.brokers.iter().map(broker).collect());
        let named = known_id(response.controller_id.0);
        self.learn_brokers(&brokers, named);
        let id = response.cluster_id.as_ref().map(ToString::to_string);
        let kind = kind_of(&answer.versions, id.as_deref());
        let controller = match kind {
            // Metadata names a random broker there.
            ClusterKind::KRaft => self.shared.routes.quorum_leader(),
            _ => named,
        };
        let version = release_of(&answer.versions, kind);
        Cluster {
            id,
            kind,
            version,
            controller,
            brokers,
            versions: self.releases(kind),
        }
    }

    /// Takes over a list of live brokers.
    pub(super) fn learn_brokers(&self, brokers: &[Broker], controller: Option<BrokerId>) {
        let peers = self.shared.routes.learn_brokers(brokers, controller);
        let (bootstrap, _) = self.bootstrap();
        self.shared.links.reconcile(&peers, &bootstrap);
    }

    /// Learns the brokers anew, unless that was done a moment ago. Many callers at once need one request.
    pub(super) async fn refresh_brokers(&self, deadline: Instant) -> Result<(), Error> {
        let asked = Instant::now();
        let _turn = self.shared.refreshing.lock().await;
        let is_fresh = |at: Instant| at >= asked || asked - at < FRESH;
        if self.shared.routes.brokers_at().is_some_and(is_fresh) {
            return Ok(());
        }
        let client = self.with_deadline(deadline);
        // Boxed: to reach any broker, `call` may come here in turn.
        Box::pin(client.metadata(MetadataScope::None)).await.map(|_| ())
    }
}

fn request(scope: &MetadataScope, _version: i16) -> MetadataRequest {
    let topics = match scope {
        MetadataScope::All => None,
        MetadataScope::None => Some(Vec::new()),
        MetadataScope::Named(names) => Some(names.iter().map(named).collect()),
    };
    MetadataRequest::default()
        .with_topics(topics)
        .with_allow_auto_topic_creation(false)
}

fn named(name: &TopicName) -> MetadataRequestTopic {
    let name = WireTopicName(StrBytes::from_string(name.as_str().to_owned()));
    MetadataRequestTopic::default().with_name(Some(name))
}

/// Names that the answer says nothing about.
fn missing(names: &[TopicName], found: &[Topic], failed: &[Failure]) -> Vec<Failure> {
    let seen: HashSet<&str> = found
        .iter()
        .map(|topic| topic.name.as_str())
        .chain(failed.iter().map(|failure| failure.what.as_str()))
        .collect();
    let absent = names.iter().filter(|name| !seen.contains(name.as_str()));
    absent
        .map(|name| Failure::new(name.as_str(), Error::UnknownTopic { topic: name.clone() }))
        .collect()
}

fn known_id(id: i32) -> Option<BrokerId> {
    (id >= 0).then_some(BrokerId(id))
}

fn broker(broker: &MetadataResponseBroker) -> Broker {
    Broker {
        id: BrokerId(broker.node_id.0),
        host: Arc::from(&*broker.host),
        port: broker.port,
        rack: broker
            .rack
            .as_ref()
            .filter(|rack| !rack.is_empty())
            .map(|rack| Arc::from(&**rack)),
    }
}

/// By id, each once.
pub(super) fn sorted(mut brokers: Vec<Broker>) -> Vec<Broker> {
    brokers.sort_by_key(|broker| broker.id);
    brokers.dedup_by_key(|broker| broker.id);
    brokers
}

/// The topic in our own memory: the answer's strings would keep its whole frame alive.
fn converted(topic: MetadataResponseTopic) -> Result<Topic, (TopicName, Error)> {
    let name = TopicName::from(topic.name.as_ref().map_or("", |name| name.as_str()));
    match topic.error_code {
        0 => {}
        UNKNOWN_TOPIC_OR_PARTITION => return Err((name.clone(), Error::UnknownTopic { topic: name })),
        code => {
            let error = Error::from_code(code, name.as_str(), None);
            return Err((name.clone(), error.unwrap_or(Error::UnknownTopic { topic: name })));
        }
    }
    let mut partitions: Vec<Partition> = topic.partitions.into_iter().map(partition).collect();
    partitions.sort_unstable_by_key(|partition| partition.id);
    partitions.dedup_by_key(|partition| partition.id);
    Ok(Topic {
        name,
        id: Some(topic.topic_id.into_bytes()).filter(|id| *id != [0; 16]),
        is_internal: topic.is_internal,
        partitions,
    })
}

fn partition(partition: MetadataResponsePartition) -> Partition {
    let ids = |nodes: Vec<kafka_protocol::messages::BrokerId>| nodes.into_iter().map(|id| BrokerId(id.0)).collect();
    Partition {
        id: PartitionId(partition.partition_index),
        leader: known_id(partition.leader_id.0),
        leader_epoch: Some(partition.leader_epoch)
            .filter(|epoch| *epoch >= 0)
            .map(LeaderEpoch),
        replicas: ids(partition.replica_nodes),
        isr: ids(partition.isr_nodes),
        adding: Box::default(),
    }
}
