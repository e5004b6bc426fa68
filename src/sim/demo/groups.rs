//! The demo's consumer groups and what they do.

use std::collections::BTreeMap;

use kafka_protocol::protocol::StrBytes;

use crate::sim::random::Random;
use crate::sim::spec::GroupSpec;
use crate::sim::state::State;
use crate::sim::state::group::{Assignment, Commit, Group, GroupState, Member};
use crate::sim::state::topic::text;

/// Ticks of a second.
const SECOND: u64 = 4;

/// What a group does with what it is assigned.
#[derive(Clone, Copy, Debug)]
enum Habit {
    /// Commits everything every so many ticks.
    KeepsUp { every: u64 },
    /// Commits every second, up to so many records behind the end.
    Trails { by: u64 },
    /// Like `KeepsUp`, but one partition never moves: a record it cannot digest.
    StuckOn { topic: &'static str, partition: i32 },
    /// Works off what piled up: so many records per tick and partition.
    Drains { per_tick: i64 },
    /// Members come and go: the group rebalances again and again.
    Rebalances,
    /// KIP-848: moves a partition between members now and then.
    Reconciles,
}

/// Partitions that a group commits, by topic.
type Reads = Vec<(StrBytes, Vec<i32>)>;

/// The groups that do something.
#[derive(Debug, Default)]
pub(super) struct Groups {
    active: Vec<(&'static str, Habit, Reads)>,
}

const ODIN: [&str; 8] = [
    "odin.alerts",
    "odin.candles",
    "odin.liquidity",
    "odin.orders",
    "odin.positions",
    "odin.prices",
    "odin.quotes",
    "odin.trades",
];

impl Groups {
    /// Puts all groups into the cluster, committed near the ends of their partitions.
    pub(super) fn put_into(state: &mut State) -> Self {
        let mut groups = Self::default();
        groups.add(
            state,
            "ws-server-production",
            &ODIN,
            3,
            Habit::KeepsUp { every: 5 * SECOND },
        );
        groups.add(
            state,
            "problem-generator-workers",
            &["problem-generation-requests"],
            13,
            Habit::Trails { by: 12 },
        );
        let stuck = Habit::StuckOn {
            topic: "payments.events",
            partition: 4,
        };
        groups.add(state, "payments-settlement", &["payments.events"], 3, stuck);
        groups.add(
            state,
            "audit-exporter",
            &["audit-log"],
            1,
            Habit::Drains { per_tick: 6 },
        );
        groups.add(state, "search-indexer", &["user-profiles"], 3, Habit::Rebalances);
        groups.add(state, "price-alerts", &["odin.prices"], 2, Habit::Trails { by: 40 });
        groups.add(state, "trade-enricher", &["odin.trades"], 3, Habit::Reconciles);
        groups.settle(state);
        put_idle(state);
        groups
    }

    fn add(&mut self, state: &mut State, id: &'static str, topics: &[&str], members: usize, habit: Habit) {
        let spec = match habit {
            Habit::Reconciles => GroupSpec::consumer(id),
            _ => GroupSpec::classic(id),
        };
        let spec = (0..members).fold(spec, |spec, n| spec.add_member(member(state, id, topics, members, n)));
        spec.put_into(state);
        let reads = topics.iter().map(|topic| {
            let count = state.topic(topic).map_or(0, |topic| topic.partitions.len()) as i32;
            let committed = if id == "price-alerts" { count.min(5) } else { count };
            (text(topic), (0..committed).collect())
        });
        self.active.push((id, habit, reads.collect()));
    }

    /// The first commits: at the end, but for the groups that have something to do.
    fn settle(&self, state: &mut State) {
        for (id, habit, reads) in &self.active {
            each(state, id, reads, |log, topic, partition, _| {
                let (start, end) = (log.start(), log.high_watermark());
                match habit {
                    Habit::Drains { .. } => start + (end - start) / 20,
                    Habit::StuckOn {
                        topic: at,
                        partition: stuck,
                    } if **topic == **at && partition == *stuck => end - (end - start) / 4,
                    _ => end,
                }
            });
        }
    }

    /// What the groups do in one tick.
    pub(super) fn step(&self, state: &mut State, tick: u64, random: &mut Random) {
        for (id, habit, reads) in &self.active {
            let is_second = tick.is_multiple_of(SECOND);
            match *habit {
                Habit::KeepsUp { every } if tick.is_multiple_of(every) => {
                    each(state, id, reads, |log, _, _, _| log.high_watermark());
                }
                Habit::Trails { by } if is_second => {
                    each(state, id, reads, |log, _, _, old| {
                        old.max(log.high_watermark() - random.below(by) as i64)
                    });
                }
                Habit::StuckOn {
                    topic: at,
                    partition: stuck,
                } if is_second => {
                    each(state, id, reads, |log, topic, partition, old| {
                        // A client commits the last record + 1; the marker behind it stays as a lag of 1.
                        let last = old.max(log.high_watermark() - 1);
                        if **topic == *at && partition == stuck {
                            old
                        } else {
                            last
                        }
                    });
                }
                Habit::Drains { per_tick } => {
                    each(state, id, reads, |log, _, _, old| {
                        log.high_watermark().min(old + per_tick)
                    });
                }
                Habit::Rebalances => rebalance(state, id, reads, tick),
                Habit::Reconciles if is_second => {
                    each(state, id, reads, |log, _, _, _| log.high_watermark());
                    reconcile(state, id, tick);
                }
                _ => {}
            }
        }
    }
}

/// Sets the commit of every partition to what `next` says of its log and its last commit (the log start without one).
fn each(
    state: &mut State,
    id: &str,
    reads: &Reads,
    mut next: impl FnMut(&crate::sim::state::log::Log, &StrBytes, i32, i64) -> i64,
) {
    let Some(mut group) = state.groups.remove(id.as_bytes()) else {
        return;
    };
    for (topic, partitions) in reads {
        for partition in partitions {
            let Some(found) = state.partition(topic, *partition) else {
                continue;
            };
            let old = group
                .commit(topic, *partition)
                .map_or(found.log.start(), |commit| commit.offset);
            let offset = next(&found.log, topic, *partition, old);
            let commit = Commit {
                offset,
                leader_epoch: found.leader_epoch,
                metadata: StrBytes::new(),
            };
            group.set_commit(topic, *partition, commit);
        }
    }
    state.groups.insert(text(id), group);
}

/// Member `n` of `members` with its share of every topic, as the range assignor deals them out.
fn member(state: &State, id: &str, topics: &[&str], members: usize, n: usize) -> Member {
    let client_id = match id {
        "ws-server-production" => format!("ws-server-{}", n + 1),
        "problem-generator-workers" => format!("problem-generator-{}", n + 1),
        _ => format!("{id}-{}", n + 1),
    };
    let mut assignment = Assignment::new();
    for topic in topics {
        let count = state.topic(topic).map_or(0, |topic| topic.partitions.len());
        let (share, rest) = (count / members, count % members);
        let from = n * share + n.min(rest);
        let to = from + share + usize::from(n < rest);
        if from < to {
            assignment.insert((*topic).to_owned(), (from as i32..to as i32).collect());
        }
    }
    Member {
        member_id: format!(
            "{client_id}-{:08x}-4b1d-4f5e-8c3a-{:012x}",
            id.len() * 7_919 + n,
            n * 104_729 + id.len()
        ),
        client_id,
        client_host: format!("/10.0.4.{}", 10 + id.len() + n),
        subscription: topics.iter().map(|topic| (*topic).to_owned()).collect(),
        assignment,
        ..Member::default()
    }
}

/// Eight seconds stable, three joining, one assigning; a member more or less each time.
fn rebalance(state: &mut State, id: &str, reads: &Reads, tick: u64) {
    let (round, phase) = (tick / (12 * SECOND), tick % (12 * SECOND));
    if phase < 8 * SECOND {
        each(state, id, reads, |log, _, _, old| old.max(log.high_watermark() - 3));
    }
    let members: Vec<Member> = {
        let count = 2 + (round % 2) as usize;
        (0..count)
            .map(|n| member(state, id, &["user-profiles"], count, n))
            .collect()
    };
    let Some(group) = state.groups.get_mut(id.as_bytes()) else {
        return;
    };
    group.state = match phase / SECOND {
        0..8 => GroupState::Stable,
        8..11 => GroupState::PreparingRebalance,
        _ => GroupState::CompletingRebalance,
    };
    if phase == 0 {
        group.epoch += 1;
        group.members = members;
    }
}

/// Once a minute the last partition of the first member is on its way to the second for four seconds.
fn reconcile(state: &mut State, id: &str, tick: u64) {
    let Some(group) = state.groups.get_mut(id.as_bytes()) else {
        return;
    };
    let second = (tick / SECOND) % 60;
    if second == 56 {
        group.state = GroupState::Reconciling;
        group.epoch += 1;
        hand_over(group);
    } else if second == 0 {
        group.state = GroupState::Stable;
        for member in &mut group.members {
            if let Some(target) = member.target.take() {
                member.assignment = target;
            }
        }
    }
}

fn hand_over(group: &mut Group) {
    let count = group.members.len();
    let Some(giver) = (0..count).max_by_key(|n| group.members[*n].assignment.values().map(Vec::len).sum::<usize>())
    else {
        return;
    };
    let mut targets: Vec<Assignment> = group.members.iter().map(|member| member.assignment.clone()).collect();
    let handed = targets[giver]
        .iter_mut()
        .find_map(|(topic, partitions)| Some((topic.clone(), partitions.pop()?)));
    if let Some((topic, partition)) = handed {
        targets[(giver + 1) % count].entry(topic).or_default().push(partition);
    }
    for (member, target) in group.members.iter_mut().zip(targets) {
        member.target = (member.assignment != target).then_some(target);
    }
}

/// Groups that do nothing: stopped, never started, of other kinds.
fn put_idle(state: &mut State) {
    let ends = |state: &State, topic: &str| -> BTreeMap<i32, (i64, i64)> {
        let partitions = state
            .topic(topic)
            .map(|topic| &topic.partitions[..])
            .unwrap_or_default();
        let logs = partitions
            .iter()
            .map(|partition| (partition.log.start(), partition.log.high_watermark()));
        (0..).zip(logs).collect()
    };
    let report = ends(state, "odin.orders")
        .iter()
        .fold(GroupSpec::classic("nightly-report"), |group, (index, log)| {
            // Partition 3 was overtaken by retention: what it had not read is gone.
            let offset = if *index == 3 {
                log.0 - 12_034
            } else {
                i64::midpoint(log.0, log.1)
            };
            group.commit("odin.orders", *index, offset)
        });
    report.put_into(state);
    let debug = member(state, "odin-replay-debug", &["odin.liquidity"], 1, 0);
    GroupSpec::classic("odin-replay-debug")
        .add_member(debug)
        .put_into(state);
    let backup = ends(state, "audit-log");
    let backup = backup
        .iter()
        .fold(GroupSpec::simple("backup-tool"), |group, (index, log)| {
            let commit = Commit {
                offset: log.1 - 250,
                leader_epoch: 0,
                metadata: text("backup 2026-11-20T03:00Z"),
            };
            group.commit_with("audit-log", *index, commit)
        });
    backup.put_into(state);
    let sink = ends(state, "telemetry.raw");
    let sink = sink
        .iter()
        .fold(GroupSpec::classic("connect-s3-sink"), |group, (index, log)| {
            group.commit("telemetry.raw", *index, log.1 - 40)
        });
    sink.put_into(state);
}
