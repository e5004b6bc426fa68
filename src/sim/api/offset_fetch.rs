//! OffsetFetch (key 9): one group up to v7, many from v8 (KIP-709). An unknown group has no commits, which is no error.

use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{OffsetFetchRequest, OffsetFetchResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::Call;
use super::describe_groups::check_coordinator;
use crate::sim::state::State;
use crate::sim::state::group::Commit;

/// First version with many groups.
const MANY_GROUPS: i16 = 8;
/// First version with an error of the whole group.
const TOP_ERROR: i16 = 2;

/// What is asked of one topic.
type Wanted = Vec<(StrBytes, Vec<i32>)>;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let response = OffsetFetchResponse::default().with_throttle_time_ms(call.throttle_ms);
    if call.version < MANY_GROUPS {
        return one_group(call, state, request, response);
    }
    let groups = request.groups.into_iter().map(|wanted| {
        let group = OffsetFetchResponseGroup::default().with_group_id(wanted.group_id.clone());
        if let Err(code) = check_coordinator(call, state, &wanted.group_id) {
            return group.with_error_code(code);
        }
        let topics = wanted.topics.map(|topics| {
            topics
                .into_iter()
                .map(|topic| (topic.name.0, topic.partition_indexes))
                .collect::<Wanted>()
        });
        let rows = rows(call, state, &wanted.group_id, topics);
        let topics = rows.into_iter().map(|(topic, rows)| {
            let partitions = rows.into_iter().map(|row| {
                OffsetFetchResponsePartitions::default()
                    .with_partition_index(row.partition)
                    .with_committed_offset(row.commit.offset)
                    .with_committed_leader_epoch(row.commit.leader_epoch)
                    .with_metadata(Some(row.commit.metadata))
                    .with_error_code(row.code)
            });
            OffsetFetchResponseTopics::default()
                .with_name(TopicName(topic))
                .with_partitions(partitions.collect())
        });
        group.with_topics(topics.collect())
    });
    response.with_groups(groups.collect())
}

fn one_group(
    call: &Call<'_>,
    state: &State,
    request: OffsetFetchRequest,
    response: OffsetFetchResponse,
) -> OffsetFetchResponse {
    let wanted = request.topics.map(|topics| {
        topics
            .into_iter()
            .map(|topic| (topic.name.0, topic.partition_indexes))
            .collect::<Wanted>()
    });
    let failure = check_coordinator(call, state, &request.group_id).err();
    if let Some(code) = failure.filter(|_| call.version >= TOP_ERROR) {
        return response.with_error_code(code);
    }
    let topics = rows(call, state, &request.group_id, wanted)
        .into_iter()
        .map(|(topic, rows)| {
            let partitions = rows.into_iter().map(|row| {
                let partition = OffsetFetchResponsePartition::default()
                    .with_partition_index(row.partition)
                    .with_committed_offset(row.commit.offset)
                    .with_metadata(Some(row.commit.metadata))
                    .with_error_code(failure.unwrap_or(row.code));
                if call.version >= 5 {
                    partition.with_committed_leader_epoch(row.commit.leader_epoch)
                } else {
                    partition
                }
            });
            OffsetFetchResponseTopic::default()
                .with_name(TopicName(topic))
                .with_partitions(partitions.collect())
        });
    response.with_topics(topics.collect())
}

struct Row {
    partition: i32,
    commit: Commit,
    code: i16,
}

/// The commits asked for, -1 where there is none; all commits of the group for `None`.
fn rows(call: &Call<'_>, state: &State, group: &str, wanted: Option<Wanted>) -> Vec<(StrBytes, Vec<Row>)> {
    let found = state.groups.get(group.as_bytes());
    let row = |topic: &str, partition: i32, commit: Option<&Commit>| match call.injected.partition(topic, partition) {
        Some(code) => Row {
            partition,
            commit: Commit::at(-1),
            code,
        },
        None => Row {
            partition,
            commit: commit.cloned().unwrap_or_else(|| Commit::at(-1)),
            code: 0,
        },
    };
    let Some(wanted) = wanted else {
        let all = found.iter().flat_map(|group| &group.commits);
        return all
            .map(|(topic, partitions)| {
                (
                    topic.clone(),
                    partitions
                        .iter()
                        .map(|(index, commit)| row(topic, *index, Some(commit)))
                        .collect(),
                )
            })
            .collect();
    };
    let rows_of = |topic: &StrBytes, partitions: Vec<i32>| {
        let commit = |partition| found.and_then(|group| group.commit(topic, partition));
        partitions
            .into_iter()
            .map(|partition| row(topic, partition, commit(partition)))
            .collect()
    };
    wanted
        .into_iter()
        .map(|(topic, partitions)| {
            let rows = rows_of(&topic, partitions);
            (topic, rows)
        })
        .collect()
}
