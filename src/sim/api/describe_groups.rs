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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kafka_protocol::messages::ListGroupsRequest;
    use kafka_protocol::messages::OffsetFetchRequest;

    use super::*;
    use crate::sim::api::tests::Client;
    use crate::sim::fault::{Fault, Rule, Scope};
    use crate::sim::{GroupSpec, SimCluster, SimSpec};

    async fn cluster() -> SimCluster {
        let spec = (0..30).fold(SimSpec::small().brokers(3).topic("t", 1), |spec, n| {
            spec.add_group(GroupSpec::classic(&format!("g-{n}")).commit("t", 0, n))
        });
        SimCluster::start(spec).await.unwrap()
    }

    #[tokio::test]
    async fn every_group_is_listed_by_exactly_its_coordinator() {
        let cluster = cluster().await;
        let mut listed = Vec::new();
        for (address, broker) in cluster.bootstrap().into_iter().zip(1..) {
            let mut client = Client::connect(address).await;
            let groups = client.call(&ListGroupsRequest::default(), 4).await.unwrap().groups;
            assert!(!groups.is_empty(), "broker {broker} coordinates some");
            let is_own = |group: &StrBytes| cluster.handle().look(|state| state.coordinator(group)) == Some(broker);
            assert!(groups.iter().all(|group| is_own(&group.group_id)));
            listed.extend(groups.into_iter().map(|group| group.group_id.0));
        }
        assert_eq!((listed.len(), listed.iter().collect::<BTreeSet<_>>().len()), (30, 30));
    }

    #[tokio::test]
    async fn others_say_that_they_are_not_the_coordinator() {
        let cluster = cluster().await;
        let coordinator = cluster.handle().look(|state| state.coordinator("g-1")).unwrap();
        for (address, broker) in cluster.bootstrap().into_iter().zip(1..) {
            let mut client = Client::connect(address).await;
            let expected = if broker == coordinator { 0 } else { 16 };
            let request = DescribeGroupsRequest::default().with_groups(vec![GroupId(text("g-1"))]);
            assert_eq!(client.call(&request, 5).await.unwrap().groups[0].error_code, expected);
            let request = OffsetFetchRequest::default()
                .with_group_id(GroupId(text("g-1")))
                .with_topics(None);
            assert_eq!(client.call(&request, 7).await.unwrap().error_code, expected);
        }
    }

    #[tokio::test]
    async fn a_group_moves_with_its_coordinator_when_a_broker_dies() {
        let cluster = cluster().await;
        let handle = cluster.handle();
        let before = handle.look(|state| state.coordinator("g-1")).unwrap();
        handle.kill_broker(before);
        let after = handle.look(|state| state.coordinator("g-1")).unwrap();
        assert_ne!(after, before);
        let mut client = Client::connect(cluster.bootstrap()[after as usize - 1]).await;
        let request = DescribeGroupsRequest::default().with_groups(vec![GroupId(text("g-1"))]);
        assert_eq!(client.call(&request, 5).await.unwrap().groups[0].error_code, 0);
    }

    #[tokio::test]
    async fn an_injected_error_meets_one_group() {
        let cluster = SimCluster::start(SimSpec::small().group_at("a", "t", &[]).group_at("b", "t", &[]))
            .await
            .unwrap();
        let rule = Rule::new(Fault::Error {
            code: 30,
            scope: Scope::Group("a".to_owned()),
        });
        cluster.handle().inject(rule.api(15));
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        let groups = vec![GroupId(text("a")), GroupId(text("b"))];
        let answer = client
            .call(&DescribeGroupsRequest::default().with_groups(groups), 5)
            .await
            .unwrap();
        assert_eq!(
            answer.groups.iter().map(|group| group.error_code).collect::<Vec<_>>(),
            [30, 0]
        );
    }

    #[tokio::test]
    async fn members_show_their_assignment_only_while_the_group_is_stable() {
        let spec = GroupSpec::classic("g").member("app", &[("t", &[0])]);
        let cluster = SimCluster::start(SimSpec::small().add_group(spec)).await.unwrap();
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        let request = DescribeGroupsRequest::default().with_groups(vec![GroupId(text("g"))]);
        let answer = client.call(&request, 5).await.unwrap();
        assert!(!answer.groups[0].members[0].member_assignment.is_empty());
        cluster
            .handle()
            .edit_group("g", |group| group.state = GroupState::PreparingRebalance);
        let answer = client.call(&request, 5).await.unwrap();
        assert!(answer.groups[0].members[0].member_assignment.is_empty());
        assert_eq!(&*answer.groups[0].protocol_data, "");
    }
}
