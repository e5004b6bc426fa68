//! What a simulated cluster is made of: a builder that tests, benches and the demo start from.

use std::collections::BTreeMap;

use super::clock::{Clock, DEFAULT_ORIGIN_MS};
use super::profile::{ApiProfile, Flavour};
use super::state::broker::{Broker, LogDir, Presence};
use super::state::{OFFSETS_TOPIC, OnTooNew, Settings, State};

mod group;
mod topic;

pub use group::GroupSpec;
pub use topic::TopicSpec;

/// A cluster to be started with [`SimCluster::start`](super::SimCluster::start).
#[derive(Clone, Debug)]
pub struct SimSpec {
    settings: Settings,
    brokers: Vec<BrokerSpec>,
    offsets_partitions: usize,
    topics: Vec<TopicSpec>,
    groups: Vec<GroupSpec>,
}

/// One broker of a [`SimSpec`].
#[derive(Clone, Debug)]
pub struct BrokerSpec {
    /// `node.id`.
    pub id: i32,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// The log directory.
    pub log_dir: LogDir,
}

impl BrokerSpec {
    /// A broker without a rack.
    pub fn new(id: i32) -> Self {
        Self {
            id,
            rack: None,
            log_dir: LogDir::default(),
        }
    }
}

impl SimSpec {
    /// One Kafka 4.1 broker with id 1, `__consumer_offsets` and nothing else, for unit tests.
    pub fn small() -> Self {
        let settings = Settings {
            cluster_id: "ktui-simulated-cluster".to_owned(),
            profile: ApiProfile::KAFKA_4_1,
            clock: Clock::running_from(DEFAULT_ORIGIN_MS),
            seed: 1,
            max_partition_bytes: 8 << 20,
            on_too_new: OnTooNew::Answer,
        };
        Self {
            settings,
            brokers: vec![BrokerSpec::new(1)],
            offsets_partitions: 5,
            topics: vec![],
            groups: vec![],
        }
    }

    /// Three brokers with `topics` x `partitions_per_topic` partitions that have offsets and no data, and `groups`
    /// groups, each with one member and 200 committed offsets (fewer when there are fewer partitions).
    pub fn scale(topics: usize, partitions_per_topic: usize, groups: usize) -> Self {
        let mut spec = Self::small().brokers(3);
        let name = |index: usize| format!("scale-{index:05}");
        for index in 0..topics {
            let topic = TopicSpec::new(&name(index), partitions_per_topic)
                .replication(3)
                .without_data(100, 1_100);
            spec = spec.add_topic(topic);
        }
        let total = topics * partitions_per_topic;
        for index in 0..groups {
            let mut group = GroupSpec::classic(&format!("scale-group-{index:04}"));
            let mut assigned: BTreeMap<String, Vec<i32>> = BTreeMap::new();
            for n in 0..total.min(200) {
                let at = (index * 200 + n) % total;
                let (topic, partition) = (name(at / partitions_per_topic), (at % partitions_per_topic) as i32);
                group = group.commit(&topic, partition, 1_100 - (at % 50) as i64);
                assigned.entry(topic).or_default().push(partition);
            }
            spec = spec.add_group(group.member_with(&format!("worker-{index}"), assigned));
        }
        spec
    }

    /// The same cluster with brokers 1 to `count`.
    pub fn brokers(mut self, count: i32) -> Self {
        self.brokers = (1..=count).map(BrokerSpec::new).collect();
        self
    }

    /// The same cluster with exactly these brokers.
    pub fn with_brokers(mut self, brokers: Vec<BrokerSpec>) -> Self {
        self.brokers = brokers;
        self
    }

    /// The same cluster answering as another release; Redpanda's comes with a cluster id as Redpanda makes them.
    pub fn profile(mut self, profile: ApiProfile) -> Self {
        if profile.flavour == Flavour::Redpanda {
            "redpanda.0f3a5d3e-6d0c-4c0e-9d55-51a1c1ed0001".clone_into(&mut self.settings.cluster_id);
        }
        self.settings.profile = profile;
        self
    }

    /// The same cluster with another id.
    pub fn cluster_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.settings.cluster_id);
        self
    }

    /// The same cluster with another clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    /// The same cluster from another seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// The same cluster with another bound on the bytes a partition keeps.
    pub fn max_partition_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_partition_bytes = bytes;
        self
    }

    /// The same cluster with another answer to ApiVersions requests that are too new.
    pub fn on_too_new(mut self, on_too_new: OnTooNew) -> Self {
        self.settings.on_too_new = on_too_new;
        self
    }

    /// The same cluster with that many partitions of `__consumer_offsets`; 0 leaves the topic away.
    pub fn offsets_partitions(mut self, partitions: usize) -> Self {
        self.offsets_partitions = partitions;
        self
    }

    /// The same cluster with one more, empty topic without replication.
    pub fn topic(self, name: &str, partitions: usize) -> Self {
        self.add_topic(TopicSpec::new(name, partitions))
    }

    /// The same cluster with one more topic.
    pub fn add_topic(mut self, topic: TopicSpec) -> Self {
        self.topics.push(topic);
        self
    }

    /// The same cluster with an Empty classic group that has committed `offsets` for partitions 0, 1, 2 ... of a topic.
    pub fn group_at(self, group: &str, topic: &str, offsets: &[i64]) -> Self {
        let spec = offsets
            .iter()
            .zip(0..)
            .fold(GroupSpec::classic(group), |spec, (offset, partition)| {
                spec.commit(topic, partition, *offset)
            });
        self.add_group(spec)
    }

    /// The same cluster with one more group.
    pub fn add_group(mut self, group: GroupSpec) -> Self {
        self.groups.push(group);
        self
    }

    /// The cluster's state, brokers without ports.
    pub(super) fn state(&self) -> State {
        let brokers = self.brokers.iter().map(|spec| Broker {
            id: spec.id,
            port: 0,
            advertised: None,
            rack: spec.rack.as_deref().map(super::state::topic::text),
            presence: Presence::Up,
            log_dir: spec.log_dir.clone(),
        });
        let mut state = State::new(self.settings.clone(), brokers.collect());
        if self.offsets_partitions > 0 {
            let replication = self.brokers.len().min(3);
            let configs = BTreeMap::from([("cleanup.policy".to_owned(), "compact".to_owned())]);
            let replicas = state.placement(0, self.offsets_partitions, replication);
            state.create_topic(OFFSETS_TOPIC, replicas, configs);
        }
        for topic in &self.topics {
            topic.put_into(&mut state);
        }
        for group in &self.groups {
            group.put_into(&mut state);
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_has_as_many_partitions_and_commits_as_it_says() {
        let state = SimSpec::scale(100, 10, 20).state();
        assert_eq!(state.topics.len(), 101);
        assert_eq!(state.partition_count(), 1_000 + 5);
        let commits =
            |group: &crate::sim::state::group::Group| group.commits.values().map(BTreeMap::len).sum::<usize>();
        assert!(
            state
                .groups
                .values()
                .all(|group| commits(group) == 200 && group.members.len() == 1)
        );
        assert_eq!(state.partition("scale-00099", 9).unwrap().log.high_watermark(), 1_100);
    }

    #[test]
    fn the_same_spec_gives_the_same_cluster() {
        let ids = |seed| SimSpec::small().seed(seed).topic("a", 2).state().topic("a").unwrap().id;
        assert_eq!(ids(4), ids(4));
        assert_ne!(ids(4), ids(5));
    }
}
