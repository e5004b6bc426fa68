//! The cluster as a line has it: who is up, and what lacks a replica or a leader.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::kafka::model::{Broker, BrokerId, Cluster, ClusterKind, Partition, PartitionId, Topic, TopicName};

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::recording) struct ClusterLine {
    id: Option<String>,
    kind: ClusterKind,
    version: Option<String>,
    controller: Option<BrokerId>,
    brokers: Vec<BrokerLine>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    versions: BTreeMap<i32, String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct BrokerLine {
    id: BrokerId,
    host: Arc<str>,
    port: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rack: Option<Arc<str>>,
}

/// Partition, leader, replicas, those in sync.
type PartitionLine = (i32, Option<i32>, Vec<i32>, Vec<i32>);

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::recording) struct TopicLine {
    topic: TopicName,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    internal: bool,
    partitions: Vec<PartitionLine>,
}

impl From<&Cluster> for ClusterLine {
    fn from(cluster: &Cluster) -> Self {
        let brokers = cluster.brokers.iter().map(|broker| BrokerLine {
            id: broker.id,
            host: broker.host.clone(),
            port: broker.port,
            rack: broker.rack.clone(),
        });
        let versions = cluster.versions.iter();
        Self {
            id: cluster.id.clone(),
            kind: cluster.kind,
            version: cluster.version.clone(),
            controller: cluster.controller,
            brokers: brokers.collect(),
            versions: versions.map(|(id, version)| (id.0, version.clone())).collect(),
        }
    }
}

impl From<ClusterLine> for Cluster {
    fn from(line: ClusterLine) -> Self {
        let brokers = line.brokers.into_iter().map(|broker| Broker {
            id: broker.id,
            host: broker.host,
            port: broker.port,
            rack: broker.rack,
        });
        let versions = line.versions.into_iter();
        Self {
            id: line.id,
            kind: line.kind,
            version: line.version,
            controller: line.controller,
            brokers: brokers.collect(),
            versions: versions.map(|(id, version)| (BrokerId(id), version)).collect(),
        }
    }
}

impl From<&Topic> for TopicLine {
    fn from(topic: &Topic) -> Self {
        let ids = |ids: &[BrokerId]| ids.iter().map(|id| id.0).collect();
        let partitions = topic.partitions.iter().map(|one| {
            let leader = one.leader.map(|id| id.0);
            (one.id.0, leader, ids(&one.replicas), ids(&one.isr))
        });
        Self {
            topic: topic.name.clone(),
            internal: topic.is_internal,
            partitions: partitions.collect(),
        }
    }
}

impl From<TopicLine> for Topic {
    fn from(line: TopicLine) -> Self {
        let ids = |ids: Vec<i32>| ids.into_iter().map(BrokerId).collect();
        let partitions = line
            .partitions
            .into_iter()
            .map(|(id, leader, replicas, isr)| Partition {
                id: PartitionId(id),
                leader: leader.map(BrokerId),
                leader_epoch: None,
                replicas: ids(replicas),
                isr: ids(isr),
                adding: Box::default(),
            });
        Self {
            name: line.topic,
            id: None,
            is_internal: line.internal,
            partitions: partitions.collect(),
        }
    }
}
