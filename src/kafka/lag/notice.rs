//! What stands out in a group, as data: the screens and commands put it into words.

use super::{GroupDetail, LagCase, PartitionLag, UnknownLag};
use crate::kafka::model::GroupDescription;

/// One thing about a group that a person should see first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Members that own no partition while the group is stable: "2 members idle (5 members, 3 partitions)".
    IdleMembers {
        /// Members without a partition.
        idle: usize,
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

/// What stands out in `detail`, in order of importance; empty when all is well.
pub fn notices(detail: &GroupDetail) -> Vec<Notice> {
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
        some(rows, |row| matches!(row.case, LagCase::Ahead { .. })).map(|partitions| Notice::Ahead { partitions }),
        some(rows, |row| matches!(row.case, LagCase::Unknown(UnknownLag::Deleted)))
            .map(|partitions| Notice::Deleted { partitions }),
        some(rows, unowned).map(|partitions| Notice::Unowned { partitions }),
        idle(description),
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

/// Whether owners cannot be told: no members, a rebalance (brokers then send no assignments), or an assignment in a
/// format of the members' own.
fn is_unassignable(group: &GroupDescription) -> bool {
    group.members.is_empty() || !group.state.is_stable() || group.members.iter().any(|member| member.assigned.is_none())
}

fn idle(group: &GroupDescription) -> Option<Notice> {
    if is_unassignable(group) {
        return None;
    }
    let owned = group
        .members
        .iter()
        .map(|member| member.assigned.as_ref().map_or(0, Vec::len));
    let idle = owned.clone().filter(|count| *count == 0).count();
    (idle > 0).then(|| Notice::IdleMembers {
        idle,
        members: group.members.len(),
        partitions: owned.sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::{BrokerId, GroupState, GroupType, Member, Offset, TopicPartition};

    fn member(assigned: Option<&[i32]>) -> Member {
        Member {
            id: "m".into(),
            instance_id: None,
            client_id: "c".into(),
            host: "h".into(),
            subscribed: Vec::new(),
            assigned: assigned.map(|list| list.iter().map(|p| TopicPartition::new("t", *p)).collect()),
        }
    }

    fn detail(state: &str, members: Vec<Member>, partitions: Vec<PartitionLag>) -> GroupDetail {
        GroupDetail {
            description: GroupDescription {
                group: "g".into(),
                kind: GroupType::Classic,
                protocol_type: "consumer".into(),
                assignor: "range".into(),
                state: GroupState(state.into()),
                coordinator: BrokerId(1),
                members,
            },
            partitions,
        }
    }

    fn row(partition: i32, owner: Option<usize>, case: LagCase) -> PartitionLag {
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
            idle: 2,
            members: 5,
            partitions: 3,
        };
        assert_eq!(notices(&detail("Stable", five_members_on_three(), vec![])), [idle]);
    }

    #[test]
    fn nobody_is_called_idle_during_a_rebalance() {
        let group = detail(
            "PreparingRebalance",
            five_members_on_three(),
            vec![row(9, None, LagCase::Known { lag: 1 })],
        );
        assert_eq!(notices(&group), []);
    }

    #[test]
    fn nobody_is_called_idle_when_an_assignment_cannot_be_read() {
        let group = detail(
            "Stable",
            vec![member(None), member(Some(&[]))],
            vec![row(0, None, LagCase::Known { lag: 1 })],
        );
        assert_eq!(notices(&group), []);
    }

    #[test]
    fn a_partition_that_nobody_owns_stands_out_only_in_a_group_with_members() {
        let orphan = || vec![row(7, None, LagCase::Known { lag: 1 })];
        let stable = detail("Stable", vec![member(Some(&[0]))], orphan());
        assert_eq!(notices(&stable), [Notice::Unowned { partitions: 1 }]);
        assert_eq!(notices(&detail("Empty", vec![], orphan())), []);
    }

    #[test]
    fn a_deleted_topic_is_not_told_a_second_time_as_unowned() {
        let group = detail(
            "Stable",
            vec![member(Some(&[0]))],
            vec![row(7, None, LagCase::Unknown(UnknownLag::Deleted))],
        );
        assert_eq!(notices(&group), [Notice::Deleted { partitions: 1 }]);
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
            notices(&detail("Stable", vec![member(Some(&[0]))], rows)),
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
}
