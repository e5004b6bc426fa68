//! A topic of a spec.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::sim::batch::{Batch, Record};
use crate::sim::state::State;
use crate::sim::state::log::Log;

#[derive(Clone, Debug)]
enum Content {
    Batch(Batch),
    Verbatim(Bytes),
}

/// One topic of a [`SimSpec`](super::SimSpec).
#[derive(Clone, Debug)]
pub struct TopicSpec {
    name: String,
    partitions: usize,
    replication: usize,
    replicas: Option<Vec<Vec<i32>>>,
    configs: BTreeMap<String, String>,
    content: Vec<(i32, Content)>,
    without_data: Option<(i64, i64)>,
    log_start: Vec<(i32, i64)>,
    out_of_sync: Vec<(i32, i32)>,
}

impl TopicSpec {
    /// An empty topic with one replica of each partition.
    pub fn new(name: &str, partitions: usize) -> Self {
        Self {
            name: name.to_owned(),
            partitions,
            replication: 1,
            replicas: None,
            configs: BTreeMap::new(),
            content: Vec::new(),
            without_data: None,
            log_start: Vec::new(),
            out_of_sync: Vec::new(),
        }
    }

    /// The same topic with `factor` replicas of each partition (at most as many as there are brokers).
    pub fn replication(mut self, factor: usize) -> Self {
        self.replication = factor;
        self
    }

    /// The same topic with its replicas on these brokers, one list per partition.
    pub fn replicas(mut self, replicas: Vec<Vec<i32>>) -> Self {
        self.partitions = replicas.len();
        self.replicas = Some(replicas);
        self
    }

    /// The same topic with a config set.
    pub fn config(mut self, name: &str, value: &str) -> Self {
        self.configs.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same topic with `records` appended to a partition, as one uncompressed batch.
    pub fn records(self, partition: i32, records: impl IntoIterator<Item = Record>) -> Self {
        self.batch(partition, Batch::of(records))
    }

    /// The same topic with a batch appended to a partition; it gets the next offset.
    pub fn batch(mut self, partition: i32, batch: Batch) -> Self {
        self.content.push((partition, Content::Batch(batch)));
        self
    }

    /// The same topic with one entry stored exactly as it is, with its own offsets: gaps, old formats, corrupt data.
    pub fn verbatim(mut self, partition: i32, entry: Bytes) -> Self {
        self.content.push((partition, Content::Verbatim(entry)));
        self
    }

    /// The same topic with offsets `start..end` in every partition and no data.
    pub fn without_data(mut self, start: i64, end: i64) -> Self {
        self.without_data = Some((start, end));
        self
    }

    /// The same topic with everything before `offset` deleted from a partition.
    pub fn log_start(mut self, partition: i32, offset: i64) -> Self {
        self.log_start.push((partition, offset));
        self
    }

    /// The same topic with a replica that fell out of the ISR of a partition.
    pub fn out_of_sync(mut self, partition: i32, broker: i32) -> Self {
        self.out_of_sync.push((partition, broker));
        self
    }

    pub(super) fn put_into(&self, state: &mut State) {
        let replication = self.replication.min(state.brokers.len());
        let replicas = self
            .replicas
            .clone()
            .unwrap_or_else(|| state.placement(0, self.partitions, replication));
        state.create_topic(&self.name, replicas, self.configs.clone());
        if let (Some((start, end)), Some(topic)) = (self.without_data, state.topic_mut(&self.name)) {
            for partition in &mut topic.partitions {
                partition.log = Log::without_data(start, end);
            }
        }
        let now_ms = state.now_ms();
        for (partition, content) in &self.content {
            match content {
                Content::Batch(batch) => {
                    // A codec's failure would leave the partition shorter than asked for, which its test would see.
                    if let Ok(bytes) = batch.encode(now_ms) {
                        state.append(&self.name, *partition, bytes.into());
                    }
                }
                Content::Verbatim(entry) => {
                    if let Some(found) = state
                        .topic_mut(&self.name)
                        .and_then(|topic| topic.partition_mut(*partition))
                    {
                        found.log.append_verbatim(entry);
                    }
                }
            }
        }
        for (partition, offset) in &self.log_start {
            if let Some(found) = state
                .topic_mut(&self.name)
                .and_then(|topic| topic.partition_mut(*partition))
            {
                found.log.trim_before(*offset);
            }
        }
        for (partition, broker) in &self.out_of_sync {
            state.drop_from_isr(&self.name, *partition, *broker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::spec::SimSpec;

    #[test]
    fn a_topic_is_built_as_described() {
        let topic = TopicSpec::new("orders", 2)
            .replicas(vec![vec![1, 2], vec![2, 1]])
            .config("cleanup.policy", "compact")
            .records(0, [Record::value("a"), Record::value("b"), Record::value("c")])
            .verbatim(1, Batch::of([Record::value("z")]).base_offset(70).encode(0).unwrap())
            .log_start(0, 2)
            .out_of_sync(1, 1);
        let state = SimSpec::small().brokers(2).add_topic(topic).state();
        let topic = state.topic("orders").unwrap();
        assert!(topic.is_compacted());
        let ends: Vec<_> = topic
            .partitions
            .iter()
            .map(|p| (p.log.start(), p.log.high_watermark()))
            .collect();
        assert_eq!(ends, [(2, 3), (70, 71)]);
        assert_eq!(*topic.partitions[1].isr, [2]);
    }
}
