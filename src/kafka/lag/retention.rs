//! Retention risk: when the log may overtake a group that does not get ahead.
//!
//! A record goes with its whole segment, once the youngest record of that is older than `retention.ms`: so no record goes
//! before its own age reaches it, and the time that is left is told as "at the earliest". Where size or compaction may
//! take it sooner, nothing is told.

use std::time::Duration;

use super::PartitionLag;
use super::notice::Notice;
use super::tail::Next;
use super::watch::{Eta, GroupWatch, Verdict};
use crate::kafka::model::{ConfigEntry, TopicName};

/// How long a topic keeps its records, where time alone decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeps(pub Duration);

/// Of what is kept so long there is no risk worth a word before this part of the time is left: a quarter.
pub(super) const LAST_PART: i64 = 4;

impl Keeps {
    /// From a topic's configuration; `None` where records are kept for ever, size or compaction decides too, or an entry
    /// is not known.
    pub fn of(entries: &[ConfigEntry]) -> Option<Self> {
        let value = |name: &str| {
            let entry = entries.iter().find(|entry| entry.name == name)?;
            entry.value.as_deref().map(str::trim)
        };
        if value("cleanup.policy")? != "delete" || value("retention.bytes")? != "-1" {
            return None;
        }
        let millis: u64 = value("retention.ms")?.parse().ok()?;
        Some(Self(Duration::from_millis(millis)))
    }

    /// For how long a record is still there at least, at this time on the wall; `None` where it has no time.
    pub fn left(self, next: Next, wall: i64) -> Option<Duration> {
        let age = wall.saturating_sub(next.timestamp.millis()?);
        let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
        Some(self.0.saturating_sub(age))
    }
}

/// The partition that will lose records first, if it goes on like this: one that does not catch up in time, with a
/// quarter or less of its time left.
pub fn at_risk(
    rows: &[PartitionLag],
    watch: &GroupWatch,
    keeps: impl Fn(&TopicName) -> Option<Keeps>,
    wall: i64,
) -> Option<Notice> {
    let risks = rows.iter().filter_map(|row| {
        let seen = watch.partition(&row.partition)?;
        let next = seen.tail?.next?;
        let keeps = keeps(&row.partition.topic)?;
        let left = keeps.left(next, wall)?;
        let is_in_time = match (seen.verdict, seen.eta(seen.lag(row))) {
            // What is lost already has its own words.
            (Verdict::Ok | Verdict::Expired(_), _) => true,
            (_, Some(Eta::In(eta))) => eta < left,
            (_, Some(Eta::Never(_)) | None) => false,
        };
        (!is_in_time && left <= keeps.0 / LAST_PART as u32).then_some((left, keeps, row))
    });
    let (left, Keeps(keeps), row) = risks.min_by_key(|(left, ..)| *left)?;
    Some(Notice::AtRisk {
        partition: row.partition.clone(),
        left,
        keeps,
    })
}

/// The same by the speed at which the log start comes nearer, which needs neither times nor configuration.
pub fn overtaken(watch: &GroupWatch) -> Option<Notice> {
    let (partition, left) = watch.first_to_lose()?;
    Some(Notice::Overtaken {
        partition: partition.clone(),
        left,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::kafka::lag::LagCase;
    use crate::kafka::lag::tail::{Place, Tail};
    use crate::kafka::lag::watch::Look;
    use crate::kafka::model::{ConfigSource, GroupState, Offset, Timestamp, TimestampType, TopicPartition};

    const HOUR: i64 = 3_600_000;

    fn entries(list: &[(&str, &str)]) -> Vec<ConfigEntry> {
        let entry = |(name, value): &(&str, &str)| ConfigEntry {
            name: (*name).into(),
            value: Some((*value).into()),
            source: ConfigSource::Topic,
            is_sensitive: false,
            default: None,
        };
        list.iter().map(entry).collect()
    }

    fn next(timestamp: i64) -> Next {
        Next {
            offset: Offset(10),
            timestamp: Timestamp(timestamp),
            timestamp_type: TimestampType::Create,
        }
    }

    #[test]
    fn only_where_time_alone_decides_something_is_told() {
        let of = |policy, bytes, ms| {
            let all = entries(&[
                ("cleanup.policy", policy),
                ("retention.bytes", bytes),
                ("retention.ms", ms),
            ]);
            Keeps::of(&all).map(|keeps| keeps.0.as_millis())
        };
        assert_eq!(of("delete", "-1", "3600000"), Some(3_600_000));
        assert_eq!(of("delete", "-1", "-1"), None, "for ever");
        assert_eq!(of("delete", "1073741824", "3600000"), None, "size may take it sooner");
        assert_eq!(of("compact", "-1", "3600000"), None);
        assert_eq!(of("compact,delete", "-1", "3600000"), None);
        assert_eq!(of("delete", "-1", "soon"), None);
        let lacking = entries(&[("cleanup.policy", "delete"), ("retention.ms", "3600000")]);
        assert_eq!(Keeps::of(&lacking), None, "size is not known");
    }

    #[test]
    fn what_is_left_counts_from_the_time_of_the_record() {
        let keeps = Keeps(Duration::from_secs(3_600));
        let left = |timestamp| keeps.left(next(timestamp), 10 * HOUR).map(|left| left.as_secs());
        assert_eq!(left(10 * HOUR - 1_800_000), Some(1_800));
        assert_eq!(left(8 * HOUR), Some(0), "overdue");
        assert_eq!(left(11 * HOUR), Some(3_600), "a clock ahead of ours");
        assert_eq!(left(-1), None, "no time");
    }

    /// A group that stands for a minute on a record of this age, of a topic that keeps records for an hour.
    fn risk(age_minutes: i64, keeps: Option<Keeps>) -> Option<Duration> {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let row = PartitionLag {
            partition: TopicPartition::new("orders", 7),
            owner: None,
            committed: Some(Offset(10)),
            log_start: Some(Offset(0)),
            end: Some(Offset(500)),
            case: LagCase::Known { lag: 490 },
        };
        let (mut watch, state) = (GroupWatch::default(), GroupState("Empty".into()));
        for look in 0..5 {
            watch.take(&Look {
                description: None,
                state: Some(&state),
                rows: std::slice::from_ref(&row),
                unread: None,
                at: begin + Duration::from_secs(look * 15),
            });
        }
        let wall = 100 * HOUR;
        let tail = Tail {
            next: Some(next(wall - age_minutes * 60_000)),
            ..Tail::at(&Place::of(&row)?)
        };
        watch.tails(&[(row.partition.clone(), tail)]);
        match at_risk(&[row], &watch, |_| keeps, wall)? {
            Notice::AtRisk { left, .. } => Some(left),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_group_that_stands_is_warned_while_a_quarter_is_left() {
        let hour = Some(Keeps(Duration::from_secs(3_600)));
        assert_eq!(risk(20, hour), None);
        assert_eq!(risk(50, hour), Some(Duration::from_secs(600)));
        assert_eq!(risk(90, hour), Some(Duration::ZERO));
        assert_eq!(risk(90, None), None, "unknown");
    }
}
