//! Facts about many things, each with its own age: only what was on screen was asked for, so answers are merged.

use std::collections::HashMap;
use std::time::Instant;

use crate::kafka::lag::GroupSummary;
use crate::kafka::model::{GroupId, PartitionOffsets, TopicName, Total};

/// A value with the moment it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamped<T> {
    /// The value.
    pub value: T,
    /// When it arrived.
    pub at: Instant,
}

/// Facts about many things, each with its own age: only what was on screen was asked for.
pub type Facts<K, T> = HashMap<K, Stamped<T>>;

/// Log offsets of one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicOffsets {
    /// Every partition that was asked for.
    pub partitions: Vec<PartitionOffsets>,
    /// Offsets per second by which the ends moved since the answer before; `None` before the second answer.
    pub rate: Option<f64>,
}

impl TopicOffsets {
    /// The offset range summed over partitions.
    pub fn range(&self) -> Total {
        self.partitions.iter().map(PartitionOffsets::range).collect()
    }

    fn moved(&self, since: &Self, seconds: f64) -> Option<f64> {
        if seconds <= 0.0 || self.partitions.len() != since.partitions.len() {
            return None;
        }
        let mut moved = 0;
        for (new, old) in self.partitions.iter().zip(&since.partitions) {
            moved += (new.end?.0 - old.end?.0).max(0);
        }
        Some(moved as f64 / seconds)
    }
}

pub(super) fn stamp<K: std::hash::Hash + Eq, T>(values: HashMap<K, T>, now: Instant) -> Facts<K, T> {
    values
        .into_iter()
        .map(|(key, value)| (key, Stamped { value, at: now }))
        .collect()
}

/// Rates from two answers about the same topic, each with its own time.
pub(super) fn with_rates(
    new: Facts<TopicName, Vec<PartitionOffsets>>,
    old: Option<&Facts<TopicName, TopicOffsets>>,
) -> Facts<TopicName, TopicOffsets> {
    let rated = new.into_iter().map(|(topic, Stamped { value: partitions, at })| {
        let mut value = TopicOffsets { partitions, rate: None };
        if let Some(before) = old.and_then(|old| old.get(&topic)) {
            value.rate = value.moved(&before.value, (at - before.at).as_secs_f64());
        }
        (topic, Stamped { value, at })
    });
    rated.collect()
}

/// Like [`merge_facts`], but a lag of which nothing is known does not push out what was known: its age tells.
pub(super) fn merge_lags(
    old: Option<Facts<GroupId, GroupSummary>>,
    new: Facts<GroupId, GroupSummary>,
) -> Facts<GroupId, GroupSummary> {
    let mut facts = old.unwrap_or_default();
    for (group, fact) in new {
        let is_blank = fact.value.lag.parts == 0 && fact.value.lag.unknown > 0;
        if !(is_blank && facts.contains_key(&group)) {
            facts.insert(group, fact);
        }
    }
    facts
}

pub(super) fn merge_facts<K: std::hash::Hash + Eq, T>(old: Option<Facts<K, T>>, new: Facts<K, T>) -> Facts<K, T> {
    match old {
        Some(mut facts) => {
            facts.extend(new);
            facts
        }
        None => new,
    }
}
