//! What a node can do: ApiVersions (KIP-35, KIP-511, KIP-584) with its fall-backs.

use std::collections::HashMap;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes, VersionRange};
use tokio::time::Instant;

use super::connection::{Connection, Shape};
use super::stats::api_name;
use crate::kafka::error::Error;

/// Newest version of the request. v3 hides features whose lowest level is 0 (KAFKA-17011).
pub(super) const NEWEST: i16 = 4;
/// Error of a broker that is older than the version it was asked with.
const UNSUPPORTED_VERSION: i16 = 35;

/// The requests a node knows, by version, and the features it knows, by level (KIP-584).
#[derive(Clone, Debug, Default)]
pub(super) struct Versions {
    ranges: HashMap<i16, VersionRange>,
    features: Vec<(String, i16)>,
}

impl Versions {
    /// What an answer says.
    pub(super) fn new(answer: &ApiVersionsResponse) -> Self {
        let ranges = answer.api_keys.iter().map(|api| {
            let range = VersionRange {
                min: api.min_version,
                max: api.max_version,
            };
            (api.api_key, range)
        });
        let features = answer
            .supported_features
            .iter()
            .map(|f| (f.name.to_string(), f.max_version));
        Self {
            ranges: ranges.filter(|(_, range)| !range.is_empty()).collect(),
            features: features.collect(),
        }
    }

    /// The versions of a request that the node offers.
    pub(super) fn range(&self, key: i16) -> Option<VersionRange> {
        self.ranges.get(&key).copied()
    }

    /// The newest version of `R` that the node, kafka-protocol and the caller know.
    pub(super) fn pick<R: Request>(&self, needs: VersionRange) -> Option<i16> {
        let common = self.range(R::KEY)?.intersect(&R::VERSIONS).intersect(&needs);
        (!common.is_empty()).then_some(common.max)
    }

    /// The highest level of a feature such as `metadata.version` that the node supports.
    pub(super) fn feature(&self, name: &str) -> Option<i16> {
        self.features
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, level)| *level)
    }
}

/// Asks with ApiVersions `version`, and again with an older one when the broker says that it is older.
pub(super) async fn negotiate(connection: &Connection, version: i16, deadline: Instant) -> Result<Versions, Error> {
    let mut version = version;
    loop {
        let shape = Shape {
            key: ApiVersionsRequest::KEY,
            version,
            is_flexible: ApiVersionsRequest::header_version(version) >= 2,
        };
        let garbled = |reason: String| Error::Protocol {
            what: api_name(ApiVersionsRequest::KEY),
            addr: connection.line().to_string(),
            reason,
        };
        let body = request(version).map_err(garbled)?;
        let mut frame = connection.exchange(shape, body, deadline).await?;
        // The header is the correlation id alone, at every version, so that any broker's answer can be read.
        frame.advance(4.min(frame.len()));
        match read(frame, version).map_err(garbled)? {
            Answer::Versions(versions) => return Ok(versions),
            Answer::TooNew(older) => version = older,
            Answer::Refused(code) => {
                let what = format!("ApiVersions of {}", connection.line());
                return Err(Error::from_code(code, what, None).unwrap_or_else(|| garbled("no error".to_owned())));
            }
        }
    }
}

fn request(version: i16) -> Result<Bytes, String> {
    let request = if version >= 3 {
        ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("ktui"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")))
    } else {
        ApiVersionsRequest::default()
    };
    let mut body = BytesMut::new();
    request.encode(&mut body, version).map_err(|error| error.to_string())?;
    Ok(body.freeze())
}

enum Answer {
    Versions(Versions),
    TooNew(i16),
    Refused(i16),
}

/// Reads the body of an answer to a request of `version`.
fn read(mut body: Bytes, version: i16) -> Result<Answer, String> {
    let code = match body.first_chunk::<2>() {
        Some(code) => i16::from_be_bytes(*code),
        None => return Err("the answer is too short".to_owned()),
    };
    if version > 0 && code != 0 {
        // The body has the format of v0 then. Since 2.4 it lists the versions of ApiVersions itself.
        let offered = match ApiVersionsResponse::decode(&mut body, 0) {
            Ok(answer) if code == UNSUPPORTED_VERSION => Versions::new(&answer).range(ApiVersionsRequest::KEY),
            _ => None,
        };
        let older = offered.map_or(0, |range| range.max);
        return Ok(Answer::TooNew(if (0..version).contains(&older) { older } else { 0 }));
    }
    if code != 0 {
        return Ok(Answer::Refused(code));
    }
    let answer =
        ApiVersionsResponse::decode(&mut body, version).map_err(|error| error.to_string().trim().to_owned())?;
    if body.has_remaining() {
        return Err(format!("{} bytes are left over", body.remaining()));
    }
    Ok(Answer::Versions(Versions::new(&answer)))
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::MetadataRequest;
    use kafka_protocol::messages::api_versions_response::{ApiVersion, SupportedFeatureKey};

    use super::*;

    fn api(key: i16, min: i16, max: i16) -> ApiVersion {
        ApiVersion::default()
            .with_api_key(key)
            .with_min_version(min)
            .with_max_version(max)
    }

    fn body(answer: &ApiVersionsResponse, version: i16) -> Bytes {
        let mut bytes = BytesMut::new();
        answer.encode(&mut bytes, version).unwrap();
        bytes.freeze()
    }

    fn too_new(answer: Answer) -> Option<i16> {
        match answer {
            Answer::TooNew(older) => Some(older),
            _ => None,
        }
    }

    #[test]
    fn an_old_broker_that_lists_its_range_is_asked_again_at_its_newest() {
        let answer = ApiVersionsResponse::default()
            .with_error_code(35)
            .with_api_keys(vec![api(18, 0, 3)]);
        assert_eq!(too_new(read(body(&answer, 0), 4).unwrap()), Some(3));
    }

    #[test]
    fn an_older_broker_that_lists_nothing_is_asked_again_at_zero() {
        let six_bytes = Bytes::from_static(&[0, 35, 0, 0, 0, 0]);
        assert_eq!(too_new(read(six_bytes, 4).unwrap()), Some(0));
        assert_eq!(too_new(read(Bytes::from_static(&[0, 35]), 4).unwrap()), Some(0));
    }

    #[test]
    fn a_broker_that_claims_our_version_while_refusing_it_is_asked_at_zero() {
        let answer = ApiVersionsResponse::default()
            .with_error_code(35)
            .with_api_keys(vec![api(18, 0, 9)]);
        assert_eq!(too_new(read(body(&answer, 0), 4).unwrap()), Some(0));
    }

    #[test]
    fn a_refusal_at_version_zero_is_final() {
        let answer = read(Bytes::from_static(&[0, 35, 0, 0, 0, 0]), 0).unwrap();
        assert!(matches!(answer, Answer::Refused(35)));
    }

    #[test]
    fn left_over_bytes_are_an_error() {
        let mut bytes = body(&ApiVersionsResponse::default(), 0).to_vec();
        bytes.push(0);
        assert!(read(bytes.into(), 0).is_err());
    }

    #[test]
    fn the_newest_common_version_is_picked() {
        let answer = ApiVersionsResponse::default().with_api_keys(vec![api(3, 4, 11), api(60, 2, 1)]);
        let versions = Versions::new(&answer);
        let pick = |min, max| versions.pick::<MetadataRequest>(VersionRange { min, max });
        assert_eq!(
            (pick(0, 12), pick(0, 9), pick(12, 13), pick(0, 3)),
            (Some(11), Some(9), None, None)
        );
        assert_eq!(versions.range(60), None, "a flipped range is no offer");
        assert_eq!(versions.range(999), None);
    }

    #[test]
    fn the_highest_supported_level_of_a_feature_is_known() {
        let feature = SupportedFeatureKey::default()
            .with_name(StrBytes::from_static_str("metadata.version"))
            .with_min_version(7)
            .with_max_version(25);
        let versions = Versions::new(&ApiVersionsResponse::default().with_supported_features(vec![feature]));
        assert_eq!(versions.feature("metadata.version"), Some(25));
        assert_eq!(versions.feature("group.version"), None);
    }
}
