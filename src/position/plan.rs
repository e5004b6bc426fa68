//! One line that says what to read: `-15m to 10:00 p 0,3-5 in orders.* committed`. Every part may be left out.

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::numbers::{parse_partitions, partitions_label};
use super::{Start, Until};
use crate::kafka::model::{Isolation, PartitionId};

/// Which records are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Those that a consumer with `isolation.level=read_committed` is handed.
    #[default]
    Committed,
    /// Those of aborted and open transactions too.
    Uncommitted,
    /// All there is: control records too.
    All,
}

impl Shown {
    /// The next one.
    pub fn next(self) -> Self {
        match self {
            Self::Committed => Self::All,
            Self::All => Self::Uncommitted,
            Self::Uncommitted => Self::Committed,
        }
    }

    /// The isolation whose records are counted.
    pub fn isolation(self) -> Isolation {
        match self {
            Self::Committed => Isolation::ReadCommitted,
            Self::Uncommitted | Self::All => Isolation::ReadUncommitted,
        }
    }

    /// Its word in a line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Uncommitted => "uncommitted",
            Self::All => "all",
        }
    }
}

/// What a line says. What it does not say stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Where to start.
    pub start: Option<Start>,
    /// Where to end.
    pub until: Option<Until>,
    /// The only partitions to read.
    pub partitions: Option<Vec<PartitionId>>,
    /// Names of topics, or patterns with `*` and `?`.
    pub topics: Vec<String>,
    /// Which records to show.
    pub shown: Option<Shown>,
}

/// What the words after a keyword are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Start,
    Until,
    Partitions,
    Topics,
}

impl Part {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "from" => Self::Start,
            "to" | "until" => Self::Until,
            "p" | "partition" | "partitions" => Self::Partitions,
            "in" | "topic" | "topics" => Self::Topics,
            _ => return None,
        })
    }
}

fn shown(word: &str) -> Option<Shown> {
    Some(match word {
        "committed" | "read_committed" => Shown::Committed,
        "uncommitted" | "read_uncommitted" => Shown::Uncommitted,
        "all" => Shown::All,
        _ => return None,
    })
}

impl Plan {
    /// Reads a line at a given time. The error says how to write it.
    pub fn parse(line: &str, now: Option<&Zoned>) -> Result<Self, String> {
        let (words, shown) = cut(line)?;
        let text = |part: Part| words[part as usize].as_deref();
        let topics = text(Part::Topics).unwrap_or_default();
        let topics: Vec<String> = topics
            .split([',', ' '])
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if text(Part::Topics).is_some() && topics.is_empty() {
            return Err("in which topics? in orders.*,payments".to_owned());
        }
        let start = text(Part::Start).map(|text| Start::parse(text, now)).transpose()?;
        let until = text(Part::Until).map(|text| Until::parse(text, now)).transpose()?;
        if start.iter().zip(&until).any(|(start, until)| until.is_before(start)) {
            return Err("the end lies before the start".to_owned());
        }
        Ok(Self {
            start,
            until,
            partitions: text(Part::Partitions).map(parse_partitions).transpose()?,
            topics,
            shown,
        })
    }

    /// What was understood, in words.
    pub fn label(&self, zone: &TimeZone) -> String {
        let parts = [
            self.start.as_ref().map(|start| start.label(zone)),
            self.until.as_ref().map(|until| until.label(zone)),
            self.partitions
                .as_ref()
                .map(|ids| format!("partitions {}", partitions_label(ids))),
            (!self.topics.is_empty()).then(|| format!("in {}", self.topics.join(","))),
            self.shown.map(|shown| shown.word().to_owned()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

/// The text of each part, `None` for those that are not there, and which records are shown.
fn cut(line: &str) -> Result<([Option<String>; 4], Option<Shown>), String> {
    let mut texts: [Option<String>; 4] = Default::default();
    let (mut part, mut which) = (Part::Start, None);
    for word in line.split_whitespace() {
        let lower = word.to_lowercase();
        if let Some(next) = Part::of(&lower) {
            part = next;
            if texts[part as usize].is_some() {
                return Err(format!("{word} twice"));
            }
            texts[part as usize] = Some(String::new());
            continue;
        }
        if let Some(known) = shown(&lower) {
            if which.replace(known).is_some() {
                return Err("committed, uncommitted or all: which?".to_owned());
            }
            continue;
        }
        let text = texts[part as usize].get_or_insert_default();
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    Ok((texts, which))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kafka::model::Offset;

    fn now() -> Zoned {
        "2026-11-20T12:30:00+01:00[Europe/Berlin]".parse().unwrap()
    }

    fn plan(line: &str) -> Plan {
        Plan::parse(line, Some(&now())).unwrap()
    }

    #[test]
    fn every_part_stands_behind_its_word_in_any_order() {
        let whole = plan("-15m to 12:20 p 0,3-5 in orders.*,payments uncommitted");
        assert_eq!(whole.start, Some(Start::Time(1_795_174_200_000 - 900_000)));
        assert_eq!(whole.until, Some(Until::Time(1_795_174_200_000 - 600_000)));
        assert_eq!(whole.partitions.as_deref().map(<[_]>::len), Some(4));
        assert_eq!(whole.topics, ["orders.*", "payments"]);
        assert_eq!(whole.shown, Some(Shown::Uncommitted));
        assert_eq!(
            plan("uncommitted in orders.* payments to 12:20 p 0,3-5 from -15m"),
            whole
        );
        assert_eq!(
            whole.label(&now().time_zone().clone()),
            "from 2026-11-20 12:15+01:00 · to 2026-11-20 12:20+01:00 · partitions 0,3-5 · in orders.*,payments \
             · uncommitted"
        );
    }

    #[test]
    fn parts_may_be_left_out() {
        assert_eq!(plan(""), Plan::default());
        assert_eq!(plan("yesterday 14:00").until, None);
        assert_eq!(plan("offset 7 to +10").until, Some(Until::Count(10)));
        assert_eq!(plan("p 3").start, None);
        assert_eq!(plan("all").shown, Some(Shown::All));
        assert_eq!(
            plan("0@5,1@6")
                .start
                .and_then(|start| start.partitions())
                .map(|ids| ids.len()),
            Some(2)
        );
        assert_eq!(plan("offset 1,234").start, Some(Start::Offset(Offset(1234))));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let complaint = |line| Plan::parse(line, Some(&now())).unwrap_err();
        assert_eq!(complaint("begin to end to end"), "to twice");
        assert_eq!(complaint("10 to 5"), "the end lies before the start");
        assert_eq!(complaint("begin in"), "in which topics? in orders.*,payments");
        assert_eq!(complaint("begin p"), "which partitions? write them as 0,3-5");
        assert_eq!(
            complaint("begin all committed"),
            "committed, uncommitted or all: which?"
        );
        assert!(complaint("begin to").starts_with("until when?"));
    }

    proptest! {
        #[test]
        fn no_line_panics(line in any::<String>(), typed in "(to|p|in|all|from|[-@0-9a-z:,*]{0,6}| ){0,12}") {
            let _ = (Plan::parse(&line, Some(&now())), Plan::parse(&typed, Some(&now())));
        }
    }
}
