//! InitProducerId and Produce: record batches to one leader, idempotent, acknowledged by all in-sync replicas.
//!
//! One batch per partition and request. Nothing is sent twice here: who sends again must know what that means
//! (`kafka::send`).

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{InitProducerIdRequest, ProduceRequest, ProduceResponse};
use kafka_protocol::protocol::{StrBytes, VersionRange};

use tokio::time::{Instant, sleep};

use super::{Client, Node, Purpose, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, Offset, PartitionId, TopicName, TopicPartition};

/// v3 brings record batches; from v13 on topics are named by id, which not every cluster has.
const VERSIONS: VersionRange = VersionRange { min: 3, max: 12 };
/// v3 and later can raise the epoch of an id, which is not asked for.
const INIT: VersionRange = VersionRange { min: 0, max: 4 };
const ALL_IN_SYNC: i16 = -1;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The id under which a producer numbers its batches (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerId {
    /// `producer.id`.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
}

/// A leader has a batch, and every in-sync replica too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first record; `None` when the leader had it already and does not say where.
    pub base_offset: Option<Offset>,
}

/// A leader refused a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Why.
    pub error: Error,
    /// Which records of the batch are to blame, by their place in it, where the leader says so.
    pub records: Vec<(i32, String)>,
}

/// What came of each partition's batch.
pub type ProduceOutcomes = Vec<(PartitionId, Result<Appended, Refused>)>;

impl Client {
    /// A new id for an idempotent producer. A broker that has none at hand is asked again, for as long as `patience`.
    ///
    /// # Errors
    /// When the session is locked, or no broker gives one.
    pub async fn new_producer(&self, intent: &WriteIntent, patience: Duration) -> Result<ProducerId, Error> {
        let end = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            // An id that nobody uses is no harm: asking twice is safe.
            match self.one_new_producer(intent).await {
                Err(error) if error.is_retriable() && Instant::now() + pause < end => sleep(pause).await,
                outcome => return outcome,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn one_new_producer(&self, intent: &WriteIntent) -> Result<ProducerId, Error> {
        self.admits(intent)?;
        let build = |_| {
            InitProducerIdRequest::default()
                .with_transactional_id(None)
                // For transactions only.
                .with_transaction_timeout_ms(i32::MAX)
                .with_producer_id((-1).into())
                .with_producer_epoch(-1)
        };
        let answer = self
            .call::<InitProducerIdRequest, _>(Node::Any, Purpose::Produce, INIT, build)
            .await?;
        Error::check(answer.response.error_code, None, || {
            "an id for the producer (InitProducerId)".to_owned()
        })?;
        Ok(ProducerId {
            id: answer.response.producer_id.0,
            epoch: answer.response.producer_epoch,
        })
    }

    /// Sends one batch to each of some partitions that `leader` leads, in one request.
    ///
    /// # Errors
    /// When the session is locked, or the request as a whole failed; after a broken connection or a deadline nobody
    /// knows whether the batches were stored. What a leader says about one partition stands in its place.
    pub async fn produce(
        &self,
        intent: &WriteIntent,
        leader: BrokerId,
        topic: &TopicName,
        batches: &[(PartitionId, Bytes)],
    ) -> Result<ProduceOutcomes, Error> {
        self.admits(intent)?;
        let timeout = i32::try_from(self.settings().request_timeout.as_millis()).unwrap_or(i32::MAX);
        let build = |_| {
            let data = batches.iter().map(|(partition, bytes)| {
                PartitionProduceData::default()
                    .with_index(partition.0)
                    .with_records(Some(bytes.clone()))
            });
            let topic = TopicProduceData::default()
                .with_name(StrBytes::from_string(topic.as_str().to_owned()).into())
                .with_partition_data(data.collect());
            ProduceRequest::default()
                .with_acks(ALL_IN_SYNC)
                .with_timeout_ms(timeout)
                .with_topic_data(vec![topic])
        };
        let answer = self
            .call::<ProduceRequest, _>(Node::Broker(leader), Purpose::Produce, VERSIONS, build)
            .await?;
        Ok(read(&answer.response, leader, topic, batches))
    }
}

fn read(
    response: &ProduceResponse,
    leader: BrokerId,
    topic: &TopicName,
    batches: &[(PartitionId, Bytes)],
) -> ProduceOutcomes {
    let topics = response.responses.iter().filter(|one| *one.name.0 == *topic.as_str());
    let answered: Vec<_> = topics.flat_map(|one| &one.partition_responses).collect();
    let outcomes = batches.iter().map(|(partition, _)| {
        let name = TopicPartition {
            topic: topic.clone(),
            partition: *partition,
        };
        let outcome = match answered.iter().find(|answer| answer.index == partition.0) {
            Some(answer) => appended(answer, &name),
            None => Err(Refused {
                error: Error::Missing {
                    what: name.to_string(),
                    addr: format!("broker {leader}"),
                },
                records: Vec::new(),
            }),
        };
        (*partition, outcome)
    });
    outcomes.collect()
}

fn appended(answer: &PartitionProduceResponse, name: &TopicPartition) -> Result<Appended, Refused> {
    let message = answer.error_message.as_ref().map(StrBytes::as_str);
    match Error::check(answer.error_code, message, || name.to_string()) {
        Ok(()) => Ok(Appended {
            base_offset: (answer.base_offset >= 0).then_some(Offset(answer.base_offset)),
        }),
        Err(error) => {
            let records = answer.record_errors.iter().map(|record| {
                let why = record.batch_index_error_message.as_ref();
                (record.batch_index, why.map(ToString::to_string).unwrap_or_default())
            });
            Err(Refused {
                error,
                records: records.collect(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::produce_response::{BatchIndexAndErrorMessage, TopicProduceResponse};

    use super::*;

    #[test]
    fn every_batch_has_an_outcome_also_one_left_out() {
        let blamed = BatchIndexAndErrorMessage::default()
            .with_batch_index(4)
            .with_batch_index_error_message(Some(StrBytes::from_static_str("no key")));
        let partitions = vec![
            PartitionProduceResponse::default().with_index(0).with_base_offset(70),
            PartitionProduceResponse::default().with_index(1).with_base_offset(-1),
            PartitionProduceResponse::default()
                .with_index(2)
                .with_error_code(87)
                .with_record_errors(vec![blamed]),
        ];
        let topic = TopicProduceResponse::default()
            .with_name(StrBytes::from_static_str("orders").into())
            .with_partition_responses(partitions);
        let response = ProduceResponse::default().with_responses(vec![topic]);
        let batches = [0, 1, 2, 3].map(|id| (PartitionId(id), Bytes::new()));
        let outcomes = read(&response, BrokerId(1), &"orders".into(), &batches);
        let at = |at: usize| outcomes[at].1.clone();
        assert_eq!(at(0).unwrap().base_offset, Some(Offset(70)));
        assert_eq!(at(1).unwrap().base_offset, None);
        let refused = at(2).unwrap_err();
        assert_eq!(
            (refused.error.code(), refused.records),
            (Some(87), vec![(4, "no key".to_owned())])
        );
        assert!(matches!(at(3).unwrap_err().error, Error::Missing { what, .. } if what == "orders-3"));
    }
}
