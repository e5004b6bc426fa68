//! What happens to leaders and in-sync replicas when brokers come and go.

use kafka_protocol::protocol::StrBytes;

use super::State;
use super::broker::Presence;
use super::topic::{NO_LEADER, Partition};

impl State {
    /// A broker dies: its partitions go to the next in-sync replica or lose their leader, the ISR shrinks, another
    /// broker becomes controller. Answers whether it ran.
    pub fn take_down(&mut self, id: i32) -> bool {
        if !self.set_presence(id, Presence::Down) {
            return false;
        }
        if self.controller == id {
            let next = self.live().next().map_or(-1, |broker| broker.id);
            self.controller = next;
        }
        self.each_partition(|state, name, index, partition| {
            if !partition.isr.contains(&id) {
                return;
            }
            let rest: Vec<i32> = partition.isr.iter().copied().filter(|member| *member != id).collect();
            if rest.is_empty() {
                partition.leader = NO_LEADER; // the last in-sync replica stays listed: only it may lead again
                partition.leader_epoch += 1;
                return;
            }
            state
                .left_behind
                .insert((name.clone(), index, id), partition.log.high_watermark());
            if partition.leader == id {
                partition.leader = rest[0];
                partition.leader_epoch += 1;
            }
            partition.isr = state.shared_list(rest);
        });
        true
    }

    /// A broker comes back: it catches up at once, and leads again what nobody else could. Answers whether it was
    /// down.
    pub fn bring_up(&mut self, id: i32) -> bool {
        if !self.set_presence(id, Presence::Up) {
            return false;
        }
        if self.controller == -1 {
            self.controller = id;
        }
        self.each_partition(|state, name, index, partition| {
            if !partition.replicas.contains(&id) {
                return;
            }
            if partition.leader == NO_LEADER && partition.isr.contains(&id) {
                partition.leader = id;
                partition.leader_epoch += 1;
            } else if !partition.isr.contains(&id) && partition.leader != NO_LEADER {
                let mut isr = partition.isr.to_vec();
                isr.push(id);
                partition.adding.retain(|added| *added != id);
                partition.isr = state.shared_list(isr);
                state.left_behind.remove(&(name.clone(), index, id));
            }
        });
        true
    }

    /// Takes a replica out of the ISR while its broker runs on: an under-replicated partition. A partition that it
    /// led moves to another replica.
    pub fn drop_from_isr(&mut self, topic: &str, partition: i32, id: i32) {
        self.change(topic, partition, |state, name, index, partition| {
            let rest: Vec<i32> = partition.isr.iter().copied().filter(|member| *member != id).collect();
            let Some(next) = rest.first().copied() else { return };
            if partition.leader == id {
                partition.leader = next;
                partition.leader_epoch += 1;
            }
            state
                .left_behind
                .insert((name.clone(), index, id), partition.log.high_watermark());
            partition.isr = state.shared_list(rest);
        });
    }

    /// Starts a reassignment that adds a replica to a partition; it ends when that broker comes up again.
    pub fn add_replica(&mut self, topic: &str, partition: i32, id: i32) {
        self.change(topic, partition, |state, name, index, partition| {
            let mut replicas = partition.replicas.to_vec();
            replicas.push(id);
            partition.replicas = state.shared_list(replicas);
            partition.adding.push(id);
            state
                .left_behind
                .insert((name.clone(), index, id), partition.log.start());
        });
    }

    /// Gives a partition another leader ([`NO_LEADER`] for none), whoever that is, and raises its epoch.
    pub fn move_leader(&mut self, topic: &str, partition: i32, leader: i32) {
        self.change(topic, partition, |_, _, _, partition| {
            partition.leader = leader;
            partition.leader_epoch += 1;
        });
    }

    fn set_presence(&mut self, id: i32, presence: Presence) -> bool {
        match self.brokers.iter_mut().find(|broker| broker.id == id) {
            Some(broker) if broker.presence != presence => {
                broker.presence = presence;
                true
            }
            _ => false,
        }
    }

    fn each_partition(&mut self, mut change: impl FnMut(&mut Self, &StrBytes, i32, &mut Partition)) {
        let mut topics = std::mem::take(&mut self.topics);
        for (name, topic) in &mut topics {
            for (index, partition) in topic.partitions.iter_mut().enumerate() {
                change(self, name, index as i32, partition);
            }
        }
        self.topics = topics;
    }

    fn change(&mut self, topic: &str, index: i32, change: impl FnOnce(&mut Self, &StrBytes, i32, &mut Partition)) {
        let mut topics = std::mem::take(&mut self.topics);
        if let Some((name, mut found)) = topics.remove_entry(topic.as_bytes()) {
            if let Some(partition) = found.partition_mut(index) {
                change(self, &name, index, partition);
            }
            topics.insert(name, found);
        }
        self.topics = topics;
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::spec::{SimSpec, TopicSpec};
    use crate::sim::state::State;
    use crate::sim::state::topic::NO_LEADER;

    fn cluster(replication: usize) -> State {
        SimSpec::small()
            .brokers(3)
            .add_topic(TopicSpec::new("t", 3).replication(replication))
            .state()
    }

    #[test]
    fn leaders_move_to_the_next_in_sync_replica_and_the_isr_shrinks() {
        let mut state = cluster(3);
        let led: Vec<usize> = (0..3)
            .filter(|p| state.topic("t").unwrap().partitions[*p].leader == 1)
            .collect();
        assert!(state.take_down(1));
        assert!(!state.take_down(1), "already down");
        for (index, partition) in state.topic("t").unwrap().partitions.iter().enumerate() {
            assert_eq!(partition.isr.len(), 2);
            assert_ne!(partition.leader, 1);
            assert_eq!(partition.leader_epoch, i32::from(led.contains(&index)));
            assert_eq!(partition.out_of_sync().collect::<Vec<_>>(), [1]);
        }
        assert_eq!(state.controller, 2);
    }

    #[test]
    fn the_last_replica_leaves_a_partition_without_leader_and_leads_it_again() {
        let mut state = cluster(1);
        state.take_down(2);
        let orphan = state
            .topic("t")
            .unwrap()
            .partitions
            .iter()
            .position(|p| p.leader == NO_LEADER)
            .unwrap();
        assert_eq!(*state.topic("t").unwrap().partitions[orphan].isr, [2]);
        assert!(state.bring_up(2));
        assert_eq!(state.topic("t").unwrap().partitions[orphan].leader, 2);
        assert_eq!(state.topic("t").unwrap().partitions[orphan].leader_epoch, 2);
    }

    #[test]
    fn a_returning_broker_joins_the_isr_but_takes_no_leader_back() {
        let mut state = cluster(3);
        state.take_down(1);
        state.bring_up(1);
        assert!(
            state
                .topic("t")
                .unwrap()
                .partitions
                .iter()
                .all(|p| p.isr.len() == 3 && p.leader != 1)
        );
        assert!(state.left_behind.is_empty());
    }

    #[test]
    fn a_replica_can_fall_behind_while_its_broker_runs() {
        let mut state = cluster(3);
        let leader = state.topic("t").unwrap().partitions[0].leader;
        state.drop_from_isr("t", 0, leader);
        let partition = &state.topic("t").unwrap().partitions[0];
        assert_eq!((partition.isr.len(), partition.leader_epoch), (2, 1));
        assert_ne!(partition.leader, leader);
    }
}
