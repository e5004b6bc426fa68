//! What is to be done to a group; of moved offsets the form that asks which, and where.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Zoned;

use crate::app::form::Form;
use crate::kafka::model::{GroupId, TopicName, TopicPartition};
use crate::ops::reset::{Scope, Strategy, TopicScope, when};
use crate::position::parse_time;

const STRATEGY: &str = "move to";
const VALUE: &str = "value";
const WHICH: &str = "which";
const TOPICS: &str = "topics";

const EARLIEST: &str = "earliest";
const LATEST: &str = "latest";
const OFFSET: &str = "offset";
const DATETIME: &str = "datetime";
const DURATION: &str = "duration";
const SHIFT_BY: &str = "shift-by";
const CURRENT: &str = "current";
const FROM_GROUP: &str = "from group";
const FROM_FILE: &str = "from file";
const BY_HAND: &str = "by hand";

const STRATEGIES: [&str; 10] = [
    EARLIEST, LATEST, OFFSET, DATETIME, DURATION, SHIFT_BY, CURRENT, FROM_GROUP, FROM_FILE, BY_HAND,
];

const ALL: &str = "all commits";
const TOPIC: &str = "this topic";
const PARTITION: &str = "this partition";

/// Where offsets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// By one of Kafka's strategies.
    Strategy(Strategy),
    /// As a file says, which is read when the plan is made.
    File(PathBuf),
    /// Nowhere, but for partitions whose place is chosen in the preview.
    ByHand,
}

/// What is done to a group. Plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupChange {
    /// Its offsets are moved.
    Move {
        /// Where they go.
        target: Target,
        /// Which of them.
        scope: Scope,
        /// Places that were chosen by hand in the preview: they go before `target`.
        by_hand: BTreeMap<TopicPartition, Strategy>,
    },
    /// An earlier change is taken back.
    Undo {
        /// Its undo file.
        file: PathBuf,
        /// What the cluster is called.
        cluster: String,
    },
    /// Some of its offsets are deleted.
    Forget(Scope),
    /// It is deleted, with all its offsets.
    Delete,
    /// The record that it would read next on a partition is saved, and its offset there moved past it.
    Skip(TopicPartition),
    /// Static members are taken out, by their `group.instance.id`.
    Remove(Vec<String>),
}

/// What is to be done to which group. Plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveOrder {
    /// The group.
    pub group: GroupId,
    /// What is done to it.
    pub change: GroupChange,
}

impl MoveOrder {
    /// The title of its box.
    pub fn title(&self) -> String {
        let group = &self.group;
        match &self.change {
            GroupChange::Move { .. } => format!("Move offsets of {group}"),
            GroupChange::Undo { .. } => format!("Undo a change of {group}"),
            GroupChange::Forget(_) => format!("Delete offsets of {group}"),
            GroupChange::Delete => format!("Delete group {group}"),
            GroupChange::Skip(_) => format!("Skip a record of {group}"),
            GroupChange::Remove(_) => format!("Remove members of {group}"),
        }
    }

    /// The undo file that it takes back.
    pub fn undoes(&self) -> Option<&Path> {
        match &self.change {
            GroupChange::Undo { file, .. } => Some(file),
            _ => None,
        }
    }

    /// Places that were chosen by hand.
    pub fn by_hand(&self) -> Option<&BTreeMap<TopicPartition, Strategy>> {
        match &self.change {
            GroupChange::Move { by_hand, .. } => Some(by_hand),
            _ => None,
        }
    }

    /// Whether nothing but places chosen by hand is moved.
    pub fn is_by_hand(&self) -> bool {
        let GroupChange::Move { target, .. } = &self.change else {
            return false;
        };
        *target == Target::ByHand
    }
}

/// What of a group is under the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum At {
    /// The group as a whole.
    #[default]
    Group,
    /// A topic.
    Topic(TopicName),
    /// A partition.
    Partition(TopicPartition),
    /// A static member, by its `group.instance.id`.
    Member(Arc<str>),
}

impl At {
    /// The topic, also of a partition.
    pub fn topic(&self) -> Option<&TopicName> {
        match self {
            Self::Topic(topic) => Some(topic),
            Self::Partition(partition) => Some(&partition.topic),
            Self::Group | Self::Member(_) => None,
        }
    }
}

/// What a change of a group starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The group.
    pub group: GroupId,
    /// What of it is under the cursor.
    pub at: At,
}

impl Draft {
    /// The form.
    pub fn form(&self) -> Form {
        let strategy = "left and right choose; nothing is sent before you have seen and confirmed what would happen";
        let form = Form::new(format!("Move offsets of {}", self.group))
            .choice(STRATEGY, &STRATEGIES, 0, strategy)
            .text(VALUE, "", hint(EARLIEST));
        let which = "fills in the topics below";
        let form = match &self.at {
            At::Partition(_) => form.choice(WHICH, &[ALL, TOPIC, PARTITION], 0, which),
            At::Topic(_) => form.choice(WHICH, &[ALL, TOPIC], 0, which),
            At::Group | At::Member(_) => form,
        };
        form.text(
            TOPICS,
            "",
            "empty: every partition with a commit; else TOPIC, or TOPIC:0,3 for some of its partitions; several with blanks",
        )
    }

    /// What depends on a choice follows it.
    pub fn follow(&self, before: &Form, form: &mut Form) {
        let strategy = form.value(STRATEGY).to_owned();
        form.set_hint(VALUE, hint(&strategy));
        if strategy != before.value(STRATEGY) && !takes_value(&strategy) {
            form.set(VALUE, "");
        }
        let which = form.value(WHICH).to_owned();
        if which != before.value(WHICH) {
            let topics = match (which.as_str(), &self.at) {
                (PARTITION, At::Partition(at)) => format!("{}:{}", at.topic, at.partition),
                (TOPIC, at) => at.topic().map(ToString::to_string).unwrap_or_default(),
                _ => String::new(),
            };
            form.set(TOPICS, &topics);
        }
    }

    /// What the form says; `time` is now in the zone of the user. The error says which field cannot be used.
    pub fn order(&self, form: &Form, time: Option<&Zoned>) -> Result<MoveOrder, String> {
        let target = target(form.value(STRATEGY), form.value(VALUE).trim(), time)?;
        let topics: Result<Vec<TopicScope>, String> = form
            .value(TOPICS)
            .split_whitespace()
            .map(|one| one.parse::<TopicScope>().map_err(|why| format!("{TOPICS}: {why}")))
            .collect();
        let topics = topics?;
        let scope = if topics.is_empty() {
            Scope::Committed
        } else {
            Scope::Topics(topics)
        };
        Ok(MoveOrder {
            group: self.group.clone(),
            change: GroupChange::Move {
                target,
                scope,
                by_hand: BTreeMap::new(),
            },
        })
    }
}

fn takes_value(strategy: &str) -> bool {
    ![EARLIEST, LATEST, CURRENT, BY_HAND].contains(&strategy)
}

fn hint(strategy: &str) -> &'static str {
    match strategy {
        OFFSET => "a number; the nearest there is where the log does not reach so far",
        DATETIME => {
            "the first record at or after: 10:00, yesterday 14:00, 2026-11-18T10:00:00Z; your zone where none is said"
        }
        DURATION => "the first record so long ago, or later: 4s, 15m, 2h, 1d, PT1M",
        SHIFT_BY => "so many offsets forth, or back: 100, -100",
        FROM_GROUP => "the group whose offsets are copied",
        FROM_FILE => "a file in Kafka's CSV: topic,partition,offset or group,topic,partition,offset",
        LATEST => "no value: to the end",
        BY_HAND => "no value: in the preview e types where the row under the cursor goes; the others stay",
        CURRENT => "no value: to where they are; a partition without commit to its end",
        _ => "no value: to the log start",
    }
}

fn target(strategy: &str, value: &str, time: Option<&Zoned>) -> Result<Target, String> {
    if !takes_value(strategy) && !value.is_empty() {
        return Err(format!("{VALUE}: {strategy} takes none; empty it"));
    }
    if takes_value(strategy) && value.is_empty() {
        return Err(format!("{VALUE}: {}", hint(strategy)));
    }
    let number = || {
        let number = value.replace([',', '_'], "").parse::<i64>();
        number.map_err(|_| format!("{VALUE}: {value:.20} is no number"))
    };
    let strategy = match strategy {
        LATEST => Strategy::Latest,
        CURRENT => Strategy::Current,
        OFFSET => Strategy::Offset(number()?),
        SHIFT_BY => Strategy::ShiftBy(number()?),
        DATETIME => Strategy::Datetime(parse_time(value, time).map_err(|why| format!("{VALUE}: {why}"))?),
        DURATION => Strategy::Duration(when::duration(value).map_err(|why| format!("{VALUE}: {why}"))?),
        FROM_GROUP => Strategy::Group(value.into()),
        FROM_FILE => return Ok(Target::File(PathBuf::from(value))),
        BY_HAND => return Ok(Target::ByHand),
        _ => Strategy::Earliest,
    };
    Ok(Target::Strategy(strategy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(strategy: &str, value: &str, topics: &str) -> Result<MoveOrder, String> {
        let draft = Draft {
            group: "billing".into(),
            at: At::Group,
        };
        let mut form = draft.form();
        form.set(STRATEGY, strategy);
        form.set(VALUE, value);
        form.set(TOPICS, topics);
        let time: Zoned = "2026-11-18T12:00:00+01:00[+01:00]".parse().unwrap();
        draft.order(&form, Some(&time))
    }

    fn moved(order: MoveOrder) -> (Target, Scope) {
        match order.change {
            GroupChange::Move { target, scope, .. } => (target, scope),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_strategy_is_what_kafkas_tool_has_and_times_are_in_the_users_zone() {
        let cases = [
            (EARLIEST, "", Strategy::Earliest),
            (LATEST, "", Strategy::Latest),
            (CURRENT, "", Strategy::Current),
            (OFFSET, "166,120", Strategy::Offset(166_120)),
            (SHIFT_BY, "-100", Strategy::ShiftBy(-100)),
            (DATETIME, "2026-11-18T10:00", Strategy::Datetime(1_794_992_400_000)),
            (DURATION, "15m", Strategy::Duration(900_000)),
            (FROM_GROUP, "twin", Strategy::Group("twin".into())),
        ];
        for (strategy, value, expected) in cases {
            let (target, scope) = moved(filled(strategy, value, "").unwrap());
            assert_eq!(target, Target::Strategy(expected), "{strategy}");
            assert_eq!(scope, Scope::Committed);
        }
        let (file, _) = moved(filled(FROM_FILE, "/tmp/offsets.csv", "").unwrap());
        assert_eq!(file, Target::File("/tmp/offsets.csv".into()));
        assert_eq!(moved(filled(BY_HAND, "", "").unwrap()).0, Target::ByHand);
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named() {
        for (strategy, value, why) in [
            (EARLIEST, "7", "value: earliest takes none"),
            (OFFSET, "", "value: a number"),
            (OFFSET, "seven", "value: seven is no number"),
            (DURATION, "-15m", "value: a duration counts back"),
            (FROM_GROUP, "", "value: the group"),
        ] {
            let complaint = filled(strategy, value, "").unwrap_err();
            assert!(complaint.starts_with(why), "{complaint}");
        }
        assert!(filled(LATEST, "", "orders:x").unwrap_err().starts_with("topics: "));
    }

    #[test]
    fn the_cursor_fills_in_the_scope() {
        let draft = Draft {
            group: "billing".into(),
            at: At::Partition(TopicPartition::new("orders", 7)),
        };
        let mut form = draft.form();
        let mut choose = |which: &str| {
            let before = form.clone();
            form.set(WHICH, which);
            draft.follow(&before, &mut form);
            form.value(TOPICS).to_owned()
        };
        assert_eq!(choose(TOPIC), "orders");
        assert_eq!(choose(PARTITION), "orders:7");
        assert_eq!(choose(ALL), "");
        let draft = Draft {
            at: At::Topic("orders".into()),
            ..draft
        };
        let before = draft.form();
        let mut form = before.clone();
        form.set(WHICH, PARTITION);
        assert_eq!(form.value(WHICH), ALL, "there is no partition under the cursor");
        form.set(WHICH, TOPIC);
        draft.follow(&before, &mut form);
        assert_eq!(form.value(TOPICS), "orders");
    }
}
