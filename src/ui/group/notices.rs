//! What stands out in a group, in words.

use std::time::Duration;

use crate::kafka::lag::notice::Notice;
use crate::ui::format::{Count, Period, Span};
use crate::ui::theme::Role;
use crate::ui::verdict::Since;

/// A notice in words.
pub(super) fn words(notice: &Notice) -> (Role, String) {
    (role(notice), text(notice))
}

fn role(notice: &Notice) -> Role {
    match notice {
        Notice::NoLeader { .. }
        | Notice::RebalanceLoop { .. }
        | Notice::Stuck { .. }
        | Notice::AtRisk { .. }
        | Notice::Lost { .. }
        | Notice::Ahead { .. } => Role::Danger,
        Notice::Hot { .. }
        | Notice::Deleted { .. }
        | Notice::Unowned { .. }
        | Notice::IdleMembers { .. }
        | Notice::NoCommit { .. } => Role::Warning,
    }
}

fn text(notice: &Notice) -> String {
    match notice {
        Notice::NoLeader { partitions } => {
            format!("{} without a leader: neither lag nor progress", of(*partitions))
        }
        Notice::RebalanceLoop { rebalances } => {
            format!("rebalanced {rebalances} times in 5 minutes: members come and go, little is read meanwhile")
        }
        Notice::Stuck {
            partition,
            committed,
            standing,
        } => format!(
            "{} {} stuck at {} for {}: p shows the record",
            partition.topic,
            partition.partition,
            Count(committed.0),
            Since(*standing)
        ),
        Notice::Hot { partition, percent } => {
            format!(
                "{} {} holds {percent} % of the lag",
                partition.topic, partition.partition
            )
        }
        Notice::AtRisk { partition, left, keeps } => {
            let place = format!("{} {}", partition.topic, partition.partition);
            let kept = Period(i64::try_from(keeps.as_millis()).unwrap_or(i64::MAX));
            match *left {
                Duration::ZERO => format!("{place} may lose unread records any moment: they are older than its {kept}"),
                left => format!(
                    "{place} starts losing unread records in {} at the earliest (kept {kept})",
                    Span(left)
                ),
            }
        }
        Notice::Lost { offsets, partitions } => {
            let lost = Count(*offsets);
            format!("already lost {lost} records to retention, on {}", of(*partitions))
        }
        Notice::Ahead { partitions } => format!(
            "commit past the log end on {}: the log was truncated or the topic made anew",
            of(*partitions)
        ),
        Notice::Deleted { partitions } => format!("commits of {} that no longer exist", of(*partitions)),
        Notice::Unowned { partitions } => {
            format!("{} without an owner, although the group has members", of(*partitions))
        }
        Notice::IdleMembers {
            idle,
            members,
            partitions,
        } => {
            let plural = if *idle == 1 { "member" } else { "members" };
            format!("{idle} {plural} idle ({members} members, {})", of(*partitions))
        }
        Notice::NoCommit { partitions } => format!("{} assigned but never committed", of(*partitions)),
    }
}

fn of(count: usize) -> String {
    match count {
        1 => "1 partition".to_owned(),
        count => format!("{} partitions", Count(count as i64)),
    }
}
