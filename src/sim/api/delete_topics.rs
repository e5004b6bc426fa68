//! DeleteTopics (key 20): by name, from v6 also by id.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse, TopicName};
use uuid::Uuid;

use super::{Call, code};
use crate::sim::state::State;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let by_name = request.topic_names.into_iter().map(|name| (Some(name), Uuid::nil()));
    let by_either = request.topics.into_iter().map(|topic| (topic.name, topic.topic_id));
    let responses = by_name
        .chain(by_either)
        .map(|(name, id)| delete(call, state, name, id))
        .collect();
    call.shared.changed.notify_waiters();
    DeleteTopicsResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_responses(responses)
}

fn delete(call: &Call<'_>, state: &mut State, name: Option<TopicName>, id: Uuid) -> DeletableTopicResult {
    let result = DeletableTopicResult::default().with_name(name.clone());
    let result = if call.version >= 6 {
        result.with_topic_id(id)
    } else {
        result
    };
    let Some(name) = name.or_else(|| state.topic_name(id).cloned().map(TopicName)) else {
        return result.with_error_code(code(ResponseError::UnknownTopicId));
    };
    if let Some(code) = call.injected.topic(&name) {
        return result.with_error_code(code);
    }
    if !state.settings.profile.is_kraft() && call.broker != state.controller {
        return result.with_error_code(code(ResponseError::NotController));
    }
    let id = state.topic(&name).map(|topic| topic.id);
    if !state.delete_topic(&name) {
        return result.with_error_code(code(ResponseError::UnknownTopicOrPartition));
    }
    let result = result.with_name(Some(name));
    if call.version >= 6 {
        result.with_topic_id(id.unwrap_or_default())
    } else {
        result
    }
}
