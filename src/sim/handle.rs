//! The handle that steers a running cluster.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::Shared;
use super::batch::{Batch, Record};
use super::fault::{Rule, RuleId};
use super::server;
use super::state::State;
use super::state::group::{Commit, Group};
use super::state::topic::{NO_LEADER, text};
use super::stats::{SeenRequest, Traffic};

/// Steers and watches a [`SimCluster`](super::SimCluster). Cheap to clone; does not keep the cluster alive.
#[derive(Clone, Debug)]
pub struct SimHandle {
    shared: Arc<Shared>,
}

impl SimHandle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Addresses of all brokers, also of those that are down, by broker id.
    pub fn bootstrap(&self) -> Vec<SocketAddr> {
        let ports: Vec<u16> = self.shared.state().brokers.iter().map(|broker| broker.port).collect();
        ports
            .into_iter()
            .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
            .collect()
    }

    /// Adds a fault.
    pub fn inject(&self, rule: Rule) -> RuleId {
        self.shared.rules().add(rule)
    }

    /// Takes a fault away.
    pub fn clear(&self, id: RuleId) {
        self.shared.rules().clear(id);
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.shared.rules().clear_all();
    }

    /// Closes a broker's listener and connections while the cluster still believes it is there, as in the seconds
    /// until a dead broker's session ends.
    pub fn unplug_broker(&self, id: i32) {
        if let Some(listener) = self.shared.listeners().get_mut(&id) {
            listener.close();
        }
    }

    /// Kills a broker: its listener and connections close, leaders move, Metadata no longer names it.
    pub fn kill_broker(&self, id: i32) {
        self.unplug_broker(id);
        self.edit(|state| state.take_down(id));
    }

    /// Lets a killed or unplugged broker listen again on its port and catch up.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn restart_broker(&self, id: i32) -> std::io::Result<()> {
        server::open(&self.shared, id)?;
        self.edit(|state| state.bring_up(id));
        Ok(())
    }

    /// Gives a partition another leader.
    pub fn move_leader(&self, topic: &str, partition: i32, leader: i32) {
        self.edit(|state| state.move_leader(topic, partition, leader));
    }

    /// Leaves a partition without leader.
    pub fn take_leader(&self, topic: &str, partition: i32) {
        self.move_leader(topic, partition, NO_LEADER);
    }

    /// Takes a replica out of the ISR while its broker runs.
    pub fn drop_from_isr(&self, topic: &str, partition: i32, broker: i32) {
        self.edit(|state| state.drop_from_isr(topic, partition, broker));
    }

    /// Starts a reassignment that adds a replica to a partition; it ends when that broker is restarted.
    pub fn add_replica(&self, topic: &str, partition: i32, broker: i32) {
        self.edit(|state| state.add_replica(topic, partition, broker));
    }

    /// Makes a broker tell clients an address where it does not listen; `None` makes it tell the truth again.
    pub fn advertise(&self, id: i32, address: Option<(&str, u16)>) {
        self.edit(|state| {
            if let Some(broker) = state.brokers.iter_mut().find(|broker| broker.id == id) {
                broker.advertised = address.map(|(host, port)| (host.to_owned(), port));
            }
        });
    }

    /// Appends records to a partition as one uncompressed batch; answers the first offset, `None` without such a
    /// partition.
    pub fn append(&self, topic: &str, partition: i32, records: impl IntoIterator<Item = Record>) -> Option<i64> {
        self.append_batch(topic, partition, &Batch::of(records))
    }

    /// Appends a batch to a partition; answers its first offset, `None` without such a partition.
    pub fn append_batch(&self, topic: &str, partition: i32, batch: &Batch) -> Option<i64> {
        self.edit(|state| {
            let bytes = batch.encode(state.now_ms()).ok()?;
            state.append(topic, partition, bytes.into())
        })
    }

    /// Stores one entry of any format exactly as it is. Answers whether it fitted behind the log's end.
    pub fn append_verbatim(&self, topic: &str, partition: i32, entry: &Bytes) -> bool {
        self.edit(|state| {
            let partition = state.topic_mut(topic).and_then(|topic| topic.partition_mut(partition));
            partition.is_some_and(|partition| partition.log.append_verbatim(entry))
        })
    }

    /// Commits an offset for a group as its members would; makes the group when there is none.
    pub fn commit(&self, group: &str, topic: &str, partition: i32, offset: i64) {
        self.edit_group(group, |group| {
            group.set_commit(&text(topic), partition, Commit::at(offset));
        });
    }

    /// Changes a group in any way; makes an empty one when there is none.
    pub fn edit_group<R>(&self, group: &str, change: impl FnOnce(&mut Group) -> R) -> R {
        self.edit(|state| change(state.groups.entry(text(group)).or_insert_with(Group::simple)))
    }

    /// Removes a group.
    pub fn remove_group(&self, group: &str) {
        self.edit(|state| state.groups.remove(group.as_bytes()));
    }

    /// Changes anything and wakes whoever waits for a change.
    pub fn edit<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut self.shared.state());
        self.shared.changed.notify_waiters();
        result
    }

    /// Looks at anything.
    pub fn look<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.shared.state())
    }

    /// How many requests of an API all brokers have read.
    pub fn requests(&self, api_key: i16) -> u64 {
        self.traffic(None, Some(api_key)).requests
    }

    /// Requests and bytes of one broker and API, or of all.
    pub fn traffic(&self, broker: Option<i32>, api_key: Option<i16>) -> Traffic {
        self.shared.stats().traffic(broker, api_key)
    }

    /// How many connections were accepted since the start.
    pub fn connections(&self) -> u64 {
        self.shared.stats().connections()
    }

    /// How many connections are being served. A client that is gone has none once its last request has been served.
    pub fn open_connections(&self) -> u64 {
        self.shared.stats().open_connections()
    }

    /// The last requests, oldest first; at most 4,096.
    pub fn request_log(&self) -> Vec<SeenRequest> {
        self.shared.stats().log()
    }

    /// Sets the counters and the request log to zero.
    pub fn reset_stats(&self) {
        self.shared.stats().reset();
    }
}
