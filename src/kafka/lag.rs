//! Consumer-group lag: a pure function of who is assigned, what is committed and where the logs end.
//!
//! The I/O that collects the parts keeps the order describe, committed, log start, end (protocol.md 2.1): the end is
//! read last, so a lag below zero is never our own race.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::kafka::model::{BrokerId, GroupDescription, GroupState, Offset, TopicPartition, Total};

pub mod alarm;
pub mod notice;
pub mod reader;
pub mod retention;
pub mod tail;
pub mod watch;

pub use notice::{Notice, notices};
pub use reader::{TopicReader, TopicReaders};

/// A group that listings lack for so long is gone: a broker that has just become its coordinator lists nothing for a moment.
pub const GONE_AFTER: Duration = Duration::from_secs(4);

/// What can be said of a group's lag on one partition. Unknown is a case of its own, never 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LagCase {
    /// A commit between log start and end: `lag` records to go, transaction markers included.
    Known {
        /// `end - committed`.
        lag: i64,
    },
    /// Assigned but never committed. Where it would start depends on the consumer's `auto.offset.reset`.
    NoCommit {
        /// `end - log start`: at most this many records wait; `None` when an end is unknown.
        backlog: Option<i64>,
    },
    /// The commit lies before the log start: retention overtook the group.
    Expired {
        /// `end - committed`, as Kafka's own tools count it.
        lag: i64,
        /// `log start - committed`: the part of `lag` that can no longer be read.
        lost: i64,
    },
    /// The commit lies past the end: the log was truncated or the topic made anew.
    Ahead {
        /// `committed - end`.
        by: i64,
    },
    /// It cannot be told, for this reason.
    Unknown(UnknownLag),
}

impl LagCase {
    /// The case of one partition. `commit` is `Ok(None)` where nothing is committed and `Err` where that cannot be told.
    ///
    /// A commit past the end is told before one before the log start: with an end below the log start (a log being
    /// truncated while it was read) both would hold.
    pub fn of(commit: Result<Option<Offset>, &str>, log: &LogOffsets) -> Self {
        let committed = match (commit, &log.end) {
            (Err(why), _) => return Self::Unknown(UnknownLag::NoCommitted(why.to_owned())),
            (Ok(None), _) => return Self::NoCommit { backlog: log.range() },
            (Ok(Some(_)), Err(why)) => return Self::Unknown(why.clone()),
            (Ok(Some(committed)), Ok(end)) if committed > *end => {
                return Self::Ahead {
                    by: committed.0.saturating_sub(end.0),
                };
            }
            (Ok(Some(committed)), Ok(end)) => (committed.0, end.0.saturating_sub(committed.0)),
        };
        match (committed, log.log_start) {
            ((committed, lag), Some(start)) if committed < start.0 => Self::Expired {
                lag,
                lost: start.0.saturating_sub(committed),
            },
            ((_, lag), _) => Self::Known { lag },
        }
    }

    /// The lag as Kafka's definition has it, `max(0, end - committed)`; `None` without a commit or when unknown.
    pub fn lag(&self) -> Option<i64> {
        match self {
            Self::Known { lag } | Self::Expired { lag, .. } => Some(*lag),
            Self::Ahead { .. } => Some(0),
            Self::NoCommit { .. } | Self::Unknown(_) => None,
        }
    }

    /// What the group can still read of its lag, `end - max(committed, log start)`; `None` as for [`Self::lag`].
    pub fn readable(&self) -> Option<i64> {
        match self {
            Self::Expired { lag, lost } => Some(lag.saturating_sub(*lost).max(0)),
            _ => self.lag(),
        }
    }
}

/// Why a lag is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownLag {
    /// The partition has no leader.
    NoLeader,
    /// The leader did not answer, or answered with this error.
    NoEnd(String),
    /// The topic or partition no longer exists.
    Deleted,
    /// The committed offset could not be read.
    NoCommitted(String),
}

/// What is known of one partition's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOffsets {
    /// Log start offset; `None` when unknown.
    pub log_start: Option<Offset>,
    /// High watermark, or why it is unknown.
    pub end: Result<Offset, UnknownLag>,
}

impl LogOffsets {
    /// `end - log start`, never below 0; `None` when either is unknown.
    pub fn range(&self) -> Option<i64> {
        let (start, end) = (self.log_start?, self.end.as_ref().ok()?);
        Some(end.0.saturating_sub(start.0).max(0))
    }
}

/// What one group committed, by topic and partition. Compact, because a cluster may have hundreds of thousands of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommittedOffsets(Vec<(TopicPartition, Commit)>);

/// A committed offset, or why it cannot be told.
pub type Commit = Result<Offset, Arc<str>>;

impl CommittedOffsets {
    /// What is committed for `partition`; `None` when nothing is.
    pub fn get(&self, partition: &TopicPartition) -> Option<&Commit> {
        let index = self.0.binary_search_by(|(key, _)| key.cmp(partition)).ok()?;
        self.0.get(index).map(|(_, commit)| commit)
    }

    /// Every partition with a commit, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&TopicPartition, &Commit)> {
        self.0.iter().map(|(partition, commit)| (partition, commit))
    }
}

impl FromIterator<(TopicPartition, Commit)> for CommittedOffsets {
    fn from_iter<I: IntoIterator<Item = (TopicPartition, Commit)>>(commits: I) -> Self {
        let mut all: Vec<_> = commits.into_iter().collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.dedup_by(|(one, _), (other, _)| one == other);
        all.shrink_to_fit();
        Self(all)
    }
}

/// A group's position on one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionLag {
    /// The partition.
    pub partition: TopicPartition,
    /// Index into the description's members of the one that owns it; `None` when nobody does.
    pub owner: Option<usize>,
    /// Committed offset; `None` when there is none or it is unknown (see `case`).
    pub committed: Option<Offset>,
    /// Log start offset, where known.
    pub log_start: Option<Offset>,
    /// High watermark, where known.
    pub end: Option<Offset>,
    /// The lag's case.
    pub case: LagCase,
}

/// One group with everything its screen shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDetail {
    /// State and members.
    pub description: GroupDescription,
    /// Every partition that is assigned or has a commit, by topic and index. Those that are assigned alone, where `unread`.
    pub partitions: Vec<PartitionLag>,
    /// Why what the group has committed could not be read: nobody knows then on which partitions it has commits.
    pub unread: Option<Arc<str>>,
}

/// What a list of groups shows of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSummary {
    /// Coordinator that answered.
    pub coordinator: BrokerId,
    /// State in Kafka's word; `None` when the group was not described.
    pub state: Option<GroupState>,
    /// Live members; `None` when the group was not described.
    pub members: Option<usize>,
    /// Sum over the partitions that have a commit. At least one part is unknown when the commits could not be read.
    pub lag: Total,
    /// Assigned partitions without a commit; `None` when the group was not described.
    pub uncommitted: Option<usize>,
    /// Number of partitions that are assigned or have a commit.
    pub partitions: usize,
    /// Number of their topics.
    pub topics: usize,
    /// Its epoch, where the coordinator tells one.
    pub epoch: Option<i32>,
}

impl GroupSummary {
    /// A summary of these partitions, which stand by topic. `description` is `None` when the group was not described. What
    /// could not be read is a part that is unknown: a group of which no partition is known may have commits all the same.
    pub fn new(
        coordinator: BrokerId,
        description: Option<&GroupDescription>,
        rows: &[PartitionLag],
        unread: Option<&str>,
    ) -> Self {
        let mut summary = Self {
            coordinator: description.map_or(coordinator, |description| description.coordinator),
            state: description.map(|description| description.state.clone()),
            members: description.map(|description| description.members.len()),
            lag: Total::default(),
            uncommitted: description.map(|_| 0),
            partitions: rows.len(),
            topics: topics(rows),
            epoch: description.and_then(|description| description.epoch),
        };
        for row in rows {
            summary.add(&row.case);
        }
        if unread.is_some() {
            summary.lag.unknown = summary.lag.unknown.max(1);
        }
        summary
    }

    fn add(&mut self, case: &LagCase) {
        match case {
            LagCase::NoCommit { .. } => self.uncommitted = self.uncommitted.map(|count| count + 1),
            _ => self.lag.add(case.lag()),
        }
    }
}

/// How many topics some partitions are of, which stand by topic.
pub fn topics(rows: &[PartitionLag]) -> usize {
    let is_same = |one: &PartitionLag, other: &PartitionLag| one.partition.topic == other.partition.topic;
    rows.chunk_by(is_same).count()
}

/// One look at a group among many: its sums, and what they were made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupReading {
    /// The sums.
    pub summary: GroupSummary,
    /// State and members, where it was described.
    pub description: Option<GroupDescription>,
    /// Every partition that is assigned or has a commit, by topic and index. Those that are assigned alone, where `unread`.
    pub partitions: Vec<PartitionLag>,
    /// Why what the group has committed could not be read.
    pub unread: Option<Arc<str>>,
}

impl GroupReading {
    /// What waits for it in sum, as limits compare it.
    pub fn waits(&self) -> Total {
        waits(self.summary.lag, &self.partitions)
    }
}

impl From<GroupSummary> for GroupReading {
    /// Sums alone: nothing is known of single partitions.
    fn from(summary: GroupSummary) -> Self {
        Self {
            summary,
            description: None,
            partitions: Vec::new(),
            unread: None,
        }
    }
}

impl GroupDetail {
    /// The detail in sum, as a list of groups shows it.
    pub fn summary(&self) -> GroupSummary {
        let description = &self.description;
        GroupSummary::new(
            description.coordinator,
            Some(description),
            &self.partitions,
            self.unread.as_deref(),
        )
    }

    /// What waits for it in sum, as limits compare it.
    pub fn waits(&self) -> Total {
        waits(self.summary().lag, &self.partitions)
    }
}

/// A lag in sum without the zeros of commits past the end: what waits there is unknown, the topic may have been made anew.
fn waits(lag: Total, rows: &[PartitionLag]) -> Total {
    let is_ahead = |row: &&PartitionLag| matches!(row.case, LagCase::Ahead { .. });
    let ahead = rows.iter().filter(is_ahead).count();
    Total {
        known: lag.known,
        parts: lag.parts.saturating_sub(ahead),
        unknown: lag.unknown + ahead,
    }
}

/// The lag of one group on every partition that is assigned or has a commit, by topic and index.
///
/// `description` is `None` when the group was not described: only partitions with a commit are known then. `committed`
/// is `Err` when the group's commits could not be read at all. `log` says what is known of a partition's log.
pub fn lag(
    description: Option<&GroupDescription>,
    committed: Result<&CommittedOffsets, &str>,
    log: impl Fn(&TopicPartition) -> LogOffsets,
) -> Vec<PartitionLag> {
    let mut owners: BTreeMap<&TopicPartition, Option<usize>> = BTreeMap::new();
    if let Ok(committed) = committed {
        owners.extend(committed.iter().map(|(partition, _)| (partition, None)));
    }
    for (index, member) in description.iter().flat_map(|group| group.members.iter().enumerate()) {
        for partition in member.assigned.iter().flatten() {
            owners.entry(partition).or_default().get_or_insert(index);
        }
    }
    owners
        .into_iter()
        .map(|(partition, owner)| row(partition, owner, committed, log(partition)))
        .collect()
}

fn row(
    partition: &TopicPartition,
    owner: Option<usize>,
    committed: Result<&CommittedOffsets, &str>,
    log: LogOffsets,
) -> PartitionLag {
    let commit = match committed.map(|all| all.get(partition)) {
        Ok(None) => Ok(None),
        Ok(Some(Ok(offset))) => Ok(Some(*offset)),
        Ok(Some(Err(why))) => Err(&**why),
        Err(why) => Err(why),
    };
    PartitionLag {
        partition: partition.clone(),
        owner,
        committed: commit.ok().flatten(),
        case: LagCase::of(commit, &log),
        log_start: log.log_start,
        end: log.end.ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kafka::model::{GroupType, Member};

    fn log(start: i64, end: i64) -> LogOffsets {
        LogOffsets {
            log_start: Some(Offset(start)),
            end: Ok(Offset(end)),
        }
    }

    fn no_log(why: UnknownLag) -> LogOffsets {
        LogOffsets {
            log_start: None,
            end: Err(why),
        }
    }

    fn member(id: &str, assigned: Option<Vec<TopicPartition>>) -> Member {
        Member {
            id: id.into(),
            instance_id: None,
            client_id: "client".into(),
            host: "127.0.0.1".into(),
            subscribed: Vec::new(),
            assigned,
        }
    }

    fn group(state: &str, members: Vec<Member>) -> GroupDescription {
        GroupDescription {
            group: "g".into(),
            kind: GroupType::Classic,
            protocol_type: "consumer".into(),
            assignor: "range".into(),
            epoch: None,
            state: GroupState(state.into()),
            coordinator: BrokerId(1),
            members,
        }
    }

    fn commits(list: &[(&str, i32, i64)]) -> CommittedOffsets {
        list.iter()
            .map(|(topic, partition, offset)| (TopicPartition::new(*topic, *partition), Ok(Offset(*offset))))
            .collect()
    }

    // One row per case of protocol.md 2.1: commit, log, case, lag as shown, readable lag.
    #[test]
    fn every_case_of_the_table_has_its_own_lag() {
        let at = |offset| Ok(Some(Offset(offset)));
        let unknown_start = LogOffsets {
            log_start: None,
            end: Ok(Offset(50)),
        };
        let table = [
            (at(40), log(10, 50), LagCase::Known { lag: 10 }, Some(10), Some(10)),
            (at(50), log(10, 50), LagCase::Known { lag: 0 }, Some(0), Some(0)),
            (at(10), log(10, 50), LagCase::Known { lag: 40 }, Some(40), Some(40)),
            (at(0), log(0, 0), LagCase::Known { lag: 0 }, Some(0), Some(0)),
            (at(51), log(10, 50), LagCase::Ahead { by: 1 }, Some(0), Some(0)),
            (
                at(9),
                log(10, 50),
                LagCase::Expired { lag: 41, lost: 1 },
                Some(41),
                Some(40),
            ),
            (
                at(9),
                unknown_start.clone(),
                LagCase::Known { lag: 41 },
                Some(41),
                Some(41),
            ),
            (
                Ok(None),
                log(10, 50),
                LagCase::NoCommit { backlog: Some(40) },
                None,
                None,
            ),
            (Ok(None), unknown_start, LagCase::NoCommit { backlog: None }, None, None),
            (
                Ok(None),
                no_log(UnknownLag::NoLeader),
                LagCase::NoCommit { backlog: None },
                None,
                None,
            ),
            (
                at(1),
                no_log(UnknownLag::NoLeader),
                LagCase::Unknown(UnknownLag::NoLeader),
                None,
                None,
            ),
            (
                at(1),
                no_log(UnknownLag::Deleted),
                LagCase::Unknown(UnknownLag::Deleted),
                None,
                None,
            ),
            (
                Err("denied"),
                log(10, 50),
                LagCase::Unknown(UnknownLag::NoCommitted("denied".into())),
                None,
                None,
            ),
        ];
        for (commit, log, case, lag, readable) in table {
            let found = LagCase::of(commit, &log);
            assert_eq!(
                (&found, found.lag(), found.readable()),
                (&case, lag, readable),
                "{commit:?} {log:?}"
            );
        }
    }

    #[test]
    fn an_assigned_partition_without_a_commit_has_a_row_and_an_unassigned_one_has_none() {
        let description = group("Stable", vec![member("m", Some(vec![TopicPartition::new("t", 1)]))]);
        let committed = commits(&[("t", 0, 5)]);
        // The topic has a third partition: nobody owns it, nothing is committed, so it is not the group's.
        let rows = lag(Some(&description), Ok(&committed), |_| log(0, 9));
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.partition.partition.0, row.owner, row.case.clone()))
            .collect();
        assert_eq!(
            seen,
            [
                (0, None, LagCase::Known { lag: 4 }),
                (1, Some(0), LagCase::NoCommit { backlog: Some(9) }),
            ]
        );
    }

    #[test]
    fn a_group_without_members_keeps_its_rows_without_owners() {
        let description = group("Empty", Vec::new());
        let rows = lag(Some(&description), Ok(&commits(&[("t", 0, 5), ("t", 1, 9)])), |_| {
            log(0, 9)
        });
        assert!(rows.iter().all(|row| row.owner.is_none()));
        let detail = GroupDetail {
            description,
            partitions: rows,
            unread: None,
        };
        let summary = detail.summary();
        assert_eq!(
            (summary.members, summary.lag.exact(), summary.partitions),
            (Some(0), Some(4), 2)
        );
    }

    #[test]
    fn an_unknown_group_has_no_rows() {
        assert_eq!(
            lag(Some(&group("Dead", Vec::new())), Ok(&commits(&[])), |_| log(0, 9)),
            []
        );
    }

    #[test]
    fn unreadable_commits_make_every_assigned_partition_unknown_never_zero() {
        let description = group("Stable", vec![member("m", Some(vec![TopicPartition::new("t", 1)]))]);
        let rows = lag(Some(&description), Err("coordinator is loading"), |_| log(0, 9));
        let why = UnknownLag::NoCommitted("coordinator is loading".into());
        assert_eq!(rows[0].case, LagCase::Unknown(why));
        let detail = GroupDetail {
            description,
            partitions: rows,
            unread: None,
        };
        assert_eq!(detail.summary().lag.exact(), None);
    }

    #[test]
    fn a_member_whose_assignment_cannot_be_read_owns_nothing_but_breaks_nothing() {
        let description = group("Stable", vec![member("connect", None)]);
        let rows = lag(Some(&description), Ok(&commits(&[("t", 0, 5)])), |_| log(0, 9));
        assert_eq!((rows.len(), rows[0].owner), (1, None));
    }

    #[test]
    fn a_denied_topic_is_unknown_beside_commits_that_are_known() {
        let committed: CommittedOffsets = [
            (TopicPartition::new("t", 1), Err("denied".into())),
            (TopicPartition::new("t", 0), Ok(Offset(5))),
        ]
        .into_iter()
        .collect();
        let rows = lag(None, Ok(&committed), |_| log(0, 9));
        assert_eq!(rows[0].case, LagCase::Known { lag: 4 });
        assert_eq!(rows[1].case, LagCase::Unknown(UnknownLag::NoCommitted("denied".into())));
    }

    #[test]
    fn a_sum_leaves_out_partitions_without_commit_and_counts_unknown_ones() {
        let description = group("Stable", vec![member("m", Some(vec![TopicPartition::new("t", 1)]))]);
        let committed = commits(&[("t", 0, 5), ("t", 2, 5), ("gone", 0, 5)]);
        let partitions = lag(Some(&description), Ok(&committed), |partition| {
            match partition.topic.as_str() {
                "gone" => no_log(UnknownLag::Deleted),
                _ => log(0, 9),
            }
        });
        let summary = GroupDetail {
            description,
            partitions,
            unread: None,
        }
        .summary();
        assert_eq!((summary.lag.known, summary.lag.unknown), (8, 1));
        assert_eq!((summary.uncommitted, summary.partitions), (Some(1), 4));
    }

    #[test]
    fn what_was_not_described_is_unknown_in_a_summary() {
        let summary = GroupSummary::new(BrokerId(2), None, &[], None);
        assert_eq!(
            (summary.members, summary.uncommitted, summary.state),
            (None, None, None)
        );
    }

    fn any_log() -> impl Strategy<Value = LogOffsets> {
        (any::<Option<i64>>(), any::<Option<i64>>()).prop_map(|(start, end)| LogOffsets {
            log_start: start.map(Offset),
            end: end.map(Offset).ok_or(UnknownLag::NoLeader),
        })
    }

    fn partitions(list: impl IntoIterator<Item = i32>) -> Vec<TopicPartition> {
        list.into_iter().map(|index| TopicPartition::new("t", index)).collect()
    }

    proptest! {
        #[test]
        fn no_offsets_a_broker_can_send_give_a_negative_lag(commit: Option<i64>, log in any_log()) {
            let case = LagCase::of(Ok(commit.map(Offset)), &log);
            prop_assert!(case.lag().is_none_or(|lag| lag >= 0), "{case:?}");
            prop_assert!(case.readable() <= case.lag(), "{case:?}");
            prop_assert_eq!(case.lag().is_some(), commit.is_some() && log.end.is_ok());
        }

        #[test]
        fn every_assigned_or_committed_partition_has_one_row_in_order(
            first in prop::collection::vec(0..20, 0..9),
            second in prop::collection::vec(0..20, 0..9),
            committed in prop::collection::btree_map(0..20, 0_i64..99, 0..15),
        ) {
            let description = group("Stable", vec![
                member("a", Some(partitions(first.clone()))),
                member("b", Some(partitions(second.clone()))),
            ]);
            let list: Vec<_> = committed.iter().map(|(index, offset)| ("t", *index, *offset)).collect();
            let rows = lag(Some(&description), Ok(&commits(&list)), |_| log(0, 50));
            let mut expected: Vec<i32> = first.iter().chain(&second).chain(committed.keys()).copied().collect();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(rows.iter().map(|row| row.partition.partition.0).collect::<Vec<_>>(), expected);
            for row in &rows {
                let index = row.partition.partition.0;
                prop_assert_eq!(row.owner.is_some(), first.contains(&index) || second.contains(&index));
                prop_assert_eq!(row.committed.map(|offset| offset.0), committed.get(&index).copied());
            }
            let sum: i64 = committed.values().map(|offset| (50 - offset).max(0)).sum();
            let summary = GroupDetail { description, partitions: rows, unread: None }.summary();
            prop_assert_eq!(summary.lag.exact(), Some(sum));
        }
    }

    #[test]
    fn what_waits_past_the_end_is_unknown_to_a_limit_and_0_on_the_screen() {
        let committed = commits(&[("t", 0, 5), ("t", 1, 50)]);
        let rows = lag(None, Ok(&committed), |_| log(0, 9));
        let reading = GroupReading {
            summary: GroupSummary::new(BrokerId(1), None, &rows, None),
            description: None,
            partitions: rows,
            unread: None,
        };
        assert_eq!(reading.summary.lag.exact(), Some(4));
        let waits = reading.waits();
        assert_eq!((waits.known, waits.parts, waits.unknown), (4, 1, 1));
    }
}
