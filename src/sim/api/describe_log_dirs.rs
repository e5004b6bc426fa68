//! DescribeLogDirs (key 35): the replicas of the broker that is asked, with their sizes.

use std::collections::BTreeSet;

use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use kafka_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::Call;
use crate::sim::state::State;
use crate::sim::state::topic::{Partition, text};

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: DescribeLogDirsRequest) -> DescribeLogDirsResponse {
    let response = DescribeLogDirsResponse::default().with_throttle_time_ms(call.throttle_ms);
    if let Some(code) = call.injected.top() {
        // Before v3 there is no field for it: the answer is just empty.
        return if call.version >= 3 {
            response.with_error_code(code)
        } else {
            response
        };
    }
    let Some(broker) = state.broker(call.broker) else {
        return response;
    };
    let held = held(state, call.broker);
    let used: i64 = held.iter().map(|(.., size)| size).sum();
    let mut result = DescribeLogDirsResult::default()
        .with_log_dir(text(&broker.log_dir.path))
        .with_topics(topics(state, call.broker, &held, request.topics.as_deref()));
    if call.version >= 4 {
        result.total_bytes = broker.log_dir.total_bytes;
        result.usable_bytes = (broker.log_dir.usable_bytes - used).max(0);
    }
    response.with_results(vec![result])
}

/// Topic, partition and bytes of every replica of a broker.
type Held<'a> = Vec<(&'a StrBytes, i32, &'a Partition, i64)>;

fn held(state: &State, broker: i32) -> Held<'_> {
    let partitions = state.topics.iter().flat_map(|(name, topic)| {
        topic
            .partitions
            .iter()
            .zip(0..)
            .map(move |(partition, index)| (name, index, partition))
    });
    let held = partitions.filter(|(_, _, partition)| partition.replicas.contains(&broker));
    held.map(|(name, index, partition)| (name, index, partition, size(state, name, index, partition, broker)))
        .collect()
}

/// A replica that fell behind has the bytes it had then, estimated by its share of the offsets.
fn size(state: &State, name: &StrBytes, index: i32, partition: &Partition, broker: i32) -> i64 {
    let size = partition.log.size() as i64;
    let behind = lag(state, name, index, partition, broker);
    let offsets = (partition.log.high_watermark() - partition.log.start()).max(1);
    size - (size as f64 * (behind.min(offsets) as f64 / offsets as f64)) as i64
}

fn lag(state: &State, name: &StrBytes, index: i32, partition: &Partition, broker: i32) -> i64 {
    let stood_at = state.left_behind.get(&(name.clone(), index, broker));
    stood_at.map_or(0, |offset| (partition.log.high_watermark() - offset).max(0))
}

fn topics(
    state: &State,
    broker: i32,
    held: &Held<'_>,
    wanted: Option<&[DescribableLogDirTopic]>,
) -> Vec<DescribeLogDirsTopic> {
    let wanted: Option<BTreeSet<(&str, i32)>> = wanted.map(|topics| {
        let pairs = topics
            .iter()
            .flat_map(|topic| topic.partitions.iter().map(|index| (topic.topic.as_str(), *index)));
        pairs.collect()
    });
    let mut topics: Vec<DescribeLogDirsTopic> = Vec::new();
    for (name, index, partition, size) in held {
        if wanted
            .as_ref()
            .is_some_and(|wanted| !wanted.contains(&(name.as_str(), *index)))
        {
            continue;
        }
        let replica = DescribeLogDirsPartition::default()
            .with_partition_index(*index)
            .with_partition_size(*size)
            .with_offset_lag(lag(state, name, *index, partition, broker));
        if let Some(topic) = topics.last_mut().filter(|topic| topic.name.0 == **name) {
            topic.partitions.push(replica);
        } else {
            let topic = DescribeLogDirsTopic::default().with_name(TopicName((*name).clone()));
            topics.push(topic.with_partitions(vec![replica]));
        }
    }
    topics
}
