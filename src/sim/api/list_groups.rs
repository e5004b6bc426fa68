//! ListGroups (key 16): each broker names the groups it coordinates.

use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{GroupId, ListGroupsRequest, ListGroupsResponse};
use kafka_protocol::protocol::StrBytes;

use super::Call;
use crate::sim::state::State;
use crate::sim::state::group::Group;
use crate::sim::state::topic::text;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: ListGroupsRequest) -> ListGroupsResponse {
    let response = ListGroupsResponse::default().with_throttle_time_ms(call.throttle_ms);
    if let Some(code) = call.injected.top() {
        return response.with_error_code(code);
    }
    let is_wanted = |group: &Group| {
        matches(&request.states_filter, group.state.as_str())
            && matches(&request.types_filter, group.group_type.as_str())
    };
    let here = state
        .groups
        .iter()
        .filter(|(id, group)| is_wanted(group) && state.coordinator(id) == Some(call.broker));
    response.with_groups(here.map(|(id, group)| listed(call.version, id, group)).collect())
}

/// Filters ignore case; an empty one lets everything through.
fn matches(filter: &[StrBytes], word: &str) -> bool {
    filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(word))
}

fn listed(version: i16, id: &StrBytes, group: &Group) -> ListedGroup {
    let mut listed = ListedGroup::default().with_group_id(GroupId(id.clone()));
    listed.protocol_type = text(&group.protocol_type);
    if version >= 4 {
        listed.group_state = StrBytes::from_static_str(group.state.as_str());
    }
    if version >= 5 {
        listed.group_type = StrBytes::from_static_str(group.group_type.as_str());
    }
    listed
}
