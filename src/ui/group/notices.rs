//! What stands out in a group, in words.

use std::sync::Arc;
use std::time::Duration;

use ratatui::Frame;

use crate::app::action::Action;
use crate::app::pane::View;
use crate::kafka::lag::notice::Notice;
use crate::kafka::lag::watch::MemberChange;
use crate::kafka::model::TopicPartition;
use crate::layout::Area;
use crate::ui::format::{Count, Period, Span};
use crate::ui::line::Line;
use crate::ui::theme::Role;
use crate::ui::verdict::Since;
use crate::ui::{Paint, frame};

/// Draws a line for each, as far as there is room.
pub(super) fn draw(frame: &mut Frame<'_>, area: Area, notices: &[Notice], view: View<'_>, paint: &Paint<'_>) {
    for (y, notice) in (area.y..area.y + area.height).zip(notices) {
        let line = Area { y, height: 1, ..area };
        let hint = match notice {
            // A recording has no records, and moves no offsets.
            Notice::Stuck { .. } if !view.is_recorded => {
                let key = |action| frame::key_of(action, paint);
                let (shows, skips) = (key(Action::GroupRecord), key(Action::SkipRecord));
                format!(": {shows} shows it, {skips} skips it")
            }
            _ => String::new(),
        };
        Line::new(frame.buffer_mut(), line, paint.theme)
            .gap(1)
            .left(role(notice), text(notice) + &hint);
    }
}

fn role(notice: &Notice) -> Role {
    match notice {
        Notice::NoLeader { .. }
        | Notice::RebalanceLoop { .. }
        | Notice::Stuck { .. }
        | Notice::AtRisk { .. }
        | Notice::Overtaken { .. }
        | Notice::Lost { .. }
        | Notice::Ahead { .. } => Role::Danger,
        Notice::Hot { .. }
        | Notice::Deleted { .. }
        | Notice::Unowned { .. }
        | Notice::IdleMembers { .. }
        | Notice::Uneven { .. }
        | Notice::Laggard { .. }
        | Notice::NoCommit { .. } => Role::Warning,
        Notice::Membership { .. } => Role::Dim,
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
            "{} {} stuck at {} for {}",
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
        Notice::AtRisk { partition, left, keeps } => at_risk(partition, *left, *keeps),
        Notice::Overtaken { partition, left } => {
            let (topic, id, left) = (&partition.topic, partition.partition, Span(*left));
            format!("{topic} {id} starts losing unread records in ~{left}, as fast as its log start moves")
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
            let plural = if idle.len() == 1 { "member" } else { "members" };
            let (count, names) = (idle.len(), names(idle));
            format!(
                "{count} {plural} idle ({members} members, {}): {names}",
                of(*partitions)
            )
        }
        Notice::Uneven {
            member,
            host,
            owns,
            least,
        } => format!("{member} @{host} owns {}, another member {least}", of(*owns)),
        Notice::Laggard { member, host, percent } => {
            format!("the partitions of {member} @{host} hold {percent} % of the lag")
        }
        Notice::Membership { change, ago, others } => news(change, *ago, *others),
        Notice::NoCommit { partitions } => format!("{} assigned but never committed", of(*partitions)),
    }
}

/// When retention takes what was not read.
fn at_risk(at: &TopicPartition, left: Duration, keeps: Duration) -> String {
    let place = format!("{} {}", at.topic, at.partition);
    let kept = Period(i64::try_from(keeps.as_millis()).unwrap_or(i64::MAX));
    if left.is_zero() {
        return format!("{place} may lose unread records any moment: they are older than the {kept} it keeps");
    }
    let left = Span(left);
    format!("{place} starts losing unread records in {left} at the earliest (kept {kept})")
}

/// Who came or went.
/// The first of some members, and how many more there are.
fn names(members: &[(Arc<str>, Arc<str>)]) -> String {
    const NAMED: usize = 3;
    let named = members
        .iter()
        .take(NAMED)
        .map(|(member, host)| format!("{member} @{host}"));
    let names = named.collect::<Vec<_>>().join(", ");
    match members.len().saturating_sub(NAMED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

fn news(change: &MemberChange, ago: Duration, others: usize) -> String {
    let (word, member, host) = match change {
        MemberChange::Joined(member, host) => ("joined", member, host),
        MemberChange::Left(member, host) => ("left", member, host),
        MemberChange::Rebalancing => return "the group rebalances".to_owned(),
    };
    let when = match ago {
        Duration::ZERO => "just now".to_owned(),
        ago => format!("{} ago", Span(ago)),
    };
    let before = match others {
        0 => String::new(),
        1 => ", one more change in 5 minutes".to_owned(),
        more => format!(", {more} more changes in 5 minutes"),
    };
    format!("{member} @{host} {word} {when}{before}")
}

fn of(count: usize) -> String {
    match count {
        1 => "1 partition".to_owned(),
        count => format!("{} partitions", Count(count as i64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_and_went_is_said_with_its_age() {
        let left = MemberChange::Left("worker-4".into(), "10.2.0.17".into());
        let said = |ago, others| news(&left, Duration::from_secs(ago), others);
        assert_eq!(said(12, 0), "worker-4 @10.2.0.17 left 12 s ago");
        assert_eq!(
            said(0, 3),
            "worker-4 @10.2.0.17 left just now, 3 more changes in 5 minutes"
        );
    }

    #[test]
    fn a_risk_names_the_time_that_is_left_or_that_none_is() {
        let risk = |left| {
            text(&Notice::AtRisk {
                partition: TopicPartition::new("orders", 7),
                left: Duration::from_secs(left),
                keeps: Duration::from_secs(3_600),
            })
        };
        let soon = risk(2_400);
        assert!(
            soon.starts_with("orders 7 starts losing unread records in 40 m 00 s"),
            "{soon}"
        );
        let by_speed = text(&Notice::Overtaken {
            partition: TopicPartition::new("orders", 7),
            left: Duration::from_secs(2_400),
        });
        let words = "orders 7 starts losing unread records in ~40 m 00 s";
        assert!(by_speed.starts_with(words), "{by_speed}");
        let now = risk(0);
        assert!(now.starts_with("orders 7 may lose unread records any moment"), "{now}");
    }
}
