//! What stands out in a group, as data: the screens and commands put it into words.

mod members;

use std::sync::Arc;

use super::watch::{GroupWatch, MemberChange, Standing};
use super::{GroupDetail, LagCase, PartitionLag, UnknownLag};
use crate::kafka::model::{GroupDescription, Member, Offset, TopicPartition};

/// One thing about a group that a person should see first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Members that own no partition while the group is stable: "2 members idle (5 members, 3 partitions)".
    IdleMembers {
        /// Members without a partition: client id and host.
        idle: Vec<(Arc<str>, Arc<str>)>,
        /// All members.
        members: usize,
        /// Partitions the others own.
        partitions: usize,
    },
    /// Partitions with a commit that no member owns, although the group has members and the topic exists.
    Unowned {
        /// How many.
        partitions: usize,
    },
    /// The group was seen to rebalance so often in the last five minutes that it gets little done.
    RebalanceLoop {
        /// How often.
        rebalances: usize,
    },
    /// A partition stands while records wait: the one that has stood longest.
    Stuck {
        /// The partition.
        partition: TopicPartition,
        /// The commit that does not move.
        committed: Offset,
        /// For how long.
        standing: Standing,
    },
    /// One partition holds most of the lag of several.
    Hot {
        /// The partition.
        partition: TopicPartition,
        /// Its part of the group's lag, in percent.
        percent: u8,
    },
    /// One member owns far more partitions than another.
    Uneven {
        /// Its client id.
        member: Arc<str>,
        /// Its host.
        host: Arc<str>,
        /// How many it owns.
        owns: usize,
        /// How few another one owns.
        least: usize,
    },
    /// One member's partitions hold most of the lag.
    Laggard {
        /// Its client id.
        member: Arc<str>,
        /// Its host.
        host: Arc<str>,
        /// Their part of the group's lag, in percent.
        percent: u8,
    },
    /// A member came or went not long ago.
    Membership {
        /// The newest change.
        change: MemberChange,
        /// How long before the newest look it was seen.
        ago: std::time::Duration,
        /// How many there were before it in the last minutes.
        others: usize,
    },
    /// Retention is about to overtake the group.
    AtRisk {
        /// The partition that loses records first.
        partition: TopicPartition,
        /// For how long its next record is still there at least; zero when it may go at any moment.
        left: std::time::Duration,
        /// How long the topic keeps records.
        keeps: std::time::Duration,
    },
    /// The log start comes nearer, and overtakes the group if both go on like this.
    Overtaken {
        /// The partition that loses records first.
        partition: TopicPartition,
        /// In how long.
        left: std::time::Duration,
    },
    /// Retention overtook the group: records it never read are gone.
    Lost {
        /// Offsets between commit and log start, in sum.
        offsets: i64,
        /// On this many partitions.
        partitions: usize,
    },
    /// Commits past the log end: the log was truncated or the topic made anew.
    Ahead {
        /// On this many partitions.
        partitions: usize,
    },
    /// Commits of topics or partitions that no longer exist.
    Deleted {
        /// On this many partitions.
        partitions: usize,
    },
    /// Partitions without a leader: neither lag nor progress.
    NoLeader {
        /// How many.
        partitions: usize,
    },
    /// Assigned partitions without a commit.
    NoCommit {
        /// How many.
        partitions: usize,
    },
}

/// What stands out in `detail` and was seen over time, in order of importance; empty when all is well.
pub fn notices(detail: &GroupDetail, watch: Option<&GroupWatch>) -> Vec<Notice> {
    let rows = &detail.partitions;
    let description = &detail.description;
    let lost = rows.iter().map(|row| match row.case {
        LagCase::Expired { lost, .. } => lost,
        _ => 0,
    });
    let offsets = lost.fold(0, i64::saturating_add);
    let unowned = |row: &PartitionLag| {
        row.owner.is_none() && row.case != LagCase::Unknown(UnknownLag::Deleted) && !is_unassignable(description)
    };
    [
        some(rows, |row| matches!(row.case, LagCase::Unknown(UnknownLag::NoLeader)))
            .map(|partitions| Notice::NoLeader { partitions }),
        some(rows, |row| matches!(row.case, LagCase::Expired { .. }))
            .map(|partitions| Notice::Lost { offsets, partitions }),
        stuck(rows, watch),
        watch
            .and_then(GroupWatch::rebalance_loop)
            .map(|rebalances| Notice::RebalanceLoop { rebalances }),
        some(rows, |row| matches!(row.case, LagCase::Ahead { .. })).map(|partitions| Notice::Ahead { partitions }),
        some(rows, |row| matches!(row.case, LagCase::Unknown(UnknownLag::Deleted)))
            .map(|partitions| Notice::Deleted { partitions }),
        some(rows, unowned).map(|partitions| Notice::Unowned { partitions }),
        idle(description),
        hot(rows).or_else(|| members::behind(description, rows)),
        members::uneven(description),
        watch.and_then(members::news),
        some(rows, |row| matches!(row.case, LagCase::NoCommit { .. }))
            .map(|partitions| Notice::NoCommit { partitions }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn some(rows: &[PartitionLag], holds: impl Fn(&PartitionLag) -> bool) -> Option<usize> {
    let count = rows.iter().filter(|row| holds(row)).count();
    (count > 0).then_some(count)
}

fn stuck(rows: &[PartitionLag], watch: Option<&GroupWatch>) -> Option<Notice> {
    let (partition, standing) = watch?.most_stuck()?;
    let row = rows.iter().find(|row| row.partition == *partition)?;
    Some(Notice::Stuck {
        partition: partition.clone(),
        committed: row.committed?,
        standing,
    })
}

/// A partition counts as hot from this part of the lag on, in percent, where three and more share it.
const HOT: i64 = 60;
/// A lag below this is no load worth a word.
const WORTH: i64 = 1_000;

fn hot(rows: &[PartitionLag]) -> Option<Notice> {
    let lags = rows.iter().filter_map(|row| Some((row, row.case.readable()?)));
    let lags: Vec<_> = lags.collect();
    let sum = lags.iter().fold(0_i64, |sum, (_, lag)| sum.saturating_add(*lag));
    let (row, most) = lags.iter().max_by_key(|(_, lag)| *lag)?;
    let percent = most.saturating_mul(100).checked_div(sum)?;
    (lags.len() >= 3 && sum >= WORTH && percent >= HOT).then(|| Notice::Hot {
        partition: row.partition.clone(),
        percent: percent.clamp(0, 100) as u8,
    })
}

/// Whether owners cannot be told: no members, a rebalance (brokers then send no assignments), or an assignment in a
/// format of the members' own.
fn is_unassignable(group: &GroupDescription) -> bool {
    group.members.is_empty() || !group.state.is_stable() || group.members.iter().any(|member| member.assigned.is_none())
}

fn idle(group: &GroupDescription) -> Option<Notice> {
    if is_unassignable(group) {
        return None;
    }
    let owns = |member: &Member| member.assigned.as_ref().map_or(0, Vec::len);
    let without = group.members.iter().filter(|member| owns(member) == 0);
    let idle: Vec<_> = without
        .map(|member| (member.client_id.clone(), member.host.clone()))
        .collect();
    (!idle.is_empty()).then(|| Notice::IdleMembers {
        idle,
        members: group.members.len(),
        partitions: group.members.iter().map(owns).sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::{BrokerId, GroupState, GroupType};

    pub(super) fn member(assigned: Option<&[i32]>) -> Member {
        Member {
            id: "m".into(),
            instance_id: None,
            client_id: "c".into(),
            host: "h".into(),
            subscribed: Vec::new(),
            assigned: assigned.map(|list| list.iter().map(|p| TopicPartition::new("t", *p)).collect()),
        }
    }

    pub(super) fn detail(state: &str, members: Vec<Member>, partitions: Vec<PartitionLag>) -> GroupDetail {
        GroupDetail {
            description: GroupDescription {
                group: "g".into(),
                kind: GroupType::Classic,
                protocol_type: "consumer".into(),
                assignor: "range".into(),
                epoch: None,
                state: GroupState(state.into()),
                coordinator: BrokerId(1),
                members,
            },
            partitions,
            unread: None,
        }
    }

    pub(super) fn row(partition: i32, owner: Option<usize>, case: LagCase) -> PartitionLag {
        PartitionLag {
            partition: TopicPartition::new("t", partition),
            owner,
            committed: Some(Offset(1)),
            log_start: None,
            end: None,
            case,
        }
    }

    fn five_members_on_three() -> Vec<Member> {
        vec![
            member(Some(&[0])),
            member(Some(&[1])),
            member(Some(&[2])),
            member(Some(&[])),
            member(Some(&[])),
        ]
    }

    #[test]
    fn members_without_a_partition_are_idle_when_the_group_is_stable() {
        let idle = Notice::IdleMembers {
            idle: vec![("c".into(), "h".into()), ("c".into(), "h".into())],
            members: 5,
            partitions: 3,
        };
        assert_eq!(
            notices(&detail("Stable", five_members_on_three(), vec![]), None),
            [idle]
        );
    }

    #[test]
    fn nobody_is_called_idle_during_a_rebalance() {
        let group = detail(
            "PreparingRebalance",
            five_members_on_three(),
            vec![row(9, None, LagCase::Known { lag: 1 })],
        );
        assert_eq!(notices(&group, None), []);
    }

    #[test]
    fn nobody_is_called_idle_when_an_assignment_cannot_be_read() {
        let group = detail(
            "Stable",
            vec![member(None), member(Some(&[]))],
            vec![row(0, None, LagCase::Known { lag: 1 })],
        );
        assert_eq!(notices(&group, None), []);
    }

    #[test]
    fn a_partition_that_nobody_owns_stands_out_only_in_a_group_with_members() {
        let orphan = || vec![row(7, None, LagCase::Known { lag: 1 })];
        let stable = detail("Stable", vec![member(Some(&[0]))], orphan());
        assert_eq!(notices(&stable, None), [Notice::Unowned { partitions: 1 }]);
        assert_eq!(notices(&detail("Empty", vec![], orphan()), None), []);
    }

    #[test]
    fn a_deleted_topic_is_not_told_a_second_time_as_unowned() {
        let group = detail(
            "Stable",
            vec![member(Some(&[0]))],
            vec![row(7, None, LagCase::Unknown(UnknownLag::Deleted))],
        );
        assert_eq!(notices(&group, None), [Notice::Deleted { partitions: 1 }]);
    }

    #[test]
    fn what_was_lost_is_summed_and_comes_before_what_is_merely_odd() {
        let rows = vec![
            row(0, Some(0), LagCase::Expired { lag: 9, lost: 4 }),
            row(1, Some(0), LagCase::Expired { lag: 9, lost: 6 }),
            row(2, Some(0), LagCase::Ahead { by: 3 }),
            row(3, Some(0), LagCase::NoCommit { backlog: None }),
            row(4, Some(0), LagCase::Unknown(UnknownLag::NoLeader)),
        ];
        assert_eq!(
            notices(&detail("Stable", vec![member(Some(&[0]))], rows), None),
            [
                Notice::NoLeader { partitions: 1 },
                Notice::Lost {
                    offsets: 10,
                    partitions: 2
                },
                Notice::Ahead { partitions: 1 },
                Notice::NoCommit { partitions: 1 },
            ]
        );
    }

    #[test]
    fn one_partition_with_most_of_the_lag_is_hot_where_several_share_it() {
        let rows = |lags: &[i64]| {
            let each = (0..).zip(lags);
            each.map(|(index, lag)| row(index, None, LagCase::Known { lag: *lag }))
                .collect()
        };
        let hot = |lags: &[i64]| notices(&detail("Empty", vec![], rows(lags)), None);
        let partition = TopicPartition::new("t", 1);
        assert_eq!(hot(&[100, 9_000, 900]), [Notice::Hot { partition, percent: 90 }]);
        assert_eq!(hot(&[100, 9_000]), []);
        assert_eq!(hot(&[3_000, 4_000, 3_000]), []);
        assert_eq!(hot(&[0, 10, 1]), []);
        assert_eq!(hot(&[0, 0, 0]), []);
    }

    #[test]
    fn what_was_seen_over_time_stands_out_too() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = std::time::Instant::now();
        let mut watch = GroupWatch::default();
        let stuck = PartitionLag {
            end: Some(Offset(500)),
            ..row(7, Some(0), LagCase::Known { lag: 499 })
        };
        let group = |state| detail(state, vec![member(Some(&[7]))], vec![stuck.clone()]);
        for look in 0..8 {
            let seen = group(if look % 2 == 0 { "Stable" } else { "PreparingRebalance" });
            watch.take(&crate::kafka::lag::watch::Look {
                description: Some(&seen.description),
                state: None,
                rows: &seen.partitions,
                unread: None,
                at: begin + std::time::Duration::from_secs(look * 20),
            });
        }
        let found = notices(&group("Stable"), Some(&watch));
        assert!(
            matches!(
                &found[..],
                [
                    Notice::Stuck {
                        committed: Offset(1),
                        ..
                    },
                    Notice::RebalanceLoop { rebalances: 4 }
                ]
            ),
            "{found:?}"
        );
    }
}
