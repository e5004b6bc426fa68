//! What is to be moved, and where: the form.

use std::path::PathBuf;

use jiff::Zoned;

use crate::app::form::Form;
use crate::kafka::model::{GroupId, TopicPartition};
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

const STRATEGIES: [&str; 9] = [
    EARLIEST, LATEST, OFFSET, DATETIME, DURATION, SHIFT_BY, CURRENT, FROM_GROUP, FROM_FILE,
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
}

/// What is to be moved, and where. Plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveOrder {
    /// The group.
    pub group: GroupId,
    /// Where its offsets go.
    pub target: Target,
    /// Which of them.
    pub scope: Scope,
}

/// What the form starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The group.
    pub group: GroupId,
    /// The partition under the cursor.
    pub under_cursor: Option<TopicPartition>,
}

impl Draft {
    /// The form.
    pub fn form(&self) -> Form {
        let strategy = "left and right choose; nothing is sent before you have seen and confirmed what would happen";
        let form = Form::new(format!("Move offsets of {}", self.group))
            .choice(STRATEGY, &STRATEGIES, 0, strategy)
            .text(VALUE, "", hint(EARLIEST));
        let form = match &self.under_cursor {
            Some(_) => form.choice(WHICH, &[ALL, TOPIC, PARTITION], 0, "fills in the topics below"),
            None => form,
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
        if let Some(at) = self.under_cursor.as_ref().filter(|_| which != before.value(WHICH)) {
            let topics = match which.as_str() {
                TOPIC => at.topic.to_string(),
                PARTITION => format!("{}:{}", at.topic, at.partition),
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
        Ok(MoveOrder {
            group: self.group.clone(),
            target,
            scope: if topics.is_empty() {
                Scope::Committed
            } else {
                Scope::Topics(topics)
            },
        })
    }
}

fn takes_value(strategy: &str) -> bool {
    ![EARLIEST, LATEST, CURRENT].contains(&strategy)
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
            under_cursor: None,
        };
        let mut form = draft.form();
        form.set(STRATEGY, strategy);
        form.set(VALUE, value);
        form.set(TOPICS, topics);
        let time: Zoned = "2026-11-18T12:00:00+01:00[+01:00]".parse().unwrap();
        draft.order(&form, Some(&time))
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
            let order = filled(strategy, value, "").unwrap();
            assert_eq!(order.target, Target::Strategy(expected), "{strategy}");
            assert_eq!(order.scope, Scope::Committed);
        }
        let file = filled(FROM_FILE, "/tmp/offsets.csv", "").unwrap();
        assert_eq!(file.target, Target::File("/tmp/offsets.csv".into()));
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
            under_cursor: Some(TopicPartition::new("orders", 7)),
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
    }
}
