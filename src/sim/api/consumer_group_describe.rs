//! ConsumerGroupDescribe (key 69, KIP-848). Classic groups are not found here.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::consumer_group_describe_response::{
    Assignment, DescribedGroup, Member as DescribedMember, TopicPartitions,
};
use kafka_protocol::messages::{ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::describe_groups::{ALL_GROUP_OPERATIONS, check_coordinator};
use super::{Call, code};
use crate::sim::state::State;
use crate::sim::state::group::{Assignment as Assigned, Group, GroupType, Member};
use crate::sim::state::topic::text;

/// `member_type` of v1 for a member of the new protocol.
const CONSUMER_MEMBER: i8 = 1;

pub(super) fn answer(
    call: &Call<'_>,
    state: &mut State,
    request: ConsumerGroupDescribeRequest,
) -> ConsumerGroupDescribeResponse {
    let groups = request.group_ids.iter().map(|id| {
        let mut group = describe(call, state, id);
        if request.include_authorized_operations && group.error_code == 0 {
            group.authorized_operations = ALL_GROUP_OPERATIONS;
        }
        group
    });
    ConsumerGroupDescribeResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_groups(groups.collect())
}

fn describe(call: &Call<'_>, state: &State, id: &GroupId) -> DescribedGroup {
    let described = DescribedGroup::default().with_group_id(id.clone());
    if let Err(code) = check_coordinator(call, state, id) {
        return described.with_error_code(code);
    }
    match state.groups.get(id.as_bytes()) {
        Some(group) if group.group_type == GroupType::Consumer => fill(call, state, described, group),
        found => {
            let why = if found.is_some() {
                "is not a consumer group"
            } else {
                "not found"
            };
            described
                .with_error_code(code(ResponseError::GroupIdNotFound))
                .with_error_message(Some(StrBytes::from_string(format!("Group {} {why}.", id.as_str()))))
        }
    }
}

fn fill(call: &Call<'_>, state: &State, described: DescribedGroup, group: &Group) -> DescribedGroup {
    described
        .with_group_state(StrBytes::from_static_str(group.state.as_str()))
        .with_group_epoch(group.epoch)
        .with_assignment_epoch(group.epoch)
        .with_assignor_name(text(&group.assignor))
        .with_members(
            group
                .members
                .iter()
                .map(|member| describe_member(call, state, group, member))
                .collect(),
        )
}

fn describe_member(call: &Call<'_>, state: &State, group: &Group, member: &Member) -> DescribedMember {
    let described = DescribedMember::default()
        .with_member_id(text(&member.member_id))
        .with_instance_id(member.instance_id.as_deref().map(text))
        .with_rack_id(member.rack.as_deref().map(text))
        .with_member_epoch(group.epoch)
        .with_client_id(text(&member.client_id))
        .with_client_host(text(&member.client_host))
        .with_subscribed_topic_names(member.subscription.iter().map(|topic| TopicName(text(topic))).collect())
        .with_assignment(assignment(state, &member.assignment))
        .with_target_assignment(assignment(state, member.target.as_ref().unwrap_or(&member.assignment)));
    if call.version >= 1 {
        described.with_member_type(CONSUMER_MEMBER)
    } else {
        described
    }
}

fn assignment(state: &State, assigned: &Assigned) -> Assignment {
    let topics = assigned.iter().map(|(topic, partitions)| {
        TopicPartitions::default()
            .with_topic_id(state.topic(topic).map(|found| found.id).unwrap_or_default())
            .with_topic_name(TopicName(text(topic)))
            .with_partitions(partitions.clone())
    });
    Assignment::default().with_topic_partitions(topics.collect())
}
