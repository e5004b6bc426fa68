//! DescribeQuorum (key 55, KIP-595): every broker is also a voter here.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_quorum_request::TopicData as WantedTopic;
use kafka_protocol::messages::describe_quorum_response::{Listener, Node, PartitionData, ReplicaState, TopicData};
use kafka_protocol::messages::{BrokerId, DescribeQuorumRequest, DescribeQuorumResponse};
use kafka_protocol::protocol::StrBytes;

use super::{Call, code};
use crate::sim::state::State;

const METADATA_TOPIC: &str = "__cluster_metadata";
/// Milliseconds a live voter lags at most.
const FETCH_INTERVAL_MS: i64 = 500;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: DescribeQuorumRequest) -> DescribeQuorumResponse {
    let topics = request
        .topics
        .iter()
        .map(|topic| describe(call, state, topic))
        .collect();
    let response = DescribeQuorumResponse::default()
        .with_error_code(call.injected.top().unwrap_or(0))
        .with_error_message(None)
        .with_topics(topics);
    if call.version < 2 {
        response
    } else {
        response.with_nodes(nodes(state))
    }
}

fn describe(call: &Call<'_>, state: &State, topic: &WantedTopic) -> TopicData {
    let partitions = topic.partitions.iter().map(|wanted| {
        let index = wanted.partition_index;
        let partition = PartitionData::default()
            .with_partition_index(index)
            .with_error_message(None);
        if *topic.topic_name.0 != *METADATA_TOPIC || index != 0 {
            return partition.with_error_code(code(ResponseError::UnknownTopicOrPartition));
        }
        if let Some(code) = call.injected.partition(METADATA_TOPIC, 0) {
            return partition.with_error_code(code);
        }
        let end = 10_000 + state.partition_count() as i64;
        partition
            .with_leader_id(BrokerId(state.controller))
            .with_leader_epoch(1)
            .with_high_watermark(end)
            .with_current_voters(
                state
                    .brokers
                    .iter()
                    .map(|broker| voter(call, state, broker.id, end))
                    .collect(),
            )
    });
    TopicData::default()
        .with_topic_name(topic.topic_name.clone())
        .with_partitions(partitions.collect())
}

fn voter(call: &Call<'_>, state: &State, id: i32, end: i64) -> ReplicaState {
    let is_up = state.is_up(id);
    let voter = ReplicaState::default()
        .with_replica_id(BrokerId(id))
        .with_log_end_offset(if is_up { end } else { end / 2 });
    if call.version == 0 {
        return voter;
    }
    let ago = if id == state.controller { 0 } else { FETCH_INTERVAL_MS };
    let seen = if is_up { state.now_ms() - ago } else { -1 };
    voter
        .with_last_fetch_timestamp(seen)
        .with_last_caught_up_timestamp(seen)
}

fn nodes(state: &State) -> Vec<Node> {
    let listener = |port| {
        Listener::default()
            .with_name(StrBytes::from_static_str("CONTROLLER"))
            .with_host(StrBytes::from_static_str("127.0.0.1"))
            .with_port(port)
    };
    let node = |id, port| {
        Node::default()
            .with_node_id(BrokerId(id))
            .with_listeners(vec![listener(port)])
    };
    state
        .brokers
        .iter()
        .map(|broker| node(broker.id, broker.port))
        .collect()
}
