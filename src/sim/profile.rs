//! Which APIs at which versions the simulated brokers serve: the ranges of real releases.

use kafka_protocol::messages::ApiKey;

use super::api;

/// What kind of brokers answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Apache Kafka with ZooKeeper.
    ZooKeeper,
    /// Apache Kafka with KRaft.
    KRaft,
    /// Redpanda.
    Redpanda,
}

/// One API: key, lowest and highest version.
pub type ApiRange = (i16, i16, i16);

/// One feature of KIP-584: name, lowest and highest supported level, finalized level.
pub type Feature = (&'static str, i16, i16, i16);

/// The ApiVersions answer of one release.
#[derive(Clone, Copy, Debug)]
pub struct ApiProfile {
    /// Name of the release.
    pub name: &'static str,
    /// Who answers.
    pub flavour: Flavour,
    /// Whether an ApiVersions answer with error 35 carries the ranges (Kafka 2.4 and newer, KIP-511).
    pub ranges_on_error: bool,
    /// As the release advertises them; what the codec lacks is cut off by [`ApiProfile::ranges`].
    apis: &'static [ApiRange],
    /// Supported and finalized features.
    pub features: &'static [Feature],
}

/// Keys of inter-broker APIs that only ZooKeeper brokers advertise. Nobody calls them here, but clients tell the kind
/// of cluster by them.
const ZOOKEEPER_ONLY: [i16; 4] = [4, 5, 6, 7];

impl ApiProfile {
    /// Apache Kafka 2.1 with ZooKeeper.
    pub const KAFKA_2_1: Self = Self {
        name: "Kafka 2.1",
        flavour: Flavour::ZooKeeper,
        ranges_on_error: false,
        apis: &[
            (0, 0, 7),
            (1, 0, 10),
            (2, 0, 4),
            (3, 0, 7),
            (4, 0, 1),
            (5, 0, 0),
            (6, 0, 4),
            (7, 0, 1),
            (8, 0, 6),
            (9, 0, 5),
            (10, 0, 2),
            (13, 0, 2),
            (15, 0, 2),
            (16, 0, 2),
            (18, 0, 2),
            (19, 0, 3),
            (20, 0, 3),
            (22, 0, 1),
            (32, 0, 2),
            (35, 0, 1),
            (37, 0, 1),
            (42, 0, 1),
        ],
        features: &[],
    };

    /// Apache Kafka 2.4 with ZooKeeper.
    pub const KAFKA_2_4: Self = Self {
        name: "Kafka 2.4",
        flavour: Flavour::ZooKeeper,
        ranges_on_error: true,
        apis: &[
            (0, 0, 8),
            (1, 0, 11),
            (2, 0, 5),
            (3, 0, 9),
            (4, 0, 4),
            (5, 0, 2),
            (6, 0, 6),
            (7, 0, 3),
            (8, 0, 8),
            (9, 0, 6),
            (10, 0, 3),
            (13, 0, 4),
            (15, 0, 5),
            (16, 0, 3),
            (18, 0, 3),
            (19, 0, 5),
            (20, 0, 4),
            (22, 0, 2),
            (32, 0, 2),
            (35, 0, 1),
            (37, 0, 1),
            (42, 0, 2),
            (46, 0, 0),
            (47, 0, 0),
        ],
        features: &[],
    };

    /// Apache Kafka 2.8 with ZooKeeper.
    pub const KAFKA_2_8: Self = Self {
        name: "Kafka 2.8",
        flavour: Flavour::ZooKeeper,
        ranges_on_error: true,
        apis: &[
            (0, 0, 9),
            (1, 0, 12),
            (2, 0, 6),
            (3, 0, 11),
            (4, 0, 5),
            (5, 0, 3),
            (6, 0, 7),
            (7, 0, 3),
            (8, 0, 8),
            (9, 0, 7),
            (10, 0, 3),
            (13, 0, 4),
            (15, 0, 5),
            (16, 0, 4),
            (18, 0, 3),
            (19, 0, 7),
            (20, 0, 6),
            (22, 0, 4),
            (32, 0, 4),
            (35, 0, 2),
            (37, 0, 3),
            (42, 0, 2),
            (46, 0, 0),
            (47, 0, 0),
            (60, 0, 0),
            (61, 0, 0),
        ],
        features: &[],
    };

    /// Apache Kafka 3.3 with KRaft.
    pub const KAFKA_3_3: Self = Self {
        name: "Kafka 3.3",
        flavour: Flavour::KRaft,
        ranges_on_error: true,
        apis: &[
            (0, 0, 9),
            (1, 0, 13),
            (2, 0, 7),
            (3, 0, 12),
            (8, 0, 8),
            (9, 0, 8),
            (10, 0, 4),
            (13, 0, 5),
            (15, 0, 5),
            (16, 0, 4),
            (18, 0, 3),
            (19, 0, 7),
            (20, 0, 6),
            (22, 0, 4),
            (32, 0, 4),
            (35, 0, 4),
            (37, 0, 3),
            (42, 0, 2),
            (46, 0, 0),
            (47, 0, 0),
            (55, 0, 1),
            (60, 0, 0),
            (61, 0, 0),
        ],
        features: &[("metadata.version", 1, 7, 7)],
    };

    /// Redpanda 24.3.
    pub const REDPANDA_24_3: Self = Self {
        name: "Redpanda 24.3",
        flavour: Flavour::Redpanda,
        ranges_on_error: true,
        apis: &[
            (0, 0, 7),
            (1, 4, 11),
            (2, 0, 4),
            (3, 0, 8),
            (8, 1, 8),
            (9, 1, 7),
            (10, 0, 3),
            (13, 0, 4),
            (15, 0, 5),
            (16, 0, 4),
            (18, 0, 3),
            (19, 0, 6),
            (20, 0, 5),
            (22, 0, 4),
            (32, 0, 4),
            (35, 0, 2),
            (37, 0, 3),
            (42, 0, 2),
            (46, 0, 0),
            (47, 0, 0),
        ],
        features: &[],
    };

    /// Apache Kafka 4.1 with KRaft.
    pub const KAFKA_4_1: Self = Self {
        name: "Kafka 4.1",
        flavour: Flavour::KRaft,
        ranges_on_error: true,
        apis: &[
            (0, 0, 13),
            (1, 4, 18),
            (2, 1, 10),
            (3, 0, 13),
            (8, 2, 9),
            (9, 1, 9),
            (10, 0, 6),
            (13, 0, 5),
            (15, 0, 6),
            (16, 0, 5),
            (18, 0, 4),
            (19, 2, 7),
            (20, 1, 6),
            (22, 0, 5),
            (32, 1, 4),
            (35, 1, 4),
            (37, 0, 3),
            (42, 0, 2),
            (46, 0, 0),
            (47, 0, 0),
            (55, 0, 2),
            (60, 0, 2),
            (61, 0, 0),
            (69, 0, 1),
        ],
        features: &[
            ("eligible.leader.replicas.version", 0, 1, 1),
            ("group.version", 0, 1, 1),
            ("metadata.version", 7, 27, 27),
            ("transaction.version", 0, 2, 2),
        ],
    };

    /// All presets, oldest first.
    pub const ALL: [Self; 6] = [
        Self::KAFKA_2_1,
        Self::KAFKA_2_4,
        Self::KAFKA_2_8,
        Self::KAFKA_3_3,
        Self::REDPANDA_24_3,
        Self::KAFKA_4_1,
    ];

    /// Whether the cluster runs on KRaft.
    pub fn is_kraft(&self) -> bool {
        self.flavour == Flavour::KRaft
    }

    /// What is advertised: the release's ranges as far as the codec reaches, which starts at Kafka 4.0's minimums.
    pub fn ranges(&self) -> impl Iterator<Item = ApiRange> + '_ {
        self.apis.iter().filter_map(|&(key, min, max)| {
            if ZOOKEEPER_ONLY.contains(&key) {
                return Some((key, min, max));
            }
            let codec = ApiKey::try_from(key).ok()?.valid_versions();
            let (min, max) = (min.max(codec.min), max.min(codec.max));
            (min <= max).then_some((key, min, max))
        })
    }

    /// Lowest and highest version at which `key` is served; `None` when it is not.
    pub fn served(&self, key: i16) -> Option<(i16, i16)> {
        let (_, min, max) = self.ranges().find(|range| range.0 == key)?;
        api::SERVED.contains(&key).then_some((min, max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_advertised_api_is_served_but_the_inter_broker_ones() {
        for profile in ApiProfile::ALL {
            for (key, ..) in profile.ranges() {
                let is_internal = ZOOKEEPER_ONLY.contains(&key);
                assert_eq!(profile.served(key).is_none(), is_internal, "{} key {key}", profile.name);
            }
        }
    }

    #[test]
    fn every_served_api_is_advertised_by_the_newest_profile() {
        for key in api::SERVED {
            assert!(ApiProfile::KAFKA_4_1.served(*key).is_some(), "key {key}");
        }
    }

    #[test]
    fn ranges_are_cut_to_what_the_codec_speaks() {
        assert_eq!(ApiProfile::KAFKA_2_1.served(1), Some((4, 10)));
        assert_eq!(ApiProfile::KAFKA_2_1.served(0), Some((3, 7)));
        assert_eq!(ApiProfile::REDPANDA_24_3.served(9), Some((1, 7)));
        assert_eq!(ApiProfile::KAFKA_2_1.served(69), None);
    }

    #[test]
    fn the_kind_of_cluster_can_be_told_by_the_advertised_keys() {
        let has = |profile: &ApiProfile, key| profile.ranges().any(|range| range.0 == key);
        for profile in ApiProfile::ALL {
            assert_eq!(
                has(&profile, 4),
                profile.flavour == Flavour::ZooKeeper,
                "{}",
                profile.name
            );
            assert_eq!(has(&profile, 55), profile.flavour == Flavour::KRaft, "{}", profile.name);
        }
    }
}
