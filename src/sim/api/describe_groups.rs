//! DescribeGroups (key 15): classic groups. Unknown groups are Dead, and not found from v6 (KIP-1043).

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::{DescribeGroupsRequest, DescribeGroupsResponse, GroupId};
use kafka_protocol::protocol::StrBytes;

use super::{Call, code};
use crate::sim::state::State;
use crate::sim::state::group::{Group, GroupState, GroupType, Member};
use crate::sim::state::topic::text;

/// READ, DELETE, DESCRIBE: everything a group knows.
pub(super) const ALL_GROUP_OPERATIONS: i32 = 0b1_0100_1000;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: DescribeGroupsRequest) -> DescribeGroupsResponse {
    let groups = request.groups.iter().map(|id| {
        let mut group = describe(call, state, id);
        if request.include_authorized_operations && group.error_code == 0 {
            group.authorized_operations = ALL_GROUP_OPERATIONS;
        }
        group
    });
    DescribeGroupsResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_groups(groups.collect())
}

fn describe(call: &Call<'_>, state: &State, id: &GroupId) -> DescribedGroup {
    let described = DescribedGroup::default().with_group_id(id.clone());
    if let Err(code) = check_coordinator(call, state, id) {
        return described.with_error_code(code);
    }
    match state.groups.get(id.as_bytes()) {
        Some(group) if group.group_type == GroupType::Classic => fill(call.version, described, group),
        found => {
            let dead = described.with_group_state(StrBytes::from_static_str(GroupState::Dead.as_str()));
            if call.version < 6 {
                return dead;
            }
            let why = if found.is_some() {
                "is not a classic group"
            } else {
                "not found"
            };
            dead.with_error_code(code(ResponseError::GroupIdNotFound))
                .with_error_message(Some(StrBytes::from_string(format!("Group {} {why}.", id.as_str()))))
        }
    }
}

/// The error of a group that cannot be asked here: injected, without a coordinator, or with another one.
pub(super) fn check_coordinator(call: &Call<'_>, state: &State, group: &str) -> Result<(), i16> {
    if let Some(code) = call.injected.group(group) {
        return Err(code);
    }
    match state.coordinator(group) {
        Some(id) if id == call.broker => Ok(()),
        Some(_) => Err(code(ResponseError::NotCoordinator)),
        None => Err(code(ResponseError::CoordinatorNotAvailable)),
    }
}

fn fill(version: i16, described: DescribedGroup, group: &Group) -> DescribedGroup {
    let is_assigned = matches!(group.state, GroupState::Stable);
    let assignor = if is_assigned {
        text(&group.assignor)
    } else {
        StrBytes::new()
    };
    described
        .with_group_state(StrBytes::from_static_str(group.state.as_str()))
        .with_protocol_type(text(&group.protocol_type))
        .with_protocol_data(assignor)
        .with_members(
            group
                .members
                .iter()
                .map(|one| member(version, one, is_assigned))
                .collect(),
        )
}

/// While a group rebalances, members have neither metadata nor assignment.
fn member(version: i16, member: &Member, is_assigned: bool) -> DescribedGroupMember {
    let mut described = DescribedGroupMember::default()
        .with_member_id(text(&member.member_id))
        .with_client_id(text(&member.client_id))
        .with_client_host(text(&member.client_host));
    if version >= 4 {
        described.group_instance_id = member.instance_id.as_deref().map(text);
    }
    if is_assigned {
        described.member_metadata = member.metadata();
        described.member_assignment = member.encoded_assignment();
    }
    described
}
