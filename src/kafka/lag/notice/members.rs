//! What stands out among the members: one that has far more to do than the others, and who came and went.

use std::time::Duration;

use super::{Notice, WORTH, is_unassignable};
use crate::kafka::lag::PartitionLag;
use crate::kafka::lag::watch::{GroupWatch, MemberChange};
use crate::kafka::model::GroupDescription;

/// Changes older than this are no news.
const NEWS: Duration = Duration::from_secs(5 * 60);
/// One of three and more members that has this part of the lag, in percent, has far more than the others.
const MOST: i64 = 60;

/// A member that owns more than twice as many partitions as another one, where that is no matter of a remainder.
pub(super) fn uneven(group: &GroupDescription) -> Option<Notice> {
    if is_unassignable(group) {
        return None;
    }
    let owned = group
        .members
        .iter()
        .filter_map(|member| Some((member, member.assigned.as_ref()?.len())));
    // Who owns nothing is idle, and that has its own words.
    let owned: Vec<_> = owned.filter(|(_, count)| *count > 0).collect();
    let (member, most) = owned.iter().max_by_key(|(_, count)| *count)?;
    let (_, least) = owned.iter().min_by_key(|(_, count)| *count)?;
    (*most > least * 2 && most - least >= 2).then(|| Notice::Uneven {
        member: member.client_id.clone(),
        host: member.host.clone(),
        owns: *most,
        least: *least,
    })
}

/// A member on whose partitions most of the lag is, in a group of three and more.
pub(super) fn behind(group: &GroupDescription, rows: &[PartitionLag]) -> Option<Notice> {
    let mut lags = vec![0_i64; group.members.len()];
    for row in rows {
        let lag = row.owner.and_then(|owner| lags.get_mut(owner));
        if let (Some(sum), Some(lag)) = (lag, row.case.readable()) {
            *sum = sum.saturating_add(lag);
        }
    }
    let sum = lags.iter().fold(0_i64, |sum, lag| sum.saturating_add(*lag));
    let (index, most) = lags.iter().enumerate().max_by_key(|(_, lag)| **lag)?;
    let percent = most.saturating_mul(100).checked_div(sum)?;
    let member = group.members.get(index)?;
    let owners = group
        .members
        .iter()
        .filter(|member| member.assigned.as_ref().is_some_and(|own| !own.is_empty()));
    let owns = member.assigned.as_ref().map_or(0, Vec::len);
    // Of one partition alone it is the partition that is hot.
    (owners.count() >= 3 && owns >= 2 && sum >= WORTH && percent >= MOST).then(|| Notice::Laggard {
        member: member.client_id.clone(),
        host: member.host.clone(),
        percent: percent.clamp(0, 100) as u8,
    })
}

/// Who came or went last, as of the newest look.
pub(super) fn news(watch: &GroupWatch) -> Option<Notice> {
    let seen = watch.seen()?;
    let mut changes = watch
        .members()
        .changes()
        .rev()
        .filter(|(_, change)| *change != MemberChange::Rebalancing)
        .map(|(at, change)| (seen.saturating_duration_since(*at), change))
        .take_while(|(ago, _)| *ago <= NEWS);
    let (ago, change) = changes.next()?;
    Some(Notice::Membership {
        change: change.clone(),
        ago,
        others: changes.count(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::tests::{detail, member, row};
    use super::*;
    use crate::kafka::lag::LagCase;
    use crate::kafka::lag::watch::Look;

    #[test]
    fn a_member_with_far_more_partitions_than_another_stands_out() {
        let found = |owned: &[usize]| {
            let partitions: Vec<i32> = (0..20).collect();
            let members = owned.iter().map(|count| member(Some(&partitions[..*count])));
            match uneven(&detail("Stable", members.collect(), vec![]).description) {
                Some(Notice::Uneven { owns, least, .. }) => Some((owns, least)),
                None => None,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(found(&[8, 2, 2]), Some((8, 2)));
        assert_eq!(found(&[2, 1, 1]), None, "a remainder");
        assert_eq!(found(&[4, 2]), None);
        assert_eq!(found(&[3, 0, 0]), None, "the others are idle");
        let rebalancing = detail(
            "PreparingRebalance",
            vec![member(Some(&[0, 1, 2])), member(Some(&[3]))],
            vec![],
        );
        assert_eq!(uneven(&rebalancing.description), None);
    }

    #[test]
    fn a_member_with_most_of_the_lag_stands_out() {
        let found = |lags: &[(usize, i64)]| {
            let members = vec![member(Some(&[0, 1])), member(Some(&[2, 3])), member(Some(&[4, 5]))];
            let rows = (0..).zip(lags);
            let rows = rows.map(|(at, (owner, lag))| row(at, Some(*owner), LagCase::Known { lag: *lag }));
            let group = detail("Stable", members, rows.collect());
            behind(&group.description, &group.partitions).map(|notice| match notice {
                Notice::Laggard { percent, .. } => percent,
                other => panic!("{other:?}"),
            })
        };
        assert_eq!(found(&[(0, 4_000), (0, 4_000), (1, 1_000), (2, 1_000)]), Some(80));
        assert_eq!(found(&[(0, 4_000), (1, 4_000), (2, 4_000)]), None);
        assert_eq!(found(&[(0, 9), (1, 0), (2, 0)]), None, "no load");
    }

    #[test]
    fn who_left_is_news_for_a_while() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let mut watch = GroupWatch::default();
        let mut look = |members, at| {
            let seen = detail("Stable", members, vec![]);
            watch.take(&Look {
                description: Some(&seen.description),
                state: None,
                rows: &seen.partitions,
                unread: None,
                at: begin + Duration::from_secs(at),
            });
            news(&watch)
        };
        assert_eq!(look(vec![member(Some(&[0]))], 0), None);
        let left = |ago| {
            Some(Notice::Membership {
                change: MemberChange::Left("c".into(), "h".into()),
                ago: Duration::from_secs(ago),
                others: 0,
            })
        };
        assert_eq!(look(vec![], 10), left(0));
        assert_eq!(look(vec![], 22), left(12));
        assert_eq!(look(vec![], 400), None);
    }
}
