//! DescribeProducers: what a leader remembers of a producer. Reading only; needs READ on the topic.

use kafka_protocol::messages::DescribeProducersRequest;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::protocol::{StrBytes, VersionRange};

use super::{Client, Node, ProducerId, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{PartitionId, TopicName, TopicPartition};

const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };

impl Client {
    /// The number of the last record that the leader of a partition has stored of `producer`; `None` where it does not
    /// know it (any more).
    ///
    /// # Errors
    /// When the leader cannot be asked, or is older than Kafka 2.8.
    pub async fn last_sequence(
        &self,
        topic: &TopicName,
        partition: PartitionId,
        producer: ProducerId,
    ) -> Result<Option<i32>, Error> {
        let leader = self.leader(topic, partition)?;
        let build = |_| {
            let topic = TopicRequest::default()
                .with_name(StrBytes::from_string(topic.as_str().to_owned()).into())
                .with_partition_indexes(vec![partition.0]);
            DescribeProducersRequest::default().with_topics(vec![topic])
        };
        let answer = self
            .call::<DescribeProducersRequest, _>(Node::Broker(leader), Purpose::Bulk, VERSIONS, build)
            .await?;
        let name = || {
            let (topic, partition) = (topic.clone(), partition);
            TopicPartition { topic, partition }.to_string()
        };
        let mut partitions = answer.response.topics.iter().flat_map(|topic| &topic.partitions);
        let found = partitions.find(|one| one.partition_index == partition.0);
        let found = found.ok_or_else(|| Error::Missing {
            what: name(),
            addr: format!("broker {leader}"),
        })?;
        Error::check(found.error_code, found.error_message.as_deref(), || {
            format!("the producers of {}", name())
        })?;
        let ours = |id: i64, epoch: i32| (id, epoch) == (producer.id, i32::from(producer.epoch));
        let state = found
            .active_producers
            .iter()
            .find(|one| ours(one.producer_id.0, one.producer_epoch));
        Ok(state.map(|state| state.last_sequence).filter(|last| *last >= 0))
    }
}
