//! ApiVersions (key 18, KIP-35, KIP-511): the response header is always v0, and a version that is too new is answered
//! with a v0 body and error 35.

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::protocol::StrBytes;

use super::{Answer, Call, code};
use crate::sim::state::{OnTooNew, State};

pub(super) fn answer(call: &Call<'_>, body: Bytes, max: i16) -> Answer {
    let state = call.shared.state();
    if call.version > max {
        return match state.settings.on_too_new {
            OnTooNew::Answer => call.encode(&too_new(&state), 0).into(),
            OnTooNew::Close => Answer::Close,
        };
    }
    let Some(request) = call.decode::<ApiVersionsRequest>(body) else {
        return Answer::Close;
    };
    call.encode(&response(call, &state, &request), call.version).into()
}

fn too_new(state: &State) -> ApiVersionsResponse {
    let keys = if state.settings.profile.ranges_on_error {
        keys(state)
    } else {
        Vec::new()
    };
    ApiVersionsResponse::default()
        .with_error_code(code(ResponseError::UnsupportedVersion))
        .with_api_keys(keys)
}

fn response(call: &Call<'_>, state: &State, request: &ApiVersionsRequest) -> ApiVersionsResponse {
    let is_named = [&request.client_software_name, &request.client_software_version]
        .into_iter()
        .all(is_software_text);
    if call.version >= 3 && !is_named {
        return ApiVersionsResponse::default().with_error_code(code(ResponseError::InvalidRequest));
    }
    let mut response = ApiVersionsResponse::default()
        .with_error_code(call.injected.top().unwrap_or(0))
        .with_throttle_time_ms(call.throttle_ms)
        .with_api_keys(keys(state));
    if call.version >= 3 && !state.settings.profile.features.is_empty() {
        add_features(&mut response, call.version, state);
    }
    response
}

fn keys(state: &State) -> Vec<ApiVersion> {
    let ranges = state.settings.profile.ranges();
    ranges
        .map(|(key, min, max)| {
            ApiVersion::default()
                .with_api_key(key)
                .with_min_version(min)
                .with_max_version(max)
        })
        .collect()
}

/// Before v4 features whose lowest level is 0 are hidden (KAFKA-17011).
fn add_features(response: &mut ApiVersionsResponse, version: i16, state: &State) {
    let features = state
        .settings
        .profile
        .features
        .iter()
        .filter(|feature| version >= 4 || feature.1 > 0);
    response.finalized_features_epoch = 1;
    for &(name, min, max, level) in features {
        let name = StrBytes::from_static_str(name);
        let supported = SupportedFeatureKey::default()
            .with_name(name.clone())
            .with_min_version(min);
        response.supported_features.push(supported.with_max_version(max));
        let finalized = FinalizedFeatureKey::default()
            .with_name(name)
            .with_min_version_level(level);
        response
            .finalized_features
            .push(finalized.with_max_version_level(level));
    }
}

/// `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?`, else the request is invalid.
fn is_software_text(text: &StrBytes) -> bool {
    let bytes = text.as_bytes();
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let is_outer = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    is_outer(bytes.first()) && is_outer(bytes.last()) && bytes.iter().all(is_inner)
}
