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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::api::tests::Client;
    use crate::sim::{ApiProfile, SimCluster, SimSpec};

    /// A request of version 9, as a client of the future sends it, and what comes back without the correlation id.
    async fn ask_too_new(spec: SimSpec) -> Option<Bytes> {
        let cluster = SimCluster::start(spec).await.unwrap();
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        client
            .write(&[0, 0, 0, 12, 0, 18, 0, 9, 0, 0, 0, 7, 0xff, 0xff, 0, 0])
            .await;
        let answer = client.receive().await?;
        assert_eq!(answer[..4], [0, 0, 0, 7]);
        Some(answer.slice(4..))
    }

    #[tokio::test]
    async fn a_too_new_version_is_answered_in_the_words_of_version_0() {
        for profile in ApiProfile::ALL {
            let answer = ask_too_new(SimSpec::small().profile(profile)).await.unwrap();
            assert_eq!(answer[..2], [0, 35]);
            let keys = if profile.ranges_on_error {
                profile.ranges().count()
            } else {
                0
            };
            assert_eq!(answer.len(), 6 + 6 * keys, "{}", profile.name);
        }
    }

    #[tokio::test]
    async fn a_too_new_version_can_close_the_connection() {
        assert_eq!(ask_too_new(SimSpec::small().on_too_new(OnTooNew::Close)).await, None);
    }

    fn request(name: &'static str) -> ApiVersionsRequest {
        let name = StrBytes::from_static_str(name);
        ApiVersionsRequest::default()
            .with_client_software_name(name.clone())
            .with_client_software_version(name)
    }

    #[tokio::test]
    async fn features_that_start_at_0_are_hidden_before_version_4() {
        let cluster = SimCluster::start(SimSpec::small()).await.unwrap();
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        let names = |answer: ApiVersionsResponse| answer.finalized_features.len();
        assert_eq!(names(client.call(&request("ktui"), 3).await.unwrap()), 1);
        assert_eq!(names(client.call(&request("ktui"), 4).await.unwrap()), 4);
    }

    #[tokio::test]
    async fn odd_software_names_are_refused() {
        let cluster = SimCluster::start(SimSpec::small()).await.unwrap();
        let mut client = Client::connect(cluster.bootstrap()[0]).await;
        for (name, code) in [("", 42), ("-a", 42), ("a b", 42), ("apache-kafka-java", 0), ("a", 0)] {
            assert_eq!(
                client.call(&request(name), 3).await.unwrap().error_code,
                code,
                "{name:?}"
            );
        }
    }
}
