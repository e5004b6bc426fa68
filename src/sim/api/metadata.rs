//! Metadata (key 3).

use kafka_protocol::ResponseError;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{BrokerId, MetadataRequest, MetadataResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::{Call, code};
use crate::sim::state::State;
use crate::sim::state::topic::{NO_LEADER, Partition, Topic, text};

/// READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS: everything a topic knows.
const ALL_TOPIC_OPERATIONS: i32 = 0b1101_1111_1000;
/// CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE.
const ALL_CLUSTER_OPERATIONS: i32 = 0b1_1111_1010_0000;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: MetadataRequest) -> MetadataResponse {
    let controller = state.told_controller();
    let state = &*state;
    let with_operations = request.include_topic_authorized_operations;
    // Version 0 has no null: there an empty list asks for all topics.
    let wanted = request.topics.filter(|topics| call.version > 0 || !topics.is_empty());
    let topics = match wanted {
        None => state
            .topics
            .iter()
            .map(|(name, topic)| describe(call, state, name, topic))
            .collect(),
        Some(wanted) => wanted.iter().map(|topic| find(call, state, topic)).collect(),
    };
    let mut response = MetadataResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_brokers(brokers(state))
        .with_cluster_id(Some(text(&state.settings.cluster_id)))
        .with_controller_id(BrokerId(controller))
        .with_topics(topics)
        .with_error_code(call.injected.top().unwrap_or(0));
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = ALL_CLUSTER_OPERATIONS;
    }
    if with_operations {
        response
            .topics
            .iter_mut()
            .for_each(|topic| topic.topic_authorized_operations = ALL_TOPIC_OPERATIONS);
    }
    response
}

fn brokers(state: &State) -> Vec<MetadataResponseBroker> {
    let broker = |broker: &crate::sim::state::broker::Broker| {
        let (host, port) = broker.endpoint();
        MetadataResponseBroker::default()
            .with_node_id(BrokerId(broker.id))
            .with_host(host)
            .with_port(i32::from(port))
            .with_rack(broker.rack.clone())
    };
    state.live().map(broker).collect()
}

fn find(call: &Call<'_>, state: &State, wanted: &MetadataRequestTopic) -> MetadataResponseTopic {
    let failed = |error| {
        MetadataResponseTopic::default()
            .with_name(wanted.name.clone())
            .with_error_code(code(error))
    };
    if !wanted.topic_id.is_nil() {
        if call.version < 12 {
            return failed(ResponseError::InvalidRequest).with_topic_id(wanted.topic_id);
        }
        let found = state
            .topic_name(wanted.topic_id)
            .and_then(|name| Some((name, state.topic(name)?)));
        return match found {
            Some((name, topic)) => describe(call, state, name, topic),
            None => failed(ResponseError::UnknownTopicId).with_topic_id(wanted.topic_id),
        };
    }
    let Some(name) = &wanted.name else {
        return failed(ResponseError::InvalidTopicException);
    };
    match state.topic(name) {
        Some(topic) => describe(call, state, name, topic),
        None if !is_topic_name(name) => failed(ResponseError::InvalidTopicException),
        None => failed(ResponseError::UnknownTopicOrPartition),
    }
}

fn describe(call: &Call<'_>, state: &State, name: &StrBytes, topic: &Topic) -> MetadataResponseTopic {
    let partitions = topic.partitions.iter().enumerate();
    let partitions = partitions.map(|(index, partition)| {
        let described = describe_partition(state, index as i32, partition);
        match call.injected.partition(name, index as i32) {
            Some(code) => described.with_error_code(code),
            None => described,
        }
    });
    MetadataResponseTopic::default()
        .with_error_code(call.injected.topic(name).unwrap_or(0))
        .with_name(Some(TopicName(name.clone())))
        .with_topic_id(topic.id)
        .with_is_internal(topic.is_internal)
        .with_partitions(partitions.collect())
}

fn describe_partition(state: &State, index: i32, partition: &Partition) -> MetadataResponsePartition {
    let ids = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect::<Vec<_>>();
    let offline = partition
        .replicas
        .iter()
        .filter(|id| !state.is_up(**id))
        .copied()
        .map(BrokerId)
        .collect();
    let error = if partition.leader == NO_LEADER {
        code(ResponseError::LeaderNotAvailable)
    } else {
        0
    };
    MetadataResponsePartition::default()
        .with_error_code(error)
        .with_partition_index(index)
        .with_leader_id(BrokerId(partition.leader))
        .with_leader_epoch(partition.leader_epoch)
        .with_replica_nodes(ids(&partition.replicas))
        .with_isr_nodes(ids(&partition.isr))
        .with_offline_replicas(offline)
}

/// Kafka's rule for topic names.
pub(super) fn is_topic_name(name: &str) -> bool {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=249).contains(&name.len()) && name != "." && name != ".." && name.chars().all(is_legal)
}
