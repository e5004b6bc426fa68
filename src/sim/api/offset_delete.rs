//! OffsetDelete (key 47): a group forgets offsets of topics that none of its members reads.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use kafka_protocol::messages::{OffsetDeleteRequest, OffsetDeleteResponse};

use super::describe_groups::check_coordinator;
use super::{Call, code};
use crate::sim::state::State;
use crate::sim::state::group::{Group, GroupState};

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    let response = OffsetDeleteResponse::default().with_throttle_time_ms(call.throttle_ms);
    let checked = check_coordinator(call, state, &request.group_id).and_then(|()| {
        let found = state.groups.get(request.group_id.as_bytes());
        check_group(found).map_err(code)
    });
    if let Err(code) = checked {
        return response.with_error_code(code);
    }
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let id = wanted.partition_index;
            let code = call.injected.partition(&topic.name, id);
            let code = code.or_else(|| forget(state, &request.group_id, &topic.name, id).err().map(code_of));
            OffsetDeleteResponsePartition::default()
                .with_partition_index(id)
                .with_error_code(code.unwrap_or(0))
        });
        let partitions = partitions.collect();
        OffsetDeleteResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions)
    });
    let topics = topics.collect();
    response.with_topics(topics)
}

fn code_of(error: ResponseError) -> i16 {
    code(error)
}

fn check_group(group: Option<&Group>) -> Result<(), ResponseError> {
    match group {
        None => Err(ResponseError::GroupIdNotFound),
        Some(group) if group.state == GroupState::Dead => Err(ResponseError::GroupIdNotFound),
        Some(group) if !group.members.is_empty() && group.protocol_type != "consumer" => {
            Err(ResponseError::NonEmptyGroup)
        }
        Some(_) => Ok(()),
    }
}

/// What was not committed is forgotten as well.
fn forget(state: &mut State, group: &str, topic: &str, partition: i32) -> Result<(), ResponseError> {
    state
        .partition(topic, partition)
        .ok_or(ResponseError::UnknownTopicOrPartition)?;
    let Some(group) = state.groups.get_mut(group.as_bytes()) else {
        return Ok(());
    };
    let reads = |member: &crate::sim::state::group::Member| member.subscription.iter().any(|name| name == topic);
    if group.members.iter().any(reads) {
        return Err(ResponseError::GroupSubscribedToTopic);
    }
    group.forget_commit(topic, partition);
    Ok(())
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
    use kafka_protocol::messages::{GroupId, TopicName};

    use super::*;
    use crate::sim::api::tests::Client;
    use crate::sim::state::topic::text;
    use crate::sim::{GroupSpec, SimCluster, SimSpec};

    fn request(group: &str, topic: &str) -> OffsetDeleteRequest {
        let topic = OffsetDeleteRequestTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partitions(vec![OffsetDeleteRequestPartition::default()]);
        OffsetDeleteRequest::default()
            .with_group_id(GroupId(text(group)))
            .with_topics(vec![topic])
    }

    #[tokio::test]
    async fn what_may_be_forgotten_is_decided_as_in_kafka() {
        let spec = SimSpec::small()
            .topic("t", 1)
            .topic("old", 1)
            .group_at("empty", "t", &[1])
            .add_group(
                GroupSpec::classic("live")
                    .member("app", &[("t", &[0])])
                    .commit("old", 0, 3),
            )
            .add_group(
                GroupSpec::classic("sink")
                    .protocol_type("connect")
                    .member("w", &[("t", &[0])]),
            );
        let cluster = SimCluster::start(spec).await.unwrap();
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        let cases = [
            ("empty", "t", (0, Some(0))),
            ("empty", "unknown", (0, Some(3))),
            ("live", "t", (0, Some(86))),
            ("live", "old", (0, Some(0))),
            ("sink", "t", (68, None)),
            ("nobody", "t", (69, None)),
        ];
        for (group, topic, expected) in cases {
            let answer = client.call(&request(group, topic), 0).await.unwrap();
            let row = answer.topics.first().map(|topic| topic.partitions[0].error_code);
            assert_eq!((answer.error_code, row), expected, "{group} {topic}");
        }
        let commits = |group: &str| {
            cluster
                .handle()
                .look(|state| state.groups[group.as_bytes()].commits.len())
        };
        assert_eq!((commits("empty"), commits("live")), (0, 0));
    }
}
