//! DescribeProducers (key 61, KIP-664): what a leader remembers of idempotent producers.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use kafka_protocol::messages::{DescribeProducersRequest, DescribeProducersResponse};

use super::list_offsets::check_leader;
use super::{Call, code};
use crate::sim::state::State;

pub(super) fn answer(
    call: &Call<'_>,
    state: &mut State,
    request: DescribeProducersRequest,
) -> DescribeProducersResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partition_indexes.iter().map(|index| {
            let answer = PartitionResponse::default().with_partition_index(*index);
            if let Some(code) = call.injected.partition(&topic.name, *index) {
                return answer.with_error_code(code);
            }
            let Some(partition) = state.partition(&topic.name, *index) else {
                return answer.with_error_code(code(ResponseError::UnknownTopicOrPartition));
            };
            if let Err(error) = check_leader(partition, call.broker, -1) {
                return answer.with_error_code(code(error));
            }
            let producers = partition.producers.known().map(|(id, epoch, last)| {
                ProducerState::default()
                    .with_producer_id(id.into())
                    .with_producer_epoch(i32::from(epoch))
                    .with_last_sequence(last)
            });
            answer.with_active_producers(producers.collect())
        });
        let partitions = partitions.collect();
        TopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions)
    });
    DescribeProducersResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_topics(topics.collect())
}
