//! CreateTopics (key 19).

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::{CreateTopicsRequest, CreateTopicsResponse};
use kafka_protocol::protocol::StrBytes;

use super::metadata::is_topic_name;
use super::{Call, code};
use crate::sim::configs;
use crate::sim::state::topic::text;
use crate::sim::state::{MAX_PARTITIONS, State};

/// Defaults of `num.partitions` and `default.replication.factor`.
const DEFAULT_PARTITIONS: i32 = 1;
const DEFAULT_REPLICATION: i16 = 1;

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let is_repeated = |name: &str| {
        request
            .topics
            .iter()
            .filter(|topic| *topic.name.0 == *name)
            .nth(1)
            .is_some()
    };
    let topics = request.topics.iter().map(|topic| {
        let result = CreatableTopicResult::default()
            .with_name(topic.name.clone())
            .with_error_message(None);
        let planned = match call.injected.topic(&topic.name) {
            Some(code) => Err((code, "injected")),
            None if is_repeated(&topic.name) => Err((code(ResponseError::InvalidRequest), "Duplicate topic name.")),
            None => plan(call, state, topic).map_err(|(error, why)| (code(error), why)),
        };
        match planned {
            Err((code, why)) => failed(call, result, code, why),
            Ok(plan) => {
                let result = described(call, result, &plan);
                if request.validate_only {
                    return result;
                }
                state.create_topic(&topic.name, plan.replicas, plan.configs);
                let id = state.topic(&topic.name).map(|topic| topic.id).unwrap_or_default();
                if call.version >= 7 {
                    result.with_topic_id(id)
                } else {
                    result
                }
            }
        }
    });
    let topics = topics.collect();
    call.shared.changed.notify_waiters();
    CreateTopicsResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_topics(topics)
}

struct Plan {
    replicas: Vec<Vec<i32>>,
    configs: BTreeMap<String, String>,
}

fn plan(call: &Call<'_>, state: &State, topic: &CreatableTopic) -> Result<Plan, (ResponseError, &'static str)> {
    if !state.settings.profile.is_kraft() && call.broker != state.controller {
        return Err((
            ResponseError::NotController,
            "This is not the correct controller for this cluster.",
        ));
    }
    if !is_topic_name(&topic.name) {
        return Err((ResponseError::InvalidTopicException, "Topic name is invalid."));
    }
    if state.topic(&topic.name).is_some() {
        return Err((
            ResponseError::TopicAlreadyExists,
            "Topic with this name already exists.",
        ));
    }
    let replicas = if topic.assignments.is_empty() {
        place(state, topic)?
    } else {
        assigned(state, topic)?
    };
    let mut set = BTreeMap::new();
    for config in &topic.configs {
        let is_known = configs::TOPIC.iter().any(|known| *known.name == *config.name);
        let value = config.value.as_ref().filter(|_| is_known);
        let value = value.ok_or((ResponseError::InvalidConfig, "Unknown topic config name or null value."))?;
        set.insert(config.name.to_string(), value.to_string());
    }
    Ok(Plan { replicas, configs: set })
}

fn place(state: &State, topic: &CreatableTopic) -> Result<Vec<Vec<i32>>, (ResponseError, &'static str)> {
    let partitions = if topic.num_partitions == -1 {
        DEFAULT_PARTITIONS
    } else {
        topic.num_partitions
    };
    let replication = if topic.replication_factor == -1 {
        DEFAULT_REPLICATION
    } else {
        topic.replication_factor
    };
    let partitions = usize::try_from(partitions)
        .ok()
        .filter(|count| (1..=room(state)).contains(count));
    let partitions = partitions.ok_or((
        ResponseError::InvalidPartitions,
        "Number of partitions must be larger than 0.",
    ))?;
    let replication = usize::try_from(replication)
        .ok()
        .filter(|factor| (1..=state.live().count()).contains(factor));
    let replication = replication.ok_or((
        ResponseError::InvalidReplicationFactor,
        "Replication factor is below 1 or larger than the number of available brokers.",
    ))?;
    Ok(state.placement(0, partitions, replication))
}

fn assigned(state: &State, topic: &CreatableTopic) -> Result<Vec<Vec<i32>>, (ResponseError, &'static str)> {
    let wrong = (
        ResponseError::InvalidReplicaAssignment,
        "Replica assignment is invalid.",
    );
    if topic.num_partitions != -1 || topic.replication_factor != -1 || topic.assignments.len() > room(state) {
        return Err((ResponseError::InvalidRequest, "Both counts and assignments were given."));
    }
    let mut by_index = BTreeMap::new();
    for assignment in &topic.assignments {
        let ids: Vec<i32> = assignment.broker_ids.iter().map(|id| id.0).collect();
        let is_known = !ids.is_empty() && ids.iter().all(|id| state.broker(*id).is_some());
        if !is_known || by_index.insert(assignment.partition_index, ids).is_some() {
            return Err(wrong);
        }
    }
    if by_index.keys().copied().ne(0..by_index.len() as i32) {
        return Err(wrong);
    }
    Ok(by_index.into_values().collect())
}

/// How many partitions may be added.
pub(super) fn room(state: &State) -> usize {
    MAX_PARTITIONS.saturating_sub(state.partition_count())
}

fn failed(call: &Call<'_>, result: CreatableTopicResult, code: i16, why: &'static str) -> CreatableTopicResult {
    let result = result
        .with_error_code(code)
        .with_error_message(Some(StrBytes::from_static_str(why)));
    if call.version >= 5 {
        result.with_configs(None)
    } else {
        result
    }
}

fn described(call: &Call<'_>, result: CreatableTopicResult, plan: &Plan) -> CreatableTopicResult {
    if call.version < 5 {
        return result;
    }
    let configs = configs::TOPIC.iter().map(|known| {
        let set = plan.configs.get(known.name);
        let source = if set.is_some() {
            configs::DYNAMIC_TOPIC
        } else {
            configs::DEFAULT
        };
        CreatableTopicConfigs::default()
            .with_name(StrBytes::from_static_str(known.name))
            .with_value(Some(text(set.map_or(known.value, String::as_str))))
            .with_config_source(source)
    });
    result
        .with_num_partitions(plan.replicas.len() as i32)
        .with_replication_factor(plan.replicas.first().map_or(-1, |replicas| replicas.len() as i16))
        .with_configs(Some(configs.collect()))
}
