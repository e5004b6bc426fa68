//! Which partitions of a group are moved.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use crate::kafka::model::{PartitionId, TopicName, TopicPartition};

/// Which partitions of a group are meant. What is not selected keeps its commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every partition with a commit (`--all-topics`).
    Committed,
    /// Partitions of these topics (`--topic`), whether they have a commit or not.
    Topics(Vec<TopicScope>),
}

/// A topic, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicScope {
    /// The topic.
    pub topic: TopicName,
    /// Its partitions; `None` is all of them.
    pub partitions: Option<BTreeSet<PartitionId>>,
}

impl Scope {
    /// Whether a partition that is known to be there is selected.
    pub fn has(&self, partition: &TopicPartition) -> bool {
        match self {
            Self::Committed => true,
            Self::Topics(topics) => topics.iter().any(|one| {
                let listed = one.partitions.as_ref();
                one.topic == partition.topic && listed.is_none_or(|listed| listed.contains(&partition.partition))
            }),
        }
    }

    /// The topics whose partitions must be known before it can be said what is selected.
    pub fn topics(&self) -> impl Iterator<Item = &TopicName> {
        let topics = match self {
            Self::Committed => &[][..],
            Self::Topics(topics) => topics,
        };
        topics.iter().map(|one| &one.topic)
    }

    /// The partitions that it selects of a group with these commits, where topics have this many partitions. Those that
    /// are named but do not exist are among them, to be refused by name.
    pub fn partitions<'a>(
        &self,
        committed: impl Iterator<Item = &'a TopicPartition>,
        counts: &BTreeMap<TopicName, i32>,
    ) -> BTreeSet<TopicPartition> {
        let Self::Topics(topics) = self else {
            return committed.cloned().collect();
        };
        let of_topic = topics.iter().flat_map(|one| {
            let all = || {
                (0..counts.get(&one.topic).copied().unwrap_or(0))
                    .map(PartitionId)
                    .collect()
            };
            let listed: BTreeSet<PartitionId> = one.partitions.clone().unwrap_or_else(all);
            listed.into_iter().map(|partition| TopicPartition {
                topic: one.topic.clone(),
                partition,
            })
        });
        of_topic.collect()
    }
}

impl FromStr for TopicScope {
    type Err = String;

    /// `orders`, or `orders:0,3` for some of its partitions.
    fn from_str(text: &str) -> Result<Self, String> {
        let (topic, listed) = match text.split_once(':') {
            Some((topic, listed)) => (topic, Some(listed)),
            None => (text, None),
        };
        if topic.is_empty() {
            return Err("write it as TOPIC or TOPIC:0,3".to_owned());
        }
        let read = |one: &str| {
            let id = one.trim().parse::<i32>().ok().filter(|id| *id >= 0);
            id.map(PartitionId)
                .ok_or_else(|| format!("{one:?} is no partition: write it as {topic}:0,3"))
        };
        Ok(Self {
            topic: topic.into(),
            partitions: listed.map(|listed| listed.split(',').map(read).collect()).transpose()?,
        })
    }
}

/// The shortest `--topic` arguments that select exactly these partitions.
pub fn arguments<'a>(partitions: impl Iterator<Item = &'a TopicPartition>) -> Vec<String> {
    let mut topics: BTreeMap<&TopicName, Vec<String>> = BTreeMap::new();
    for partition in partitions {
        topics
            .entry(&partition.topic)
            .or_default()
            .push(partition.partition.to_string());
    }
    topics
        .into_iter()
        .map(|(topic, listed)| format!("{topic}:{}", listed.join(",")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(texts: &[&str]) -> Scope {
        Scope::Topics(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    fn selected(scope: &Scope) -> Vec<String> {
        let committed = [TopicPartition::new("orders", 1), TopicPartition::new("gone", 4)];
        let counts = BTreeMap::from([("orders".into(), 3), ("empty".into(), 0)]);
        let all = scope.partitions(committed.iter(), &counts);
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_topics_are_the_partitions_with_commits_and_a_topic_is_all_of_its_own() {
        assert_eq!(selected(&Scope::Committed), ["gone-4", "orders-1"]);
        assert_eq!(selected(&scope(&["orders"])), ["orders-0", "orders-1", "orders-2"]);
        assert_eq!(selected(&scope(&["orders:2,0", "orders:2"])), ["orders-0", "orders-2"]);
        assert_eq!(selected(&scope(&["orders:7"])), ["orders-7"], "to be refused by name");
        assert_eq!(selected(&scope(&["empty"])).len(), 0);
        assert_eq!(selected(&scope(&["orders:1", "orders"])).len(), 3);
    }

    #[test]
    fn has_and_partitions_agree_on_what_exists() {
        for scope in [
            Scope::Committed,
            scope(&["orders"]),
            scope(&["orders:0,2"]),
            scope(&["other"]),
        ] {
            let counts = BTreeMap::from([("orders".into(), 3)]);
            let all: Vec<_> = (0..3).map(|id| TopicPartition::new("orders", id)).collect();
            let selected = scope.partitions(all.iter(), &counts);
            for partition in &all {
                assert_eq!(
                    scope.has(partition),
                    selected.contains(partition),
                    "{scope:?} {partition}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_topic_with_partitions_is_said() {
        let complaint = |text: &str| text.parse::<TopicScope>().unwrap_err();
        for text in [
            "orders:",
            "orders:a",
            "orders:0,,1",
            "orders:-1",
            "orders:0:1",
            "orders:99999999999",
        ] {
            assert!(
                complaint(text).contains("is no partition: write it as orders:0,3"),
                "{text}"
            );
        }
        assert_eq!(complaint(":0"), "write it as TOPIC or TOPIC:0,3");
    }

    #[test]
    fn partitions_are_written_as_they_are_read() {
        let all = [
            TopicPartition::new("b", 2),
            TopicPartition::new("a", 0),
            TopicPartition::new("b", 0),
        ];
        let written = arguments(all.iter());
        assert_eq!(written, ["a:0", "b:2,0"]);
        let read: Vec<&str> = written.iter().map(String::as_str).collect();
        assert!(all.iter().all(|partition| scope(&read).has(partition)));
    }
}
