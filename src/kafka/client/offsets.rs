//! ListOffsets: where logs start and end, and which offset belongs to a time. One request per leader and chunk.
//!
//! A partition stands at most once in a request: brokers answer INVALID_REQUEST for one that stands twice
//! (protocol.md 1.2), so start and end are two calls.

use std::collections::HashMap;

use futures_util::future::join;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use kafka_protocol::protocol::{StrBytes, VersionRange};

use super::chunks::{Cut, by_chunk};
use super::failures::{Miss, failures};
use super::{Client, Leader, MetadataScope, Node, Outcomes, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{Isolation, Offset, PartitionId, PartitionOffsets, TopicName, TopicPartition};
use crate::kafka::partial::{Failure, Partial};

/// What is asked of each partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The log start offset.
    Earliest,
    /// The high watermark, or the last stable offset with [`Isolation::ReadCommitted`].
    Latest,
    /// The first offset whose timestamp is at or after this one, in milliseconds since 1970. None is found when every
    /// record is older or the hit lies beyond the end that the isolation lets us see.
    Timestamp(i64),
}

/// Every partition that was asked for, with its offset or why there is none. `Ok(None)` means that no record is at or
/// after the time asked for. Errors are boxed: they are few, and the rest may be hundreds of thousands.
pub type OffsetAnswers = HashMap<TopicPartition, Result<Option<Offset>, Box<Error>>>;

/// Isolation needs v2 (Kafka 2.1 has v4). v11's only news is a tiered-storage query that is not asked.
const VERSIONS: VersionRange = VersionRange { min: 2, max: 10 };
/// Start and end stand in memory on the broker; a time is looked up in index files.
const CHUNK: usize = 2000;
const CHUNK_BY_TIME: usize = 200;
/// How long the broker may take for a time that lies in tiered storage (v10 and later).
const BROKER_TIMEOUT_MS: i32 = 10_000;

impl OffsetSpec {
    fn code(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            // Smaller values are questions of their own.
            Self::Timestamp(ms) => ms.max(0),
        }
    }

    fn chunk(self) -> usize {
        match self {
            Self::Timestamp(_) => CHUNK_BY_TIME,
            Self::Earliest | Self::Latest => CHUNK,
        }
    }
}

impl Client {
    /// Asks the leaders of `wanted` for offsets. Partitions whose leader moved are asked for again at their new one;
    /// what cannot be learned is unknown for that partition alone.
    pub async fn list_offsets(
        &self,
        spec: OffsetSpec,
        isolation: Isolation,
        wanted: impl IntoIterator<Item = TopicPartition>,
    ) -> OffsetAnswers {
        let mut wanted: Vec<_> = wanted.into_iter().collect();
        // Each once, and a topic's partitions together.
        wanted.sort_unstable();
        wanted.dedup();
        let ask = |leader, partitions: Vec<TopicPartition>| async move {
            // One at a time: brokers serve a connection one request at a time anyway.
            let cut = Cut {
                size: spec.chunk(),
                depth: 1,
            };
            let outcomes = by_chunk(leader, &partitions, cut, |chunk| async move {
                let build = |_| request(spec, isolation, chunk);
                let answer = self.call(Node::Broker(leader), Purpose::Bulk, VERSIONS, build).await?;
                Ok(read(&answer.response))
            });
            Ok(outcomes.await)
        };
        let outcomes = self.by_leader(wanted, |item| (&item.topic, item.partition), ask).await;
        let boxed = |(partition, outcome): (_, Result<_, _>)| (partition, outcome.map_err(Box::new));
        outcomes.into_iter().map(boxed).collect()
    }

    /// Log start and end of every partition of `topics`. Where only one of the two could be read, the other is `None`.
    pub async fn topic_offsets(
        &self,
        topics: Vec<TopicName>,
    ) -> Result<Partial<HashMap<TopicName, Vec<PartitionOffsets>>>, Error> {
        let mut failures = Vec::new();
        let unseen = topics
            .iter()
            .filter(|topic| self.shared.routes.partition_count(topic).is_none());
        let unseen: Vec<_> = unseen.cloned().collect();
        if !unseen.is_empty() {
            let seen = self.metadata(MetadataScope::Named(unseen)).await?;
            seen.drain_into(&mut failures);
        }
        let wanted: Vec<_> = topics.iter().flat_map(|topic| self.partitions_of(topic)).collect();
        let ask = |spec| self.list_offsets(spec, Isolation::ReadUncommitted, wanted.clone());
        // Both at once: over a slow line the second would double the wait.
        let (starts, ends) = join(ask(OffsetSpec::Earliest), ask(OffsetSpec::Latest)).await;
        failures.extend(self.offset_failures(
            "start offsets",
            starts.iter().filter(|(item, _)| matches!(ends.get(*item), Some(Ok(_)))),
        ));
        failures.extend(self.offset_failures("offsets", ends.iter()));
        let mut found: HashMap<TopicName, Vec<PartitionOffsets>> = HashMap::with_capacity(topics.len());
        for item in wanted {
            let offsets = PartitionOffsets {
                partition: item.partition,
                log_start: known(&starts, &item),
                end: known(&ends, &item),
            };
            found.entry(item.topic).or_default().push(offsets);
        }
        Ok(Partial::new(found, failures))
    }

    /// Where the logs of topics begin, of those that were seen. A partition that is not told is among the failures.
    pub async fn log_starts(&self, topics: &[TopicName]) -> Partial<HashMap<TopicPartition, Offset>> {
        let wanted = topics.iter().flat_map(|topic| self.partitions_of(topic));
        let starts = self.list_offsets(OffsetSpec::Earliest, Isolation::ReadUncommitted, wanted);
        let starts = starts.await;
        let failures = self.offset_failures("start offsets", starts.iter());
        let told = starts
            .into_iter()
            .filter_map(|(item, start)| Some((item, start.ok()??)));
        Partial::new(told.collect(), failures)
    }

    /// The partitions of a topic, as many as were last seen.
    pub(super) fn partitions_of(&self, topic: &TopicName) -> impl Iterator<Item = TopicPartition> {
        let count = self.shared.routes.partition_count(topic).unwrap_or(0);
        let topic = topic.clone();
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        (0..count).map(move |partition| TopicPartition {
            topic: topic.clone(),
            partition: PartitionId(partition),
        })
    }

    /// What is missing from `answers`, by leader and error.
    pub(super) fn offset_failures<'a>(
        &self,
        what: &str,
        answers: impl IntoIterator<Item = (&'a TopicPartition, &'a Result<Option<Offset>, Box<Error>>)>,
    ) -> Vec<Failure> {
        let misses = answers.into_iter().filter_map(|(item, answer)| {
            let error = answer.as_ref().err()?;
            let node = match self.leader_of(&item.topic, item.partition) {
                Leader::Known(broker, _) => Some(broker),
                Leader::None | Leader::NoPartition | Leader::NoTopic => None,
            };
            Some(Miss { item, node, error })
        });
        failures(what, misses)
    }
}

fn known(answers: &OffsetAnswers, item: &TopicPartition) -> Option<Offset> {
    answers.get(item)?.as_ref().ok().copied().flatten()
}

/// `partitions` are sorted, so a topic's stand together.
fn request(spec: OffsetSpec, isolation: Isolation, partitions: &[TopicPartition]) -> ListOffsetsRequest {
    let topics = partitions.chunk_by(|one, next| one.topic == next.topic).map(|same| {
        let partitions = same.iter().map(|partition| {
            ListOffsetsPartition::default()
                .with_partition_index(partition.partition.0)
                .with_current_leader_epoch(-1)
                .with_timestamp(spec.code())
        });
        let name = same.first().map_or("", |partition| partition.topic.as_str());
        ListOffsetsTopic::default()
            .with_name(StrBytes::from_string(name.to_owned()).into())
            .with_partitions(partitions.collect())
    });
    ListOffsetsRequest::default()
        // A consumer. The default, 0, would be the follower with that id, which sees past the high watermark.
        .with_replica_id((-1).into())
        .with_isolation_level(match isolation {
            Isolation::ReadUncommitted => 0,
            Isolation::ReadCommitted => 1,
        })
        .with_topics(topics.collect())
        .with_timeout_ms(BROKER_TIMEOUT_MS)
}

fn read(response: &ListOffsetsResponse) -> Outcomes<TopicPartition, Option<Offset>> {
    let topics = response.topics.iter().map(|topic| {
        let name = TopicName::from(&**topic.name);
        topic.partitions.iter().map(move |row| {
            let partition = TopicPartition {
                topic: name.clone(),
                partition: PartitionId(row.partition_index),
            };
            let checked = Error::check(row.error_code, None, || partition.to_string());
            let offset = (row.offset >= 0).then_some(Offset(row.offset));
            (partition, checked.map(|()| offset))
        })
    });
    topics.flatten().collect()
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};

    use super::*;

    #[test]
    fn a_request_is_a_consumers_and_names_each_topic_once() {
        let wanted = [
            TopicPartition::new("a", 0),
            TopicPartition::new("a", 7),
            TopicPartition::new("b", 0),
        ];
        let request = request(OffsetSpec::Timestamp(-5), Isolation::ReadCommitted, &wanted);
        assert_eq!(request.replica_id.0, -1, "0 would be the follower with that id");
        assert_eq!(request.isolation_level, 1);
        let shape: Vec<_> = request
            .topics
            .iter()
            .map(|topic| (topic.name.as_str(), topic.partitions.len()))
            .collect();
        assert_eq!(shape, [("a", 2), ("b", 1)]);
        let asked = &request.topics[0].partitions[1];
        assert_eq!((asked.partition_index, asked.current_leader_epoch), (7, -1));
        assert_eq!(
            asked.timestamp, 0,
            "a time before 1970 must not become one of the special values"
        );
    }

    #[test]
    fn start_and_end_are_asked_with_kafkas_special_timestamps() {
        assert_eq!((OffsetSpec::Latest.code(), OffsetSpec::Earliest.code()), (-1, -2));
        assert!(OffsetSpec::Timestamp(0).chunk() < OffsetSpec::Latest.chunk());
    }

    #[test]
    fn an_answer_is_an_offset_none_or_an_error_that_names_the_partition() {
        let row = |partition, code, offset| {
            ListOffsetsPartitionResponse::default()
                .with_partition_index(partition)
                .with_error_code(code)
                .with_offset(offset)
        };
        let topic = ListOffsetsTopicResponse::default()
            .with_name(StrBytes::from_static_str("t").into())
            .with_partitions(vec![row(0, 0, 5), row(1, 0, -1), row(2, 6, -1)]);
        let outcomes = read(&ListOffsetsResponse::default().with_topics(vec![topic]));
        let results: Vec<_> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
        assert_eq!(results[..2], [Ok(Some(Offset(5))), Ok(None)]);
        assert_eq!(
            results[2].as_ref().unwrap_err().to_string(),
            "t-2: NOT_LEADER_OR_FOLLOWER"
        );
    }
}
