//! The cluster of `ktui demo`: what a person who runs Kafka would recognise, with something wrong in most of the ways
//! that ktui shows. Three brokers, live producers, groups that keep up, stall, drain and rebalance.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::Shared;
use super::batch::Batch;
use super::clock::Clock;
use super::random::Random;
use super::spec::{BrokerSpec, SimSpec};
use super::state::State;
use super::state::broker::LogDir;
use super::state::log::Log;
use crate::task::{self, Task};

mod feeds;
mod groups;
mod records;

use feeds::{FEEDS, Feed};
use groups::Groups;

/// How often producers write.
const TICK: Duration = Duration::from_millis(250);
/// What a partition keeps: 300 KiB x 170 partitions bounds the demo's memory.
const MAX_PARTITION_BYTES: usize = 300 << 10;
const REPLICATION: usize = 3;
/// The one under-replicated partition.
const UNDER_REPLICATED: (&str, i32) = ("odin.liquidity", 7);

/// What happens in the demo cluster as time goes by.
#[derive(Debug)]
pub(super) struct Script {
    random: Random,
    ticks: u64,
    written: u64,
    groups: Groups,
}

/// The demo cluster as it stands at the start, and its script.
pub(super) fn build(clock: Clock, seed: u64) -> (State, Script) {
    let spec = SimSpec::small()
        .cluster_id("qT3rVbKhRW-demo-ktui01")
        .with_brokers(brokers())
        .offsets_partitions(25)
        .max_partition_bytes(MAX_PARTITION_BYTES)
        .clock(clock)
        .seed(seed);
    let mut state = spec.state();
    state.controller = 2;
    let mut script = Script {
        random: Random::new(seed),
        ticks: 0,
        written: 0,
        groups: Groups::default(),
    };
    for feed in FEEDS {
        let replicas = state.placement(0, feed.partitions, REPLICATION);
        let configs = feed
            .configs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        state.create_topic(feed.topic, replicas, configs.collect::<BTreeMap<_, _>>());
        script.write_history(&mut state, feed);
    }
    let (topic, partition) = UNDER_REPLICATED;
    let follower = state
        .partition(topic, partition)
        .and_then(|found| found.replicas.last().copied());
    if let Some(follower) = follower {
        state.drop_from_isr(topic, partition, follower);
    }
    script.groups = Groups::put_into(&mut state);
    (state, script)
}

fn brokers() -> Vec<BrokerSpec> {
    let broker = |id: i32, free_gib: i64| BrokerSpec {
        id,
        rack: Some(format!("rack-{}", ["a", "b", "c"][id as usize - 1])),
        log_dir: LogDir {
            total_bytes: 200 << 30,
            usable_bytes: free_gib << 30,
            ..LogDir::default()
        },
    };
    vec![broker(1, 71), broker(2, 64), broker(3, 46)]
}

/// Lets the script run until the task is dropped.
pub(super) fn play(shared: Arc<Shared>, mut script: Script) -> Task<()> {
    task::spawn(async move {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            script.step(&mut shared.state());
            shared.changed.notify_waiters();
        }
    })
}

impl Script {
    /// What happens in one tick.
    pub(super) fn step(&mut self, state: &mut State) {
        self.ticks += 1;
        let per_minute = 60_000 / TICK.as_millis() as u64;
        for feed in FEEDS {
            let due = |ticks: u64| ticks * feed.per_minute / per_minute;
            let count = due(self.ticks) - due(self.ticks - 1);
            self.write(state, feed, count as usize);
        }
        self.groups.step(state, self.ticks, &mut self.random);
    }

    /// Records of one tick go to one or two partitions, as a producer that fills batches sends them.
    fn write(&mut self, state: &mut State, feed: &Feed, count: usize) {
        let now_ms = state.now_ms();
        for share in [count.div_ceil(2), count / 2] {
            if share > 0 {
                let partition = self.random.below(feed.partitions as u64) as i32;
                self.append(state, feed, partition, now_ms, share);
            }
        }
    }

    fn append(&mut self, state: &mut State, feed: &Feed, partition: i32, until_ms: i64, count: usize) {
        for batch in feed.batches(&mut self.random, &mut self.written, until_ms, count) {
            store(state, feed, partition, until_ms, &batch);
        }
    }

    /// What was there before the demo started: the log begins somewhere, as retention leaves it.
    fn write_history(&mut self, state: &mut State, feed: &Feed) {
        let now_ms = state.now_ms();
        for index in 0..feed.partitions as i32 {
            let first = (feed.first_offset + self.random.below(feed.first_offset as u64 / 10 + 1) as i64).max(0);
            if let Some(partition) = state.topic_mut(feed.topic).and_then(|topic| topic.partition_mut(index)) {
                partition.log = Log::without_data(first, first);
            }
            let mut left = feed.history;
            while left > 0 {
                let count = left.min(20 + self.random.below(30) as usize);
                left -= count;
                let age_ms = feed.interval_ms() * left as i64 + self.random.below(400) as i64;
                for mut batch in feed.batches(&mut self.random, &mut self.written, now_ms - age_ms, count) {
                    if feed.is_compacted() {
                        batch = batch.spread(|| 1 + self.random.below(6) as i32);
                    }
                    store(state, feed, index, now_ms - age_ms, &batch);
                }
            }
        }
    }
}

fn store(state: &mut State, feed: &Feed, partition: i32, now_ms: i64, batch: &Batch) {
    // No codec fails on memory; a batch that is not written would only be missing from the demo.
    if let Ok(bytes) = batch.encode(now_ms) {
        state.append(feed.topic, partition, bytes.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::state::OFFSETS_TOPIC;
    use crate::sim::state::group::GroupState;

    const NOON: i64 = 1_795_176_000_000;

    fn demo() -> (State, Script) {
        build(Clock::Frozen(NOON), 1)
    }

    fn lag(state: &State, group: &str) -> i64 {
        let commits = &state.groups[group.as_bytes()].commits;
        let lags = commits.iter().flat_map(|(topic, partitions)| {
            partitions
                .iter()
                .map(|(index, commit)| state.partition(topic, *index).unwrap().log.high_watermark() - commit.offset)
        });
        lags.sum()
    }

    #[test]
    fn exactly_one_partition_is_under_replicated_and_none_is_offline() {
        let (state, _) = demo();
        let partitions = || state.topics.values().flat_map(|topic| &topic.partitions);
        assert_eq!(
            partitions()
                .filter(|partition| partition.isr.len() < partition.replicas.len())
                .count(),
            1
        );
        assert!(partitions().all(|partition| partition.leader > 0));
        assert!(state.topic(OFFSETS_TOPIC).unwrap().is_internal);
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let read = |seed| {
            let (mut state, mut script) = build(Clock::Frozen(NOON), seed);
            (0..20).for_each(|_| script.step(&mut state));
            let log = &state.partition("odin.trades", 3).unwrap().log;
            (
                log.high_watermark(),
                log.read(log.start(), i64::MAX, usize::MAX, true).bytes,
            )
        };
        assert_eq!(read(1), read(1));
        assert_ne!(read(1), read(2));
    }

    #[test]
    fn producers_write_a_few_hundred_records_a_second() {
        let (mut state, mut script) = demo();
        let total = |state: &State| -> i64 {
            state
                .topics
                .values()
                .flat_map(|topic| &topic.partitions)
                .map(|p| p.log.high_watermark())
                .sum()
        };
        let before = total(&state);
        (0..240).for_each(|_| script.step(&mut state));
        let per_second = (total(&state) - before) / 60;
        assert!((200..500).contains(&per_second), "{per_second} records/s");
    }

    #[test]
    fn groups_do_what_their_script_says_for_five_minutes() {
        let (mut state, mut script) = demo();
        let at = |state: &State| {
            [
                "ws-server-production",
                "payments-settlement",
                "audit-exporter",
                "nightly-report",
            ]
            .map(|id| lag(state, id))
        };
        let before = at(&state);
        let mut states = std::collections::BTreeSet::new();
        for _ in 0..1_200 {
            script.step(&mut state);
            states.insert(state.groups["search-indexer".as_bytes()].state.as_str());
        }
        let after = at(&state);
        assert!(after[0] < 3_000, "keeps up: {after:?}");
        assert!(after[1] > before[1] + 100, "stalls: {before:?} {after:?}");
        assert!(after[2] < before[2] / 2, "drains: {before:?} {after:?}");
        assert!(after[3] > before[3] + 1_000, "nobody reads: {before:?} {after:?}");
        assert_eq!(
            states.into_iter().collect::<Vec<_>>(),
            ["CompletingRebalance", "PreparingRebalance", "Stable"]
        );
    }

    #[test]
    fn the_groups_are_of_every_kind() {
        let (state, _) = demo();
        let group = |id: &str| &state.groups[id.as_bytes()];
        let assigned = |id: &str| -> Vec<usize> {
            group(id)
                .members
                .iter()
                .map(|member| member.assignment.values().map(Vec::len).sum())
                .collect()
        };
        assert_eq!(assigned("ws-server-production").iter().sum::<usize>(), 96);
        assert_eq!(
            assigned("problem-generator-workers")
                .iter()
                .filter(|count| **count == 0)
                .count(),
            3
        );
        assert_eq!(group("nightly-report").state, GroupState::Empty);
        assert!(group("odin-replay-debug").commits.is_empty() && !group("odin-replay-debug").members.is_empty());
        assert_eq!(group("price-alerts").commits["odin.prices".as_bytes()].len(), 5);
        assert_eq!(group("trade-enricher").group_type.as_str(), "consumer");
    }

    #[test]
    fn memory_is_bounded() {
        let (mut state, mut script) = demo();
        (0..100).for_each(|_| script.step(&mut state));
        let sizes = || {
            state
                .topics
                .values()
                .flat_map(|topic| &topic.partitions)
                .map(|p| p.log.size())
        };
        assert!(sizes().all(|size| size <= MAX_PARTITION_BYTES));
        assert!(state.partition_count() * MAX_PARTITION_BYTES < 64 << 20);
    }
}
