//! Everything the machine knows of the cluster.

mod facts;
mod listings;
mod passes;
mod replayed;
mod watches;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

pub use facts::{Facts, Stamped, TopicOffsets};
use facts::{merge_facts, stamp, with_rates};
pub use passes::{Passes, rarely};
pub use watches::Watches;

use super::cost::{Costs, Spent};
use super::event::{Connection, Counters};
use super::health::Health;
use super::slot::{Remote, Slot, SlotId, Ticket};
use super::wall::WallClock;
use crate::kafka::error::Error;
use crate::kafka::lag::alarm::Alarms;
use crate::kafka::lag::{GroupDetail, GroupSummary, TopicReaders};
use crate::kafka::model::{
    Broker, BrokerId, Cluster, ConfigEntry, GroupId, GroupListing, LogDir, Reassignments, ReplicaSize, TopicName,
};
use crate::kafka::partial::{Failure, Partial};
use crate::kafka::query::{Answer, Cost, Overview, Query};

/// A broker that was seen alive, and when that was last.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// As it was then.
    pub broker: Broker,
    /// When it was last listed as alive.
    pub at: Instant,
}

/// All slots.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// Cluster and topics.
    pub overview: Slot<Overview>,
    /// Brokers and controller.
    pub cluster: Slot<Cluster>,
    /// Log offsets of topics that were on screen.
    pub offsets: Slot<Facts<TopicName, TopicOffsets>>,
    /// Replica sizes of topics that were on screen.
    pub sizes: Slot<Facts<TopicName, Vec<ReplicaSize>>>,
    /// List configuration of topics that were on screen.
    pub configs: Slot<Facts<TopicName, Vec<ConfigEntry>>>,
    /// What under-replication means.
    pub replication: Replication,
    /// Every configuration entry of the opened topic.
    pub topic_configs: Slot<Facts<TopicName, Vec<ConfigEntry>>>,
    /// Log directories.
    pub log_dirs: Slot<Vec<LogDir>>,
    /// Groups.
    pub groups: Slot<Vec<GroupListing>>,
    /// Lag and members of groups that were on screen.
    pub lags: Slot<Facts<GroupId, GroupSummary>>,
    /// Lag of every group.
    pub all_lags: Slot<Facts<GroupId, GroupSummary>>,
    /// The opened group.
    pub group: Slot<GroupDetail>,
    /// Groups that read the opened topic.
    pub readers: Slot<TopicReaders>,
    /// Derived from the above, the connection and the counters.
    pub derived: Derived,
}

/// What is asked only while partitions lack replicas, to tell how bad that is.
#[derive(Clone, Debug, Default)]
pub struct Replication {
    /// `min.insync.replicas` of the under-replicated topics.
    pub min_isr: Slot<Facts<TopicName, Vec<ConfigEntry>>>,
    /// Partitions that are being moved.
    pub reassignments: Slot<Reassignments>,
}

impl Replication {
    fn was_asked(&self) -> bool {
        !matches!(self.min_isr.remote(), Remote::Empty) || !matches!(self.reassignments.remote(), Remote::Empty)
    }
}

/// What is derived once per arrival instead of once per frame, and what comes from the shell.
#[derive(Clone, Debug, Default)]
pub struct Derived {
    /// Health of the cluster.
    pub health: Health,
    /// Every broker ever listed.
    pub seen: BTreeMap<BrokerId, Seen>,
    /// State of the connection.
    pub connection: Connection,
    /// What the engine counted.
    pub counters: Counters,
    /// The time of day, once the shell told it.
    pub wall: Option<WallClock>,
    /// When a broker that was missing was last listed again.
    pub returned: Option<Instant>,
    /// Groups that the newest listing lacks, and since when.
    pub unlisted: HashMap<GroupId, Instant>,
    /// Groups over time.
    pub watches: Watches,
    /// Groups that are over their limit of lag.
    pub alarms: Alarms,
    /// How dear looking is, and where it is worth it.
    pub sampling: Sampling,
    /// Answers that came too late to be used.
    pub superseded: u64,
    /// The newest question of each slot.
    pub asking: BTreeMap<SlotId, Query>,
    /// When that was asked.
    pub begun: BTreeMap<SlotId, Instant>,
    /// Slots whose open question somebody pressed a key for.
    pub asked_by_key: BTreeSet<SlotId>,
}

/// How dear looking is, and where it is worth it.
#[derive(Clone, Debug, Default)]
pub struct Sampling {
    /// What the slow looks at all groups have seen.
    pub passes: Passes,
    /// What answers took.
    pub costs: Costs,
}

/// Calls one method on the slot that an id names.
macro_rules! each_slot {
    ($store:expr, $id:expr, $method:ident($($argument:expr),*)) => {
        match $id {
            SlotId::Overview => $store.overview.$method($($argument),*),
            SlotId::Cluster => $store.cluster.$method($($argument),*),
            SlotId::Offsets => $store.offsets.$method($($argument),*),
            SlotId::Sizes => $store.sizes.$method($($argument),*),
            SlotId::Configs => $store.configs.$method($($argument),*),
            SlotId::MinIsr => $store.replication.min_isr.$method($($argument),*),
            SlotId::Reassignments => $store.replication.reassignments.$method($($argument),*),
            SlotId::TopicConfigs => $store.topic_configs.$method($($argument),*),
            SlotId::LogDirs => $store.log_dirs.$method($($argument),*),
            SlotId::Groups => $store.groups.$method($($argument),*),
            SlotId::Lags => $store.lags.$method($($argument),*),
            SlotId::AllLags => $store.all_lags.$method($($argument),*),
            SlotId::LogStarts => $store.derived.watches.starts.$method($($argument),*),
            SlotId::Group => $store.group.$method($($argument),*),
            SlotId::Tails => $store.derived.watches.tails.$method($($argument),*),
            SlotId::NextRecord => $store.derived.watches.next_record.$method($($argument),*),
            SlotId::Readers => $store.readers.$method($($argument),*),
        }
    };
}

impl Store {
    /// Starts a question for a slot.
    pub fn begin(&mut self, slot: SlotId, now: Instant) -> Ticket {
        each_slot!(self, slot, begin(now))
    }

    /// Drops what a slot knows; an answer under way will be refused.
    pub fn forget(&mut self, slot: SlotId) {
        each_slot!(self, slot, clear());
    }

    /// When a slot that is asked every `period` is due.
    pub fn due(&self, slot: SlotId, period: Duration, now: Instant) -> Option<Instant> {
        each_slot!(self, slot, due(period, now))
    }

    /// When a slot's newest data arrived.
    pub fn arrived(&self, slot: SlotId) -> Option<Instant> {
        each_slot!(self, slot, arrived())
    }

    /// Since when a question of this slot is open.
    pub fn asked(&self, slot: SlotId) -> Option<Instant> {
        each_slot!(self, slot, asked())
    }

    /// The error of a slot's last question, if it failed.
    pub fn error(&self, slot: SlotId) -> Option<&Error> {
        each_slot!(self, slot, error())
    }

    /// When a failed slot will be asked again.
    pub fn retry_at(&self, slot: SlotId) -> Option<Instant> {
        each_slot!(self, slot, retry_at())
    }

    /// Failures beside a slot's newest data.
    pub fn failures(&self, slot: SlotId) -> &[Failure] {
        each_slot!(self, slot, failures())
    }

    /// Takes an answer; `false` when it was superseded, or answers something else, and was dropped.
    pub fn finish(
        &mut self,
        slot: SlotId,
        ticket: Ticket,
        now: Instant,
        result: Result<Partial<Answer>, Error>,
    ) -> bool {
        let taken = self.take(slot, ticket, now, result);
        if taken {
            self.derived.asked_by_key.remove(&slot);
            self.derive(slot, now);
        } else {
            self.derived.superseded += 1;
        }
        taken
    }

    /// Notes what the newest answer in a slot took.
    pub fn spent(&mut self, slot: SlotId, cost: Cost, now: Instant) {
        let begun = self.derived.begun.get(&slot).copied();
        let took = begun.map_or(Duration::ZERO, |begun| now.saturating_duration_since(begun));
        let is_whole = self.error(slot).is_none() && self.failures(slot).is_empty();
        self.derived.sampling.costs.note(slot, Spent { cost, took }, is_whole);
    }

    fn take(&mut self, slot: SlotId, ticket: Ticket, now: Instant, result: Result<Partial<Answer>, Error>) -> bool {
        macro_rules! plain {
            ($($field:ident).+, $answer:ident) => {
                match unpack(result, |answer| match answer {
                    Answer::$answer(value) => Some(value),
                    _ => None,
                }) {
                    Some(result) => self.$($field).+.finish(ticket, now, result),
                    None => false,
                }
            };
        }
        macro_rules! facts {
            ($($field:ident).+, $answer:ident) => {
                match unpack(result, |answer| match answer {
                    Answer::$answer(value) => Some(stamp(value, now)),
                    _ => None,
                }) {
                    Some(result) => self.$($field).+.finish_with(ticket, now, result, merge_facts),
                    None => false,
                }
            };
        }
        match slot {
            SlotId::Overview => plain!(overview, Overview),
            SlotId::Cluster => plain!(cluster, Cluster),
            SlotId::Offsets => match unpack(result, |answer| match answer {
                Answer::Offsets(value) => Some(stamp(value, now)),
                _ => None,
            }) {
                Some(result) => {
                    let result = result.map(|(facts, failures)| (with_rates(facts, self.offsets.value()), failures));
                    self.offsets.finish_with(ticket, now, result, merge_facts)
                }
                None => false,
            },
            SlotId::Sizes => facts!(sizes, Sizes),
            SlotId::Configs => facts!(configs, Configs),
            SlotId::MinIsr => facts!(replication.min_isr, Configs),
            SlotId::Reassignments => plain!(replication.reassignments, Reassignments),
            SlotId::TopicConfigs => facts!(topic_configs, Configs),
            SlotId::LogDirs => plain!(log_dirs, LogDirs),
            SlotId::Groups => self.take_groups(ticket, now, result),
            SlotId::Lags | SlotId::AllLags => self.take_lags(slot, ticket, now, result),
            SlotId::LogStarts => self.take_log_starts(ticket, now, result),
            SlotId::Group => self.take_group(ticket, now, result),
            SlotId::Tails => self.take_tails(ticket, now, result),
            SlotId::NextRecord => plain!(derived.watches.next_record, NextRecord),
            SlotId::Readers => self.take_readers(ticket, now, result),
        }
    }

    fn derive(&mut self, slot: SlotId, now: Instant) {
        let brokers = match slot {
            SlotId::Overview => self.overview.value().map(|overview| &overview.cluster.brokers),
            SlotId::Cluster => self.cluster.value().map(|cluster| &cluster.brokers),
            SlotId::MinIsr | SlotId::Reassignments => None,
            SlotId::Configs if self.derived.health.incomplete > 0 => None,
            _ => return,
        };
        for broker in brokers.into_iter().flatten() {
            self.derived.seen.insert(
                broker.id,
                Seen {
                    broker: broker.clone(),
                    at: now,
                },
            );
        }
        self.mark_added_replicas();
        let health = Health::of(self);
        let before = &self.derived.health.missing;
        if before.keys().any(|id| !health.missing.contains_key(id)) {
            self.derived.returned = Some(now);
        }
        self.derived.health = health;
    }

    /// Metadata does not tell which replicas are new. What was told counts while it is asked for: a replica that once was
    /// added and falls out later is missing.
    fn mark_added_replicas(&mut self) {
        let Some(overview) = self.overview.value_mut() else {
            return;
        };
        let is_complete = overview.topics.iter().all(|topic| topic.incomplete() == 0);
        if is_complete && self.replication.was_asked() {
            self.replication.min_isr.clear();
            self.replication.reassignments.clear();
        }
        let told = &self.replication.reassignments;
        let moving = told.value().filter(|_| told.error().is_none());
        moving.unwrap_or(&Reassignments::default()).mark(&mut overview.topics);
    }

    /// Whether a slot's newest answer lacks something that a broker which came back since may know.
    pub fn is_overtaken(&self, slot: SlotId) -> bool {
        !self.failures(slot).is_empty() && self.derived.begun.get(&slot).copied() < self.derived.returned
    }

    /// The newest description of the cluster: the heartbeat's, or the overview's before the first heartbeat.
    pub fn newest_cluster(&self) -> Option<&Cluster> {
        let heartbeat = self.cluster.loaded();
        let overview = self.overview.loaded();
        match (heartbeat, overview) {
            (Some(heartbeat), Some(overview)) if overview.at > heartbeat.at => Some(&overview.value.cluster),
            (Some(heartbeat), _) => Some(&heartbeat.value),
            (None, overview) => overview.map(|loaded| &loaded.value.cluster),
        }
    }

    /// A topic's `min.insync.replicas`, from whichever question has told it last.
    pub fn min_insync(&self, topic: &TopicName) -> Option<usize> {
        let told = |slot: &Slot<Facts<TopicName, Vec<ConfigEntry>>>| {
            let entries = slot.value()?.get(topic)?;
            let mut found = entries.value.iter().filter(|entry| entry.name == "min.insync.replicas");
            let min: usize = found.next()?.value.as_deref()?.parse().ok()?;
            Some((entries.at, min))
        };
        let newest = told(&self.configs).max(told(&self.replication.min_isr));
        newest.map(|(_, min)| min)
    }

    /// Lag and members of a group: the visible one's answer or that of the pass over all, whichever is newer.
    pub fn lag_of(&self, group: &GroupId) -> Option<&Stamped<GroupSummary>> {
        let visible = self.lags.value().and_then(|facts| facts.get(group));
        let all = self.all_lags.value().and_then(|facts| facts.get(group));
        match (visible, all) {
            (Some(visible), Some(all)) => Some(if all.at > visible.at { all } else { visible }),
            (visible, all) => visible.or(all),
        }
    }
}

type Parts<T> = Result<(T, Vec<Failure>), Error>;

fn unpack<T>(result: Result<Partial<Answer>, Error>, pick: impl FnOnce(Answer) -> Option<T>) -> Option<Parts<T>> {
    match result {
        Ok(Partial { value, failures }) => pick(value).map(|value| Ok((value, failures))),
        Err(error) => Some(Err(error)),
    }
}
