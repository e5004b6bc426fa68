//! ListPartitionReassignments (key 46, KIP-455): replicas that are being added.

use kafka_protocol::messages::list_partition_reassignments_response::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use kafka_protocol::messages::{
    BrokerId, ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::Call;
use crate::sim::state::State;
use crate::sim::state::topic::{Partition, Topic};

pub(super) fn answer(
    call: &Call<'_>,
    state: &mut State,
    request: ListPartitionReassignmentsRequest,
) -> ListPartitionReassignmentsResponse {
    let response = ListPartitionReassignmentsResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_error_message(None);
    if let Some(code) = call.injected.top() {
        return response.with_error_code(code);
    }
    let is_wanted = |name: &str, index: i32| {
        request.topics.as_ref().is_none_or(|topics| {
            let mut same = topics.iter().filter(|topic| *topic.name.0 == *name);
            same.any(|topic| topic.partition_indexes.contains(&index))
        })
    };
    let topics = state
        .topics
        .iter()
        .map(|(name, topic)| ongoing(name, topic, &is_wanted));
    response.with_topics(topics.filter(|topic| !topic.partitions.is_empty()).collect())
}

fn ongoing(name: &StrBytes, topic: &Topic, is_wanted: &dyn Fn(&str, i32) -> bool) -> OngoingTopicReassignment {
    let moving = topic.partitions.iter().zip(0..);
    let moving = moving.filter(|(partition, index)| !partition.adding.is_empty() && is_wanted(name, *index));
    OngoingTopicReassignment::default()
        .with_name(TopicName(name.clone()))
        .with_partitions(
            moving
                .map(|(partition, index)| reassignment(partition, index))
                .collect(),
        )
}

fn reassignment(partition: &Partition, index: i32) -> OngoingPartitionReassignment {
    let ids = |list: &[i32]| list.iter().map(|id| BrokerId(*id)).collect();
    OngoingPartitionReassignment::default()
        .with_partition_index(index)
        .with_replicas(ids(&partition.replicas))
        .with_adding_replicas(ids(&partition.adding))
}
