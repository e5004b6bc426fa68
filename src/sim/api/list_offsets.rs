//! ListOffsets (key 2): only the leader answers, each partition at most once per request.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};

use super::{Call, code};
use crate::sim::profile::Flavour;
use crate::sim::state::State;
use crate::sim::state::topic::Partition;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let mut asked: BTreeMap<(&str, i32), usize> = BTreeMap::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            *asked
                .entry((topic.name.as_str(), partition.partition_index))
                .or_default() += 1;
        }
    }
    let topics = request.topics.iter().map(|topic| {
        let name = topic.name.as_str();
        let partitions = topic.partitions.iter().map(|wanted| {
            let index = wanted.partition_index;
            let answer = ListOffsetsPartitionResponse::default().with_partition_index(index);
            if asked.get(&(name, index)).is_some_and(|times| *times > 1) {
                return answer.with_error_code(code(ResponseError::InvalidRequest));
            }
            if let Some(code) = call.injected.partition(name, index) {
                return answer.with_error_code(code);
            }
            match look_up(call, state, name, wanted, request.isolation_level == 1) {
                Ok(found) if call.version >= 4 => answer
                    .with_offset(found.0)
                    .with_timestamp(found.1)
                    .with_leader_epoch(found.2),
                Ok(found) => answer.with_offset(found.0).with_timestamp(found.1),
                Err(error) => answer.with_error_code(code(error)),
            }
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions)
    });
    ListOffsetsResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_topics(topics.collect())
}

/// Offset, timestamp and leader epoch.
fn look_up(
    call: &Call<'_>,
    state: &State,
    topic: &str,
    wanted: &ListOffsetsPartition,
    is_committed: bool,
) -> Result<(i64, i64, i32), ResponseError> {
    let partition = state
        .partition(topic, wanted.partition_index)
        .ok_or(ResponseError::UnknownTopicOrPartition)?;
    check_leader(partition, call.broker, wanted.current_leader_epoch)?;
    let (log, epoch) = (&partition.log, partition.leader_epoch);
    let end = if is_committed {
        log.last_stable()
    } else {
        log.high_watermark()
    };
    let is_redpanda = state.settings.profile.flavour == Flavour::Redpanda;
    match wanted.timestamp {
        LATEST => Ok((end, -1, epoch)),
        EARLIEST => Ok((log.start(), -1, epoch)),
        MAX_TIMESTAMP if call.version >= 7 => Ok(log
            .max_timestamp()
            .map_or((-1, -1, -1), |found| (found.offset, found.timestamp, epoch))),
        EARLIEST_LOCAL if call.version >= 8 => Ok((log.start(), -1, epoch)),
        LATEST_TIERED if call.version >= 9 => Ok((-1, -1, -1)),
        // Redpanda takes what it does not know for a time, and finds the first record.
        special if special < 0 && !is_redpanda => Err(ResponseError::UnsupportedVersion),
        timestamp => {
            let found = log.find_time(timestamp).filter(|found| found.offset < end);
            Ok(found.map_or((-1, -1, -1), |found| (found.offset, found.timestamp, epoch)))
        }
    }
}

/// Whether `broker` leads and the client's idea of the leader epoch (-1 for none) is the current one (KIP-320).
pub(super) fn check_leader(partition: &Partition, broker: i32, epoch: i32) -> Result<(), ResponseError> {
    if partition.leader != broker {
        return Err(ResponseError::NotLeaderOrFollower);
    }
    check_epoch(partition, epoch)
}

/// Whether the client's idea of the leader epoch is the current one.
pub(super) fn check_epoch(partition: &Partition, epoch: i32) -> Result<(), ResponseError> {
    match epoch {
        ..0 => Ok(()),
        epoch if epoch < partition.leader_epoch => Err(ResponseError::FencedLeaderEpoch),
        epoch if epoch > partition.leader_epoch => Err(ResponseError::UnknownLeaderEpoch),
        _ => Ok(()),
    }
}
