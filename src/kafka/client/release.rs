//! Which Kafka release a node runs, told by the newest versions of the requests it offers.

use super::versions::Versions;
use crate::kafka::model::ClusterKind;

/// Per release, a request version that came with it (API key, version) and that both kinds of brokers offer, newest
/// release first. Source: the per-release API tables of franz-go's kversion and Kafka's message definitions.
const MARKS: [(&str, i16, i16); 22] = [
    ("4.3", 35, 5), // DescribeLogDirs
    ("4.2", 2, 11), // ListOffsets, KIP-1023
    ("4.1", 1, 18), // Fetch, KIP-1166
    ("4.0", 3, 13), // Metadata, KIP-1102
    ("3.9", 18, 4), // ApiVersions, KAFKA-17011
    ("3.8", 16, 5), // ListGroups, KIP-848
    ("3.7", 9, 9),  // OffsetFetch, KIP-848
    ("3.6", 24, 4), // AddPartitionsToTxn, KIP-890
    ("3.5", 1, 15), // Fetch, KIP-903
    ("3.4", 5, 4),  // StopReplica, KIP-866; only with ZooKeeper
    ("3.3", 35, 4), // DescribeLogDirs, KIP-827
    ("3.2", 35, 3), // DescribeLogDirs, KIP-784
    ("3.1", 3, 12), // Metadata, KIP-516
    ("3.0", 2, 7),  // ListOffsets, KIP-734
    ("2.8", 3, 11), // Metadata, KIP-700
    ("2.7", 1, 12), // Fetch, KIP-595
    ("2.6", 16, 4), // ListGroups, KIP-518
    ("2.5", 9, 7),  // OffsetFetch, KIP-447
    ("2.4", 18, 3), // ApiVersions, KIP-482
    ("2.3", 1, 11), // Fetch, KIP-392
    ("2.2", 2, 5),  // ListOffsets, KIP-207
    ("2.1", 1, 10), // Fetch, KIP-110
];

/// Level of `metadata.version` that 4.3 supports (4.3-IV0).
const METADATA_4_3: i16 = 30;
/// Level of `metadata.version` that 3.4 supports (3.4-IV0).
const METADATA_3_4: i16 = 8;

/// The release as `3.8`; with a plus where only the lower bound is known. `None` for what is not Apache Kafka.
pub(super) fn release_of(versions: &Versions, kind: ClusterKind) -> Option<String> {
    if !matches!(kind, ClusterKind::KRaft | ClusterKind::ZooKeeper) {
        return None;
    }
    let offers = |(_, key, version): &(&str, i16, i16)| versions.range(*key).is_some_and(|range| range.max >= *version);
    let index = MARKS.iter().position(offers)?;
    let (release, ..) = MARKS[index];
    let level = versions.feature("metadata.version");
    let is_exact = match (release, kind) {
        // KRaft's 3.4 offers what its 3.3 does; only the metadata format tells them apart.
        ("3.3", ClusterKind::KRaft) if level == Some(METADATA_3_4) => return Some("3.4".to_owned()),
        ("3.3", ClusterKind::KRaft) => level.is_some_and(|level| level < METADATA_3_4),
        // Nothing is known of the marks of releases after the newest, but their metadata format is newer.
        _ => index > 0 || level == Some(METADATA_4_3),
    };
    Some(if is_exact {
        release.to_owned()
    } else {
        format!("{release}+")
    })
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::ApiVersionsResponse;
    use kafka_protocol::messages::api_versions_response::{ApiVersion, SupportedFeatureKey};
    use kafka_protocol::protocol::StrBytes;

    use super::*;

    fn release(offers: &[(i16, i16)], level: Option<i16>, kind: ClusterKind) -> Option<String> {
        let api = |(key, max): &(i16, i16)| ApiVersion::default().with_api_key(*key).with_max_version(*max);
        let feature = |level| {
            let name = StrBytes::from_static_str("metadata.version");
            SupportedFeatureKey::default().with_name(name).with_max_version(level)
        };
        let answer = ApiVersionsResponse::default()
            .with_api_keys(offers.iter().map(api).collect())
            .with_supported_features(level.map(feature).into_iter().collect());
        release_of(&Versions::new(&answer), kind)
    }

    #[test]
    fn a_release_is_told_by_its_newest_mark() {
        let kraft_3_8 = [(1, 16), (2, 8), (3, 12), (9, 9), (16, 5), (18, 3), (35, 4), (55, 1)];
        assert_eq!(release(&kraft_3_8, None, ClusterKind::KRaft).as_deref(), Some("3.8"));
        let zookeeper_3_4 = [(1, 13), (2, 7), (3, 12), (5, 4), (9, 8), (16, 4), (35, 4)];
        assert_eq!(
            release(&zookeeper_3_4, None, ClusterKind::ZooKeeper).as_deref(),
            Some("3.4")
        );
    }

    #[test]
    fn only_a_lower_bound_gets_a_plus() {
        let kraft = |offers: &[(i16, i16)], level| release(offers, level, ClusterKind::KRaft).unwrap();
        assert_eq!(kraft(&[(2, 11)], None), "4.2");
        assert_eq!(kraft(&[(35, 5)], Some(30)), "4.3");
        assert_eq!(kraft(&[(35, 5)], Some(31)), "4.3+");
        assert_eq!(kraft(&[(35, 5)], None), "4.3+");
        assert_eq!(kraft(&[(35, 4)], Some(7)), "3.3");
        assert_eq!(kraft(&[(35, 4)], Some(8)), "3.4");
        assert_eq!(kraft(&[(35, 4)], None), "3.3+");
    }

    #[test]
    fn other_products_have_no_kafka_release() {
        assert_eq!(release(&[(3, 12)], None, ClusterKind::Redpanda), None);
        assert_eq!(
            release(&[(3, 1)], None, ClusterKind::ZooKeeper),
            None,
            "older than anything supported"
        );
    }
}
