//! What is read: topics, partitions, from where to where.

use super::NEWEST;
use super::edges::Edges;
use super::seek::MOST_NEWEST;
use crate::app::jobs::export::Draft;
use crate::app::store::Store;
use crate::kafka::model::{Isolation, Offset, PartitionId, TopicName};
use crate::kafka::query::{FeedSpec, FeedTopic, OlderSpec, OlderTopic};
use crate::position::{Plan, Shown, Start, Until, is_match, is_pattern};

/// The most topics that are read at once.
pub const MOST_TOPICS: usize = 16;

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The topics; at least one.
    pub topics: Vec<TopicName>,
    /// Their partitions; empty means all.
    pub partitions: Vec<PartitionId>,
    /// Where reading starts.
    pub start: Start,
    /// Where it ends.
    pub until: Until,
    /// Which records are shown.
    pub shown: Shown,
    /// The partitions the screen was opened with: a seek goes back to them.
    opened_with: Vec<PartitionId>,
}

impl Source {
    /// Some partitions of a topic, or all, from a place on.
    pub fn at(topic: TopicName, partitions: Vec<PartitionId>, start: Start) -> Self {
        Self {
            topics: vec![topic],
            opened_with: partitions.clone(),
            partitions,
            start,
            until: Until::Follow,
            shown: Shown::default(),
        }
    }

    /// The newest records of some partitions of a topic, or all.
    pub fn newest(topic: TopicName, partitions: Vec<PartitionId>) -> Self {
        Self::at(topic, partitions, Start::Newest(NEWEST))
    }

    /// The newest records of several topics, at least one.
    pub fn of(topics: Vec<TopicName>) -> Self {
        Self {
            topics,
            partitions: Vec::new(),
            start: Start::Newest(NEWEST),
            until: Until::Follow,
            shown: Shown::default(),
            opened_with: Vec::new(),
        }
    }

    /// The topic with a number.
    pub fn topic(&self, number: u16) -> Option<&TopicName> {
        self.topics.get(usize::from(number))
    }

    /// Whether records of several topics are read.
    pub fn is_several(&self) -> bool {
        self.topics.len() > 1
    }

    /// Whether new records are read as they come.
    pub fn follows(&self) -> bool {
        self.until == Until::Follow
    }

    /// What to call it: the topic, or the first of several and how many more there are.
    pub fn title(&self) -> String {
        match self.topics.as_slice() {
            [] => String::new(),
            [only] => only.to_string(),
            [first, rest @ ..] => format!("{first} +{}", rest.len()),
        }
    }

    /// Changes what a line says; partitions and the end that it does not name are as at first. The error says why it
    /// cannot be read.
    pub fn change(&mut self, plan: Plan, store: &Store) -> Result<(), String> {
        let mut changed = self.clone();
        if !plan.topics.is_empty() {
            changed.topics = topics(&plan.topics, store)?;
            changed.opened_with = Vec::new();
        }
        if let Some(start) = plan.start {
            changed.start = start;
        }
        match &changed.start {
            Start::Newest(count) if *count > MOST_NEWEST => {
                return Err(format!("newest how many? 1 to {MOST_NEWEST}: newest 50"));
            }
            Start::PerPartition(_) if changed.is_several() => {
                return Err("offsets of partitions are those of one topic: in ONE".to_owned());
            }
            _ => {}
        }
        let placed = changed.start.partitions();
        changed.partitions = plan
            .partitions
            .or(placed)
            .unwrap_or_else(|| changed.opened_with.clone());
        changed.until = plan.until.unwrap_or(Until::Follow);
        changed.shown = plan.shown.unwrap_or(self.shown);
        *self = changed;
        Ok(())
    }

    /// Where a search of it starts: of the newest records the whole log is searched.
    pub fn searched_from(&self) -> Start {
        match &self.start {
            Start::Newest(_) => Start::Begin,
            other => other.clone(),
        }
    }

    /// What of it an export writes at first.
    pub fn draft(&self, filter: &str) -> Draft {
        Draft {
            topics: self.topics.clone(),
            partitions: self.partitions.clone(),
            start: self.start.clone(),
            until: self.until.clone(),
            isolation: self.shown.isolation(),
            filter: filter.to_owned(),
            ..Draft::of("".into())
        }
    }

    /// The feed that reads it.
    pub fn feed(&self, isolation: Isolation) -> FeedSpec {
        let each = self.topics.iter().map(|topic| FeedTopic {
            topic: topic.clone(),
            partitions: self.partitions.clone(),
            start: self.start.clone(),
        });
        FeedSpec {
            topics: each.collect(),
            until: self.until.clone(),
            isolation,
        }
    }

    /// The feed that goes on where what is kept ends.
    pub fn feed_on(&self, edges: &Edges, isolation: Isolation) -> FeedSpec {
        let each = self.topics.iter().enumerate().map(|(number, topic)| FeedTopic {
            topic: topic.clone(),
            partitions: Vec::new(),
            start: Start::PerPartition(places(edges, number, |edge| edge.high)),
        });
        FeedSpec {
            topics: each.collect(),
            until: self.until.clone(),
            isolation,
        }
    }

    /// What to ask for the records before what is kept.
    pub fn older(&self, edges: &Edges, count: usize, isolation: Isolation) -> OlderSpec {
        let each = self.topics.iter().enumerate().map(|(number, topic)| OlderTopic {
            topic: topic.clone(),
            before: places(edges, number, |edge| edge.low),
        });
        OlderSpec {
            topics: each.collect(),
            count,
            isolation,
        }
    }
}

fn places(edges: &Edges, number: usize, side: impl Fn(super::edges::Edge) -> Offset) -> Vec<(PartitionId, Offset)> {
    let of_topic = edges.iter().filter(|((topic, _), _)| usize::from(*topic) == number);
    of_topic.map(|((_, partition), edge)| (partition, side(edge))).collect()
}

/// The topics that names and patterns stand for, in the order of the names.
pub fn topics(patterns: &[String], store: &Store) -> Result<Vec<TopicName>, String> {
    let Some(overview) = store.overview.value() else {
        return Err("the topics have not been listed yet: try again".to_owned());
    };
    let mut found: Vec<TopicName> = Vec::new();
    for pattern in patterns {
        let before = found.len();
        for topic in &overview.topics {
            let fits = if is_pattern(pattern) {
                is_match(pattern, topic.name.as_str())
            } else {
                topic.name.as_str() == pattern
            };
            if fits && !found.contains(&topic.name) {
                found.push(topic.name.clone());
            }
        }
        if before == found.len() && overview.topic(pattern).is_none() {
            return Err(format!("no topic {pattern}"));
        }
    }
    match found.len() {
        0 => Err("which topic?".to_owned()),
        count if count > MOST_TOPICS => Err(format!("{count} topics; at most {MOST_TOPICS} are read at once")),
        _ => Ok(found),
    }
}
