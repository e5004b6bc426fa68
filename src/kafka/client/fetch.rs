//! Fetch: record bytes of one leader's partitions, handed over as whole batches in shared slices of the answer.
//!
//! Sessionless (KIP-227's sessions live in a small cache of the broker), by topic name (v4 to v12), from the leader
//! only. Nothing is parsed or copied here: what a reader does with the bytes is its own business (`kafka::records`).

use std::time::Duration;

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::{FetchRequest, FetchResponse};
use kafka_protocol::protocol::{StrBytes, VersionRange};

use super::{Client, Isolation, Leader, Node, Outcomes, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, Offset, PartitionId, TopicName, TopicPartition};
use crate::kafka::records::{AbortedTransaction, FetchedRange};

/// v4 brings isolation; from v13 on topics are named by id, which not every cluster has.
const VERSIONS: VersionRange = VersionRange { min: 4, max: 12 };
const SESSIONLESS: i32 = -1;

/// How to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchSpec {
    /// Over which connection: a request that waits on the broker holds up all others behind it.
    pub purpose: Purpose,
    /// Up to where: with [`Isolation::ReadCommitted`] to the last stable offset and with the list of aborted
    /// transactions, else to the high watermark.
    pub isolation: Isolation,
    /// How long the broker may wait for a first byte when there is none yet.
    pub max_wait: Duration,
    /// Bytes after which the broker stops filling the answer. The first batch of the first partition that has one
    /// comes whole however large it is (KIP-74).
    pub max_bytes: i32,
}

/// From where to read one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchPosition {
    /// The partition.
    pub partition: PartitionId,
    /// The first offset wanted.
    pub offset: Offset,
    /// Bytes of this partition after which the broker goes on to the next.
    pub max_bytes: i32,
}

/// What a leader says about one partition, with its records.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// First offset in the log; `None` from brokers that do not say (before v5).
    pub log_start: Option<Offset>,
    /// The high watermark.
    pub high_watermark: Offset,
    /// Where the first open transaction begins; the high watermark when there is none.
    pub last_stable: Offset,
    /// The bytes and what is needed to walk over them.
    pub range: FetchedRange,
}

impl Client {
    /// The broker to fetch a partition from, as far as known.
    ///
    /// # Errors
    /// When the partition has no leader, or the topic or the partition has not been seen.
    pub fn leader(&self, topic: &TopicName, partition: PartitionId) -> Result<BrokerId, Error> {
        let topic = topic.clone();
        match self.leader_of(&topic, partition) {
            Leader::Known(broker, _) => Ok(broker),
            Leader::None => Err(Error::NoLeader { topic, partition }),
            Leader::NoPartition => Err(Error::UnknownPartition { topic, partition }),
            Leader::NoTopic => Err(Error::UnknownTopic { topic }),
        }
    }

    /// Asks `leader` for records of `topic` from these positions, in this order: partitions further back may get
    /// nothing when `max_bytes` is used up. Answers for each position: where the request as a whole failed, its error.
    pub async fn fetch(
        &self,
        leader: BrokerId,
        topic: &TopicName,
        positions: &[FetchPosition],
        spec: FetchSpec,
    ) -> Outcomes<PartitionId, Fetched> {
        let wanted: Vec<_> = positions.iter().map(|position| (topic.clone(), *position)).collect();
        let outcomes = self.fetch_topics(leader, &wanted, spec).await;
        let of_partition = |(name, outcome): (TopicPartition, _)| (name.partition, outcome);
        outcomes.into_iter().map(of_partition).collect()
    }

    /// Like [`Client::fetch`] for positions in several topics. Those of one topic stand together: the first of a topic
    /// says where it comes.
    pub async fn fetch_topics(
        &self,
        leader: BrokerId,
        wanted: &[(TopicName, FetchPosition)],
        spec: FetchSpec,
    ) -> Outcomes<TopicPartition, Fetched> {
        let wanted = by_topic(wanted);
        // Followers answer consumers too (KIP-392); the epoch makes a broker that leads no more say so (KIP-320).
        let epoch_of = |topic: &TopicName, partition| self.epoch_of(topic, partition);
        let build = |_| request(&wanted, epoch_of, spec);
        let answer = self
            .call::<FetchRequest, _>(Node::Broker(leader), spec.purpose, VERSIONS, build)
            .await;
        answer
            .and_then(|answer| read(answer.response, leader, &wanted, spec.isolation))
            .unwrap_or_else(|error| all_failed(&wanted, &error))
    }

    /// The epoch of a partition's leader as last seen, or -1.
    fn epoch_of(&self, topic: &TopicName, partition: PartitionId) -> i32 {
        match self.leader_of(topic, partition) {
            Leader::Known(_, Some(epoch)) => epoch.0,
            _ => -1,
        }
    }
}

/// The positions of each topic, the topics in the order in which they come first.
type Wanted = Vec<(TopicName, Vec<FetchPosition>)>;

fn by_topic(wanted: &[(TopicName, FetchPosition)]) -> Wanted {
    let mut topics: Wanted = Vec::new();
    for (topic, position) in wanted {
        match topics.iter_mut().find(|(known, _)| known == topic) {
            Some((_, positions)) => positions.push(*position),
            None => topics.push((topic.clone(), vec![*position])),
        }
    }
    topics
}

fn request(wanted: &Wanted, epoch_of: impl Fn(&TopicName, PartitionId) -> i32, spec: FetchSpec) -> FetchRequest {
    let topics = wanted.iter().map(|(topic, positions)| {
        let partitions = positions.iter().map(|position| {
            FetchPartition::default()
                .with_partition(position.partition.0)
                .with_current_leader_epoch(epoch_of(topic, position.partition))
                .with_fetch_offset(position.offset.0)
                .with_log_start_offset(-1)
                .with_partition_max_bytes(position.max_bytes)
        });
        FetchTopic::default()
            .with_topic(StrBytes::from_string(topic.as_str().to_owned()).into())
            .with_partitions(partitions.collect())
    });
    FetchRequest::default()
        // A consumer, not a follower.
        .with_replica_id((-1).into())
        .with_max_wait_ms(i32::try_from(spec.max_wait.as_millis()).unwrap_or(i32::MAX))
        .with_min_bytes(1)
        .with_max_bytes(spec.max_bytes)
        .with_isolation_level(match spec.isolation {
            Isolation::ReadUncommitted => 0,
            Isolation::ReadCommitted => 1,
        })
        .with_session_epoch(SESSIONLESS)
        .with_topics(topics.collect())
}

fn read(
    response: FetchResponse,
    leader: BrokerId,
    wanted: &Wanted,
    isolation: Isolation,
) -> Result<Outcomes<TopicPartition, Fetched>, Error> {
    if let Some(error) = Error::from_code(response.error_code, what(wanted), None) {
        return Err(error);
    }
    let mut answered = response.responses;
    let mut outcomes = Vec::new();
    for (topic, positions) in wanted {
        let mut partitions: Vec<PartitionData> = answered
            .iter_mut()
            .filter(|one| *one.topic.0 == *topic.as_str())
            .flat_map(|one| std::mem::take(&mut one.partitions))
            .collect();
        outcomes.extend(positions.iter().map(|position| {
            let name = TopicPartition {
                topic: topic.clone(),
                partition: position.partition,
            };
            let found = partitions
                .iter()
                .position(|data| data.partition_index == position.partition.0);
            let outcome = match found.map(|index| partitions.swap_remove(index)) {
                None => Err(Error::Missing {
                    what: name.to_string(),
                    addr: format!("broker {leader}"),
                }),
                Some(data) => Error::check(data.error_code, None, || name.to_string())
                    .map(|()| fetched(data, position.offset, isolation)),
            };
            (name, outcome)
        }));
    }
    Ok(outcomes)
}

fn all_failed(wanted: &Wanted, error: &Error) -> Outcomes<TopicPartition, Fetched> {
    let failed = |topic: &TopicName, position: &FetchPosition| {
        let name = TopicPartition {
            topic: topic.clone(),
            partition: position.partition,
        };
        (name, Err(error.clone()))
    };
    let each = wanted.iter();
    each.flat_map(|(topic, positions)| positions.iter().map(move |position| failed(topic, position)))
        .collect()
}

/// What was asked for, in words.
fn what(wanted: &Wanted) -> String {
    match wanted.as_slice() {
        [(topic, _)] => format!("Fetch of {topic}"),
        topics => format!("Fetch of {} topics", topics.len()),
    }
}

fn fetched(data: PartitionData, offset: Offset, isolation: Isolation) -> Fetched {
    let aborted = data
        .aborted_transactions
        .unwrap_or_default()
        .into_iter()
        .map(|one| AbortedTransaction {
            first_offset: one.first_offset,
            producer_id: one.producer_id.0,
        });
    Fetched {
        log_start: (data.log_start_offset >= 0).then_some(Offset(data.log_start_offset)),
        high_watermark: Offset(data.high_watermark),
        last_stable: Offset(data.last_stable_offset),
        range: FetchedRange {
            bytes: data.records.unwrap_or_default(),
            fetch_offset: offset.0,
            high_watermark: data.high_watermark,
            open_from: match isolation {
                Isolation::ReadUncommitted => data.last_stable_offset,
                Isolation::ReadCommitted => i64::MAX,
            },
            aborted: aborted.collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::fetch_response::{AbortedTransaction as WireAborted, FetchableTopicResponse};

    use super::*;

    fn position(partition: i32) -> FetchPosition {
        FetchPosition {
            partition: PartitionId(partition),
            offset: Offset(7),
            max_bytes: 1000,
        }
    }

    fn response(partitions: Vec<PartitionData>) -> FetchResponse {
        let topic = FetchableTopicResponse::default()
            .with_topic(StrBytes::from_static_str("orders").into())
            .with_partitions(partitions);
        FetchResponse::default().with_responses(vec![topic])
    }

    fn answers(response: FetchResponse, isolation: Isolation) -> Outcomes<PartitionId, Fetched> {
        let positions = [position(0), position(1)];
        let outcomes = read(response, BrokerId(3), &wanted(&positions), isolation).unwrap();
        outcomes
            .into_iter()
            .map(|(name, outcome)| (name.partition, outcome))
            .collect()
    }

    fn wanted(positions: &[FetchPosition]) -> Wanted {
        vec![("orders".into(), positions.to_vec())]
    }

    #[test]
    fn a_request_is_sessionless_and_that_of_a_consumer() {
        let spec = FetchSpec {
            purpose: Purpose::Fetch,
            isolation: Isolation::ReadCommitted,
            max_wait: Duration::from_millis(500),
            max_bytes: 9,
        };
        let request = request(&wanted(&[position(1)]), |_, _| 5, spec);
        assert_eq!(
            (request.replica_id.0, request.session_id, request.session_epoch),
            (-1, 0, -1)
        );
        assert_eq!(
            (request.isolation_level, request.max_wait_ms, request.min_bytes),
            (1, 500, 1)
        );
        let partition = &request.topics[0].partitions[0];
        assert_eq!((partition.fetch_offset, partition.current_leader_epoch), (7, 5));
        for version in VERSIONS.min..=VERSIONS.max {
            use kafka_protocol::protocol::Encodable as _;
            request.encode(&mut bytes::BytesMut::new(), version).unwrap();
        }
    }

    #[test]
    fn every_position_gets_an_answer_also_those_left_out() {
        let answers = answers(
            response(vec![PartitionData::default().with_partition_index(1)]),
            Isolation::ReadCommitted,
        );
        assert!(matches!(&answers[0], (PartitionId(0), Err(Error::Missing { what, .. })) if what == "orders-0"));
        assert!(matches!(&answers[1], (PartitionId(1), Ok(_))));
    }

    #[test]
    fn a_partitions_error_stays_with_it() {
        let failed = PartitionData::default().with_partition_index(0).with_error_code(1);
        let fine = PartitionData::default()
            .with_partition_index(1)
            .with_high_watermark(9)
            .with_last_stable_offset(8);
        let answers = answers(response(vec![failed, fine]), Isolation::ReadUncommitted);
        assert_eq!(answers[0].1.as_ref().unwrap_err().code(), Some(1));
        let fetched = answers[1].1.as_ref().unwrap();
        assert_eq!((fetched.high_watermark, fetched.range.open_from), (Offset(9), 8));
    }

    #[test]
    fn the_aborted_transactions_go_with_the_range() {
        let aborted = WireAborted::default().with_producer_id(5.into()).with_first_offset(3);
        let data = PartitionData::default()
            .with_partition_index(0)
            .with_aborted_transactions(Some(vec![aborted]));
        let answers = answers(response(vec![data]), Isolation::ReadCommitted);
        let range = &answers[0].1.as_ref().unwrap().range;
        assert_eq!(
            range.aborted,
            [AbortedTransaction {
                first_offset: 3,
                producer_id: 5
            }]
        );
        assert_eq!(range.open_from, i64::MAX);
    }

    #[test]
    fn positions_of_one_topic_stand_together_and_each_gets_its_own_answer() {
        let names =
            [("b", 0), ("a", 1), ("b", 2)].map(|(topic, partition)| (TopicName::from(topic), position(partition)));
        let wanted = by_topic(&names);
        let spec = FetchSpec {
            purpose: Purpose::Bulk,
            isolation: Isolation::ReadCommitted,
            max_wait: Duration::ZERO,
            max_bytes: 9,
        };
        let request = request(&wanted, |_, _| -1, spec);
        let sent: Vec<_> = request
            .topics
            .iter()
            .map(|topic| (topic.topic.as_str(), topic.partitions.len()))
            .collect();
        assert_eq!(sent, [("b", 2), ("a", 1)]);

        let of_a = FetchableTopicResponse::default()
            .with_topic(StrBytes::from_static_str("a").into())
            .with_partitions(vec![
                PartitionData::default().with_partition_index(1).with_high_watermark(5),
            ]);
        let response = FetchResponse::default().with_responses(vec![of_a]);
        let outcomes = read(response, BrokerId(3), &wanted, Isolation::ReadCommitted).unwrap();
        let found: Vec<_> = outcomes
            .iter()
            .map(|(name, outcome)| (name.to_string(), outcome.is_ok()))
            .collect();
        assert_eq!(
            found,
            [("b-0".into(), false), ("b-2".into(), false), ("a-1".into(), true)]
        );
    }

    #[test]
    fn an_error_of_the_whole_answer_is_one() {
        let response = FetchResponse::default().with_error_code(70);
        assert!(read(response, BrokerId(3), &wanted(&[position(0)]), Isolation::ReadCommitted).is_err());
    }
}
