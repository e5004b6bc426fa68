//! What stands out in a group, in words.

use crate::kafka::lag::notice::Notice;
use crate::ui::format::Count;
use crate::ui::theme::Role;
use crate::ui::verdict::Since;

/// A notice in words.
pub(super) fn words(notice: &Notice) -> (Role, String) {
    let of = |count: usize| {
        if count == 1 {
            "1 partition".to_owned()
        } else {
            format!("{} partitions", Count(count as i64))
        }
    };
    match notice {
        Notice::NoLeader { partitions } => (
            Role::Danger,
            format!("{} without a leader: neither lag nor progress", of(*partitions)),
        ),
        Notice::RebalanceLoop { rebalances } => (
            Role::Danger,
            format!("rebalanced {rebalances} times in 5 minutes: members come and go, little is read meanwhile"),
        ),
        Notice::Stuck {
            partition,
            committed,
            standing,
        } => {
            let over = Since(*standing);
            let at = Count(committed.0);
            (
                Role::Danger,
                format!(
                    "{} {} stuck at {at} for {over}: m shows its records",
                    partition.topic, partition.partition
                ),
            )
        }
        Notice::Hot { partition, percent } => (
            Role::Warning,
            format!(
                "{} {} holds {percent} % of the lag",
                partition.topic, partition.partition
            ),
        ),
        Notice::Lost { offsets, partitions } => (
            Role::Danger,
            format!(
                "already lost {} records to retention, on {}",
                Count(*offsets),
                of(*partitions)
            ),
        ),
        Notice::Ahead { partitions } => (
            Role::Danger,
            format!(
                "commit past the log end on {}: the log was truncated or the topic made anew",
                of(*partitions)
            ),
        ),
        Notice::Deleted { partitions } => (
            Role::Warning,
            format!("commits of {} that no longer exist", of(*partitions)),
        ),
        Notice::Unowned { partitions } => (
            Role::Warning,
            format!("{} without an owner, although the group has members", of(*partitions)),
        ),
        Notice::IdleMembers {
            idle,
            members,
            partitions,
        } => {
            let plural = if *idle == 1 { "member" } else { "members" };
            (
                Role::Warning,
                format!("{idle} {plural} idle ({members} members, {})", of(*partitions)),
            )
        }
        Notice::NoCommit { partitions } => (
            Role::Warning,
            format!("{} assigned but never committed", of(*partitions)),
        ),
    }
}
