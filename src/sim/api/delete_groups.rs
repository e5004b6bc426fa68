//! DeleteGroups (key 42): groups without members, with all their offsets.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::{DeleteGroupsRequest, DeleteGroupsResponse};

use super::describe_groups::check_coordinator;
use super::{Call, code};
use crate::sim::state::State;
use crate::sim::state::group::GroupState;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let results = request.groups_names.into_iter().map(|group| {
        let deleted = check_coordinator(call, state, &group).and_then(|()| delete(state, &group).map_err(code));
        DeletableGroupResult::default()
            .with_group_id(group)
            .with_error_code(deleted.err().unwrap_or(0))
    });
    let results = results.collect();
    DeleteGroupsResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_results(results)
}

fn delete(state: &mut State, group: &str) -> Result<(), ResponseError> {
    match state.groups.get(group.as_bytes()) {
        None => Err(ResponseError::GroupIdNotFound),
        Some(found) if found.state == GroupState::Dead => Err(ResponseError::GroupIdNotFound),
        Some(found) if found.state != GroupState::Empty => Err(ResponseError::NonEmptyGroup),
        Some(_) => {
            state.groups.remove(group.as_bytes());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::GroupId;

    use super::*;
    use crate::sim::api::tests::Client;
    use crate::sim::state::topic::text;
    use crate::sim::{GroupSpec, SimCluster, SimSpec};

    #[tokio::test]
    async fn only_a_group_without_members_is_deleted() {
        let spec = SimSpec::small()
            .topic("t", 1)
            .group_at("empty", "t", &[1])
            .add_group(GroupSpec::consumer("live").member("app", &[("t", &[0])]));
        let cluster = SimCluster::start(spec).await.unwrap();
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        let names = ["empty", "live", "nobody"].map(|name| GroupId(text(name)));
        let request = DeleteGroupsRequest::default().with_groups_names(names.to_vec());
        let answer = client.call(&request, 2).await.unwrap();
        let codes: Vec<_> = answer.results.iter().map(|result| result.error_code).collect();
        assert_eq!(codes, [0, 68, 69]);
        let left = cluster.handle().look(|state| state.groups.len());
        assert_eq!(left, 1);
    }
}
