//! LeaveGroup (key 13): members leave, from v3 several at once, a static one by its `group.instance.id`.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};

use super::describe_groups::check_coordinator;
use super::{Call, code};
use crate::sim::state::State;
use crate::sim::state::group::{Group, GroupState};

/// First version with several members.
const SEVERAL: i16 = 3;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: LeaveGroupRequest) -> LeaveGroupResponse {
    let response = LeaveGroupResponse::default().with_throttle_time_ms(call.throttle_ms);
    if let Err(code) = check_coordinator(call, state, &request.group_id) {
        return response.with_error_code(code);
    }
    let Some(group) = state.groups.get_mut(request.group_id.as_bytes()) else {
        return response.with_error_code(code(ResponseError::UnknownMemberId));
    };
    if call.version < SEVERAL {
        let one = MemberIdentity::default().with_member_id(request.member_id);
        let left = leave(group, &one);
        return response.with_error_code(left.map_or_else(code, |()| 0));
    }
    let members = request.members.into_iter().map(|one| {
        let left = leave(group, &one);
        MemberResponse::default()
            .with_error_code(left.map_or_else(code, |()| 0))
            .with_member_id(one.member_id)
            .with_group_instance_id(one.group_instance_id)
    });
    let members = members.collect();
    response.with_members(members)
}

fn leave(group: &mut Group, who: &MemberIdentity) -> Result<(), ResponseError> {
    let is_meant = |member: &crate::sim::state::group::Member| match &who.group_instance_id {
        Some(instance) => member.instance_id.as_deref() == Some(instance.as_str()),
        None => *member.member_id == *who.member_id,
    };
    let at = group
        .members
        .iter()
        .position(is_meant)
        .ok_or(ResponseError::UnknownMemberId)?;
    group.members.remove(at);
    group.epoch += 1;
    if group.members.is_empty() {
        group.state = GroupState::Empty;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::GroupId;

    use super::*;
    use crate::sim::api::tests::Client;
    use crate::sim::state::group::Member;
    use crate::sim::state::topic::text;
    use crate::sim::{GroupSpec, SimCluster, SimSpec};

    #[tokio::test]
    async fn a_static_member_leaves_by_its_instance_and_the_last_one_empties_the_group() {
        let pod = Member {
            member_id: "m-1".to_owned(),
            instance_id: Some("pod-0".to_owned()),
            ..Member::default()
        };
        let spec = SimSpec::small().add_group(GroupSpec::classic("g").add_member(pod));
        let cluster = SimCluster::start(spec).await.unwrap();
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        let leave = |group: &str| {
            let of = |instance: &str| MemberIdentity::default().with_group_instance_id(Some(text(instance)));
            LeaveGroupRequest::default()
                .with_group_id(GroupId(text(group)))
                .with_members(vec![of("pod-9"), of("pod-0")])
        };
        let answer = client.call(&leave("nobody"), 5).await.unwrap();
        assert_eq!(answer.error_code, 25);
        let answer = client.call(&leave("g"), 5).await.unwrap();
        let codes: Vec<_> = answer.members.iter().map(|member| member.error_code).collect();
        assert_eq!(codes, [25, 0]);
        let state = cluster.handle().look(|state| state.groups["g".as_bytes()].state);
        assert_eq!(state, GroupState::Empty);
    }
}
