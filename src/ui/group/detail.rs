//! What there is to say of the partition under the cursor, on one line.

use std::time::{Duration, Instant};

use crate::app::pane::View;
use crate::app::pane::group::{Group, GroupTab};
use crate::app::wall::WallClock;
use crate::kafka::lag::tail::Tail;
use crate::kafka::lag::watch::{GroupWatch, PartitionPace};
use crate::kafka::lag::{LagCase, UnknownLag};
use crate::kafka::model::{TimestampType, TopicName};
use crate::ui::format::{Rate, Span};
use crate::ui::theme::Role;
use crate::ui::verdict::Moved;

/// The words, and how loud they are.
pub(super) fn words(pane: &Group, view: View<'_>) -> Option<(Role, String)> {
    let row = pane
        .partition(pane.list().cursor, view.store)
        .filter(|_| pane.tab() == GroupTab::Partitions)?;
    if let Some(reason) = reason(&row.case) {
        return Some((Role::Warning, reason));
    }
    let watch = view.store.derived.watches.get(&pane.listing().group)?;
    let seen = watch.partition(&row.partition)?;
    let mut said = progress(watch, &seen, view.store.derived.wall.as_ref());
    said.extend(kept(pane, view, &row.partition.topic, &seen));
    Some((Role::Dim, said.join(" · ")))
}

/// Why a figure is unknown.
fn reason(case: &LagCase) -> Option<String> {
    match case {
        LagCase::Unknown(UnknownLag::NoEnd(why) | UnknownLag::NoCommitted(why)) => Some(why.clone()),
        LagCase::Unknown(UnknownLag::NoLeader) => {
            Some("the partition has no leader: its end cannot be asked for".to_owned())
        }
        LagCase::Unknown(UnknownLag::Deleted) => {
            Some("the topic or partition no longer exists; the commit remains".to_owned())
        }
        LagCase::Known { .. } | LagCase::NoCommit { .. } | LagCase::Expired { .. } | LagCase::Ahead { .. } => None,
    }
}

/// When it was last seen to commit, how often that is, what comes and goes, and what the sign before BEHIND means.
fn progress(watch: &GroupWatch, seen: &PartitionPace<'_>, clock: Option<&WallClock>) -> Vec<String> {
    let mut parts = vec![last_commit(seen.moved, watch.seen(), clock)];
    parts.extend(
        watch
            .interval()
            .map(|interval| format!("commits every {}", Span(interval))),
    );
    parts.extend(
        seen.pace
            .map(|pace| format!("in {}, out {}", Rate(pace.produced), Rate(pace.consumed))),
    );
    parts.extend(seen.tail.as_ref().and_then(sign).map(str::to_owned));
    parts
}

/// For how long retention leaves the record that is read next.
fn kept(pane: &Group, view: View<'_>, topic: &TopicName, seen: &PartitionPace<'_>) -> Option<String> {
    let wall = view.store.wall_of(&pane.listing().group)?;
    let left = Group::keeps(topic, view.store)?.left(seen.tail?.next?, wall)?;
    Some(match left {
        Duration::ZERO => "retention may take it any moment".to_owned(),
        left => format!("kept {} at least", Span(left)),
    })
}

/// The words change with what is seen, not with the clock.
fn last_commit(moved: Option<Instant>, looked: Option<Instant>, clock: Option<&WallClock>) -> String {
    match (moved, looked, clock) {
        (Some(moved), Some(looked), Some(clock)) => {
            format!("commit moved {}", Moved { moved, looked, clock })
        }
        (Some(_), ..) => "commit seen to move".to_owned(),
        (None, ..) => "commit not seen to move since ktui watches".to_owned(),
    }
}

/// What the sign before BEHIND means.
fn sign(tail: &Tail) -> Option<&'static str> {
    let next = tail.next?;
    if tail.is_gone() {
        return Some("> the record at the commit is gone, so at least");
    }
    (next.timestamp_type == TimestampType::Create).then_some("~ by the producers' clock")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::lag::tail::{Next, Place};
    use crate::kafka::model::{Offset, Timestamp, TopicPartition};

    #[test]
    fn the_last_commit_is_the_last_change_that_was_seen() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let later = Some(begin + Duration::from_secs(12));
        let clock = WallClock {
            at: begin,
            time: "2026-11-20T10:00:00Z".parse().unwrap(),
            zone: jiff::tz::TimeZone::UTC,
        };
        assert_eq!(last_commit(Some(begin), later, Some(&clock)), "commit moved 10:00:00");
        assert!(last_commit(None, later, Some(&clock)).contains("not seen to move"));
    }

    #[test]
    fn a_sign_says_what_it_means() {
        let place = Place {
            partition: TopicPartition::new("orders", 0),
            committed: Offset(10),
            end: Offset(20),
        };
        let tail = |offset, timestamp_type| Tail {
            next: Some(Next {
                offset: Offset(offset),
                timestamp: Timestamp(1),
                timestamp_type,
            }),
            ..Tail::at(&place)
        };
        assert_eq!(sign(&tail(10, TimestampType::LogAppend)), None);
        assert_eq!(
            sign(&tail(10, TimestampType::Create)),
            Some("~ by the producers' clock")
        );
        assert!(sign(&tail(12, TimestampType::Create)).is_some_and(|words| words.starts_with('>')));
        assert_eq!(sign(&Tail::at(&place)), None);
    }
}
