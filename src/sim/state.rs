//! Everything the simulated cluster knows, behind one lock. Pure: no sockets, no tasks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::BytesMut;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::clock::Clock;
use super::profile::ApiProfile;
use super::random::mix;

pub mod broker;
mod failover;
pub mod group;
pub mod log;
pub mod producers;
pub mod topic;

use broker::Broker;
use group::Group;
use log::Log;
use producers::Producers;
use topic::{NO_LEADER, Partition, Topic, text};

/// Name of the topic whose partitions decide where a group's coordinator is.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// Topics that brokers flag as internal.
const INTERNAL_TOPICS: [&str; 3] = [OFFSETS_TOPIC, "__transaction_state", "__share_group_state"];
/// Most partitions a client may make the cluster have.
pub const MAX_PARTITIONS: usize = 400_000;
/// Most groups a client may make the cluster have.
pub const MAX_GROUPS: usize = 20_000;

/// What the cluster is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Cluster id.
    pub cluster_id: String,
    /// Which APIs at which versions.
    pub profile: ApiProfile,
    /// Time.
    pub clock: Clock,
    /// Makes topic ids and everything else that only looks random.
    pub seed: u64,
    /// Oldest batches of a partition go beyond this many bytes.
    pub max_partition_bytes: usize,
    /// What a too-new ApiVersions request gets.
    pub on_too_new: OnTooNew,
}

/// What happens on an ApiVersions request with a version above the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTooNew {
    /// A v0 body with error 35, as Kafka and Redpanda do.
    Answer,
    /// The connection is closed, as some proxies do.
    Close,
}

/// The cluster.
#[derive(Debug)]
pub struct State {
    /// What does not change.
    pub settings: Settings,
    /// The broker that leads the metadata quorum, or ZooKeeper's elected controller.
    pub controller: i32,
    /// By id.
    pub brokers: Vec<Broker>,
    /// By name.
    pub topics: BTreeMap<StrBytes, Topic>,
    /// By id of the group.
    pub groups: BTreeMap<StrBytes, Group>,
    /// Where a replica stood when it fell out of the ISR: (topic, partition, broker) to log end.
    pub left_behind: HashMap<(StrBytes, i32, i32), i64>,
    names_by_id: HashMap<Uuid, StrBytes>,
    replica_lists: HashMap<Vec<i32>, Arc<[i32]>>,
    created: u64,
    turns: usize,
}

impl State {
    /// A cluster of `brokers` without topics and groups; the first broker is the controller.
    pub fn new(settings: Settings, mut brokers: Vec<Broker>) -> Self {
        brokers.sort_by_key(|broker| broker.id);
        Self {
            settings,
            controller: brokers.first().map_or(-1, |broker| broker.id),
            brokers,
            topics: BTreeMap::new(),
            groups: BTreeMap::new(),
            left_behind: HashMap::new(),
            names_by_id: HashMap::new(),
            replica_lists: HashMap::new(),
            created: 0,
            turns: 0,
        }
    }

    /// The cluster's time in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.settings.clock.now_ms()
    }

    /// The broker of that id.
    pub fn broker(&self, id: i32) -> Option<&Broker> {
        self.brokers.iter().find(|broker| broker.id == id)
    }

    /// The brokers that run.
    pub fn live(&self) -> impl Iterator<Item = &Broker> {
        self.brokers.iter().filter(|broker| broker.is_up())
    }

    /// Whether that broker runs.
    pub fn is_up(&self, id: i32) -> bool {
        self.broker(id).is_some_and(Broker::is_up)
    }

    /// What clients are told to be the controller: on KRaft some live broker, another one each time (KIP-590).
    pub fn told_controller(&mut self) -> i32 {
        if !self.settings.profile.is_kraft() {
            return self.controller;
        }
        self.turns = self.turns.wrapping_add(1);
        let live: Vec<i32> = self.live().map(|broker| broker.id).collect();
        if live.is_empty() {
            -1
        } else {
            live[self.turns % live.len()]
        }
    }

    /// The topic of that name.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.get(name.as_bytes())
    }

    /// The topic of that name, to be changed.
    pub fn topic_mut(&mut self, name: &str) -> Option<&mut Topic> {
        self.topics.get_mut(name.as_bytes())
    }

    /// The name of the topic with that id.
    pub fn topic_name(&self, id: Uuid) -> Option<&StrBytes> {
        self.names_by_id.get(&id)
    }

    /// The partition, if topic and index exist.
    pub fn partition(&self, topic: &str, partition: i32) -> Option<&Partition> {
        self.topic(topic)?.partition(partition)
    }

    /// How many partitions there are in all.
    pub fn partition_count(&self) -> usize {
        self.topics.values().map(|topic| topic.partitions.len()).sum()
    }

    /// Appends a whole v2 batch to a partition and drops the oldest beyond the bound. Answers the base offset.
    pub fn append(&mut self, topic: &str, partition: i32, batch: BytesMut) -> Option<i64> {
        let max_bytes = self.settings.max_partition_bytes;
        let partition = self.topic_mut(topic)?.partition_mut(partition)?;
        let base = partition.log.append(batch, partition.leader_epoch)?;
        partition.log.trim_to(max_bytes);
        Some(base)
    }

    /// Replicas for the partitions `from..to` of a new or growing topic, spread over all brokers.
    pub fn placement(&self, from: usize, to: usize, replication: usize) -> Vec<Vec<i32>> {
        let ids: Vec<i32> = self.brokers.iter().map(|broker| broker.id).collect();
        let start = self.created as usize;
        (from..to)
            .map(|partition| {
                (0..replication)
                    .map(|n| ids[(start + partition + n) % ids.len()])
                    .collect()
            })
            .collect()
    }

    /// Makes a topic, replaces one of the same name. Every replica on a live broker is in sync.
    pub fn create_topic(&mut self, name: &str, replicas: Vec<Vec<i32>>, configs: BTreeMap<String, String>) {
        self.created += 1;
        let id = Uuid::from_u64_pair(
            mix(self.settings.seed, self.created),
            mix(self.created, self.settings.seed),
        );
        let name = text(name);
        let partitions = replicas
            .into_iter()
            .map(|replicas| self.new_partition(replicas))
            .collect();
        let is_internal = INTERNAL_TOPICS.contains(&name.as_str());
        if let Some(old) = self.topics.insert(
            name.clone(),
            Topic {
                id,
                is_internal,
                partitions,
                configs,
            },
        ) {
            self.names_by_id.remove(&old.id);
        }
        self.names_by_id.insert(id, name);
    }

    /// Adds partitions to an existing topic.
    pub fn add_partitions(&mut self, name: &str, replicas: Vec<Vec<i32>>) {
        let more: Vec<_> = replicas
            .into_iter()
            .map(|replicas| self.new_partition(replicas))
            .collect();
        if let Some(topic) = self.topic_mut(name) {
            topic.partitions.extend(more);
        }
    }

    /// Removes a topic with the offsets committed for it. Answers whether it existed.
    pub fn delete_topic(&mut self, name: &str) -> bool {
        let Some(topic) = self.topics.remove(name.as_bytes()) else {
            return false;
        };
        self.names_by_id.remove(&topic.id);
        for group in self.groups.values_mut() {
            group.commits.remove(name.as_bytes());
        }
        true
    }

    fn new_partition(&mut self, replicas: Vec<i32>) -> Partition {
        let in_sync: Vec<i32> = replicas.iter().copied().filter(|id| self.is_up(*id)).collect();
        let leader = in_sync.first().copied().unwrap_or(NO_LEADER);
        let isr = self.shared_list(in_sync);
        Partition {
            leader,
            leader_epoch: 0,
            replicas: self.shared_list(replicas),
            isr,
            adding: Vec::new(),
            log: Log::default(),
            producers: Producers::default(),
        }
    }

    /// The one shared copy of that list of brokers.
    pub fn shared_list(&mut self, ids: Vec<i32>) -> Arc<[i32]> {
        if let Some(known) = self.replica_lists.get(&ids) {
            return known.clone();
        }
        let list: Arc<[i32]> = ids.clone().into();
        self.replica_lists.insert(ids, list.clone());
        list
    }

    /// The live broker that coordinates a group; `None` while there is none.
    pub fn coordinator(&self, group: &str) -> Option<i32> {
        let hash = java_hash(group) & i32::MAX;
        if let Some(offsets) = self.topic(OFFSETS_TOPIC) {
            let leader = offsets.partition(hash % offsets.partitions.len().max(1) as i32)?.leader;
            return (leader != NO_LEADER).then_some(leader);
        }
        let live: Vec<i32> = self.live().map(|broker| broker.id).collect();
        live.get(usize::try_from(hash).ok()? % live.len().max(1)).copied()
    }

    /// Another number each time, from the seed.
    pub fn next_number(&mut self) -> u64 {
        self.created += 1;
        mix(self.settings.seed, self.created)
    }

    /// A producer id that was not given before.
    pub fn next_producer_id(&mut self) -> i64 {
        self.created += 1;
        1_000 + self.created as i64
    }
}

/// `String.hashCode` of Java, which picks a group's partition of `__consumer_offsets`.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::spec::SimSpec;

    #[test]
    fn java_s_hash_is_java_s() {
        assert_eq!(java_hash("ws-server-production"), java_hash("ws-server-production"));
        assert_eq!(java_hash("hello"), 99_162_322);
        assert_eq!(java_hash(""), 0);
    }

    #[test]
    fn a_group_s_coordinator_leads_its_partition_of_the_offsets_topic() {
        let state = SimSpec::small().brokers(3).state();
        let offsets = state.topic(OFFSETS_TOPIC).unwrap();
        let partition = 99_162_322 % offsets.partitions.len() as i32;
        assert_eq!(
            state.coordinator("hello"),
            Some(offsets.partition(partition).unwrap().leader)
        );
    }

    #[test]
    fn equal_replica_lists_are_shared() {
        let mut state = SimSpec::small().brokers(3).state();
        let replicas = state.placement(0, 300, 3);
        state.create_topic("wide", replicas, BTreeMap::new());
        let topic = state.topic("wide").unwrap();
        assert!(Arc::ptr_eq(&topic.partitions[0].replicas, &topic.partitions[3].isr));
        let leaders: std::collections::BTreeSet<_> = topic.partitions.iter().map(|p| p.leader).collect();
        assert_eq!(leaders.len(), 3, "spread over all brokers");
    }

    #[test]
    fn a_deleted_topic_takes_its_commits_along_and_a_new_one_has_a_new_id() {
        let mut state = SimSpec::small()
            .topic("orders", 1)
            .group_at("g", "orders", &[5])
            .state();
        let id = state.topic("orders").unwrap().id;
        assert!(state.delete_topic("orders"));
        assert!(!state.delete_topic("orders"));
        assert_eq!(state.groups.values().next().unwrap().commit("orders", 0), None);
        assert_eq!(state.topic_name(id), None);
        state.create_topic("orders", vec![vec![1]], BTreeMap::new());
        assert_ne!(state.topic("orders").unwrap().id, id);
    }

    #[test]
    fn kraft_names_another_live_broker_as_controller_each_time() {
        let mut state = SimSpec::small().brokers(3).state();
        let told: std::collections::BTreeSet<_> = (0..6).map(|_| state.told_controller()).collect();
        assert_eq!(told.len(), 3);
        let mut state = SimSpec::small().brokers(3).profile(ApiProfile::KAFKA_2_4).state();
        assert_eq!((state.told_controller(), state.told_controller()), (1, 1));
    }
}
