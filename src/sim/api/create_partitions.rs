//! CreatePartitions (key 37): `count` is the new total.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse};
use kafka_protocol::protocol::StrBytes;

use super::create_topics::room;
use super::{Call, code};
use crate::sim::state::State;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let results = request.topics.iter().map(|topic| {
        let result = CreatePartitionsTopicResult::default().with_name(topic.name.clone());
        let planned = match call.injected.topic(&topic.name) {
            Some(code) => Err((code, "injected")),
            None => plan(call, state, topic).map_err(|(error, why)| (code(error), why)),
        };
        match planned {
            Ok(replicas) => {
                if !request.validate_only {
                    state.add_partitions(&topic.name, replicas);
                }
                result
            }
            Err((code, why)) => result
                .with_error_code(code)
                .with_error_message(Some(StrBytes::from_static_str(why))),
        }
    });
    let results = results.collect();
    call.shared.changed.notify_waiters();
    CreatePartitionsResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_results(results)
}

/// Replicas of the partitions to be added.
fn plan(
    call: &Call<'_>,
    state: &State,
    wanted: &CreatePartitionsTopic,
) -> Result<Vec<Vec<i32>>, (ResponseError, &'static str)> {
    if !state.settings.profile.is_kraft() && call.broker != state.controller {
        return Err((
            ResponseError::NotController,
            "This is not the correct controller for this cluster.",
        ));
    }
    let unknown = (
        ResponseError::UnknownTopicOrPartition,
        "This server does not host this topic-partition.",
    );
    let topic = state.topic(&wanted.name).ok_or(unknown)?;
    let now = topic.partitions.len();
    let count = usize::try_from(wanted.count)
        .ok()
        .filter(|count| *count > now && *count - now <= room(state));
    let count = count.ok_or((
        ResponseError::InvalidPartitions,
        "The topic has that many partitions or more.",
    ))?;
    let Some(assignments) = &wanted.assignments else {
        let replication = topic.partitions.first().map_or(1, |partition| partition.replicas.len());
        return Ok(state.placement(now, count, replication));
    };
    let lists: Vec<Vec<i32>> = assignments
        .iter()
        .map(|list| list.broker_ids.iter().map(|id| id.0).collect())
        .collect();
    let is_known = |ids: &Vec<i32>| !ids.is_empty() && ids.iter().all(|id| state.broker(*id).is_some());
    if lists.len() != count - now || !lists.iter().all(is_known) {
        return Err((
            ResponseError::InvalidReplicaAssignment,
            "Replica assignment is invalid.",
        ));
    }
    Ok(lists)
}
