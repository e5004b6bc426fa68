//! ListPartitionReassignments (KIP-455): what is being moved.

use std::collections::HashMap;

use kafka_protocol::messages::ListPartitionReassignmentsRequest;
use kafka_protocol::messages::list_partition_reassignments_response::OngoingTopicReassignment;
use kafka_protocol::protocol::VersionRange;

use super::{Client, Node, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{Added, BrokerId, PartitionId, Reassignments, TopicName};

const VERSIONS: VersionRange = VersionRange { min: 0, max: 0 };
/// What the broker gives the controller.
const TIMEOUT_MS: i32 = 5_000;

impl Client {
    /// Replicas that running reassignments add. Brokers before Kafka 2.4 cannot tell: what they add
    /// counts as missing.
    pub async fn reassignments(&self) -> Result<Reassignments, Error> {
        let build = |_| {
            ListPartitionReassignmentsRequest::default()
                .with_timeout_ms(TIMEOUT_MS)
                .with_topics(None)
        };
        let called = self
            .call::<ListPartitionReassignmentsRequest, _>(Node::Controller, Purpose::Forwarded, VERSIONS, build)
            .await;
        let response = match called {
            Err(Error::Unsupported { .. }) => return Ok(Reassignments::default()),
            called => called?.response,
        };
        Error::check(response.error_code, response.error_message.as_deref(), || {
            "reassignments".to_owned()
        })?;
        let adding = response.topics.into_iter().map(adding);
        let adding: HashMap<_, _> = adding.filter(|(_, partitions)| !partitions.is_empty()).collect();
        Ok(Reassignments { adding })
    }
}

fn adding(topic: OngoingTopicReassignment) -> (TopicName, Vec<Added>) {
    let partitions = topic.partitions.into_iter().map(|partition| {
        let added = partition.adding_replicas.into_iter().map(|id| BrokerId(id.0));
        (PartitionId(partition.partition_index), added.collect::<Box<[_]>>())
    });
    let partitions = partitions.filter(|(_, added)| !added.is_empty()).collect();
    (TopicName::from(topic.name.as_str()), partitions)
}
