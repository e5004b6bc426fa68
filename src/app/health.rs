//! The cluster's health in a few numbers, and who is guilty.

use std::collections::BTreeMap;

use super::store::Store;
use crate::kafka::model::{BrokerId, BrokerLoad, MinIsr, Topic, TopicName};

/// What the health line says. Derived once per arrival: 100,000 partitions are not counted per frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Brokers that are alive.
    pub brokers_up: usize,
    /// Brokers that are alive or that some replica names.
    pub brokers_expected: usize,
    /// Brokers that replicas name but the cluster does not list, with the partitions they leave under-replicated.
    pub missing: BTreeMap<BrokerId, usize>,
    /// The active controller.
    pub controller: Option<BrokerId>,
    /// Partitions that lack a replica; `None` before the first Metadata.
    pub under_replicated: Option<usize>,
    /// Partitions without a leader; `None` before the first Metadata.
    pub offline: Option<usize>,
    /// Partitions with any replica out of sync: those that a reassignment adds count too.
    pub incomplete: usize,
    /// Topics with under-replicated partitions.
    pub under_replicated_topics: Vec<TopicName>,
    /// What `min.insync.replicas` makes of under-replicated partitions.
    pub min_isr: MinIsr,
    /// The same for those of them that lack this broker.
    pub min_isr_by_broker: BTreeMap<BrokerId, MinIsr>,
    /// Leaders, replicas and out-of-sync replicas per broker id.
    pub per_broker: BTreeMap<BrokerId, BrokerLoad>,
}

impl Health {
    /// Counts over the store's newest cluster and topics.
    pub fn of(store: &Store) -> Self {
        let live: Vec<BrokerId> = store
            .newest_cluster()
            .map(|cluster| cluster.brokers.iter().map(|broker| broker.id).collect())
            .unwrap_or_default();
        let topics = store.overview.value().map(|overview| overview.topics.as_slice());
        let per_broker = topics.map(BrokerLoad::per_broker).unwrap_or_default();
        let missing: BTreeMap<_, _> = per_broker
            .iter()
            .filter(|(id, load)| load.replicas > 0 && !live.contains(id))
            .map(|(id, load)| (*id, load.out_of_sync))
            .collect();
        let mut health = Self {
            brokers_up: live.len(),
            brokers_expected: live.len() + missing.len(),
            controller: store.newest_cluster().and_then(|cluster| cluster.controller),
            under_replicated: topics.map(|topics| topics.iter().map(Topic::under_replicated).sum()),
            offline: topics.map(|topics| topics.iter().map(Topic::offline).sum()),
            incomplete: topics.into_iter().flatten().map(Topic::incomplete).sum(),
            missing,
            per_broker,
            ..Self::default()
        };
        for topic in topics.into_iter().flatten() {
            health.count_min_isr(topic, store);
        }
        health
    }

    fn count_min_isr(&mut self, topic: &Topic, store: &Store) {
        let mut lacking = topic
            .partitions
            .iter()
            .filter(|one| one.is_under_replicated())
            .peekable();
        if lacking.peek().is_none() {
            return;
        }
        self.under_replicated_topics.push(topic.name.clone());
        let min = store.min_insync(&topic.name);
        for partition in lacking {
            self.min_isr.add(partition, min);
            for broker in partition.missing() {
                self.min_isr_by_broker.entry(broker).or_default().add(partition, min);
            }
        }
    }

    /// Whether anything is wrong.
    pub fn is_bad(&self) -> bool {
        !self.missing.is_empty() || self.under_replicated.unwrap_or(0) > 0 || self.offline.unwrap_or(0) > 0
    }
}
