//! Partitions that the newest look lacked although an earlier one told of them. Off screen a partition is known by its commit
//! alone, and a broker that has just become coordinator may not show that yet.

use std::collections::BTreeMap;

use super::moment::Moment;
use super::watched::{CERTAIN, Watched};
use crate::kafka::model::TopicPartition;

/// What was seen of them, and since when they are lacking.
#[derive(Clone, Debug, Default)]
pub(super) struct Absent(BTreeMap<TopicPartition, (Moment, Watched)>);

impl Absent {
    /// Takes one that the look at this moment lacks.
    pub(super) fn add(&mut self, partition: TopicPartition, watched: Watched, at: Moment) {
        self.0.insert(partition, (at, watched));
    }

    /// Gives one back that is there again.
    pub(super) fn take(&mut self, partition: &TopicPartition) -> Option<(TopicPartition, Watched)> {
        let (partition, (_, watched)) = self.0.remove_entry(partition)?;
        Some((partition, watched))
    }

    /// Forgets what is gone for certain: the look at this moment lacks it as well.
    pub(super) fn forget(&mut self, at: Moment) {
        self.0.retain(|_, (since, _)| at.since(*since) < CERTAIN);
    }

    /// How many of them had a commit, which may come back.
    pub(super) fn committed(&self) -> usize {
        self.0.values().filter(|(_, watched)| watched.has_commit()).count()
    }
}
