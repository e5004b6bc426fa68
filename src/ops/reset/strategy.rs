//! Where a partition's offset goes: Kafka's strategies by Kafka's rules (ConsumerGroupCommand).

use std::collections::BTreeMap;
use std::fmt;

use super::when::utc;
use crate::kafka::model::{Committed, GroupId, Offset, TopicPartition};

/// How the new offsets are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// To the log start.
    Earliest,
    /// To the end.
    Latest,
    /// To this offset.
    Offset(i64),
    /// To the first record whose timestamp is at or after this time, in ms since the epoch.
    Datetime(i64),
    /// The same for the time that is this many ms before the plan is made.
    Duration(i64),
    /// This many offsets forth, or back.
    ShiftBy(i64),
    /// To where it is; without a commit to the end.
    Current,
    /// To offsets from a file, or chosen by hand.
    Named(BTreeMap<TopicPartition, Offset>),
    /// To the commits of another group.
    Group(GroupId),
}

impl Strategy {
    /// The time that is looked up in the logs by a plan made at `now_ms`.
    pub fn time(&self, now_ms: i64) -> Option<i64> {
        match self {
            Self::Datetime(ms) => Some(*ms),
            Self::Duration(ms) => Some(now_ms.saturating_sub(*ms).max(0)),
            _ => None,
        }
    }

    /// In words, with the time that it means when it is planned at `now_ms`.
    pub fn words(&self, now_ms: i64) -> String {
        match (self, self.time(now_ms)) {
            (_, Some(time)) => format!("to time {}", utc(time)),
            (Self::Earliest, _) => "to earliest".to_owned(),
            (Self::Latest, _) => "to latest".to_owned(),
            (Self::Offset(offset), _) => format!("to offset {offset}"),
            (Self::ShiftBy(by), _) => format!("by {by:+}"),
            (Self::Named(_), _) => "to given offsets".to_owned(),
            (Self::Group(group), _) => format!("to the offsets of group {group}"),
            (Self::Current | Self::Datetime(_) | Self::Duration(_), _) => "to current".to_owned(),
        }
    }
}

/// Why a partition cannot be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be shifted from nowhere.
    NoCommit,
    /// The group that is copied from has no commit there.
    NotInGroup(GroupId),
    /// The file, or who chose by hand, says nothing of it.
    NotNamed,
    /// The topic or the partition does not exist (any more).
    Unknown,
    /// The topic was deleted and made anew since: what was committed then means other records.
    Remade,
    /// It has no leader: where its log starts and ends cannot be read.
    NoLeader,
    /// What the group has committed could not be read.
    CommitUnread(String),
    /// Something else could not be read.
    Unread(String),
    /// A share group cannot forget where it begins to read one partition.
    Kept,
    /// Members of the group read its topic: a commit can be forgotten only where nobody reads.
    Subscribed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommit => write!(f, "there is no commit to shift"),
            Self::NotInGroup(group) => write!(f, "group {group} has no commit there"),
            Self::NotNamed => write!(f, "no offset is given for it"),
            Self::Unknown => write!(f, "the partition does not exist"),
            Self::Remade => write!(f, "the topic was deleted and made anew since"),
            Self::NoLeader => write!(f, "the partition has no leader"),
            Self::CommitUnread(why) | Self::Unread(why) => write!(f, "{why}"),
            Self::Kept => write!(f, "a share group forgets no single partition"),
            Self::Subscribed => write!(f, "members of the group read the topic"),
        }
    }
}

/// What is known of a partition when its new offset is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What the group has committed.
    pub committed: Option<Committed>,
    /// Log start and end, or why they cannot be told.
    pub log: Result<(Offset, Offset), Refusal>,
    /// The first offset at or after the time that was asked for; `None` where there is no such record or no question.
    pub at_time: Option<Offset>,
    /// What a file, a hand or another group has for it.
    pub given: Option<Offset>,
}

/// What was done to the offset that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjusted {
    /// Nothing.
    No,
    /// This one lies before the log start.
    ToStart(i64),
    /// This one lies behind the end.
    ToEnd(i64),
    /// No record is at or after the time: the end.
    NothingSince,
    /// There is no commit to stay at: the end.
    NoCommit,
}

impl Adjusted {
    /// Whether an offset out of range was pulled into it.
    pub fn is_clamped(self) -> bool {
        matches!(self, Self::ToStart(_) | Self::ToEnd(_))
    }
}

/// The new offset of a partition.
///
/// # Errors
/// Why there is none.
pub fn target(strategy: &Strategy, facts: &Facts) -> Result<(Offset, Adjusted), Refusal> {
    let (start, end) = facts.log.clone()?;
    let as_is = |offset| Ok((offset, Adjusted::No));
    let clamped = |wanted: i64| Ok(clamp(wanted, start, end));
    match strategy {
        Strategy::Earliest => as_is(start),
        Strategy::Latest => as_is(end),
        Strategy::Offset(offset) => clamped(*offset),
        Strategy::Datetime(_) | Strategy::Duration(_) => Ok(match facts.at_time {
            Some(offset) => (offset, Adjusted::No),
            None => (end, Adjusted::NothingSince),
        }),
        Strategy::ShiftBy(by) => {
            let from = facts.committed.as_ref().ok_or(Refusal::NoCommit)?;
            clamped(from.offset.0.saturating_add(*by))
        }
        Strategy::Current => Ok(match &facts.committed {
            // Also one that is out of range, as Kafka's tool leaves it.
            Some(committed) => (committed.offset, Adjusted::No),
            None => (end, Adjusted::NoCommit),
        }),
        Strategy::Named(_) => clamped(facts.given.ok_or(Refusal::NotNamed)?.0),
        Strategy::Group(group) => clamped(facts.given.ok_or_else(|| Refusal::NotInGroup(group.clone()))?.0),
    }
}

/// The end is looked at first, as Kafka's tool does.
fn clamp(wanted: i64, start: Offset, end: Offset) -> (Offset, Adjusted) {
    if wanted > end.0 {
        (end, Adjusted::ToEnd(wanted))
    } else if wanted < start.0 {
        (start, Adjusted::ToStart(wanted))
    } else {
        (Offset(wanted), Adjusted::No)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn facts(committed: Option<i64>, at_time: Option<i64>, given: Option<i64>) -> Facts {
        Facts {
            committed: committed.map(|offset| Committed::at(Offset(offset))),
            log: Ok((Offset(100), Offset(200))),
            at_time: at_time.map(Offset),
            given: given.map(Offset),
        }
    }

    type Case<'a> = (Strategy, &'a Facts, Result<(i64, Adjusted), Refusal>);

    #[test]
    fn every_strategy_finds_the_offset_that_kafkas_tool_finds() {
        let copied = Strategy::Group("other".into());
        let named = Strategy::Named(BTreeMap::new());
        let (none, at) = (facts(None, None, None), facts(Some(150), Some(120), Some(130)));
        let cases: Vec<Case<'_>> = vec![
            (Strategy::Earliest, &none, Ok((100, Adjusted::No))),
            (Strategy::Latest, &none, Ok((200, Adjusted::No))),
            (Strategy::Offset(150), &none, Ok((150, Adjusted::No))),
            (Strategy::Offset(200), &none, Ok((200, Adjusted::No))),
            (Strategy::Offset(201), &none, Ok((200, Adjusted::ToEnd(201)))),
            (Strategy::Offset(99), &none, Ok((100, Adjusted::ToStart(99)))),
            (Strategy::Offset(-5), &none, Ok((100, Adjusted::ToStart(-5)))),
            (Strategy::Datetime(7), &at, Ok((120, Adjusted::No))),
            (Strategy::Datetime(7), &none, Ok((200, Adjusted::NothingSince))),
            (Strategy::Duration(7), &at, Ok((120, Adjusted::No))),
            (Strategy::ShiftBy(-20), &at, Ok((130, Adjusted::No))),
            (Strategy::ShiftBy(-100), &at, Ok((100, Adjusted::ToStart(50)))),
            (Strategy::ShiftBy(51), &at, Ok((200, Adjusted::ToEnd(201)))),
            (Strategy::ShiftBy(1), &none, Err(Refusal::NoCommit)),
            (Strategy::Current, &at, Ok((150, Adjusted::No))),
            (Strategy::Current, &none, Ok((200, Adjusted::NoCommit))),
            (named.clone(), &at, Ok((130, Adjusted::No))),
            (named, &none, Err(Refusal::NotNamed)),
            (copied.clone(), &at, Ok((130, Adjusted::No))),
            (copied, &none, Err(Refusal::NotInGroup("other".into()))),
        ];
        for (strategy, facts, expected) in cases {
            let found = target(&strategy, facts).map(|(offset, adjusted)| (offset.0, adjusted));
            assert_eq!(found, expected, "{strategy:?}");
        }
    }

    #[test]
    fn current_leaves_a_commit_out_of_range_where_it_is() {
        for offset in [50, 900] {
            let found = target(&Strategy::Current, &facts(Some(offset), None, None));
            assert_eq!(found, Ok((Offset(offset), Adjusted::No)));
        }
    }

    #[test]
    fn an_empty_partition_has_one_place_to_go() {
        let mut facts = facts(Some(3), None, Some(9));
        facts.log = Ok((Offset(40), Offset(40)));
        let strategies = [
            Strategy::Earliest,
            Strategy::Latest,
            Strategy::Offset(0),
            Strategy::Datetime(0),
            Strategy::ShiftBy(1),
            Strategy::Named(BTreeMap::new()),
        ];
        for strategy in strategies {
            assert_eq!(target(&strategy, &facts).unwrap().0, Offset(40), "{strategy:?}");
        }
    }

    #[test]
    fn a_log_that_cannot_be_read_moves_nothing() {
        let mut facts = facts(Some(150), Some(120), Some(130));
        facts.log = Err(Refusal::NoLeader);
        assert_eq!(target(&Strategy::Current, &facts), Err(Refusal::NoLeader));
    }

    #[test]
    fn a_time_is_said_as_the_instant_it_means() {
        let now = 1_763_460_000_000;
        assert_eq!(Strategy::Duration(60_000).words(now), "to time 2025-11-18T09:59:00Z");
        assert_eq!(Strategy::Duration(i64::MAX).time(now), Some(0), "no record is older");
        assert_eq!(Strategy::ShiftBy(-100).words(now), "by -100");
    }

    proptest! {
        #[test]
        fn what_is_asked_for_ends_within_the_log(start in 0..1000_i64, length in 0..1000_i64, wanted: i64, committed in 0..3000_i64) {
            let mut facts = facts(Some(committed), None, Some(wanted));
            facts.log = Ok((Offset(start), Offset(start + length)));
            for strategy in [Strategy::Offset(wanted), Strategy::ShiftBy(wanted), Strategy::Named(BTreeMap::new()), Strategy::Group("g".into())] {
                let (offset, adjusted) = target(&strategy, &facts).unwrap();
                prop_assert!((start..=start + length).contains(&offset.0));
                let asked = match strategy {
                    Strategy::ShiftBy(by) => committed.saturating_add(by),
                    _ => wanted,
                };
                prop_assert_eq!(adjusted.is_clamped(), offset.0 != asked);
            }
        }
    }
}
