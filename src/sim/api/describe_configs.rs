//! DescribeConfigs (key 32): topics from any broker, a broker's own from that broker only.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::StrBytes;

use super::{Call, code};
use crate::sim::configs::{self, Known};
use crate::sim::state::State;
use crate::sim::state::topic::text;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// A config with its value, where that comes from, and what it would be without.
struct Shown<'a> {
    known: &'a Known,
    value: String,
    source: i8,
}

pub(super) fn answer(call: &Call<'_>, state: &mut State, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let results = request.resources.iter().map(|resource| {
        let result = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone())
            .with_error_message(None);
        let shown = match call.injected.resource(&resource.resource_name) {
            Some(code) => Err((code, String::new())),
            None => look_up(call, state, resource).map_err(|(error, why)| (code(error), why)),
        };
        match shown {
            Err((code, why)) => result
                .with_error_code(code)
                .with_error_message(Some(StrBytes::from_string(why))),
            Ok(shown) => {
                let wanted = resource.configuration_keys.as_ref();
                let is_wanted =
                    |name: &str| wanted.is_none_or(|keys| keys.is_empty() || keys.iter().any(|key| **key == *name));
                let shown = shown.iter().filter(|shown| is_wanted(shown.known.name));
                result.with_configs(shown.map(|shown| entry(call, &request, shown)).collect())
            }
        }
    });
    DescribeConfigsResponse::default()
        .with_throttle_time_ms(call.throttle_ms)
        .with_results(results.collect())
}

fn look_up(
    call: &Call<'_>,
    state: &State,
    resource: &DescribeConfigsResource,
) -> Result<Vec<Shown<'static>>, (ResponseError, String)> {
    let name = resource.resource_name.as_str();
    match resource.resource_type {
        TOPIC => {
            let unknown = || (ResponseError::UnknownTopicOrPartition, String::new());
            let topic = state.topic(name).ok_or_else(unknown)?;
            let shown = configs::TOPIC.iter().map(|known| match topic.config(known.name) {
                Some(value) => Shown {
                    known,
                    value: value.to_owned(),
                    source: configs::DYNAMIC_TOPIC,
                },
                None => Shown {
                    known,
                    value: known.value.to_owned(),
                    source: configs::DEFAULT,
                },
            });
            Ok(shown.collect())
        }
        BROKER if name.is_empty() => Ok(Vec::new()),
        BROKER if name.parse() == Ok(call.broker) => {
            Ok(configs::BROKER.iter().map(|known| broker(state, call, known)).collect())
        }
        BROKER => {
            let why = format!(
                "Unexpected broker id, expected {} or empty string, but received {name}",
                call.broker
            );
            Err((ResponseError::InvalidRequest, why))
        }
        other => Err((
            ResponseError::InvalidRequest,
            format!("Unsupported resource type: {other}"),
        )),
    }
}

fn broker(state: &State, call: &Call<'_>, known: &'static Known) -> Shown<'static> {
    let broker = state.broker(call.broker);
    let own = match known.name {
        "node.id" | "broker.id" => Some(call.broker.to_string()),
        "log.dirs" => broker.map(|broker| broker.log_dir.path.clone()),
        "broker.rack" => broker.and_then(|broker| broker.rack.as_ref().map(ToString::to_string)),
        "listeners" => broker.map(|broker| format!("PLAINTEXT://127.0.0.1:{}", broker.port)),
        _ => None,
    };
    match own {
        Some(value) => Shown {
            known,
            value,
            source: configs::STATIC_BROKER,
        },
        None => Shown {
            known,
            value: known.value.to_owned(),
            source: configs::DEFAULT,
        },
    }
}

fn entry(call: &Call<'_>, request: &DescribeConfigsRequest, shown: &Shown<'_>) -> DescribeConfigsResourceResult {
    let known = shown.known;
    let name = StrBytes::from_static_str(known.name);
    let value = (!known.is_sensitive()).then(|| text(&shown.value));
    let mut entry = DescribeConfigsResourceResult::default()
        .with_name(name.clone())
        .with_value(value.clone())
        .with_config_source(shown.source)
        .with_read_only(shown.source == configs::STATIC_BROKER)
        .with_is_sensitive(known.is_sensitive())
        .with_documentation(None);
    if request.include_synonyms {
        let synonym = |value, source| {
            DescribeConfigsSynonym::default()
                .with_name(name.clone())
                .with_value(value)
                .with_source(source)
        };
        entry.synonyms.push(synonym(value, shown.source));
        if shown.source != configs::DEFAULT && !known.is_sensitive() {
            entry
                .synonyms
                .push(synonym(Some(StrBytes::from_static_str(known.value)), configs::DEFAULT));
        }
    }
    if call.version >= 3 {
        entry.config_type = known.kind as i8;
        if request.include_documentation {
            entry.documentation = Some(StrBytes::from_string(format!(
                "See {} in Kafka's documentation.",
                known.name
            )));
        }
    }
    entry
}
