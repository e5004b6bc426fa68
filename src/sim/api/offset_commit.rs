//! OffsetCommit (key 8) by the rules that a reset of offsets meets: a client outside the group may commit only while
//! the group is Empty or unknown.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestPartition;
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};
use kafka_protocol::protocol::StrBytes;

use super::describe_groups::check_coordinator;
use super::{Call, code};
use crate::sim::state::group::{Commit, Group, GroupState, GroupType};
use crate::sim::state::{MAX_GROUPS, State};

/// Default of `offset.metadata.max.bytes`.
const MAX_METADATA: usize = 4_096;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let refused = check_coordinator(call, state, &request.group_id)
        .and_then(|()| check_member(state, &request).map_err(code))
        .err();
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let code = refused
                .or_else(|| call.injected.partition(&topic.name, wanted.partition_index))
                .or_else(|| store(state, &request.group_id, &topic.name, wanted).err().map(code));
            let answered = OffsetCommitResponsePartition::default().with_partition_index(wanted.partition_index);
            answered.with_error_code(code.unwrap_or(0))
        });
        let partitions = partitions.collect();
        OffsetCommitResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions)
    });
    let topics = topics.collect();
    OffsetCommitResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_topics(topics)
}

fn check_member(state: &State, request: &OffsetCommitRequest) -> Result<(), ResponseError> {
    if request.group_id.is_empty() {
        return Err(ResponseError::InvalidGroupId);
    }
    let epoch = request.generation_id_or_member_epoch;
    let is_outsider = epoch < 0 && request.member_id.is_empty() && request.group_instance_id.is_none();
    let Some(group) = state.groups.get(request.group_id.as_bytes()) else {
        let has_room = state.groups.len() < MAX_GROUPS;
        return match (is_outsider, has_room) {
            (true, true) => Ok(()),
            (true, false) => Err(ResponseError::CoordinatorNotAvailable),
            (false, _) => Err(ResponseError::IllegalGeneration),
        };
    };
    if group.state == GroupState::Dead {
        return Err(ResponseError::CoordinatorNotAvailable);
    }
    if is_outsider {
        return if group.state == GroupState::Empty {
            Ok(())
        } else {
            Err(ResponseError::UnknownMemberId)
        };
    }
    if !group
        .members
        .iter()
        .any(|member| *member.member_id == *request.member_id)
    {
        return Err(ResponseError::UnknownMemberId);
    }
    match group.group_type {
        GroupType::Classic if epoch != group.epoch => Err(ResponseError::IllegalGeneration),
        GroupType::Consumer if epoch != group.epoch => Err(ResponseError::StaleMemberEpoch),
        _ if group.state == GroupState::CompletingRebalance => Err(ResponseError::RebalanceInProgress),
        _ => Ok(()),
    }
}

fn store(
    state: &mut State,
    group: &StrBytes,
    topic: &StrBytes,
    wanted: &OffsetCommitRequestPartition,
) -> Result<(), ResponseError> {
    state
        .partition(topic, wanted.partition_index)
        .ok_or(ResponseError::UnknownTopicOrPartition)?;
    let metadata = wanted.committed_metadata.clone().unwrap_or_default();
    if metadata.len() > MAX_METADATA {
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    // Copies, so that a kept commit does not keep its whole request in memory.
    let own = |text: &StrBytes| StrBytes::from_string(text.to_string());
    let commit = Commit {
        offset: wanted.committed_offset,
        leader_epoch: wanted.committed_leader_epoch,
        metadata: own(&metadata),
    };
    if let Some(group) = state.groups.get_mut(group.as_bytes()) {
        group.set_commit(&own(topic), wanted.partition_index, commit);
    } else {
        let mut made = Group::simple();
        made.set_commit(&own(topic), wanted.partition_index, commit);
        state.groups.insert(own(group), made);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestTopic;
    use kafka_protocol::messages::{GroupId, TopicName};

    use super::*;
    use crate::sim::api::tests::Client;
    use crate::sim::state::topic::text;
    use crate::sim::{GroupSpec, SimCluster, SimSpec};

    fn request(group: &str, topic: &str) -> OffsetCommitRequest {
        let partition = OffsetCommitRequestPartition::default().with_committed_offset(9);
        let topic = OffsetCommitRequestTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partitions(vec![partition]);
        OffsetCommitRequest::default()
            .with_group_id(GroupId(text(group)))
            .with_topics(vec![topic])
    }

    #[tokio::test]
    async fn who_may_commit_is_decided_as_in_kafka() {
        let spec = SimSpec::small()
            .topic("t", 1)
            .group_at("empty", "t", &[1])
            .add_group(GroupSpec::classic("live").member("app", &[("t", &[0])]))
            .add_group(GroupSpec::consumer("modern").member("app", &[("t", &[0])]))
            .add_group(GroupSpec::classic("dying").state(GroupState::Dead))
            .add_group(
                GroupSpec::classic("moving")
                    .member("app", &[])
                    .state(GroupState::CompletingRebalance),
            );
        let cluster = SimCluster::start(spec).await.unwrap();
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        let id = cluster
            .handle()
            .look(|state| state.groups["live".as_bytes()].members[0].member_id.clone());
        let member = |group: &str, epoch| {
            request(group, "t")
                .with_member_id(text(&id))
                .with_generation_id_or_member_epoch(epoch)
        };
        let long = Some(text(&"m".repeat(MAX_METADATA + 1)));
        let mut wordy = request("empty", "t");
        wordy.topics[0].partitions[0].committed_metadata = long;
        let cases = [
            ("an empty group", request("empty", "t"), 0),
            ("a new group", request("new", "t"), 0),
            ("a group with members", request("live", "t"), 25),
            ("a KIP-848 group with members", request("modern", "t"), 25),
            ("a member", member("live", 1), 0),
            ("a member of the past", member("live", 0), 22),
            ("a member of the past, KIP-848", member("modern", 0), 113),
            ("a stranger", member("empty", 1), 25),
            ("a stranger to no group", member("nobody", 1), 22),
            ("a dying group", request("dying", "t"), 15),
            ("a rebalance", member("moving", 1), 27),
            ("no group", request("", "t"), 24),
            ("no topic", request("empty", "unknown"), 3),
            ("too much metadata", wordy, 12),
        ];
        for (what, request, code) in cases {
            let answer = client.call(&request, 8).await.unwrap();
            assert_eq!(answer.topics[0].partitions[0].error_code, code, "{what}");
        }
    }
}
