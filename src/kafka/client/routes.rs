//! Who leads which partition, who coordinates which group, who is where: learned from answers, forgotten when wrong.

use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::time::Instant;

use super::address::Peer;
use crate::kafka::model::{Broker, BrokerId, GroupId, LeaderEpoch, PartitionId, Topic, TopicName};

/// The leader of a partition as last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leader {
    /// This broker, in this epoch (`None` before Metadata v7).
    Known(BrokerId, Option<LeaderEpoch>),
    /// The partition has no leader.
    None,
    /// The topic is known but has no such partition.
    NoPartition,
    /// The topic has not been seen, or is known not to exist.
    NoTopic,
}

/// A topic's leaders: 8 bytes per partition, for clusters with 100,000 of them.
struct TopicRoute {
    id: Option<[u8; 16]>,
    /// Leader (-1 for none) and epoch (-1 for unknown) by partition.
    leaders: Box<[(i32, i32)]>,
}

#[derive(Default)]
struct Known {
    brokers: HashMap<BrokerId, Peer>,
    brokers_at: Option<Instant>,
    /// The broker that takes requests for the controller: the controller itself on ZooKeeper, any broker on KRaft.
    controller: Option<BrokerId>,
    /// The leader of the KRaft quorum.
    quorum_leader: Option<BrokerId>,
    topics: HashMap<TopicName, TopicRoute>,
    coordinators: HashMap<GroupId, BrokerId>,
}

/// What is known about routing. Cheap to ask, never waits for the network.
#[derive(Default)]
pub(super) struct Routes(RwLock<Known>);

impl Routes {
    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a broker listens.
    pub(super) fn peer(&self, id: BrokerId) -> Option<Peer> {
        self.read().brokers.get(&id).cloned()
    }

    /// Every broker's listener, in no particular order.
    pub(super) fn peers(&self) -> Vec<Peer> {
        self.read().brokers.values().cloned().collect()
    }

    /// When the list of brokers was last learned.
    pub(super) fn brokers_at(&self) -> Option<Instant> {
        self.read().brokers_at
    }

    /// Where to send requests for the controller.
    pub(super) fn controller(&self) -> Option<BrokerId> {
        self.read().controller
    }

    /// The quorum's leader as last learned.
    pub(super) fn quorum_leader(&self) -> Option<BrokerId> {
        self.read().quorum_leader
    }

    /// Learns the quorum's leader.
    pub(super) fn learn_quorum_leader(&self, leader: Option<BrokerId>) {
        self.write().quorum_leader = leader;
    }

    /// Learns the live brokers; returns their listeners.
    pub(super) fn learn_brokers(&self, brokers: &[Broker], controller: Option<BrokerId>) -> Vec<Peer> {
        let peers: Vec<Peer> = brokers.iter().filter_map(Peer::advertised).collect();
        let mut known = self.write();
        known.brokers = brokers
            .iter()
            .filter_map(|broker| Some((broker.id, Peer::advertised(broker)?)))
            .collect();
        known.brokers_at = Some(Instant::now());
        known.controller = controller;
        peers
    }

    /// Forgets who the controller is, after NOT_CONTROLLER.
    pub(super) fn forget_controller(&self) {
        self.write().controller = None;
    }

    /// Forgets the brokers, so that the next call starts from the bootstrap addresses.
    pub(super) fn forget_brokers(&self) {
        let mut known = self.write();
        known.brokers.clear();
        known.controller = None;
    }

    /// Learns every topic there is; those not listed do not exist.
    pub(super) fn learn_all_topics(&self, topics: &[Topic]) {
        let mut known = self.write();
        let mut old = std::mem::take(&mut known.topics);
        known.topics = topics
            .iter()
            .map(|topic| (topic.name.clone(), newer(old.remove(&topic.name), topic)))
            .collect();
    }

    /// Learns some topics.
    pub(super) fn learn_topics(&self, topics: &[Topic]) {
        let mut known = self.write();
        for topic in topics {
            let old = known.topics.remove(&topic.name);
            known.topics.insert(topic.name.clone(), newer(old, topic));
        }
    }

    /// Forgets a topic that does not exist.
    pub(super) fn forget_topic(&self, topic: &TopicName) {
        self.write().topics.remove(topic);
    }

    /// The leader of a partition.
    pub(super) fn leader(&self, topic: &TopicName, partition: PartitionId) -> Leader {
        let known = self.read();
        let Some(route) = known.topics.get(topic) else {
            return Leader::NoTopic;
        };
        let index = usize::try_from(partition.0).ok();
        match index.and_then(|index| route.leaders.get(index)) {
            None => Leader::NoPartition,
            Some((-1, _)) => Leader::None,
            Some((id, epoch)) => {
                let epoch = (*epoch >= 0).then_some(LeaderEpoch(*epoch));
                Leader::Known(BrokerId(*id), epoch)
            }
        }
    }

    /// How many partitions a topic has; `None` when it has not been seen.
    pub(super) fn partition_count(&self, topic: &TopicName) -> Option<usize> {
        self.read().topics.get(topic).map(|route| route.leaders.len())
    }

    /// The id of a topic (KIP-516), where the cluster uses ids.
    pub(super) fn topic_id(&self, topic: &TopicName) -> Option<[u8; 16]> {
        self.read().topics.get(topic)?.id
    }

    /// The coordinator of a group.
    pub(super) fn coordinator(&self, group: &GroupId) -> Option<BrokerId> {
        self.read().coordinators.get(group).copied()
    }

    /// Coordinators that are not among `brokers` and of whose groups some are not among `found`.
    pub(super) fn coordinators_beside<T>(
        &self,
        brokers: &[BrokerId],
        found: &HashMap<GroupId, T>,
    ) -> BTreeSet<BrokerId> {
        let known = self.read();
        let lost = known
            .coordinators
            .iter()
            .filter(|(group, broker)| !brokers.contains(broker) && !found.contains_key(*group));
        lost.map(|(_, broker)| *broker).collect()
    }

    /// Learns coordinators, for example from the brokers that listed the groups.
    pub(super) fn learn_coordinators(&self, found: impl IntoIterator<Item = (GroupId, BrokerId)>) {
        self.write().coordinators.extend(found);
    }

    /// Forgets the coordinators of groups, after NOT_COORDINATOR and its kin.
    pub(super) fn forget_coordinators<'a>(&self, groups: impl IntoIterator<Item = &'a GroupId>) {
        let mut known = self.write();
        for group in groups {
            known.coordinators.remove(group);
        }
    }
}

/// The route of a topic. An answer from a broker that lags behind may carry an older leader epoch than one already seen
/// (KIP-320): the newer one stays, unless the topic was made anew.
fn newer(old: Option<TopicRoute>, topic: &Topic) -> TopicRoute {
    let old = old.filter(|old| old.id == topic.id);
    let length = topic
        .partitions
        .last()
        .map_or(0, |last| usize::try_from(last.id.0 + 1).unwrap_or(0));
    // Partitions are numbered without gaps; a list with gaps and a huge last index is not worth a huge table.
    let mut leaders = vec![(-1, -1); length.min(topic.partitions.len())].into_boxed_slice();
    for partition in &topic.partitions {
        let Some(entry) = usize::try_from(partition.id.0)
            .ok()
            .and_then(|index| leaders.get_mut(index))
        else {
            continue;
        };
        let fresh = (
            partition.leader.map_or(-1, |id| id.0),
            partition.leader_epoch.map_or(-1, |epoch| epoch.0),
        );
        let index = usize::try_from(partition.id.0).unwrap_or(0);
        let seen = old.as_ref().and_then(|old| old.leaders.get(index)).copied();
        *entry = match seen {
            Some(seen) if fresh.1 >= 0 && seen.1 > fresh.1 && topic.id.is_some() => seen,
            _ => fresh,
        };
    }
    TopicRoute { id: topic.id, leaders }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::Partition;

    fn topic(id: Option<u8>, leaders: &[(i32, i32)]) -> Topic {
        let partition = |(index, (leader, epoch)): (usize, &(i32, i32))| Partition {
            id: PartitionId(index as i32),
            leader: (*leader >= 0).then_some(BrokerId(*leader)),
            leader_epoch: (*epoch >= 0).then_some(LeaderEpoch(*epoch)),
            replicas: Box::default(),
            isr: Box::default(),
            adding: Box::default(),
        };
        Topic {
            name: "orders".into(),
            id: id.map(|byte| [byte; 16]),
            is_internal: false,
            partitions: leaders.iter().enumerate().map(partition).collect(),
        }
    }

    fn leader(routes: &Routes, partition: i32) -> Leader {
        routes.leader(&"orders".into(), PartitionId(partition))
    }

    #[test]
    fn leaders_are_known_missing_or_unheard_of() {
        let routes = Routes::default();
        assert_eq!(leader(&routes, 0), Leader::NoTopic);
        routes.learn_topics(&[topic(None, &[(1, 5), (-1, 6), (2, -1)])]);
        assert_eq!(leader(&routes, 0), Leader::Known(BrokerId(1), Some(LeaderEpoch(5))));
        assert_eq!(leader(&routes, 1), Leader::None);
        assert_eq!(leader(&routes, 2), Leader::Known(BrokerId(2), None));
        assert_eq!(leader(&routes, 3), Leader::NoPartition);
        assert_eq!(leader(&routes, -1), Leader::NoPartition);
    }

    #[test]
    fn an_older_leader_epoch_does_not_replace_a_newer_one() {
        let routes = Routes::default();
        routes.learn_topics(&[topic(Some(1), &[(2, 7)])]);
        routes.learn_all_topics(&[topic(Some(1), &[(1, 6)])]);
        assert_eq!(leader(&routes, 0), Leader::Known(BrokerId(2), Some(LeaderEpoch(7))));
    }

    #[test]
    fn a_recreated_topic_starts_anew() {
        let routes = Routes::default();
        routes.learn_topics(&[topic(Some(1), &[(2, 7)])]);
        routes.learn_topics(&[topic(Some(2), &[(1, 0)])]);
        assert_eq!(leader(&routes, 0), Leader::Known(BrokerId(1), Some(LeaderEpoch(0))));
        assert_eq!(routes.topic_id(&"orders".into()), Some([2; 16]));
    }

    #[test]
    fn a_deleted_topic_is_gone_after_the_next_full_list() {
        let routes = Routes::default();
        routes.learn_topics(&[topic(None, &[(1, 0)])]);
        routes.learn_all_topics(&[]);
        assert_eq!(leader(&routes, 0), Leader::NoTopic);
    }

    #[test]
    fn a_huge_partition_number_does_not_make_a_huge_table() {
        let mut odd = topic(None, &[(1, 0), (1, 0)]);
        odd.partitions[1].id = PartitionId(i32::MAX - 1);
        let routes = Routes::default();
        routes.learn_topics(&[odd]);
        assert_eq!(leader(&routes, 1), Leader::None);
        assert_eq!(leader(&routes, i32::MAX - 1), Leader::NoPartition);
    }

    #[test]
    fn coordinators_are_remembered_until_they_are_wrong() {
        let routes = Routes::default();
        let group = GroupId::from("g");
        routes.learn_coordinators([(group.clone(), BrokerId(3))]);
        assert_eq!(routes.coordinator(&group), Some(BrokerId(3)));
        routes.forget_coordinators([&group]);
        assert_eq!(routes.coordinator(&group), None);
    }
}
